//! How endpoints say what is wrong, as tables: lower case, and found anywhere in what they say.
//!
//! The sentences are those of the endpoints' own documentation and of public bug reports.

/// The prompt is too long, by code.
pub(super) const TOO_LONG_CODES: &[&str] = &[
    "context_length_exceeded", // OpenAI, Azure, Groq, OpenRouter
    "context_window_exceeded", // LiteLLM (ContextWindowExceededError)
    "contextwindowexceeded",
    "exceed_context_size",           // llama.cpp
    "model_context_window_exceeded", // Anthropic
    "request_too_large",             // Anthropic (413)
    "string_above_max_length",       // OpenAI: one message alone
    "prompt_too_long",               // Ollama, Perplexity
    "max_prompt_tokens_exceeded",
    "prompttoolong",
    "input_too_long",
    "tokens_exceeded",
];

/// The prompt is too long, in words, whatever the status.
pub(super) const TOO_LONG: &[&str] = &[
    "maximum context", // OpenAI, Azure, vLLM, DeepSeek, OpenRouter, Together, Fireworks, Mistral
    "max context length", // Ollama
    "context length of", // LM Studio, Together
    "context length exceeded", // OpenAI-like proxies
    "greater than the context length", // LM Studio
    "longer than the model's context", // Together
    "exceeds the context", // OpenAI Responses, Ollama
    "exceed context limit", // Anthropic, Bedrock
    "exceed the context", // Azure
    "context window exceed", // MiniMax ("invalid params, context window exceeds limit")
    "context window limit", // Cloudflare ("exceeded this model context window limit")
    "available context size", // llama.cpp
    "context size has been exceeded", // llama.cpp, LM Studio
    "configured context size", // llama.cpp, DS4
    "context size exceeded",
    "model's context limit",
    "maximum context limit",
    "prompt is too long",    // Anthropic, Fireworks
    "prompt too long",       // Ollama, AI21
    "prompt length exceeds", // Groq's older servers
    "maximum prompt length", // xAI
    "prompt exceeds max",    // Zhipu (1261)
    "input is too long",     // Bedrock, Cloudflare, Databricks
    "input length exceeds",  // Bedrock's models, Volcengine
    "input length and",      // Anthropic ("input length and `max_tokens` exceed context limit")
    "maximum input length",  // SambaNova
    "maximum allowed input length",
    "range of input length",                // Qwen, DashScope
    "exceeds the maximum number of tokens", // Gemini
    "input token count",                    // Gemini
    "input tokens exceed",                  // OpenAI ("Input tokens exceed the configured limit")
    "number of input tokens",               // Yandex, Vertex
    "too many input tokens",                // Bedrock
    "too many tokens: ", // Cohere ("too many tokens: total number of tokens in the prompt cannot exceed")
    "total number of tokens in the prompt", // Cohere
    "`inputs` must have less", // TGI
    "`inputs` tokens + ", // TGI, Together
    "exceeded model token limit", // Kimi (Moonshot)
    "prompt token count of", // Copilot
    "length of prompt_tokens", // SiliconFlow
    "too large for model with", // Mistral
    "maximum model length", // vLLM
    "exceeds max_model_len", // vLLM
    "longer than the maximum model", // vLLM
    "current length is", // Cerebras ("Current length is 9000 while limit is 8192")
    "reduce the length of", // OpenAI, Groq, DeepSeek
    "reduce your prompt", // OpenAI's older models
    "reduce your message size", // Groq (413)
    "request too large", // OpenAI, Groq: more tokens at once than a minute may have
    "request entity too large",
    "tokens limit in messages", // GigaChat
    "prompt tokens too long",   // Ernie
    "上下文长度",               // Chinese endpoints: "context length …"
    "超长",                     // Zhipu
    "超过最大长度",
    "输入长度超",
];

/// The prompt is too long, in words that nobody is known to use: something that is read, how it is measured, and that it is
/// too much.
pub(super) const TOO_LONG_PARTS: [&[&str]; 3] = [
    &[
        "prompt",
        "context",
        "input token",
        "input length",
        "input is",
        "input text",
        "inputs",
        "messages",
        "conversation",
        "history",
    ],
    &["token", "length", "context", "size", "long"],
    &[
        "too long",
        "too large",
        "too many",
        "exceed",
        "longer than",
        "larger than",
        "greater than",
        "over the limit",
        "at most",
        "no more than",
    ],
];

/// But not where it is about how much may be read in a time.
pub(super) const RATES: &[&str] =
    &["per minute", "per min", "per day", "per hour", "rate limit", "rate_limit", "quota"];

/// With 429 only these are about the prompt; the others' words also stand in sentences about tokens a minute.
pub(super) const TOO_LONG_AT_ONCE: &[&str] = &["request too large", "reduce your message size"];

/// The account has nothing left, by code.
pub(super) const NO_QUOTA_CODES: &[&str] = &[
    "insufficient_quota",         // OpenAI, Azure
    "billing_hard_limit_reached", // OpenAI
    "insufficient_balance",
    "exceeded_current_quota_error", // Kimi
    "arrearage",                    // DashScope
    "insufficient_credits",
    "payment_required",
    "credits_exhausted",
];

/// The account has nothing left, in words.
pub(super) const NO_QUOTA: &[&str] = &[
    "credit balance is too low", // Anthropic (400)
    "insufficient balance",      // DeepSeek, MiniMax
    "insufficient credits",      // OpenRouter
    "insufficient account balance",
    "used all available credits",                       // xAI (403)
    "monthly spending limit",                           // xAI
    "account is in arrears",                            // DashScope
    "account is not active, please check your billing", // OpenAI
    "余额不足",                                         // Zhipu (1113)
];

/// What was asked, or would be answered, is not allowed, by code.
pub(super) const REFUSED_CODES: &[&str] = &[
    "content_filter",
    "contentfilter", // Zhipu
    "content_policy",
    "responsibleaipolicyviolation", // Azure
    "data_inspection_failed",       // Qwen, DashScope
    "datainspectionfailed",
    "prohibited_content", // Gemini
    "guardrail",          // Bedrock, LiteLLM
    "moderation_blocked",
    "content_moderation",
    "sensitive_content", // Volcengine, MiniMax
    "sensitivecontent",
    "invalid_prompt", // OpenAI: flagged before it was read
    "content_blocked",
    "safety_violation",
    "safety", // Gemini's blockReason
];

/// The same, in words.
pub(super) const REFUSED: &[&str] = &[
    "content management policy",        // Azure
    "content exists risk",              // DeepSeek
    "inappropriate content",            // Qwen, DashScope
    "considered high risk",             // Kimi
    "content violates",                 // xAI
    "flagged as potentially violating", // OpenAI
    "requires moderation",              // OpenRouter
    "input was flagged",                // OpenRouter
    "rejected by the safety",
    "blocked by our safety",
    "blocked by guardrail",
    "guardrail",
    "content policy",
    "safety policy",
    "安全审核",
    "敏感内容", // Zhipu (1301)
];

/// The key is not taken, by code.
pub(super) const KEY_CODES: &[&str] = &[
    "invalid_api_key", // OpenAI, Groq, Kimi
    "api_key_invalid", // Gemini (400)
    "invalidapikey",   // DashScope
    "auth_error",      // LiteLLM (400)
    "authentication",  // Anthropic, DeepSeek, llama.cpp (authentication_error)
    "unauthorized",
    "unauthenticated",       // Google
    "token_not_found_in_db", // LiteLLM
    "access_denied",
];

/// The same, in words.
pub(super) const KEY: &[&str] = &[
    "incorrect api key",   // OpenAI, xAI (400)
    "invalid api key",     // Groq, LiteLLM, llama.cpp
    "api key not valid",   // Gemini
    "invalid x-api-key",   // Anthropic
    "no auth credentials", // OpenRouter
    "api key is invalid",
    "invalid proxy server token", // LiteLLM
    "malformed api key",
    "authentication error",   // LiteLLM
    "authentication fail",    // DeepSeek ("Authentication Fails")
    "invalid authentication", // Kimi
    "api key has expired",
];

/// The model is not known, by code.
pub(super) const MODEL_CODES: &[&str] = &[
    "model_not_found",
    "modelnotfound",
    "invalid_model",
    "model_not_supported",
    "unknown_model",
    "deploymentnotfound", // Azure
    "model_not_available",
];

/// The same, in words.
pub(super) const MODEL: &[&str] = &[
    "not a valid model", // OpenRouter
    "model not found",
    "model does not exist",
    "no such model",
    "unknown model",
    "invalid model",          // Mistral, LiteLLM
    "model not exist",        // DeepSeek
    "not a chat model",       // OpenAI
    "no endpoints found for", // OpenRouter
    "model is not supported",
    "model not supported",
    "model not loaded",
];

/// A template wants questions and answers in turns, and takes no instructions before them.
pub(super) const NO_SYSTEM: &[&str] = &[
    "system role not supported", // Gemma
    "system role is not supported",
    "system message is not supported",
    "system messages are not supported",
    "does not support 'system'", // OpenAI's o1-mini
    "does not support system",
    "developer instruction is not enabled", // Gemma at Google
    "only user and assistant roles",        // Mistral's older templates
    "roles must alternate",                 // Mistral, Gemma behind vLLM and llama.cpp
    "must alternate between",
];

/// The endpoint does not take a field at all, whatever its value.
pub(super) const UNSUPPORTED: &[&str] = &[
    "unsupported",
    "not supported",
    "does not support",
    "doesn't support",
    "unrecognized",
    "unknown",
    "unexpected",
    "not permitted",
    "extra_forbidden",
    "extra inputs",
    "not allowed",
    "deprecated",
    "no longer",
    "additional properties",
    "cannot be used",
];

//! Stand-ins for what surrounds systech-aidd: Telegram, a language model, a throwaway PostgreSQL.

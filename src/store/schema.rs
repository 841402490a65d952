// @generated automatically by Diesel CLI.

diesel::table! {
    /// What owners are told without asking: when they were told last, and what they want to hear no more of.
    alerts (bot_id, kind) {
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// 80 or 100 percent of a budget, a model that fails, questions that wait, a failed backup, migrations that were applied, or a disk of the database that is full or nearly so.
        kind -> Text,
        /// When it happened and owners were not told of it yet; NULL for what is looked up (all but backup and migrated).
        raised_at -> Nullable<Timestamptz>,
        /// When the owners were told last; NULL = never.
        told_at -> Nullable<Timestamptz>,
        /// Whether owners want to hear no more of it.
        muted -> Bool,
    }
}

diesel::table! {
    /// Who gets which announcement, and how far that is.
    announcement_recipients (announcement_id, user_id) {
        /// The announcement.
        announcement_id -> Int8,
        /// Telegram id of the person.
        user_id -> Int8,
        /// waiting, released (in the outbox), sent, failed (Telegram refused it for good), or left_out (blocked or unsubscribed meanwhile).
        state -> Text,
    }
}

diesel::table! {
    /// What owners tell everybody.
    announcements (id) {
        /// Unique number of the announcement; its messages in reply_parts have it, negative, as their update_seq.
        id -> Int8,
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// Telegram id of the owner who made it.
        owner -> Int8,
        /// Its messages (JSON, as in reply_parts).
        payload -> Text,
        /// It goes to those who asked something within so many days.
        days -> Int4,
        /// draft (shown to its owner), running, stopped, or done.
        state -> Text,
        /// Telegram id of the message that shows its owner how far it is; NULL for a draft.
        message_id -> Nullable<Int8>,
        /// When it was made.
        made_at -> Timestamptz,
        /// When it was over; NULL until then.
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Files that came with questions: what Telegram told of each, and what is in it.
    attachments (id) {
        /// Unique number of the file.
        id -> Int8,
        /// Telegram id of the bot that received it.
        bot_id -> Int8,
        /// Telegram id of the person who sent it.
        user_id -> Int8,
        /// The update it came with (updates.seq; no foreign key: done updates are swept).
        update_seq -> Int8,
        /// Telegram's number of that update.
        update_id -> Int8,
        /// Telegram's id of the message it came with; its place among several.
        telegram_message_id -> Int8,
        /// What the messages of an album have in common (media_group_id); NULL for none.
        album -> Nullable<Text>,
        /// The question in messages; NULL until that is stored.
        message_id -> Nullable<Int4>,
        /// What it was sent as, in Telegram's word.
        kind -> Text,
        /// By which Telegram serves it to this bot.
        file_id -> Text,
        /// By which it is the same file for every bot.
        file_unique_id -> Text,
        /// The name of the file, or the emoji of a sticker; NULL for none.
        name -> Nullable<Text>,
        /// Its type: by its content, or as its sender named it while that is not there.
        mime -> Nullable<Text>,
        /// Its size in bytes; NULL where Telegram did not tell it.
        bytes -> Nullable<Int8>,
        /// Its width in pixels; NULL where Telegram did not tell it.
        width -> Nullable<Int4>,
        /// Its height in pixels; NULL where Telegram did not tell it.
        height -> Nullable<Int4>,
        /// How long it plays; NULL for what does not.
        seconds -> Nullable<Int4>,
        /// What is in it, of a film its cover; NULL until it was fetched, and after FILES_KEEP_DAYS.
        content -> Nullable<Bytea>,
        /// When it was first looked for.
        created_at -> Timestamptz,
        /// Its words, with a form feed between its pieces (pages, sheets …); NULL until they were read, for what has none, and after FILES_KEEP_DAYS.
        text -> Nullable<Text>,
        /// What the pieces of its words are; NULL where there are none.
        unit -> Nullable<Text>,
        /// How many pieces the whole file has; NULL where there are no words.
        pieces -> Nullable<Int4>,
        /// Whether the file has more words than were kept; NULL where there are none.
        is_cut -> Nullable<Bool>,
        /// Why its words could not be read, as the log names it; NULL otherwise.
        unreadable -> Nullable<Text>,
        /// Whether it is in a message that the question replies to.
        quoted -> Bool,
        /// What is said in it, on one line; empty where no words were heard, NULL for what was not listened to.
        transcript -> Nullable<Text>,
    }
}

diesel::table! {
    /// Codes of links into the console; gone once used.
    console_codes (bot_id, tag) {
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// HMAC-SHA256 of the code with a key made of the bot's token.
        tag -> Bytea,
        /// Telegram id of the owner who asked for the link; NULL for the command line.
        owner -> Nullable<Int8>,
        /// When it was made; it is good for five minutes.
        made_at -> Timestamptz,
    }
}

diesel::table! {
    /// Who is in the console; gone once ended.
    console_sessions (id) {
        /// Unique number of the session.
        id -> Int8,
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// HMAC-SHA256 of the cookie with a key made of the bot's token.
        tag -> Bytea,
        /// Telegram id of the owner whose link it began with; NULL for one of the command line.
        owner -> Nullable<Int8>,
        /// How the browser calls itself, the first 200 characters.
        browser -> Text,
        /// When it began.
        made_at -> Timestamptz,
        /// When a page was last looked at, to the minute; twelve hours later it is over.
        used_at -> Timestamptz,
    }
}

diesel::table! {
    /// Every decision about who may use the bot.
    decisions (id) {
        /// Unique number of the decision.
        id -> Int8,
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// Telegram id of the person, or of the group or channel, which is negative.
        person -> Int8,
        /// What was decided: owner, allowed, refused, blocked, or forgotten (no row of people any more).
        state -> Text,
        /// Telegram id of the owner who decided; NULL for the command line, for the console after a link of it, a code and time.
        decided_by -> Nullable<Int8>,
        /// By what: a button, the command line, the console, the code of /claim, or time (a request that nobody answered).
        means -> Text,
        /// When.
        decided_at -> Timestamptz,
    }
}

diesel::table! {
    /// What people chose for a dialogue of theirs; no row = nothing.
    dialogue_settings (bot_id, chat_id, user_id, thread_id) {
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// Telegram id of the chat.
        chat_id -> Int8,
        /// Telegram id of the person.
        user_id -> Int8,
        /// Topic of the chat; 0 = none.
        thread_id -> Int8,
        /// The model that answers, by its name in the catalogue; NULL = the default.
        model -> Nullable<Text>,
        /// The role it answers in, by its name in the catalogue; NULL = the default.
        role -> Nullable<Text>,
        /// How much that model thinks (none, minimal, low, medium, high, max); NULL = its default.
        effort -> Nullable<Text>,
        /// When the person chose last.
        updated_at -> Timestamptz,
        /// When answers are spoken (always, to voice); NULL = never.
        voice -> Nullable<Text>,
    }
}

diesel::table! {
    /// Facts that a model proposed and the bot asked about, each by its person's decision.
    fact_proposals (id) {
        /// Unique number of the proposal.
        id -> Int8,
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// Telegram id of the private chat where it was said and asked about.
        chat_id -> Int8,
        /// Telegram id of the person.
        user_id -> Int8,
        /// Topic of the chat where it was said (message_thread_id); NULL outside topics.
        thread_id -> Nullable<Int8>,
        /// The fact, on one line, at most 300 characters.
        content -> Text,
        /// Telegram's id of the message that said it; NULL where it is not known.
        message_id -> Nullable<Int8>,
        /// When the question about it was stored.
        proposed_at -> Timestamptz,
        /// Whether its person wants it to be remembered; NULL = no answer yet.
        kept -> Nullable<Bool>,
    }
}

diesel::table! {
    /// What people asked the bot to remember, each by its person in one chat.
    facts (id) {
        /// Unique number of the fact; in this order the model reads them.
        id -> Int8,
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// Telegram id of the chat where it was told and where it holds; of a private chat that is the person's.
        chat_id -> Int8,
        /// Telegram id of the person.
        user_id -> Int8,
        /// The person's own words, on one line, at most 300 characters.
        content -> Text,
        /// Telegram's id of the message that said it; NULL where the chat has another id since.
        message_id -> Nullable<Int8>,
        /// Topic of the chat where it was told (message_thread_id); NULL outside topics.
        thread_id -> Nullable<Int8>,
        /// When it was told.
        created_at -> Timestamptz,
        /// When its person deleted or changed it; NULL = the model reads it.
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Which instance of each bot leads: polls Telegram, answers and sends.
    leases (bot_id) {
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// Who leads or led last, for people to read: machine and process.
        holder -> Text,
        /// Network namespace of the holder, in which it keeps a name that no other process can have meanwhile; NULL = it keeps none.
        place -> Nullable<Text>,
        /// Goes up with each holder, by a random step; whoever led in an earlier epoch writes nothing more.
        epoch -> Int8,
        /// Until when the holder leads, unless it renews the lease before; then anybody may take it.
        until -> Timestamptz,
    }
}

diesel::table! {
    /// Who turned the memory off in which chat: facts and recall. No row = it is on.
    memory_off (bot_id, chat_id, user_id) {
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// Telegram id of the chat.
        chat_id -> Int8,
        /// Telegram id of the person.
        user_id -> Int8,
        /// When the person turned it off.
        since -> Timestamptz,
    }
}

diesel::table! {
    /// Every question and answer, soft-deleted and never silently lost.
    messages (id) {
        /// Unique number of the message.
        id -> Int4,
        /// Telegram id of the person the dialogue belongs to.
        user_id -> Int8,
        /// Telegram id of the chat the dialogue takes place in.
        chat_id -> Int8,
        /// Who wrote it: 'user' or 'assistant'.
        #[max_length = 20]
        role -> Varchar,
        /// The text, as written.
        content -> Text,
        /// Length of the text in characters.
        message_length -> Int4,
        /// A question's: when answering it began. An answer's: when it ended. By the server's clock and time zone.
        created_at -> Timestamp,
        /// When it was cleared (soft delete); NULL while live. All messages of one clearing share one value.
        deleted_at -> Nullable<Timestamp>,
        /// Telegram id of the topic (message_thread_id); NULL outside topics, and for what was said before they were told apart.
        thread_id -> Nullable<Int8>,
    }
}

diesel::table! {
    /// The ledger: every call of a model that may cost, answered or not.
    model_calls (id) {
        /// Unique number of the call.
        id -> Int8,
        /// Telegram id of the bot that made it.
        bot_id -> Int8,
        /// The update it was made for (updates.seq, turns.update_seq); NULL for none, and after an erasure.
        update_seq -> Nullable<Int8>,
        /// Telegram id of the person who asked; NULL after an erasure.
        user_id -> Nullable<Int8>,
        /// Telegram id of the chat at the time; NULL after an erasure.
        chat_id -> Nullable<Int8>,
        /// What it was for: answer, transcript, speech, summary or title.
        purpose -> Text,
        /// Who was asked: the host of the endpoint.
        endpoint -> Text,
        /// The model that was asked.
        model -> Text,
        /// The model that answered, as the endpoint names it; NULL where it did not.
        answered_by -> Nullable<Text>,
        /// answered, cut at the limit of tokens, stopped by the person, refused by the model, or failed.
        outcome -> Text,
        /// Class of the failure; NULL unless failed or refused.
        failure -> Nullable<Text>,
        /// Tokens read, as the endpoint counted them.
        prompt_tokens -> Nullable<Int4>,
        /// Those of them that came from the endpoint's cache.
        cached_tokens -> Nullable<Int4>,
        /// Tokens written, thoughts among them, as the endpoint counted them.
        completion_tokens -> Nullable<Int4>,
        /// Those of them that were thoughts.
        thinking_tokens -> Nullable<Int4>,
        /// US dollars; NULL where it is not known.
        cost -> Nullable<Numeric>,
        /// Where the cost is from: the endpoint, or the price of the model and its tokens; NULL where it is not known.
        cost_source -> Nullable<Text>,
        /// Milliseconds from the call to its first token; NULL where none came.
        first_token_ms -> Nullable<Int4>,
        /// Milliseconds from the call to its end.
        duration_ms -> Int4,
        /// When the call was made.
        called_at -> Timestamptz,
        /// Telegram id of the topic (message_thread_id); NULL outside topics, after an erasure, and in older rows.
        thread_id -> Nullable<Int8>,
        /// Random number of the call, by which a repeated statement stores it once; NULL in older rows.
        call_id -> Nullable<Int8>,
    }
}

diesel::table! {
    /// Codes by which somebody becomes the owner of the bot with /claim; gone once used.
    owner_codes (bot_id, tag) {
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// HMAC-SHA256 of the code with a key made of the bot's token.
        tag -> Bytea,
        /// How often somebody sent another code while this one was good.
        wrong_tries -> Int4,
        /// When it was made; it is good for an hour.
        made_at -> Timestamptz,
    }
}

diesel::table! {
    /// Who may use the bot, who waits for its owner to decide, and who may not. No row = nothing was decided.
    people (bot_id, id) {
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// Telegram id of the person, or of the group or channel, which is negative.
        id -> Int8,
        /// owner, allowed, waiting for a decision, refused (may ask again a day after asked_at), or blocked.
        state -> Text,
        /// Since when it has this state.
        since -> Timestamptz,
        /// Telegram id of the owner who decided; NULL for the command line, a claim, or nobody yet.
        decided_by -> Nullable<Int8>,
        /// Name, as last seen when asking a question; of a group its title.
        name -> Nullable<Text>,
        /// Name after the @, as last seen when asking a question; NULL for none.
        username -> Nullable<Text>,
        /// Language of the app, as last seen when asking a question.
        language -> Nullable<Text>,
        /// The first words of what was asked, as long as the request waits or was refused; else NULL.
        words -> Nullable<Text>,
        /// The update that asked to be let in (updates.seq); NULL if none did.
        update_seq -> Nullable<Int8>,
        /// When it asked last; NULL if it never did.
        asked_at -> Nullable<Timestamptz>,
        /// When the owners were told of the request; NULL = not yet.
        told_at -> Nullable<Timestamptz>,
        /// US dollars that the person may spend in a day (UTC); NULL = BUDGET_PERSON_DAY holds.
        budget_day -> Nullable<Numeric>,
        /// US dollars that the person may spend in a month (UTC); NULL = BUDGET_PERSON_MONTH holds.
        budget_month -> Nullable<Numeric>,
    }
}

diesel::table! {
    /// Instructions of roles, as models read them: each text once.
    prompts (id) {
        /// SHA-256 of the text.
        id -> Bytea,
        /// The text.
        content -> Text,
    }
}

diesel::table! {
    /// What questions answer or forward: words of others or of the bot, as the model read them.
    quotes (turn_id, position) {
        /// The turn whose question it came with.
        turn_id -> Int8,
        /// Place before the person's own words, from 0.
        position -> Int4,
        /// What the question replies to (reply), the part of it that was marked (part), what it replies to in another chat (elsewhere), what was forwarded (forward), or what was said earlier and bears on it (recalled).
        kind -> Text,
        /// Whose words: the bot's, the person's own (user), another one's, a group's or a channel's.
        whose -> Text,
        /// Name of the author, as Telegram showed it; NULL for the bot, the person, and where none is known.
        author -> Nullable<Text>,
        /// The words, at most 4,096 characters; a file as its line.
        content -> Text,
        /// The message that was recalled (messages.id); NULL for every other kind.
        source_id -> Nullable<Int8>,
        /// The day when that was said; NULL for every other kind.
        said_on -> Nullable<Date>,
    }
}

diesel::table! {
    /// The outbox: each Telegram message of each reply, and whether it was sent.
    reply_parts (id) {
        /// Unique number of the part; a lane sends its parts in this order.
        id -> Int8,
        /// Telegram id of the bot that sends it.
        bot_id -> Int8,
        /// Telegram id of the chat it goes to.
        chat_id -> Int8,
        /// Telegram id of the person it answers.
        user_id -> Int8,
        /// The update it answers (updates.seq).
        update_seq -> Int8,
        /// The turn it belongs to; NULL for what is not an answer of the model.
        turn_id -> Nullable<Int8>,
        /// Place within the reply, from 0.
        position -> Int4,
        /// What to do: send a message, edit or delete message_id, send a document.
        op -> Text,
        /// How the message is built: text, or rich (Bot API, sendRichMessage); NULL for others. For people: the bot does not read it.
        form -> Nullable<Text>,
        /// Topic of the chat (message_thread_id); NULL outside topics.
        thread_id -> Nullable<Int8>,
        /// Message it replies to; NULL for none.
        reply_to -> Nullable<Int8>,
        /// The message and the simpler forms that take its place if Telegram refuses it (JSON); emptied once settled.
        payload -> Nullable<Text>,
        /// unsent, sent, or abandoned (Telegram refuses it for good).
        state -> Text,
        /// Calls that failed so far; one that Telegram put off (429) counts for a voice message only.
        attempts -> Int4,
        /// When the next call may be made (429, backoff); NULL = at once.
        not_before -> Nullable<Timestamptz>,
        /// Telegram's id of the message: sent as, or to edit or delete.
        message_id -> Nullable<Int8>,
        /// When the reply was stored.
        created_at -> Timestamptz,
        /// When it was sent or abandoned.
        settled_at -> Nullable<Timestamptz>,
        /// Telegram id of the topic that it answers in; NULL outside topics. Where it goes is thread_id: NULL once the topic is gone.
        lane_thread_id -> Nullable<Int8>,
    }
}

diesel::table! {
    /// What people searched for with /find in the last two days.
    searches (id) {
        /// Unique number of the search; the buttons below what it found carry it.
        id -> Int8,
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// Telegram id of the person.
        user_id -> Int8,
        /// What was searched for, as typed.
        words -> Text,
        /// When, by the clock of messages.created_at; what was said later is not in it.
        searched_at -> Timestamp,
    }
}

diesel::table! {
    /// Who may not use the bot and was told so within the last day; swept daily.
    strangers (bot_id, user_id) {
        /// Telegram id of the bot that told it.
        bot_id -> Int8,
        /// Telegram id of the person.
        user_id -> Int8,
        /// When the person was told so.
        told_at -> Timestamptz,
    }
}

diesel::table! {
    /// Summaries of what dialogues were about before the part that the model reads word by word.
    summaries (id) {
        /// Unique number of the summary.
        id -> Int8,
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// Telegram id of the chat.
        chat_id -> Int8,
        /// Telegram id of the person.
        user_id -> Int8,
        /// Topic of the chat; 0 = none.
        thread_id -> Int8,
        /// The oldest message that it is about (messages.id).
        first_id -> Int8,
        /// The newest message that it is about (messages.id).
        last_id -> Int8,
        /// The summary of what was before, which was summed up with it (summaries.id); NULL for none.
        follows -> Nullable<Int8>,
        /// The instructions of the role for which it was made (prompts.id); NULL for none.
        prompt_id -> Nullable<Bytea>,
        /// The text.
        content -> Text,
        /// The model that wrote it, as the endpoint names it; NULL where it does not.
        model -> Nullable<Text>,
        /// When it was made.
        made_at -> Timestamptz,
        /// When another one took its place, or what it is about was changed; NULL while it is in force.
        replaced_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Topics of private chats that wait for the bot to name them.
    topics (bot_id, chat_id, thread_id) {
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// Telegram id of the chat, which is that of its person.
        chat_id -> Int8,
        /// Telegram id of the topic.
        thread_id -> Int8,
        /// When it was begun.
        begun_at -> Timestamptz,
        /// The title that was found and that Telegram is to be told; NULL: none yet.
        title -> Nullable<Text>,
    }
}

diesel::table! {
    /// One question and what became of it.
    turns (id) {
        /// Unique number of the turn.
        id -> Int8,
        /// Telegram id of the bot that answered.
        bot_id -> Int8,
        /// The update that asked (updates.seq; no foreign key: done updates are swept).
        update_seq -> Int8,
        /// Telegram id of the person.
        user_id -> Int8,
        /// Telegram id of the chat.
        chat_id -> Int8,
        /// The question in messages.
        question_id -> Int4,
        /// The answer in messages; NULL where there is none.
        answer_id -> Nullable<Int4>,
        /// answered, stopped by the person, failed, or refused by the model.
        state -> Text,
        /// Class of the failure; NULL unless failed or refused.
        failure -> Nullable<Text>,
        /// The turn that took this one's place (edited or repeated question).
        superseded_by -> Nullable<Int8>,
        /// The model that answered, as the endpoint names it.
        model -> Nullable<Text>,
        /// Tokens read, as the endpoint counted them.
        prompt_tokens -> Nullable<Int4>,
        /// Tokens written, as the endpoint counted them.
        completion_tokens -> Nullable<Int4>,
        /// Milliseconds from the model call to its first token.
        first_token_ms -> Nullable<Int4>,
        /// Milliseconds from the model call to its end.
        duration_ms -> Nullable<Int4>,
        /// Why the model ended, in the endpoint's word.
        finish_reason -> Nullable<Text>,
        /// When the turn was stored.
        created_at -> Timestamptz,
        /// Telegram's ids of the messages that were the question, in order: by these an edit finds it.
        message_ids -> Array<Nullable<Int8>>,
        /// Telegram id of the topic (message_thread_id); NULL outside topics.
        thread_id -> Nullable<Int8>,
        /// When the last message of the question was sent, by Telegram's clock; NULL where no message asked, and in older rows.
        asked_at -> Nullable<Timestamptz>,
        /// The facts that the model read before the dialogue (facts.id), in this order.
        fact_ids -> Array<Nullable<Int8>>,
        /// The instructions that the model read (prompts.id); NULL for none, and in older rows.
        prompt_id -> Nullable<Bytea>,
        /// The summary that it read (summaries.id); NULL for none.
        summary_id -> Nullable<Int8>,
        /// What it read of the dialogue, in order (messages.id); NULL where no model was asked, and in older rows.
        read_ids -> Nullable<Array<Nullable<Int8>>>,
        /// The files that it was shown, in order (attachments.id); NULL for none.
        seen_ids -> Nullable<Array<Nullable<Int8>>>,
        /// The files whose words it read, in order (attachments.id); NULL for none.
        worded_ids -> Nullable<Array<Nullable<Int8>>>,
        /// How many tokens the words of these files could have for each question; NULL for none.
        words_room -> Nullable<Int8>,
    }
}

diesel::table! {
    /// Who wants no announcements.
    unsubscribed (bot_id, user_id) {
        /// Telegram id of the bot.
        bot_id -> Int8,
        /// Telegram id of the person.
        user_id -> Int8,
        /// Since when.
        since -> Timestamptz,
    }
}

diesel::table! {
    /// The inbox: every update of Telegram that asks for an answer, until and after it got one.
    updates (seq) {
        /// The order in which updates are answered within a dialogue.
        seq -> Int8,
        /// Telegram id of the bot that received it.
        bot_id -> Int8,
        /// Telegram's number of the update; comes back one day for another message.
        update_id -> Int8,
        /// Telegram id of the chat.
        chat_id -> Int8,
        /// Telegram id of the person.
        user_id -> Int8,
        /// Kind of the update, as Telegram names it.
        kind -> Text,
        /// Telegram's id of the message in it: by this an edit finds its question.
        message_id -> Nullable<Int8>,
        /// What is read of the update (JSON, in the form of Telegram's own); emptied once done.
        payload -> Nullable<Text>,
        /// When it was taken in.
        received_at -> Timestamptz,
        /// Attempts to answer it that ended in a crash.
        attempts -> Int4,
        /// Model calls for it that failed in passing and were put off.
        retries -> Int4,
        /// When the next attempt may begin; NULL = at once.
        not_before -> Nullable<Timestamptz>,
        /// When it was answered. The row then stays as a tombstone, so that a repeated delivery is recognised.
        done_at -> Nullable<Timestamptz>,
        /// The turn that answered it (turns.id), if one did; several updates may be one question.
        turn_id -> Nullable<Int8>,
        /// When its person asked to stop it, while it was waiting or being answered; NULL = never.
        stopped_at -> Nullable<Timestamptz>,
        /// Telegram's id of the message that shows the answer while it grows; emptied once done.
        live_message_id -> Nullable<Int8>,
        /// Telegram id of the topic (message_thread_id); NULL outside topics.
        thread_id -> Nullable<Int8>,
        /// US dollars that its answer is expected to cost, while it is in the making and there is a budget; else NULL.
        reserved -> Nullable<Numeric>,
        /// When they were reserved.
        reserved_at -> Nullable<Timestamptz>,
        /// Its payload, put aside until an owner decides about its person; it is done meanwhile. NULL = nothing is put aside.
        held -> Nullable<Text>,
    }
}

diesel::joinable!(announcement_recipients -> announcements (announcement_id));
diesel::joinable!(attachments -> messages (message_id));
diesel::joinable!(quotes -> turns (turn_id));
diesel::joinable!(reply_parts -> turns (turn_id));

diesel::allow_tables_to_appear_in_same_query!(
    alerts,
    announcement_recipients,
    announcements,
    attachments,
    console_codes,
    console_sessions,
    decisions,
    dialogue_settings,
    fact_proposals,
    facts,
    leases,
    memory_off,
    messages,
    model_calls,
    owner_codes,
    people,
    prompts,
    quotes,
    reply_parts,
    searches,
    strangers,
    summaries,
    topics,
    turns,
    unsubscribed,
    updates,
);

//! The real binary between a Telegram, a model and a PostgreSQL: what people, operators and crashes meet.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to fail loudly")]

/// What several tests need beside `sandbox::TestEnv`.
mod support {
    pub(crate) mod asking;
    pub(crate) mod at_once;
    pub(crate) mod browser;
    pub(crate) mod console;
    pub(crate) mod page;
    pub(crate) mod exposition;
    pub(crate) mod files;
    mod killed;
    pub(crate) mod migrations;
    pub(crate) mod predecessor;
    pub(crate) mod price;
    pub(crate) mod program;
    pub(crate) mod rows;
    pub(crate) mod terminal;
    mod tool;
    pub(crate) mod transaction;
}

/// What the users of the bot can rely on.
mod promises {
    mod access;
    mod announce;
    mod announce_picture;
    mod answers;
    mod asks_no_model;
    mod budget;
    mod choosing;
    mod chosen;
    mod commands;
    mod database;
    mod delivery;
    mod drafts;
    mod erasure;
    mod exports;
    mod facts;
    mod failures;
    mod figures;
    mod find;
    mod first_words;
    mod flood;
    mod former_leader;
    mod forwards;
    mod going_on;
    mod groups;
    mod live_message;
    mod listening;
    mod ledger;
    mod models;
    mod new_leader;
    mod on_behalf;
    mod overheard;
    mod order;
    mod owner;
    mod pair;
    mod paste;
    mod albums;
    mod alerts;
    mod kept_files;
    mod documents;
    mod readers;
    mod pictures;
    mod poolers;
    mod prompts;
    mod proposals;
    mod summaries;
    mod quotes;
    mod rate_limit;
    mod recall;
    mod regenerate;
    mod reload;
    mod reliability;
    mod requests;
    mod replied_pictures;
    mod requests_of_groups;
    mod retention;
    mod rights;
    mod rolling_upgrade;
    mod roster;
    mod said_in_words;
    mod spoken;
    mod secrets;
    mod standby;
    mod stop;
    mod together;
    mod titles;
    mod topics;
    mod voices;
    mod two_instances;
    mod window;
}

/// Each neighbour at its worst.
mod hostile {
    mod black_holes;
    mod database;
    mod dialects;
    mod documents;
    mod endpoint;
    mod files;
    mod languages;
    mod locks;
    mod log;
    mod redirect;
    mod streams;
    mod telegram;
    mod too_long;
    mod updates;
}

/// The store against a model of it in plain Rust.
mod model {
    mod play;
    mod reference;
    mod states;
    mod steps;
}

mod transitions;

/// What operators type, start and look at.
mod tools {
    mod backup;
    mod boot;
    mod database_url;
    pub(crate) mod demo;
    mod doctor;
    mod drift;
    mod export;
    mod extract;
    mod history;
    mod metrics;
    mod migrate;
    mod migrate_interrupted;
    mod migrate_own;
    mod migrations;
    mod one_table;
    mod people;
    mod readiness;
    mod restore;
    mod run;
    mod takeover;
    mod topics;
    mod search;
    mod usage;
    mod widen;
}

/// The pages for operators.
mod console {
    pub(crate) mod browser;
    mod browsing;
    mod dialogues;
    mod figures;
    mod files;
    mod hostile;
    mod inert;
    mod login;
    mod looks;
    mod now;
    mod pages;
    mod people;
    mod proxy;
    mod routes;
    mod slow;
    mod states;
    mod strangers;
    mod words;
}

/// What documents and files beside the code say is what the program does.
mod docs {
    mod configuration;
    mod documents;
    mod guides;
    mod history;
    mod operations;
    mod packaging;
    mod picture;
    mod settings;
}

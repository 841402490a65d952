//! The real binary between a Telegram, a model and a PostgreSQL: what people, operators and crashes meet.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to fail loudly")]

mod operator;
mod world;

mod access;
mod again;
mod answers;
mod arrows;
mod backup;
mod boot;
mod commands;
mod database;
mod delivery;
mod demo;
mod doctor;
mod documents;
mod erasure;
mod export;
mod exposition;
mod failures;
mod groups;
mod guides;
mod hostile_database;
mod hostile_model;
mod hostile_telegram;
mod hostile_updates;
mod interrupted;
mod live;
mod history;
mod metrics;
mod migrate;
mod migrations;
mod operations;
mod order;
mod packaging;
mod paste;
mod picture;
mod rate;
mod readme;
mod redirect;
mod reference;

mod reliability;
mod restore;
mod secrets;
mod settings;
mod states;
mod stop;
mod two;

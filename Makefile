# One command for each thing to do; `make help` lists them.

.PHONY: help demo psql test run setup
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

demo: setup ## talk to the bot in this terminal: stand-in Telegram and model, private PostgreSQL
	@cargo build --locked --bin systech-aidd --example demo
	@cargo run --quiet --locked --example demo

psql: setup ## read the demo's dialogue with psql
	@cargo run --quiet --locked --example demo psql

test: setup ## all tests, against a real PostgreSQL
	cargo test --workspace --locked

run: setup ## the bot itself, with the settings of .env
	cargo run --release --locked

setup:
	@scripts/setup

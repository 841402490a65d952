# One command for each thing to do; `make help` lists them.

.PHONY: help run demo picture console-pictures psql test faults nightly fresh containers audit bench bench-console bench-dialogues bench-history bench-erase bench-topics bench-live bench-cache soak check-migrations migrations tools setup
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 26

run: setup ## the bot itself; asks for settings that are missing; ARGS=doctor and the like for its other commands
	@cargo build --locked --release
	@cargo build --locked --release --package sandbox --example run
	@cargo run --quiet --locked --release --package sandbox --example run -- $(ARGS)

demo: setup ## talk to the bot in this terminal: stand-in Telegram and model, private PostgreSQL
	@cargo build --locked --bin systech-aidd --example demo
	@cargo run --quiet --locked --example demo -- $(ARGS)

picture: setup ## draw the pictures of the demo for the READMEs (docs/demo.svg, docs/demo.ru.svg); the tests compare them
	cargo build --locked --example demo
	UPDATE_PICTURE=1 cargo test --locked --test it picture::

console-pictures: setup ## draw the pictures of docs/console.md anew, in a real browser
	@scripts/setup chromium
	BROWSER=required UPDATE_PICTURE=1 cargo test --locked --test it console::browser::the_pictures

psql: setup ## read dialogues with psql: those in the private PostgreSQL of make run, if there is one, else the demo's
	@if [ -e .postgres ] || [ -L .postgres ]; then \
		cargo run --quiet --locked --release --package sandbox --example run psql $(ARGS); \
	else cargo run --quiet --locked --example demo psql; fi

# Most tests wait for most of their time: three for each processor keep it busy. The server of the tests takes 300 connections.
RUST_TEST_THREADS ?= $(shell threads=$$(($$(nproc) * 3)); echo $$((threads < 24 ? threads : 24)))

# both examples have tests of their own, so cargo test alone builds them as tests only; the tests run them too
test: setup tools ## all tests, against a real PostgreSQL
	cargo build --workspace --locked --example demo --example run
	RUST_TEST_THREADS=$(RUST_TEST_THREADS) cargo test --workspace --locked

faults: setup tools ## everything that can go wrong, again and again, as a table; SEED=… repeats a run, ROW=… plays some rows; ten minutes
	@FAULTS=long SEED=$(SEED) cargo test --locked --test faults -- $(if $(ROW),"$(ROW)")

# a bench that nobody runs breaks unseen, so the one of the text answer takes part, as short as it can be
nightly: setup tools faults ## what takes long: make faults, fresh and containers; lives of messages; older version; PostgreSQL 16, 17, 18 (npm); alerts (Debian: prometheus)
	STRANGERS=10000 cargo test --locked --test it promises::flood
	ANNOUNCE_PEOPLE=5000 cargo test --locked --test it promises::announce::whatever -- --nocapture
	PROPTEST_CASES=1000 PROPTEST_RNG_SEED=$$(date +%s) cargo test --locked --test it model::
	DRIFT_AT_ONCE=1 cargo test --locked --test it tools::drift
	PROMPTS=1000 PROPTEST_RNG_SEED=$$(date +%s) cargo test --locked --test it promises::prompts
	@scripts/setup pgbench
	LOAD_ROUNDS=1 LOAD_SECONDS=1 LOAD_ROWS=1000 cargo bench --quiet --locked --profile dev --bench load
	scripts/black-holes
	scripts/rolling-upgrade
	scripts/postgres-matrix
	scripts/dotenv-corpus --check
	@if command -v promtool >/dev/null; then promtool test rules contrib/alerts_test.yml; \
	else echo "not looked at: contrib/alerts_test.yml, for promtool is not installed (Debian: prometheus)"; fi
	scripts/fresh
	scripts/containers

fresh: ## make demo and make test of the committed state on a bare Debian 12 in a folder; half an hour, needs root and debootstrap
	@scripts/fresh

containers: ## what the guides say of containers, with an engine and images of its own; half an hour, needs root and debootstrap
	@scripts/containers

audit: setup ## dependencies (licences, sources, known faults, unused ones), scripts and workflows; brings its tools
	@scripts/audit

bench: setup ## the real bot under load, beside pgbench with the same statements; some minutes
	@scripts/setup pgbench
	cargo bench --locked --bench load

bench-live: setup ## how soon the first words are seen, calls inside a wait in a flood, and answers beside an announcement; three minutes
	@cargo bench --quiet --locked --profile dev --bench live

bench-cache: setup ## how much of its prompts an endpoint need not read anew, in a dialogue of 200 turns; a minute
	@cargo bench --quiet --locked --profile dev --bench cache

soak: setup ## the bot under steady load with faults: memory, descriptors, threads, sizes of tables; half an hour, or SECONDS=…
	@SECONDS_OF_SOAK=$(SECONDS) cargo bench --quiet --locked --profile dev --bench soak

check-migrations: setup tools ## every migration up, redone, down and up again with the diesel CLI
	@cargo run --quiet --locked --example with_postgres -- scripts/check-migrations

bench-erase: setup ## erasing users from a database of 1.5 million turns, and how long the poller waits for it
	@cargo bench --quiet --locked --bench erase

bench-topics: setup ## the migration that tells topics apart, under load, and reading by topic; a million messages
	@cargo bench --quiet --locked --profile dev --bench topics

bench-console: setup ## the pages of the console with a million messages: how long each takes, and answers beside them; some ten minutes
	@cargo bench --quiet --locked --profile dev --bench console

bench-dialogues: setup ## dialogues and people in the console with a million messages: how long a page takes, and that it reads no table as a whole
	@cargo bench --quiet --locked --profile dev --bench dialogues

bench-history: setup ## search, export and purge of a million messages: time and peak memory
	@cargo bench --quiet --locked --bench history

# the bot itself says which database is its own, from the environment or .env, in a form that the diesel CLI understands
migrations: setup ## the diesel CLI on the bot's database: make migrations ARGS='migration list'
	@command -v diesel >/dev/null || scripts/tools diesel
	@url=$$(cargo run --quiet --locked -- url) && \
		DATABASE_URL=$$url "$$(command -v diesel || scripts/tools --path diesel)" $(ARGS)

tools: setup ## the programs that tests run beside the project's own (the diesel CLI, a linter), once, outside the checkout
	@scripts/tools

setup: ## the Debian packages that building and testing need, where they are missing
	@scripts/setup

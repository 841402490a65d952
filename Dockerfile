# The bot as a small image: built in one stage, run in another, without root and without a writable file.

FROM rust:1.95-slim-trixie AS toolchain
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpq-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source

# By what cargo knows the dependencies: the manifests, the lock file and, for each target, a program that does nothing.
# A change of source or of a test leaves this stage's result as it is, and with it the layer of the dependencies below.
FROM toolchain AS manifests
COPY . .
RUN find . -type f ! -name 'Cargo.*' ! -name build.rs ! -name main.rs ! -name lib.rs ! -path './benches/*.rs' -delete \
    && find . -type d -empty -delete \
    && echo '#![allow(warnings)] fn main() {}' | tee $(find . -name '*.rs') >/dev/null

FROM toolchain AS build
COPY --from=manifests /source .
# What was built of the programs that do nothing must not be taken for the bot.
RUN cargo build --release --locked --bin systech-aidd \
    && cargo clean --release --locked --package systech-aidd
COPY build.rs ./
COPY migrations migrations
COPY templates templates
COPY src src
RUN cargo build --release --locked --bin systech-aidd

# trixie: its pg_dump is of PostgreSQL 17 and understands the 16 of docker-compose.yml; bookworm's does not
FROM debian:trixie-slim
LABEL org.opencontainers.image.title="systech-aidd" \
    org.opencontainers.image.description="The Telegram assistant that never loses a message" \
    org.opencontainers.image.licenses="MIT"
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpq5 postgresql-client ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home aidd \
    && install -d -o aidd -m 700 /backups
COPY --from=build /source/target/release/systech-aidd /usr/local/bin/systech-aidd
WORKDIR /app
COPY prompts prompts
USER aidd
# SIGTERM: running answers get SHUTDOWN_GRACE seconds, the rest stays queued
STOPSIGNAL SIGTERM
# metrics and health, for the network of the containers; nothing is published
ENV METRICS_ADDR=0.0.0.0:9464
EXPOSE 9464
# a start may migrate first, and a poll takes up to a minute to be known as failed
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["systech-aidd", "health"]
ENTRYPOINT ["systech-aidd"]

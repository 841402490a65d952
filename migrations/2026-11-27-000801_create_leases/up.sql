-- Why: of several instances with one token on one database only one polls Telegram, answers and sends; the others wait to take
-- its place. PostgreSQL is the only thing that all of them see, so it says who leads, and its clock says for how long.

CREATE TABLE leases (
    bot_id BIGINT PRIMARY KEY,
    holder TEXT NOT NULL,
    place TEXT,
    epoch BIGINT NOT NULL,
    until TIMESTAMPTZ NOT NULL
);

COMMENT ON TABLE leases IS 'Which instance of each bot leads: polls Telegram, answers and sends.';
COMMENT ON COLUMN leases.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN leases.holder IS 'Who leads or led last, for people to read: machine and process.';
COMMENT ON COLUMN leases.place IS
    'Network namespace of the holder, in which it keeps a name that no other process can have meanwhile; NULL = it keeps none.';
COMMENT ON COLUMN leases.epoch IS
    'How often the lease has had another holder; whoever led in an earlier epoch writes nothing more.';
COMMENT ON COLUMN leases.until IS 'Until when the holder leads, unless it renews the lease before; then anybody may take it.';

//! What Telegram takes in one message (Bot API, sendMessage and sendRichMessage).

/// The longest text message, in UTF-16 units.
pub const MAX_UNITS: usize = 4096;
/// The longest caption below a picture, in UTF-16 units.
pub const MAX_CAPTION_UNITS: usize = 1024;
/// The most entities of a text message; Telegram drops what is above.
pub const MAX_ENTITIES: usize = 100;
/// The longest rich message, in UTF-16 units.
pub const RICH_MAX_UNITS: usize = 32_768;
/// The most blocks of a rich message; items of lists and rows of tables count.
pub const RICH_MAX_BLOCKS: usize = 500;
/// The deepest nesting of blocks and formats in a rich message.
pub const RICH_MAX_DEPTH: usize = 16;
/// The most columns of a table in a rich message.
pub const RICH_MAX_COLUMNS: usize = 20;

//! How the bot is: what checks found and what is to be done, in English for `doctor` and in both languages for the console.
//!
//! What others say (the error of a server, the name of a role) is quoted as it is.

use super::Language::{self, English, Russian};

/// How an index that PostgreSQL does not use comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IndexRemedy<'a> {
    /// It is to be dropped, which `migrate up` does.
    Dropped,
    /// `migrate up` builds it.
    Built,
    /// `migrate mend` builds it.
    Mended,
    /// This one is nobody's here.
    Foreign(&'a str),
}

/// What waits for a bot of another token.
#[derive(Clone, Copy, Debug)]
pub struct FormerBot<'a> {
    /// Telegram id of the bot.
    pub bot_id: i64,
    /// Updates that wait.
    pub updates: i64,
    /// Messages that are not sent.
    pub unsent: i64,
    /// When the oldest came.
    pub since: &'a str,
}

impl Language {
    /// What was looked at; `name` is that of the check in English.
    pub fn check(self, name: &'static str) -> &'static str {
        let russian = match name {
            "database" => "база данных",
            "server" => "сервер",
            "rights" => "права",
            "migrations" => "миграции",
            "indexes" => "индексы",
            "ids" => "номера",
            "answers" => "ответы",
            "former bots" => "прежние боты",
            "backups" => "резервные копии",
            other => other,
        };
        self.pick(russian, name)
    }

    /// Where more is to be learnt.
    pub fn read_server_log(self) -> &'static str {
        self.pick("прочитайте журнал PostgreSQL", "read the log of PostgreSQL")
    }

    /// Something cannot be read.
    pub fn cannot_be_read(self, error: &str) -> String {
        match self {
            English => format!("cannot be read: {error}"),
            Russian => format!("прочитать не удаётся, ошибка: «{error}»"),
        }
    }

    /// How large the database is.
    pub fn database_size(self, size: &str, version: &str) -> String {
        match self {
            English => format!("{size} on PostgreSQL {version}"),
            Russian => format!("{size}, PostgreSQL {version}"),
        }
    }

    /// The server is older than the bot takes, and what to do.
    pub fn too_old(self, version: &str, oldest: i32) -> (String, String) {
        match self {
            English => (
                format!("PostgreSQL {version}, which is too old"),
                format!("upgrade to PostgreSQL {oldest} or newer; docker-compose.yml has 16"),
            ),
            Russian => (
                format!("PostgreSQL {version}, слишком старый"),
                format!("обновите PostgreSQL до версии {oldest} или новее; в docker-compose.yml стоит 16"),
            ),
        }
    }

    /// The server takes no writes, and what to do.
    pub fn takes_no_writes(self, version: &str) -> (String, &'static str) {
        match self {
            English => (
                format!("PostgreSQL {version} takes no writes"),
                "name the primary in DATABASE_URL, or reset default_transaction_read_only",
            ),
            Russian => (
                format!("PostgreSQL {version} не принимает записи"),
                "укажите в DATABASE_URL основной сервер или сбросьте default_transaction_read_only",
            ),
        }
    }

    /// The role may do everything that it has to.
    pub fn has_all_rights(self, role: &str) -> String {
        match self {
            English => format!("{role} has all rights that the bot needs"),
            Russian => format!("у роли {role} есть все права, которые нужны боту"),
        }
    }

    /// What the role may not do, and how it may.
    pub fn lacks_rights(self, role: &str, schema: &str, missing: &str) -> (String, String) {
        let grants = format!(
            "GRANT ALL ON SCHEMA {schema} TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {role}; \
             GRANT ALL ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"
        );
        match self {
            English => (format!("{role} lacks {missing}"), format!("let the owner run in psql: {grants}")),
            Russian => (
                format!("роли {role} не хватает прав: {missing}"),
                format!("пусть владелец выполнит в psql: {grants}"),
            ),
        }
    }

    /// All migrations are applied, and so many of the operator's own.
    pub fn all_applied(self, all: usize, own: usize) -> String {
        match (self, own) {
            (English, 0) => format!("all {all} applied"),
            (English, own) => format!("all {all} applied, and {own} of your own"),
            (Russian, 0) => format!("применены все: {all}"),
            (Russian, own) => format!("применены все: {all}, и ваших собственных: {own}"),
        }
    }

    /// The database has migrations of a newer version: what was found.
    pub fn unknown_migrations(self, unknown: &str) -> String {
        match self {
            English => format!("unknown: {unknown}"),
            Russian => format!("неизвестны: {unknown}"),
        }
    }

    /// The same as an error, with what to do.
    pub fn newer_migrations(self, unknown: &str) -> String {
        match self {
            English => format!(
                "the database has migrations that this program does not know ({unknown}): it was migrated by a newer \
                 version. Start that version, or revert those migrations with it"
            ),
            Russian => format!(
                "в базе есть миграции, которых эта программа не знает ({unknown}): её обновила более новая версия. \
                 Запустите ту версию или откатите ею эти миграции"
            ),
        }
    }

    /// Migrations are not applied, and what to do. Another role owns these tables, if there are any.
    pub fn pending_migrations(self, pending: usize, all: usize, of_others: &str) -> (String, &'static str) {
        match (self, of_others) {
            (English, "") => {
                (format!("{pending} of {all} pending"), "start the bot, or run systech-aidd migrate up")
            }
            (English, tables) => (
                format!("{pending} of {all} pending, and another role owns {tables}"),
                "let that role run in psql for each: ALTER TABLE … OWNER TO the bot's role; only the owner can change a table",
            ),
            (Russian, "") => (
                format!("не применены: {pending} из {all}"),
                "запустите бота или выполните systech-aidd migrate up",
            ),
            (Russian, tables) => (
                format!("не применены: {pending} из {all}, а таблицы принадлежат другой роли: {tables}"),
                "пусть та роль выполнит в psql для каждой: ALTER TABLE … OWNER TO роль бота; менять таблицу может только её владелец",
            ),
        }
    }

    /// All indexes are used.
    pub fn no_invalid_index(self) -> &'static str {
        self.pick("негодных индексов нет", "no index is invalid")
    }

    /// These are not.
    pub fn invalid_indexes(self, indexes: &str) -> String {
        match self {
            English => format!("invalid: {indexes}"),
            Russian => format!("негодны: {indexes}"),
        }
    }

    /// How such an index comes back.
    pub fn index_remedy(self, remedy: IndexRemedy<'_>) -> String {
        match (self, remedy) {
            (English, IndexRemedy::Dropped) => "systech-aidd migrate up drops it".to_owned(),
            (Russian, IndexRemedy::Dropped) => "systech-aidd migrate up удалит его".to_owned(),
            (English, IndexRemedy::Built) => "systech-aidd migrate up builds it anew".to_owned(),
            (Russian, IndexRemedy::Built) => "systech-aidd migrate up построит его заново".to_owned(),
            (English, IndexRemedy::Mended) => "systech-aidd migrate mend builds it anew".to_owned(),
            (Russian, IndexRemedy::Mended) => "systech-aidd migrate mend построит его заново".to_owned(),
            (English, IndexRemedy::Foreign(index)) => {
                format!("not of a migration: REINDEX INDEX CONCURRENTLY {index}, or drop it")
            }
            (Russian, IndexRemedy::Foreign(index)) => {
                format!("он не из миграции: выполните REINDEX INDEX CONCURRENTLY {index} или удалите его")
            }
        }
    }

    /// How many numbers for messages there are still.
    pub fn ids_left(self, left: i64, most: i64) -> String {
        match self {
            English => format!("{left} of {most} numbers for messages are left"),
            Russian => format!("для сообщений осталось номеров: {left} из {most}"),
        }
    }

    /// What to do before they end.
    pub fn widen_ids(self) -> &'static str {
        self.pick(
            "пока они не кончились, расширьте messages.id до bigint: как это сделать, сказано в docs/migrations.ru.md",
            "widen messages.id to bigint before they end: docs/migrations.md says how",
        )
    }

    /// How many updates wait, none of them for long.
    pub fn waiting(self, updates: i64) -> String {
        match (self, updates) {
            (English, 0) => "no question waits".to_owned(),
            (English, updates) => format!("{updates} updates wait, none for long"),
            (Russian, 0) => "ни один вопрос не ждёт".to_owned(),
            (Russian, updates) => format!("ждут обновления: {updates}, и все недолго"),
        }
    }

    /// What to do where questions wait and nobody is answered.
    pub fn start_the_bot(self) -> &'static str {
        self.pick(
            "запустите бота или прочитайте его журнал: там сказано, чего он ждёт",
            "start the bot, or read its log: it says what it waits for",
        )
    }

    /// Which bot it is about is not known.
    pub fn no_token(self) -> &'static str {
        self.pick("без TELEGRAM_BOT_TOKEN неизвестно", "not known without TELEGRAM_BOT_TOKEN")
    }

    /// Nothing waits for a former bot.
    pub fn no_former_bot(self) -> &'static str {
        self.pick("для бота с другим токеном ничего не ждёт", "nothing waits for a bot of another token")
    }

    /// What waits for former bots, and what to do. There is at least one.
    pub fn former_bots(self, bots: &[FormerBot<'_>]) -> (String, String) {
        let told = bots.iter().map(|FormerBot { bot_id, updates, unsent, since }| match self {
            English => {
                format!("bot {bot_id}: {updates} updates and {unsent} unsent messages, the oldest of {since}")
            }
            Russian => format!(
                "бот {bot_id}: обновлений {updates}, неотправленных сообщений {unsent}, самое старое от {since}"
            ),
        });
        let told = told.collect::<Vec<_>>().join("; ");
        let discard = bots.first().map_or(String::new(), |FormerBot { bot_id, .. }| {
            format!("systech-aidd history discard --bot {bot_id}")
        });
        match self {
            English => (
                format!("what waits for bots of other tokens is answered by nobody here: {told}"),
                format!("put the token of that bot back, or delete what waits with {discard}"),
            ),
            Russian => (
                format!("на то, что ждёт ботов с другими токенами, здесь никто не ответит: {told}"),
                format!("верните токен того бота или удалите то, что ждёт: {discard}"),
            ),
        }
    }

    /// There is no place for backups.
    pub fn no_backup_dir(self) -> &'static str {
        self.pick("BACKUP_DIR не задан", "BACKUP_DIR is not set")
    }

    /// How old the newest backup is.
    pub fn newest_backup(self, hours: u64) -> String {
        match self {
            English => format!("the newest is {hours} h old"),
            Russian => format!("самой новой {hours} ч"),
        }
    }

    /// The folder does not answer, and what to do.
    pub fn backups_unseen(self) -> (&'static str, &'static str) {
        match self {
            English => ("the folder does not answer", "see whether its disk, or the network to it, works"),
            Russian => ("папка не отвечает", "проверьте, работает ли её диск или сеть до него"),
        }
    }

    /// There is none, and what to do.
    pub fn no_backup(self) -> (&'static str, &'static str) {
        match self {
            English => ("there is none", "make one with systech-aidd backup"),
            Russian => ("нет ни одной", "сделайте её: systech-aidd backup"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::phrases::unready::Unready;

    /// Every sentence of both languages, with a word in the place of whatever others say.
    fn sentences(language: Language) -> Vec<String> {
        let pair = |(found, remedy): (String, String)| [found, remedy];
        let bots = [FormerBot { bot_id: 7, updates: 1, unsent: 2, since: "7" }];
        let stalled = Unready::Stalled { due: 1.0, silent: 2.0 };
        let unready = [
            Unready::Ending,
            Unready::Starting,
            Unready::NoDatabase,
            stalled,
            Unready::NotStored(7),
            Unready::NeverPolled,
            Unready::NotPolled(7),
        ];
        let remedies =
            [IndexRemedy::Dropped, IndexRemedy::Built, IndexRemedy::Mended, IndexRemedy::Foreign("7")];
        let mut all: Vec<String> = unready.map(|why| language.unready(why)).into();
        all.extend(remedies.map(|remedy| language.index_remedy(remedy)));
        all.extend(pair(language.too_old("7", 7)));
        all.extend(pair(language.lacks_rights("7", "7", "7")));
        all.extend(pair(language.former_bots(&bots)));
        let [(no_writes, write), (pending, apply), (foreign, alter)] = [
            language.takes_no_writes("7"),
            language.pending_migrations(7, 7, ""),
            language.pending_migrations(7, 7, "7"),
        ];
        all.extend([no_writes, pending, foreign]);
        let (no_backup, back_up) = language.no_backup();
        let (unseen, see) = language.backups_unseen();
        let fixed = [
            write,
            apply,
            alter,
            no_backup,
            back_up,
            unseen,
            see,
            language.read_server_log(),
            language.no_invalid_index(),
            language.widen_ids(),
            language.start_the_bot(),
            language.no_token(),
            language.no_former_bot(),
            language.no_backup_dir(),
        ];
        all.extend(fixed.map(str::to_owned));
        all.extend([
            language.cannot_be_read("7"),
            language.has_all_rights("7"),
            language.all_applied(7, 0),
            language.all_applied(7, 7),
            language.unknown_migrations("7"),
            language.newer_migrations("7"),
            language.invalid_indexes("7"),
            language.ids_left(7, 7),
            language.waiting(0),
            language.waiting(7),
            language.newest_backup(7),
        ]);
        all
    }

    #[test]
    fn no_sentence_is_half_in_the_other_language() {
        let is_russian =
            |c: char| ('а'..='я').contains(&c.to_ascii_lowercase()) || matches!(c, 'А'..='Я' | 'ё' | 'Ё');
        for sentence in sentences(English) {
            assert!(!sentence.contains(is_russian), "{sentence}");
        }
        // Words of the machine stay as they are: commands, settings, names of files and columns, SQL.
        let of_machine = |word: &str| {
            let known = "systech-aidd migrate up mend backup history discard bot psql docs PostgreSQL Telegram \
                         getUpdates bigint";
            let is_name = |c: char| matches!(c, '_' | '.');
            known.split(' ').any(|known| known == word)
                || word.contains(is_name)
                || word.chars().all(|c| c.is_ascii_uppercase())
        };
        for sentence in sentences(Russian) {
            assert!(sentence.contains(is_russian), "{sentence}");
            let words = sentence.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.')));
            let foreign: Vec<_> = words
                .map(|word| word.trim_matches(['.', '-']))
                .filter(|word| word.contains(|c: char| c.is_ascii_alphabetic()) && !of_machine(word))
                .collect();
            assert_eq!(foreign, Vec::<&str>::new(), "{sentence}");
        }
    }
}

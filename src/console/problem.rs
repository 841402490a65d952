//! Why a request is not answered with what it asked for.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::domain::phrases::Language;
use crate::store::StoreError;

/// Why. [`super::guard`] makes a page of it.
#[derive(Clone, Debug)]
pub(super) enum Problem {
    /// The request came to a name that is not the console's.
    Host,
    /// It was sent by a page of somebody else's, or by one of ours that is over.
    Foreign,
    /// Nobody is logged in.
    LoggedOut,
    /// The link was used, or is over.
    Link,
    /// Nothing can be changed: CONSOLE_READ_ONLY.
    ReadOnly,
    /// What was sent cannot be read.
    Malformed,
    /// There is no such page.
    NotFound,
    /// What is asked for is too much for a page.
    Large,
    /// Other pages are being made.
    Busy,
    /// The database did not answer. Its words are for operators alone: they name its host, its port and its users.
    Database(String),
    /// Something of our own.
    Fault,
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Database(error.to_string())
    }
}

impl Problem {
    /// Why a request was refused that nothing here has a word for: an address or a form that cannot be read.
    pub(super) fn of_status(status: StatusCode) -> Option<Self> {
        match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Some(Self::NotFound),
            status if status.is_client_error() => Some(Self::Malformed),
            status if status.is_server_error() => Some(Self::Fault),
            _ => None,
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Foreign | Self::ReadOnly => StatusCode::FORBIDDEN,
            Self::LoggedOut | Self::Link => StatusCode::UNAUTHORIZED,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Large => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Busy | Self::Database(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What is wrong, in a few words.
    pub(super) fn title(&self, language: Language) -> &'static str {
        self.texts(language).0
    }

    /// What to do about it.
    pub(super) fn remedy(&self, language: Language) -> &'static str {
        self.texts(language).1
    }

    fn texts(&self, language: Language) -> (&'static str, &'static str) {
        let (english, russian) = match self {
            Self::Host => (
                (
                    "This is not the console's name",
                    "Set CONSOLE_URL to the address under which you reach the console.",
                ),
                ("Это не имя консоли", "Укажите в CONSOLE_URL адрес, по которому вы открываете консоль."),
            ),
            Self::Foreign => (
                ("This form is over", "Open the page again and repeat what you did."),
                ("Форма устарела", "Откройте страницу заново и повторите действие."),
            ),
            Self::LoggedOut => (
                (
                    "You are not logged in",
                    "“systech-aidd console” prints a link, and the bot sends an owner one after /console.",
                ),
                (
                    "Вы не вошли",
                    "Ссылку для входа печатает «systech-aidd console», а владельцу её присылает бот по команде /console.",
                ),
            ),
            Self::Link => (
                ("This link is over", "A link works once, for five minutes. Ask for another one."),
                ("Ссылка больше не действует", "Ссылка действует один раз и пять минут. Получите новую."),
            ),
            Self::ReadOnly => (
                ("The console is read-only", "CONSOLE_READ_ONLY is on: nothing can be changed here."),
                ("Консоль только для чтения", "Включено CONSOLE_READ_ONLY: здесь ничего нельзя изменить."),
            ),
            Self::Malformed => (
                ("This request cannot be read", "Open the page again and repeat what you did."),
                ("Запрос не читается", "Откройте страницу заново и повторите действие."),
            ),
            Self::NotFound => (
                ("There is no such page", "What it showed may be deleted."),
                ("Такой страницы нет", "Возможно, то, что она показывала, удалено."),
            ),
            Self::Large => (
                (
                    "This archive is too large for a page",
                    "“systech-aidd history export --files” writes it, however large it is.",
                ),
                (
                    "Этот архив слишком велик для страницы",
                    "Его запишет «systech-aidd history export --files», каким бы большим он ни был.",
                ),
            ),
            Self::Busy => (
                ("The console is busy", "Other pages are being made. Try again in a moment."),
                ("Консоль занята", "Готовятся другие страницы. Попробуйте чуть позже."),
            ),
            Self::Database(_) => (
                (
                    "The database did not answer",
                    "Answers in Telegram do not wait for this page. Try again in a moment.",
                ),
                (
                    "База данных не ответила",
                    "Ответы в Telegram не ждут этой страницы. Попробуйте чуть позже.",
                ),
            ),
            Self::Fault => (
                ("The page could not be made", "The log of the bot may say why."),
                ("Страницу не удалось составить", "Возможно, причина есть в журнале бота."),
            ),
        };
        match language {
            Language::English => english,
            Language::Russian => russian,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

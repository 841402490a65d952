//! Answers of the database that took it long and are good for a while.
//!
//! Nobody waits for figures that are there already: those of more than a minute ago are shown with their age, while newer ones are made
//! behind the page. And whoever comes in finds them made ([`super::pages::Figures`]).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::pg::PgConnection;
use diesel::result::QueryResult;

use super::app::App;
use super::frame::say;
use super::problem::Problem;
use crate::base::failpoints;
use crate::domain::phrases::Language;

/// For so long what is added up over weeks is good. A person who reloads a page, and a page that renews itself, cost the database
/// one look in this time.
const GOOD_FOR: Duration = Duration::from_secs(60);
/// For so long it is shown, with its age.
const SHOWN_FOR: Duration = Duration::from_secs(12 * 3600);

/// Answers by what was asked.
pub(super) struct Kept<K, V>(Mutex<HashMap<K, Answer<V>>>);

struct Answer<V> {
    value: V,
    /// `None`: it is good as long as the process runs.
    made: Option<Instant>,
    /// Somebody asks for a newer one.
    renewing: bool,
}

impl<V> Answer<V> {
    fn age(&self) -> Duration {
        self.made.map_or(Duration::ZERO, |made| made.elapsed())
    }

    fn is_shown(&self) -> bool {
        self.made.is_none() || self.age() < failpoints::wait("figures", SHOWN_FOR)
    }

    fn is_good(&self) -> bool {
        self.made.is_none() || self.age() < failpoints::wait("figures", GOOD_FOR)
    }
}

/// What was answered, and how long ago.
pub(super) struct Lately<V> {
    pub(super) value: V,
    age: Duration,
}

impl<V> Lately<V> {
    /// How old the figures are, for the page.
    pub(super) fn told(&self, language: Language) -> String {
        let minutes = self.age.as_secs() / 60;
        if minutes == 0 {
            return say(language, "The figures are up to a minute old.", "Цифрам не больше минуты.")
                .to_owned();
        }
        match language {
            Language::English => {
                format!("The figures are {minutes} min old. Newer ones are being added up: look again.")
            }
            Language::Russian => format!("Цифрам {minutes} мин. Новые уже считаются: обновите страницу."),
        }
    }
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone + Send + 'static, V: Clone + Send + 'static> Kept<K, V> {
    /// What was answered lately; else it is asked now.
    pub(super) async fn lately(
        self: &Arc<Self>,
        app: &App,
        asked: K,
        look: impl FnMut(&mut PgConnection) -> QueryResult<V> + Send + 'static,
    ) -> Result<Lately<V>, Problem> {
        let (lately, renew) = self.look(&asked);
        let Some(lately) = lately else {
            let value = app.ask(look).await?;
            self.keep(asked, value.clone());
            return Ok(Lately { value, age: Duration::ZERO });
        };
        if renew {
            let (kept, app) = (Arc::clone(self), Arc::clone(app));
            tokio::spawn(async move {
                match app.ask(look).await {
                    Ok(value) => kept.keep(asked, value),
                    Err(_) => kept.give_up(&asked),
                }
            });
        }
        Ok(lately)
    }

    /// Has it asked before somebody looks, unless what is there is good.
    pub(super) async fn ahead(
        &self,
        app: &App,
        asked: K,
        look: impl FnMut(&mut PgConnection) -> QueryResult<V> + Send + 'static,
    ) {
        if self.answers().get(&asked).is_some_and(Answer::is_good) {
            return;
        }
        // What fails here fails where somebody sees it.
        if let Ok(value) = app.ask(look).await {
            self.keep(asked, value);
        }
    }

    /// What may be shown, and whether whoever asks is to have it made anew.
    fn look(&self, asked: &K) -> (Option<Lately<V>>, bool) {
        let mut answers = self.answers();
        let Some(answer) = answers.get_mut(asked).filter(|answer| answer.is_shown()) else {
            return (None, false);
        };
        let renew = !answer.is_good() && !answer.renewing;
        answer.renewing |= renew;
        (Some(Lately { value: answer.value.clone(), age: answer.age() }), renew)
    }

    /// What was answered, if nothing changes it.
    pub(super) fn get(&self, asked: &K) -> Option<V> {
        self.answers().get(asked).filter(|answer| answer.made.is_none()).map(|answer| answer.value.clone())
    }

    /// Keeps an answer for as long as it may be shown; what is too old goes.
    fn keep(&self, asked: K, value: V) {
        self.put(asked, Answer { value, made: Some(Instant::now()), renewing: false });
    }

    /// Keeps an answer that nothing changes any more.
    pub(super) fn keep_for_good(&self, asked: K, value: V) {
        self.put(asked, Answer { value, made: None, renewing: false });
    }

    /// Nothing newer came.
    fn give_up(&self, asked: &K) {
        if let Some(answer) = self.answers().get_mut(asked) {
            answer.renewing = false;
        }
    }

    /// Gives up whatever nobody asks for any more.
    pub(super) fn retain(&self, asked: impl Fn(&K) -> bool) {
        self.answers().retain(|other, _| asked(other));
    }

    fn put(&self, asked: K, answer: Answer<V>) {
        let mut answers = self.answers();
        answers.retain(|_, answer| answer.is_shown());
        answers.insert(asked, answer);
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<K, Answer<V>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_given_as_long_as_it_may_be_shown_and_one_looker_has_it_made_anew() {
        let kept = Kept::default();
        let shown = |asked| {
            let (lately, renew) = kept.look(&asked);
            (lately.map(|lately| lately.value), renew)
        };
        let old =
            |age: Duration| Answer { value: "old", made: Instant::now().checked_sub(age), renewing: false };
        assert_eq!(shown(1), (None, false));
        kept.keep(1, "one");
        kept.keep_for_good(2, "two");
        assert_eq!([1, 2].map(shown), [(Some("one"), false), (Some("two"), false)]);
        assert_eq!([1, 2].map(|asked| kept.get(&asked)), [None, Some("two")]);
        kept.put(3, old(2 * GOOD_FOR));
        // Whoever looks first has a newer one made, until it is there or cannot be had.
        assert_eq!([shown(3), shown(3)], [(Some("old"), true), (Some("old"), false)]);
        kept.give_up(&3);
        assert_eq!(shown(3), (Some("old"), true));
        kept.keep(3, "new");
        assert_eq!(shown(3), (Some("new"), false));
        kept.retain(|asked| *asked != 2);
        assert_eq!(shown(2), (None, false));
    }

    #[test]
    fn a_page_says_how_old_its_figures_are() {
        let told = |seconds, language| Lately { value: (), age: Duration::from_secs(seconds) }.told(language);
        assert_eq!(told(59, Language::English), "The figures are up to a minute old.");
        assert!(told(600, Language::English).starts_with("The figures are 10 min old."));
        assert!(told(600, Language::Russian).starts_with("Цифрам 10 мин."));
    }
}

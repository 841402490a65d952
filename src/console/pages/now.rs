//! What goes on at this moment.

use std::collections::HashMap;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::console::app::App;
use crate::console::frame::{Frame, Page, Section, say};
use crate::console::operator::Operator;
use crate::console::problem::Problem;
use crate::domain::phrases::Language;
use crate::metrics;
use crate::status::Part;
use crate::store::condition;
use crate::store::console::now::{self, Lane, Leader, MOST};

/// How often the figures are fetched anew, in seconds.
const RENEWED: u32 = 5;

#[derive(Template)]
#[template(path = "now.html")]
struct Shown {
    frame: Frame,
    part: &'static str,
    leader: Option<Leader>,
    /// Why the bot is not ready, if it is not.
    trouble: Option<String>,
    totals: Vec<(&'static str, String)>,
    failing: Vec<String>,
    at_work: Vec<AtWork>,
    queues: Vec<(&'static str, Vec<Row>)>,
    /// So many rows are shown at most.
    most: usize,
}

/// A lane with a worker.
struct AtWork {
    place: String,
    name: String,
    age: String,
}

/// A lane in which something waits.
struct Row {
    place: String,
    name: String,
    number: i64,
    age: String,
    tries: i32,
    pause: String,
}

pub(super) fn routes() -> Router<App> {
    Router::new().route("/now", get(show))
}

async fn show(State(app): State<App>, operator: Operator) -> Result<impl IntoResponse, Problem> {
    let (bot_id, language) = (app.settings.bot_id, operator.language);
    let (waiting, unsent, failing, leader) = app
        .ask(move |conn| {
            Ok((
                now::waiting(conn, bot_id)?,
                now::unsent(conn, bot_id)?,
                condition::failing_models(conn, bot_id)?,
                now::leader(conn, bot_id)?,
            ))
        })
        .await?;
    let view = &app.settings.view;
    let names: HashMap<i64, String> =
        waiting.iter().filter_map(|lane| Some((lane.user_id, lane.name.clone()?))).collect();
    let at_work = view.lanes().all().into_iter().map(|(lane, age)| AtWork {
        place: place(lane.user_id, lane.chat_id, lane.thread_id, language),
        name: names.get(&lane.user_id).cloned().unwrap_or_default(),
        age: long(age.as_secs(), language),
    });
    let at_work: Vec<_> = at_work.collect();
    let sum = |lanes: &[Lane]| lanes.iter().map(|lane| lane.waiting).sum::<i64>();
    let oldest = waiting.iter().chain(&unsent).map(|lane| lane.seconds).max().unwrap_or_default();
    let (busy, workers) = metrics::workers();
    let totals = vec![
        (say(language, "Workers busy", "Занято исполнителей"), format!("{busy} / {workers}")),
        (say(language, "Waiting", "Ждут ответа"), sum(&waiting).to_string()),
        (say(language, "Not sent yet", "Ещё не отправлено"), sum(&unsent).to_string()),
        (say(language, "Oldest", "Старейшее"), long(oldest.unsigned_abs(), language)),
    ];
    let row = |lane: Lane| Row {
        place: place(lane.user_id, lane.chat_id, lane.thread_id, language),
        name: lane.name.unwrap_or_default(),
        number: lane.waiting,
        age: long(lane.seconds.unsigned_abs(), language),
        tries: lane.tries,
        pause: lane.pause.map_or(String::new(), |seconds| long(seconds.unsigned_abs(), language)),
    };
    Ok(Page(Shown {
        frame: operator.page(Section::Now).renewed(RENEWED),
        part: part(view.part(), language),
        leader,
        trouble: view.ready().await.err().map(|why| language.unready(why)),
        totals,
        failing,
        at_work,
        queues: vec![
            (say(language, "Waiting", "Ждут ответа"), waiting.into_iter().map(row).collect()),
            (say(language, "Not sent yet", "Ещё не отправлено"), unsent.into_iter().map(row).collect()),
        ],
        most: usize::try_from(MOST).unwrap_or_default(),
    }))
}

fn part(part: Part, language: Language) -> &'static str {
    match part {
        Part::Starting => say(language, "This instance starts.", "Этот экземпляр запускается."),
        Part::Standby => say(
            language,
            "This instance is on standby: another one answers.",
            "Этот экземпляр в резерве: отвечает другой.",
        ),
        Part::Leader => {
            say(language, "This instance leads: it answers.", "Этот экземпляр ведущий: отвечает он.")
        }
    }
}

/// Whose lane it is.
fn place(user: i64, chat: i64, topic: Option<i64>, language: Language) -> String {
    let chat = if chat == user { String::new() } else { format!(" {} {chat}", say(language, "in", "в")) };
    let topic = topic.map(|topic| format!(", {} {topic}", say(language, "topic", "тема")));
    format!("{user}{chat}{}", topic.unwrap_or_default())
}

/// A length of time for people.
fn long(seconds: u64, language: Language) -> String {
    let age = Duration::from_secs(seconds).as_secs();
    let (hours, minutes, seconds) = (age / 3600, age / 60 % 60, age % 60);
    let unit = |english, russian| say(language, english, russian);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} {}", unit("s", "с")),
        (0, _) => format!("{minutes} {} {seconds} {}", unit("min", "мин"), unit("s", "с")),
        _ => format!("{hours} {} {minutes} {}", unit("h", "ч"), unit("min", "мин")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        for (seconds, expected) in
            [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (90_061, "25 h 1 min")]
        {
            assert_eq!(long(seconds, Language::English), expected);
        }
    }
}

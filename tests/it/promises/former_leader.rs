//! A former leader whose clock tells it nothing: the database itself refuses what it writes.

use std::sync::Arc;
use std::time::Duration;

use diesel::pg::PgConnection;
use diesel::result::QueryResult;
use sandbox::env::Operator;
use systech_aidd::base::cancel::CancelToken;
use systech_aidd::base::http::Http;
use systech_aidd::base::secret::Secret;
use systech_aidd::domain::address::Address;
use systech_aidd::domain::alert::Kind;
use systech_aidd::domain::attachment::{self, Attachment};
use systech_aidd::domain::budget::Budgets;
use systech_aidd::domain::document::Refused;
use systech_aidd::domain::lane::{Lane, Moved};
use systech_aidd::domain::replacement::Instead;
use systech_aidd::domain::reply::ReplyPart;
use systech_aidd::domain::sender::Sender;
use systech_aidd::domain::topic::{Begun, Naming};
use systech_aidd::store::attachments::{self, Sent};
use systech_aidd::store::ledger::Calls;
use systech_aidd::store::moved::move_chat;
use systech_aidd::store::outbox::{self, Unsent};
use systech_aidd::store::replace::replace;
use systech_aidd::store::take_in::{self, Batch, Received};
use systech_aidd::store::{
    Store, StoreError, alerts, budget, due, erase, facts, file_words, finish, history, inbox, lease, people,
    topics,
};

const LANE: Lane = Lane { bot_id: 7, chat_id: 1, user_id: 1, thread_id: None };

/// A leader whose clock says for good that it leads.
struct Leader {
    operator: Operator,
    store: Store,
    _runtime: systech_aidd::base::http::RuntimeGuard,
}

fn leader() -> Leader {
    let operator = Operator::up_to_date();
    let url = Secret::new(operator.database.url());
    let (http, runtime) = Http::start().unwrap();
    let leases = Store::new(&url, 1);
    let lease = lease::wait(&leases, LANE.bot_id, false, &http, &CancelToken::new(), || ());
    let store = Arc::new(lease.unwrap()).store(&leases, &url, 2);
    Leader { operator, store, _runtime: runtime }
}

fn oldest(store: &Store) -> Option<Address> {
    store.run(|conn| inbox::oldest(conn, LANE)).unwrap().map(|waiting| waiting.address(LANE))
}

fn receive(store: &Store, update_id: i64) -> Result<(), StoreError> {
    let Lane { bot_id, chat_id, user_id, thread_id } = LANE;
    let message_id = Some(update_id);
    let received = Received {
        bot_id,
        update_id,
        chat_id,
        user_id,
        thread_id,
        kind: "message",
        message_id,
        payload: "{}".to_owned(),
    };
    let batch = Batch { received: vec![received], ..Batch::default() };
    store.run(|conn| take_in::take_in(conn, &batch)).map(drop)
}

fn answer(store: &Store, address: Address) -> Result<Vec<Unsent>, StoreError> {
    let finished = store
        .run(|conn| finish::reply(conn, address, &[], |_, _| Ok(vec![ReplyPart::plain("an answer")])))?;
    Ok(finished.done().unwrap())
}

#[test]
fn once_another_epoch_has_begun_nothing_is_taken_in_finished_or_recorded_by_the_one_before() {
    let Leader { operator, store, _runtime } = leader();
    receive(&store, 1).unwrap();
    let unsent = answer(&store, oldest(&store).unwrap()).unwrap();
    receive(&store, 2).unwrap();
    let waiting = oldest(&store).unwrap();

    operator.psql("UPDATE leases SET epoch = epoch + 1");
    // Its own clock says that it leads.
    assert!(store.leads());
    let rows = "SELECT (SELECT count(*) FROM updates), (SELECT count(*) FROM updates WHERE done_at IS NULL),
                       (SELECT string_agg(state, ' ') FROM reply_parts)";
    let before = operator.psql(rows);
    assert!(matches!(receive(&store, 3), Err(StoreError::LeaseLost)));
    assert!(matches!(answer(&store, waiting), Err(StoreError::LeaseLost)));
    let sent = store.run(|conn| outbox::sent(conn, &unsent[0], 5));
    assert!(matches!(sent, Err(StoreError::LeaseLost)));
    // What is done beside the messages neither.
    operator.psql(
        "INSERT INTO people (bot_id, id, state, asked_at) VALUES (7, 2, 'waiting', now() - interval '8 days'), (7, 9, 'owner', NULL)",
    );
    let part = |text: &str| ReplyPart::plain(text);
    let ended = store.run(|conn| due::end_oldest(conn, LANE.bot_id).map(drop));
    let further =
        store.run(|conn| due::tell_further(conn, LANE.bot_id, &[], |_, _, _| part("more")).map(drop));
    let alert = store.run(|conn| {
        alerts::tell_owners(conn, LANE.bot_id, &[], Kind::Waiting, |_, _| part("wait")).map(drop)
    });
    for written in [ended, further, alert] {
        assert!(matches!(written, Err(StoreError::LeaseLost)), "{written:?}");
    }
    assert_eq!(operator.psql("SELECT count(*), count(told_at) FROM people"), "2|0");
    assert_eq!(operator.psql("SELECT count(*) FROM alerts"), "0");
    assert_eq!(operator.psql(rows), before);

    // A server that was behind when it was promoted may know of an earlier epoch only.
    operator.psql("UPDATE leases SET epoch = epoch - 2");
    assert!(matches!(receive(&store, 3), Err(StoreError::LeaseLost)));
    assert_eq!(operator.psql(rows), before);

    // Another bot's lease is none of this one's business.
    operator.psql("UPDATE leases SET bot_id = 8");
    receive(&store, 3).unwrap();
    answer(&store, waiting).unwrap();
    assert_eq!(store.run(|conn| outbox::sent(conn, &unsent[0], 5)).unwrap(), 1);
}

const FILE: &str = "the file";
const MOVED: Moved = Moved { bot_id: LANE.bot_id, from: LANE.chat_id, to: -9 };
const TOPIC: Lane = Lane { thread_id: Some(3), ..LANE };
const BEGUN: Begun = Begun { chat_id: LANE.chat_id, thread_id: 3, naming: Naming::LeftToBot };

/// All rows that the way of a message writes.
fn rows(operator: &Operator) -> String {
    let tables = [
        "updates",
        "reply_parts",
        "attachments",
        "messages",
        "turns",
        "people",
        "topics",
        "facts",
        "model_calls",
    ];
    let of = |table| {
        format!(
            "SELECT '{table}', coalesce(string_agg(t::text, '; ' ORDER BY t::text), '') FROM {table} AS t"
        )
    };
    operator.psql(&tables.map(of).join(" UNION ALL "))
}

/// Something that a leader writes.
type Step<'a> = &'a dyn Fn(&mut PgConnection) -> QueryResult<()>;

#[test]
fn once_another_epoch_has_begun_each_step_of_the_way_of_a_message_is_refused_and_changes_nothing() {
    let Leader { operator, store, _runtime } = leader();
    receive(&store, 1).unwrap();
    let part = &answer(&store, oldest(&store).unwrap()).unwrap()[0];
    receive(&store, 2).unwrap();
    let address = oldest(&store).unwrap();
    let key = address.key();
    let of_topics =
        |naming| Batch { topics: vec![(LANE.bot_id, Begun { naming, ..BEGUN })], ..Batch::default() };
    store.run(|conn| take_in::take_in(conn, &of_topics(Naming::LeftToBot))).unwrap();
    let fact =
        "INSERT INTO facts (bot_id, chat_id, user_id, content) VALUES (7, 1, 1, 'a fact') RETURNING id";
    let fact: i64 = operator.psql(fact).lines().next().unwrap().parse().unwrap();
    let file = Attachment {
        kind: attachment::Kind::of("voice").unwrap(),
        file_id: FILE.to_owned(),
        unique_id: FILE.to_owned(),
        name: None,
        mime: None,
        bytes: None,
        pixels: None,
        seconds: None,
    };
    let sent = [Sent { key, telegram_message_id: 2, album: None, file: &file, quoted: false }];
    store.run(|conn| attachments::make_known(conn, key, &sent)).unwrap();
    let file = &store.run(|conn| attachments::of_question(conn, LANE, &[key], Vec::new())).unwrap()[0];
    let calls = Calls { address, calls: &[] };
    let second = Duration::from_secs(1);
    let (nothing, moves) = (Sender::default(), Batch { moved: vec![MOVED], ..Batch::default() });
    let named = of_topics(Naming::ByPerson);

    operator.psql("UPDATE leases SET epoch = epoch + 1");
    let before = rows(&operator);
    let steps: [(&str, Step<'_>); 22] = [
        ("topics alone", &|conn| take_in::take_in(conn, &named).map(drop)),
        ("moves alone", &|conn| take_in::take_in(conn, &moves).map(drop)),
        ("attempts", &|conn| inbox::set_attempts(conn, key, 1).map(drop)),
        ("a live message", &|conn| inbox::show_in(conn, key, 5).map(drop)),
        ("a question is put off", &|conn| inbox::put_off(conn, calls, 1, second).map(drop)),
        ("a reservation", &|conn| {
            budget::reserve(conn, key, &Budgets::default(), false, &1.into()).map(drop)
        }),
        ("a part is abandoned", &|conn| outbox::abandon(conn, part).map(drop)),
        ("the parts of a chat", &|conn| outbox::abandon_chat(conn, LANE).map(drop)),
        ("a topic is left", &|conn| outbox::leave_topic(conn, part).map(drop)),
        ("a part is put off", &|conn| outbox::put_off(conn, part, 1, second).map(drop)),
        ("a part is sent", &|conn| outbox::sent(conn, part, 5).map(drop)),
        ("a part is replaced", &|conn| replace(conn, part, Instead::Anew).map(drop)),
        ("a group moves", &|conn| move_chat(conn, MOVED).map(drop)),
        ("files", &|conn| attachments::make_known(conn, key, &sent)),
        ("what is in a file", &|conn| attachments::keep(conn, LANE, file, None, b"content")),
        ("what is said in it", &|conn| attachments::keep_transcript(conn, LANE, file, "words", calls)),
        ("what is written in it", &|conn| file_words::keep(conn, LANE, file, Err(Refused::Scan)).map(drop)),
        ("a topic has its name", &|conn| topics::named(conn, TOPIC).map(drop)),
        ("an owner is met", &|conn| people::meet(conn, LANE, &nothing).map(drop)),
        ("a fact is deleted", &|conn| facts::delete(conn, LANE, fact).map(drop)),
        ("a dialogue is cleared", &|conn| history::clear_before_question(conn, LANE).map(drop)),
        ("an erasure", &|conn| erase::batch(conn, LANE.user_id, Some(LANE.bot_id)).map(drop)),
    ];
    for (what, step) in &steps {
        let written = store.run(step);
        assert!(matches!(written, Err(StoreError::LeaseLost)), "{what}: {written:?}");
    }
    assert_eq!(rows(&operator), before);

    // Whoever leads can take each of them.
    operator.psql("UPDATE leases SET epoch = epoch - 1");
    for (what, step) in &steps {
        store.run(step).unwrap_or_else(|problem| panic!("{what}: {problem}"));
    }
}

#[test]
fn what_is_recorded_as_sent_is_neither_abandoned_nor_put_off_any_more() {
    let Leader { operator, store, _runtime } = leader();
    receive(&store, 1).unwrap();
    let part = &answer(&store, oldest(&store).unwrap()).unwrap()[0];
    store.run(|conn| outbox::sent(conn, part, 5)).unwrap();
    let before = rows(&operator);
    for changed in [
        store.run(|conn| outbox::abandon(conn, part)),
        store.run(|conn| outbox::put_off(conn, part, 1, Duration::from_secs(1))),
        store.run(|conn| outbox::leave_topic(conn, part)),
    ] {
        assert_eq!(changed.unwrap(), 0);
    }
    assert_eq!(rows(&operator), before);
}

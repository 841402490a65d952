//! A former leader whose clock tells it nothing: the database itself refuses what it writes.

use std::sync::Arc;

use sandbox::env::Operator;
use systech_aidd::base::cancel::CancelToken;
use systech_aidd::base::http::Http;
use systech_aidd::base::secret::Secret;
use systech_aidd::domain::address::Address;
use systech_aidd::domain::alert::Kind;
use systech_aidd::domain::lane::Lane;
use systech_aidd::domain::reply::ReplyPart;
use systech_aidd::store::outbox::{self, Unsent};
use systech_aidd::store::take_in::{self, Batch, Received};
use systech_aidd::store::{Store, StoreError, alerts, due, finish, inbox, lease};

const LANE: Lane = Lane { bot_id: 7, chat_id: 1, user_id: 1, thread_id: None };

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
    let operator = Operator::up_to_date();
    let url = Secret::new(operator.database.url());
    let (http, _runtime) = Http::start().unwrap();
    let leases = Store::new(&url, 1);
    let lease = lease::wait(&leases, LANE.bot_id, false, &http, &CancelToken::new(), || ());
    let lease = Arc::new(lease.unwrap());
    let store = lease.store(&leases, &url, 2);
    receive(&store, 1).unwrap();
    let address = |store: &Store| {
        store.run(|conn| inbox::oldest(conn, LANE)).unwrap().map(|waiting| waiting.address(LANE))
    };
    let unsent = answer(&store, address(&store).unwrap()).unwrap();
    receive(&store, 2).unwrap();
    let waiting = address(&store).unwrap();

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

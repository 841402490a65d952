//! The rows of the table: what is promised, and what is done to the promise.

use sandbox::model::Behaviour;
use sandbox::telegram::{Action, Reply};
use systech_aidd::base::failpoints::POINTS;

use crate::fault::{ALWAYS, Fault, Loss, METHODS, Neighbour, SENDS, Way};
use crate::row::{Row, Words};
use crate::told::Meanwhile;

const STORED: Words = (
    "a message is stored before Telegram is told",
    "сообщение сохранено раньше, чем об этом узнает Telegram",
);
const ANSWERED: Words = (
    "what is not answered is answered after the next start",
    "что осталось без ответа, получит его после запуска",
);
const WHOLE: Words = ("an answer is stored as a whole or not at all", "ответ сохраняется целиком или никак");
const PAID: Words = ("what is answered is not paid for twice", "за готовый ответ не платят дважды");
const HEARD: Words = ("what was heard is not paid for twice", "за услышанное не платят дважды");
const SPOKEN: Words =
    ("what is to be spoken never harms what is written", "озвучка никогда не вредит написанному");
const WINDOW: Words = (
    "one repetition for each send under way, no more",
    "не больше одного повтора на каждую начатую отправку",
);
const RECORDED: Words =
    ("what is recorded as sent is not sent again", "отмеченное как отправленное не отправляется снова");
const KILL: Words = ("kill the process at any moment", "процесс можно убить в любой миг");
const DATABASE: Words = ("an outage costs time, not messages", "сбой базы стоит времени, а не сообщений");
const LEADER: Words = (
    "another instance takes over, and two never work at once",
    "другой экземпляр подхватывает работу, и двое не работают сразу",
);
const STRANGERS: Words = (
    "whatever the database loses, nobody reads an answer to somebody else",
    "что бы ни потеряла база, чужой ответ не прочтёт никто",
);
const TELEGRAM: Words =
    ("Telegram's bad day costs time, not messages", "плохой день Telegram стоит времени, а не сообщений");
const MODEL: Words =
    ("everybody gets an answer or one honest sentence", "каждый получит ответ или одну честную фразу");
const TOLD: Words = (
    "an announcement reaches everybody once and holds up no answer",
    "объявление приходит каждому один раз и не задерживает ответы",
);
const CONSOLE: Words = ("the operator's page holds up nobody", "страница оператора никого не задерживает");
const ALL: Words = ("all of it", "всё вместе");

/// All rows, in the order of the table.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = POINTS.iter().map(|point| at_point(point)).collect();
    rows.push(Row {
        times: [15, 200],
        lasts: 0..1,
        pause: 100..1900,
        ..Row::new(KILL, ("kill -9 at random moments", "kill -9 в случайные моменты"), Fault::Kill)
    });
    for (name, action) in [
        (("the answer to a send is reset", "ответ на отправку: сброс соединения"), Action::TakeThenReset),
        (("the answer to a send is cut off", "ответ на отправку: обрыв"), Action::TakeThenClose),
        (("the answer to a send never comes", "ответ на отправку не приходит"), Action::TakeThenHang),
    ] {
        rows.push(Row::new(WINDOW, name, Fault::Calls(SENDS, action, 20)));
    }
    for (name, fault, times, lasts) in [
        // A caller waits four seconds for a connection before the database counts as unreachable.
        (("PostgreSQL stops", "PostgreSQL остановлен"), Fault::PostgresStopped, [1, 5], 5000..8000),
        (("PostgreSQL freezes", "PostgreSQL замер"), Fault::PostgresFrozen, [1, 5], 5000..8000),
        (
            ("connections are terminated all the time", "соединения с базой всё время рвутся"),
            Fault::ConnectionsTerminated,
            [1, 5],
            1000..4000,
        ),
        (
            ("PgBouncer in session mode is killed", "PgBouncer в режиме session убит"),
            Fault::PoolerKilled,
            [1, 5],
            1000..8000,
        ),
        (("the disk is full", "диск полон"), Fault::DiskFull, [1, 1], 1000..4000),
    ] {
        rows.push(Row { times, lasts, ..Row::new(DATABASE, name, fault) });
    }
    rows.push(Row {
        times: [1, 1],
        lasts: 3000..6000,
        ..Row::new(
            STRANGERS,
            (
                "a standby that was behind takes over from a dead server",
                "вместо погибшего сервера работает отставшая реплика",
            ),
            Fault::Failover,
        )
    });
    rows.extend(of_pairs());
    rows.extend(of_pairs_behind());
    let pauses = Action::RetryAfterBetween { least: 1, most: 3, seed: 0 };
    for (name, action, percent) in [
        (("429 with a random pause, every method", "429 со случайной паузой, все методы"), pauses, 20),
        (
            ("the page of a 502, every method", "страница 502, все методы"),
            Action::Refuse(Reply::html(502)),
            30,
        ),
        (("connections are reset, every method", "сброс соединений, все методы"), Action::Reset, 30),
        (("silence, every method", "молчание, все методы"), Action::Hang, 10),
    ] {
        rows.push(Row::new(TELEGRAM, name, Fault::Calls(METHODS, action, percent)));
    }
    rows.push(Row::new(
        TELEGRAM,
        ("409: another program polls", "409: опрашивает ещё одна программа"),
        Fault::SecondPoller,
    ));
    rows.push(Row {
        times: [1, 3],
        lasts: 1000..2000,
        ..Row::new(
            TELEGRAM,
            (
                "a global flood: 40 chats stream at once, 30 calls a second in all",
                "общий поток: 40 чатов сразу, 30 вызовов в секунду на всех",
            ),
            Fault::Flood(30),
        )
    });
    rows.push(Row::new(TELEGRAM, ("Telegram is out", "Telegram недоступен"), Fault::TelegramOut));
    rows.extend(of_the_model());
    rows.push(Row {
        times: [1, 3],
        lasts: 3000..6000,
        ..Row::new(
            CONSOLE,
            ("four look at the console without a pause", "четверо смотрят консоль без остановки"),
            Fault::ConsoleBusy(4),
        )
    });
    rows.extend(of_announcements());
    let name = ("a random mixture, several at once", "случайная смесь, по нескольку сразу");
    rows.push(Row { times: [4, 40], lasts: 500..3000, pause: 500..2000, ..Row::new(ALL, name, mixture()) });
    rows
}

/// The second time each of them comes back.
fn of_pairs() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, fault) in [
        (
            (
                "the primary is killed, its synchronous standby promoted; it comes back",
                "основной сервер убит, синхронная реплика повышена; он возвращается",
            ),
            Fault::PrimaryLost(Loss::Killed),
        ),
        (
            (
                "the primary freezes, its synchronous standby is promoted; it wakes",
                "основной сервер замер, синхронная реплика повышена; он оживает",
            ),
            Fault::PrimaryLost(Loss::Frozen),
        ),
    ] {
        rows.push(Row { times: [2, 2], lasts: 2000..6000, ..Row::new(DATABASE, name, fault) });
    }
    for (name, fault) in [
        (
            ("the leader is killed, the standby takes over", "ведущий убит, его сменяет запасной"),
            Fault::LeaderLost(Loss::Killed),
        ),
        (
            (
                "the leader freezes, the standby takes over; it wakes",
                "ведущий замер, его сменил запасной; он оживает",
            ),
            Fault::LeaderLost(Loss::Frozen),
        ),
    ] {
        let row = Row::new(LEADER, name, fault);
        rows.push(Row { times: [2, 6], lasts: 0..1, pause: 11_500..14_000, ..row });
    }
    rows
}

/// An owner tells many people something, beside the people who ask.
fn of_announcements() -> Vec<Row> {
    let rows = [
        (("an announcement, and kill -9 meanwhile", "объявление, и kill -9 в это время"), Meanwhile::Kill),
        (
            ("an announcement, and 429 with a random pause", "объявление, и 429 со случайной паузой"),
            Meanwhile::Pauses,
        ),
        (
            (
                "an announcement, also to people who have blocked the bot, and a kill -9",
                "объявление, в том числе тем, кто заблокировал бота, и kill -9",
            ),
            Meanwhile::Blocked,
        ),
    ];
    rows.into_iter()
        .map(|(name, meanwhile)| Row {
            times: [1, 3],
            lasts: 0..500,
            ..Row::new(TOLD, name, Fault::Announced(meanwhile))
        })
        .collect()
}

/// The pair is behind one address.
fn of_pairs_behind() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, way) in [
        (
            (
                "the primary behind PgBouncer is killed, its synchronous standby promoted",
                "основной сервер за PgBouncer убит, синхронная реплика повышена",
            ),
            Way::Pooler,
        ),
        (
            (
                "the primary behind HAProxy is killed, its synchronous standby promoted",
                "основной сервер за HAProxy убит, синхронная реплика повышена",
            ),
            Way::Proxy,
        ),
    ] {
        let row = Row::new(DATABASE, name, Fault::PrimaryBehind(way));
        rows.push(Row { times: [1, 1], lasts: 2000..6000, ..row });
    }
    rows
}

/// What needs a network of our own: packets are dropped ([`crate::network`]), and machines vanish ([`crate::machines`]). Whoever is
/// one of a pair is on another machine here.
pub(crate) fn of_a_network() -> Vec<Row> {
    let mut rows = of_pairs();
    for (promise, name, neighbour) in [
        (
            DATABASE,
            ("packets between bot and PostgreSQL are dropped", "пакеты между ботом и PostgreSQL пропадают"),
            Neighbour::Database,
        ),
        (
            MODEL,
            ("packets between bot and model are dropped", "пакеты между ботом и моделью пропадают"),
            Neighbour::Model,
        ),
    ] {
        rows.push(Row {
            times: [1, 3],
            lasts: 5000..8000,
            ..Row::new(promise, name, Fault::Unreached(neighbour))
        });
    }
    let name = (
        "the machine of the primary vanishes, its synchronous standby is promoted; it comes back",
        "машина основного сервера исчезает, синхронная реплика повышена; она возвращается",
    );
    let lost = Fault::PrimaryLost(Loss::Unreached);
    rows.push(Row { times: [2, 2], lasts: 2000..6000, ..Row::new(DATABASE, name, lost) });
    let name = (
        "the leader's machine vanishes, the standby takes over; it comes back",
        "машина ведущего исчезает, его сменил запасной; она возвращается",
    );
    let row = Row::new(LEADER, name, Fault::LeaderLost(Loss::Unreached));
    rows.push(Row { times: [2, 6], lasts: 0..1, pause: 2000..4000, ..row });
    let name = (
        "the machine of leader and primary vanishes, the other one's take over; it comes back",
        "машина ведущего и основного сервера исчезает, другая берёт всё на себя; она возвращается",
    );
    rows.push(Row { times: [2, 2], lasts: 2000..6000, ..Row::new(LEADER, name, Fault::MachineLost) });
    let name = (
        "the disk of leader and primary is full, the synchronous standby is promoted; it comes back",
        "диск ведущего и основного сервера полон, синхронная реплика повышена; он возвращается",
    );
    rows.push(Row { times: [2, 2], lasts: 2000..6000, ..Row::new(DATABASE, name, Fault::MachineFull) });
    rows
}

fn of_the_model() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, behaviour) in [
        (("the model stalls", "модель молчит"), Behaviour::stall()),
        (
            ("the model stalls in mid-answer", "модель замолкает посреди ответа"),
            Behaviour::answer().stall_after(3),
        ),
        (("the answer is cut off", "ответ модели обрывается"), Behaviour::answer().cut_after(3)),
        (
            ("the model errs in mid-answer", "ошибка модели посреди ответа"),
            Behaviour::answer().error_after(3, 502, "overloaded"),
        ),
        (("the answer is empty", "ответ модели пуст"), Behaviour::text("")),
        (
            ("the answer is garbage", "вместо ответа модели мусор"),
            Behaviour::http(200, "text/event-stream", b"data: {\xff\xfe\0\n\n"),
        ),
    ] {
        rows.push(Row::new(MODEL, name, Fault::Answers(behaviour, 30)));
    }
    for (name, behaviour) in [
        (
            ("recordings are refused for now (503)", "записи пока не принимают (503)"),
            Behaviour::status(503, "busy"),
        ),
        (("recordings are not listened to in time", "записи не слушают вовремя"), Behaviour::stall()),
    ] {
        rows.push(Row::new(HEARD, name, Fault::Heard(behaviour, 30)));
    }
    for (name, behaviour) in [
        (("speech is refused for now (503)", "озвучить пока нельзя (503)"), Behaviour::status(503, "busy")),
        (("speech does not come in time", "озвучка не приходит вовремя"), Behaviour::stall()),
        (("no sound comes", "вместо звука приходит не звук"), Behaviour::html(200)),
    ] {
        rows.push(Row::new(SPOKEN, name, Fault::Spoken(behaviour, 50)));
    }
    rows.push(Row::new(MODEL, ("the model is out", "модель недоступна"), Fault::ModelOut));
    rows.push(Row {
        lasts: 2000..4000,
        ..Row::new(
            MODEL,
            (
                "the first of two models is out, and a kill -9 meanwhile",
                "первая из двух моделей недоступна, и kill -9 в это время",
            ),
            Fault::FirstModelOut,
        )
    });
    rows
}

fn at_point(point: &'static str) -> Row {
    let promise = match point {
        "received" => STORED,
        "inserted" | "fetched" | "extracted" | "prepared" | "answering" | "shown" | "generated" => ANSWERED,
        "heard" => HEARD,
        "spoken" => SPOKEN,
        "finishing" => WHOLE,
        "finished" | "sending" => PAID,
        "taken" => WINDOW,
        "recorded" => RECORDED,
        _ => KILL,
    };
    Row {
        name: (format!("kill -9 at the point {point}"), format!("kill -9 в точке {point}")),
        times: [3, 20],
        lasts: 0..1,
        pause: 500..1500,
        ..Row::new(promise, ("", ""), Fault::KillAt(point))
    }
}

/// Lists of which at least two are at work at once; they end in this order.
fn mixture() -> Fault {
    Fault::Mixture(vec![
        vec![Fault::PostgresStopped, Fault::PostgresFrozen, Fault::ConnectionsTerminated],
        vec![Fault::Kill],
        vec![
            Fault::Answers(Behaviour::stall(), 20),
            Fault::Answers(Behaviour::answer().cut_after(3), 30),
            Fault::ModelOut,
        ],
        vec![
            Fault::TelegramOut,
            Fault::SecondPoller,
            Fault::Calls(SENDS, Action::TakeThenReset, 20),
            Fault::Calls(SENDS, Action::TakeThenHang, 20),
            Fault::Calls(ALWAYS, Action::Reset, 30),
            Fault::Calls(ALWAYS, Action::RetryAfterBetween { least: 1, most: 2, seed: 0 }, 20),
            Fault::Calls(ALWAYS, Action::Refuse(Reply::html(502)), 30),
        ],
    ])
}

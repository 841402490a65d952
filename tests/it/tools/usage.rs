//! `systech-aidd usage`: what the calls of models cost.

use sandbox::env::Operator;

const CALLS: &str = "
    INSERT INTO model_calls (bot_id, user_id, chat_id, purpose, endpoint, model, outcome, failure, prompt_tokens, cached_tokens,
                             completion_tokens, cost, cost_source, duration_ms, called_at) VALUES
        (9, 1, 1, 'answer', 'a.example', 'large', 'answered', NULL, 100, 60, 20, 1.25, 'endpoint', 900, '2026-01-01 10:00'),
        (9, 1, 1, 'answer', 'a.example', 'small', 'failed', 'unreachable', NULL, NULL, NULL, NULL, NULL, 5, '2026-01-01 11:00'),
        (9, 2, -7, 'answer', 'a.example', 'small', 'cut', NULL, 50, 0, 30, 0.0004, 'endpoint', 70, '2026-01-02 10:00'),
        (9, NULL, NULL, 'answer', 'a.example', 'large', 'stopped', NULL, 10, NULL, 1, 0.25, 'price', 70, '2026-01-03 10:00');";

#[test]
fn usage_is_a_table_with_bars_and_a_total() {
    let operator = Operator::up_to_date();
    operator.run(&["usage"]).fails_with(3);
    operator.psql(CALLS);
    let bar = |length| "█".repeat(length);
    let expected = [
        "             calls  failed      tokens     US dollars  unknown".to_owned(),
        format!("2026-01-01       2       1         120           1.25        1  {}", bar(30)),
        "2026-01-02       1       0          80        0.00040        0".to_owned(),
        format!("2026-01-03       1       0          11           0.25        0  {}", bar(6)),
        "total            4       1         211           1.50        1".to_owned(),
    ];
    assert_eq!(operator.run(&["usage"]).ok().lines().collect::<Vec<_>>(), expected);
    let of_models = operator.run(&["usage", "--by", "model"]).ok();
    let first: Vec<_> = of_models.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(first, ["calls", "large", "small", "total"], "the dearest first");
    let people = operator.run(&["usage", "--by", "person", "--csv"]).ok();
    assert_eq!(
        people,
        "key,calls,failed,prompt_tokens,cached_tokens,completion_tokens,cost,unknown\n\
         1,2,1,100,60,20,1.25,1\n\
         erased,1,0,10,0,1,0.25,0\n\
         2,1,0,50,0,30,0.0004,0\n"
    );
}

#[test]
fn no_cell_of_usage_is_a_formula() {
    let operator = Operator::up_to_date();
    operator.psql(CALLS);
    operator.psql(
        "UPDATE model_calls SET model = '=HYPERLINK(1)' WHERE model = 'large';
         UPDATE model_calls SET user_id = -1001 WHERE user_id = 2;",
    );
    let keys = |by: &str| {
        let csv = operator.run(&["usage", "--by", by, "--csv"]).ok();
        let keys = csv.lines().skip(1).map(|line| line.split(',').next().unwrap_or_default().to_owned());
        keys.collect::<Vec<_>>()
    };
    assert_eq!(keys("model"), ["'=HYPERLINK(1)", "small"]);
    assert_eq!(keys("person"), ["1", "erased", "-1001"], "an id is a number");
    let json = operator.run(&["usage", "--by", "model", "--json"]).ok();
    assert!(json.contains("\"key\":\"=HYPERLINK(1)\""), "{json}");
}

#[test]
fn usage_of_a_time_is_one_json_object_per_line() {
    let operator = Operator::up_to_date();
    operator.psql(CALLS);
    let lines = operator
        .run(&["usage", "--json", "--since", "2026-01-02", "--until", "2026-01-03", "--by", "purpose"])
        .ok();
    assert_eq!(
        lines,
        "{\"key\":\"answer\",\"calls\":1,\"failed\":0,\"prompt_tokens\":50,\"cached_tokens\":0,\
         \"completion_tokens\":30,\"cost\":0.0004,\"unknown\":0}\n"
    );
    operator.run(&["usage", "--json", "--csv"]).fails_with(2);
    let refused = operator.run(&["usage", "--since", "someday"]).fails_with(1);
    assert!(refused.contains("--since"), "{refused}");
}

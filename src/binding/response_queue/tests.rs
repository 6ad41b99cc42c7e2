use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::error::{Code, ErrorKind};
use crate::model::Item;

/// Creates a queue and a counter of its wake-ups.
fn queue() -> (Arc<ResponseQueue>, Arc<AtomicUsize>) {
    let wakes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&wakes);
    let wake = move || {
        counted.fetch_add(1, Ordering::SeqCst);
    };
    (ResponseQueue::new(Box::new(wake), Generation::default()), wakes)
}

/// Takes the next text and returns its elements.
fn take(queue: &ResponseQueue) -> Vec<Value> {
    serde_json::from_str(&queue.take().unwrap()).unwrap()
}

/// Takes all texts and returns their answers.
fn take_answers(queue: &ResponseQueue) -> Vec<Value> {
    let mut answers = Vec::new();
    loop {
        let text = take(queue);
        answers.extend_from_slice(&text[3..]);
        if text[0] == 0 {
            assert_eq!(queue.take(), None);
            return answers;
        }
    }
}

fn cached(json: impl Into<Arc<str>>, revision: u64) -> Cached {
    Cached { item: Item { version: 1.0, deleted: false, json: json.into() }, revision }
}

fn answer<T>(value: T) -> Answer<T> {
    Answer { value, until: 1_015_000.0, generation: 7, stale: false }
}

/// Creates an answer with the whole collection: `count` items of `size` bytes each.
fn whole(count: usize, size: usize) -> Answer<Changes> {
    let json: Arc<str> = Value::from("x".repeat(size - 2)).to_string().into();
    let items = (0..count).map(|number| (number.to_string().into(), cached(json.clone(), 1)));
    answer(Changes { state: 5, base: None, changed: items.collect(), removed: Vec::new() })
}

#[test]
fn javascript_is_woken_once_and_again_after_it_took_the_answers() {
    let (queue, wakes) = queue();
    assert_eq!(queue.take(), None);
    for round in 1..=3 {
        for id in 1..=100 {
            queue.done(id);
        }
        assert_eq!(wakes.load(Ordering::SeqCst), round);
        assert_eq!(take_answers(&queue), (1..=100).map(|id| json!([id])).collect::<Vec<_>>());
    }
}

#[test]
fn nobody_is_woken_once_it_is_closed() {
    let (queue, wakes) = queue();
    queue.close();
    assert_eq!(Arc::strong_count(&wakes), 1, "it is kept");
    queue.done(1);
    assert_eq!(wakes.load(Ordering::SeqCst), 0);
}

#[test]
fn javascript_is_not_woken_while_more_is_waiting() {
    let (queue, wakes) = queue();
    queue.all(1, Form::Json, &whole(100, 10_000), &SentAhead::new());
    assert_eq!(take(&queue)[0], 1);
    queue.done(2);
    assert_eq!(wakes.load(Ordering::SeqCst), 1);
    take_answers(&queue);
    queue.done(3);
    assert_eq!(wakes.load(Ordering::SeqCst), 2);
}

#[test]
fn a_text_has_the_log_lines_before_the_answers() {
    let (queue, _) = queue();
    queue.done(1);
    queue.log(Line::error(ErrorKind::Throttled, "the \"first\"\n\u{2028}"));
    queue.log(Line::warn(Code::Recovered, "the second"));
    let lines = json!([
        "",
        ["error", "THROTTLED", r#"the "first"\n\u{2028}"#],
        ["warn", "RECOVERED", "the second"],
    ]);
    assert_eq!(take(&queue), [json!(0), json!(0), lines, json!([1])]);
    queue.done(2);
    assert_eq!(queue.take().unwrap(), "[0,0,0,[2]]");
}

#[test]
fn a_text_has_the_location_when_it_is_new_and_with_each_line() {
    let (queue, wakes) = queue();
    let location = |region: &str| Location {
        region: Some(region.to_owned()),
        endpoint: Some("http://localhost:1".to_owned()),
    };
    queue.locate(&location("r"));
    assert_eq!(queue.location(), " in r at http://localhost:1");
    queue.done(1);
    assert_eq!(take(&queue)[2], json!(0), "JavaScript has asked for it");
    queue.locate(&location("s"));
    assert_eq!((queue.take(), wakes.load(Ordering::SeqCst)), (None, 1));
    queue.done(2);
    assert_eq!(take(&queue)[2], json!([" in s at http://localhost:1"]));
    queue.log(Line::request("GetItem"));
    let line = json!(["request", "REQUEST", "GetItem"]);
    assert_eq!(take(&queue)[2], json!([" in s at http://localhost:1", line]));
}

#[test]
fn an_item_has_its_metadata_and_no_text_if_javascript_has_it() {
    let held = answer(Some(cached(r#"{"key":"k"}"#, 5)));
    assert_eq!(item_text(1, 0, Form::Json, &held), r#"[1,1015000,7,0,5,{"key":"k"}]"#);
    assert_eq!(item_text(1, 4, Form::Json, &held), r#"[1,1015000,7,0,5,{"key":"k"}]"#);
    assert_eq!(item_text(1, 5, Form::Json, &held), "[1,1015000,7,0,5]");
    let stale = Answer { stale: true, until: 0.0, ..held };
    assert_eq!(item_text(1, 5, Form::Json, &stale), "[1,0,7,1,5]");
    let unheld = answer(Some(cached(r#"{"key":"k"}"#, 0)));
    assert_eq!(item_text(1, 0, Form::Json, &unheld), r#"[1,1015000,7,0,0,{"key":"k"}]"#);
    for held in [0, 5] {
        assert_eq!(item_text(1, held, Form::Json, &answer(None)), "[1,1015000,7,0,0,null]");
    }
}

#[test]
fn items_come_as_text_where_that_is_wanted() {
    let json = r#"{"key":"\"k\n","null":null}"#;
    let found = answer(Some(cached(json, 5)));
    let texts = [item_text(1, 0, Form::Text, &found), item_text(1, 5, Form::Text, &found)];
    let values = texts.map(|text| serde_json::from_str::<Value>(&text).unwrap());
    assert_eq!(values[0][5], json);
    assert_eq!(values[1].as_array().unwrap().len(), 5);
    assert_eq!(item_text(1, 0, Form::Text, &answer(None)), "[1,1015000,7,0,0,null]");
    let (queue, _) = queue();
    let changed = vec![("a".into(), cached(json, 3)), ("b".into(), cached("{}", 4))];
    let changes = Changes { state: 6, base: None, changed, removed: Vec::new() };
    queue.all(1, Form::Text, &answer(changes), &SentAhead::new());
    assert_eq!(take_answers(&queue)[1], json!([1, 1, ["a", 3, json, "b", 4, "{}"]]));
}

#[test]
fn an_endless_time_is_a_number_that_javascript_reads_as_infinity() {
    let endless = Answer { until: f64::INFINITY, ..answer(None) };
    assert_eq!(item_text(1, 0, Form::Json, &endless), "[1,1e999,7,0,0,null]");
    let (queue, _) = queue();
    queue.initialized(1, &Answer { until: f64::INFINITY, ..answer(true) });
    queue.initialized(2, &answer(false));
    assert_eq!(queue.take().unwrap(), "[0,0,0,[1,1,1e999],[2,0,1015000]]");
}

#[test]
fn a_failure_comes_as_its_code() {
    let (queue, _) = queue();
    queue.failed(1, &Error::new(ErrorKind::AccessDenied, "no"));
    assert_eq!(take_answers(&queue), [json!([1, "ACCESS_DENIED"])]);
}

#[test]
fn a_value_is_sent_and_a_failure_as_code_and_message() {
    let (queue, _) = queue();
    queue.value(1, Ok(json!({"a.g1": true})));
    queue.value(2, Err(Error::new(ErrorKind::Closed, "\"closed\"")));
    let expected = [json!([1, 0, {"a.g1": true}]), json!([2, "CLOSED", "\"closed\""])];
    assert_eq!(take_answers(&queue), expected);
}

#[test]
fn what_was_sent_ahead_is_not_sent_again() {
    let (queue, _) = queue();
    let mut sent = SentAhead::new();
    let [a, b] = [("a".into(), cached("{}", 3)), ("b".into(), cached("[]", 4))];
    queue.send_ahead(1, Form::Json, &[a.clone(), b], &mut sent);
    let changed = vec![a, ("b".into(), cached("[1]", 5)), ("c".into(), cached("2", 6))];
    let changes = Changes { state: 7, base: None, changed, removed: Vec::new() };
    queue.all(1, Form::Json, &answer(changes), &sent);
    assert_eq!(
        take_answers(&queue),
        [
            json!([1, 3, ["a", 3, {}, "b", 4, []]]),
            json!([1, 0, 1_015_000, 7, 0, 7, 0, []]),
            json!([1, 1, ["a", 3, 0, "b", 5, [1], "c", 6, 2]]),
            json!([1, 2]),
        ]
    );
}

#[test]
fn all_items_come_as_a_change_of_a_state() {
    let (queue, _) = queue();
    let changed = vec![("a".into(), cached("{}", 3)), ("b".into(), cached("[]", 4))];
    let changes =
        Changes { state: 6, base: Some(5), changed, removed: vec!["c".into(), "\"".into()] };
    queue.all(1, Form::Json, &answer(changes), &SentAhead::new());
    let nothing = Changes { state: 6, base: Some(6), changed: Vec::new(), removed: Vec::new() };
    queue.all(2, Form::Json, &Answer { stale: true, ..answer(nothing) }, &SentAhead::new());
    assert_eq!(
        take_answers(&queue),
        [
            json!([1, 0, 1_015_000, 7, 0, 6, 5, ["c", "\""]]),
            json!([1, 1, ["a", 3, {}, "b", 4, []]]),
            json!([1, 2]),
            json!([2, 0, 1_015_000, 7, 1, 6, 6, []]),
            json!([2, 2]),
        ]
    );
}

#[test]
fn long_answers_are_cut_and_one_text_has_not_too_much() {
    let (queue, wakes) = queue();
    for id in [1, 2] {
        queue.all(id, Form::Json, &whole(1_000, 1_000), &SentAhead::new());
    }
    let (mut texts, mut items) = (0, 0);
    while let Some(text) = queue.take() {
        texts += 1;
        assert!(text.len() < PARTS_TEXT + 1_000, "{} bytes", text.len());
        let text: Vec<Value> = serde_json::from_str(&text).unwrap();
        let parts = text[3..].iter().filter(|part| part[1] == 1);
        items += parts.map(|part| part[2].as_array().unwrap().len() / 3).sum::<usize>();
        assert_eq!(text[0] == 0, items == 2_000);
    }
    let few = 2_000_000 / PARTS_TEXT..=2_000_000 / PART_TEXT + 2;
    assert!(few.contains(&texts), "{texts} texts for two megabytes");
    assert_eq!((items, wakes.load(Ordering::SeqCst)), (2_000, 1));
}

#[test]
fn many_answers_that_are_long_together_come_in_order_and_not_all_at_once() {
    let (queue, _) = queue();
    let item =
        answer(Some(cached(Value::from("x".repeat(ANSWERS_TEXT / 2 - 1_000)).to_string(), 1)));
    for id in 0..10 {
        queue.item(id, 0, Form::Json, &item);
    }
    let first = take(&queue);
    assert_eq!((first[0].clone(), first.len()), (json!(1), 3 + 2));
    let ids: Vec<_> = take_answers(&queue).iter().map(|answer| answer[0].as_u64()).collect();
    assert_eq!(ids, (2..10).map(Some).collect::<Vec<_>>());
}

#[test]
fn an_item_over_all_bounds_comes_whole() {
    let (queue, _) = queue();
    queue.all(1, Form::Json, &whole(3, 400_000), &SentAhead::new());
    queue.item(
        2,
        0,
        Form::Json,
        &answer(Some(cached(Value::from("y".repeat(400_000)).to_string(), 1))),
    );
    let answers = take_answers(&queue);
    let part = |answer: &Value| answer[1] == 1 && answer[2].as_array().unwrap().len() == 3;
    assert_eq!(answers.iter().filter(|answer| part(answer)).count(), 3);
    let long =
        answers.iter().filter(|answer| answer[5].as_str().is_some_and(|y| y.len() == 400_000));
    assert_eq!(long.count(), 1);
}

#[test]
fn short_answers_go_before_what_is_left_of_long_ones() {
    let (queue, _) = queue();
    queue.all(1, Form::Json, &whole(1_000, 1_000), &SentAhead::new());
    assert_eq!(take(&queue)[3][0], 1);
    queue.done(2);
    assert_eq!(take(&queue)[3], json!([2]));
}

#[test]
fn a_long_answer_goes_on_however_much_text_short_ones_have() {
    let (queue, _) = queue();
    queue.all(1, Form::Json, &whole(1_000, 1_000), &SentAhead::new());
    let item = answer(Some(cached(Value::from("x".repeat(ANSWERS_TEXT)).to_string(), 1)));
    for id in 2..6 {
        queue.item(id, 0, Form::Json, &item);
        let ids: Vec<_> = take(&queue)[3..].iter().map(|answer| answer[0].clone()).collect();
        assert_eq!(ids[..2], [json!(id), json!(1)]);
    }
}

/// Generates keys that are special in JSON, in JavaScript or in both.
fn key() -> impl Strategy<Value = String> {
    let odd = ["", "__proto__", "constructor", "\"", "\\", "\u{2028}", "\u{0}", "0", "𝄞", "]"];
    prop_oneof![any::<String>(), prop::sample::select(odd.to_vec()).prop_map(str::to_owned)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_text_is_json_that_yields_the_items(
        keys in prop::collection::vec((key(), key(), 0..5_000usize), 0..30),
        removed in prop::collection::vec(key(), 0..5),
    ) {
        let (queue, _) = queue();
        let item = |key: &str, text: &str, size| json!({key: text, "x": "x".repeat(size)});
        let mut expected = Vec::new();
        let mut changed = Vec::new();
        for (revision, (key, text, size)) in (1..).zip(&keys) {
            let item = item(key, text, *size);
            let held = cached(item.to_string(), revision);
            queue.item(revision as u32, 0, Form::Json, &answer(Some(held.clone())));
            changed.push((key.as_str().into(), held));
            expected.extend([json!(key), json!(revision), item]);
        }
        let removed_keys = removed.iter().map(|key| key.as_str().into()).collect();
        queue.all(0, Form::Json, &answer(Changes { state: 5, base: Some(4), changed, removed: removed_keys }), &SentAhead::new());
        let (mut parts, mut items) = (Vec::new(), Vec::new());
        for answer in take_answers(&queue) {
            match (answer[0].as_u64().unwrap(), answer[1].as_u64().unwrap()) {
                (0, 0) => prop_assert_eq!(&answer[7], &json!(removed)),
                (0, 1) => parts.extend(answer[2].as_array().unwrap().clone()),
                (0, 2) => {}
                (id, _) => items.extend([
                    json!(keys[id as usize - 1].0),
                    answer[4].clone(),
                    answer[5].clone(),
                ]),
            }
        }
        prop_assert_eq!(&parts, &expected);
        prop_assert_eq!(&items, &expected);
    }
}

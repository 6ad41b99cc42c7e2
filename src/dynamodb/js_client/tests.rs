use std::sync::Mutex;

use super::*;
use crate::log::Line;
use crate::model::ItemAttribute;

/// Creates a table whose client returns this answer. Also returns the requests that the client
/// gets.
fn client(answer: Option<&str>) -> (JsClient, Arc<Mutex<Vec<Value>>>, Arc<Stats>) {
    let answer = answer.map(str::to_owned);
    let requests = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&requests);
    let call: CallClient = Arc::new(move |request: String| {
        recorded.lock().unwrap().push(serde_json::from_str(&request).unwrap());
        match &answer {
            Some(answer) if answer == "hang" => futures_util::future::pending().boxed(),
            answer => std::future::ready(answer.clone()).boxed(),
        }
    });
    let stats = Arc::new(Stats::default());
    let client = JsClient::new(&Config::new("flags"), call, Arc::new(NoLog), Arc::clone(&stats));
    (client, requests, stats)
}

struct NoLog;

impl Log for NoLog {
    fn log(&self, _line: Line) {}
}

const READING: Reading = Reading { consistent: false, for_write: false };

fn row() -> RowKey {
    RowKey::new("features", "k")
}

#[tokio::test]
async fn a_row_is_read_whatever_its_attributes_are() {
    let stored = |item, version, deleted| StoredRow { key: row(), version, item, deleted };
    for (answer, expected) in [
        (r#"{"row":null}"#, None),
        (
            r#"{"row":{"key":["features","k"],"version":2,"item":"{}"},"units":0.5}"#,
            Some(stored(ItemAttribute::Text("{}".into()), Some(2.0), false)),
        ),
        (
            r#"{"row":{"key":["features","k"],"item":{"type":"B"},"deleted":true}}"#,
            Some(stored(ItemAttribute::Binary, None, true)),
        ),
        (
            r#"{"row":{"key":["features","k"],"item":{"type":"SS"}}}"#,
            Some(stored(ItemAttribute::Other("unknown"), None, false)),
        ),
    ] {
        let (client, requests, stats) = client(Some(answer));
        assert_eq!(Table::get(&client, &row(), READING).await.unwrap(), expected);
        assert_eq!(requests.lock().unwrap()[0]["operation"], "GetItem");
        assert_eq!((stats.requests.get.get(), stats.errors.get()), (1, 0));
    }
}

#[tokio::test]
async fn rows_of_big_segments_are_requested_as_such() {
    let answer = r#"{"row":{"key":["features","k"],"synchronizedOn":5,"included":["a.g1"],"excluded":"b.g1"}}"#;
    let (client, requests, _) = client(Some(answer));
    let found = BigSegmentTable::get(&client, &row(), true).await.unwrap().unwrap();
    assert_eq!((found.synchronized_on, found.excluded.len()), (Some(5.0), 0));
    assert_eq!(found.included, ["a.g1"]);
    assert_eq!(requests.lock().unwrap()[0]["bigSegments"], true);
}

#[tokio::test]
async fn what_makes_no_sense_is_a_failure_that_passes() {
    for answer in ["", "null", "{}", "[1]", r#"{"row":1}"#, r#"{"row":{"key":["features"]}}"#] {
        let (client, _, stats) = client(Some(answer));
        let failure = Table::get(&client, &row(), READING).await.unwrap_err();
        assert!(failure.is_retryable() && failure.message().contains("answer"), "{answer}");
        assert_eq!(stats.errors.get(), 1);
    }
    let (client, ..) = client(Some(r#"{"rows":[{"key":["features","k"]},5],"next":null}"#));
    assert!(client.query("features", READING, None).await.is_err());
}

#[tokio::test]
async fn answers_about_something_else_are_refused() {
    let other = r#"{"row":{"key":["features","l"],"version":1,"item":"{}"}}"#;
    let failure = Table::get(&client(Some(other)).0, &row(), READING).await.unwrap_err();
    assert!(failure.is_retryable() && failure.message().contains("another row"));
    assert!(BigSegmentTable::get(&client(Some(other)).0, &row(), true).await.is_err());
    let item = Item::tombstone("k", 3.0);
    let (newer, ..) = client(Some(r#"{"newer":{"key":["features","l"]}}"#));
    assert!(newer.put_if_newer(&row(), &item, None).await.unwrap_err().is_retryable());
    for page in [
        r#"{"rows":[{"key":["segments","k"]}],"next":null}"#,
        r#"{"rows":[],"next":["segments","l"]}"#,
        r#"{"rows":[],"next":["features","k"]}"#,
    ] {
        let (client, ..) = client(Some(page));
        assert!(client.query("features", READING, Some(row())).await.is_err(), "{page}");
    }
    let (batch, ..) = client(Some(r#"{"unprocessed":[["features","l"]]}"#));
    assert!(batch.batch_write(vec![Write::Delete(row())]).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_answers_ends_in_time() {
    let (client, ..) = client(Some("hang"));
    let failure = Table::get(&client, &row(), READING).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::TimedOut);
    assert!(client.batch_write(vec![Write::Delete(row())]).await.is_err());
}

#[tokio::test]
async fn failures_are_distinguished() {
    use ErrorKind::{NoCredentials, Refused, TableNotFound, Throttled, TimedOut, Unavailable};
    for (name, status, expected) in [
        ("ResourceNotFoundException", "400", TableNotFound),
        ("ProvisionedThroughputExceededException", "400", Throttled),
        ("SlowDown", "429", Throttled),
        ("ValidationException", "400", Refused),
        ("UnknownError", "502", Unavailable),
        ("SyntaxError", "200", Unavailable),
        ("CredentialsProviderError", "null", NoCredentials),
        ("TimeoutError", "null", TimedOut),
        ("TypeError", "null", Unavailable),
        ("NotSent", "null", Refused),
    ] {
        let text = format!(r#"{{"failure":{{"name":"{name}","message":"no","status":{status}}}}}"#);
        let (client, _, stats) = client(Some(&text));
        let failure = client.query("features", READING, None).await.unwrap_err();
        assert_eq!(failure.kind, expected, "{name}");
        assert_eq!(stats.throttles.get(), u64::from(expected == Throttled));
    }
    let (client, ..) = client(None);
    assert_eq!(Table::get(&client, &row(), READING).await.unwrap_err().kind, Unavailable);
}

#[tokio::test]
async fn writes_are_sent_whole_and_what_is_left_is_found_again() {
    let item = Item::tombstone("k", 3.0);
    let (stored, requests, _) = client(Some("{}"));
    assert_eq!(stored.put_if_newer(&row(), &item, None).await.unwrap(), PutOutcome::Stored);
    let request = requests.lock().unwrap()[0].clone();
    assert_eq!(request["row"]["item"], &*item.json);
    assert_eq!(
        (request["row"]["version"].as_f64(), &request["unchanged"]),
        (Some(3.0), &Value::Null)
    );
    let (newer, ..) = client(Some(r#"{"newer":null}"#));
    assert_eq!(newer.put_if_newer(&row(), &item, None).await.unwrap(), PutOutcome::Newer(None));

    let (batch, requests, _) = client(Some(r#"{"unprocessed":[["features","l"]]}"#));
    let other = RowKey::new("features", "l");
    let writes = vec![
        Write::Put(row(), item),
        Write::Delete(other.clone()),
        Write::PutMarker(RowKey::new("$inited", "$inited")),
    ];
    assert_eq!(batch.batch_write(writes).await.unwrap(), [Write::Delete(other)]);
    let request = requests.lock().unwrap()[0].clone();
    assert_eq!(request["puts"].as_array().unwrap().len(), 2);
    assert_eq!(request["deletes"], json!([["features", "l"]]));
}

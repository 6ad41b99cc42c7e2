//! DynamoDB through a client that the caller gave.
//!
//! Each request goes to JavaScript as JSON text, and its answer comes back so. A row is
//! `{"key": [namespace, key], "version", "item", "deleted"}`; its `item` is the text, or
//! `{"type": …}` for an attribute of another type.
//!
//! | request | answer |
//! | --- | --- |
//! | `{"operation": "GetItem", "table", "key", "consistent"}` | `{"row"}`, `null` for none |
//! | the same with `"bigSegments": true` | `{"row": {"key", "synchronizedOn", "included", "excluded"}}`, likewise; the last three where they are there |
//! | `{"operation": "Query", "table", "namespace", "consistent", "start"}` | `{"rows", "next"}` |
//! | `{"operation": "PutItem", "table", "row", "condition", "unchanged"}` | `{}`, or `{"newer": row}` where the condition does not hold, with `null` for a row that the client does not tell |
//! | `{"operation": "BatchWriteItem", "table", "puts": [row], "deletes": [key]}` | `{"unprocessed": [key]}` |
//! | each of them | `{"failure": {"name", "message", "status"}}` |
//!
//! Requests have the `time` besides, in milliseconds, after which nobody waits for the answer any more.
//! Answers have the `units` that were consumed besides, where DynamoDB tells them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::answers::{check_page, check_put, check_row, writes_left};
use super::client::{UNLESS_NEWER, UNLESS_NEWER_OR_CHANGED, attempt_of_write};
use super::failure::{foreign_answer, told_by_client};
use super::{DynamoDb, Page, PutOutcome, Reading, Write};
use crate::backoff::no_answer;
use crate::big_segments::{BigSegmentRow, BigSegmentTable};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::row::{Item, ItemAttribute, RowKey, StoredRow};
use crate::stats::{Count, Requests, Stats};

/// Hands a request to the client. The answer is `None` when JavaScript can't be called any more.
pub type CallClient = Arc<dyn Fn(String) -> BoxFuture<'static, Option<String>> + Send + Sync>;

/// A table behind a client that the caller gave.
pub struct GivenClient(Arc<Inner>);

struct Inner {
    table: String,
    call: CallClient,
    read_timeout: Duration,
    write_timeout: Duration,
    stats: Arc<Stats>,
}

impl GivenClient {
    /// The table that `config` names. The client tries again by itself, and has its own time-outs; that
    /// it never ends is bounded here. Requests are counted in `stats`, each as one.
    pub fn new(config: &Config, call: CallClient, stats: Arc<Stats>) -> Self {
        Self(Arc::new(Inner {
            table: config.table.clone(),
            call,
            read_timeout: config.read_timeout,
            write_timeout: attempt_of_write(config.write_timeout),
            stats,
        }))
    }

    /// Sends a request, and makes of the answer what the store asked for.
    fn send<T: 'static>(
        &self,
        count: fn(&Requests) -> &Count,
        time: Duration,
        request: Value,
        read: impl FnOnce(&Stats, &Value) -> Option<Result<T>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let request = with(request, "time", (time.as_millis() as u64).into()).to_string();
        let inner = Arc::clone(&self.0);
        async move {
            count(&inner.stats.requests).add_one();
            let result = timeout(time, inner.answer(request)).await;
            let result = result.unwrap_or_else(|_| Err(no_answer()));
            let result = result.and_then(|answer| {
                read(&inner.stats, &answer).unwrap_or_else(|| {
                    Err(foreign_answer("the given client's answer is not one of DynamoDB's"))
                })
            });
            if let Err(failure) = &result {
                inner.stats.errors.add_one();
                if failure.kind == ErrorKind::Throttled {
                    inner.stats.throttles.add_one();
                }
            }
            result
        }
        .boxed()
    }

    fn time_of(&self, reading: Reading) -> Duration {
        if reading.for_write { self.0.write_timeout } else { self.0.read_timeout }
    }
}

impl Inner {
    async fn answer(&self, request: String) -> Result<Value> {
        let gone =
            || Error::new(ErrorKind::Unavailable, "the given client can't be called any more");
        let answer = (self.call)(request).await.ok_or_else(gone)?;
        let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
        let Some(failure) = answer.get("failure") else {
            return Ok(answer);
        };
        let text = |name| failure.get(name).and_then(Value::as_str).unwrap_or_default();
        let status = failure.get("status").and_then(Value::as_u64);
        let status = status.and_then(|status| status.try_into().ok());
        Err(told_by_client(text("name"), text("message"), status))
    }
}

/// The request with one more member.
fn with(mut request: Value, name: &str, value: Value) -> Value {
    if let Value::Object(members) = &mut request {
        members.insert(name.to_owned(), value);
    }
    request
}

impl GivenClient {
    fn get_item<T: 'static>(
        &self,
        row: &RowKey,
        reading: Reading,
        big_segments: bool,
        read: fn(&Value) -> Option<T>,
    ) -> BoxFuture<'static, Result<Option<T>>> {
        let asked = row.clone();
        let request = json!({
            "operation": "GetItem",
            "table": self.0.table,
            "key": key(row),
            "consistent": reading.consistent,
        });
        let request =
            if big_segments { with(request, "bigSegments", true.into()) } else { request };
        self.send(
            |requests| &requests.get,
            self.time_of(reading),
            request,
            move |stats, answer| {
                stats.read_units.add(units(answer));
                let row =
                    optional(answer.get("row")?, |row| Some((row_key(row.get("key")?)?, row)));
                let Some((found, row)) = row? else { return Some(Ok(None)) };
                let row = read(row)?;
                Some(check_row(&asked, Some(&found)).map(|()| Some(row)))
            },
        )
    }
}

impl BigSegmentTable for GivenClient {
    fn get(
        &self,
        row: &RowKey,
        consistent: bool,
    ) -> BoxFuture<'static, Result<Option<BigSegmentRow>>> {
        let reading = Reading { consistent, for_write: false };
        self.get_item(row, reading, true, big_segment_row)
    }
}

impl DynamoDb for GivenClient {
    fn get(&self, row: &RowKey, reading: Reading) -> BoxFuture<'static, Result<Option<StoredRow>>> {
        self.get_item(row, reading, false, stored_row)
    }

    fn query(
        &self,
        namespace: &str,
        reading: Reading,
        start: Option<RowKey>,
    ) -> BoxFuture<'static, Result<Page>> {
        let (asked, after) = (namespace.to_owned(), start.clone());
        let request = json!({
            "operation": "Query",
            "table": self.0.table,
            "namespace": namespace,
            "consistent": reading.consistent,
            "start": start.as_ref().map(key),
        });
        self.send(
            |requests| &requests.query,
            self.time_of(reading),
            request,
            move |stats, answer| {
                stats.read_units.add(units(answer));
                let rows: Option<_> =
                    answer.get("rows")?.as_array()?.iter().map(stored_row).collect();
                let page = Page { rows: rows?, next: optional(answer.get("next")?, row_key)? };
                Some(check_page(&asked, after.as_ref(), page))
            },
        )
    }

    fn put_if_newer(
        &self,
        row: &RowKey,
        item: &Item,
        unchanged: Option<f64>,
    ) -> BoxFuture<'static, Result<PutOutcome>> {
        let request = json!({
            "operation": "PutItem",
            "table": self.0.table,
            "row": new_row(row, Some(item)),
            "condition": if unchanged.is_some() { UNLESS_NEWER_OR_CHANGED } else { UNLESS_NEWER },
            "unchanged": unchanged,
        });
        let row = row.clone();
        self.send(
            |requests| &requests.put,
            self.0.write_timeout,
            request,
            move |stats, answer| {
                stats.write_units.add(units(answer));
                let outcome = match answer.get("newer") {
                    None => answer.is_object().then_some(PutOutcome::Stored)?,
                    Some(newer) => PutOutcome::Newer(optional(newer, stored_row)?),
                };
                Some(check_put(&row, outcome))
            },
        )
    }

    fn batch_write(&self, writes: Vec<Write>) -> BoxFuture<'static, Result<Vec<Write>>> {
        let put = |write: &Write| match write {
            Write::Put(row, item) => Some(new_row(row, Some(item))),
            Write::PutMarker(row) => Some(new_row(row, None)),
            Write::Delete(_) => None,
        };
        let delete = |write: &Write| match write {
            Write::Delete(row) => Some(key(row)),
            Write::Put(..) | Write::PutMarker(_) => None,
        };
        let request = json!({
            "operation": "BatchWriteItem",
            "table": self.0.table,
            "puts": writes.iter().filter_map(put).collect::<Vec<_>>(),
            "deletes": writes.iter().filter_map(delete).collect::<Vec<_>>(),
        });
        let time = self.0.write_timeout;
        self.send(
            |requests| &requests.batch_write,
            time,
            request,
            |stats, answer| {
                stats.write_units.add(units(answer));
                let left = answer.get("unprocessed")?.as_array()?;
                Some(writes_left(writes, left.iter().map(row_key)))
            },
        )
    }
}

fn units(answer: &Value) -> Option<f64> {
    answer.get("units")?.as_f64()
}

/// What may be `null`.
fn optional<'a, T>(
    value: &'a Value,
    read: impl FnOnce(&'a Value) -> Option<T>,
) -> Option<Option<T>> {
    if value.is_null() { Some(None) } else { read(value).map(Some) }
}

fn key(row: &RowKey) -> Value {
    json!([&*row.namespace, &*row.key])
}

fn new_row(row: &RowKey, item: Option<&Item>) -> Value {
    match item {
        Some(item) => json!({"key": key(row), "version": item.version, "item": &*item.json}),
        None => json!({"key": key(row)}),
    }
}

fn row_key(value: &Value) -> Option<RowKey> {
    match &value.as_array()?[..] {
        [namespace, key] => Some(RowKey::new(namespace.as_str()?, key.as_str()?)),
        _ => None,
    }
}

fn stored_row(value: &Value) -> Option<StoredRow> {
    let item = match value.get("item") {
        None | Some(Value::Null) => ItemAttribute::Absent,
        Some(Value::String(text)) => ItemAttribute::Text(text.as_str().into()),
        Some(other) => match other.get("type").and_then(Value::as_str) {
            Some("B") => ItemAttribute::Binary,
            Some("N") => ItemAttribute::Other("N"),
            Some("BOOL") => ItemAttribute::Other("BOOL"),
            Some("M") => ItemAttribute::Other("M"),
            Some("L") => ItemAttribute::Other("L"),
            Some("NULL") => ItemAttribute::Other("NULL"),
            _ => ItemAttribute::Other("unknown"),
        },
    };
    Some(StoredRow {
        key: row_key(value.get("key")?)?,
        version: value.get("version").and_then(Value::as_f64),
        item,
        deleted: value.get("deleted") == Some(&Value::Bool(true)),
    })
}

fn big_segment_row(value: &Value) -> Option<BigSegmentRow> {
    let row = value.as_object()?;
    let texts = |name| {
        let texts = row.get(name).and_then(Value::as_array).into_iter().flatten();
        texts.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Some(BigSegmentRow {
        synchronized_on: row.get("synchronizedOn").and_then(Value::as_f64),
        included: texts("included"),
        excluded: texts("excluded"),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A table behind a client that gives this answer, and what the client is asked.
    fn client(answer: Option<&str>) -> (GivenClient, Arc<Mutex<Vec<Value>>>, Arc<Stats>) {
        let answer = answer.map(str::to_owned);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let asking = Arc::clone(&asked);
        let call: CallClient = Arc::new(move |request: String| {
            asking.lock().unwrap().push(serde_json::from_str(&request).unwrap());
            match &answer {
                Some(answer) if answer == "hang" => futures_util::future::pending().boxed(),
                answer => std::future::ready(answer.clone()).boxed(),
            }
        });
        let stats = Arc::new(Stats::default());
        (GivenClient::new(&Config::new("flags"), call, Arc::clone(&stats)), asked, stats)
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
            let (client, asked, stats) = client(Some(answer));
            assert_eq!(DynamoDb::get(&client, &row(), READING).await.unwrap(), expected);
            assert_eq!(asked.lock().unwrap()[0]["operation"], "GetItem");
            assert_eq!((stats.requests.get.get(), stats.errors.get()), (1, 0));
        }
    }

    #[tokio::test]
    async fn rows_of_big_segments_are_asked_for_as_such() {
        let answer = r#"{"row":{"key":["features","k"],"synchronizedOn":5,"included":["a.g1"],"excluded":"b.g1"}}"#;
        let (client, asked, _) = client(Some(answer));
        let found = BigSegmentTable::get(&client, &row(), true).await.unwrap().unwrap();
        assert_eq!((found.synchronized_on, found.excluded.len()), (Some(5.0), 0));
        assert_eq!(found.included, ["a.g1"]);
        assert_eq!(asked.lock().unwrap()[0]["bigSegments"], true);
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_a_failure_that_passes() {
        for answer in ["", "null", "{}", "[1]", r#"{"row":1}"#, r#"{"row":{"key":["features"]}}"#] {
            let (client, _, stats) = client(Some(answer));
            let failure = DynamoDb::get(&client, &row(), READING).await.unwrap_err();
            assert!(failure.is_retryable() && failure.message().contains("answer"), "{answer}");
            assert_eq!(stats.errors.get(), 1);
        }
        let (client, ..) = client(Some(r#"{"rows":[{"key":["features","k"]},5],"next":null}"#));
        assert!(client.query("features", READING, None).await.is_err());
    }

    #[tokio::test]
    async fn answers_about_something_else_are_refused() {
        let other = r#"{"row":{"key":["features","l"],"version":1,"item":"{}"}}"#;
        let failure = DynamoDb::get(&client(Some(other)).0, &row(), READING).await.unwrap_err();
        assert!(failure.is_retryable() && failure.message().contains("another row"));
        assert!(BigSegmentTable::get(&client(Some(other)).0, &row(), true).await.is_err());
        let item = Item::tombstone("k", 3.0);
        let (newer, ..) = client(Some(r#"{"newer":{"key":["features","l"]}}"#));
        assert!(newer.put_if_newer(&row(), &item, None).await.unwrap_err().may_take_effect());
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
        let failure = DynamoDb::get(&client, &row(), READING).await.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::TimedOut);
        assert!(client.batch_write(vec![Write::Delete(row())]).await.is_err());
    }

    #[tokio::test]
    async fn failures_are_told_apart() {
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
            let text =
                format!(r#"{{"failure":{{"name":"{name}","message":"no","status":{status}}}}}"#);
            let (client, _, stats) = client(Some(&text));
            let failure = client.query("features", READING, None).await.unwrap_err();
            assert_eq!(failure.kind, expected, "{name}");
            assert_eq!(stats.throttles.get(), u64::from(expected == Throttled));
        }
        let (client, ..) = client(None);
        assert_eq!(DynamoDb::get(&client, &row(), READING).await.unwrap_err().kind, Unavailable);
    }

    #[tokio::test]
    async fn writes_are_told_whole_and_what_is_left_is_found_again() {
        let item = Item::tombstone("k", 3.0);
        let (stored, asked, _) = client(Some("{}"));
        assert_eq!(stored.put_if_newer(&row(), &item, None).await.unwrap(), PutOutcome::Stored);
        let request = asked.lock().unwrap()[0].clone();
        assert_eq!(request["row"]["item"], &*item.json);
        assert_eq!(
            (request["row"]["version"].as_f64(), &request["unchanged"]),
            (Some(3.0), &Value::Null)
        );
        let (newer, ..) = client(Some(r#"{"newer":null}"#));
        assert_eq!(newer.put_if_newer(&row(), &item, None).await.unwrap(), PutOutcome::Newer(None));

        let (batch, asked, _) = client(Some(r#"{"unprocessed":[["features","l"]]}"#));
        let other = RowKey::new("features", "l");
        let writes = vec![
            Write::Put(row(), item),
            Write::Delete(other.clone()),
            Write::PutMarker(RowKey::new("$inited", "$inited")),
        ];
        assert_eq!(batch.batch_write(writes).await.unwrap(), [Write::Delete(other)]);
        let request = asked.lock().unwrap()[0].clone();
        assert_eq!(request["puts"].as_array().unwrap().len(), 2);
        assert_eq!(request["deletes"], json!([["features", "l"]]));
    }
}

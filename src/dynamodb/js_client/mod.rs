//! A table that the store accesses through a JS client: an AWS client object of the caller's
//! (`dynamoDBClient`).
//!
//! Requests and answers are JSON text. A row is `{"key": [namespace, key], "version", "item", "deleted"}`.
//! Its `item` is the text, or `{"type": …}` for an attribute of another type.
//!
//! | request | answer |
//! | --- | --- |
//! | `{"operation": "GetItem", "table", "key", "consistent"}` | `{"row"}`, which is `null` if there is no row |
//! | the same with `"bigSegments": true` | the same with `{"key", "synchronizedOn", "included", "excluded"}` as `row`; the last three are optional |
//! | `{"operation": "Query", "table", "namespace", "consistent", "start"}` | `{"rows", "next"}` |
//! | `{"operation": "PutItem", "table", "row", "condition", "unchanged"}` | `{}`, or `{"newer": row}` if the condition does not hold, with `null` for a row that the client does not return |
//! | `{"operation": "BatchWriteItem", "table", "puts": [row], "deletes": [key]}` | `{"unprocessed": [key]}` |
//! | any of them | `{"failure": {"name", "message", "status"}}` |
//!
//! Requests also have a `time`: the milliseconds until the request times out. Answers also have the consumed
//! `units`, if DynamoDB reports them, and the client's `region` once it is known.

mod failures;
mod rows;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::timeout;

use self::failures::client_failure;
use self::rows::{big_segment_row, key, new_row, optional, row_key, stored_row};
use super::checks::{check_page, check_put, check_row, writes_left};
use super::service_errors::foreign_answer;
use super::{
    Page, PutOutcome, Reading, Table, UNLESS_NEWER, UNLESS_NEWER_OR_CHANGED, Write, counted,
    write_attempt_timeout,
};
use crate::backoff::no_answer;
use crate::big_segments::{BigSegmentRow, BigSegmentTable};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Location, Log};
use crate::model::{Item, RowKey, StoredRow};
use crate::stats::{Count, Requests, Stats};

/// Calls the client with a request. Returns `None` if JavaScript can no longer be called.
pub type CallClient = Arc<dyn Fn(String) -> BoxFuture<'static, Option<String>> + Send + Sync>;

/// A table that the store accesses through a JS client.
pub struct JsClient(Arc<Inner>);

struct Inner {
    table: String,
    call: CallClient,
    read_timeout: Duration,
    write_timeout: Duration,
    log: Arc<dyn Log>,
    /// Whether the log knows the client's region.
    is_located: AtomicBool,
    stats: Arc<Stats>,
}

impl JsClient {
    /// Creates the table that `config` names. The client has its own retries and time-outs. A call without
    /// an answer ends after `readTimeout`, or after the time-out of a write's attempt. Each call counts as
    /// one request in `stats`.
    pub fn new(config: &Config, call: CallClient, log: Arc<dyn Log>, stats: Arc<Stats>) -> Self {
        Self(Arc::new(Inner {
            table: config.table.clone(),
            call,
            read_timeout: config.read_timeout,
            write_timeout: write_attempt_timeout(config.write_timeout),
            log,
            is_located: AtomicBool::new(false),
            stats,
        }))
    }

    /// Sends a request and decodes its answer with `read`, which returns `None` if the answer does not have
    /// the documented form.
    fn send<T: 'static>(
        &self,
        operation: fn(&Requests) -> &Count,
        time: Duration,
        mut request: Value,
        read: impl FnOnce(&Stats, &Value) -> Option<Result<T>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        set(&mut request, "time", (time.as_millis() as u64).into());
        let inner = Arc::clone(&self.0);
        async move {
            let attempt = async {
                let answer = timeout(time, inner.call(request.to_string())).await;
                let answer = answer.unwrap_or_else(|_| Err(no_answer()))?;
                read(&inner.stats, &answer).unwrap_or_else(|| {
                    Err(foreign_answer("the answer of dynamoDBClient is not one of DynamoDB's"))
                })
            };
            counted(&inner.stats, operation, attempt).await
        }
        .boxed()
    }

    fn time_of(&self, reading: Reading) -> Duration {
        if reading.for_write { self.0.write_timeout } else { self.0.read_timeout }
    }

    fn get_item<T: 'static>(
        &self,
        row: &RowKey,
        reading: Reading,
        big_segments: bool,
        read: fn(&Value) -> Option<T>,
    ) -> BoxFuture<'static, Result<Option<T>>> {
        let requested = row.clone();
        let mut request = json!({
            "operation": "GetItem",
            "table": self.0.table,
            "key": key(row),
            "consistent": reading.consistent,
        });
        if big_segments {
            set(&mut request, "bigSegments", true.into());
        }
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
                Some(check_row(&requested, Some(&found)).map(|()| Some(row)))
            },
        )
    }
}

impl Inner {
    fn is_in(&self, region: &str) {
        if !self.is_located.swap(true, Ordering::Relaxed) {
            let region = Some(region.to_owned());
            self.log.locate(&Location { region, endpoint: None });
        }
    }

    async fn call(&self, request: String) -> Result<Value> {
        let gone = || Error::new(ErrorKind::Unavailable, "dynamoDBClient can no longer be called");
        let answer = (self.call)(request).await.ok_or_else(gone)?;
        let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
        if let Some(region) = answer.get("region").and_then(Value::as_str) {
            self.is_in(region);
        }
        let Some(failure) = answer.get("failure") else {
            return Ok(answer);
        };
        let text = |name| failure.get(name).and_then(Value::as_str).unwrap_or_default();
        let status = failure.get("status").and_then(Value::as_u64);
        let status = status.and_then(|status| status.try_into().ok());
        Err(client_failure(text("name"), text("message"), status))
    }
}

impl BigSegmentTable for JsClient {
    fn get(
        &self,
        row: &RowKey,
        consistent: bool,
    ) -> BoxFuture<'static, Result<Option<BigSegmentRow>>> {
        let reading = Reading { consistent, for_write: false };
        self.get_item(row, reading, true, big_segment_row)
    }
}

impl Table for JsClient {
    fn get(&self, row: &RowKey, reading: Reading) -> BoxFuture<'static, Result<Option<StoredRow>>> {
        self.get_item(row, reading, false, stored_row)
    }

    fn query(
        &self,
        namespace: &str,
        reading: Reading,
        start: Option<RowKey>,
    ) -> BoxFuture<'static, Result<Page>> {
        let (requested, after) = (namespace.to_owned(), start.clone());
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
                Some(check_page(&requested, after.as_ref(), page))
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

/// Sets a member of a request.
fn set(request: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = request {
        members.insert(name.to_owned(), value);
    }
}

//! The requests of a store to DynamoDB: the [`Table`] trait and its implementations.
//!
//! - [`AwsTable`]: the AWS SDK for Rust;
//! - [`JsClient`]: the caller's AWS client object (`dynamoDBClient`);
//! - `fake`: an in-memory table, for tests.

mod aws;
mod checks;
mod external_text;
mod js_client;
mod service_errors;

#[cfg(test)]
pub mod fake;

use std::future::Future;
use std::time::Duration;

use futures_util::future::BoxFuture;

pub use aws::{AwsTable, RootCertificates, proxy_of_environment};
pub use js_client::{CallClient, JsClient};

use crate::backoff::Retries;
use crate::error::{ErrorKind, Result};
use crate::model::{Item, RowKey, StoredRow};
use crate::stats::{Count, Requests, Stats};

/// The maximum number of rows in one batch.
pub const MAX_BATCH_ROWS: usize = 25;

/// The maximum of the default time-out of a write's attempt, however long `writeTimeout` is.
const LONGEST_WRITE_ATTEMPT: Duration = Duration::from_secs(10);
/// The minimum of the default. It may exceed `writeTimeout`: the write is retried anyway.
const SHORTEST_WRITE_ATTEMPT: Duration = Duration::from_secs(2);

/// The condition of a put. It replaces a row whose version is no number, which compares with none: `:numeric` is `N`.
const UNLESS_NEWER: &str = "attribute_not_exists(#version) \
    OR NOT attribute_type(#version, :numeric) OR #version < :version";
/// The condition of a put that also replaces the version `:unchanged`.
const UNLESS_NEWER_OR_CHANGED: &str = "attribute_not_exists(#version) \
    OR NOT attribute_type(#version, :numeric) OR #version < :version OR #version = :unchanged";

/// How a read is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whether the read is strongly consistent.
    pub consistent: bool,
    /// Whether a write depends on it. Each attempt then has the time-out of a write's attempt.
    pub for_write: bool,
}

impl Reading {
    /// A read that a write depends on.
    pub const FOR_WRITE: Self = Self { consistent: true, for_write: true };
}

/// One write of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Puts an item unconditionally.
    Put(RowKey, Item),
    /// Puts the init marker.
    PutMarker(RowKey),
    /// Deletes a row if it exists.
    Delete(RowKey),
}

impl Write {
    /// Returns the row that is written.
    pub fn row(&self) -> &RowKey {
        match self {
            Write::Put(row, _) | Write::PutMarker(row) | Write::Delete(row) => row,
        }
    }
}

/// One page of a Query.
#[derive(Debug, Default)]
pub struct Page {
    /// The rows of this page.
    pub rows: Vec<StoredRow>,
    /// Where the next page starts; `None` after the last.
    pub next: Option<RowKey>,
}

/// The result of a conditional put.
#[derive(Debug, PartialEq)]
pub enum PutOutcome {
    /// The item is in the table.
    Stored,
    /// The table has the same or a newer version: this row, if DynamoDB returned it.
    Newer(Option<StoredRow>),
}

/// A DynamoDB table.
///
/// Each call makes one attempt, which the caller repeats. The futures own what they need. Dropping one
/// abandons the request.
pub trait Table: Send + Sync {
    /// Reads one row.
    fn get(&self, row: &RowKey, reading: Reading) -> BoxFuture<'static, Result<Option<StoredRow>>>;

    /// Reads a page of the rows of one namespace: the first page, or the one after `start`.
    fn query(
        &self,
        namespace: &str,
        reading: Reading,
        start: Option<RowKey>,
    ) -> BoxFuture<'static, Result<Page>>;

    /// Puts an item unless the row has the same or a newer version. Overwrites a row without a version,
    /// and a row with the version `unchanged`.
    fn put_if_newer(
        &self,
        row: &RowKey,
        item: &Item,
        unchanged: Option<f64>,
    ) -> BoxFuture<'static, Result<PutOutcome>>;

    /// Writes up to [`MAX_BATCH_ROWS`] different rows and returns those that DynamoDB left unprocessed.
    fn batch_write(&self, writes: Vec<Write>) -> BoxFuture<'static, Result<Vec<Write>>>;

    /// Returns the caller's configuration for repeating reads. It may be unknown before the first
    /// attempt ends.
    fn read_retries(&self) -> Retries {
        Retries::default()
    }

    /// Closes idle connections and keeps none from now on.
    fn disconnect(&self) {}
}

/// Returns the default time-out of a write's attempt: half of `writeTimeout`, clamped to 2–10 s.
fn write_attempt_timeout(write_timeout: Duration) -> Duration {
    (write_timeout / 2).clamp(SHORTEST_WRITE_ATTEMPT, LONGEST_WRITE_ATTEMPT)
}

/// Counts an attempt and its failure in the store's statistics.
async fn counted<T>(
    stats: &Stats,
    operation: fn(&Requests) -> &Count,
    attempt: impl Future<Output = Result<T>>,
) -> Result<T> {
    operation(&stats.requests).add_one();
    let result = attempt.await;
    if let Err(failure) = &result {
        stats.errors.add_one();
        if failure.kind == ErrorKind::Throttled {
            stats.throttles.add_one();
        }
    }
    result
}

//! The few things that the store asks of DynamoDB.

mod adjusting;
mod administration;
mod answers;
mod asked_credentials;
mod client;
mod complete;
mod counting;
mod credential_process;
mod credentials;
mod dns;
mod failure;
mod given;
mod http;
mod no_proxy;
mod request_log;
mod settings;
mod trust;
mod user_agent;

#[cfg(test)]
pub mod fake;

use futures_util::future::BoxFuture;

pub use client::SdkDynamoDb;
pub use given::{CallClient, GivenClient};
pub use trust::RootCertificates;

use crate::backoff::Retries;
use crate::error::Result;
use crate::row::{Item, RowKey, StoredRow};

/// The most rows that DynamoDB takes in one batch.
pub const MAX_BATCH_ROWS: usize = 25;

/// How a read is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whether the answer may not lag behind the table.
    pub consistent: bool,
    /// Whether a write depends on it: an attempt then has the time that one of a write has.
    pub for_write: bool,
}

impl Reading {
    /// A read that a write depends on.
    pub const FOR_WRITE: Self = Self { consistent: true, for_write: true };
}

/// One row of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Puts an item, whatever is there.
    Put(RowKey, Item),
    /// Puts the row that marks the prefix as initialised.
    PutMarker(RowKey),
    /// Deletes a row, if it is there.
    Delete(RowKey),
}

impl Write {
    /// The row that is written.
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

/// What became of a conditional put.
#[derive(Debug, PartialEq)]
pub enum PutOutcome {
    /// The item is in the table.
    Stored,
    /// A version as new is there already: this row, where the engine returned it.
    Newer(Option<StoredRow>),
}

/// A DynamoDB table.
///
/// Each request is one attempt: whoever makes it decides whether to repeat it. The futures own what they
/// need. Whoever drops one gives its request up.
pub trait DynamoDb: Send + Sync {
    /// Reads one row.
    fn get(&self, row: &RowKey, reading: Reading) -> BoxFuture<'static, Result<Option<StoredRow>>>;

    /// Reads a page of the rows of one namespace, the first or the one that begins after `start`.
    fn query(
        &self,
        namespace: &str,
        reading: Reading,
        start: Option<RowKey>,
    ) -> BoxFuture<'static, Result<Page>>;

    /// Puts an item unless the row has a version as new. A row without a version is overwritten, and
    /// so is one of the version `unchanged`, where that is given.
    fn put_if_newer(
        &self,
        row: &RowKey,
        item: &Item,
        unchanged: Option<f64>,
    ) -> BoxFuture<'static, Result<PutOutcome>>;

    /// Writes up to [`MAX_BATCH_ROWS`] different rows and returns those that DynamoDB left
    /// unprocessed.
    fn batch_write(&self, writes: Vec<Write>) -> BoxFuture<'static, Result<Vec<Write>>>;

    /// How the caller has configured reads to be repeated. It may be known only after the first attempt.
    fn read_retries(&self) -> Retries {
        Retries::default()
    }

    /// Lets go of connections, for when nobody uses the table any more.
    fn disconnect(&self) {}
}

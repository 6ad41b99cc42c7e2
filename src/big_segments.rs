//! Big segment memberships. The Relay Proxy writes them. An SDK reads them one context at a time and caches them
//! itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::backoff::{self, Retries};
use crate::config::Config;
use crate::error::{Advice, Error, ErrorKind, Result};
use crate::model::{Layout, MAX_KEY_SIZE, RowKey};
use crate::panics::caught_request;

/// A row with big segment data. An attribute of an unexpected type counts as absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BigSegmentRow {
    /// `synchronizedOn` of the metadata, in milliseconds since the Unix epoch.
    pub synchronized_on: Option<f64>,
    /// `included` of a membership: segment references with their generation, for example `key.g2`.
    pub included: Vec<String>,
    /// `excluded` of a membership.
    pub excluded: Vec<String>,
}

/// A DynamoDB table with big segments.
pub trait BigSegmentTable: Send + Sync {
    /// Makes one attempt to read a row.
    fn get(
        &self,
        row: &RowKey,
        consistent: bool,
    ) -> BoxFuture<'static, Result<Option<BigSegmentRow>>>;

    /// Returns the caller's configuration for repeating reads.
    fn read_retries(&self) -> Retries {
        Retries::default()
    }

    /// Closes all connections.
    fn disconnect(&self) {}
}

/// Maps segment references to true for included and false for excluded. The context is in no other big segment.
pub type Membership = HashMap<String, bool>;

/// The big segments under one prefix.
pub struct BigSegments {
    table: Arc<dyn BigSegmentTable>,
    layout: Layout,
    consistent_read: bool,
    read_timeout: Duration,
    /// The advice that was given since the last success.
    advice: Mutex<Advice>,
}

impl BigSegments {
    /// Closes all connections. Call it after the last request.
    pub fn close(&self) {
        self.table.disconnect();
    }

    /// Creates a reader of the big segments in `table`, under the prefix of `config`.
    pub fn new(config: &Config, table: Arc<dyn BigSegmentTable>) -> Self {
        Self {
            table,
            layout: Layout::new(&config.prefix),
            consistent_read: config.consistent_read,
            read_timeout: config.read_timeout,
            advice: Mutex::default(),
        }
    }

    /// Returns when the big segments were last synchronised, in milliseconds since the Unix epoch; `None` if
    /// unknown.
    pub async fn last_up_to_date(&self) -> Result<Option<f64>> {
        let row = self.read(self.layout.big_segments_metadata(), "the metadata of big segments");
        Ok(row.await?.and_then(|row| row.synchronized_on))
    }

    /// Returns the memberships of a context; `None` if it has no row. `hash` is the base64 form of the SHA-256
    /// of the context's key.
    pub async fn membership(&self, hash: &str) -> Result<Option<Membership>> {
        if hash.is_empty() || hash.len() > MAX_KEY_SIZE {
            let message = "the hash must be a text that is not empty, of at most 1,024 bytes";
            return Err(Error::new(ErrorKind::InvalidData, message));
        }
        let row = self.layout.big_segments_membership(hash);
        let row = self.read(row, "a membership in big segments").await?;
        Ok(row.map(|row| {
            let excluded = row.excluded.into_iter().map(|reference| (reference, false));
            let included = row.included.into_iter().map(|reference| (reference, true));
            // `included` wins, so it comes last.
            excluded.chain(included).collect()
        }))
    }

    async fn read(&self, row: RowKey, what: &str) -> Result<Option<BigSegmentRow>> {
        let read = backoff::read_until(
            Instant::now() + self.read_timeout,
            || self.table.read_retries(),
            || caught_request(|| self.table.get(&row, self.consistent_read)),
        );
        let read = read.await;
        // The SDK logs each failure.
        let mut advice = self.advice.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(row) => {
                advice.clear();
                Ok(row)
            }
            Err(failure) => {
                let message = format!("reading {what} failed: {}", failure.message());
                Err(advice.once(&Error::new(failure.kind, message)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Mutex;

    use futures_util::FutureExt;

    use super::*;

    /// A table that always returns the same answer and records the requests.
    struct Table {
        answer: Option<Result<Option<BigSegmentRow>>>,
        requests: Mutex<Vec<(RowKey, bool)>>,
    }

    impl BigSegmentTable for Table {
        fn get(
            &self,
            row: &RowKey,
            consistent: bool,
        ) -> BoxFuture<'static, Result<Option<BigSegmentRow>>> {
            self.requests.lock().unwrap().push((row.clone(), consistent));
            match self.answer.clone() {
                Some(answer) => async move { answer }.boxed(),
                None => pending().boxed(),
            }
        }
    }

    fn with(
        answer: Option<Result<Option<BigSegmentRow>>>,
        change: impl FnOnce(&mut Config),
    ) -> (BigSegments, Arc<Table>) {
        let table = Arc::new(Table { answer, requests: Mutex::default() });
        let mut config = Config::new("flags");
        change(&mut config);
        (BigSegments::new(&config, table.clone()), table)
    }

    fn answering(row: Option<BigSegmentRow>) -> BigSegments {
        with(Some(Ok(row)), |_| {}).0
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[tokio::test]
    async fn they_are_read_where_the_relay_proxy_writes_them() {
        for (prefix, metadata, members) in [
            ("", "big_segments_metadata", "big_segments_user"),
            ("p", "p:big_segments_metadata", "p:big_segments_user"),
        ] {
            let (store, table) = with(Some(Ok(None)), |config| {
                config.prefix = prefix.to_owned();
                config.consistent_read = !prefix.is_empty();
            });
            assert_eq!(store.last_up_to_date().await, Ok(None));
            assert_eq!(store.membership("h=").await, Ok(None));
            let consistent = !prefix.is_empty();
            let expected = [RowKey::new(metadata, metadata), RowKey::new(members, "h=")];
            assert_eq!(*table.requests.lock().unwrap(), expected.map(|row| (row, consistent)));
        }
    }

    #[tokio::test]
    async fn included_wins_over_excluded() {
        let row = BigSegmentRow {
            included: texts(&["a.g1", "b.g1"]),
            excluded: texts(&["b.g1", "c.g1"]),
            ..BigSegmentRow::default()
        };
        let members = answering(Some(row)).membership("h").await.unwrap().unwrap();
        let expected = [("a.g1", true), ("b.g1", true), ("c.g1", false)];
        assert_eq!(members, expected.map(|(key, is)| (key.to_owned(), is)).into());
        let nothing = answering(Some(BigSegmentRow::default()));
        assert_eq!(nothing.membership("h").await, Ok(Some(Membership::new())));
        assert_eq!(nothing.last_up_to_date().await, Ok(None));
    }

    #[tokio::test]
    async fn the_time_is_returned_unchanged() {
        let row = BigSegmentRow { synchronized_on: Some(1.5e12), ..BigSegmentRow::default() };
        assert_eq!(answering(Some(row)).last_up_to_date().await, Ok(Some(1.5e12)));
    }

    #[tokio::test]
    async fn a_failure_says_what_was_read() {
        let throttled = Error::new(ErrorKind::Throttled, "slow down");
        let (store, _) = with(Some(Err(throttled)), |_| {});
        let failure = store.last_up_to_date().await.unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Throttled);
        assert_eq!(failure.message(), "reading the metadata of big segments failed: slow down");
        assert!(failure.to_string().ends_with("Raise the table's capacity or make it on-demand"));
        let again = store.membership("h").await.unwrap_err();
        assert_eq!(again.to_string(), "reading a membership in big segments failed: slow down");
    }

    #[tokio::test]
    async fn a_hash_that_cannot_be_a_key_is_rejected_without_a_request() {
        let (store, table) = with(Some(Ok(None)), |_| {});
        for hash in ["", &"h".repeat(MAX_KEY_SIZE + 1)] {
            assert_eq!(store.membership(hash).await.unwrap_err().kind, ErrorKind::InvalidData);
        }
        assert!(table.requests.lock().unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_ends_with_its_timeout() {
        let (store, _) = with(None, |_| {});
        assert_eq!(store.last_up_to_date().await.unwrap_err().kind, ErrorKind::TimedOut);
    }
}

//! What the reader and the writer of a store share: the table, the log and the clock.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::backoff::Retries;
use crate::clock::Clock;
use crate::config::Config;
use crate::dynamodb::{Page, PutOutcome, Reading, Table, Write};
use crate::error::{Code, Error, ErrorKind, Result};
use crate::log::{Line, Log};
use crate::model::{Decoded, Item, Layout, RowKey, StoredRow};
use crate::panics::{caught, caught_request};
use crate::stats::Stats;
use crate::supervised_task::SupervisedTask;

/// How many unreadable rows are remembered as logged.
const REMEMBERED_UNREADABLE_ROWS: usize = 10_000;

pub(super) struct Context {
    dynamodb: Arc<dyn Table>,
    pub layout: Layout,
    pub clock: Clock,
    pub stats: Arc<Stats>,
    pub read_timeout: Duration,
    log: Arc<dyn Log>,
    consistent_read: bool,
    closed: watch::Sender<bool>,
    /// Unreadable rows that were logged.
    unreadable: Mutex<HashSet<RowKey>>,
}

impl Context {
    pub fn new(
        config: &Config,
        dynamodb: Arc<dyn Table>,
        log: Arc<dyn Log>,
        clock: Clock,
        stats: Arc<Stats>,
    ) -> Self {
        Self {
            dynamodb,
            layout: Layout::new(&config.prefix),
            clock,
            stats,
            read_timeout: config.read_timeout,
            log,
            consistent_read: config.consistent_read,
            closed: watch::Sender::new(false),
            unreadable: Mutex::default(),
        }
    }

    pub fn row(&self, kind: &str, key: &str) -> RowKey {
        RowKey { namespace: self.layout.namespace(kind), key: key.into() }
    }

    /// Returns how reads for the SDK are sent.
    pub fn reading(&self) -> Reading {
        Reading { consistent: self.consistent_read, for_write: false }
    }

    // Requests. A panic in a request becomes its failure.

    pub fn read_retries(&self) -> Retries {
        self.dynamodb.read_retries()
    }

    pub fn get(
        &self,
        row: &RowKey,
        reading: Reading,
    ) -> BoxFuture<'static, Result<Option<StoredRow>>> {
        caught_request(|| self.dynamodb.get(row, reading))
    }

    pub fn query(
        &self,
        namespace: &str,
        reading: Reading,
        start: Option<RowKey>,
    ) -> BoxFuture<'static, Result<Page>> {
        caught_request(|| self.dynamodb.query(namespace, reading, start))
    }

    pub fn put_if_newer(
        &self,
        row: &RowKey,
        item: &Item,
        unchanged: Option<f64>,
    ) -> BoxFuture<'static, Result<PutOutcome>> {
        caught_request(|| self.dynamodb.put_if_newer(row, item, unchanged))
    }

    pub fn batch_write(&self, writes: Vec<Write>) -> BoxFuture<'static, Result<Vec<Write>>> {
        caught_request(|| self.dynamodb.batch_write(writes))
    }

    /// Ends all background work.
    pub fn close(&self) {
        self.closed.send_replace(true);
    }

    pub fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Completes when the store is closed.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut closed = self.closed.subscribe();
        async move { drop(closed.wait_for(|closed| *closed).await) }
    }

    /// Runs `work`; fails if the store is closed first.
    pub async fn unless_closed<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            result = work => result,
            () = self.closed() => {
                Err(Error::new(ErrorKind::Closed, "the store was closed before it was done"))
            }
        }
    }

    /// Runs `work` as this task until the store is closed.
    pub fn wake<F>(
        self: &Arc<Self>,
        task: &SupervisedTask,
        work: impl Fn() -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let context = Arc::clone(self);
        let log = move |name: &str, failure: &Error| context.log_failure(name, failure);
        task.wake(self.closed(), log, work);
    }

    /// Turns a panic in `work` into a failure, and logs it. `what` describes the work.
    pub async fn guarded<T>(
        &self,
        what: impl FnOnce() -> String,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        caught(work).await.unwrap_or_else(|defect| {
            self.log_failure(&what(), &defect);
            Err(defect)
        })
    }

    /// Logs a failure of the work that `what` describes.
    pub fn log_failure(&self, what: &str, failure: &Error) {
        self.log(Line::failed(what, failure));
    }

    pub fn log(&self, line: impl Into<Option<Line>>) {
        if let Some(line) = line.into() {
            self.log.log(line);
        }
    }

    /// Returns the item of a row, also a tombstone. An unreadable row counts as missing and is logged the
    /// first time.
    pub fn item_in(&self, stored: &StoredRow) -> Option<Item> {
        let decoded = stored.decode();
        let mut logged = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        match decoded {
            Decoded::Item(item) => {
                logged.remove(&stored.key);
                Some(item)
            }
            Decoded::NotOurs => None,
            Decoded::Unreadable(reason) => {
                if logged.len() >= REMEMBERED_UNREADABLE_ROWS {
                    logged.clear();
                }
                if logged.insert(stored.key.clone()) {
                    let text = format!("the row {} is read as missing: {reason}", stored.key);
                    self.log(Line::error(Code::UnreadableItem, text));
                }
                None
            }
        }
    }
}

//! What get, all, init, upsert, delete and initialized mean.

mod batch;
mod catch_up;
mod init;
mod late_landing;
mod loss;
mod preload;
mod read;
mod unanswered;
mod upsert;

pub use init::NewItems;

use loss::Losses;
use preload::Preload;
use unanswered::{Noting, Unanswered};

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};

use crate::background::Task;
use crate::cache::{Answer, Cache, Cached, Items, Ticket};
use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::dynamodb::DynamoDb;
use crate::error::{Error, Result};
use crate::log::{Level, Line, Log};
use crate::outage::Outages;
use crate::panics::caught;
use crate::row::{Item, Layout, Meaning, RowKey, StoredRow};
use crate::single_flight::SingleFlight;
use crate::stats::Stats;
use crate::unsaved::Unsaved;
use crate::write_order::WriteOrder;

/// How many upserts and deletes are sent to DynamoDB at the same time.
const PARALLEL_UPDATES: usize = 32;
/// Of how many unreadable rows it is remembered that they were logged.
const REMEMBERED_UNREADABLE_ROWS: usize = 10_000;

/// A [`Store`] that is not kept by this.
#[derive(Clone)]
pub struct WeakStore(Weak<Inner>);

impl WeakStore {
    /// The store, if anybody still has it.
    pub fn get(&self) -> Option<Store> {
        self.0.upgrade().map(Store)
    }
}

/// A feature store on one table and prefix. Clones are the same store.
///
/// Every failure is logged here, once, with what was being done; the error that is returned need not
/// be logged again. A method's order among others is that of the calls: what must happen in that
/// order happens before the future is returned.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

/// Reads under way, by what they read.
type Reads<K, T> = SingleFlight<K, Result<Answer<T>>>;

struct Inner {
    dynamodb: Arc<dyn DynamoDb>,
    log: Arc<dyn Log>,
    layout: Layout,
    table: String,
    consistent_read: bool,
    read_timeout: Duration,
    stale_if_slow: Duration,
    write_timeout: Duration,
    cache: Cache,
    clock: Clock,
    outages: Outages,
    stats: Arc<Stats>,
    preload: Preload,
    gets: Reads<RowKey, Option<Cached>>,
    queries: Reads<Arc<str>, Arc<Items>>,
    marker_reads: SingleFlight<(), Result<()>>,
    availability_timeout: Duration,
    availability_reads: SingleFlight<(), Result<()>>,
    initialized: AtomicBool,
    /// When the marker was last found missing.
    uninitialized_at: Mutex<Option<Millis>>,
    order: WriteOrder,
    update_permits: Semaphore,
    unsaved: Unsaved,
    /// Brings in what waits.
    retry_worker: Task,
    /// Told when there is reason to try again.
    recovered: Notify,
    /// Told when something was brought in, or could not be.
    caught_up: Notify,
    closing: AtomicBool,
    closed: watch::Sender<bool>,
    read_only: bool,
    read_only_told: AtomicBool,
    losses: Losses,
    /// Looks whether the table has lost its data.
    data_loss_check: Task,
    unanswered: Arc<Unanswered>,
    /// Looks after unanswered writes.
    late_write_check: Task,
    unreadable: Mutex<HashSet<RowKey>>,
}

impl Store {
    /// A store on `dynamodb`, whose requests are counted in `stats`.
    pub fn new(
        config: &Config,
        dynamodb: Arc<dyn DynamoDb>,
        log: Arc<dyn Log>,
        clock: Clock,
        stats: Arc<Stats>,
    ) -> Self {
        let unanswered = Arc::<Unanswered>::default();
        let dynamodb = Arc::new(Noting::new(dynamodb, Arc::clone(&unanswered)));
        Self(Arc::new(Inner {
            dynamodb,
            log,
            layout: Layout::new(&config.prefix),
            table: config.table.clone(),
            consistent_read: config.consistent_read,
            read_timeout: config.read_timeout,
            stale_if_slow: config.stale_if_slow,
            write_timeout: config.write_timeout,
            cache: Cache::new(
                config.freshness,
                config.max_cache_bytes,
                !config.consistent_read,
                clock.clone(),
            ),
            clock,
            outages: Outages::default(),
            stats,
            preload: Preload::default(),
            gets: SingleFlight::new(),
            queries: SingleFlight::new(),
            marker_reads: SingleFlight::new(),
            availability_timeout: config.availability_timeout,
            availability_reads: SingleFlight::new(),
            initialized: AtomicBool::new(false),
            uninitialized_at: Mutex::new(None),
            order: WriteOrder::default(),
            update_permits: Semaphore::new(PARALLEL_UPDATES),
            unsaved: Unsaved::default(),
            retry_worker: Task::new("the retry worker"),
            recovered: Notify::new(),
            caught_up: Notify::new(),
            closing: AtomicBool::new(false),
            closed: watch::Sender::new(false),
            read_only: config.read_only,
            read_only_told: AtomicBool::new(false),
            losses: Losses::new(config.refill),
            data_loss_check: Task::new("the data-loss check"),
            unanswered,
            late_write_check: Task::new("the check for late writes"),
            unreadable: Mutex::default(),
        }))
    }
}

impl Store {
    /// This store, for somebody who must not keep it.
    pub fn downgrade(&self) -> WeakStore {
        WeakStore(Arc::downgrade(&self.0))
    }

    /// The items, as kind, key and revision, that had to make room since the last call.
    pub fn take_evicted(&self) -> Vec<(Arc<str>, Arc<str>, u64)> {
        let evicted = self.0.cache.take_evicted().into_iter();
        let kind = |row: &RowKey| self.0.layout.kind(&row.namespace).into();
        evicted.map(|(row, revision)| (kind(&row), row.key, revision)).collect()
    }

    /// Whether items may soon have to make room, and the tickets before which nothing that is known
    /// may be taken for fresh, and nothing for missing.
    pub fn bounds(&self) -> (bool, u64, u64) {
        let (valid_from, missing_from) = self.0.cache.bounds();
        (self.0.cache.is_tight(), valid_from.0, missing_from.0)
    }

    /// A moment after all that has happened.
    pub fn now(&self) -> Ticket {
        self.0.cache.begin()
    }

    /// Takes it that these items were just used.
    pub fn touch(&self, kind: &str, keys: &[String]) {
        for key in keys {
            drop(self.0.cache.look(&self.0.row(kind, key)));
        }
    }

    /// What was counted.
    pub fn stats(&self) -> &Stats {
        &self.0.stats
    }

    /// How many items were handed over that are not in the table.
    pub fn unsaved(&self) -> usize {
        self.0.unsaved.count()
    }

    /// How many items are held, and how many bytes.
    pub fn held(&self) -> (u64, u64) {
        (self.0.cache.count(), self.0.cache.bytes())
    }
}

impl Inner {
    fn row(&self, kind: &str, key: &str) -> RowKey {
        RowKey { namespace: self.layout.namespace(kind), key: key.into() }
    }

    /// Runs `work` as this task, until the store is closed.
    fn wake<F>(self: &Arc<Self>, task: &Task, work: fn(Arc<Self>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut closed = self.closed.subscribe();
        let closed = async move { drop(closed.wait_for(|closed| *closed).await) };
        let (inner, logging) = (Arc::clone(self), Arc::clone(self));
        let log = move |name: &str, failure: &Error| logging.log_failure(name, failure);
        task.wake(closed, log, move || work(Arc::clone(&inner)));
    }

    /// Lets a panic be a failure of `what` was being done, which is logged.
    async fn guarded<T>(
        &self,
        what: impl FnOnce() -> String,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        caught(work).await.unwrap_or_else(|defect| {
            self.log_failure(&what(), &defect);
            Err(defect)
        })
    }

    /// Logs a failure: `what` was being done.
    fn log_failure(&self, what: &str, failure: &Error) {
        self.log_error(&format!("{what} failed: {failure}"));
    }

    fn log_error(&self, text: &str) {
        self.log_at(Level::Error, text);
    }

    fn log_at(&self, level: Level, text: &str) {
        self.log.log(level, format!("DynamoDB table {:?}: {text}", self.table));
    }

    fn log_line(&self, line: Option<Line>) {
        match line {
            Some(Line::Error(text)) => self.log_error(&text),
            Some(Line::Warn(text)) => self.log_at(Level::Warn, &text),
            None => {}
        }
    }

    /// The item that a row holds, tombstones included. A row that can't be read is logged the first
    /// time, and counts as missing.
    fn item_in(&self, stored: &StoredRow) -> Option<Item> {
        let meaning = stored.meaning();
        let mut logged = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        match meaning {
            Meaning::Item(item) => {
                logged.remove(&stored.key);
                Some(item)
            }
            Meaning::NotOurs => None,
            Meaning::Unreadable(reason) => {
                if logged.len() >= REMEMBERED_UNREADABLE_ROWS {
                    logged.clear();
                }
                if logged.insert(stored.key.clone()) {
                    self.log_error(&format!("the row {} is read as missing: {reason}", stored.key));
                }
                None
            }
        }
    }

    fn uninitialized_at(&self) -> MutexGuard<'_, Option<Millis>> {
        self.uninitialized_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_initialized(&self) {
        self.initialized.store(true, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests;

//! What get, all, init, upsert, delete and initialized mean.

mod batch;
mod init;
mod read;
mod upsert;

pub use init::NewItems;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::cache::{Answer, Cache, Items};
use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::dynamodb::{DynamoDb, Reading};
use crate::error::{Error, Result};
use crate::log::{Level, Log};
use crate::row::{Item, Layout, Meaning, RowKey, StoredRow};
use crate::single_flight::SingleFlight;
use crate::write_order::WriteOrder;

/// How many upserts and deletes are sent to DynamoDB at the same time.
const PARALLEL_UPDATES: usize = 32;
/// Of how many unreadable rows it is remembered that they were logged.
const REMEMBERED_UNREADABLE_ROWS: usize = 10_000;

/// A feature store on one table and prefix. Clones are the same store.
///
/// Every failure is logged here, once, with what was being done; the error that is returned need not
/// be logged again. A method's order among others is that of the calls: what must happen in that
/// order happens before the future is returned.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    dynamodb: Arc<dyn DynamoDb>,
    log: Arc<dyn Log>,
    layout: Layout,
    table: String,
    reading: Reading,
    read_timeout: Duration,
    write_timeout: Duration,
    cache: Cache,
    clock: Clock,
    gets: SingleFlight<RowKey, Result<Answer<Option<Item>>>>,
    queries: SingleFlight<Arc<str>, Result<Answer<Arc<Items>>>>,
    marker_reads: SingleFlight<(), Result<bool>>,
    initialized: AtomicBool,
    /// When the marker was last found missing.
    uninitialized_at: Mutex<Option<Millis>>,
    order: WriteOrder,
    update_permits: Semaphore,
    unreadable: Mutex<HashSet<RowKey>>,
}

impl Store {
    /// A store on `dynamodb`.
    pub fn new(
        config: &Config,
        dynamodb: Arc<dyn DynamoDb>,
        log: Arc<dyn Log>,
        clock: Clock,
    ) -> Self {
        Self(Arc::new(Inner {
            dynamodb,
            log,
            layout: Layout::new(&config.prefix),
            table: config.table.clone(),
            reading: if config.consistent_read { Reading::Consistent } else { Reading::Eventual },
            read_timeout: config.read_timeout,
            write_timeout: config.write_timeout,
            cache: Cache::new(config.cache_ttl_ms, !config.consistent_read, clock.clone()),
            clock,
            gets: SingleFlight::new(),
            queries: SingleFlight::new(),
            marker_reads: SingleFlight::new(),
            initialized: AtomicBool::new(false),
            uninitialized_at: Mutex::new(None),
            order: WriteOrder::default(),
            update_permits: Semaphore::new(PARALLEL_UPDATES),
            unreadable: Mutex::default(),
        }))
    }
}

impl Inner {
    fn row(&self, kind: &str, key: &str) -> RowKey {
        RowKey { namespace: self.layout.namespace(kind), key: key.into() }
    }

    /// Logs a failure: `what` was being done.
    fn log_failure(&self, what: &str, failure: &Error) {
        self.log_error(&format!("{what} failed: {failure}"));
    }

    fn log_error(&self, text: &str) {
        self.log.log(Level::Error, format!("DynamoDB table {:?}: {text}", self.table));
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

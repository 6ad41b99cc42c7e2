//! Reading. A fresh answer comes from memory. Otherwise concurrent readers of the same thing share one
//! request. A read that has a stale answer waits only briefly for that request, and not at all while DynamoDB
//! fails.

mod known;
mod preload;
mod requests;
mod waiting;

use preload::Preload;
pub(super) use requests::all_pages;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::context::Context;
use crate::cache::circuit_breaker::{CircuitBreaker, Operation, Permit, Probe};
use crate::cache::{Answer, Cache, Cached, Changes, Items, Known};
use crate::clock::Millis;
use crate::config::Config;
use crate::error::Result;
use crate::model::RowKey;
use crate::panics::catch;
use crate::single_flight::SingleFlight;
use crate::stats::Stats;
use crate::writes::PendingWrites;

/// Something that a read found and the writer needs to know.
pub(super) enum Finding {
    /// Reads work again after failures. `was_permanent`: the last failure was permanent.
    WorksAgain { was_permanent: bool },
    /// The row is missing.
    NoRow(RowKey),
    /// The namespace has no rows.
    NoRows(Arc<str>),
}

/// Receives the live items of each page of a Query but the last, before the read of all items ends. A pending write may
/// still replace them.
pub type OnPage = Arc<dyn Fn(Vec<(Arc<str>, Cached)>) + Send + Sync>;

/// Reads in flight, by what they read.
type Reads<K, T> = SingleFlight<K, Result<Answer<T>>>;

/// The reading half of a store.
pub(super) struct Reader {
    pub(super) context: Arc<Context>,
    cache: Cache,
    pending: Arc<PendingWrites>,
    breaker: CircuitBreaker,
    preload: Preload,
    gets: Reads<RowKey, Option<Cached>>,
    queries: Reads<Arc<str>, Arc<Items>>,
    marker_reads: SingleFlight<(), Result<()>>,
    availability_reads: SingleFlight<(), Result<()>>,
    initialized: AtomicBool,
    /// When the marker was last found missing.
    uninitialized_at: Mutex<Option<Millis>>,
    stale_if_slow: Duration,
    availability_timeout: Duration,
    on_finding: Box<dyn Fn(Finding) + Send + Sync>,
}

impl Reader {
    pub fn new(
        config: &Config,
        context: Arc<Context>,
        cache: Cache,
        pending: Arc<PendingWrites>,
        on_finding: Box<dyn Fn(Finding) + Send + Sync>,
    ) -> Self {
        Self {
            context,
            cache,
            pending,
            breaker: CircuitBreaker::default(),
            preload: Preload::default(),
            gets: SingleFlight::new(),
            queries: SingleFlight::new(),
            marker_reads: SingleFlight::new(),
            availability_reads: SingleFlight::new(),
            initialized: AtomicBool::new(false),
            uninitialized_at: Mutex::new(None),
            stale_if_slow: config.stale_if_slow,
            availability_timeout: config.availability_timeout,
            on_finding,
        }
    }

    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    pub fn stats(&self) -> &Stats {
        &self.context.stats
    }

    /// Returns the item `key` of `kind` if its answer is fresh.
    pub fn peek(&self, kind: &str, key: &str) -> Option<Answer<Option<Cached>>> {
        // If this panics, `get` logs the panic.
        match catch(|| self.known(&self.context.row(kind, key))).ok()? {
            Known::Fresh(answer) => {
                self.context.stats.hits.add_one();
                Some(live(answer))
            }
            Known::Stale(_) | Known::Nothing => None,
        }
    }

    pub async fn get(self: &Arc<Self>, kind: &str, key: &str) -> Result<Answer<Option<Cached>>> {
        let row = self.context.row(kind, key);
        self.context.guarded(|| row_read(&row), self.get_row(row.clone())).await.map(live)
    }

    /// Returns the newest value of an item, however old.
    pub fn newest(&self, kind: &str, key: &str) -> Option<Answer<Option<Cached>>> {
        catch(|| self.newest_row(&self.context.row(kind, key))).ok()?.map(live)
    }

    /// Like [`Reader::newest`], for all items, as changes since the state `held`; `None` if that state is no
    /// longer known.
    pub fn newest_all(&self, kind: &str, held: u64) -> Option<Answer<Changes>> {
        let newest = catch(|| {
            let namespace = self.context.layout.namespace(kind);
            let newest = self.newest_items(&namespace)?;
            Some(self.as_changes(&namespace, held, newest))
        });
        newest.ok()?.filter(|changes| changes.value.base == Some(held))
    }

    pub async fn all(
        self: &Arc<Self>,
        kind: &str,
        held: u64,
        on_page: Option<OnPage>,
    ) -> Result<Answer<Changes>> {
        let namespace = self.context.layout.namespace(kind);
        self.context.guarded(|| all_read(&namespace), self.get_all(&namespace, held, on_page)).await
    }

    pub async fn is_available(self: &Arc<Self>) -> bool {
        let available = async {
            let read = |probe| {
                let reader = Arc::clone(self);
                async move {
                    let _probe: Option<Probe> = probe;
                    let read = reader.read_availability();
                    reader.context.guarded(|| AVAILABILITY_READ.to_owned(), read).await
                }
            };
            let reads = &self.availability_reads;
            let flight = reads.join_or_start((), || match self.breaker.permit(Operation::Get) {
                Permit::Free => Some(read(None)),
                Permit::Probe(probe) => Some(read(Some(probe))),
                Permit::Wait(_) => None,
            });
            let answers = match flight {
                Some(flight) => matches!(flight.result.await, Some(Ok(()))),
                None => false,
            };
            // An SDK that takes the store for available again hands over all its data. That would repeat the
            // work of the retry worker.
            Ok(answers && !self.pending.is_any_retrying())
        };
        self.context.guarded(|| AVAILABILITY_READ.to_owned(), available).await.unwrap_or(false)
    }

    pub async fn initialized(self: &Arc<Self>) -> Result<Answer<bool>> {
        let known = async {
            if let Some(known) = self.known_initialized() {
                return Ok(known);
            }
            let read = |deadline| {
                let reader = Arc::clone(self);
                async move {
                    let read = reader.fetch_marker(deadline);
                    reader.context.guarded(|| MARKER_READ.to_owned(), read).await
                }
            };
            self.share(&self.marker_reads, (), self.context.read_timeout, read).await?;
            Ok(self.known_initialized().unwrap_or_else(|| self.initialized_answer(false, 0.0)))
        };
        self.context.guarded(|| MARKER_READ.to_owned(), known).await
    }

    /// Returns whether the marker has been read or written.
    pub fn is_initialized(&self) -> bool {
        self.initialized.load(Ordering::SeqCst)
    }

    pub fn set_initialized(&self) {
        self.initialized.store(true, Ordering::SeqCst);
    }

    /// Handles a write that became visible or failed. Later reads of its row or namespace send new requests.
    /// If the item `refers` to others, rows that were missing may exist now.
    pub fn invalidate(&self, row: &RowKey, refers: bool) {
        self.cache.changed();
        if refers {
            self.cache.forget_missing(self.cache.begin());
        }
        self.gets.detach(row);
        self.queries.detach(&row.namespace);
    }

    /// Like [`Reader::invalidate`], for an init: what was read before becomes void.
    pub fn invalidate_all(&self) {
        self.cache.void_all();
        self.detach_all();
    }

    /// Makes later reads send new requests.
    pub fn detach_all(&self) {
        self.gets.detach_all();
        self.queries.detach_all();
    }
}

/// How long a read is repeated.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Attempts {
    /// One attempt: there is a stale answer.
    One,
    /// Attempts until this deadline, but no more than the caller's client allows.
    Until(Instant),
}

/// Describes a read of the marker in the log.
const MARKER_READ: &str = "checking whether the store is initialised";

/// Describes a read for `is_available` in the log.
const AVAILABILITY_READ: &str = "checking whether DynamoDB is available";

fn row_read(row: &RowKey) -> String {
    format!("reading {row}")
}

fn all_read(namespace: &str) -> String {
    format!("reading all of {namespace:?}")
}

/// Replaces a tombstone by `None`: tombstones are never handed out.
fn live(mut answer: Answer<Option<Cached>>) -> Answer<Option<Cached>> {
    answer.value = answer.value.filter(|cached| !cached.item.deleted);
    answer
}

impl Reader {
    async fn get_row(self: &Arc<Self>, row: RowKey) -> Result<Answer<Option<Cached>>> {
        let answer = match self.known(&row) {
            Known::Fresh(answer) => {
                self.context.stats.hits.add_one();
                return Ok(answer);
            }
            // Serves an expired "missing" only while DynamoDB is unreachable.
            Known::Stale(stale)
                if stale.value.is_some() || self.breaker.is_open(Operation::Get) =>
            {
                self.refresh_row(row.clone(), stale).await
            }
            Known::Stale(_) | Known::Nothing => match self.read_row(row.clone()).await {
                Ok(answer) => answer,
                Err(failure) => return self.known_item(&row).answer().ok_or(failure),
            },
        };
        Ok(self.unless_changed(answer, || self.newest_row(&row)))
    }

    async fn get_all(
        self: &Arc<Self>,
        namespace: &Arc<str>,
        held: u64,
        on_page: Option<OnPage>,
    ) -> Result<Answer<Changes>> {
        let answer = match self.known_all(namespace) {
            Known::Fresh(answer) => {
                self.context.stats.hits.add_one();
                answer
            }
            Known::Stale(stale) => self.refresh_all(namespace.clone(), stale).await,
            Known::Nothing => match self.read_all(namespace.clone(), on_page).await {
                Ok(answer) => answer,
                Err(failure) => self.known_all(namespace).answer().ok_or(failure)?,
            },
        };
        let answer = self.unless_changed(answer, || self.newest_items(namespace));
        Ok(self.as_changes(namespace, held, answer))
    }

    fn uninitialized_at(&self) -> MutexGuard<'_, Option<Millis>> {
        self.uninitialized_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

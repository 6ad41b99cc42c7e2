//! Implements get, all, init, upsert, delete and initialized.
//!
//! The reader owns what was read from the table, the writer what is on its way into it. Both use the pending
//! writes, an overlay over what was read.

mod context;
mod reader;
mod writer;

pub use reader::OnPage;
pub use writer::{NewItems, SyncRules, Synced};

use std::sync::{Arc, Weak};

use futures_util::future::BoxFuture;

use crate::cache::{Answer, Cache, Cached, Changes, Generation, Sequence};
use crate::clock::Clock;
use crate::config::Config;
use crate::dynamodb::Table;
use crate::error::Result;
use crate::log::Log;
use crate::stats::Stats;
use crate::writes::PendingWrites;
use context::Context;
use reader::Reader;
use writer::Writer;

/// A feature store on one table and prefix. Clones are the same store.
///
/// The store logs every failure once, with the operation, so callers need not log the returned error again.
/// Methods take effect in the order of their calls: whatever depends on that order happens before the future
/// is returned.
#[derive(Clone)]
pub struct Store {
    reader: Arc<Reader>,
    writer: Arc<Writer>,
}

impl Store {
    /// Creates a store on `dynamodb`, whose requests `stats` counts. `generation` counts the changes of its
    /// data.
    pub fn new(
        config: &Config,
        dynamodb: Arc<dyn Table>,
        log: Arc<dyn Log>,
        clock: Clock,
        stats: Arc<Stats>,
        generation: Generation,
    ) -> Self {
        let sequence = Arc::<Sequence>::default();
        let cache = Cache::new(
            config.freshness,
            config.max_cache_bytes,
            !config.consistent_read,
            clock.clone(),
            Arc::clone(&sequence),
            generation,
        );
        let pending = Arc::new(PendingWrites::new(clock.clone(), sequence));
        let context = Arc::new(Context::new(config, dynamodb, log, clock, stats));
        let writer = Arc::new_cyclic(|writer: &Weak<Writer>| {
            let finder = writer.clone();
            let on_finding = Box::new(move |finding| {
                if let Some(writer) = finder.upgrade() {
                    writer.read_found(finding);
                }
            });
            let (context, pending) = (Arc::clone(&context), Arc::clone(&pending));
            let reader = Reader::new(config, context.clone(), cache, pending.clone(), on_finding);
            Writer::new(config, context, Arc::new(reader), pending)
        });
        Self { reader: Arc::clone(writer.reader()), writer }
    }

    /// Returns the item `key` of `kind` if its answer is fresh. The answer is `None` if the item is unknown,
    /// deleted or unreadable.
    pub fn peek(&self, kind: &str, key: &str) -> Option<Answer<Option<Cached>>> {
        self.reader.peek(kind, key)
    }

    /// Returns the item `key` of `kind`; `None` if it is unknown, deleted or unreadable.
    pub async fn get(&self, kind: &str, key: &str) -> Result<Answer<Option<Cached>>> {
        self.reader.get(kind, key).await
    }

    /// Returns all live items of `kind` as changes since the state `held`, which an earlier answer named; 0
    /// for none. If this sends a Query because nothing is cached, `on_page` gets its pages but the last as they arrive.
    pub async fn all(
        &self,
        kind: &str,
        held: u64,
        on_page: Option<OnPage>,
    ) -> Result<Answer<Changes>> {
        self.reader.all(kind, held, on_page).await
    }

    /// Returns the newest known item, fresh or not, for a caller that has an answer of an earlier generation.
    /// `None` if nothing is known.
    pub fn newest(&self, kind: &str, key: &str) -> Option<Answer<Option<Cached>>> {
        self.reader.newest(kind, key)
    }

    /// Like [`Store::newest`], for all live items, as changes since the state `held`. Also `None` if that
    /// state is no longer known.
    pub fn newest_all(&self, kind: &str, held: u64) -> Option<Answer<Changes>> {
        self.reader.newest_all(kind, held)
    }

    /// Returns whether the prefix was initialised, or this process has the data for it. Once true, this stays
    /// true: an SDK that removes the marker writes it again at the end of its init.
    pub async fn initialized(&self) -> Result<Answer<bool>> {
        self.reader.initialized().await
    }

    /// Returns whether DynamoDB answers and no write waits for a retry. Concurrent callers share one read.
    /// While reads fail, only probes are sent, and other callers get `false` at once.
    pub async fn is_available(&self) -> bool {
        self.reader.is_available().await
    }

    /// Reads all flags and segments, with one Query per kind. Concurrent reads of single items wait for it.
    /// The future completes when the preload has succeeded or failed.
    pub fn preload(&self) -> impl Future<Output = ()> + Send + 'static {
        self.reader.preload_all()
    }

    /// Stores the item `json` of `kind`, unless the table already has the same or a newer version. Reads see
    /// the item from now on.
    ///
    /// The future completes when DynamoDB has accepted the item or rejected it permanently, or when the write
    /// time-out has passed. An item that is not in the table by then is retried in the background. An item
    /// that is never written, because it is too large or the store is read-only, is kept in memory. That is no
    /// failure: the caller can't change it by trying again.
    pub fn upsert(&self, kind: &str, json: &str) -> BoxFuture<'static, Result<()>> {
        self.writer.upsert(kind, json)
    }

    /// Replaces the item `key` of `kind` with a tombstone of this version, like [`Store::upsert`].
    pub fn delete(&self, kind: &str, key: &str, version: f64) -> BoxFuture<'static, Result<()>> {
        self.writer.delete(kind, key, version)
    }

    /// Replaces all items of the kinds in `data`, whatever their versions, and marks the prefix as
    /// initialised. Other kinds stay unchanged. An unchanged data set causes no write. Reads see the new data
    /// once `visible` is called.
    ///
    /// The future completes when everything is in the table, or when DynamoDB has rejected it or accepted
    /// nothing for the whole write time-out; then the init is retried in the background. Items that cannot be
    /// stored are logged, and the others are stored.
    ///
    /// `data` may complete after the call, and may have several parts per kind. If it is `None`, nothing is
    /// done.
    pub fn init(
        &self,
        data: impl Future<Output = Option<Vec<NewItems>>> + Send + 'static,
        visible: impl FnOnce() + Send + 'static,
    ) -> BoxFuture<'static, Result<()>> {
        self.writer.init(data, visible)
    }

    /// Brings the table to the flags and segments of a polling answer of LaunchDarkly. Reads of this store don't see the
    /// data before that. Fails if the data is not in the table; nothing is retried in the background, nor logged.
    ///
    /// Unless the rules allow it, data that is older than the table as a whole is not written, a row that is newer in
    /// the table stays, and data without flags doesn't replace flags.
    pub async fn sync(&self, json: &str, rules: SyncRules) -> Result<Synced> {
        self.writer.sync(json, rules).await
    }

    /// Tries for a second to write what is not in the table yet, and discards the rest. To be called when the
    /// store is no longer used.
    #[cfg(test)]
    pub fn close(&self) -> impl Future<Output = ()> + Send + 'static {
        self.close_after(std::future::ready(()))
    }

    /// Tries for a second to write what is not in the table yet, and discards the rest. Requests may still
    /// arrive until `no_more_requests` completes: an SDK hands over the rest of a change one write after the other. The
    /// store waits for them within that second.
    pub fn close_after(
        &self,
        no_more_requests: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.writer.close(no_more_requests)
    }

    /// Returns the generation. An answer may be repeated only while it has not advanced.
    pub fn generation(&self) -> u64 {
        self.reader.cache().generation()
    }

    /// Returns the counters.
    pub fn stats(&self) -> &Stats {
        self.reader.stats()
    }

    /// Returns the number of pending items.
    pub fn pending(&self) -> usize {
        self.writer.pending().count()
    }

    /// Returns the limit in bytes, which the cache and JavaScript's item cache share.
    pub fn max_cache_bytes(&self) -> u64 {
        self.reader.cache().max_bytes()
    }

    /// Returns the number of cached rows and their size in bytes.
    pub fn held(&self) -> (u64, u64) {
        let cache = self.reader.cache();
        (cache.count(), cache.bytes())
    }
}

#[cfg(test)]
impl Store {
    fn free_update_permits(&self) -> usize {
        self.writer.free_update_permits()
    }

    fn is_closed(&self) -> bool {
        self.reader.context.is_closed()
    }

    /// Returns whether a write waits for a retry.
    pub fn is_any_retrying(&self) -> bool {
        self.writer.pending().is_any_retrying()
    }
}

#[cfg(test)]
mod tests;

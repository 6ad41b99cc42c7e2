//! What get, all, init, upsert, delete and initialized mean.
//!
//! The reader owns what was read from the table, the writer what is on its way into it. Pending writes, which both
//! use, are an overlay over what was read.

mod context;
mod reader;
mod writer;

pub use writer::NewItems;

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
/// Every failure is logged here, once, with what was being done; the error that is returned need not
/// be logged again. A method's order among others is that of the calls: what must happen in that
/// order happens before the future is returned.
#[derive(Clone)]
pub struct Store {
    reader: Arc<Reader>,
    writer: Arc<Writer>,
}

impl Store {
    /// A store on `dynamodb`, whose requests are counted in `stats`. `generation` is that of what it knows.
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

    /// The item `key` of `kind`, if it is known freshly: `None` in the answer for one that is unknown,
    /// deleted or unreadable.
    pub fn peek(&self, kind: &str, key: &str) -> Option<Answer<Option<Cached>>> {
        self.reader.peek(kind, key)
    }

    /// The item `key` of `kind`; `None` for one that is unknown, deleted or unreadable.
    pub async fn get(&self, kind: &str, key: &str) -> Result<Answer<Option<Cached>>> {
        self.reader.get(kind, key).await
    }

    /// All live items of `kind`, as changes since the state `held`, which an earlier answer named;
    /// 0 for none.
    pub async fn all(&self, kind: &str, held: u64) -> Result<Answer<Changes>> {
        self.reader.all(kind, held).await
    }

    /// What is newest of an item, fresh or not: for whoever has an answer of an earlier generation. `None` where
    /// nothing is known.
    pub fn newest(&self, kind: &str, key: &str) -> Option<Answer<Option<Cached>>> {
        self.reader.newest(kind, key)
    }

    /// The same of all live items, as changes since the state `held`. `None` also where that state is not known any more.
    pub fn newest_all(&self, kind: &str, held: u64) -> Option<Answer<Changes>> {
        self.reader.newest_all(kind, held)
    }

    /// Whether somebody has initialised this prefix, or this process has the data for it. Once it has been
    /// seen to be true it stays so: no SDK removes the marker.
    pub async fn initialized(&self) -> Result<Answer<bool>> {
        self.reader.initialized().await
    }

    /// Whether DynamoDB answers, as one read shows for all who call this meanwhile. While reads are known to fail,
    /// it is not available, and nothing is sent but the read that probes it.
    pub async fn is_available(&self) -> bool {
        self.reader.is_available().await
    }

    /// Reads all flags and segments, one Query for each of the two kinds. Reads of single items that
    /// come meanwhile wait for it. Ends when it is done or has failed.
    pub fn preload(&self) -> impl Future<Output = ()> + Send + 'static {
        self.reader.preload_all()
    }

    /// Stores the item `json` of `kind`, unless a version as new is in the table already. Reads find it
    /// from now on.
    ///
    /// Ends when DynamoDB has taken it, has refused it for good, or the write time-out has passed. What is not in
    /// the table by then is retried in the background.
    pub fn upsert(&self, kind: &str, json: &str) -> BoxFuture<'static, Result<()>> {
        self.writer.upsert(kind, json)
    }

    /// Replaces the item `key` of `kind` by a tombstone of this version, as [`Store::upsert`] does.
    pub fn delete(&self, kind: &str, key: &str, version: f64) -> BoxFuture<'static, Result<()>> {
        self.writer.delete(kind, key, version)
    }

    /// Replaces all items of the given kinds, whatever their versions, and marks the prefix as
    /// initialised. Other kinds are left alone. An unchanged data set costs no write. Reads find the
    /// new data from when `known` is called.
    ///
    /// Ends when all is in the table, or when DynamoDB has refused it, or taken nothing for the whole
    /// write time-out; then it is retried in the background. Items that can't be stored are logged; the others
    /// are stored.
    ///
    /// The data may come later than the call, and in parts. Where it ends as `None`, nothing is done.
    pub fn init(
        &self,
        data: impl Future<Output = Option<Vec<NewItems>>> + Send + 'static,
        known: impl FnOnce() + Send + 'static,
    ) -> BoxFuture<'static, Result<()>> {
        self.writer.init(data, known)
    }

    /// Tries for a second to write what is not in the table yet, and gives the rest up. To be called
    /// when nobody uses this store any more.
    #[cfg(test)]
    pub fn close(&self) -> impl Future<Output = ()> + Send + 'static {
        self.close_after(std::future::ready(()))
    }

    /// The same where requests may still come until it is `quiet`: an SDK hands over the rest of a change
    /// one write after the other. They are waited for within the time that a close takes.
    pub fn close_after(
        &self,
        quiet: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.writer.close(quiet)
    }

    /// The generation of what is known: an answer may be repeated only while it has not advanced.
    pub fn generation(&self) -> u64 {
        self.reader.cache().generation()
    }

    /// What was counted.
    pub fn stats(&self) -> &Stats {
        self.reader.stats()
    }

    /// How many items are pending.
    pub fn pending(&self) -> usize {
        self.writer.pending().count()
    }

    /// How many bytes may be held, here and, parsed, in JavaScript.
    pub fn max_cache_bytes(&self) -> u64 {
        self.reader.cache().max_bytes()
    }

    /// How many items are held, and how many bytes.
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
}

#[cfg(test)]
mod tests;

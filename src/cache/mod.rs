//! Cache of what was read from the table, and of writes that the table has accepted.
//!
//! Writes that the table has not accepted yet are not cached: they are an overlay of their own (`writes`).
//!
//! moka serves as a bounded map. Its own expiry uses a clock that cannot be set, so entries carry the
//! wall-clock time of their read.
//!
//! **Reads never go back.** Requests overlap. Each takes a number from one [`Sequence`] when it is sent and
//! another one when its answer arrives. If two requests overlapped, either may have seen the table later, so
//! the higher version wins. Only a read that was sent after the other one had ended may bring a lower
//! version. With eventually consistent reads, even that read is accepted only once the cached version has
//! been known for a TTL, at least 2 s. A read that was sent before an init ended is void.
//!
//! The live items of a kind form a [`Collection`]. Every change of a row by a single read or a write also
//! changes the collection, so that `get` and `all` agree.
//!
//! **The generation** advances with every change that may make an earlier answer outdated. JavaScript repeats
//! an answer only while the generation is that of the answer.
//!
//! Expired answers are kept in case DynamoDB fails. With a TTL of 0 the cache answers nothing; its entries
//! then only keep answers from going back.

mod answer;
pub mod circuit_breaker;
mod collection;
mod outage_log;
mod sequence;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::notification::RemovalCause;
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use tokio::time::Instant;

pub use answer::{Answer, Known, Read, Stale};
pub use collection::{Changes, Items, set};
pub use sequence::{Generation, Seq, Sequence};

use crate::clock::{Clock, Millis};
use crate::config::Freshness;
use crate::model::{Item, RowKey};
use collection::{Collection, LastSent};

/// The longest time for which a missing row is cached, in milliseconds.
pub const MAX_MISSING_TTL_MS: f64 = 15_000.0;
/// How long after a known change an eventually consistent read may return the row as it was before, in
/// milliseconds. AWS names no limit; copies usually agree within a second.
const READ_LAG_MS: f64 = 2_000.0;
/// The approximate size of an entry without its texts, in bytes.
const ENTRY_OVERHEAD: usize = 200;

/// An item with its revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Cached {
    /// The item.
    pub item: Item,
    /// Identifies the text of this row: the same revision means the same text. 0 means none.
    pub revision: u64,
}

/// The items of a kind with their keys, including tombstones.
pub type KeyedItems = Vec<(Arc<str>, Item)>;

/// The data of one namespace after an init.
pub struct Replaced {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The items that the init stored or found there already.
    pub items: KeyedItems,
    /// Whether the namespace holds no other items.
    pub complete: bool,
}

/// The cache of one store.
pub struct Cache {
    freshness: Freshness,
    max_bytes: u64,
    /// Whether reads are eventually consistent.
    reads_lag: bool,
    clock: Clock,
    sequence: Arc<Sequence>,
    generation: Generation,
    rows: moka::sync::Cache<RowKey, Entry>,
    collections: Mutex<Collections>,
    /// Rows that were evicted for their size, until `settle_evictions` handles them.
    evicted: Arc<Mutex<Vec<RowKey>>>,
    /// Values of requests sent before this are void: an init has replaced everything since.
    valid_from: AtomicU64,
    /// A row that was missing for a request sent before this may exist now.
    missing_from: AtomicU64,
}

#[derive(Default)]
struct Collections {
    by_namespace: HashMap<Arc<str>, Collection>,
    last_sent: LastSent,
}

#[derive(Clone)]
struct Entry {
    /// `None`: the row is missing.
    cached: Option<Cached>,
    read_at: Millis,
    sent: Seq,
    known: Seq,
    /// When this version was first read or written here.
    since: (Millis, Instant),
}

impl Entry {
    fn version(&self) -> f64 {
        self.cached.as_ref().map_or(f64::NEG_INFINITY, |cached| cached.item.version)
    }

    fn revision(&self) -> u64 {
        self.cached.as_ref().map_or(0, |cached| cached.revision)
    }

    /// Returns the size of the text twice, since JavaScript also keeps it parsed.
    fn bytes(&self) -> usize {
        self.cached.as_ref().map_or(0, |cached| 2 * cached.item.json.len())
    }
}

impl Cache {
    /// Creates an empty cache that holds at most `max_bytes`. `reads_lag` means that reads are eventually
    /// consistent.
    pub fn new(
        freshness: Freshness,
        max_bytes: u64,
        reads_lag: bool,
        clock: Clock,
        sequence: Arc<Sequence>,
        generation: Generation,
    ) -> Self {
        let weigh = |row: &RowKey, entry: &Entry| {
            let size = ENTRY_OVERHEAD + row.namespace.len() + row.key.len() + entry.bytes();
            u32::try_from(size).unwrap_or(u32::MAX)
        };
        let evicted: Arc<Mutex<Vec<RowKey>>> = Arc::default();
        let notices = Arc::clone(&evicted);
        let on_eviction = move |row: Arc<RowKey>, _: Entry, cause| {
            if cause == RemovalCause::Size {
                lock(&notices).push((*row).clone());
            }
        };
        Self {
            freshness,
            max_bytes,
            reads_lag,
            clock,
            sequence,
            generation,
            // moka's default policy rejects new entries when the cache is full.
            rows: moka::sync::Cache::builder()
                .eviction_policy(EvictionPolicy::lru())
                .weigher(weigh)
                .max_capacity(max_bytes)
                .eviction_listener(on_eviction)
                .build(),
            collections: Mutex::default(),
            evicted,
            valid_from: AtomicU64::new(0),
            missing_from: AtomicU64::new(0),
        }
    }

    /// Returns whether the cache answers reads.
    pub fn is_on(&self) -> bool {
        self.freshness.ttl_ms > 0.0
    }

    /// Returns the generation. Must be read before the data of an answer.
    pub fn generation(&self) -> u64 {
        self.generation.get()
    }

    /// Advances the generation. Must be called after the data has changed.
    pub fn changed(&self) {
        self.generation.advance();
    }

    /// Returns the number of a request. Must be called before the request is sent, if its answer is to be
    /// cached.
    pub fn begin(&self) -> Seq {
        self.sequence.next()
    }

    /// Returns the cached row, fresh or not. A value of `None` means that the row is missing. A key that is
    /// absent from a collection need not be missing: another process may have added it since.
    pub fn row(&self, row: &RowKey) -> Option<Read<Option<Cached>>> {
        self.rows.get(row).map(|entry| self.read(entry))
    }

    /// Returns the cached live items of this namespace, fresh or not.
    pub fn collection(&self, namespace: &str) -> Option<Read<Arc<Items>>> {
        let collections = self.collections();
        collections.by_namespace.get(namespace).map(|collection| self.read_all(collection))
    }

    fn read(&self, entry: Entry) -> Read<Option<Cached>> {
        let Entry { cached, read_at, sent, known, .. } = entry;
        let may_have_come = || sent.0 < self.missing_from.load(Ordering::SeqCst);
        let valid = !self.is_void(sent) && (cached.is_some() || !may_have_come());
        Read { value: cached, read_at, sent, known, valid }
    }

    fn read_all(&self, collection: &Collection) -> Read<Arc<Items>> {
        let Collection { items, read_at, sent } = collection;
        let (sent, valid) = (*sent, !self.is_void(*sent));
        // A single read or write may have changed the collection after its Query.
        Read { value: Arc::clone(items), read_at: *read_at, sent, known: self.begin(), valid }
    }

    /// Decides whether a row is fresh, stale or too old to use. `generation` becomes that of the answer.
    pub fn judge_row(&self, read: Read<Option<Cached>>, generation: u64) -> Known<Option<Cached>> {
        let found = read.value.is_some();
        self.judge(read, self.ttl_of(found), found, generation)
    }

    /// Like [`Cache::judge_row`], for all live items of a namespace.
    pub fn judge_all(&self, read: Read<Arc<Items>>, generation: u64) -> Known<Arc<Items>> {
        self.judge(read, self.freshness.ttl_ms, true, generation)
    }

    fn judge<T>(&self, read: Read<T>, ttl_ms: f64, found: bool, generation: u64) -> Known<T> {
        let Freshness { ttl_ms: longest, stale_if_error_ms, stale_while_revalidate_ms } =
            self.freshness;
        if !self.is_on() {
            return Known::Nothing;
        }
        let Read { value, read_at, valid, .. } = read;
        let age_ms = self.age(read_at);
        if valid && age_ms < ttl_ms {
            let until = read_at as f64 + ttl_ms;
            return Known::Fresh(Answer { value, until, generation, stale: false });
        }
        if !stale_if_error_ms.is_infinite() && age_ms >= longest + stale_if_error_ms {
            return Known::Nothing;
        }
        // An expired "missing" may not be served while a newer answer is fetched.
        let revalidate = found && valid && age_ms < longest + stale_while_revalidate_ms;
        Known::Stale(Stale { value, generation, age_ms, revalidate })
    }

    /// Caches what a read found in this row, unless the cached entry is newer. Returns what is known after
    /// that.
    pub fn fill(&self, sent: Seq, row: &RowKey, found: Option<Item>) -> Read<Option<Cached>> {
        // Under one lock: otherwise this could undo a write in between.
        let mut collections = self.collections();
        if self.is_void(sent)
            && let Some(known) = self.known_since_init(&collections, row)
        {
            return known;
        }
        let read = self.put(sent, row, found);
        if read.is_held()
            && let Some(collection) = collections.by_namespace.get_mut(&row.namespace)
            && collection.follow(&row.key, read.value.as_ref())
        {
            self.changed();
        }
        drop(collections);
        self.settle_evictions();
        read
    }

    /// Like [`Cache::fill`], for the rows of one page of a Query. Returns the live items among what is cached after
    /// that.
    pub fn fill_page(
        &self,
        sent: Seq,
        namespace: &Arc<str>,
        found: &KeyedItems,
    ) -> Vec<(Arc<str>, Cached)> {
        let cached = found.iter().filter_map(|(key, item)| {
            let row = RowKey { namespace: namespace.clone(), key: key.clone() };
            let cached = self.fill(sent, &row, Some(item.clone())).value?;
            (!cached.item.deleted && cached.revision > 0).then(|| (key.clone(), cached))
        });
        cached.collect()
    }

    /// Returns what is known of this row since the last init. It is newer than any read sent before that
    /// init.
    fn known_since_init(
        &self,
        collections: &Collections,
        row: &RowKey,
    ) -> Option<Read<Option<Cached>>> {
        match self.rows.get(row) {
            Some(entry) => (!self.is_void(entry.sent)).then(|| self.read(entry)),
            None => {
                let collection = self.valid_collection(collections, &row.namespace)?;
                (!collection.items.contains_key(&row.key)).then(|| self.not_held(None))
            }
        }
    }

    fn valid_collection<'a>(
        &self,
        collections: &'a Collections,
        namespace: &str,
    ) -> Option<&'a Collection> {
        let collection = collections.by_namespace.get(namespace)?;
        (!self.is_void(collection.sent)).then_some(collection)
    }

    /// Caches what a read or an init found in this row, unless the cached entry stays. Returns what is known
    /// after that.
    fn put(&self, sent: Seq, row: &RowKey, item: Option<Item>) -> Read<Option<Cached>> {
        if self.is_void(sent) {
            return self.not_held(item.map(|item| Cached { item, revision: 0 }));
        }
        let (mut entry, mut changed) = (self.entry(sent, item), false);
        let result = self.rows.entry_by_ref(row).and_compute_with(|held| match held {
            Some(held) if self.stays(held.value(), &entry) => Op::Nop,
            held => {
                let held = held.as_ref().map(moka::Entry::value);
                reuse_unchanged(held, &mut entry);
                changed = held.is_some_and(|held| held.revision() != entry.revision());
                Op::Put(entry.clone())
            }
        });
        if changed {
            self.changed();
        }
        match result {
            CompResult::Unchanged(now)
            | CompResult::Inserted(now)
            | CompResult::ReplacedWith(now) => self.read(now.into_value()),
            CompResult::StillNone(_) | CompResult::Removed(_) => self.not_held(None),
        }
    }

    fn entry(&self, sent: Seq, item: Option<Item>) -> Entry {
        let (known, read_at) = (self.begin(), self.clock.now());
        let cached = item.map(|item| Cached { item, revision: known.0 });
        Entry { cached, read_at, sent, known, since: (read_at, Instant::now()) }
    }

    /// Returns whether `held` must not be replaced by what a read found.
    fn stays(&self, held: &Entry, found: &Entry) -> bool {
        held.known > found.sent && held.version() >= found.version()
            || self.is_ahead(held) && held.version() > found.version()
    }

    /// Returns whether later reads may still find an older version than this entry's.
    fn is_ahead(&self, held: &Entry) -> bool {
        let lag = self.freshness.ttl_ms.max(READ_LAG_MS);
        let (since, running_since) = held.since;
        // The wall clock can be set back, and the other one stops while the process is frozen.
        let lagged = self.clock.now().saturating_sub(since) as f64 >= lag
            || running_since.elapsed().as_secs_f64() * 1e3 >= lag;
        self.reads_lag && !self.is_void(held.sent) && !lagged
    }

    /// Like [`Cache::fill`], for all rows of a namespace.
    pub fn fill_all(&self, sent: Seq, namespace: &Arc<str>, found: KeyedItems) -> Read<Arc<Items>> {
        if self.is_void(sent) {
            let collections = self.collections();
            if let Some(collection) = self.valid_collection(&collections, namespace) {
                return self.read_all(collection);
            }
            let live = found.into_iter().filter(|(_, item)| !item.deleted);
            let items = live.map(|(key, item)| (key, Cached { item, revision: 0 })).collect();
            return self.not_held(Arc::new(items));
        }
        // Rows that these items refer to may have been added with them.
        self.forget_missing(sent);
        let mut items = self.put_all(sent, namespace, found);
        self.settle_evictions();
        // Rows that were written during the Query, or that a lagging Query does not see yet, can be absent
        // from its answer. A write that ends later waits for this lock and changes the new collection.
        let mut collections = self.collections();
        for (row, entry) in &self.rows {
            if row.namespace != *namespace || entry.sent == sent {
                continue;
            }
            if entry.known > sent || self.is_ahead(&entry) {
                set(&mut items, &row.key, entry.cached.as_ref());
            } else {
                // Another process has removed the row.
                self.rows.invalidate(&*row);
            }
        }
        let held = collections.by_namespace.get(namespace);
        let items = match held {
            Some(held) if collection::same(&held.items, &items) => Arc::clone(&held.items),
            _ => Arc::new(items),
        };
        let mut found = Collection { items, read_at: self.clock.now(), sent };
        // The result includes what the later Query found, so it is as fresh as that.
        if let Some(held) = held.filter(|held| held.sent > sent) {
            (found.read_at, found.sent) = (held.read_at, held.sent);
        }
        let read = self.read_all(&found);
        // A larger collection would exceed the limit, and miss changes of rows that are not cached.
        if self.bytes_of(namespace, &found.items) <= self.max_bytes {
            collections.by_namespace.insert(namespace.clone(), found);
        } else {
            collections.forget(namespace);
        }
        self.changed();
        read
    }

    fn bytes_of(&self, namespace: &str, items: &Items) -> u64 {
        let bytes = |(key, cached): (&Arc<str>, &Cached)| {
            ENTRY_OVERHEAD + namespace.len() + key.len() + 2 * cached.item.json.len()
        };
        items.iter().map(bytes).sum::<usize>() as u64
    }

    /// Caches these rows. Returns the live items among what is cached after that.
    fn put_all(&self, sent: Seq, namespace: &Arc<str>, found: KeyedItems) -> Items {
        let held = found.into_iter().filter_map(|(key, item)| {
            let row = RowKey { namespace: namespace.clone(), key };
            let held = self.put(sent, &row, Some(item)).value?;
            (!held.item.deleted).then_some((row.key, held))
        });
        held.collect()
    }

    /// Caches a row after its write, which was sent at `sent`. `item` is the written item, or the newer one
    /// that it lost against; `None` if that one is unreadable.
    pub fn written(&self, sent: Seq, row: &RowKey, item: Option<Cached>) {
        let mut collections = self.collections();
        let entry = self.entry(sent, None);
        let revision =
            |cached: &Cached| if cached.revision > 0 { cached.revision } else { entry.known.0 };
        let cached = item.map(|cached| Cached { revision: revision(&cached), ..cached });
        // The answer describes the row as it is now.
        let mut entry = Entry { cached, sent: entry.known, ..entry };
        let result = self.rows.entry_by_ref(row).and_compute_with(|held| match held {
            Some(held) if held.value().known > sent && held.value().version() > entry.version() => {
                Op::Nop
            }
            held => {
                reuse_unchanged(held.as_ref().map(moka::Entry::value), &mut entry);
                Op::Put(entry.clone())
            }
        });
        if let CompResult::Inserted(now) | CompResult::ReplacedWith(now) = result
            && let Some(collection) = collections.by_namespace.get_mut(&row.namespace)
        {
            collection.follow(&row.key, now.value().cached.as_ref());
        }
        self.changed();
        drop(collections);
        self.settle_evictions();
    }

    /// Caches the data of an init. Everything cached before becomes void.
    pub fn replaced(&self, data: Vec<Replaced>) {
        let sent = self.begin();
        self.void_before(sent);
        for Replaced { namespace, items, complete } in data {
            let items = Arc::new(self.put_all(sent, &namespace, items));
            if complete {
                for (row, entry) in &self.rows {
                    if row.namespace == namespace && entry.known < sent {
                        self.rows.invalidate(&*row);
                    }
                }
                let mut collections = self.collections();
                if self.bytes_of(&namespace, &items) <= self.max_bytes {
                    let collection = Collection { items, read_at: self.clock.now(), sent };
                    collections.by_namespace.insert(namespace, collection);
                } else {
                    collections.forget(&namespace);
                }
            }
        }
        self.settle_evictions();
    }

    /// Voids everything that was read before now, including the answers of requests in flight.
    pub fn void_all(&self) {
        self.void_before(self.begin());
    }

    fn void_before(&self, seq: Seq) {
        self.valid_from.fetch_max(seq.0, Ordering::SeqCst);
        self.changed();
    }

    /// Forgets which rows requests sent before `seq` found missing: a new item may refer to such rows, and
    /// they may have come with it.
    pub fn forget_missing(&self, seq: Seq) {
        self.missing_from.fetch_max(seq.0, Ordering::SeqCst);
        self.changed();
    }

    /// Returns all live items of a namespace as changes since the state `held`, which an earlier call named.
    pub fn changes(&self, namespace: &Arc<str>, held: u64, items: &Arc<Items>) -> Changes {
        let mut collections = self.collections();
        let Collections { by_namespace, last_sent } = &mut *collections;
        if !by_namespace.contains_key(namespace) {
            return Changes::whole(items);
        }
        last_sent.send(namespace, held, items, || self.begin().0)
    }

    /// Returns the limit in bytes, which the cache and JavaScript's item cache share.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Returns the size in bytes. Texts count twice, since JavaScript also keeps them parsed.
    pub fn bytes(&self) -> u64 {
        self.rows.weighted_size()
    }

    /// Returns the number of cached rows, including missing ones.
    pub fn count(&self) -> u64 {
        self.rows.entry_count()
    }

    /// Drops collections of which rows were evicted: a collection keeps the texts of all its items in memory.
    fn settle_evictions(&self) {
        // Otherwise moka weighs new entries only after a number of writes.
        self.rows.run_pending_tasks();
        let evicted = std::mem::take(&mut *lock(&self.evicted));
        if evicted.is_empty() {
            return;
        }
        let mut collections = self.collections();
        for row in &evicted {
            let held = collections.by_namespace.get(&row.namespace);
            if held.is_some_and(|collection| collection.items.contains_key(&row.key)) {
                collections.forget(&row.namespace);
            }
        }
    }

    /// Returns the TTL of a row in milliseconds. `found` is false for a missing row.
    pub fn ttl_of(&self, found: bool) -> f64 {
        let ttl = self.freshness.ttl_ms;
        if found { ttl } else { ttl.min(MAX_MISSING_TTL_MS) }
    }

    /// Returns whether a value read at this time is still fresh. If the clock went back, the value is
    /// expired; otherwise it would stay fresh for too long.
    pub fn is_fresh(&self, read_at: Millis, ttl_ms: f64) -> bool {
        self.age(read_at) < ttl_ms
    }

    fn age(&self, read_at: Millis) -> f64 {
        let age = self.clock.now().saturating_sub(read_at);
        if age < 0 { f64::INFINITY } else { age as f64 }
    }

    fn is_void(&self, sent: Seq) -> bool {
        sent.0 < self.valid_from.load(Ordering::SeqCst)
    }

    /// Returns a read whose value is not cached.
    fn not_held<T>(&self, value: T) -> Read<T> {
        let read_at = self.clock.now();
        Read { value, read_at, sent: Seq(0), known: Seq(0), valid: false }
    }

    fn collections(&self) -> MutexGuard<'_, Collections> {
        lock(&self.collections)
    }
}

impl Collections {
    fn forget(&mut self, namespace: &str) {
        self.by_namespace.remove(namespace);
        self.last_sent.forget(namespace);
    }
}

/// Reuses the cached text, its revision and since when it is known, if the new item is the same.
fn reuse_unchanged(held: Option<&Entry>, entry: &mut Entry) {
    let Some(Entry { cached: Some(held), since, .. }) = held else {
        return;
    };
    if let Some(found) = &mut entry.cached
        && held.item == found.item
    {
        *found = held.clone();
        entry.since = *since;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

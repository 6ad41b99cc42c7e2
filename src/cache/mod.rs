//! What was read from the table, and what the table has taken from this process.
//!
//! Writes that the table has not taken yet are not here: they are an overlay of their own (`writes`).
//!
//! moka is used as a bounded map. Its own expiry runs on a clock that cannot be set, so entries carry
//! the wall-clock time at which they were read.
//!
//! **Reads never go back.** Requests overlap, and each draws a number from one [`Sequence`] when it is sent and
//! another one when its answer has come. Of two that overlapped nobody knows which saw the table later, so the
//! higher version wins; only a read that was sent after the other one had ended may bring a lower version. Where
//! reads are eventually consistent, even that has to wait until the version held has been known for a TTL, at
//! least 2 s. A read that was sent before an init ended is void.
//!
//! The live items of a kind are kept as a [`Collection`]. It follows the rows: whatever a single read or a write
//! changes, it changes there too, so that `get` and `all` answer alike.
//!
//! **The generation** counts what may have changed of what is known. JavaScript repeats an answer only while the
//! generation is the one that the answer had.
//!
//! Expired answers are kept for when DynamoDB fails. With a TTL of 0 nothing is answered from here; what is held
//! then only keeps answers from going back.

pub mod circuit_breaker;
mod collection;
mod outage_log;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::notification::RemovalCause;
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;

pub use collection::{Changes, Items, set};

use crate::clock::{Clock, Millis};
use crate::config::Freshness;
use crate::model::{Item, RowKey};
use collection::{Collection, LastSent};

/// A missing row is cached for at most so many milliseconds.
pub const MAX_MISSING_TTL_MS: f64 = 15_000.0;
/// For so many milliseconds an eventually consistent read may return a row as it was before a change that is
/// known here. AWS names no bound; copies usually agree within a second.
const READ_LAG_MS: f64 = 2_000.0;
/// What an entry takes besides its texts, roughly, in bytes.
const ENTRY_OVERHEAD: usize = 200;

/// A sequence number: what has the higher one came later, in this store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seq(pub u64);

/// The sequence numbers of one store. They begin with 1.
#[derive(Debug, Default)]
pub struct Sequence(AtomicU64);

impl Sequence {
    /// The next number.
    pub fn next(&self) -> Seq {
        Seq(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

/// The generation of what a store knows. Clones are the same counter.
#[derive(Clone, Debug, Default)]
pub struct Generation(Arc<AtomicU64>);

impl Generation {
    /// The generation now. To be read before what an answer is made from.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// To be called after what is known may have changed.
    fn advance(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// An item with its revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Cached {
    /// The item.
    pub item: Item,
    /// Names the text among those that the row has had here: the same revision, the same text. 0 for none.
    pub revision: u64,
}

/// What is known of something in the table, and since when.
#[derive(Clone, Debug, PartialEq)]
pub struct Read<T> {
    /// What was found.
    pub value: T,
    /// When it was found, by the wall clock.
    pub read_at: Millis,
    /// When the request was sent: the value may be as old as this.
    pub sent: Seq,
    /// When the answer came.
    pub known: Seq,
    /// Whether it may be taken for what is in the table, within its TTL.
    pub valid: bool,
}

impl<T> Read<T> {
    /// Whether the cache has kept it.
    pub fn is_held(&self) -> bool {
        self.known > Seq(0)
    }
}

/// An answer, and until when it may be given again without asking.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    /// What was requested.
    pub value: T,
    /// Wall-clock time in milliseconds since the Unix epoch; infinite for "for ever", 0 for "not
    /// even once more".
    pub until: f64,
    /// The generation of what is known that it was made from.
    pub generation: u64,
    /// Whether it is expired, and given for want of a better one.
    pub stale: bool,
}

/// An expired answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Stale<T> {
    /// What was known.
    pub value: T,
    /// The generation of what is known that it was made from.
    pub generation: u64,
    /// How long ago it was read, in milliseconds; infinite where the clock can't tell.
    pub age_ms: f64,
    /// Whether it may be given while a newer one is fetched.
    pub revalidate: bool,
}

impl<T> Stale<T> {
    /// It, as an answer that may be given until then.
    pub fn answer(self, until: f64) -> Answer<T> {
        Answer { value: self.value, until, generation: self.generation, stale: true }
    }
}

/// What is known of something.
#[derive(Clone, Debug, PartialEq)]
pub enum Known<T> {
    /// Within its TTL.
    Fresh(Answer<T>),
    /// Expired.
    Stale(Stale<T>),
    /// Nothing.
    Nothing,
}

impl<T> Known<T> {
    /// It; where nothing is known, what is `pending`, if anything is. That is known however old it is.
    pub fn or_pending(self, pending: Option<T>, generation: u64) -> Self {
        match (self, pending) {
            (Self::Nothing, Some(value)) => {
                Self::Stale(Stale { value, generation, age_ms: 0.0, revalidate: false })
            }
            (known, _) => known,
        }
    }

    /// It, where it is fresh; else `value`, as an answer that may not be given again.
    pub fn fresh_or(self, value: T, generation: u64) -> Answer<T> {
        match self {
            Self::Fresh(answer) => answer,
            Self::Stale(_) | Self::Nothing => {
                Answer { value, until: 0.0, generation, stale: false }
            }
        }
    }

    /// It, as an answer that may not be given again where it is expired.
    pub fn answer(self) -> Option<Answer<T>> {
        match self {
            Self::Fresh(answer) => Some(answer),
            Self::Stale(stale) => Some(stale.answer(0.0)),
            Self::Nothing => None,
        }
    }
}

/// Items of a kind with their keys, tombstones included.
pub type KeyedItems = Vec<(Arc<str>, Item)>;

/// What an init left in a namespace.
pub struct Replaced {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The items that it stored, or found there already.
    pub items: KeyedItems,
    /// Whether these are all that is there.
    pub complete: bool,
}

/// The items held.
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
    /// Rows that were evicted for their size, until `settle_evictions`.
    evicted: Arc<Mutex<Vec<RowKey>>>,
    /// What was sent before this is void: an init has replaced everything since.
    valid_from: AtomicU64,
    /// What was found missing by a request sent before this may have come since.
    missing_from: AtomicU64,
}

#[derive(Default)]
struct Collections {
    by_namespace: HashMap<Arc<str>, Collection>,
    last_sent: LastSent,
}

#[derive(Clone)]
struct Entry {
    /// `None`: there is no such row.
    cached: Option<Cached>,
    read_at: Millis,
    sent: Seq,
    known: Seq,
    /// When this version was first seen or written here.
    since: Millis,
}

impl Entry {
    fn version(&self) -> f64 {
        self.cached.as_ref().map_or(f64::NEG_INFINITY, |cached| cached.item.version)
    }

    fn revision(&self) -> u64 {
        self.cached.as_ref().map_or(0, |cached| cached.revision)
    }

    /// The text, and what is parsed of it where it is used.
    fn bytes(&self) -> usize {
        self.cached.as_ref().map_or(0, |cached| 2 * cached.item.json.len())
    }
}

impl Cache {
    /// An empty cache that holds at most `max_bytes` of text. `reads_lag` says that reads are
    /// eventually consistent.
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
            // moka's own default policy refuses newcomers when it is full.
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

    /// Whether anything is answered from here.
    pub fn is_on(&self) -> bool {
        self.freshness.ttl_ms > 0.0
    }

    /// The generation of what is known. To be read before what an answer is made from.
    pub fn generation(&self) -> u64 {
        self.generation.get()
    }

    /// Advances the generation. To be called after what is known may have changed.
    pub fn changed(&self) {
        self.generation.advance();
    }

    /// To be called before a request is sent whose answer is to be kept.
    pub fn begin(&self) -> Seq {
        self.sequence.next()
    }

    /// What is held of this row; a value of `None` says that there is none. A key that is absent from a
    /// collection is not thereby missing: somebody may have added it since.
    pub fn row(&self, row: &RowKey) -> Option<Read<Option<Cached>>> {
        self.rows.get(row).map(|entry| self.read(entry))
    }

    /// All live items of this namespace, as far as they are held.
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
        // A single read or write may have changed it since it was read.
        Read { value: Arc::clone(items), read_at: *read_at, sent, known: self.begin(), valid }
    }

    /// Whether what is known of a row may be answered, in this generation.
    pub fn judge_row(&self, read: Read<Option<Cached>>, generation: u64) -> Known<Option<Cached>> {
        let found = read.value.is_some();
        self.judge(read, self.ttl_of(found), found, generation)
    }

    /// The same of all live items of a namespace.
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
        // An expired "missing" is no answer.
        let revalidate = found && valid && age_ms < longest + stale_while_revalidate_ms;
        Known::Stale(Stale { value, generation, age_ms, revalidate })
    }

    /// Keeps what a read found in this row, unless what is held is newer, and returns what is known then.
    pub fn fill(&self, sent: Seq, row: &RowKey, found: Option<Item>) -> Read<Option<Cached>> {
        // In one go: a write in between would be taken back.
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

    /// What is known of this row since the last init; a read that was sent before it is older.
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

    /// Takes in what a read or an init found in this row, unless what is held stays; returns what is known then.
    fn put(&self, sent: Seq, row: &RowKey, item: Option<Item>) -> Read<Option<Cached>> {
        if self.is_void(sent) {
            return self.not_held(item.map(|item| Cached { item, revision: 0 }));
        }
        let (mut entry, mut changed) = (self.entry(sent, item), false);
        let result = self.rows.entry_by_ref(row).and_compute_with(|held| match held {
            Some(held) if self.stays(held.value(), &entry) => Op::Nop,
            held => {
                let held = held.as_ref().map(moka::Entry::value);
                keep_what_is_same(held, &mut entry);
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
        Entry { cached, read_at, sent, known, since: read_at }
    }

    /// Whether what is held must not be replaced by what a read found.
    fn stays(&self, held: &Entry, found: &Entry) -> bool {
        held.known > found.sent && held.version() >= found.version()
            || self.is_ahead(held) && held.version() > found.version()
    }

    /// Whether later reads may still find an older version than this entry's.
    fn is_ahead(&self, held: &Entry) -> bool {
        let lag = self.freshness.ttl_ms.max(READ_LAG_MS);
        self.reads_lag && !self.is_void(held.sent) && self.is_fresh(held.since, lag)
    }

    /// [`Cache::fill`] for all rows of a namespace.
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
        // What one of these items refers to may have come with it.
        self.forget_missing(sent);
        let mut items = self.put_all(sent, namespace, found);
        self.settle_evictions();
        // Rows that were written while the Query was under way, or that it may not have come up with,
        // need not be in its answer. A write that ends from here on finds the collection in its place.
        let mut collections = self.collections();
        for (row, entry) in &self.rows {
            if row.namespace != *namespace || entry.sent == sent {
                continue;
            }
            if entry.known > sent || self.is_ahead(&entry) {
                set(&mut items, &row.key, entry.cached.as_ref());
            } else {
                // Somebody has removed it since.
                self.rows.invalidate(&*row);
            }
        }
        let held = collections.by_namespace.get(namespace);
        let items = match held {
            Some(held) if collection::same(&held.items, &items) => Arc::clone(&held.items),
            _ => Arc::new(items),
        };
        let mut found = Collection { items, read_at: self.clock.now(), sent };
        // It has all that an earlier answer to a later Query had, and is as fresh as that.
        if let Some(held) = held.filter(|held| held.sent > sent) {
            (found.read_at, found.sent) = (held.read_at, held.sent);
        }
        let read = self.read_all(&found);
        // Without all of its rows it would not know of their changes, and hold more than it may.
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

    /// Puts rows and returns the live items among what is held then.
    fn put_all(&self, sent: Seq, namespace: &Arc<str>, found: KeyedItems) -> Items {
        let held = found.into_iter().filter_map(|(key, item)| {
            let row = RowKey { namespace: namespace.clone(), key };
            let held = self.put(sent, &row, Some(item)).value?;
            (!held.item.deleted).then_some((row.key, held))
        });
        held.collect()
    }

    /// Keeps what is in the table after a write of this row that was sent at `sent`: the item that was written,
    /// or the newer one that it lost against, `None` for one that can't be read.
    pub fn written(&self, sent: Seq, row: &RowKey, item: Option<Cached>) {
        let mut collections = self.collections();
        let entry = self.entry(sent, None);
        let revision =
            |cached: &Cached| if cached.revision > 0 { cached.revision } else { entry.known.0 };
        let cached = item.map(|cached| Cached { revision: revision(&cached), ..cached });
        // The answer says how the row is now.
        let mut entry = Entry { cached, sent: entry.known, ..entry };
        let result = self.rows.entry_by_ref(row).and_compute_with(|held| match held {
            Some(held) if held.value().known > sent && held.value().version() > entry.version() => {
                Op::Nop
            }
            held => {
                keep_what_is_same(held.as_ref().map(moka::Entry::value), &mut entry);
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

    /// Keeps what an init has written. Whatever was held before is void.
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

    /// Takes nothing for fresh that was sent before now, requests under way included.
    pub fn void_all(&self) {
        self.void_before(self.begin());
    }

    fn void_before(&self, seq: Seq) {
        self.valid_from.fetch_max(seq.0, Ordering::SeqCst);
        self.changed();
    }

    /// Forgets which rows were found missing by requests sent before `seq`: something came that may
    /// refer to them.
    pub fn forget_missing(&self, seq: Seq) {
        self.missing_from.fetch_max(seq.0, Ordering::SeqCst);
        self.changed();
    }

    /// All live items of a namespace, as changes since the state `held`, which an earlier call named.
    pub fn changes(&self, namespace: &Arc<str>, held: u64, items: &Arc<Items>) -> Changes {
        let mut collections = self.collections();
        let Collections { by_namespace, last_sent } = &mut *collections;
        if !by_namespace.contains_key(namespace) {
            return Changes::whole(items);
        }
        last_sent.send(namespace, held, items, || self.begin().0)
    }

    /// How much may be held, in bytes.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// How much is held, in bytes: the texts twice, since they are parsed where they are used.
    pub fn bytes(&self) -> u64 {
        self.rows.weighted_size()
    }

    /// How many rows are held, missing ones included.
    pub fn count(&self) -> u64 {
        self.rows.entry_count()
    }

    /// Drops collections of which rows were evicted: whoever holds all items holds their texts.
    fn settle_evictions(&self) {
        // moka would let a number of writes wait before it weighs them.
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

    /// How long an answer may be given, in milliseconds.
    pub fn ttl_of(&self, found: bool) -> f64 {
        let ttl = self.freshness.ttl_ms;
        if found { ttl } else { ttl.min(MAX_MISSING_TTL_MS) }
    }

    /// Whether what was read at this time is still fresh. A clock that went back makes it expired,
    /// not immortal.
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

    /// What was read, but is not kept.
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

/// Keeps the text that is held, its revision and since when it is known, where the new one is the same.
fn keep_what_is_same(held: Option<&Entry>, entry: &mut Entry) {
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

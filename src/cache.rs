//! What the store holds of the table, and for how long it may answer from that.
//!
//! moka is used as a bounded map. Its own expiry runs on a clock that cannot be set, so entries carry
//! the wall-clock time at which they were read.
//!
//! Reads and writes overlap. Each draws a [`Ticket`] when it begins; an entry remembers the ticket of
//! what brought it. So a read that began before a write never replaces what the write left, and
//! nothing that was read before an init ended survives it, whatever its version. And where reads are
//! eventually consistent, what this process wrote itself is not replaced by an older version that a
//! later read still finds.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;

use crate::clock::{Clock, Millis};
use crate::row::{Item, RowKey};

/// The longest time for which "there is no such row" is believed, in milliseconds.
pub const MAX_MISSING_TTL_MS: f64 = 15_000.0;
/// How much text a store holds, in bytes; what was not used for longest goes first.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// What an entry takes besides its texts, roughly.
const ENTRY_OVERHEAD: usize = 200;

/// A moment in the order of reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// An answer, and until when it may be given again without asking.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    /// What was asked for.
    pub value: T,
    /// Wall-clock time in milliseconds since the Unix epoch; infinite for "for ever", 0 for "not
    /// even once more".
    pub fresh_until: f64,
}

/// The live items of a kind by key.
pub type Items = BTreeMap<Arc<str>, Item>;

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
    ttl_ms: f64,
    /// Whether a read may find the table as it was before a write that has ended.
    reads_lag: bool,
    clock: Clock,
    rows: moka::sync::Cache<RowKey, Entry>,
    snapshots: Mutex<HashMap<Arc<str>, Snapshot>>,
    next_ticket: AtomicU64,
    /// What was read by an older ticket is void: an init has replaced everything since.
    valid_from: AtomicU64,
    /// What an older ticket found missing may have come since.
    missing_from: AtomicU64,
}

#[derive(Clone)]
struct Entry {
    /// `None`: there is no such row.
    item: Option<Item>,
    read_at: Millis,
    ticket: Ticket,
    /// Whether this process wrote it.
    own: bool,
}

impl Entry {
    fn version(&self) -> f64 {
        self.item.as_ref().map_or(f64::NEG_INFINITY, |item| item.version)
    }
}

/// All live items of a namespace as a Query found them, and as upserts changed them since.
struct Snapshot {
    items: Arc<Items>,
    read_at: Millis,
    ticket: Ticket,
}

impl Cache {
    /// An empty cache in which entries are fresh for `ttl_ms`: 0 for a cache that holds nothing,
    /// infinite for entries that stay fresh. `reads_lag` says that reads are eventually consistent.
    pub fn new(ttl_ms: f64, reads_lag: bool, clock: Clock) -> Self {
        let weigh = |row: &RowKey, entry: &Entry| {
            let json = entry.item.as_ref().map_or(0, |item| item.json.len());
            let size = ENTRY_OVERHEAD + row.namespace.len() + row.key.len() + json;
            u32::try_from(size).unwrap_or(u32::MAX)
        };
        Self {
            ttl_ms,
            reads_lag,
            clock,
            // moka's own default policy refuses newcomers when it is full.
            rows: moka::sync::Cache::builder()
                .eviction_policy(EvictionPolicy::lru())
                .weigher(weigh)
                .max_capacity(if ttl_ms > 0.0 { MAX_BYTES } else { 0 })
                .build(),
            snapshots: Mutex::default(),
            next_ticket: AtomicU64::new(1),
            valid_from: AtomicU64::new(0),
            missing_from: AtomicU64::new(0),
        }
    }

    /// Whether anything is held at all.
    pub fn is_on(&self) -> bool {
        self.ttl_ms > 0.0
    }

    /// To be called before a request is sent whose answer is to be kept.
    pub fn begin(&self) -> Ticket {
        Ticket(self.next_ticket.fetch_add(1, Ordering::SeqCst))
    }

    /// The item of this row, if that is known freshly; a value of `None` says that there is none.
    pub fn fresh(&self, row: &RowKey) -> Option<Answer<Option<Item>>> {
        if !self.is_on() {
            return None;
        }
        let entry = self.rows.get(row)?;
        let outdated = self.is_void(entry.ticket)
            || entry.item.is_none() && entry.ticket.0 < self.missing_from.load(Ordering::SeqCst);
        let ttl = self.ttl_of(entry.item.as_ref());
        (!outdated && self.is_fresh(entry.read_at, ttl)).then(|| self.answer(entry))
    }

    /// Keeps what a read found in this row, unless something newer is held, and returns what is to
    /// be answered.
    pub fn fill(&self, begun: Ticket, row: &RowKey, found: Option<Item>) -> Answer<Option<Item>> {
        let entry = Entry { item: found, read_at: self.clock.now(), ticket: begun, own: false };
        self.put(row, entry)
    }

    fn put(&self, row: &RowKey, entry: Entry) -> Answer<Option<Item>> {
        if !self.is_on() || self.is_void(entry.ticket) {
            return Answer { value: entry.item, fresh_until: 0.0 };
        }
        let result = self.rows.entry_by_ref(row).and_compute_with(|held| match held {
            Some(held) if self.stays(held.value(), &entry) => Op::Nop,
            _ => Op::Put(entry.clone()),
        });
        match result {
            CompResult::Unchanged(held) => self.answer(held.into_value()),
            _ => self.answer(entry),
        }
    }

    /// Whether what is held must not be replaced by what a read found.
    fn stays(&self, held: &Entry, found: &Entry) -> bool {
        (held.ticket > found.ticket && held.version() >= found.version())
            || (self.is_ahead(held) && held.version() > found.version())
    }

    /// Whether later reads may not have come up with this entry yet.
    fn is_ahead(&self, held: &Entry) -> bool {
        self.reads_lag
            && held.own
            && !self.is_void(held.ticket)
            && self.is_fresh(held.read_at, self.ttl_ms)
    }

    /// All live items of this namespace, if they are known freshly.
    pub fn fresh_all(&self, namespace: &str) -> Option<Answer<Arc<Items>>> {
        let snapshots = self.snapshots();
        let snapshot = snapshots.get(namespace)?;
        let fresh = !self.is_void(snapshot.ticket) && self.is_fresh(snapshot.read_at, self.ttl_ms);
        fresh.then(|| self.answer_all(snapshot))
    }

    /// [`Cache::fill`] for all rows of a namespace.
    pub fn fill_all(
        &self,
        begun: Ticket,
        namespace: &Arc<str>,
        found: KeyedItems,
    ) -> Answer<Arc<Items>> {
        if !self.is_on() || self.is_void(begun) {
            return Answer { value: Arc::new(live(found)), fresh_until: 0.0 };
        }
        // What one of these items refers to may have come with it.
        self.forget_missing(begun);
        let mut items = self.put_all(begun, namespace, found, false);
        // Rows that were written while the Query was under way, or that it may not have come up with,
        // need not be in its answer. A write that ends from here on finds the snapshot in its place.
        let mut snapshots = self.snapshots();
        for (row, entry) in &self.rows {
            if row.namespace == *namespace && (entry.ticket > begun || self.is_ahead(&entry)) {
                set(&mut items, &row.key, entry.item.as_ref());
            }
        }
        let snapshot =
            Snapshot { items: Arc::new(items), read_at: self.clock.now(), ticket: begun };
        let answer = self.answer_all(&snapshot);
        if snapshots.get(namespace).is_none_or(|held| held.ticket < begun) {
            snapshots.insert(namespace.clone(), snapshot);
        }
        answer
    }

    /// Puts rows and returns the live items among what is held then.
    fn put_all(&self, ticket: Ticket, namespace: &Arc<str>, found: KeyedItems, own: bool) -> Items {
        let read_at = self.clock.now();
        let held = found.into_iter().filter_map(|(key, item)| {
            let row = RowKey { namespace: namespace.clone(), key };
            let held = self.put(&row, Entry { item: Some(item), read_at, ticket, own }).value?;
            (!held.deleted).then_some((row.key, held))
        });
        held.collect()
    }

    /// Keeps what is in the table after an update of this row that began at `begun`.
    pub fn written(&self, begun: Ticket, row: &RowKey, item: &Item) {
        if !self.is_on() {
            return;
        }
        let (read_at, ticket) = (self.clock.now(), self.begin());
        let entry = Entry { item: Some(item.clone()), read_at, ticket, own: true };
        let result = self.rows.entry_by_ref(row).and_compute_with(|held| match held {
            Some(held) if held.value().ticket > begun && held.value().version() > item.version => {
                Op::Nop
            }
            _ => Op::Put(entry.clone()),
        });
        if matches!(result, CompResult::Unchanged(_)) {
            return;
        }
        if let Some(snapshot) = self.snapshots().get_mut(&row.namespace) {
            let known = snapshot.items.get(&row.key).map_or(f64::NEG_INFINITY, |i| i.version);
            if snapshot.ticket < begun || known <= item.version {
                set(Arc::make_mut(&mut snapshot.items), &row.key, Some(item));
            }
        }
    }

    /// Keeps what an init has written. Whatever was held before is void.
    pub fn replaced(&self, data: Vec<Replaced>) {
        let ticket = self.begin();
        self.forget_all(ticket);
        for Replaced { namespace, items, complete } in data {
            let items = Arc::new(self.put_all(ticket, &namespace, items, true));
            if complete && self.is_on() {
                let snapshot = Snapshot { items, read_at: self.clock.now(), ticket };
                self.snapshots().insert(namespace, snapshot);
            }
        }
    }

    /// Forgets this row, of which it is not known what is in the table.
    pub fn forget(&self, row: &RowKey) {
        self.rows.invalidate(row);
        self.snapshots().remove(&row.namespace);
    }

    /// Forgets everything that was read before `ticket` was drawn, requests under way included.
    pub fn forget_all(&self, ticket: Ticket) {
        self.valid_from.fetch_max(ticket.0, Ordering::SeqCst);
        for (row, entry) in &self.rows {
            if self.is_void(entry.ticket) {
                self.rows.invalidate(&*row);
            }
        }
        self.snapshots().retain(|_, snapshot| !self.is_void(snapshot.ticket));
    }

    /// Forgets which rows were found missing before `ticket` was drawn: something came that may
    /// refer to them.
    pub fn forget_missing(&self, ticket: Ticket) {
        self.missing_from.fetch_max(ticket.0, Ordering::SeqCst);
    }

    /// How long an answer like this one may be given, in milliseconds.
    pub fn ttl_of(&self, item: Option<&Item>) -> f64 {
        if item.is_some() { self.ttl_ms } else { self.ttl_ms.min(MAX_MISSING_TTL_MS) }
    }

    /// Whether what was read at this time is still fresh. A clock that went back makes it expired,
    /// not immortal.
    pub fn is_fresh(&self, read_at: Millis, ttl_ms: f64) -> bool {
        let age = self.clock.now() - read_at;
        age >= 0 && (age as f64) < ttl_ms
    }

    fn is_void(&self, begun: Ticket) -> bool {
        begun.0 < self.valid_from.load(Ordering::SeqCst)
    }

    fn answer(&self, entry: Entry) -> Answer<Option<Item>> {
        let fresh_until = entry.read_at as f64 + self.ttl_of(entry.item.as_ref());
        Answer { value: entry.item, fresh_until }
    }

    fn answer_all(&self, snapshot: &Snapshot) -> Answer<Arc<Items>> {
        let fresh_until = snapshot.read_at as f64 + self.ttl_ms;
        Answer { value: Arc::clone(&snapshot.items), fresh_until }
    }

    fn snapshots(&self) -> MutexGuard<'_, HashMap<Arc<str>, Snapshot>> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The items that are no tombstones.
fn live(rows: KeyedItems) -> Items {
    rows.into_iter().filter(|(_, item)| !item.deleted).collect()
}

fn set(items: &mut Items, key: &Arc<str>, item: Option<&Item>) {
    match item.filter(|item| !item.deleted) {
        Some(item) => items.insert(key.clone(), item.clone()),
        None => items.remove(key),
    };
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;

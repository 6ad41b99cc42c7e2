//! What the store holds of the table, and for how long it may answer from that.
//!
//! moka is used as a bounded map. Its own expiry runs on a clock that cannot be set, so entries carry
//! the wall-clock time at which they were read.
//!
//! Reads and writes overlap. Each draws a [`Ticket`] when it begins, and another one when it has ended;
//! an entry remembers both. Of two that overlapped nobody knows which one saw the table later, so that the
//! newer version counts; only a read that began after the other one had ended may bring an older one. And
//! nothing that was read before an init ended counts as fresh after it, whatever its version. Where reads
//! are eventually consistent, a version that has only just been seen is not replaced by an older one that
//! a later read still finds.
//!
//! The live items of a kind are a second view of the rows that are held: whatever a row is taken for, it is
//! there, too.
//!
//! What is past its time stays, for when DynamoDB fails. With a TTL of 0 nothing is answered from here;
//! what is held then only keeps the answer of a read from being older than one before it.

mod snapshot;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::notification::RemovalCause;
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;

pub use snapshot::{Delta, Items};

use crate::clock::{Clock, Millis};
use crate::config::Freshness;
use crate::row::{Item, RowKey};
use snapshot::{Snapshot, Taken};

/// The longest time for which "there is no such row" is believed, in milliseconds.
pub const MAX_MISSING_TTL_MS: f64 = 15_000.0;
/// For how long an eventually consistent read may find a row as it was before a change that another read
/// has found already, or that this process made, in milliseconds.
const READ_LAG_MS: f64 = 2_000.0;
/// What an entry takes besides its texts, roughly.
const ENTRY_OVERHEAD: usize = 200;

/// A moment in the order of reads and writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// An item that the cache holds, or held.
#[derive(Clone, Debug, PartialEq)]
pub struct Cached {
    /// The item.
    pub item: Item,
    /// Tells apart the texts that a row has had while it was held: the same revision, the same text.
    /// 0 for what was never held.
    pub revision: u64,
}

/// An answer, and until when it may be given again without asking.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    /// What was asked for.
    pub value: T,
    /// Wall-clock time in milliseconds since the Unix epoch; infinite for "for ever", 0 for "not
    /// even once more".
    pub until: f64,
    /// When it came to be known. Of two answers the one with the later ticket counts.
    pub ticket: Ticket,
    /// Whether it is past its time, and given for want of a better one.
    pub stale: bool,
}

/// What is held, past its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Stale<T> {
    /// What was known.
    pub value: T,
    /// When it was known.
    pub ticket: Ticket,
    /// How long ago it was read, in milliseconds; infinite where the clock can't tell.
    pub age_ms: f64,
    /// Whether it may be given while a newer one is fetched.
    pub revalidate: bool,
}

impl<T> Stale<T> {
    /// It, as an answer that may be given until then.
    pub fn answer(self, until: f64) -> Answer<T> {
        Answer { value: self.value, until, ticket: self.ticket, stale: true }
    }
}

/// What is known of something.
#[derive(Clone, Debug, PartialEq)]
pub enum Known<T> {
    /// All that one needs.
    Fresh(Answer<T>),
    /// What was so a while ago.
    Stale(Stale<T>),
    /// Nothing.
    Nothing,
}

impl<T> Known<T> {
    /// It, as an answer that may not be given again where it is past its time.
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
    /// Whether a read may find the table as it was before a write that has ended.
    reads_lag: bool,
    clock: Clock,
    rows: moka::sync::Cache<RowKey, Entry>,
    snapshots: Mutex<Snapshots>,
    /// Rows that had to make room, until somebody looks after them.
    pushed_out: Arc<Mutex<Vec<(RowKey, u64)>>>,
    /// Those that were looked after here, for whoever holds more of them.
    evicted: Mutex<Vec<(RowKey, u64)>>,
    next_ticket: AtomicU64,
    /// What was read by an older ticket is void: an init has replaced everything since.
    valid_from: AtomicU64,
    /// What an older ticket found missing may have come since.
    missing_from: AtomicU64,
}

#[derive(Default)]
struct Snapshots {
    by_namespace: HashMap<Arc<str>, Snapshot>,
    taken: Taken,
    /// When a row of a namespace was last outdated: what was read before may be so too.
    outdated: HashMap<Arc<str>, Ticket>,
}

#[derive(Clone)]
struct Entry {
    /// `None`: there is no such row.
    cached: Option<Cached>,
    read_at: Millis,
    /// When that began which brought it: it may be as old as this.
    begun: Ticket,
    /// When it came to be known: what began after this is newer.
    known: Ticket,
    /// When this version was first seen or written here.
    since: Millis,
    /// Set when it is no longer known to be what is in the table.
    outdated: bool,
}

impl Entry {
    fn version(&self) -> f64 {
        self.cached.as_ref().map_or(f64::NEG_INFINITY, |cached| cached.item.version)
    }

    /// What orders it in JavaScript, which knows one ticket only. That a row is missing may be believed only
    /// from when the read began that found it so.
    fn ticket(&self) -> Ticket {
        if self.cached.is_some() { self.known } else { self.begun }
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
    pub fn new(freshness: Freshness, max_bytes: u64, reads_lag: bool, clock: Clock) -> Self {
        let weigh = |row: &RowKey, entry: &Entry| {
            let size = ENTRY_OVERHEAD + row.namespace.len() + row.key.len() + entry.bytes();
            u32::try_from(size).unwrap_or(u32::MAX)
        };
        let pushed_out: Arc<Mutex<Vec<(RowKey, u64)>>> = Arc::default();
        let notices = Arc::clone(&pushed_out);
        let evicted = move |row: Arc<RowKey>, entry: Entry, cause| {
            if cause == RemovalCause::Size {
                lock(&notices).push(((*row).clone(), entry.revision()));
            }
        };
        Self {
            freshness,
            max_bytes,
            reads_lag,
            clock,
            // moka's own default policy refuses newcomers when it is full.
            rows: moka::sync::Cache::builder()
                .eviction_policy(EvictionPolicy::lru())
                .weigher(weigh)
                .max_capacity(max_bytes)
                .eviction_listener(evicted)
                .build(),
            snapshots: Mutex::default(),
            pushed_out,
            evicted: Mutex::default(),
            next_ticket: AtomicU64::new(1),
            valid_from: AtomicU64::new(0),
            missing_from: AtomicU64::new(0),
        }
    }

    /// Whether anything is answered from here.
    pub fn is_on(&self) -> bool {
        self.freshness.ttl_ms > 0.0
    }

    /// The item that is held of this row, however old.
    pub fn held(&self, row: &RowKey) -> Option<Cached> {
        self.rows.get(row)?.cached
    }

    /// To be called before a request is sent whose answer is to be kept.
    pub fn begin(&self) -> Ticket {
        Ticket(self.next_ticket.fetch_add(1, Ordering::SeqCst))
    }

    /// What is known of this row; a value of `None` says that there is none.
    pub fn look(&self, row: &RowKey) -> Known<Option<Cached>> {
        if !self.is_on() {
            return Known::Nothing;
        }
        // That a row is not among all that were read says nothing for certain: somebody may have added it
        // since.
        let Some(entry) = self.rows.get(row) else {
            return Known::Nothing;
        };
        if entry.outdated && entry.cached.is_none() {
            return Known::Nothing;
        }
        let outdated = entry.outdated
            || self.is_void(entry.begun)
            || entry.cached.is_none() && self.may_have_come_since(entry.begun);
        if !outdated && self.is_fresh(entry.read_at, self.ttl_of(entry.cached.is_some())) {
            return Known::Fresh(self.answer(entry));
        }
        let revalidate = !outdated && entry.cached.is_some();
        let ticket = entry.ticket();
        self.stale(entry.cached, entry.read_at, ticket, revalidate)
    }

    /// All live items of this namespace, as far as they are known.
    pub fn look_all(&self, namespace: &str) -> Known<Arc<Items>> {
        if !self.is_on() {
            return Known::Nothing;
        }
        let snapshots = self.snapshots();
        let Some(snapshot) = snapshots.by_namespace.get(namespace) else {
            return Known::Nothing;
        };
        let valid = !snapshot.outdated && !self.is_void(snapshot.begun);
        if valid && self.is_fresh(snapshot.read_at, self.freshness.ttl_ms) {
            return Known::Fresh(self.answer_all(snapshot));
        }
        self.stale(Arc::clone(&snapshot.items), snapshot.read_at, self.begin(), valid)
    }

    fn stale<T>(&self, value: T, read_at: Millis, ticket: Ticket, revalidate: bool) -> Known<T> {
        let Freshness { ttl_ms, stale_if_error_ms, stale_while_revalidate_ms } = self.freshness;
        let age_ms = self.age(read_at);
        if stale_if_error_ms.is_infinite() || age_ms < ttl_ms + stale_if_error_ms {
            let revalidate = revalidate && age_ms < ttl_ms + stale_while_revalidate_ms;
            Known::Stale(Stale { value, ticket, age_ms, revalidate })
        } else {
            Known::Nothing
        }
    }

    /// Keeps what a read found in this row, unless something newer is held, and returns what is to
    /// be answered.
    pub fn fill(&self, begun: Ticket, row: &RowKey, found: Option<Item>) -> Answer<Option<Cached>> {
        // In one go: an update in between would be taken back.
        let mut snapshots = self.snapshots();
        if self.is_void(begun)
            && let Some(known) = self.known_since_init(&snapshots, row)
        {
            return known;
        }
        let answer = self.put(begun, row, found);
        if let Some(snapshot) = snapshots.by_namespace.get_mut(&row.namespace) {
            snapshot.follow(&row.key, &answer);
        }
        drop(snapshots);
        self.settle_evictions();
        answer
    }

    /// What is known of this row since the last init; a read that began before it is older.
    fn known_since_init(
        &self,
        snapshots: &Snapshots,
        row: &RowKey,
    ) -> Option<Answer<Option<Cached>>> {
        match self.rows.get(row) {
            Some(entry) => {
                (!entry.outdated && !self.is_void(entry.begun)).then(|| self.answer(entry))
            }
            None => {
                let snapshot = self.valid_snapshot(snapshots, &row.namespace)?;
                (!snapshot.items.contains_key(&row.key)).then(|| unheld(None))
            }
        }
    }

    fn valid_snapshot<'a>(
        &self,
        snapshots: &'a Snapshots,
        namespace: &str,
    ) -> Option<&'a Snapshot> {
        let snapshot = snapshots.by_namespace.get(namespace)?;
        (!snapshot.outdated && !self.is_void(snapshot.begun)).then_some(snapshot)
    }

    /// Takes in what a read or an init found in this row, unless what is held stays; returns what is to be
    /// answered.
    fn put(&self, begun: Ticket, row: &RowKey, item: Option<Item>) -> Answer<Option<Cached>> {
        if self.is_void(begun) {
            return unheld(item.map(|item| Cached { item, revision: 0 }));
        }
        let mut entry = self.entry(begun, item);
        let result = self.rows.entry_by_ref(row).and_compute_with(|held| match held {
            Some(held) if self.stays(held.value(), &entry) => Op::Nop,
            held => {
                keep_what_is_same(held.as_ref().map(moka::Entry::value), &mut entry);
                Op::Put(entry.clone())
            }
        });
        match result {
            CompResult::Unchanged(held) if held.value().outdated => {
                let held = held.into_value();
                unheld(if held.version() > entry.version() { held.cached } else { entry.cached })
            }
            CompResult::Unchanged(held) => self.answer(held.into_value()),
            CompResult::Inserted(now) | CompResult::ReplacedWith(now) => {
                self.answer(now.into_value())
            }
            CompResult::StillNone(_) | CompResult::Removed(_) => unheld(None),
        }
    }

    fn entry(&self, begun: Ticket, item: Option<Item>) -> Entry {
        let (known, read_at) = (self.begin(), self.clock.now());
        let cached = item.map(|item| Cached { item, revision: known.0 });
        Entry { cached, read_at, begun, known, since: read_at, outdated: false }
    }

    /// What is so now, for certain.
    fn entry_of_now(&self, item: Option<Item>) -> Entry {
        let entry = self.entry(Ticket(0), item);
        Entry { begun: entry.known, ..entry }
    }

    /// Whether what is held must not be replaced by what a read found.
    fn stays(&self, held: &Entry, found: &Entry) -> bool {
        let overlapped = held.known > found.begun;
        if held.outdated {
            return overlapped;
        }
        overlapped && held.version() >= found.version()
            || self.is_ahead(held) && held.version() > found.version()
    }

    /// Whether later reads may not have come up with this entry yet.
    fn is_ahead(&self, held: &Entry) -> bool {
        let lag = self.freshness.ttl_ms.max(READ_LAG_MS);
        self.reads_lag
            && !held.outdated
            && !self.is_void(held.begun)
            && self.is_fresh(held.since, lag)
    }

    /// [`Cache::fill`] for all rows of a namespace.
    pub fn fill_all(
        &self,
        begun: Ticket,
        namespace: &Arc<str>,
        found: KeyedItems,
    ) -> Answer<Arc<Items>> {
        if self.is_void(begun) {
            let snapshots = self.snapshots();
            if let Some(snapshot) = self.valid_snapshot(&snapshots, namespace) {
                return self.answer_all(snapshot);
            }
            let live = found.into_iter().filter(|(_, item)| !item.deleted);
            let items = live.map(|(key, item)| (key, Cached { item, revision: 0 })).collect();
            return unheld(Arc::new(items));
        }
        // What one of these items refers to may have come with it.
        self.forget_missing(begun);
        let mut items = self.put_all(begun, namespace, found);
        self.settle_evictions();
        // Rows that were written while the Query was under way, or that it may not have come up with,
        // need not be in its answer. A write that ends from here on finds the snapshot in its place.
        let mut snapshots = self.snapshots();
        for (row, entry) in &self.rows {
            let is_found_here = entry.begun == begun && !entry.outdated;
            if row.namespace != *namespace || is_found_here {
                continue;
            }
            if entry.outdated && entry.known > begun {
                // Of what is not known to be so any more and what was found maybe too early, the newer.
                let found = items.get(&row.key).map(|cached| cached.item.version);
                if found.is_none_or(|found| found < entry.version()) && entry.cached.is_some() {
                    snapshot::set(&mut items, &row.key, entry.cached.as_ref());
                }
            } else if entry.known > begun || self.is_ahead(&entry) {
                snapshot::set(&mut items, &row.key, entry.cached.as_ref());
            } else {
                // Somebody has removed it since.
                self.rows.invalidate(&*row);
            }
        }
        let held = snapshots.by_namespace.get(namespace);
        let items = match held {
            Some(held) if snapshot::same(&held.items, &items) => Arc::clone(&held.items),
            _ => Arc::new(items),
        };
        let snapshot = Snapshot { items, read_at: self.clock.now(), begun, outdated: false };
        let outdated = snapshots.outdated.get(namespace).is_some_and(|since| *since > begun);
        let answer =
            if outdated { unheld(Arc::clone(&snapshot.items)) } else { self.answer_all(&snapshot) };
        // Without all of its rows it would not know of their changes, and hold more than it may.
        let fits = self.bytes_of(namespace, &snapshot.items) <= self.max_bytes;
        match snapshots.by_namespace.get_mut(namespace) {
            Some(held) if outdated || !fits || held.begun > begun => {
                held.follow_all(&snapshot.items)
            }
            _ if fits && !outdated => {
                snapshots.by_namespace.insert(namespace.clone(), snapshot);
            }
            _ => {}
        }
        answer
    }

    fn bytes_of(&self, namespace: &str, items: &Items) -> u64 {
        let bytes = |(key, cached): (&Arc<str>, &Cached)| {
            ENTRY_OVERHEAD + namespace.len() + key.len() + 2 * cached.item.json.len()
        };
        items.iter().map(bytes).sum::<usize>() as u64
    }

    /// Puts rows and returns the live items among what is held then.
    fn put_all(&self, begun: Ticket, namespace: &Arc<str>, found: KeyedItems) -> Items {
        let held = found.into_iter().filter_map(|(key, item)| {
            let row = RowKey { namespace: namespace.clone(), key };
            let held = self.put(begun, &row, Some(item)).value?;
            (!held.item.deleted).then_some((row.key, held))
        });
        held.collect()
    }

    /// Keeps an item that is on its way into the table, unless something as new is held.
    pub fn received(&self, row: &RowKey, item: &Item) {
        let mut snapshots = self.snapshots();
        let mut entry = self.entry_of_now(Some(item.clone()));
        let result = self.rows.entry_by_ref(row).and_compute_with(|held| match held {
            Some(held)
                if !self.is_void(held.value().begun) && held.value().version() >= item.version =>
            {
                Op::Nop
            }
            held => {
                keep_what_is_same(held.as_ref().map(moka::Entry::value), &mut entry);
                Op::Put(entry.clone())
            }
        });
        // The snapshot may have come after what is held, without it.
        if let CompResult::Inserted(now)
        | CompResult::ReplacedWith(now)
        | CompResult::Unchanged(now) = result
            && let Some(snapshot) = snapshots.by_namespace.get_mut(&row.namespace)
        {
            let known = snapshot.items.get(&row.key);
            let known = known.map_or(f64::NEG_INFINITY, |cached| cached.item.version);
            if known < now.value().version() {
                snapshot.set(&row.key, now.value().cached.as_ref());
            }
        }
        drop(snapshots);
        self.settle_evictions();
    }

    /// Keeps what is in the table after an update of this row that began at `begun`, and returns what
    /// is known of the row then.
    pub fn written(&self, begun: Ticket, row: &RowKey, item: &Item) -> Answer<Option<Cached>> {
        let mut snapshots = self.snapshots();
        let mut entry = self.entry_of_now(Some(item.clone()));
        let result = self.rows.entry_by_ref(row).and_compute_with(|held| match held {
            Some(held) if held.value().known > begun && held.value().version() > item.version => {
                Op::Nop
            }
            held => {
                keep_what_is_same(held.as_ref().map(moka::Entry::value), &mut entry);
                Op::Put(entry.clone())
            }
        });
        let now = match result {
            CompResult::Inserted(now) | CompResult::ReplacedWith(now) => now.into_value(),
            CompResult::Unchanged(held) => return self.answer(held.into_value()),
            CompResult::StillNone(_) | CompResult::Removed(_) => return unheld(None),
        };
        if let Some(snapshot) = snapshots.by_namespace.get_mut(&row.namespace) {
            let known = snapshot.items.get(&row.key);
            let known = known.map_or(f64::NEG_INFINITY, |cached| cached.item.version);
            if snapshot.begun < begun || known <= item.version {
                snapshot.set(&row.key, now.cached.as_ref());
            }
        }
        drop(snapshots);
        self.settle_evictions();
        self.answer(now)
    }

    /// Keeps what an init has written. Whatever was held before is void.
    pub fn replaced(&self, data: Vec<Replaced>) {
        let begun = self.begin();
        self.outdate_all(begun);
        for Replaced { namespace, items, complete } in data {
            let items = Arc::new(self.put_all(begun, &namespace, items));
            if complete {
                for (row, entry) in &self.rows {
                    if row.namespace == namespace && entry.known < begun {
                        self.rows.invalidate(&*row);
                    }
                }
                let fits = self.bytes_of(&namespace, &items) <= self.max_bytes;
                let snapshot =
                    Snapshot { items, read_at: self.clock.now(), begun, outdated: !fits };
                self.snapshots().by_namespace.insert(namespace, snapshot);
            }
        }
        self.settle_evictions();
    }

    /// Takes it that this row may have changed in the table, nobody knows to what.
    pub fn outdate(&self, row: &RowKey) -> Ticket {
        let ticket = self.begin();
        self.rows.entry_by_ref(row).and_compute_with(|held| {
            let held = held.map(moka::Entry::into_value);
            let held = held.unwrap_or_else(|| self.entry_of_now(None));
            Op::Put(Entry { outdated: true, begun: ticket, known: ticket, ..held })
        });
        let mut snapshots = self.snapshots();
        snapshots.outdated.insert(row.namespace.clone(), ticket);
        if let Some(snapshot) = snapshots.by_namespace.get_mut(&row.namespace) {
            snapshot.outdated = true;
        }
        ticket
    }

    /// Takes it that everything may have changed that was read before `ticket` was drawn, requests
    /// under way included.
    pub fn outdate_all(&self, ticket: Ticket) {
        self.valid_from.fetch_max(ticket.0, Ordering::SeqCst);
    }

    /// Forgets which rows were found missing before `ticket` was drawn: something came that may
    /// refer to them.
    pub fn forget_missing(&self, ticket: Ticket) {
        self.missing_from.fetch_max(ticket.0, Ordering::SeqCst);
    }

    /// Nothing that was known before these tickets may be taken for fresh, and nothing for missing.
    pub fn bounds(&self) -> (Ticket, Ticket) {
        let load = |bound: &AtomicU64| Ticket(bound.load(Ordering::SeqCst));
        (load(&self.valid_from), load(&self.missing_from))
    }

    /// All live items of a namespace, told as a change of the state `held`, which an earlier call
    /// named.
    pub fn take_all(&self, namespace: &Arc<str>, held: u64, items: &Arc<Items>) -> Delta {
        let mut snapshots = self.snapshots();
        let Snapshots { by_namespace, taken, .. } = &mut *snapshots;
        if !by_namespace.contains_key(namespace) {
            return Delta::whole(items);
        }
        taken.take(namespace, held, items, || self.begin().0)
    }

    /// The rows that had to make room since the last call, and the revisions that they had.
    pub fn take_evicted(&self) -> Vec<(RowKey, u64)> {
        std::mem::take(&mut lock(&self.evicted))
    }

    /// Whether rows may soon have to make room for others.
    pub fn is_tight(&self) -> bool {
        self.bytes() > self.max_bytes / 4 * 3
    }

    /// How much is held, in bytes: the texts twice, since they are parsed where they are used.
    pub fn bytes(&self) -> u64 {
        self.rows.weighted_size()
    }

    /// How many rows are held, missing ones included.
    pub fn count(&self) -> u64 {
        self.rows.entry_count()
    }

    /// Drops snapshots of which rows had to make room: whoever holds all items holds their texts.
    fn settle_evictions(&self) {
        // moka would let a number of writes wait before it weighs them.
        self.rows.run_pending_tasks();
        let pushed_out = std::mem::take(&mut *lock(&self.pushed_out));
        if pushed_out.is_empty() {
            return;
        }
        let mut snapshots = self.snapshots();
        for (row, _) in &pushed_out {
            let held = snapshots.by_namespace.get(&row.namespace);
            if held.is_some_and(|snapshot| snapshot.items.contains_key(&row.key)) {
                snapshots.by_namespace.remove(&row.namespace);
                snapshots.taken.forget(&row.namespace);
            }
        }
        lock(&self.evicted).extend(pushed_out);
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

    fn is_void(&self, begun: Ticket) -> bool {
        begun.0 < self.valid_from.load(Ordering::SeqCst)
    }

    fn may_have_come_since(&self, ticket: Ticket) -> bool {
        ticket.0 < self.missing_from.load(Ordering::SeqCst)
    }

    fn answer(&self, entry: Entry) -> Answer<Option<Cached>> {
        let until = self.until(entry.read_at, self.ttl_of(entry.cached.is_some()));
        Answer { ticket: entry.ticket(), value: entry.cached, until, stale: false }
    }

    fn answer_all(&self, snapshot: &Snapshot) -> Answer<Arc<Items>> {
        let until = self.until(snapshot.read_at, self.freshness.ttl_ms);
        // An update may have changed it since it was read.
        Answer { value: Arc::clone(&snapshot.items), until, ticket: self.begin(), stale: false }
    }

    fn until(&self, read_at: Millis, ttl_ms: f64) -> f64 {
        if self.is_on() { read_at as f64 + ttl_ms } else { 0.0 }
    }

    fn snapshots(&self) -> MutexGuard<'_, Snapshots> {
        lock(&self.snapshots)
    }
}

/// What was read, but is not kept.
fn unheld<T>(value: T) -> Answer<T> {
    Answer { value, until: 0.0, ticket: Ticket(0), stale: false }
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

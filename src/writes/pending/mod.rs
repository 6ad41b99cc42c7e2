//! What the SDK handed over and the table has not taken yet: an overlay that reads consult first.
//!
//! A write is pending from the moment it is requested until it, or something as new, is in the table. It is *in
//! flight* while its caller waits for it, *retrying* after that has failed, or *memory only* when it is not for the
//! table at all. Of each row only the newest item is kept, and of inits only the last one.
//!
//! [`PendingWrites::newest`] and [`PendingWrites::newest_all`] are the one place that decides what is newest: a
//! pending write, or what is known of the table.
//!
//! Write ids are sequence numbers: they order writes by when they were requested.

mod inits;
mod newest;
mod retries;

pub use inits::{Base, PendingInit};
use newest::Times;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::cache::Sequence;
use crate::clock::Clock;
use crate::error::Error;
use crate::model::{Item, RowKey};
use crate::writes::init_plan::KindData;
use crate::writes::retry_log::RetryLog;

/// Pending writes may take so many bytes in all.
pub const MAX_BYTES: usize = 256 * 1024 * 1024;
/// What an item takes besides its texts, roughly.
const OVERHEAD: usize = 200;

/// The number of a write.
pub type WriteId = u64;

/// An upsert or a delete.
#[derive(Clone, Debug)]
pub struct Update {
    /// Its number.
    pub id: WriteId,
    /// The row that it is for.
    pub row: RowKey,
    /// What is to be there.
    pub item: Item,
    /// The rows that the item refers to.
    pub references: Arc<[RowKey]>,
}

/// All items of the kinds that an init gave, with the namespace of each kind.
pub type Data = Vec<(Arc<str>, Arc<KindData>)>;

#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// Its caller waits for it.
    InFlight,
    /// The retry worker tries it; what DynamoDB refuses for itself, not before a certain time.
    Retrying { failure: Arc<Error>, not_before: Option<Instant>, failures: u32 },
    /// It is not for the table: only this process has it.
    MemoryOnly,
}

impl Stage {
    /// The stage after one more failure.
    fn failed(&self, failure: &Error) -> Self {
        let failures = match self {
            Self::Retrying { failures, .. } => failures + 1,
            Self::InFlight | Self::MemoryOnly => 1,
        };
        let not_before = failure
            .concerns_only_the_item()
            .then(|| Instant::now() + Backoff::PERMANENT.pause_after(failures));
        Self::Retrying { failure: Arc::new(failure.clone()), not_before, failures }
    }

    fn is_retrying(&self) -> bool {
        matches!(self, Self::Retrying { .. })
    }

    fn is_due(&self, now: Instant) -> bool {
        match self {
            Self::Retrying { not_before, .. } => not_before.is_none_or(|time| time <= now),
            Self::InFlight | Self::MemoryOnly => false,
        }
    }
}

/// Whether an update is pending now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is.
    Pending,
    /// Something as new is. Where that is an update, this is its number.
    Superseded(Option<WriteId>),
    /// There is no room for it.
    NoRoom,
}

/// What became of an update that was left to the retry worker.
#[derive(Clone, Debug)]
pub enum Settled {
    /// It is in the table, or something as new.
    Saved,
    /// DynamoDB refuses it.
    Refused(Error),
    /// An init has taken its place.
    Replaced,
}

/// What becomes of a write that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The retry worker tries it again.
    Retrying,
    /// Something newer is pending in its place.
    Superseded,
    /// There is no room for it.
    GivenUp,
}

/// Why an update can't be written yet.
pub enum Blocked {
    /// It comes after one that DynamoDB can't take now.
    Waiting(Error),
    /// It comes after one that DynamoDB refuses.
    Refused(Error),
}

/// The pending writes of one store.
pub struct PendingWrites {
    clock: Clock,
    sequence: Arc<Sequence>,
    state: Mutex<State>,
    /// So that reads need not lock when there is nothing.
    count: AtomicUsize,
}

#[derive(Default)]
struct State {
    rows: BTreeMap<RowKey, Row>,
    init: Option<Init>,
    /// Inits whose data has not come yet.
    announced: usize,
    given_up: bool,
    /// The last init that has ended, and how.
    ended: watch::Sender<(WriteId, Option<Error>)>,
    /// How much there is of updates, and of the init, in bytes.
    bytes: usize,
    init_bytes: usize,
    /// How many updates are in these stages.
    retrying: usize,
    memory_only: usize,
    log: RetryLog,
}

struct Init {
    init: PendingInit,
    stage: Stage,
    times: Times,
}

struct Row {
    update: Arc<Update>,
    stage: Stage,
    times: Times,
    /// The first update of this row that is not in the table: what was requested after it and refers to
    /// the row waits, though a newer update has taken its place.
    since: WriteId,
    /// The last update of this row that is in the table, of those that this one superseded.
    saved: WriteId,
    /// Notified of what `settled` waits for.
    settled: Arc<Notify>,
}

impl Row {
    fn bytes(&self) -> usize {
        bytes_of_item(&self.update.row.key, &self.update.item)
    }
}

impl PendingWrites {
    /// None. Their ids are drawn from `sequence`.
    pub fn new(clock: Clock, sequence: Arc<Sequence>) -> Self {
        Self { clock, sequence, state: Mutex::default(), count: AtomicUsize::new(0) }
    }

    /// The number of a write that is requested now.
    pub fn begin(&self) -> WriteId {
        self.sequence.next().0
    }

    fn received_now(&self) -> Times {
        Times { received_at: self.clock.now(), received: self.sequence.next(), failed: None }
    }

    /// How many items are not in the table.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Adds an update, unless something as new is pending.
    pub fn add(&self, update: &Arc<Update>) -> Added {
        self.add_in(update, Stage::InFlight)
    }

    /// Adds an update that never goes into the table.
    pub fn add_memory_only(&self, update: &Arc<Update>) -> Added {
        self.add_in(update, Stage::MemoryOnly)
    }

    fn add_in(&self, update: &Arc<Update>, stage: Stage) -> Added {
        let times = self.received_now();
        let mut state = self.lock();
        if state.version(&update.row).is_some_and(|version| version >= update.item.version) {
            let row = state.rows.get(&update.row).filter(|row| row.stage != Stage::MemoryOnly);
            return Added::Superseded(row.map(|row| row.update.id));
        }
        let mut row = Row {
            update: Arc::clone(update),
            stage,
            times,
            since: update.id,
            saved: 0,
            settled: Arc::default(),
        };
        let superseded = state.rows.get(&update.row).map_or(0, Row::bytes);
        if state.all_bytes() - superseded + row.bytes() > MAX_BYTES {
            return Added::NoRoom;
        }
        // Who waits for what it supersedes waits for it.
        if let Some(superseded) = state.take(&update.row) {
            if superseded.stage != Stage::MemoryOnly && row.stage != Stage::MemoryOnly {
                row.since = superseded.since;
            }
            row.saved = superseded.saved;
            row.settled = superseded.settled;
        }
        state.put(row);
        self.recount(&state);
        Added::Pending
    }

    /// Ends the retries of an update when a read has found this version in the table, which is as new.
    pub fn found(&self, row: &RowKey, version: f64) {
        if self.count() == 0 {
            return;
        }
        let mut state = self.lock();
        // An init that is pending takes out of the table what it does not have and nobody wrote since.
        let init = state.init.as_ref().map(|init| init.init.id);
        let is_settled = state.rows.get(row).is_some_and(|row| {
            version >= row.update.item.version
                && row.stage != Stage::InFlight
                && init.is_none_or(|init| init > row.update.id)
        });
        if is_settled {
            state.settle_saved(row);
            self.recount(&state);
        }
    }

    /// Whether an init was requested after this update that takes its place.
    pub fn is_replaced(&self, update: &Update) -> bool {
        self.count() > 0 && self.lock().is_replaced(&update.row, update.id)
    }

    /// An update is in the table, or has lost against what is there.
    pub fn saved(&self, update: &Update) {
        let mut state = self.lock();
        match state.rows.get_mut(&update.row) {
            Some(row) if row.update.id == update.id => state.settle_saved(&update.row),
            Some(row) => {
                row.saved = row.saved.max(update.id);
                row.since = row.update.id;
                row.settled.notify_waiters();
            }
            None => {}
        }
        self.recount(&state);
    }

    /// Something as new as the update of this row with this number is in the table.
    pub fn saved_with(&self, row: &RowKey, id: WriteId) {
        if self.count() == 0 {
            return;
        }
        let mut state = self.lock();
        if state.rows.get(row).is_some_and(|row| row.update.id == id) {
            state.settle_saved(row);
            self.recount(&state);
        }
    }

    /// The update of this row with this number, if its caller waits for it.
    pub fn in_flight(&self, row: &RowKey, id: WriteId) -> Option<Arc<Update>> {
        if self.count() == 0 {
            return None;
        }
        let state = self.lock();
        let row = state.rows.get(row)?;
        let is_it = row.update.id == id && row.stage == Stage::InFlight;
        is_it.then(|| Arc::clone(&row.update))
    }

    /// The update of this row is in the table.
    #[cfg(test)]
    pub fn saved_row(&self, row: &RowKey) {
        let update = self.lock().rows.get(row).map(|row| Arc::clone(&row.update));
        self.saved(&update.unwrap());
    }

    /// Gives everything up. Returns the rows that are not in the table and were to be.
    pub fn give_up(&self) -> Vec<RowKey> {
        let mut state = self.lock();
        let mut given_up = HashSet::new();
        if let Some(Init { init, stage, .. }) = state.init.take()
            && stage != Stage::MemoryOnly
        {
            for (namespace, kind) in &init.data {
                let row =
                    |key: &Arc<str>| RowKey { namespace: namespace.clone(), key: key.clone() };
                given_up.extend(kind.items.keys().map(row));
            }
        }
        for (key, row) in std::mem::take(&mut state.rows) {
            row.settled.notify_waiters();
            if row.stage != Stage::MemoryOnly {
                given_up.insert(key);
            }
        }
        (state.bytes, state.retrying, state.memory_only) = (0, 0, 0);
        state.given_up = true;
        if !given_up.is_empty() {
            // They will never be in the table.
            state.log = RetryLog::default();
        }
        self.recount(&state);
        let mut given_up: Vec<RowKey> = given_up.into_iter().collect();
        given_up.sort();
        given_up
    }

    /// Whether anything is to go into the table yet.
    pub fn is_any_to_write(&self) -> bool {
        let state = self.lock();
        state.announced > 0
            || state.rows.len() > state.memory_only
            || state.init.as_ref().is_some_and(|init| init.stage != Stage::MemoryOnly)
    }

    fn recount(&self, state: &State) {
        let of_init = state.init.iter().map(|init| items_of(&init.init.data)).sum::<usize>();
        // An init without items counts too: the marker is not there.
        let marker = usize::from(state.init.is_some() && of_init == 0);
        self.count.store(state.rows.len() + of_init + marker, Ordering::SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The version of the pending write of this row.
    fn version(&self, row: &RowKey) -> Option<f64> {
        match self.rows.get(row) {
            Some(row) => Some(row.update.item.version),
            None => Some(self.kind(&row.namespace)?.items.get(&row.key)?.version),
        }
    }

    fn kind(&self, namespace: &str) -> Option<&Arc<KindData>> {
        kind_in(&self.init.as_ref()?.init.data, namespace)
    }

    /// Whether an init was requested after this update that takes its place.
    fn is_replaced(&self, row: &RowKey, id: WriteId) -> bool {
        self.kind(&row.namespace).is_some()
            && self.init.as_ref().is_some_and(|init| init.init.id > id)
    }

    fn all_bytes(&self) -> usize {
        self.bytes + self.init.as_ref().map_or(0, |_| self.init_bytes)
    }

    fn put(&mut self, row: Row) {
        self.bytes += row.bytes();
        self.retrying += usize::from(row.stage.is_retrying());
        self.memory_only += usize::from(row.stage == Stage::MemoryOnly);
        self.rows.insert(row.update.row.clone(), row);
    }

    fn take(&mut self, row: &RowKey) -> Option<Row> {
        let row = self.rows.remove(row)?;
        self.bytes -= row.bytes();
        self.retrying -= usize::from(row.stage.is_retrying());
        self.memory_only -= usize::from(row.stage == Stage::MemoryOnly);
        Some(row)
    }

    fn take_if(&mut self, update: &Update) -> Option<Row> {
        let row = self.rows.get(&update.row)?;
        if row.update.id == update.id { self.take(&update.row) } else { None }
    }

    /// Takes an update out, and wakes those who wait for it. Returns whether it was retrying.
    fn settle(&mut self, row: &RowKey) -> bool {
        let Some(row) = self.take(row) else {
            return false;
        };
        row.settled.notify_waiters();
        row.stage.is_retrying()
    }

    /// Takes an update out that is in the table, or has lost against what is there.
    fn settle_saved(&mut self, row: &RowKey) {
        if self.settle(row) {
            self.log.saved(1);
        }
    }
}

/// Puts an item of one of these kinds in its place.
pub fn put_into(data: &mut Data, row: &RowKey, item: Item) {
    if let Some((_, kind)) = data.iter_mut().find(|(of, _)| *of == row.namespace) {
        Arc::make_mut(kind).items.insert(row.key.clone(), item);
    }
}

/// The kind whose items lie in this namespace.
pub fn kind_in<'d>(data: &'d Data, namespace: &str) -> Option<&'d Arc<KindData>> {
    data.iter().find(|(of, _)| **of == *namespace).map(|(_, kind)| kind)
}

fn items_of(data: &Data) -> usize {
    data.iter().map(|(_, kind)| kind.items.len()).sum()
}

fn bytes_of(data: &Data) -> usize {
    let items = data.iter().flat_map(|(_, kind)| &kind.items);
    items.map(|(key, item)| bytes_of_item(key, item)).sum()
}

fn bytes_of_item(key: &str, item: &Item) -> usize {
    OVERHEAD + key.len() + item.json.len()
}

#[cfg(test)]
mod tests;

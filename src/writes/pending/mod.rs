//! Pending writes: what the SDK handed over and the table has not accepted yet. Reads consult this overlay
//! first.
//!
//! A write is pending from its request until it, or something as new, is in the table. It is *in flight*
//! while its caller waits for it, *retrying* after a failure, and *memory only* if it is never written to the
//! table. Only the newest item of each row and only the last init are kept.
//!
//! Only [`PendingWrites::newest`] and [`PendingWrites::newest_all`] decide which is newest: a pending write
//! or what was read from the table.
//!
//! Write ids are sequence numbers: they order writes by the time of their requests.

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

/// The maximum size of all pending writes in bytes.
pub const MAX_BYTES: usize = 256 * 1024 * 1024;
/// The approximate size of an item without its texts, in bytes.
const OVERHEAD: usize = 200;

/// The id of a write.
pub type WriteId = u64;

/// An upsert or a delete.
#[derive(Clone, Debug)]
pub struct Update {
    /// The id of the update.
    pub id: WriteId,
    /// The row to write.
    pub row: RowKey,
    /// The new item.
    pub item: Item,
    /// The rows that the item refers to.
    pub references: Arc<[RowKey]>,
}

/// All items of the kinds in an init, with the namespace of each kind.
pub type Data = Vec<(Arc<str>, Arc<KindData>)>;

#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// Its caller waits for it.
    InFlight,
    /// The retry worker repeats it. An item that DynamoDB rejects individually has to wait until
    /// `not_before`.
    Retrying { failure: Arc<Error>, not_before: Option<Instant>, failures: u32 },
    /// It is never written to the table. Only this process has it.
    MemoryOnly,
}

impl Stage {
    /// Returns the stage after another failure.
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

/// The result of adding an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is pending.
    Pending,
    /// Something as new is pending already. If that is an update, this is its id.
    Superseded(Option<WriteId>),
    /// There is no room for it.
    NoRoom,
}

/// The result of an update that was left to the retry worker.
#[derive(Clone, Debug)]
pub enum Settled {
    /// It, or something as new, is in the table.
    Saved,
    /// DynamoDB rejects it.
    Refused(Error),
    /// An init has replaced it.
    Replaced,
}

/// What happens to a failed write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The retry worker repeats it.
    Retrying,
    /// Something newer is pending in its place.
    Superseded,
    /// There is no room for it.
    GivenUp,
}

/// Why an update cannot be written yet.
pub enum Blocked {
    /// A write that must come first is not in the table yet.
    Waiting(Error),
    /// A write that must come first has failed permanently.
    Refused(Error),
}

/// The pending writes of one store.
pub struct PendingWrites {
    clock: Clock,
    sequence: Arc<Sequence>,
    state: Mutex<State>,
    /// Lets reads skip the lock while nothing is pending.
    count: AtomicUsize,
}

#[derive(Default)]
struct State {
    rows: BTreeMap<RowKey, Row>,
    init: Option<Init>,
    /// The number of announced inits whose data has not arrived.
    announced: usize,
    given_up: bool,
    /// The last init that has ended, with its failure, if any.
    ended: watch::Sender<(WriteId, Option<Error>)>,
    /// The sizes of all updates and of the init, in bytes.
    bytes: usize,
    init_bytes: usize,
    /// The number of updates in these stages.
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
    /// The first update of this row that is not in the table. Updates that were requested after it and refer
    /// to the row wait, even if a newer update has taken its place.
    since: WriteId,
    /// The last update of this row that is in the table, of those that this one superseded.
    saved: WriteId,
    /// Notified when `settled` has to check again.
    settled: Arc<Notify>,
}

impl Row {
    fn bytes(&self) -> usize {
        bytes_of_item(&self.update.row.key, &self.update.item)
    }
}

impl PendingWrites {
    /// Creates an empty overlay. `sequence` provides the write ids.
    pub fn new(clock: Clock, sequence: Arc<Sequence>) -> Self {
        Self { clock, sequence, state: Mutex::default(), count: AtomicUsize::new(0) }
    }

    /// Returns the id of a write that is requested now.
    pub fn begin(&self) -> WriteId {
        self.sequence.next().0
    }

    fn received_now(&self) -> Times {
        Times { received_at: self.clock.now(), received: self.sequence.next(), failed: None }
    }

    /// Returns the number of pending items.
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
        // Callers that wait for the superseded update wait for this one now.
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

    /// Removes an update that is no longer in flight, after a read found this version in the table, if that
    /// is as new.
    pub fn found(&self, row: &RowKey, version: f64) {
        if self.count() == 0 {
            return;
        }
        let mut state = self.lock();
        // An init that was requested before the update may still delete the row.
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

    /// Returns whether an init that was requested after this update replaces it.
    pub fn is_replaced(&self, update: &Update) -> bool {
        self.count() > 0 && self.lock().is_replaced(&update.row, update.id)
    }

    /// Records that an update is in the table, or has lost against a newer item there.
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

    /// Records that something as new as the update of this row with this id is in the table.
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

    /// Returns the update of this row with this id, if it is in flight.
    pub fn in_flight(&self, row: &RowKey, id: WriteId) -> Option<Arc<Update>> {
        if self.count() == 0 {
            return None;
        }
        let state = self.lock();
        let row = state.rows.get(row)?;
        let is_it = row.update.id == id && row.stage == Stage::InFlight;
        is_it.then(|| Arc::clone(&row.update))
    }

    /// Records that the update of this row is in the table.
    #[cfg(test)]
    pub fn saved_row(&self, row: &RowKey) {
        let update = self.lock().rows.get(row).map(|row| Arc::clone(&row.update));
        self.saved(&update.unwrap());
    }

    /// Discards everything. Returns the rows that are not in the table although they should be.
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
            // These writes never reach the table, so their retries must not be logged as successful.
            state.log = RetryLog::default();
        }
        self.recount(&state);
        let mut given_up: Vec<RowKey> = given_up.into_iter().collect();
        given_up.sort();
        given_up
    }

    /// Returns whether anything still has to be written.
    pub fn is_any_to_write(&self) -> bool {
        let state = self.lock();
        state.announced > 0
            || state.rows.len() > state.memory_only
            || state.init.as_ref().is_some_and(|init| init.stage != Stage::MemoryOnly)
    }

    fn recount(&self, state: &State) {
        let of_init = state.init.iter().map(|init| items_of(&init.init.data)).sum::<usize>();
        // An init without items counts, too: its marker is not in the table.
        let marker = usize::from(state.init.is_some() && of_init == 0);
        self.count.store(state.rows.len() + of_init + marker, Ordering::SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the version of the pending write of this row.
    fn version(&self, row: &RowKey) -> Option<f64> {
        match self.rows.get(row) {
            Some(row) => Some(row.update.item.version),
            None => Some(self.kind(&row.namespace)?.items.get(&row.key)?.version),
        }
    }

    fn kind(&self, namespace: &str) -> Option<&Arc<KindData>> {
        kind_in(&self.init.as_ref()?.init.data, namespace)
    }

    /// Returns whether an init that was requested after this update replaces it.
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

    /// Removes an update and wakes the callers that wait for it. Returns whether it was retrying.
    fn settle(&mut self, row: &RowKey) -> bool {
        let Some(row) = self.take(row) else {
            return false;
        };
        row.settled.notify_waiters();
        row.stage.is_retrying()
    }

    /// Removes an update that is in the table, or has lost against a newer item there.
    fn settle_saved(&mut self, row: &RowKey) {
        if self.settle(row) {
            self.log.saved(1);
        }
    }
}

/// Inserts an item into its kind, if `data` contains that kind.
pub fn put_into(data: &mut Data, row: &RowKey, item: Item) {
    if let Some((_, kind)) = data.iter_mut().find(|(of, _)| *of == row.namespace) {
        Arc::make_mut(kind).items.insert(row.key.clone(), item);
    }
}

/// Returns the kind whose items are in this namespace.
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

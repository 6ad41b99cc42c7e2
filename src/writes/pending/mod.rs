//! Pending writes: what the SDK handed over and the table has not accepted yet. Reads consult this overlay
//! first.
//!
//! A write is pending from its request until it, or something as new, is in the table. It is *in flight*
//! while its caller waits for it, *retrying* after a failure, and *memory only* if it is never written to the
//! table. Only the newest item of each row and only the last init are kept.
//!
//! Only [`PendingWrites::newest`] and [`PendingWrites::newest_all`] decide which is newest: a pending write
//! or what was read from the table. Only [`PendingWrites::next_step`] and [`PendingWrites::next_retry`] decide
//! which write may be sent.
//!
//! Write ids are sequence numbers: they order writes by the time of their requests.

mod inits;
mod newest;
mod order;
mod retries;

pub use inits::{Base, PendingInit};
use newest::{Received, Times};
use order::Claimed;
pub use order::{Claim, InitTurn, Step};

use std::collections::{BTreeMap, BTreeSet};
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

impl Update {
    fn bytes(&self) -> usize {
        bytes_of_item(&self.row.key, &self.item)
    }
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
    /// An init of a read-only store. It is never written to the table.
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
    /// The update with this id is pending and as new.
    Superseded(WriteId),
    /// The init with this id is pending and its item is as new.
    SupersededByInit(WriteId),
    /// There is no room for it.
    NoRoom,
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

/// The pending writes of one store.
pub struct PendingWrites {
    clock: Clock,
    sequence: Arc<Sequence>,
    state: Mutex<State>,
    /// Lets reads skip the lock while nothing is pending.
    count: AtomicUsize,
    /// Notified when nothing has to be written any more.
    drained: Notify,
}

#[derive(Default)]
struct State {
    /// The newest update of each row that has to get into the table.
    rows: BTreeMap<RowKey, Row>,
    /// Items that are newer than those and are never written to the table.
    memory_only: BTreeMap<RowKey, Received>,
    init: Option<Init>,
    /// The inits that have been requested and have not ended. Each is notified when it ends.
    barriers: BTreeMap<WriteId, Arc<Notify>>,
    /// The rows whose writes are being sent.
    claims: BTreeMap<RowKey, Claimed>,
    /// The rows that were given up when the store was closed, each with its first update that is not in the table.
    given_up: Option<BTreeMap<RowKey, WriteId>>,
    /// The last init that has ended, with its failure, if any.
    ended: watch::Sender<(WriteId, Option<Error>)>,
    /// The sizes of all updates and of the init, in bytes.
    bytes: usize,
    init_bytes: usize,
    /// The number of updates that are retrying.
    retrying: usize,
    log: RetryLog,
}

struct Init {
    init: PendingInit,
    stage: Stage,
    times: Times,
}

struct Row {
    newest: Received,
    stage: Stage,
    /// The updates of this row that are not in the table: the newest and those that it superseded.
    ids: BTreeSet<WriteId>,
    /// Notified when this update ends, fails or is superseded.
    changed: Arc<Notify>,
}

impl Row {
    fn update(&self) -> &Arc<Update> {
        &self.newest.update
    }

    /// The first update of this row that is not in the table. Updates that were requested after it and refer to the
    /// row wait, even if a newer update has taken its place.
    fn since(&self) -> WriteId {
        self.ids.first().copied().unwrap_or(self.update().id)
    }
}

impl PendingWrites {
    /// Creates an empty overlay. `sequence` provides the write ids.
    pub fn new(clock: Clock, sequence: Arc<Sequence>) -> Self {
        Self {
            clock,
            sequence,
            state: Mutex::default(),
            count: AtomicUsize::new(0),
            drained: Notify::new(),
        }
    }

    /// Returns the id of a write that is requested now.
    pub fn begin(&self) -> WriteId {
        self.sequence.next().0
    }

    fn now(&self) -> Times {
        Times { received_at: self.clock.now(), received: self.sequence.next(), failed: None }
    }

    /// Returns the number of pending items.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Adds an update that has to get into the table, unless something as new is pending.
    pub fn add(&self, update: &Arc<Update>) -> Added {
        let newest = Received { update: Arc::clone(update), times: self.now() };
        let mut state = self.lock();
        if let Some(superseded) = state.superseded(update) {
            return superseded;
        }
        if !state.has_room(update, state.rows.get(&update.row).map(|row| &row.newest)) {
            return Added::NoRoom;
        }
        // Callers that wait for the superseded update wait for this one now.
        let superseded = state.take(&update.row).map(|row| (row.ids, row.changed));
        let (mut ids, changed) = superseded.unwrap_or_default();
        ids.insert(update.id);
        let row = Row { newest, stage: Stage::InFlight, ids, changed };
        state.forget_memory_only(&update.row, update.item.version);
        state.put(row);
        self.recount(&state);
        Added::Pending
    }

    /// Adds an update that is never written to the table, unless something as new is pending.
    pub fn add_memory_only(&self, update: &Arc<Update>) -> Added {
        let newest = Received { update: Arc::clone(update), times: self.now() };
        let mut state = self.lock();
        if let Some(superseded) = state.superseded(update) {
            return superseded;
        }
        let held = state.memory_only.get(&update.row);
        if let Some(held) = held.filter(|held| held.is_as_new_as(&update.item)) {
            return Added::Superseded(held.update.id);
        }
        if !state.has_room(update, held) {
            return Added::NoRoom;
        }
        state.forget_memory_only(&update.row, update.item.version);
        state.bytes += newest.bytes();
        state.memory_only.insert(update.row.clone(), newest);
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
        let init = state.init.as_ref().map_or(WriteId::MAX, |init| init.init.id);
        let is_as_new = |held: &Received| held.is_reached_by(version) && init > held.update.id;
        let is_saved = |row: &Row| row.stage != Stage::InFlight && is_as_new(&row.newest);
        let row_is_saved = state.rows.get(row).is_some_and(is_saved);
        let item_is_as_new = state.memory_only.get(row).is_some_and(is_as_new);
        if row_is_saved {
            state.settle_saved(row);
        }
        if item_is_as_new {
            state.forget_memory_only(row, version);
        }
        // A Query calls this for each of its rows, most of which change nothing.
        if row_is_saved || item_is_as_new {
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
            Some(row) if row.update().id == update.id => state.settle_saved(&update.row),
            Some(row) => {
                row.ids.retain(|id| *id > update.id);
                row.changed.notify_waiters();
            }
            None => {}
        }
        self.recount(&state);
    }

    /// Returns the update of this row, if it is in flight.
    pub fn in_flight(&self, row: &RowKey) -> Option<Arc<Update>> {
        let state = self.lock();
        let row = state.rows.get(row)?;
        (row.stage == Stage::InFlight).then(|| Arc::clone(row.update()))
    }

    /// Records that the update of this row is in the table.
    #[cfg(test)]
    pub fn saved_row(&self, row: &RowKey) {
        let update = self.lock().rows.get(row).map(|row| Arc::clone(row.update()));
        self.saved(&update.unwrap());
    }

    /// Discards everything, and lets nothing be sent from now on. Returns the rows that are not in the table although they should be.
    pub fn give_up(&self) -> Vec<RowKey> {
        let mut state = self.lock();
        let mut given_up = BTreeMap::new();
        if let Some(Init { init, stage, .. }) = state.init.take()
            && stage != Stage::MemoryOnly
        {
            for (namespace, kind) in &init.data {
                let row =
                    |key: &Arc<str>| RowKey { namespace: namespace.clone(), key: key.clone() };
                given_up.extend(kind.items.keys().map(|key| (row(key), 0)));
            }
        }
        for (key, row) in std::mem::take(&mut state.rows) {
            row.changed.notify_waiters();
            given_up.insert(key, row.since());
        }
        state.memory_only.clear();
        (state.bytes, state.retrying) = (0, 0);
        if !given_up.is_empty() {
            // These writes never reach the table, so their retries must not be logged as successful.
            state.log = RetryLog::default();
        }
        let rows = given_up.keys().cloned().collect();
        state.given_up = Some(given_up);
        self.recount(&state);
        rows
    }

    /// Returns whether anything still has to be written.
    pub fn is_any_to_write(&self) -> bool {
        self.lock().is_any_to_write()
    }

    /// Waits until nothing has to be written.
    pub async fn drained(&self) {
        loop {
            let drained = self.drained.notified();
            if !self.is_any_to_write() {
                return;
            }
            drained.await;
        }
    }

    fn recount(&self, state: &State) {
        let of_init = state.init.iter().map(|init| items_of(&init.init.data)).sum::<usize>();
        // An init without items counts, too: its marker is not in the table.
        let marker = usize::from(state.init.is_some() && of_init == 0);
        let updates = state.rows.len() + state.memory_only.len();
        self.count.store(updates + of_init + marker, Ordering::SeqCst);
        if !state.is_any_to_write() {
            self.drained.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether anything still has to be written, inits included whose data has not arrived.
    fn is_any_to_write(&self) -> bool {
        !self.barriers.is_empty()
            || !self.rows.is_empty()
            || self.init.as_ref().is_some_and(|init| init.stage != Stage::MemoryOnly)
    }

    /// Returns what is pending for the table and as new as this update.
    fn superseded(&self, update: &Update) -> Option<Added> {
        match self.rows.get(&update.row) {
            Some(row) => {
                let is_as_new = row.newest.is_as_new_as(&update.item);
                is_as_new.then_some(Added::Superseded(row.update().id))
            }
            None => {
                let by = self.kind(&update.row.namespace)?.items.get(&update.row.key)?;
                let init = self.init.as_ref()?.init.id;
                (by.version >= update.item.version).then_some(Added::SupersededByInit(init))
            }
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

    /// Returns whether there is room for an update in place of the one that is `held`.
    fn has_room(&self, update: &Update, held: Option<&Received>) -> bool {
        let held = held.map_or(0, Received::bytes);
        self.all_bytes() - held + update.bytes() <= MAX_BYTES
    }

    fn put(&mut self, row: Row) {
        self.bytes += row.newest.bytes();
        self.retrying += usize::from(row.stage.is_retrying());
        self.rows.insert(row.update().row.clone(), row);
    }

    fn take(&mut self, row: &RowKey) -> Option<Row> {
        let row = self.rows.remove(row)?;
        self.bytes -= row.newest.bytes();
        self.retrying -= usize::from(row.stage.is_retrying());
        Some(row)
    }

    fn take_if(&mut self, update: &Update) -> Option<Row> {
        let row = self.rows.get(&update.row)?;
        if row.update().id == update.id { self.take(&update.row) } else { None }
    }

    /// Forgets the memory-only item of this row, if this version is as new.
    fn forget_memory_only(&mut self, row: &RowKey, version: f64) {
        if self.memory_only.get(row).is_some_and(|held| held.is_reached_by(version))
            && let Some(held) = self.memory_only.remove(row)
        {
            self.bytes -= held.bytes();
        }
    }

    /// Removes an update and wakes the callers that wait for it. Returns whether it was retrying.
    fn settle(&mut self, row: &RowKey) -> bool {
        let Some(row) = self.take(row) else {
            return false;
        };
        row.changed.notify_waiters();
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

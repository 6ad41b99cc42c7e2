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

use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::backoff::{Backoff, no_answer};
use crate::cache::{Cached, Items, Read, Seq, Sequence, set};
use crate::clock::{Clock, Millis};
use crate::error::Error;
use crate::row::{Fingerprint, Item, RowKey};
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

/// The rows that an init found when it first read the table.
pub type Base = HashMap<RowKey, Fingerprint>;

/// An init.
#[derive(Clone, Debug)]
pub struct PendingInit {
    /// Its number.
    pub id: WriteId,
    /// What is to be there.
    pub data: Data,
    /// The live items of the same, by namespace.
    pub live: Vec<(Arc<str>, Arc<Items>)>,
    /// What was there, if that could be read in time.
    pub base: Option<Arc<Base>>,
}

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

/// When a pending write came, and when it last failed.
#[derive(Clone, Copy)]
struct Times {
    received_at: Millis,
    received: Seq,
    /// Somebody else may have written since: only what was read after this is fresh.
    failed: Option<Seq>,
}

impl Times {
    /// What a pending write says, where `read` is what is known of the table.
    fn says<T, R>(&self, value: T, read: Option<&Read<R>>) -> Read<T> {
        let Self { received_at: read_at, received, failed } = *self;
        let valid = failed.is_none();
        let mut says = Read { value, read_at, sent: received, known: received, valid };
        let Some(read) = read else {
            return says;
        };
        says.known = says.known.max(read.known);
        if read.valid && failed.is_none_or(|failed| read.sent > failed) {
            says.read_at = if valid { read.read_at.max(read_at) } else { read.read_at };
            says.sent = says.sent.max(read.sent);
            says.valid = true;
        }
        says
    }
}

/// What is newest of something.
pub struct Newest<T> {
    /// `None`: nothing is known.
    pub read: Option<Read<T>>,
    /// Whether a write of it is pending: then it is known, however old.
    pub is_pending: bool,
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

    /// Counts an init whose data is to come, until [`PendingWrites::arrived`].
    pub fn announce(&self) {
        self.lock().announced += 1;
    }

    /// The data of an announced init has come, or will not.
    pub fn arrived(&self) {
        self.lock().announced -= 1;
    }

    /// Puts an init in the place of the pending writes of the same kinds that were requested before it.
    /// `live` has its live items.
    pub fn add_init(&self, id: WriteId, data: Data, live: Vec<(Arc<str>, Arc<Items>)>) {
        let times = self.received_now();
        let mut state = self.lock();
        let (mut data, mut live) = (data, live);
        if let Some(Init { init: earlier, .. }) = &mut state.init {
            if earlier.id > id {
                return;
            }
            let others = |kind: &Arc<str>| data.iter().all(|(namespace, _)| namespace != kind);
            earlier.live.retain(|(namespace, _)| others(namespace));
            earlier.data.retain(|(namespace, _)| others(namespace));
            live.append(&mut earlier.live);
            data.append(&mut earlier.data);
        }
        let beaten = |row: &Row| {
            let kind = kind_in(&data, &row.update.row.namespace);
            kind.is_some_and(|kind| {
                let is_older = kind
                    .items
                    .get(&row.update.row.key)
                    .is_some_and(|item| item.version >= row.update.item.version);
                row.update.id < id || is_older
            })
        };
        let beaten: Vec<RowKey> =
            state.rows.iter().filter(|(_, row)| beaten(row)).map(|(key, _)| key.clone()).collect();
        state.init_bytes = bytes_of(&data);
        let init = PendingInit { id, data, live, base: None };
        state.init = Some(Init { init, stage: Stage::InFlight, times });
        for row in &beaten {
            state.settle(row);
        }
        self.recount(&state);
    }

    /// The init with this number, if it is the last one.
    pub fn init(&self, id: WriteId) -> Option<PendingInit> {
        let state = self.lock();
        Some(state.init_with(id)?.init.clone())
    }

    /// Whether no other init has come since the one with this number.
    pub fn is_last_init(&self, id: WriteId) -> bool {
        self.lock().init_with(id).is_some()
    }

    /// The data of the init with this number, with the retrying updates in it that were requested after it, and
    /// these updates.
    pub fn init_with_updates(&self, id: WriteId) -> Option<(Data, Vec<Arc<Update>>)> {
        let state = self.lock();
        let mut data = state.init_with(id)?.init.data.clone();
        let updates = state.updates_with(&data);
        for update in &updates {
            put_into(&mut data, &update.row, update.item.clone());
        }
        Some((data, updates))
    }

    /// Remembers what an init found when it first read the table.
    pub fn init_found(&self, id: WriteId, base: Base) {
        if let Some(Init { init, .. }) = self.lock().init_with_mut(id) {
            init.base = Some(Arc::new(base));
        }
    }

    /// Whether an init is pending.
    pub fn has_init(&self) -> bool {
        self.count() > 0 && self.lock().init.is_some()
    }

    /// What is newest of a row, of which `read` gives what is known of the table. That is read last: a write that is
    /// pending no more by then is known there.
    pub fn newest(
        &self,
        row: &RowKey,
        read: impl FnOnce() -> Option<Read<Option<Cached>>>,
    ) -> Newest<Option<Cached>> {
        if self.count() == 0 {
            return Newest { read: read(), is_pending: false };
        }
        let state = self.lock();
        state.newest(row, read())
    }

    /// The same of all live items of a namespace. `held` gives what is known of the table's row for a key.
    pub fn newest_all(
        &self,
        namespace: &str,
        read: impl FnOnce() -> Option<Read<Arc<Items>>>,
        held: impl Fn(&RowKey) -> Option<Read<Option<Cached>>>,
    ) -> Newest<Arc<Items>> {
        if self.count() == 0 {
            return Newest { read: read(), is_pending: false };
        }
        let state = self.lock();
        state.newest_all(namespace, read(), held)
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

    /// Whether something has to be in the table before this update that isn't.
    pub fn blocked(&self, update: &Update) -> Option<Blocked> {
        let state = self.lock();
        let init = state.init.iter().filter(|init| init.init.id < update.id);
        let rows = state.before(update).filter(|row| {
            // In a circle the first one goes first.
            row.update.id < update.id || !state.waits_for(row, &update.row)
        });
        let rows = rows.map(|row| (row.update.id, &row.stage));
        let inits = init.map(|init| (init.init.id, &init.stage));
        inits.chain(rows).find_map(|(id, stage)| match stage {
            Stage::Retrying { failure, .. } if failure.is_permanent() => {
                Some(Blocked::Refused((**failure).clone()))
            }
            Stage::Retrying { failure, .. } => Some(Blocked::Waiting((**failure).clone())),
            // The order of writes does not know of the update whose place this one took.
            Stage::InFlight if id > update.id => Some(Blocked::Waiting(no_answer())),
            Stage::InFlight | Stage::MemoryOnly => None,
        })
    }

    /// Leaves an update that failed to the retry worker.
    pub fn failed(&self, update: &Update, failure: &Error) -> Failed {
        let mut state = self.lock();
        let Some(mut row) = state.take_if(update) else {
            return Failed::Superseded;
        };
        row.stage = row.stage.failed(failure);
        row.times.failed = Some(self.sequence.next());
        if failure.is_permanent() {
            row.settled.notify_waiters();
        }
        state.put(row);
        Failed::Retrying
    }

    /// Leaves an init that failed to the retry worker.
    pub fn init_failed(&self, id: WriteId, failure: &Error) -> Failed {
        let mut state = self.lock();
        let is_too_much = state.all_bytes() > MAX_BYTES;
        let Some(init) = state.init_with_mut(id) else {
            return Failed::Superseded;
        };
        if is_too_much {
            state.init = None;
            self.recount(&state);
            return Failed::GivenUp;
        }
        init.stage = init.stage.failed(failure);
        init.times.failed = Some(self.sequence.next());
        Failed::Retrying
    }

    /// Lets an init never go into the table.
    pub fn init_is_memory_only(&self, id: WriteId) {
        if let Some(init) = self.lock().init_with_mut(id) {
            init.stage = Stage::MemoryOnly;
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

    /// An init is in the table.
    pub fn init_saved(&self, id: WriteId) {
        let mut state = self.lock();
        if let Some(Init { init, stage, .. }) = state.init.take_if(|last| last.init.id == id)
            && stage != Stage::InFlight
        {
            state.log.saved(items_of(&init.data));
        }
        self.recount(&state);
    }

    /// An init has ended. That decides for those that it overtook, too.
    pub fn ended(&self, id: WriteId, failure: Option<&Error>) {
        self.lock().ended.send_if_modified(|last| {
            let is_later = last.0 < id;
            if is_later {
                *last = (id, failure.cloned());
            }
            is_later
        });
    }

    /// Ends when an init has ended that was requested after this write.
    pub async fn ended_after(&self, id: WriteId) -> Result<(), Error> {
        let mut ended = self.lock().ended.subscribe();
        match ended.wait_for(|(last, _)| *last > id).await.map(|last| last.1.clone()) {
            Ok(Some(failure)) => Err(failure),
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// Ends when this update of a row, or a newer one, is pending no more; never once all is given up.
    pub async fn settled(&self, row: &RowKey, id: WriteId) -> Settled {
        loop {
            let settled = {
                let state = self.lock();
                match state.rows.get(row) {
                    Some(row) if row.update.id < id || row.saved >= id => return Settled::Saved,
                    Some(row) => {
                        if let Stage::Retrying { failure, .. } = &row.stage
                            && failure.is_permanent()
                        {
                            return Settled::Refused((**failure).clone());
                        }
                        Some(Arc::clone(&row.settled).notified_owned())
                    }
                    None if state.given_up => None,
                    None if state.is_replaced(row, id) => return Settled::Replaced,
                    None => return Settled::Saved,
                }
            };
            match settled {
                Some(settled) => settled.await,
                None => pending().await,
            }
        }
    }

    /// From when on something may be retried; `None` for nothing to retry, and a time without an `Instant` for
    /// whenever DynamoDB can take it.
    pub fn next_time(&self) -> Option<Option<Instant>> {
        let state = self.lock();
        let stages = state.rows.values().map(|row| &row.stage);
        let stages = stages.chain(state.init.iter().map(|init| &init.stage));
        let times = stages.filter_map(|stage| match stage {
            Stage::Retrying { not_before, .. } => Some(*not_before),
            Stage::InFlight | Stage::MemoryOnly => None,
        });
        // `None` comes first.
        times.min()
    }

    /// The init that may be retried now.
    pub fn due_init(&self, now: Instant) -> Option<PendingInit> {
        let state = self.lock();
        let Init { init, stage, .. } = state.init.as_ref()?;
        stage.is_due(now).then(|| init.clone())
    }

    /// The updates that may be retried now, in the order in which they were requested.
    pub fn due_updates(&self, now: Instant) -> Vec<Arc<Update>> {
        let state = self.lock();
        let mut due: Vec<_> = state.rows.values().filter(|row| row.stage.is_due(now)).collect();
        due.sort_by_key(|row| row.since);
        due.into_iter().map(|row| Arc::clone(&row.update)).collect()
    }

    /// Lets what DynamoDB refused be due at once: it may be allowed now.
    pub fn retry_now(&self) {
        let mut state = self.lock();
        let State { rows, init, .. } = &mut *state;
        let stages = rows.values_mut().map(|row| &mut row.stage);
        for stage in stages.chain(init.iter_mut().map(|init| &mut init.stage)) {
            if let Stage::Retrying { not_before, .. } = stage {
                *not_before = None;
            }
        }
    }

    /// Whether this update is still to be retried.
    pub fn is_retrying(&self, update: &Update) -> bool {
        let state = self.lock();
        state
            .rows
            .get(&update.row)
            .is_some_and(|row| row.update.id == update.id && row.stage.is_retrying())
    }

    /// What is to be logged of the retries, of so many items.
    pub fn log<T>(&self, line: impl FnOnce(&mut RetryLog, usize) -> T) -> T {
        let mut state = self.lock();
        let items = state.retrying_items();
        line(&mut state.log, items)
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
    fn init_with(&self, id: WriteId) -> Option<&Init> {
        self.init.as_ref().filter(|init| init.init.id == id)
    }

    fn init_with_mut(&mut self, id: WriteId) -> Option<&mut Init> {
        self.init.as_mut().filter(|init| init.init.id == id)
    }

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

    fn newest(&self, row: &RowKey, read: Option<Read<Option<Cached>>>) -> Newest<Option<Cached>> {
        let mut newest = Newest { read, is_pending: false };
        if let Some(init) = &self.init {
            let read = newest.read.as_ref();
            let found = read.and_then(|read| read.value.as_ref());
            match init.says(row, found) {
                // That a row is not in the data set is not to be believed before it was looked up.
                Some(None) if read.is_none() => {}
                Some(item) => {
                    newest = Newest { read: Some(init.times.says(item, read)), is_pending: true };
                }
                None => {}
            }
        }
        if let Some(row) = self.rows.get(row) {
            let read = newest.read.as_ref();
            if let Some(item) = row.beats(read.and_then(|read| read.value.as_ref())) {
                newest.read = Some(row.times.says(Some(item), read));
            }
            newest.is_pending = true;
        }
        newest
    }

    fn newest_all(
        &self,
        namespace: &str,
        read: Option<Read<Arc<Items>>>,
        held: impl Fn(&RowKey) -> Option<Read<Option<Cached>>>,
    ) -> Newest<Arc<Items>> {
        let init = self.init.as_ref().and_then(|init| Some((init, init.live(namespace)?)));
        let (mut read, is_pending) = match (init, read) {
            (Some((init, live)), read) => {
                let found = read.as_ref().map(|read| &*read.value);
                let items = init.newest_all(namespace, live, found, &held);
                (init.times.says(items, read.as_ref()), true)
            }
            (None, Some(read)) => (read, false),
            // Single updates don't say what else there is.
            (None, None) => return Newest { read: None, is_pending: false },
        };
        for (key, row) in self.rows_in(namespace) {
            if let Some(now) = self.newest(key, held(key)).read {
                set(Arc::make_mut(&mut read.value), &key.key, now.value.as_ref());
                read.known = read.known.max(now.known);
            }
            if row.times.failed.is_some_and(|failed| failed > read.sent) {
                read.valid = false;
            }
        }
        Newest { read: Some(read), is_pending }
    }

    /// The retrying updates of these kinds that need not wait for others.
    fn updates_with(&self, data: &Data) -> Vec<Arc<Update>> {
        let rows = self.rows.values().filter(|row| {
            row.stage.is_retrying() && kind_in(data, &row.update.row.namespace).is_some()
        });
        let mut with: BTreeMap<&RowKey, &Row> = rows.map(|row| (&row.update.row, row)).collect();
        loop {
            let count = with.len();
            let waits = |row: &Row| {
                self.before(&row.update).any(|before| {
                    before.stage != Stage::MemoryOnly && !with.contains_key(&before.update.row)
                })
            };
            let waiting: Vec<&RowKey> =
                with.iter().filter(|(_, row)| waits(row)).map(|(key, _)| *key).collect();
            for key in waiting {
                with.remove(key);
            }
            if with.len() == count {
                return with.into_values().map(|row| Arc::clone(&row.update)).collect();
            }
        }
    }

    fn rows_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = (&'a RowKey, &'a Row)> {
        let first = RowKey::new(namespace, "");
        self.rows.range(first..).take_while(move |(row, _)| *row.namespace == *namespace)
    }

    /// Whether an init was requested after this update that takes its place.
    fn is_replaced(&self, row: &RowKey, id: WriteId) -> bool {
        self.kind(&row.namespace).is_some()
            && self.init.as_ref().is_some_and(|init| init.init.id > id)
    }

    fn all_bytes(&self) -> usize {
        self.bytes + self.init.as_ref().map_or(0, |_| self.init_bytes)
    }

    /// The rows that this update refers to and that were requested before it.
    fn before<'a>(&'a self, update: &'a Update) -> impl Iterator<Item = &'a Row> {
        let rows = update.references.iter().filter_map(|row| self.rows.get(row));
        rows.filter(|row| row.since < update.id)
    }

    /// Whether a row has to wait for another one, by what it refers to.
    fn waits_for(&self, row: &Row, other: &RowKey) -> bool {
        let (mut seen, mut rows) = (HashSet::new(), vec![row]);
        while let Some(row) = rows.pop() {
            if row.update.row == *other {
                return true;
            }
            if seen.insert(row.update.id) {
                rows.extend(self.before(&row.update));
            }
        }
        false
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

    fn retrying_items(&self) -> usize {
        let init = self.init.iter().filter(|init| init.stage.is_retrying());
        self.retrying + init.map(|init| items_of(&init.init.data)).sum::<usize>()
    }
}

impl Row {
    /// The pending item, if it is newer than what is `found` otherwise.
    fn beats(&self, found: Option<&Cached>) -> Option<Cached> {
        let item = &self.update.item;
        let is_newer = found.is_none_or(|found| found.item.version < item.version);
        is_newer.then(|| Cached { item: item.clone(), revision: self.update.id })
    }
}

impl Init {
    fn live(&self, namespace: &str) -> Option<&Arc<Items>> {
        self.init.live.iter().find(|(of, _)| **of == *namespace).map(|(_, items)| items)
    }

    /// What this init says of a row that was `found` like this in the table; `None` where what was found stands.
    ///
    /// While it is in flight it replaces everything, whatever the versions. When it has failed, others may have
    /// written since: then a row that has changed since the init first looked stays, if it is newer.
    fn says(&self, row: &RowKey, found: Option<&Cached>) -> Option<Option<Cached>> {
        let kind = kind_in(&self.init.data, &row.namespace)?;
        if kind.untouched.contains(&row.key) {
            return None;
        }
        let item = kind.items.get(&row.key);
        let base = self.init.base.as_deref();
        let was = base.and_then(|base| base.get(row));
        let is = found.map(|found| Fingerprint::of_item(&found.item));
        let stands = match item {
            _ if self.stage == Stage::InFlight || is.is_some() && is.as_ref() == was => false,
            Some(item) => found.is_some_and(|found| found.item.version > item.version),
            // What it leaves out it takes out. Without knowing what was there, that is everything.
            None => base.is_some() || self.stage == Stage::MemoryOnly,
        };
        (!stands).then(|| item.map(|item| self.cached(row, item)))
    }

    /// An item of this init, with the revision that the text has.
    fn cached(&self, row: &RowKey, item: &Item) -> Cached {
        let live = self.live(&row.namespace).and_then(|live| live.get(&row.key));
        live.cloned().unwrap_or_else(|| Cached { item: item.clone(), revision: self.init.id })
    }

    /// All live items of a kind of this init, where these were `found` in the table.
    fn newest_all(
        &self,
        namespace: &str,
        live: &Arc<Items>,
        found: Option<&Items>,
        held: impl Fn(&RowKey) -> Option<Read<Option<Cached>>>,
    ) -> Arc<Items> {
        let all_is_said = kind_in(&self.init.data, namespace)
            .is_some_and(|kind| self.stage == Stage::InFlight && kind.untouched.is_empty());
        let (Some(found), false) = (found, all_is_said) else {
            return Arc::clone(live);
        };
        let mut items = found.clone();
        for (key, cached) in found {
            if let Some(item) = self.says(&RowKey::new(namespace, Arc::clone(key)), Some(cached)) {
                set(&mut items, key, item.as_ref());
            }
        }
        for key in live.keys().filter(|key| !found.contains_key(*key)) {
            let row = RowKey::new(namespace, Arc::clone(key));
            let found = held(&row).and_then(|read| read.value);
            if let Some(item) = self.says(&row, found.as_ref()) {
                set(&mut items, key, item.as_ref());
            }
        }
        Arc::new(items)
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

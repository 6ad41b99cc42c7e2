//! What the SDK handed over and DynamoDB has not taken.
//!
//! A write is here from the moment it is asked for, so that reads can give it, until it is in the table,
//! or something as new is. Whoever asked for it tries first; when that fails, it is *overdue*: it waits
//! for being brought in later. Of each row only the newest item is kept, and of inits only the last.
//!
//! Numbers order writes by when they were asked for.

mod report;

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::pending;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

pub use report::Report;

use crate::backoff::{Backoff, no_answer};
use crate::error::Error;
use crate::init_plan::KindData;
use crate::row::{Item, ItemAttribute, RowKey, StoredRow};

/// How much of what is not in the table is kept, in bytes, whatever it waits for.
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

/// How a row looked when it was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Its version.
    pub version: Option<f64>,
    text: u64,
}

impl Look {
    /// How this row looks.
    pub fn of(stored: &StoredRow) -> Self {
        let mut hasher = DefaultHasher::new();
        stored.deleted.hash(&mut hasher);
        if let ItemAttribute::Text(text) = &stored.item {
            text.hash(&mut hasher);
        }
        Self { version: stored.version, text: hasher.finish() }
    }

    /// How a row looks into which this item was written.
    pub fn of_written(item: &Item) -> Self {
        let mut hasher = DefaultHasher::new();
        false.hash(&mut hasher);
        item.json.hash(&mut hasher);
        Self { version: Some(item.version), text: hasher.finish() }
    }
}

/// How the rows looked that an init found when it first read the table.
pub type Base = HashMap<RowKey, Look>;

/// An init.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// Its number.
    pub id: WriteId,
    /// What is to be there.
    pub data: Data,
    /// What was there, if that could be read in time.
    pub base: Option<Arc<Base>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// Whoever asked for it is trying.
    UnderWay,
    /// It waits to be brought in; where DynamoDB refused just this one, not before a certain time.
    Overdue { failure: Arc<Error>, not_before: Option<Instant>, failures: u32 },
    /// It is not for the table: this process alone has it.
    Kept,
}

impl Stage {
    /// It waits after one more failure.
    fn overdue(&self, failure: &Error) -> Self {
        let failures = match self {
            Self::Overdue { failures, .. } => failures + 1,
            Self::UnderWay | Self::Kept => 1,
        };
        let not_before = failure
            .is_of_the_item()
            .then(|| Instant::now() + Backoff::PERMANENT.pause_after(failures));
        Self::Overdue { failure: Arc::new(failure.clone()), not_before, failures }
    }

    fn is_overdue(&self) -> bool {
        matches!(self, Self::Overdue { .. })
    }
}

/// What became of an update that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Reads find it from now on.
    In,
    /// There is something as new. Where that is an update that waits, this is its number.
    Superseded(Option<WriteId>),
    /// There is no room for it.
    NoRoom,
}

/// What an update waited for that was left to the retry worker.
#[derive(Clone, Debug)]
pub enum Settled {
    /// It is in the table, or something as new.
    Saved,
    /// DynamoDB refuses it.
    Refused(Error),
    /// An init has taken its place.
    Replaced,
}

/// What became of a write that could not be brought in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandedOver {
    /// It waits.
    Waits,
    /// There is something newer, which waits or is on its way.
    Superseded,
    /// There is no room for it.
    GivenUp,
}

/// Where a write ends up that has not been brought in yet.
pub enum Blocked {
    /// Behind one that waits because DynamoDB can't take it now.
    Waiting(Error),
    /// Behind one that DynamoDB refuses.
    Refused(Error),
}

/// The unsaved writes of one store.
#[derive(Default)]
pub struct Unsaved {
    state: Mutex<State>,
    /// So that reads need not lock when there is nothing.
    count: AtomicUsize,
}

#[derive(Default)]
struct State {
    last_id: WriteId,
    rows: BTreeMap<RowKey, Row>,
    replacement: Option<(Replacement, Stage)>,
    /// Inits whose data has not come yet.
    announced: usize,
    given_up: bool,
    /// The last init that has ended, and how.
    ended: watch::Sender<(WriteId, Option<Error>)>,
    /// How much there is of updates, and of the init, in bytes.
    bytes: usize,
    replacement_bytes: usize,
    /// How many updates wait to be brought in, and how many are not for the table.
    overdue: usize,
    kept: usize,
    report: Report,
}

struct Row {
    update: Arc<Update>,
    stage: Stage,
    /// The first update of this row that is not in the table: what was asked for after it and refers to
    /// the row waits, though a newer update has taken its place.
    since: WriteId,
    /// The last update of this row that is in the table, of those that this one superseded.
    saved: WriteId,
    /// Told of what `settled` waits for.
    settled: Arc<Notify>,
}

impl Row {
    fn bytes(&self) -> usize {
        bytes_of_item(&self.update.row.key, &self.update.item)
    }
}

impl Unsaved {
    /// The number of a write that is asked for now.
    pub fn begin(&self) -> WriteId {
        let mut state = self.lock();
        state.last_id += 1;
        state.last_id
    }

    /// How many items are not in the table.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Takes an update in, unless there is something as new.
    pub fn add(&self, update: &Arc<Update>) -> Taken {
        self.take_in(update, Stage::UnderWay)
    }

    /// Takes an update in that never goes into the table.
    pub fn keep(&self, update: &Arc<Update>) -> Taken {
        self.take_in(update, Stage::Kept)
    }

    fn take_in(&self, update: &Arc<Update>, stage: Stage) -> Taken {
        let mut state = self.lock();
        if state.newest(&update.row).is_some_and(|newest| newest.version >= update.item.version) {
            let row = state.rows.get(&update.row).filter(|row| row.stage != Stage::Kept);
            return Taken::Superseded(row.map(|row| row.update.id));
        }
        let mut row = Row {
            update: Arc::clone(update),
            stage,
            since: update.id,
            saved: 0,
            settled: Arc::default(),
        };
        let superseded = state.rows.get(&update.row).map_or(0, Row::bytes);
        if state.all_bytes() - superseded + row.bytes() > MAX_BYTES {
            return Taken::NoRoom;
        }
        // Who waits for what it supersedes waits for it.
        if let Some(superseded) = state.take(&update.row) {
            if superseded.stage != Stage::Kept && row.stage != Stage::Kept {
                row.since = superseded.since;
            }
            row.saved = superseded.saved;
            row.settled = superseded.settled;
        }
        state.put(row);
        self.recount(&state);
        Taken::In
    }

    /// To be told of an init whose data is to come, which [`Unsaved::arrived`] tells of.
    pub fn announce(&self) {
        self.lock().announced += 1;
    }

    /// To be told that the data of an init has come, or will not.
    pub fn arrived(&self) {
        self.lock().announced -= 1;
    }

    /// Takes an init in, in the place of what was asked for before of the same kinds. Returns all
    /// items of these kinds as they are then.
    pub fn replace(&self, id: WriteId, data: Data) -> Data {
        let mut state = self.lock();
        let mut merged = data;
        if let Some((earlier, _)) = &mut state.replacement {
            if earlier.id > id {
                return Vec::new();
            }
            let given = |kind: &Arc<str>| merged.iter().any(|(namespace, _)| namespace == kind);
            let others: Data =
                earlier.data.drain(..).filter(|(namespace, _)| !given(namespace)).collect();
            merged.extend(others);
        }
        let beaten = |row: &Row| {
            let kind = kind_in(&merged, &row.update.row.namespace);
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
        state.replacement_bytes = bytes_of(&merged);
        let replacement = Replacement { id, data: merged, base: None };
        state.replacement = Some((replacement, Stage::UnderWay));
        for row in &beaten {
            state.settle(row);
        }
        self.recount(&state);
        state.with_later_updates(|_| true)
    }

    /// The init with this number, if there was none since, with what was found when it first read the
    /// table.
    pub fn replacement(&self, id: WriteId) -> Option<Replacement> {
        let state = self.lock();
        let replacement = state.replacement.as_ref().map(|(replacement, _)| replacement)?;
        (replacement.id == id).then(|| replacement.clone())
    }

    /// Whether no other init has come since the one with this number.
    pub fn is_last_init(&self, id: WriteId) -> bool {
        self.lock().replacement.as_ref().is_some_and(|(replacement, _)| replacement.id == id)
    }

    /// The data of the init with this number and the overdue updates that were asked for after it.
    pub fn replacement_and_updates(&self, id: WriteId) -> Option<(Data, Vec<Arc<Update>>)> {
        let state = self.lock();
        if state.replacement.as_ref().is_none_or(|(replacement, _)| replacement.id != id) {
            return None;
        }
        let data = state.with_later_updates(|row| row.stage.is_overdue());
        let updates = state.rows.values().filter(|row| {
            row.stage.is_overdue() && kind_in(&data, &row.update.row.namespace).is_some()
        });
        let updates = updates.map(|row| Arc::clone(&row.update)).collect();
        Some((data, updates))
    }

    /// Remembers what an init found when it first read the table.
    pub fn found(&self, id: WriteId, base: Base) {
        if let Some((replacement, _)) = &mut self.lock().replacement
            && replacement.id == id
        {
            replacement.base = Some(Arc::new(base));
        }
    }

    /// Whether an init is among what is unsaved: then all is known that this process was given.
    pub fn has_replacement(&self) -> bool {
        self.count() > 0 && self.lock().replacement.is_some()
    }

    /// The item of this row that is unsaved.
    pub fn newest(&self, row: &RowKey) -> Option<Item> {
        if self.count() == 0 {
            return None;
        }
        self.lock().newest(row).cloned()
    }

    /// All live items of a namespace, where an init that is unsaved says which these are.
    pub fn all(&self, namespace: &str) -> Option<Vec<(Arc<str>, Item)>> {
        if self.count() == 0 {
            return None;
        }
        let state = self.lock();
        let data = state.with_later_updates(|_| true);
        let kind = kind_in(&data, namespace)?;
        let live = kind.items.iter().filter(|(_, item)| !item.deleted);
        Some(live.map(|(key, item)| (key.clone(), item.clone())).collect())
    }

    /// What is so of a row, of which the table has `stored`, which means `found`. What is as new in
    /// the table is unsaved no more.
    pub fn over(
        &self,
        row: &RowKey,
        stored: Option<&StoredRow>,
        found: Option<Item>,
    ) -> Option<Item> {
        if self.count() == 0 {
            return found;
        }
        let mut state = self.lock();
        let is = state.over(row, stored, found);
        self.recount(&state);
        is
    }

    /// [`Unsaved::over`] for all rows of a namespace.
    pub fn over_all(
        &self,
        namespace: &Arc<str>,
        found: Vec<(StoredRow, Option<Item>)>,
    ) -> Vec<(Arc<str>, Item)> {
        if self.count() == 0 {
            let items = found.into_iter().filter_map(|(row, item)| Some((row.key.key, item?)));
            return items.collect();
        }
        let mut state = self.lock();
        let mut items = BTreeMap::new();
        if let Some(kind) = state.kind(namespace) {
            items.extend(kind.items.iter().map(|(key, item)| (key.clone(), item.clone())));
        }
        let rows = state.rows.values().filter(|row| row.update.row.namespace == *namespace);
        items.extend(rows.map(|row| (row.update.row.key.clone(), row.update.item.clone())));
        for (stored, item) in found {
            match state.over(&stored.key, Some(&stored), item) {
                Some(item) => items.insert(stored.key.key, item),
                None => items.remove(&stored.key.key),
            };
        }
        self.recount(&state);
        items.into_iter().collect()
    }

    /// Whether something has to be in the table before this update that isn't.
    pub fn blocked(&self, update: &Update) -> Option<Blocked> {
        let state = self.lock();
        let init = state.replacement.iter().filter(|(replacement, _)| replacement.id < update.id);
        let rows = state.before(update).filter(|row| {
            // In a circle the first one goes first.
            row.update.id < update.id || !state.waits_for(row, &update.row)
        });
        let rows = rows.map(|row| (row.update.id, &row.stage));
        let inits = init.map(|(replacement, stage)| (replacement.id, stage));
        inits.chain(rows).find_map(|(id, stage)| match stage {
            Stage::Overdue { failure, .. } if failure.is_refusal() => {
                Some(Blocked::Refused((**failure).clone()))
            }
            Stage::Overdue { failure, .. } => Some(Blocked::Waiting((**failure).clone())),
            // The order of writes does not know of the update whose place this one took.
            Stage::UnderWay if id > update.id => Some(Blocked::Waiting(no_answer())),
            Stage::UnderWay | Stage::Kept => None,
        })
    }

    /// Lets an update wait that could not be brought in.
    pub fn hand_over(&self, update: &Update, failure: &Error) -> HandedOver {
        let mut state = self.lock();
        let Some(mut row) = state.take_if(update) else {
            return HandedOver::Superseded;
        };
        row.stage = row.stage.overdue(failure);
        if failure.is_refusal() {
            row.settled.notify_waiters();
        }
        state.put(row);
        HandedOver::Waits
    }

    /// Lets an init wait that could not be brought in.
    pub fn hand_over_replacement(&self, id: WriteId, failure: &Error) -> HandedOver {
        let mut state = self.lock();
        let is_too_much = state.all_bytes() > MAX_BYTES;
        let Some((_, stage)) =
            state.replacement.as_mut().filter(|(replacement, _)| replacement.id == id)
        else {
            return HandedOver::Superseded;
        };
        if is_too_much {
            state.replacement = None;
            self.recount(&state);
            return HandedOver::GivenUp;
        }
        *stage = stage.overdue(failure);
        HandedOver::Waits
    }

    /// Lets an init never go into the table.
    pub fn keep_replacement(&self, id: WriteId) {
        if let Some((replacement, stage)) = &mut self.lock().replacement
            && replacement.id == id
        {
            *stage = Stage::Kept;
        }
    }

    /// Whether an init was asked for after this update that is to take its place.
    pub fn is_replaced(&self, update: &Update) -> bool {
        if self.count() == 0 {
            return false;
        }
        self.lock().is_replaced(&update.row, update.id)
    }

    /// To be told of an update that is in the table, or has lost against what is there.
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

    /// To be told that something as new as the update of this row with this number is in the table.
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

    /// The update of this row with this number, while whoever asked for it tries.
    pub fn under_way(&self, row: &RowKey, id: WriteId) -> Option<Arc<Update>> {
        if self.count() == 0 {
            return None;
        }
        let state = self.lock();
        let row = state.rows.get(row)?;
        let is_it = row.update.id == id && row.stage == Stage::UnderWay;
        is_it.then(|| Arc::clone(&row.update))
    }

    /// To be told that the update of this row is in the table.
    #[cfg(test)]
    pub fn saved_row(&self, row: &RowKey) {
        let update = self.lock().rows.get(row).map(|row| Arc::clone(&row.update));
        self.saved(&update.unwrap());
    }

    /// All items of the kinds of the init with this number, if there was none since.
    pub fn data(&self, id: WriteId) -> Option<Data> {
        let state = self.lock();
        let is_last = state.replacement.as_ref().is_some_and(|(last, _)| last.id == id);
        is_last.then(|| state.with_later_updates(|_| true))
    }

    /// To be told of an init that is in the table.
    pub fn saved_replacement(&self, id: WriteId) {
        let mut state = self.lock();
        if let Some((saved, stage)) = state.replacement.take_if(|(last, _)| last.id == id)
            && stage != Stage::UnderWay
        {
            state.report.saved(items_of(&saved.data));
        }
        self.recount(&state);
    }

    /// To be told how an init has ended. It decides for those that it overtook, too.
    pub fn ended(&self, id: WriteId, failure: Option<&Error>) {
        self.lock().ended.send_if_modified(|last| {
            let is_later = last.0 < id;
            if is_later {
                *last = (id, failure.cloned());
            }
            is_later
        });
    }

    /// Ends when an init has ended that was asked for after this write.
    pub async fn ended_after(&self, id: WriteId) -> Result<(), Error> {
        let mut ended = self.lock().ended.subscribe();
        match ended.wait_for(|(last, _)| *last > id).await.map(|last| last.1.clone()) {
            Ok(Some(failure)) => Err(failure),
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// Ends when this update of a row, or a newer one, waits no more; never once all is given up.
    pub async fn settled(&self, row: &RowKey, id: WriteId) -> Settled {
        loop {
            let settled = {
                let state = self.lock();
                match state.rows.get(row) {
                    Some(row) if row.update.id < id || row.saved >= id => return Settled::Saved,
                    Some(row) => {
                        if let Stage::Overdue { failure, .. } = &row.stage
                            && failure.is_refusal()
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

    /// From when on something that waits may be tried; `None` for nothing that waits, and a time
    /// without an `Instant` for whenever DynamoDB can take it.
    pub fn next_time(&self) -> Option<Option<Instant>> {
        self.lock().next_time()
    }

    /// All updates.
    pub fn updates(&self) -> Vec<Arc<Update>> {
        self.lock().rows.values().map(|row| Arc::clone(&row.update)).collect()
    }

    /// The init that may be tried now.
    pub fn due_replacement(&self, now: Instant) -> Option<Replacement> {
        let state = self.lock();
        let (replacement, stage) = state.replacement.as_ref()?;
        is_due(stage, now).then(|| replacement.clone())
    }

    /// The updates that may be tried now, in the order in which they were asked for.
    pub fn due_updates(&self, now: Instant) -> Vec<Arc<Update>> {
        let state = self.lock();
        let mut due: Vec<_> = state.rows.values().filter(|row| is_due(&row.stage, now)).collect();
        due.sort_by_key(|row| row.since);
        due.into_iter().map(|row| Arc::clone(&row.update)).collect()
    }

    /// Lets what DynamoDB refused be due at once: there is reason to believe that it is allowed now.
    pub fn hurry(&self) {
        let mut state = self.lock();
        let State { rows, replacement, .. } = &mut *state;
        let stages = rows.values_mut().map(|row| &mut row.stage);
        for stage in stages.chain(replacement.iter_mut().map(|(_, stage)| stage)) {
            if let Stage::Overdue { not_before, .. } = stage {
                *not_before = None;
            }
        }
    }

    /// Whether this update still waits.
    pub fn waits(&self, update: &Update) -> bool {
        let state = self.lock();
        state
            .rows
            .get(&update.row)
            .is_some_and(|row| row.update.id == update.id && row.stage.is_overdue())
    }

    /// What is told of the writes that wait, so many items.
    pub fn report<T>(&self, tell: impl FnOnce(&mut Report, usize) -> T) -> T {
        let mut state = self.lock();
        let waiting = state.overdue_items();
        tell(&mut state.report, waiting)
    }

    /// Gives everything up. Returns the rows that are not in the table and were to be.
    pub fn give_up(&self) -> Vec<RowKey> {
        let mut state = self.lock();
        let mut given_up = HashSet::new();
        if let Some((replacement, stage)) = state.replacement.take()
            && stage != Stage::Kept
        {
            for (namespace, kind) in &replacement.data {
                let row =
                    |key: &Arc<str>| RowKey { namespace: namespace.clone(), key: key.clone() };
                given_up.extend(kind.items.keys().map(row));
            }
        }
        for (key, row) in std::mem::take(&mut state.rows) {
            row.settled.notify_waiters();
            if row.stage != Stage::Kept {
                given_up.insert(key);
            }
        }
        (state.bytes, state.overdue, state.kept) = (0, 0, 0);
        state.given_up = true;
        if !given_up.is_empty() {
            // They will never be in the table.
            state.report = Report::default();
        }
        self.recount(&state);
        let mut given_up: Vec<RowKey> = given_up.into_iter().collect();
        given_up.sort();
        given_up
    }

    /// Whether anything is to go into the table yet.
    pub fn is_under_way(&self) -> bool {
        let state = self.lock();
        let replacement = state.replacement.as_ref().map(|(_, stage)| stage);
        state.announced > 0
            || state.rows.len() > state.kept
            || replacement.is_some_and(|stage| *stage != Stage::Kept)
    }

    fn recount(&self, state: &State) {
        let replaced =
            state.replacement.iter().map(|(init, _)| items_of(&init.data)).sum::<usize>();
        // An init without items counts too: the marker is not there.
        let init = usize::from(state.replacement.is_some() && replaced == 0);
        self.count.store(state.rows.len() + replaced + init, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn newest(&self, row: &RowKey) -> Option<&Item> {
        match self.rows.get(row) {
            Some(row) => Some(&row.update.item),
            None => self.kind(&row.namespace)?.items.get(&row.key),
        }
    }

    fn kind(&self, namespace: &str) -> Option<&Arc<KindData>> {
        let (replacement, _) = self.replacement.as_ref()?;
        kind_in(&replacement.data, namespace)
    }

    /// Whether an init was asked for after this update that is to take its place.
    fn is_replaced(&self, row: &RowKey, id: WriteId) -> bool {
        self.kind(&row.namespace).is_some()
            && self.replacement.as_ref().is_some_and(|(init, _)| init.id > id)
    }

    fn all_bytes(&self) -> usize {
        self.bytes + self.replacement.as_ref().map_or(0, |_| self.replacement_bytes)
    }

    /// The rows that this update refers to and that were asked for before it.
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
        self.overdue += usize::from(row.stage.is_overdue());
        self.kept += usize::from(row.stage == Stage::Kept);
        self.rows.insert(row.update.row.clone(), row);
    }

    fn take(&mut self, row: &RowKey) -> Option<Row> {
        let row = self.rows.remove(row)?;
        self.bytes -= row.bytes();
        self.overdue -= usize::from(row.stage.is_overdue());
        self.kept -= usize::from(row.stage == Stage::Kept);
        Some(row)
    }

    fn take_if(&mut self, update: &Update) -> Option<Row> {
        let row = self.rows.get(&update.row)?;
        if row.update.id == update.id { self.take(&update.row) } else { None }
    }

    fn over(
        &mut self,
        key: &RowKey,
        stored: Option<&StoredRow>,
        found: Option<Item>,
    ) -> Option<Item> {
        let version = |item: &Option<Item>| item.as_ref().map_or(f64::NEG_INFINITY, |i| i.version);
        if let Some(row) = self.rows.get(key) {
            if version(&found) < row.update.item.version {
                return Some(row.update.item.clone());
            }
            // An init that waits takes out of the table what it does not have and nobody handed over since.
            let init = self.replacement.as_ref().map(|(init, _)| init.id);
            if row.stage != Stage::UnderWay && init.is_none_or(|init| init > row.update.id) {
                self.settle_saved(key);
            }
            return found;
        }
        let Some(kind) = self.kind(&key.namespace) else {
            return found;
        };
        if kind.untouched.contains(&key.key) {
            return found;
        }
        let Some((init, stage)) = &self.replacement else {
            return found;
        };
        match (kind.items.get(&key.key), &init.base) {
            // What the init found there it is about to replace, whatever its version; and before it
            // has looked, everything.
            (item, Some(base)) => {
                let as_it_was = stored.is_some_and(|row| base.get(key) == Some(&Look::of(row)));
                match item {
                    Some(item) if as_it_was || version(&found) <= item.version => {
                        Some(item.clone())
                    }
                    None if as_it_was => None,
                    _ => found,
                }
            }
            (Some(item), None) if *stage == Stage::UnderWay => Some(item.clone()),
            (Some(item), None) if version(&found) <= item.version => Some(item.clone()),
            // What it leaves out it takes out, unless it is not for the table at all.
            (None, None) if *stage != Stage::Kept => None,
            (_, None) => found,
        }
    }

    /// The data of the init with the updates in it that are newer.
    fn with_later_updates(&self, which: impl Fn(&Row) -> bool) -> Data {
        let Some((replacement, _)) = &self.replacement else {
            return Vec::new();
        };
        let mut data = replacement.data.clone();
        for (key, row) in self.rows.iter().filter(|(_, row)| which(row)) {
            put_into(&mut data, key, row.update.item.clone());
        }
        data
    }

    /// Takes an update out, and lets those go who wait for it. Returns whether it was overdue.
    fn settle(&mut self, row: &RowKey) -> bool {
        let Some(row) = self.take(row) else {
            return false;
        };
        row.settled.notify_waiters();
        row.stage.is_overdue()
    }

    /// Takes an update out that is in the table, or has lost against what is there.
    fn settle_saved(&mut self, row: &RowKey) {
        if self.settle(row) {
            self.report.saved(1);
        }
    }

    fn next_time(&self) -> Option<Option<Instant>> {
        let stages = self.rows.values().map(|row| &row.stage);
        let stages = stages.chain(self.replacement.iter().map(|(_, stage)| stage));
        let times = stages.filter_map(|stage| match stage {
            Stage::Overdue { not_before, .. } => Some(*not_before),
            Stage::UnderWay | Stage::Kept => None,
        });
        // `None` comes first.
        times.min()
    }

    fn overdue_items(&self) -> usize {
        let init = self.replacement.iter().filter(|(_, stage)| stage.is_overdue());
        self.overdue + init.map(|(init, _)| items_of(&init.data)).sum::<usize>()
    }
}

fn is_due(stage: &Stage, now: Instant) -> bool {
    match stage {
        Stage::Overdue { not_before, .. } => not_before.is_none_or(|time| time <= now),
        Stage::UnderWay | Stage::Kept => false,
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

//! What the SDK handed over and DynamoDB has not taken.
//!
//! A write is here from the moment it is asked for, so that reads can give it, until it is in the table,
//! or something as new is. Whoever asked for it tries first; when that fails, it is *overdue*: it waits
//! for being brought in later. Of each row only the newest item is kept, and of inits only the last.
//!
//! Numbers order writes by when they were asked for.

mod report;

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

pub use report::Report;

use crate::error::Error;
use crate::init_plan::KindData;
use crate::row::{Item, ItemAttribute, RowKey, StoredRow};

/// How long what DynamoDB refused waits until it is tried again.
pub const REFUSED_PAUSE: Duration = Duration::from_secs(300);
/// How much text may be overdue, in bytes.
pub const MAX_OVERDUE_BYTES: usize = 256 * 1024 * 1024;

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
    /// It waits to be brought in; where DynamoDB refused it, not before a certain time.
    Overdue { failure: Arc<Error>, not_before: Option<Instant> },
    /// It is not for the table: this process alone has it.
    Kept,
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
    overdue_bytes: usize,
    report: Report,
}

struct Row {
    update: Arc<Update>,
    stage: Stage,
    settled: Arc<Notify>,
}

impl Row {
    fn is_overdue(&self) -> bool {
        matches!(self.stage, Stage::Overdue { .. })
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

    /// Takes an update in, unless there is something as new. Returns whether it did.
    pub fn add(&self, update: &Arc<Update>) -> bool {
        self.take_in(update, Stage::UnderWay)
    }

    /// Takes an update in that never goes into the table.
    pub fn keep(&self, update: &Arc<Update>) -> bool {
        self.take_in(update, Stage::Kept)
    }

    fn take_in(&self, update: &Arc<Update>, stage: Stage) -> bool {
        let mut state = self.lock();
        let newest = state.newest(&update.row).map(|item| item.version);
        let taken = newest.is_none_or(|newest| newest < update.item.version);
        if taken {
            state.settle(&update.row);
            let row = Row { update: Arc::clone(update), stage, settled: Arc::default() };
            state.rows.insert(update.row.clone(), row);
        }
        self.recount(&state);
        taken
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
        for row in &beaten {
            state.settle(row);
        }
        let replacement = Replacement { id, data: merged, base: None };
        state.replacement = Some((replacement, Stage::UnderWay));
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

    /// The data of the init with this number and the overdue updates that were asked for after it.
    pub fn replacement_and_updates(&self, id: WriteId) -> Option<(Data, Vec<Arc<Update>>)> {
        let state = self.lock();
        if state.replacement.as_ref().is_none_or(|(replacement, _)| replacement.id != id) {
            return None;
        }
        let data = state.with_later_updates(Row::is_overdue);
        let updates = state
            .rows
            .values()
            .filter(|row| row.is_overdue() && kind_in(&data, &row.update.row.namespace).is_some());
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
        let before = |id: WriteId| id < update.id;
        let init = state.replacement.iter().filter(|(replacement, _)| before(replacement.id));
        let rows = update.references.iter().filter_map(|row| state.rows.get(row));
        let rows = rows.filter(|row| before(row.update.id)).map(|row| &row.stage);
        init.map(|(_, stage)| stage).chain(rows).find_map(|stage| match stage {
            Stage::Overdue { failure, not_before: None } => {
                Some(Blocked::Waiting((**failure).clone()))
            }
            Stage::Overdue { failure, .. } => Some(Blocked::Refused((**failure).clone())),
            Stage::UnderWay | Stage::Kept => None,
        })
    }

    /// Lets an update wait that could not be brought in.
    pub fn hand_over(&self, update: &Update, failure: &Error) -> HandedOver {
        let mut state = self.lock();
        let State { rows, overdue_bytes, .. } = &mut *state;
        let Some(row) = rows.get_mut(&update.row).filter(|row| row.update.id == update.id) else {
            return HandedOver::Superseded;
        };
        let bytes = if row.is_overdue() { 0 } else { update.item.json.len() };
        if *overdue_bytes + bytes <= MAX_OVERDUE_BYTES {
            *overdue_bytes += bytes;
            row.stage = overdue(failure);
            return HandedOver::Waits;
        }
        state.settle(&update.row);
        self.recount(&state);
        HandedOver::GivenUp
    }

    /// Lets an init wait that could not be brought in.
    pub fn hand_over_replacement(&self, id: WriteId, failure: &Error) -> HandedOver {
        let mut state = self.lock();
        let Some((replacement, stage)) =
            state.replacement.as_mut().filter(|(replacement, _)| replacement.id == id)
        else {
            return HandedOver::Superseded;
        };
        if bytes_of(&replacement.data) > MAX_OVERDUE_BYTES {
            state.replacement = None;
            self.recount(&state);
            return HandedOver::GivenUp;
        }
        *stage = overdue(failure);
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
        let state = self.lock();
        state.kind(&update.row.namespace).is_some()
            && state.replacement.as_ref().is_some_and(|(init, _)| init.id > update.id)
    }

    /// To be told of an update that is in the table, or has lost against what is there.
    pub fn saved(&self, update: &Update) {
        let mut state = self.lock();
        if state.rows.get(&update.row).is_some_and(|row| row.update.id == update.id) {
            state.settle_saved(&update.row);
        }
        self.recount(&state);
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

    /// Ends when this update waits no more.
    pub async fn settled(&self, update: &Update) {
        loop {
            let settled = {
                let state = self.lock();
                let row = state.rows.get(&update.row).filter(|row| row.update.id == update.id);
                let Some(row) = row else { return };
                Arc::clone(&row.settled).notified_owned()
            };
            settled.await;
        }
    }

    /// Whether anything waits to be brought in.
    pub fn is_overdue(&self) -> bool {
        self.count() > 0 && self.lock().next_time().is_some()
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
        let due = state.rows.values().filter(|row| is_due(&row.stage, now));
        let mut due: Vec<_> = due.map(|row| Arc::clone(&row.update)).collect();
        due.sort_by_key(|update| update.id);
        due
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
            .is_some_and(|row| row.update.id == update.id && row.is_overdue())
    }

    /// What is told of the writes that wait.
    pub fn report<T>(&self, tell: impl FnOnce(&mut Report, usize) -> T) -> T {
        let mut state = self.lock();
        let waiting = state.overdue_items();
        tell(&mut state.report, waiting)
    }

    /// Gives everything up. Returns the rows that are not in the table and were to be.
    pub fn give_up(&self) -> Vec<RowKey> {
        let mut state = self.lock();
        let mut given_up = Vec::new();
        if let Some((replacement, stage)) = state.replacement.take()
            && stage != Stage::Kept
        {
            for (namespace, kind) in &replacement.data {
                let row =
                    |key: &Arc<str>| RowKey { namespace: namespace.clone(), key: key.clone() };
                given_up.extend(kind.items.keys().map(row));
            }
        }
        state.overdue_bytes = 0;
        for (key, row) in std::mem::take(&mut state.rows) {
            row.settled.notify_waiters();
            if row.stage != Stage::Kept && !given_up.contains(&key) {
                given_up.push(key);
            }
        }
        self.recount(&state);
        given_up
    }

    /// Whether anything is to go into the table yet.
    pub fn is_under_way(&self) -> bool {
        let state = self.lock();
        let stages = state.rows.values().map(|row| &row.stage);
        let stages = stages.chain(state.replacement.iter().map(|(_, stage)| stage));
        stages.into_iter().any(|stage| *stage != Stage::Kept)
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
            if row.stage != Stage::UnderWay {
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
        let Some(row) = self.rows.remove(row) else {
            return false;
        };
        row.settled.notify_waiters();
        let was_overdue = row.is_overdue();
        if was_overdue {
            self.overdue_bytes -= row.update.item.json.len();
        }
        was_overdue
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
        let rows = self.rows.values().filter(|row| row.is_overdue()).count();
        let is_overdue = |stage: &Stage| matches!(stage, Stage::Overdue { .. });
        let init = self.replacement.iter().filter(|(_, stage)| is_overdue(stage));
        rows + init.map(|(init, _)| items_of(&init.data)).sum::<usize>()
    }
}

fn overdue(failure: &Error) -> Stage {
    let not_before = failure.is_refusal().then(|| Instant::now() + REFUSED_PAUSE);
    Stage::Overdue { failure: Arc::new(failure.clone()), not_before }
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
    data.iter().flat_map(|(_, kind)| kind.items.values()).map(|item| item.json.len()).sum()
}

#[cfg(test)]
mod tests;

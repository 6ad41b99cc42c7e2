//! The order of writes.
//!
//! Updates of one row share a place in the order, and of those that wait there only the newest is written. An
//! update waits for the unfinished updates of the items it refers to, so that no reader of the table finds it
//! before them. An init is a barrier: it waits for everything before it, and everything after it waits for
//! the init. Unrelated writes run in parallel.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedMutexGuard};

use crate::error::Error;
use crate::model::RowKey;
use crate::writes::pending::{Update, WriteId};

/// The unfinished writes in their order.
#[derive(Clone, Default)]
pub struct WriteOrder(Arc<Mutex<Queue>>);

type PlaceId = u64;

/// Stands for the end of a place instead of one of its updates.
const ITS_END: WriteId = WriteId::MAX;

#[derive(Default)]
struct Queue {
    last_id: PlaceId,
    places: BTreeMap<PlaceId, Place>,
    /// The place of each row since the last init.
    rows: BTreeMap<RowKey, PlaceId>,
    barrier: Option<PlaceId>,
}

/// The updates of one row, or an init.
#[derive(Default)]
struct Place {
    row: Option<RowKey>,
    /// The number of turns that share this place.
    turns: usize,
    /// The update to write. The texts of older updates are not kept.
    newest: Option<Arc<Update>>,
    concluded: Option<(WriteId, Conclusion)>,
    /// The places that this one waits for, each up to an update. No place waits for itself, directly or
    /// through others.
    waits_for: BTreeMap<PlaceId, WriteId>,
    waited_for_by: BTreeMap<PlaceId, WriteId>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    ready: Notify,
    concluded: Notify,
    writer: Arc<tokio::sync::Mutex<()>>,
}

/// The result of an update and of those that it superseded.
#[derive(Clone, Debug)]
pub enum Conclusion {
    /// It, or something as new, is in the table.
    Saved,
    /// It is left to the retry worker, or discarded.
    Failed(Error),
    /// An init has replaced it.
    Replaced,
}

/// A share in a place. When all of them are dropped, for whatever reason, the places that wait for this one
/// continue.
pub struct Turn {
    order: WriteOrder,
    place: PlaceId,
    shared: Arc<Shared>,
    /// The update that decides the result of this turn: its own, or a newer one.
    decisive: WriteId,
}

impl WriteOrder {
    /// Returns a turn for an update. Of this update and one that waits in the same place, the newer
    /// supersedes the other.
    pub fn update(&self, update: &Arc<Update>) -> Turn {
        let mut queue = self.lock();
        let place = queue.place_of(&update.row);
        for reference in update.references.iter().filter(|reference| **reference != update.row) {
            if let Some(&other) = queue.rows.get(reference) {
                queue.wait(place, other);
            }
        }
        let newest = queue.places.get_mut(&place).map(|place| &mut place.newest);
        let decisive = newest.map_or(update.id, |newest| match newest {
            Some(newest) if newest.item.version >= update.item.version => newest.id,
            newest => {
                *newest = Some(Arc::clone(update));
                update.id
            }
        });
        self.turn(&mut queue, place, decisive)
    }

    /// Returns a turn for an init.
    pub fn init(&self) -> Turn {
        let mut queue = self.lock();
        let place = queue.add(None);
        let before: Vec<PlaceId> = std::mem::take(&mut queue.rows).into_values().collect();
        for other in before.into_iter().chain(queue.barrier.replace(place)) {
            queue.wait(place, other);
        }
        self.turn(&mut queue, place, 0)
    }

    fn turn(&self, queue: &mut Queue, id: PlaceId, decisive: WriteId) -> Turn {
        let place = queue.places.entry(id).or_default();
        place.turns += 1;
        Turn { order: self.clone(), place: id, shared: Arc::clone(&place.shared), decisive }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn add(&mut self, row: Option<RowKey>) -> PlaceId {
        self.last_id += 1;
        self.places.insert(self.last_id, Place { row, ..Place::default() });
        self.last_id
    }

    /// Returns the place of a row after the last init. Creates it if there is none.
    fn place_of(&mut self, row: &RowKey) -> PlaceId {
        if let Some(place) = self.rows.get(row) {
            return *place;
        }
        let place = self.add(Some(row.clone()));
        self.rows.insert(row.clone(), place);
        if let Some(barrier) = self.barrier {
            self.wait(place, barrier);
        }
        place
    }

    /// Makes a place wait for the update that another one is to write, unless the other one already waits for
    /// it. Items that refer to each other in a circle have no order.
    fn wait(&mut self, place: PlaceId, other: PlaceId) {
        let is_waited_for = self.places.get(&place).is_some_and(|it| !it.waited_for_by.is_empty());
        if is_waited_for && self.waits(other, place) {
            return;
        }
        let Some(awaited) = self.places.get_mut(&other) else {
            return;
        };
        let until = awaited.newest.as_ref().map_or(ITS_END, |newest| newest.id);
        awaited.waited_for_by.insert(place, until);
        if let Some(waiting) = self.places.get_mut(&place) {
            waiting.waits_for.insert(other, until);
        }
    }

    /// Returns whether a place waits for another one, directly or through others.
    fn waits(&self, place: PlaceId, for_place: PlaceId) -> bool {
        let (mut seen, mut to_see) = (HashSet::new(), vec![place]);
        while let Some(next) = to_see.pop() {
            if next == for_place {
                return true;
            }
            if seen.insert(next)
                && let Some(next) = self.places.get(&next)
            {
                to_see.extend(next.waits_for.keys());
            }
        }
        false
    }

    /// Releases the places that wait for this update of a place, or for an older one.
    fn release(&mut self, id: PlaceId, written: WriteId) {
        let Some(place) = self.places.get_mut(&id) else {
            return;
        };
        let released = place.waited_for_by.extract_if(.., |_, until| *until <= written);
        for (waiting, _) in released.collect::<Vec<_>>() {
            if let Some(waiting) = self.places.get_mut(&waiting) {
                waiting.waits_for.remove(&id);
                if waiting.waits_for.is_empty() {
                    waiting.shared.ready.notify_one();
                }
            }
        }
    }
}

impl Turn {
    /// Waits until no other turn writes in this place. None does while the result is held.
    pub async fn writer(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.shared.writer).lock_owned().await
    }

    /// Waits until everything before this place is finished. Only one turn of a place may wait at a time.
    pub async fn come(&self) {
        while !self.may_go() {
            self.shared.ready.notified().await;
        }
    }

    fn may_go(&self) -> bool {
        let queue = self.order.lock();
        queue.places.get(&self.place).is_none_or(|place| place.waits_for.is_empty())
    }

    /// Returns the update to write, unless it has to wait.
    pub fn claim(&self) -> Option<Arc<Update>> {
        if self.may_go() { self.newest() } else { None }
    }

    /// Returns the update to write.
    pub fn newest(&self) -> Option<Arc<Update>> {
        self.order.lock().places.get(&self.place)?.newest.clone()
    }

    /// Returns the update that decides the result of this turn.
    pub fn decisive(&self) -> WriteId {
        self.decisive
    }

    /// Returns the update of this turn, unless a newer one is to be written.
    pub fn own(&self) -> Option<Arc<Update>> {
        self.newest().filter(|newest| newest.id == self.decisive)
    }

    /// Returns the result of this turn's update, if it is known.
    pub fn conclusion(&self) -> Option<Conclusion> {
        let queue = self.order.lock();
        let (of, conclusion) = queue.places.get(&self.place)?.concluded.as_ref()?;
        (*of >= self.decisive).then(|| conclusion.clone())
    }

    /// Waits for the result of this turn's update.
    pub async fn concluded(&self) -> Conclusion {
        loop {
            let concluded = self.shared.concluded.notified();
            if let Some(conclusion) = self.conclusion() {
                return conclusion;
            }
            concluded.await;
        }
    }

    /// Records the result of an update, which is also that of older ones.
    pub fn conclude(&self, id: WriteId, conclusion: Conclusion) {
        let mut queue = self.order.lock();
        if let Some(place) = queue.places.get_mut(&self.place) {
            place.newest.take_if(|newest| newest.id <= id);
            if place.concluded.as_ref().is_none_or(|(of, _)| *of <= id) {
                place.concluded = Some((id, conclusion));
            }
        }
        queue.release(self.place, id);
        self.shared.concluded.notify_waiters();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut queue = self.order.lock();
        match queue.places.get_mut(&self.place) {
            Some(place) if place.turns > 1 => {
                place.turns -= 1;
                return;
            }
            _ => queue.release(self.place, ITS_END),
        }
        let Some(place) = queue.places.remove(&self.place) else {
            return;
        };
        for awaited in place.waits_for.keys() {
            if let Some(awaited) = queue.places.get_mut(awaited) {
                awaited.waited_for_by.remove(&self.place);
            }
        }
        if let Some(row) = &place.row
            && queue.rows.get(row) == Some(&self.place)
        {
            queue.rows.remove(row);
        }
        queue.barrier.take_if(|barrier| *barrier == self.place);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::dynamodb::fake::item;

    fn row(key: &str) -> RowKey {
        RowKey::new("features", key)
    }

    fn update(id: WriteId, key: &str, references: &[&str]) -> Arc<Update> {
        let references = references.iter().map(|key| row(key)).collect();
        Arc::new(Update { id, row: row(key), item: item(key, id as f64), references })
    }

    fn claimed(turn: &Turn) -> Option<WriteId> {
        turn.claim().map(|update| update.id)
    }

    #[test]
    fn updates_of_one_row_have_one_place_and_others_do_not_wait() {
        let order = WriteOrder::default();
        let first = order.update(&update(1, "a", &[]));
        let writer = first.writer().now_or_never().unwrap();
        let other = order.update(&update(2, "b", &[]));
        let second = order.update(&update(3, "a", &[]));
        assert!(second.writer().now_or_never().is_none());
        assert!(other.writer().now_or_never().is_some());
        assert_eq!(claimed(&other), Some(2));
        drop(writer);
        assert!(second.writer().now_or_never().is_some());
    }

    #[test]
    fn of_the_updates_of_a_row_only_the_newest_is_kept_and_decides_for_all() {
        let order = WriteOrder::default();
        let updates = [update(1, "a", &[]), update(3, "a", &[]), update(2, "a", &[])];
        let turns = updates.each_ref().map(|update| order.update(update));
        assert_eq!(updates.each_ref().map(Arc::strong_count), [1, 2, 1]);
        assert!(turns.iter().all(|turn| claimed(turn) == Some(3)));
        assert!(turns[1].own().is_some() && turns[0].own().is_none());
        turns[0].conclude(1, Conclusion::Failed(Error::panicked()));
        let concluded = |turn: &Turn| turn.conclusion().is_some();
        assert_eq!(turns.each_ref().map(concluded), [true, false, false]);
        turns[0].conclude(3, Conclusion::Saved);
        assert_eq!(turns.each_ref().map(concluded), [true; 3]);
        assert_eq!(claimed(&turns[0]), None);
    }

    #[test]
    fn an_update_waits_for_what_it_refers_to_as_it_was_then() {
        let order = WriteOrder::default();
        let segment = order.update(&update(1, "s", &[]));
        let flag = order.update(&update(2, "a", &["s", "absent"]));
        assert_eq!(claimed(&flag), None);
        let newer = order.update(&update(3, "s", &[]));
        drop(segment);
        assert_eq!(claimed(&flag), None, "the newer one is not in the table");
        order.update(&update(4, "s", &[]));
        newer.conclude(3, Conclusion::Saved);
        assert_eq!(claimed(&flag), Some(2));
        assert!(flag.come().now_or_never().is_some());
    }

    #[test]
    fn a_newer_update_waits_for_what_it_refers_to_but_not_in_a_circle() {
        let order = WriteOrder::default();
        let flag = order.update(&update(1, "a", &[]));
        let segment = order.update(&update(2, "s", &[]));
        let dependent = order.update(&update(3, "d", &["a"]));
        order.update(&update(4, "a", &["s"]));
        assert_eq!(claimed(&flag), None);
        segment.conclude(2, Conclusion::Saved);
        assert_eq!(claimed(&flag), Some(4));
        order.update(&update(5, "a", &["d"]));
        assert_eq!(claimed(&flag), Some(5), "that waits for it");
        assert_eq!(claimed(&dependent), None);
    }

    #[test]
    fn an_init_is_a_barrier() {
        let order = WriteOrder::default();
        let before = order.update(&update(1, "a", &[]));
        let init = order.init();
        let after = order.update(&update(2, "a", &[]));
        let next_init = order.init();
        assert!(init.come().now_or_never().is_none());
        assert_eq!((claimed(&before), claimed(&after)), (Some(1), None));
        drop(before);
        assert!(init.come().now_or_never().is_some());
        assert_eq!(claimed(&after), None);
        drop(init);
        assert_eq!(claimed(&after), Some(2));
        assert!(next_init.come().now_or_never().is_none());
        after.conclude(2, Conclusion::Saved);
        assert!(next_init.come().now_or_never().is_some());
    }

    #[test]
    fn nothing_is_kept_of_what_is_finished() {
        let order = WriteOrder::default();
        let first = order.update(&update(1, "a", &[]));
        let rest = (
            order.init(),
            order.update(&update(2, "a", &[])),
            order.update(&update(3, "b", &["a"])),
        );
        drop(rest);
        assert!(order.lock().places.values().all(|place| place.waited_for_by.is_empty()));
        drop(first);
        let queue = order.lock();
        assert!(queue.places.is_empty() && queue.rows.is_empty() && queue.barrier.is_none());
    }
}

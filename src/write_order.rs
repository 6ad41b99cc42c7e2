//! The order of updates.
//!
//! Updates of one row take effect in the order in which they were asked for. An update of an item
//! waits for the unfinished updates of what it refers to, so that nobody finds it in the table
//! before those. An init is a barrier: it waits for everything before it, and everything after it
//! waits for it. What has nothing to do with one another runs side by side.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::oneshot;

use crate::row::RowKey;

/// The updates that are not finished yet.
#[derive(Clone, Default)]
pub struct WriteOrder(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    next_id: u64,
    /// The last update of each row.
    last: HashMap<RowKey, Pending>,
    barrier: Option<Pending>,
}

#[derive(Clone)]
struct Pending {
    id: u64,
    finished: Finished,
}

type Finished = Shared<BoxFuture<'static, ()>>;

/// A place in the order. Dropping it, in whatever way, lets the next ones go.
pub struct Turn {
    order: WriteOrder,
    id: u64,
    row: Option<RowKey>,
    wait_for: Vec<Finished>,
    _done: oneshot::Sender<()>,
}

impl WriteOrder {
    /// A place for an update of `row`, whose item refers to `references`.
    pub fn update(&self, row: RowKey, references: impl IntoIterator<Item = RowKey>) -> Turn {
        let mut queue = self.lock();
        let rows = std::iter::once(row.clone()).chain(references);
        let wait_for = rows
            .filter_map(|row| queue.last.get(&row))
            .chain(&queue.barrier)
            .map(|pending| pending.finished.clone())
            .collect();
        let (turn, pending) = self.turn(&mut queue, Some(row.clone()), wait_for);
        queue.last.insert(row, pending);
        turn
    }

    /// A place for an init.
    pub fn init(&self) -> Turn {
        let mut queue = self.lock();
        let updates = std::mem::take(&mut queue.last).into_values();
        let wait_for =
            updates.chain(queue.barrier.take()).map(|pending| pending.finished).collect();
        let (turn, pending) = self.turn(&mut queue, None, wait_for);
        queue.barrier = Some(pending);
        turn
    }

    fn turn(
        &self,
        queue: &mut Queue,
        row: Option<RowKey>,
        wait_for: Vec<Finished>,
    ) -> (Turn, Pending) {
        let id = queue.next_id;
        queue.next_id += 1;
        let (done, finished) = oneshot::channel::<()>();
        let finished = finished.map(|_| ()).boxed().shared();
        let turn = Turn { order: self.clone(), id, row, wait_for, _done: done };
        (turn, Pending { id, finished })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Waits until it is this update's turn.
    pub async fn come(&mut self) {
        for earlier in self.wait_for.drain(..) {
            earlier.await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut queue = self.order.lock();
        match &self.row {
            Some(row) => {
                if queue.last.get(row).is_some_and(|last| last.id == self.id) {
                    queue.last.remove(row);
                }
            }
            None => {
                if queue.barrier.as_ref().is_some_and(|barrier| barrier.id == self.id) {
                    queue.barrier = None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str) -> RowKey {
        RowKey::new("features", key)
    }

    fn may_go(turn: &mut Turn) -> bool {
        turn.come().now_or_never().is_some()
    }

    #[test]
    fn updates_of_one_row_take_turns_and_others_do_not_wait() {
        let order = WriteOrder::default();
        let mut first = order.update(row("a"), []);
        let mut second = order.update(row("a"), []);
        let mut other = order.update(row("b"), []);
        assert!(may_go(&mut first));
        assert!(!may_go(&mut second));
        assert!(may_go(&mut other));
        drop(first);
        assert!(may_go(&mut second));
    }

    #[test]
    fn an_update_waits_for_what_it_refers_to() {
        let order = WriteOrder::default();
        let segment = order.update(RowKey::new("segments", "s"), []);
        let mut flag = order.update(row("a"), [RowKey::new("segments", "s"), row("absent")]);
        assert!(!may_go(&mut flag));
        drop(segment);
        assert!(may_go(&mut flag));
    }

    #[test]
    fn an_init_is_a_barrier() {
        let order = WriteOrder::default();
        let before = order.update(row("a"), []);
        let mut init = order.init();
        let mut after = order.update(row("b"), []);
        let mut next_init = order.init();
        assert!(!may_go(&mut init));
        drop(before);
        assert!(may_go(&mut init));
        assert!(!may_go(&mut after));
        drop(init);
        assert!(may_go(&mut after));
        assert!(!may_go(&mut next_init));
        drop(after);
        assert!(may_go(&mut next_init));
    }

    #[test]
    fn nothing_is_kept_of_what_is_finished() {
        let order = WriteOrder::default();
        let turns = [order.update(row("a"), []), order.init(), order.update(row("a"), [])];
        drop(turns);
        let queue = order.lock();
        assert!(queue.last.is_empty() && queue.barrier.is_none());
    }
}

//! Decides what the retry worker writes, and when.

use std::collections::HashSet;
use std::future::pending;
use std::sync::Arc;

use tokio::time::Instant;

use super::{
    Blocked, Failed, Init, PendingInit, PendingWrites, Row, Settled, Stage, State, Update, WriteId,
    items_of,
};
use crate::backoff::no_answer;
use crate::error::Error;
use crate::model::RowKey;
use crate::writes::retry_log::RetryLog;

impl PendingWrites {
    /// Leaves a failed update to the retry worker.
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

    /// Returns why an update has to wait for other writes, if it has to.
    pub fn blocked(&self, update: &Update) -> Option<Blocked> {
        let state = self.lock();
        let init = state.init.iter().filter(|init| init.init.id < update.id);
        let rows = state.before(update).filter(|row| {
            // In a circle of references the first update goes first.
            row.update.id < update.id || !state.waits_for(row, &update.row)
        });
        let rows = rows.map(|row| (row.update.id, &row.stage));
        let inits = init.map(|init| (init.init.id, &init.stage));
        inits.chain(rows).find_map(|(id, stage)| match stage {
            Stage::Retrying { failure, .. } if failure.is_permanent() => {
                Some(Blocked::Refused((**failure).clone()))
            }
            Stage::Retrying { failure, .. } => Some(Blocked::Waiting((**failure).clone())),
            // The write order does not know the earlier update whose place this one has taken.
            Stage::InFlight if id > update.id => Some(Blocked::Waiting(no_answer())),
            Stage::InFlight | Stage::MemoryOnly => None,
        })
    }

    /// Waits for the result of this update of a row, or of a newer one. Never completes if everything was
    /// discarded.
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

    /// Returns from when on something may be retried: `None` if there is nothing to retry, and `Some(None)`
    /// for as soon as DynamoDB accepts writes.
    pub fn next_time(&self) -> Option<Option<Instant>> {
        let state = self.lock();
        let stages = state.rows.values().map(|row| &row.stage);
        let stages = stages.chain(state.init.iter().map(|init| &init.stage));
        let times = stages.filter_map(|stage| match stage {
            Stage::Retrying { not_before, .. } => Some(*not_before),
            Stage::InFlight | Stage::MemoryOnly => None,
        });
        // `None` sorts before all times.
        times.min()
    }

    /// Returns the init that may be retried at this time.
    pub fn due_init(&self, now: Instant) -> Option<PendingInit> {
        let state = self.lock();
        let Init { init, stage, .. } = state.init.as_ref()?;
        stage.is_due(now).then(|| init.clone())
    }

    /// Returns the updates that may be retried at this time, in the order of their requests.
    pub fn due_updates(&self, now: Instant) -> Vec<Arc<Update>> {
        let state = self.lock();
        let mut due: Vec<_> = state.rows.values().filter(|row| row.stage.is_due(now)).collect();
        due.sort_by_key(|row| row.since);
        due.into_iter().map(|row| Arc::clone(&row.update)).collect()
    }

    /// Makes rejected writes due at once: they may be allowed now.
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

    /// Returns whether this update is still to be retried.
    pub fn is_retrying(&self, update: &Update) -> bool {
        let state = self.lock();
        state
            .rows
            .get(&update.row)
            .is_some_and(|row| row.update.id == update.id && row.stage.is_retrying())
    }

    /// Calls `line` with the log of retries and the number of retrying items.
    pub fn log<T>(&self, line: impl FnOnce(&mut RetryLog, usize) -> T) -> T {
        let mut state = self.lock();
        let items = state.retrying_items();
        line(&mut state.log, items)
    }
}

impl State {
    /// Returns the pending rows that this update refers to and that were requested before it.
    pub(super) fn before<'a>(&'a self, update: &'a Update) -> impl Iterator<Item = &'a Row> {
        let rows = update.references.iter().filter_map(|row| self.rows.get(row));
        rows.filter(|row| row.since < update.id)
    }

    /// Returns whether a row has to wait for another one because of its references.
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

    fn retrying_items(&self) -> usize {
        let init = self.init.iter().filter(|init| init.stage.is_retrying());
        self.retrying + init.map(|init| items_of(&init.init.data)).sum::<usize>()
    }
}

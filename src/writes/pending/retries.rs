//! Decides what the retry worker writes, and when.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Failed, Init, PendingInit, PendingWrites, Stage, State, Update, items_of};
use crate::error::Error;
use crate::writes::retry_log::RetryLog;

impl PendingWrites {
    /// Leaves a failed update to the retry worker.
    pub fn failed(&self, update: &Update, failure: &Error) -> Failed {
        let mut state = self.lock();
        let Some(mut row) = state.take_if(update) else {
            return Failed::Superseded;
        };
        row.stage = row.stage.failed(failure);
        row.newest.times.failed = Some(self.sequence.next());
        row.changed.notify_waiters();
        state.put(row);
        Failed::Retrying
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

    /// Returns whether a write has failed and waits for a retry.
    pub fn is_any_retrying(&self) -> bool {
        self.count() > 0 && self.next_time().is_some()
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
        due.sort_by_key(|row| row.since());
        due.into_iter().map(|row| Arc::clone(row.update())).collect()
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

    /// Calls `line` with the log of retries and the number of retrying items.
    pub fn log<T>(&self, line: impl FnOnce(&mut RetryLog, usize) -> T) -> T {
        let mut state = self.lock();
        let items = state.retrying_items();
        line(&mut state.log, items)
    }
}

impl State {
    fn retrying_items(&self) -> usize {
        let init = self.init.iter().filter(|init| init.stage.is_retrying());
        self.retrying + init.map(|init| items_of(&init.init.data)).sum::<usize>()
    }
}

//! Which write may be sent.
//!
//! Of each row one write is sent at a time, and only the newest one. An update waits for the earlier updates of
//! what it refers to, so that no reader finds it in the table before those. Of items that refer to one another in a
//! circle, the one that was requested first goes first. An init is a barrier: it waits until what was sent before it
//! is answered, and everything that was requested after it waits for its end. Unrelated writes are sent side by side.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::OptionFuture;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use super::{PendingWrites, Row, Stage, State, Update, WriteId};
use crate::error::Error;
use crate::model::RowKey;

/// A row whose writes are being sent.
pub(super) struct Claimed {
    /// The newest update of the row when it was claimed.
    id: WriteId,
    ended: Arc<Notify>,
}

/// The next step for an update.
pub enum Step<'a> {
    /// None: it, or something as new, is in the table.
    Saved,
    /// None: it failed, and only the retry worker repeats it.
    Failed(Error),
    /// None: an init has replaced it.
    Replaced,
    /// Wait for this, then ask for the next step again.
    Wait(OwnedNotified),
    /// Leave this newest update of the row to the retry worker: it comes after a write that is retrying because of
    /// this failure.
    Blocked(Arc<Update>, Error),
    /// Send the newest update of the row.
    Send(Claim<'a>),
}

/// A write that has to get into the table before an update.
enum Blocker {
    InFlight(Arc<Notify>),
    Retrying(Error),
}

/// The right to send the updates of a row. Nobody else has it until this is dropped.
pub struct Claim<'a> {
    pending: &'a PendingWrites,
    row: RowKey,
}

/// An init's place in the order of writes. Later writes wait until this is dropped.
pub struct InitTurn {
    pending: Arc<PendingWrites>,
    /// The id of the init.
    pub id: WriteId,
}

impl PendingWrites {
    /// Returns the next step for the update of this row with this id.
    pub fn next_step(&self, row: &RowKey, id: WriteId) -> Step<'_> {
        let mut state = self.lock();
        let Some(now) = state.rows.get(row) else {
            return match state.given_up.as_ref().and_then(|rows| rows.get(row)) {
                Some(since) if *since <= id => Step::Wait(never().notified_owned()),
                None if state.is_replaced(row, id) => Step::Replaced,
                _ => Step::Saved,
            };
        };
        if now.update().id < id || id < now.since() {
            return Step::Saved;
        }
        if state.is_replaced(row, id) {
            return Step::Replaced;
        }
        match &now.stage {
            Stage::Retrying { failure, .. } if !failure.is_retryable() => {
                Step::Failed((**failure).clone())
            }
            Stage::Retrying { .. } | Stage::MemoryOnly => {
                Step::Wait(Arc::clone(&now.changed).notified_owned())
            }
            Stage::InFlight => {
                let update = Arc::clone(now.update());
                self.send_or_wait(&mut state, update)
            }
        }
    }

    /// Returns the next step for an update that is retrying; [`Step::Saved`] if it no longer is.
    pub fn next_retry(&self, update: &Arc<Update>) -> Step<'_> {
        let mut state = self.lock();
        let now = state.rows.get(&update.row);
        if now.is_none_or(|row| row.update().id != update.id || !row.stage.is_retrying()) {
            return Step::Saved;
        }
        self.send_or_wait(&mut state, Arc::clone(update))
    }

    fn send_or_wait(&self, state: &mut State, update: Arc<Update>) -> Step<'_> {
        match state.blocker(&update) {
            Some(Blocker::InFlight(ended)) => Step::Wait(ended.notified_owned()),
            Some(Blocker::Retrying(failure)) => Step::Blocked(update, failure),
            None => match state.claims.get(&update.row) {
                Some(claimed) => Step::Wait(Arc::clone(&claimed.ended).notified_owned()),
                None => Step::Send(self.claim(state, &update)),
            },
        }
    }

    fn claim<'a>(&'a self, state: &mut State, update: &Update) -> Claim<'a> {
        let claimed = Claimed { id: update.id, ended: Arc::default() };
        state.claims.insert(update.row.clone(), claimed);
        Claim { pending: self, row: update.row.clone() }
    }

    /// Gives an init that is requested now its place in the order of writes.
    pub fn begin_init(self: &Arc<Self>) -> InitTurn {
        // Under the lock, so that every write with a higher id finds the barrier.
        let mut state = self.lock();
        let id = self.begin();
        state.barriers.insert(id, Arc::default());
        InitTurn { pending: Arc::clone(self), id }
    }
}

impl Claim<'_> {
    /// Returns the newest update of the row, if it is in flight and still may be sent.
    pub fn newest(&self) -> Option<Arc<Update>> {
        let state = self.pending.lock();
        let row = state.rows.get(&self.row)?;
        let may_go = row.stage == Stage::InFlight && state.blocker(row.update()).is_none();
        may_go.then(|| Arc::clone(row.update()))
    }

    /// Waits until the newest update of the row ends, fails or is superseded.
    pub fn next_change(&self) -> impl Future<Output = ()> + Send + use<> {
        let state = self.pending.lock();
        let changed = state.rows.get(&self.row).map(|row| Arc::clone(&row.changed));
        OptionFuture::from(changed.map(Notify::notified_owned)).map(drop)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if let Some(claimed) = self.pending.lock().claims.remove(&self.row) {
            claimed.ended.notify_waiters();
        }
    }
}

impl InitTurn {
    /// Returns whether nothing else is pending. Then this process does not write to the table until the init does.
    pub fn is_alone(&self) -> bool {
        let state = self.pending.lock();
        let is_only_init = state.barriers.len() == 1 && state.init.is_none();
        is_only_init && state.rows.is_empty() && state.claims.is_empty()
    }

    /// Waits until all earlier inits have ended and no write is under way that was requested before.
    pub async fn wait(&self) {
        loop {
            let before = {
                let state = self.pending.lock();
                let inits = state.barriers.range(..self.id).map(|(_, ended)| ended);
                let sent = state.claims.values().filter(|claimed| claimed.id < self.id);
                let mut before = inits.chain(sent.map(|claimed| &claimed.ended));
                before.next().map(|ended| Arc::clone(ended).notified_owned())
            };
            match before {
                Some(before) => before.await,
                None => return,
            }
        }
    }
}

impl Drop for InitTurn {
    fn drop(&mut self) {
        let mut state = self.pending.lock();
        if let Some(ended) = state.barriers.remove(&self.id) {
            ended.notify_waiters();
        }
        self.pending.recount(&state);
    }
}

impl State {
    /// Returns a write that has to be in the table before this update and is not.
    fn blocker(&self, update: &Update) -> Option<Blocker> {
        if self.given_up.is_some() {
            return Some(Blocker::InFlight(never()));
        }
        if let Some((_, ended)) = self.barriers.range(..update.id).next() {
            return Some(Blocker::InFlight(Arc::clone(ended)));
        }
        if let Some(init) = self.init.iter().find(|init| init.init.id < update.id)
            && let Stage::Retrying { failure, .. } = &init.stage
        {
            return Some(Blocker::Retrying((**failure).clone()));
        }
        let mut in_flight = None;
        let rows = self.before(update).filter(|row| {
            // In a circle of references the first update goes first.
            row.update().id < update.id || !self.waits_for(row, &update.row)
        });
        for row in rows {
            match &row.stage {
                Stage::Retrying { failure, .. } if !self.claims.contains_key(&row.update().row) => {
                    return Some(Blocker::Retrying((**failure).clone()));
                }
                _ => in_flight = Some(&row.changed),
            }
        }
        in_flight.map(|changed| Blocker::InFlight(Arc::clone(changed)))
    }

    /// Returns the pending rows that this update refers to and that were requested before it.
    pub(super) fn before<'a>(&'a self, update: &'a Update) -> impl Iterator<Item = &'a Row> {
        let others = update.references.iter().filter(|row| **row != update.row);
        let rows = others.filter_map(|row| self.rows.get(row));
        rows.filter(|row| row.since() < update.id)
    }

    /// Returns whether this row refers to another one, directly or not, that was requested before it.
    fn waits_for(&self, row: &Row, other: &RowKey) -> bool {
        let (mut seen, mut rows) = (HashSet::new(), vec![row]);
        while let Some(row) = rows.pop() {
            if row.update().row == *other {
                return true;
            }
            if seen.insert(row.update().id) {
                rows.extend(self.before(row.update()));
            }
        }
        false
    }
}

/// What calls wait for once the store is closed, which ends them.
fn never() -> Arc<Notify> {
    Arc::default()
}

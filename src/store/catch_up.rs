//! Bringing in what DynamoDB did not take at first.
//!
//! The retry worker does so, for as long as something waits. It begins with one write, and goes on with the
//! others side by side once that is in. While DynamoDB fails, its pauses grow; a read or another write
//! that succeeds ends them. What DynamoDB refuses for itself has pauses of its own.

use std::collections::HashSet;
use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::upsert::saving;
use super::{Inner, PARALLEL_UPDATES, Store};
use crate::backoff::{Backoff, no_answer};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Level, counted};
use crate::row::RowKey;
use crate::unsaved::{Blocked, HandedOver, Update};
use crate::write_order::Conclusion;

/// How long one write that waits, or one request of an init, is tried in one go. Nobody waits for it.
pub(super) const TIME_OF_A_TRY: Duration = Duration::from_secs(10);
/// How often a write is tried in one go when DynamoDB asks to slow down.
const TRIES_WHEN_BUSY: u32 = 5;
/// How long a store that is closed tries to bring in what waits.
const CLOSING_TIME: Duration = Duration::from_secs(1);
/// How many rows an error line names before it goes on with a count.
const NAMED_ROWS: usize = 10;

impl Store {
    /// Tries once more, shortly, to bring in what is not in the table, and gives it up. To be called
    /// when nobody uses this store any more.
    pub fn close(&self) -> impl Future<Output = ()> + Send + 'static {
        self.close_after(ready(()))
    }

    /// The same where requests may still come until it is `quiet`: an SDK hands over the rest of a change
    /// one write after the other. They are waited for within the time that a close takes.
    pub fn close_after(
        &self,
        quiet: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let inner = Arc::clone(&self.0);
        // Very much may be waiting for its first turn on the one thread.
        let deadline = Instant::now() + CLOSING_TIME;
        async move { inner.close(deadline, quiet).await }
    }
}

impl Inner {
    async fn close(self: &Arc<Self>, deadline: Instant, quiet: impl Future<Output = ()>) {
        let flush = async {
            if self.unsaved.is_under_way() {
                self.closing.store(true, Ordering::SeqCst);
                self.start_catching_up();
            }
            let settled = async {
                quiet.await;
                while self.unsaved.is_under_way() {
                    self.caught_up.notified().await;
                }
            };
            drop(timeout_at(deadline, settled).await);
            Ok(())
        };
        drop(self.guarded(|| "closing the store".to_owned(), flush).await);
        let given_up = self.unsaved.give_up();
        self.closed.send_replace(true);
        if given_up.is_empty() {
            self.log_ended();
        } else {
            self.log_error(&format!(
                "the store was closed with {} not in the table; given up: {}",
                counted(given_up.len()),
                named(&given_up)
            ));
        }
    }

    /// Tells that a write waits, or why it doesn't, and sees to its being brought in.
    pub(super) fn tell_waiting(self: &Arc<Self>, is: HandedOver, what: &str, failure: &Error) {
        match is {
            HandedOver::Waits => {
                self.log_line(self.unsaved.report(|report, _| report.waits(what, failure)));
                self.start_catching_up();
            }
            HandedOver::GivenUp => {
                self.unsaved.report(|report, _| report.given_up());
                self.log_error(&format!(
                    "{what} failed: {failure}. It is given up: too much waits to be written already"
                ));
            }
            HandedOver::Superseded => {}
        }
    }

    /// To be told when DynamoDB has taken a write, or answers reads again.
    pub(super) fn wrote(&self) {
        if self.unsaved.count() > 0 {
            self.recovered.notify_one();
        }
        self.log_ended();
        self.caught_up.notify_one();
    }

    pub(super) fn start_catching_up(self: &Arc<Self>) {
        if self.closing.load(Ordering::SeqCst) {
            self.recovered.notify_one();
        }
        self.wake(&self.retry_worker, Self::catch_up);
    }

    async fn catch_up(self: Arc<Self>) {
        let (mut failures, mut lasts) = (0, false);
        loop {
            let closing = self.closing.load(Ordering::SeqCst);
            let Some(due) = self.unsaved.next_time() else {
                self.log_ended();
                return;
            };
            let mut hurried = closing;
            if !closing {
                let backoff = if lasts { Backoff::PERMANENT } else { Backoff::TRANSIENT };
                let after_pause = || Instant::now() + backoff.pause_after(failures + 1);
                tokio::select! {
                    () = sleep_until(due.unwrap_or_else(after_pause)) => {}
                    () = self.recovered.notified() => hurried = true,
                }
            }
            let before = self.unsaved.count();
            let Round { failure, of_the_item } = self.bring_in().await;
            if let Some(failure) = failure.as_ref().or(of_the_item.as_ref()) {
                let line = self.unsaved.report(|r, waiting| r.still_waits(waiting, failure));
                self.log_line(line);
            }
            failures = match &failure {
                None => 0,
                Some(_) if self.unsaved.count() < before => 0,
                // Somebody else's success that did not help here is no reason to wait longer.
                Some(_) if hurried => failures,
                Some(_) => failures + 1,
            };
            lasts = failure.as_ref().is_some_and(Error::is_refusal);
            self.caught_up.notify_one();
            if closing {
                // Once is enough.
                return pending().await;
            }
        }
    }

    /// Logs that all is in the table, if it was ever told that something is not.
    fn log_ended(&self) {
        if !self.unsaved.is_under_way() {
            self.log_line(self.unsaved.report(|report, _| report.ended()));
        }
    }

    /// Tries once everything that may be tried.
    async fn bring_in(self: &Arc<Self>) -> Round {
        let now = self.time_of_trying();
        let mut round = Round::default();
        if let Some(init) = self.unsaved.due_replacement(now)
            && let Err(failure) = self.init_late(init).await
        {
            round.failed(failure);
            return round;
        }
        let updates = self.unsaved.due_updates(now);
        let mut updates = updates.iter();
        // Whether DynamoDB takes writes at all is tried with one. Rights may be had for some namespaces
        // only.
        let mut denied = HashSet::new();
        for update in updates.by_ref() {
            if denied.contains(&update.row.namespace) {
                continue;
            }
            match self.put_later(update).await {
                Err(failure) => {
                    if !failure.is_refusal() {
                        round.failed(failure);
                        return round;
                    }
                    if !failure.is_of_the_item() {
                        denied.insert(Arc::clone(&update.row.namespace));
                    }
                    round.failed(failure);
                }
                Ok(true) => break,
                Ok(false) => {}
            }
        }
        let rest = updates.filter(|update| !denied.contains(&update.row.namespace));
        let rest: Vec<_> = rest.map(|update| self.put_later(update)).collect();
        let results: Vec<Result<bool>> =
            stream::iter(rest).buffer_unordered(PARALLEL_UPDATES).collect().await;
        for failure in results.into_iter().filter_map(Result::err) {
            round.failed(failure);
        }
        round
    }

    /// What is due by then may be tried: when the store is closed, everything.
    fn time_of_trying(&self) -> Instant {
        let closing = self.closing.load(Ordering::SeqCst);
        Instant::now() + if closing { Backoff::PERMANENT.longest } else { Duration::ZERO }
    }

    /// Sends an update that waits, in its turn. `false` where there was nothing to send.
    fn put_later<'a>(
        self: &'a Arc<Self>,
        update: &'a Arc<Update>,
    ) -> impl Future<Output = Result<bool>> + use<'a> {
        let turn = self.order.update(update);
        async move {
            let _writer = turn.writer().await;
            turn.come().await;
            let result = self.put_now(update).await;
            let conclusion = match &result {
                Ok(_) => Conclusion::Saved(update.id),
                Err(failure) => {
                    let is = self.unsaved.hand_over(update, failure);
                    self.tell_waiting(is, &saving(update), failure);
                    Conclusion::Failed(failure.clone())
                }
            };
            turn.conclude(update.id, conclusion);
            result
        }
    }

    async fn put_now(self: &Arc<Self>, update: &Update) -> Result<bool> {
        if !self.unsaved.waits(update) {
            return Ok(false);
        }
        match self.unsaved.blocked(update) {
            Some(Blocked::Refused(failure)) => {
                // It is no use asking again before that is tried again.
                self.unsaved.hand_over(update, &failure);
                return Ok(false);
            }
            Some(Blocked::Waiting(_)) => return Ok(false),
            None => {}
        }
        let mut tries = 1;
        loop {
            let put = async {
                let _permit = self.update_permits.acquire().await;
                self.put(update).await
            };
            let put = timeout(TIME_OF_A_TRY, put).await;
            match put.unwrap_or_else(|_| Err(no_answer())) {
                Err(failure) if failure.kind == ErrorKind::Throttled && tries < TRIES_WHEN_BUSY => {
                    sleep(Backoff::WRITE.pause_after(tries)).await;
                    tries += 1;
                }
                result => return result.map(|()| true),
            }
        }
    }

    /// Ends when the store is closed.
    pub(super) async fn closed(&self) {
        drop(self.closed.subscribe().wait_for(|closed| *closed).await);
    }

    /// Says once that nothing is written.
    pub(super) fn log_read_only(&self) {
        if !self.read_only_told.swap(true, Ordering::SeqCst) {
            self.log_at(
                Level::Warn,
                "nothing is written, since the store is read-only; what it is given is kept in \
                 memory",
            );
        }
    }
}

/// How a round of trying went: a failure that says something of other writes, and one that doesn't.
#[derive(Default)]
struct Round {
    failure: Option<Error>,
    of_the_item: Option<Error>,
}

impl Round {
    fn failed(&mut self, failure: Error) {
        let failures =
            if failure.is_of_the_item() { &mut self.of_the_item } else { &mut self.failure };
        // One that passes by itself ends the wait sooner.
        if failures.as_ref().is_none_or(Error::is_refusal) {
            *failures = Some(failure);
        }
    }
}

/// The first of these rows by name, and how many more there are.
pub(super) fn named(rows: &[RowKey]) -> String {
    let more = rows.len().saturating_sub(NAMED_ROWS);
    let names: Vec<_> = rows.iter().take(NAMED_ROWS).map(ToString::to_string).collect();
    let names = names.join(", ");
    if more == 0 { names } else { format!("{names} and {more} more") }
}

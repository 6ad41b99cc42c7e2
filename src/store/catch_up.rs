//! Bringing in what DynamoDB did not take at first.
//!
//! The retry worker does so, for as long as something waits. It begins with one write, and goes on with the
//! others side by side once that is in. While DynamoDB fails, its pauses grow; a read or another write
//! that succeeds ends them.

use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::upsert::saving;
use super::{Inner, PARALLEL_UPDATES, Store};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Level, counted};
use crate::retry::{Backoff, no_answer};
use crate::row::RowKey;
use crate::unsaved::{Blocked, HandedOver, Report, Update};

/// The longest pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
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
    pub async fn close(&self) {
        self.close_after(ready(())).await;
    }

    /// The same where requests may still come until it is `quiet`: an SDK hands over the rest of a change
    /// one write after the other. They are waited for within the time that a close takes.
    pub async fn close_after(&self, quiet: impl Future<Output = ()>) {
        let inner = &self.0;
        let flush = async {
            if inner.unsaved.is_under_way() {
                inner.closing.store(true, Ordering::SeqCst);
                inner.start_catching_up();
            }
            let settled = async {
                quiet.await;
                while inner.unsaved.is_under_way() {
                    inner.caught_up.notified().await;
                }
            };
            drop(timeout(CLOSING_TIME, settled).await);
            Ok(())
        };
        drop(inner.guarded(|| "closing the store".to_owned(), flush).await);
        let given_up = inner.unsaved.give_up();
        inner.closed.send_replace(true);
        if !given_up.is_empty() {
            inner.log_error(&format!(
                "the store was closed with {} not in the table; given up: {}",
                counted(given_up.len()),
                named(&given_up)
            ));
        }
    }
}

impl Inner {
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
        self.caught_up.notify_one();
    }

    pub(super) fn start_catching_up(self: &Arc<Self>) {
        if self.closing.load(Ordering::SeqCst) {
            self.recovered.notify_one();
        }
        self.wake(&self.retry_worker, Self::catch_up);
    }

    async fn catch_up(self: Arc<Self>) {
        let mut failures = 0;
        loop {
            let closing = self.closing.load(Ordering::SeqCst);
            let not_before = match self.unsaved.next_time() {
                None => {
                    let ended = |report: &mut Report, waiting| {
                        if waiting == 0 { report.ended() } else { None }
                    };
                    self.log_line(self.unsaved.report(ended));
                    return;
                }
                _ if closing => None,
                Some(Some(time)) => Some(time),
                Some(None) => Some(Instant::now() + pause_after(failures)),
            };
            if let Some(time) = not_before {
                tokio::select! {
                    () = sleep_until(time) => {}
                    () = self.recovered.notified() => {}
                }
            }
            let saved = self.unsaved.count();
            match self.bring_in().await {
                Ok(()) => failures = 0,
                Err(failure) => {
                    failures = if self.unsaved.count() < saved { 1 } else { failures + 1 };
                    let line = self.unsaved.report(|r, waiting| r.still_waits(waiting, &failure));
                    self.log_line(line);
                }
            }
            self.caught_up.notify_one();
            if closing {
                // Once is enough.
                return pending().await;
            }
        }
    }

    /// Tries once everything that may be tried. The error is the one for which it ended early, or that
    /// of a write that failed.
    async fn bring_in(self: &Arc<Self>) -> Result<()> {
        let now = self.time_of_trying();
        if let Some(init) = self.unsaved.due_replacement(now) {
            self.init_late(init).await?;
        }
        let updates = self.unsaved.due_updates(now);
        let mut updates = updates.iter();
        // Whether DynamoDB takes writes at all is tried with one.
        let mut outcome = Ok(());
        for update in updates.by_ref() {
            match self.put_later(update).await {
                Err(failure) if !failure.is_refusal() => return Err(failure),
                Err(failure) => outcome = Err(failure),
                Ok(true) => break,
                Ok(false) => {}
            }
        }
        let rest: Vec<_> = updates.map(|update| self.put_later(update)).collect();
        let results: Vec<Result<bool>> =
            stream::iter(rest).buffer_unordered(PARALLEL_UPDATES).collect().await;
        results.into_iter().map(|result| result.map(drop)).fold(outcome, Result::and)
    }

    /// What is due by then may be tried: when the store is closed, everything.
    fn time_of_trying(&self) -> Instant {
        let closing = self.closing.load(Ordering::SeqCst);
        Instant::now() + if closing { crate::unsaved::REFUSED_PAUSE } else { Duration::ZERO }
    }

    /// Sends an update that waits, in its turn. `false` where there was nothing to send.
    fn put_later<'a>(
        self: &'a Arc<Self>,
        update: &'a Update,
    ) -> impl Future<Output = Result<bool>> + use<'a> {
        let mut turn = self.order.update(update.row.clone(), update.references.iter().cloned());
        async move {
            turn.come().await;
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
            let mut backoff = Backoff::default();
            let mut tries = 1;
            let result = loop {
                let put = timeout(TIME_OF_A_TRY, self.put(update)).await;
                match put.unwrap_or_else(|_| Err(no_answer())) {
                    Err(failure)
                        if failure.kind == ErrorKind::Throttled && tries < TRIES_WHEN_BUSY =>
                    {
                        tries += 1;
                        sleep(backoff.pause()).await;
                    }
                    result => break result,
                }
            };
            if let Err(failure) = &result {
                let is = self.unsaved.hand_over(update, failure);
                self.tell_waiting(is, &saving(update), failure);
            }
            result.map(|_| true)
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

fn pause_after(failures: u32) -> Duration {
    let bound = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
    bound.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// The first of these rows by name, and how many more there are.
pub(super) fn named(rows: &[RowKey]) -> String {
    let more = rows.len().saturating_sub(NAMED_ROWS);
    let names: Vec<_> = rows.iter().take(NAMED_ROWS).map(ToString::to_string).collect();
    let names = names.join(", ");
    if more == 0 { names } else { format!("{names} and {more} more") }
}

//! The retry worker: writes what DynamoDB did not accept at first, as long as there is something to retry.
//!
//! A round starts with one write, and continues with the others in parallel once that one is in the table.
//! While DynamoDB fails, the pauses between rounds grow; a read or another write that succeeds ends the
//! pause. An item that DynamoDB rejects individually has its own pauses.

use std::collections::HashSet;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::upsert::saving;
use super::{PARALLEL_UPDATES, Writer, named};
use crate::backoff::{Backoff, no_answer};
use crate::error::{Code, Error, ErrorKind, Result};
use crate::log::{Line, counted};
use crate::supervised_task::SupervisedTask;
use crate::writes::pending::{Step, Update};

/// How long one write, or one request of an init, is repeated in one round. No caller waits for it.
pub(super) const RETRY_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a throttled write is sent in one round.
const ATTEMPTS_WHEN_THROTTLED: u32 = 5;
/// How long a store that is being closed tries to write what is pending.
const CLOSING_TIME: Duration = Duration::from_secs(1);

/// The state of the retry worker.
pub(super) struct RetryWorker {
    task: SupervisedTask,
    /// Notified when a retry may succeed.
    recovered: Notify,
    closing: AtomicBool,
}

impl Default for RetryWorker {
    fn default() -> Self {
        Self {
            task: SupervisedTask::new("the retry worker"),
            recovered: Notify::new(),
            closing: AtomicBool::new(false),
        }
    }
}

impl RetryWorker {
    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }
}

impl Writer {
    pub fn close(
        self: &Arc<Self>,
        no_more_requests: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let writer = Arc::clone(self);
        // Starts now: it may take long until the only thread first polls the future.
        let deadline = Instant::now() + CLOSING_TIME;
        async move { writer.close_by(deadline, no_more_requests).await }
    }

    async fn close_by(
        self: &Arc<Self>,
        deadline: Instant,
        no_more_requests: impl Future<Output = ()>,
    ) {
        let flush = async {
            if self.pending.is_any_to_write() {
                self.retries.closing.store(true, Ordering::SeqCst);
                self.start_retries();
            }
            let settled = async {
                no_more_requests.await;
                self.pending.drained().await;
            };
            drop(timeout_at(deadline, settled).await);
            Ok(())
        };
        drop(self.context.guarded(|| "closing the store".to_owned(), flush).await);
        let given_up = self.pending.give_up();
        self.context.close();
        if given_up.is_empty() {
            self.log_ended();
        } else {
            self.context.log(Line::error(
                Code::WritesLost,
                format!(
                    "the store was closed with {} not in the table; given up: {}",
                    counted(given_up.len()),
                    named(&given_up)
                ),
            ));
        }
    }

    /// Reports that DynamoDB has accepted a write, or answers reads again.
    pub(super) fn write_succeeded(&self) {
        if self.pending.count() > 0 {
            self.retries.recovered.notify_one();
        }
        self.log_ended();
    }

    pub(super) fn start_retries(self: &Arc<Self>) {
        if self.retries.is_closing() {
            self.retries.recovered.notify_one();
        }
        let writer = Arc::clone(self);
        self.context.wake(&self.retries.task, move || Arc::clone(&writer).retry());
    }

    async fn retry(self: Arc<Self>) {
        let (mut failures, mut is_permanent) = (0, false);
        loop {
            let closing = self.retries.is_closing();
            let Some(due) = self.pending.next_time() else {
                self.log_ended();
                return;
            };
            let mut early = closing;
            if !closing {
                let backoff = if is_permanent { Backoff::PERMANENT } else { Backoff::TRANSIENT };
                let after_pause = || Instant::now() + backoff.pause_after(failures + 1);
                tokio::select! {
                    () = sleep_until(due.unwrap_or_else(after_pause)) => {}
                    () = self.retries.recovered.notified() => early = true,
                }
            }
            let before = self.pending.count();
            let Round { failure, item_failure } = self.try_all().await;
            if let Some(failure) = failure.as_ref().or(item_failure.as_ref()) {
                let line = self.pending.log(|log, items| log.still_retrying(items, failure));
                self.context.log(line);
            }
            failures = match &failure {
                None => 0,
                Some(_) if self.pending.count() < before => 0,
                // Another operation's success ended the pause early: a failure then is no reason for a longer
                // pause.
                Some(_) if early => failures,
                Some(_) => failures + 1,
            };
            is_permanent = failure.as_ref().is_some_and(Error::is_permanent);
            if closing {
                // One round is enough.
                return pending().await;
            }
        }
    }

    /// Logs that everything is in the table, if a retry was logged.
    fn log_ended(&self) {
        if !self.pending.is_any_to_write() {
            self.context.log(self.pending.log(|log, _| log.ended()));
        }
    }

    /// Tries everything that is due once.
    async fn try_all(self: &Arc<Self>) -> Round {
        let now = self.time_of_trying();
        let mut round = Round::default();
        if let Some(init) = self.pending.due_init(now)
            && let Err(failure) = self.init_late(init).await
        {
            round.failed(failure);
            return round;
        }
        let updates = self.pending.due_updates(now);
        let mut updates = updates.iter();
        // The first write shows whether DynamoDB accepts writes at all. Permissions may exist for some
        // namespaces only.
        let mut denied = HashSet::new();
        for update in updates.by_ref() {
            if denied.contains(&update.row.namespace) {
                continue;
            }
            match self.retry_update(update).await {
                Err(failure) => {
                    if !failure.is_permanent() {
                        round.failed(failure);
                        return round;
                    }
                    if !failure.concerns_only_the_item() {
                        denied.insert(Arc::clone(&update.row.namespace));
                    }
                    round.failed(failure);
                }
                Ok(true) => break,
                Ok(false) => {}
            }
        }
        let rest = updates.filter(|update| !denied.contains(&update.row.namespace));
        let rest: Vec<_> = rest.map(|update| self.retry_update(update)).collect();
        let results: Vec<Result<bool>> =
            stream::iter(rest).buffer_unordered(PARALLEL_UPDATES).collect().await;
        for failure in results.into_iter().filter_map(Result::err) {
            round.failed(failure);
        }
        round
    }

    /// Returns the time up to which writes count as due: all of them when the store is being closed.
    fn time_of_trying(&self) -> Instant {
        let closing = self.retries.is_closing();
        Instant::now() + if closing { Backoff::PERMANENT.longest } else { Duration::ZERO }
    }

    /// Retries an update. Returns `false` if there was nothing to send.
    async fn retry_update(self: &Arc<Self>, update: &Arc<Update>) -> Result<bool> {
        let _claim = loop {
            match self.pending.next_retry(update) {
                Step::Send(claim) => break claim,
                Step::Wait(change) => change.await,
                Step::Blocked(_, failure) => {
                    if failure.is_permanent() {
                        // Retrying is useless before the write that blocks it is retried.
                        self.pending.failed(update, &failure);
                    }
                    return Ok(false);
                }
                Step::Saved | Step::Failed(_) | Step::Replaced => return Ok(false),
            }
        };
        let result = self.put_despite_throttling(update).await;
        if let Err(failure) = &result {
            let becomes = self.pending.failed(update, failure);
            self.after_failure(becomes, &saving(update), failure);
        }
        result.map(|()| true)
    }

    /// Sends an update, a few times if DynamoDB throttles.
    async fn put_despite_throttling(self: &Arc<Self>, update: &Update) -> Result<()> {
        let mut attempts = 1;
        loop {
            let put = async {
                let _permit = self.update_permits.acquire().await;
                self.put(update).await
            };
            let put = timeout(RETRY_TIMEOUT, put).await;
            match put.unwrap_or_else(|_| Err(no_answer())) {
                Err(failure)
                    if failure.kind == ErrorKind::Throttled
                        && attempts < ATTEMPTS_WHEN_THROTTLED =>
                {
                    sleep(Backoff::WRITE.pause_after(attempts)).await;
                    attempts += 1;
                }
                result => return result,
            }
        }
    }
}

/// The result of a round: a failure that concerns other writes, and one that concerns only its item.
#[derive(Default)]
struct Round {
    failure: Option<Error>,
    item_failure: Option<Error>,
}

impl Round {
    fn failed(&mut self, failure: Error) {
        let failures = if failure.concerns_only_the_item() {
            &mut self.item_failure
        } else {
            &mut self.failure
        };
        // A transient failure takes precedence: its pause is shorter.
        if failures.as_ref().is_none_or(Error::is_permanent) {
            *failures = Some(failure);
        }
    }
}

//! The circuit breaker of reads.
//!
//! While an operation fails, its breaker is open: reads that have a stale answer do not wait, and one read at
//! a time probes whether DynamoDB answers again. The pauses between probes grow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::outage_log::OutageLog;
use crate::backoff::Backoff;
use crate::error::{Error, ErrorKind};
use crate::log::Line;

/// The operation that a read sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Reading one row.
    Get,
    /// Reading all rows of a namespace.
    Query,
}

/// Whether a read may be sent.
pub enum Permit {
    /// Yes: the breaker is closed.
    Free,
    /// Yes, as a probe.
    Probe(Probe),
    /// No, for this long: the breaker is open.
    Wait(Duration),
}

/// The circuit breaker of one table. Clones share its state.
#[derive(Clone, Default)]
pub struct CircuitBreaker(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The operations whose breaker is open.
    open: BTreeMap<Operation, Open>,
    /// When a read last succeeded.
    last_success: Option<Instant>,
    log: OutageLog,
}

struct Open {
    kind: ErrorKind,
    failures: u32,
    next_probe: Instant,
    /// Whether a probe is in flight: the breaker is half-open.
    probing: bool,
}

impl CircuitBreaker {
    /// Returns whether `operation` may be sent now.
    pub fn permit(&self, operation: Operation) -> Permit {
        let mut state = self.lock();
        let Some(open) = state.open.get_mut(&operation) else {
            return Permit::Free;
        };
        let now = Instant::now();
        if open.probing {
            return Permit::Wait(Backoff::PROBE.first);
        }
        if now < open.next_probe {
            return Permit::Wait(open.next_probe - now);
        }
        open.probing = true;
        Permit::Probe(Probe { breaker: self.clone(), operation })
    }

    /// Returns whether the breaker of `operation` is open.
    pub fn is_open(&self, operation: Operation) -> bool {
        self.last_failure(operation).is_some()
    }

    /// Returns how `operation` last failed, if its breaker is open.
    pub fn last_failure(&self, operation: Operation) -> Option<ErrorKind> {
        self.lock().open.get(&operation).map(|open| open.kind)
    }

    /// Returns the time until the next probe of `operation`. Reads that have a stale answer send nothing
    /// before then.
    pub fn pause(&self, operation: Operation) -> Duration {
        let state = self.lock();
        let next = state.open.get(&operation).map(|open| open.next_probe);
        next.map_or(Duration::ZERO, |next| next.saturating_duration_since(Instant::now()))
    }

    /// Records a failure of `operation`, which was sent at `sent`. `what` describes the read for the log.
    /// `answered` means that the caller has another answer. Returns the line to log.
    pub fn record_failure(
        &self,
        operation: Operation,
        what: &str,
        sent: Instant,
        failure: &Error,
        answered: bool,
    ) -> Option<Line> {
        let mut state = self.lock();
        let now = Instant::now();
        // A request that DynamoDB rejects, or that fails by a defect here, says nothing about the next one.
        if matches!(failure.kind, ErrorKind::Refused | ErrorKind::Internal) {
            return state.log.rejected(what, failure, now);
        }
        // A request that hung during an outage may time out after it. That does not open the breaker again.
        if failure.is_retryable() && state.last_success.is_some_and(|success| success > sent) {
            return (!answered).then(|| state.log.late(what, failure));
        }
        let open = state.open.entry(operation).or_insert(Open {
            kind: failure.kind,
            failures: 0,
            next_probe: now,
            probing: false,
        });
        open.kind = failure.kind;
        // Failures before the next probe is due count as one.
        if now >= open.next_probe {
            open.failures += 1;
            open.next_probe = now + Backoff::PROBE.pause_after(open.failures);
        }
        // One transient failure is not logged if the caller has another answer.
        let is_harmless = answered && failure.is_retryable() && open.failures == 1;
        state.log.failed(what, failure, answered, is_harmless, now)
    }

    /// Records a success of `operation`. Returns the line to log.
    pub fn record_success(&self, operation: Operation) -> Option<Line> {
        let mut state = self.lock();
        let now = Instant::now();
        state.last_success = Some(now);
        // If DynamoDB is reachable for one operation, it is for all. Permissions and throughput differ by
        // operation.
        state.open.retain(|of, Open { kind, .. }| {
            *of != operation && !matches!(kind, ErrorKind::Unavailable | ErrorKind::TimedOut)
        });
        if state.open.is_empty() { state.log.ended(now) } else { None }
    }

    /// Records an answer with a value of this age.
    pub fn answered_stale(&self, age_ms: f64) {
        self.lock().log.answered_stale(age_ms);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to probe a failing operation. Dropping it lets another read probe.
pub struct Probe {
    breaker: CircuitBreaker,
    operation: Operation,
}

impl Drop for Probe {
    fn drop(&mut self) {
        if let Some(open) = self.breaker.lock().open.get_mut(&self.operation) {
            open.probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outage_log::{NAMED_READS, REMINDER};
    use super::*;

    fn failure(kind: ErrorKind) -> Error {
        Error::new(kind, "gone")
    }

    /// Fails a get whose caller has another answer.
    fn fail_harmlessly(breaker: &CircuitBreaker) {
        let gone = failure(ErrorKind::Unavailable);
        breaker.record_failure(Operation::Get, "reading", Instant::now(), &gone, true);
    }

    fn text(line: Option<Line>) -> String {
        line.map_or_else(String::new, |line| format!("{}: {}", line.level.name(), line.text))
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_at_a_time_after_pauses_that_grow_to_a_bound() {
        let breaker = CircuitBreaker::default();
        assert!(matches!(breaker.permit(Operation::Get), Permit::Free));
        for _ in 0..20 {
            fail_harmlessly(&breaker);
            let Permit::Wait(pause) = breaker.permit(Operation::Get) else {
                panic!("no pause after a failure");
            };
            assert!(pause <= Backoff::PROBE.longest);
            assert!(matches!(breaker.permit(Operation::Query), Permit::Free));
            tokio::time::sleep(pause).await;
            let probe = breaker.permit(Operation::Get);
            assert!(matches!(probe, Permit::Probe(_)));
            assert!(matches!(breaker.permit(Operation::Get), Permit::Wait(_)));
            drop(probe);
        }
        assert!(breaker.pause(Operation::Get) <= Backoff::PROBE.longest);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_logged_when_it_begins_and_ends_and_at_intervals() {
        let breaker = CircuitBreaker::default();
        let gone = failure(ErrorKind::Unavailable);
        let failed = |answered| {
            text(breaker.record_failure(
                Operation::Get,
                "reading k",
                Instant::now(),
                &gone,
                answered,
            ))
        };
        assert_eq!(failed(true), "", "one failure that harms nobody");
        assert_eq!(failed(true), "", "another one in the same moment");
        tokio::time::sleep(Backoff::PROBE.first).await;
        assert!(failed(true).starts_with("error: reading k failed: gone"));
        assert_eq!(failed(true), "");
        breaker.answered_stale(20_000.0);
        tokio::time::sleep(REMINDER).await;
        let reminder = failed(false);
        assert!(reminder.contains("for 5 min: gone"), "{reminder}");
        assert!(reminder.contains("up to 20 s old"), "{reminder}");
        assert_eq!(
            text(breaker.record_success(Operation::Query)),
            "warn: reading works again after 5 min; meanwhile values up to 20 s old were used, \
             1 read was answered with nothing"
        );
        assert!(matches!(breaker.permit(Operation::Get), Permit::Free));
        assert_eq!(text(breaker.record_success(Operation::Get)), "");
    }

    #[tokio::test(start_paused = true)]
    async fn unanswered_reads_are_named_once_and_only_some_of_them() {
        let breaker = CircuitBreaker::default();
        let gone = failure(ErrorKind::Unavailable);
        let logs = |what: &str| {
            breaker.record_failure(Operation::Get, what, Instant::now(), &gone, false).is_some()
        };
        assert!(logs("a") && logs("b"));
        assert!(!logs("a"));
        let more = (0..100).filter(|number| logs(&number.to_string())).count();
        assert_eq!(more, NAMED_READS - 2);
    }

    #[tokio::test(start_paused = true)]
    async fn denied_and_throttled_operations_recover_on_their_own() {
        for kind in [ErrorKind::AccessDenied, ErrorKind::Throttled] {
            let breaker = CircuitBreaker::default();
            assert!(
                breaker
                    .record_failure(
                        Operation::Query,
                        "reading",
                        Instant::now(),
                        &failure(kind),
                        false
                    )
                    .is_some()
            );
            assert_eq!(breaker.record_success(Operation::Get), None);
            assert!(breaker.is_open(Operation::Query));
            assert!(
                text(breaker.record_success(Operation::Query)).starts_with("warn: reading works")
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_hung_in_an_outage_does_not_open_the_breaker_again() {
        let breaker = CircuitBreaker::default();
        let late = failure(ErrorKind::TimedOut);
        let begun = Instant::now();
        breaker.record_failure(Operation::Get, "reading", begun, &late, true);
        tokio::time::sleep(Backoff::PROBE.first).await;
        breaker.record_success(Operation::Get);
        for _ in 0..3 {
            tokio::time::sleep(Backoff::PROBE.first).await;
            assert_eq!(breaker.record_failure(Operation::Get, "reading", begun, &late, true), None);
            assert!(!breaker.is_open(Operation::Get));
        }
        assert!(breaker.record_failure(Operation::Get, "reading", begun, &late, false).is_some());
        assert!(!breaker.is_open(Operation::Get));
        breaker.record_failure(Operation::Get, "reading", Instant::now(), &late, true);
        assert!(breaker.is_open(Operation::Get));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_request_says_nothing_about_others() {
        let breaker = CircuitBreaker::default();
        let refused = failure(ErrorKind::Refused);
        assert!(
            breaker
                .record_failure(Operation::Get, "reading", Instant::now(), &refused, true)
                .is_some()
        );
        assert!(!breaker.is_open(Operation::Get));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_read_is_logged_once_per_interval_and_only_some_are_named() {
        let breaker = CircuitBreaker::default();
        let refused = failure(ErrorKind::Refused);
        let logs = |what: &str| {
            breaker.record_failure(Operation::Get, what, Instant::now(), &refused, false).is_some()
        };
        assert!(logs("a") && !logs("a"));
        assert_eq!((0..100).filter(|number| logs(&number.to_string())).count(), NAMED_READS - 1);
        tokio::time::sleep(REMINDER).await;
        assert!(logs("a") && !logs("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn single_transient_failures_of_answered_reads_are_not_logged() {
        let breaker = CircuitBreaker::default();
        let gone = failure(ErrorKind::TimedOut);
        for _ in 0..3 {
            assert_eq!(
                breaker.record_failure(Operation::Get, "reading", Instant::now(), &gone, true),
                None
            );
            assert_eq!(breaker.record_success(Operation::Get), None);
            assert!(!breaker.is_open(Operation::Get));
            assert_eq!(breaker.pause(Operation::Get), Duration::ZERO);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn unanswered_reads_and_permanent_failures_are_logged_at_once() {
        for (kind, answered) in [(ErrorKind::Unavailable, false), (ErrorKind::AccessDenied, true)] {
            let breaker = CircuitBreaker::default();
            let line = text(breaker.record_failure(
                Operation::Get,
                "reading k",
                Instant::now(),
                &failure(kind),
                answered,
            ));
            assert!(line.starts_with("error: reading k failed: gone"), "{line}");
            assert_eq!(line.ends_with("Last known values are used meanwhile"), answered, "{line}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_that_ends_without_a_result_lets_the_next_one_try() {
        let breaker = CircuitBreaker::default();
        fail_harmlessly(&breaker);
        tokio::time::sleep(Backoff::PROBE.longest).await;
        for _ in 0..3 {
            assert!(matches!(breaker.permit(Operation::Get), Permit::Probe(_)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_lasts_until_all_that_failed_is_well() {
        let breaker = CircuitBreaker::default();
        for operation in [Operation::Get, Operation::Query] {
            breaker.record_failure(
                operation,
                "reading",
                Instant::now(),
                &failure(ErrorKind::Throttled),
                false,
            );
        }
        breaker.answered_stale(f64::INFINITY);
        tokio::time::sleep(Duration::from_secs(8_000)).await;
        assert_eq!(breaker.record_success(Operation::Query), None);
        assert_eq!(
            text(breaker.record_success(Operation::Get)),
            "warn: reading works again after 2 h; meanwhile values of unknown age were used, \
             2 reads were answered with nothing"
        );
    }
}

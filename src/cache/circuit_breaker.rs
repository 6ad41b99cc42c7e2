//! What is known of DynamoDB's failing, so that nobody has to find it out anew.
//!
//! While an operation fails, one read at a time tries it, after pauses that grow; everybody else who
//! has something to answer with is told not to wait. One line is logged when it begins, one when it
//! ends, and while it lasts one now and then.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::error::{Error, ErrorKind};
use crate::log::{Line, shown};

/// How often a lasting outage is told.
const REMINDER: Duration = Duration::from_secs(300);
/// How many reads that could not be answered are told one by one in an outage.
const NAMED_READS: usize = 20;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Reading one row.
    Get,
    /// Reading all rows of a namespace.
    Query,
}

/// Whether a read may ask DynamoDB.
pub enum Permit {
    /// It may; nothing is known to be wrong.
    Free,
    /// It may, as the one that tries.
    Probe(Probe),
    /// It may not for so long.
    Wait(Duration),
}

/// The breaker of one table.
#[derive(Clone, Default)]
pub struct CircuitBreaker(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    failing: BTreeMap<Operation, Failing>,
    /// When a read last succeeded.
    last_success: Option<Instant>,
    outage: Option<Outage>,
    /// What was being done when DynamoDB refused it, and when that was told.
    refused: HashMap<String, Instant>,
}

/// An operation that fails.
struct Failing {
    kind: ErrorKind,
    failures: u32,
    next_try: Instant,
    /// Whether somebody is trying.
    probing: bool,
}

/// The time in which at least one operation fails.
struct Outage {
    begun: Instant,
    /// When it was last told, if it was.
    told: Option<Instant>,
    /// Reads that could not be answered.
    unanswered: u64,
    /// What was being read in them, as far as it was told.
    named: HashSet<String>,
    stale_answers: u64,
    oldest_ms: f64,
}

impl CircuitBreaker {
    /// Whether `operation` may be tried now.
    pub fn permit(&self, operation: Operation) -> Permit {
        let mut state = self.lock();
        let Some(failing) = state.failing.get_mut(&operation) else {
            return Permit::Free;
        };
        let now = Instant::now();
        if failing.probing {
            return Permit::Wait(Backoff::PROBE.first);
        }
        if now < failing.next_try {
            return Permit::Wait(failing.next_try - now);
        }
        failing.probing = true;
        Permit::Probe(Probe { breaker: self.clone(), operation })
    }

    /// Whether `operation` failed when it was last tried.
    pub fn is_failing(&self, operation: Operation) -> bool {
        self.failing(operation).is_some()
    }

    /// How `operation` failed when it was last tried.
    pub fn failing(&self, operation: Operation) -> Option<ErrorKind> {
        self.lock().failing.get(&operation).map(|failing| failing.kind)
    }

    /// For how long reads that have something to answer with will not try `operation`.
    pub fn pause(&self, operation: Operation) -> Duration {
        let state = self.lock();
        let next_try = state.failing.get(&operation).map(|failing| failing.next_try);
        next_try.map_or(Duration::ZERO, |next| next.saturating_duration_since(Instant::now()))
    }

    /// To be told of each failure, `what` was being done, and when it was begun. `answered` says that
    /// whoever waits has something else to answer with. Returns what is to be logged.
    pub fn failed(
        &self,
        operation: Operation,
        what: &str,
        begun: Instant,
        failure: &Error,
        answered: bool,
    ) -> Option<Line> {
        let mut state = self.lock();
        let now = Instant::now();
        // That DynamoDB refuses this one request, or a defect spoils it, says nothing about the next.
        if matches!(failure.kind, ErrorKind::Refused | ErrorKind::Internal) {
            let told = state.tell_refusal(what, now);
            return told.then(|| Line::Error(format!("{what} failed: {failure}")));
        }
        // A request that hung in an outage fails when its time is up, though the outage is over.
        if failure.is_retryable() && state.last_success.is_some_and(|success| success > begun) {
            return (!answered).then(|| Line::Error(format!("{what} failed: {failure}")));
        }
        let failing = state.failing.entry(operation).or_insert(Failing {
            kind: failure.kind,
            failures: 0,
            next_try: now,
            probing: false,
        });
        failing.kind = failure.kind;
        // Many that fail in the same moment are one failure.
        if now >= failing.next_try {
            failing.failures += 1;
            failing.next_try = now + Backoff::PROBE.pause_after(failing.failures);
        }
        // One failure that harms nobody and passes is nothing to wake somebody for.
        let harmless = answered && failure.is_retryable() && failing.failures == 1;
        let outage = state.outage.get_or_insert_with(|| Outage::new(now));
        if !answered {
            outage.unanswered += 1;
        }
        match outage.told {
            None if harmless => None,
            None => {
                outage.told = Some(now);
                let meanwhile =
                    if answered { ". Last known values are used meanwhile" } else { "" };
                outage.named.insert(what.to_owned());
                Some(Line::Error(format!("{what} failed: {failure}{meanwhile}")))
            }
            Some(told) if now - told >= REMINDER => {
                outage.told = Some(now);
                Some(Line::Error(format!(
                    "reading has been failing for {}: {failure}{}",
                    shown(now - outage.begun),
                    outage.told_answers(". Since then "),
                )))
            }
            Some(_) if !answered && outage.named.len() < NAMED_READS => outage
                .named
                .insert(what.to_owned())
                .then(|| Line::Error(format!("{what} failed: {failure}"))),
            Some(_) => None,
        }
    }

    /// To be told of each success. Returns what is to be logged.
    pub fn succeeded(&self, operation: Operation) -> Option<Line> {
        let mut state = self.lock();
        state.last_success = Some(Instant::now());
        state.outage.as_ref()?;
        // What can be reached can be reached for everything; rights and throughput are had one by one.
        state.failing.retain(|failing, Failing { kind, .. }| {
            *failing != operation && !matches!(kind, ErrorKind::Unavailable | ErrorKind::TimedOut)
        });
        if !state.failing.is_empty() {
            return None;
        }
        let outage = state.outage.take()?;
        outage.told?;
        let lasted = shown(outage.begun.elapsed());
        let answers = outage.told_answers("; meanwhile ");
        Some(Line::Warn(format!("reading works again after {lasted}{answers}")))
    }

    /// To be told of each answer with something of this age.
    pub fn answered_stale(&self, age_ms: f64) {
        if let Some(outage) = &mut self.lock().outage {
            outage.stale_answers += 1;
            outage.oldest_ms = outage.oldest_ms.max(age_ms);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether this refusal is to be told: each one now and then, and not without end.
    fn tell_refusal(&mut self, what: &str, now: Instant) -> bool {
        self.refused.retain(|_, told| now - *told < REMINDER);
        let tell = self.refused.len() < NAMED_READS && !self.refused.contains_key(what);
        if tell {
            self.refused.insert(what.to_owned(), now);
        }
        tell
    }
}

impl Outage {
    fn new(begun: Instant) -> Self {
        Self {
            begun,
            told: None,
            unanswered: 0,
            named: HashSet::new(),
            stale_answers: 0,
            oldest_ms: 0.0,
        }
    }

    /// What reads were answered with, behind `lead`.
    fn told_answers(&self, lead: &str) -> String {
        let mut told = Vec::new();
        if self.stale_answers > 0 {
            let age = if self.oldest_ms.is_finite() {
                format!("values up to {} old were used", shown_ms(self.oldest_ms))
            } else {
                "values of unknown age were used".to_owned()
            };
            told.push(age);
        }
        if self.unanswered > 0 {
            let reads = if self.unanswered == 1 { "read was" } else { "reads were" };
            told.push(format!("{} {reads} answered with nothing", self.unanswered));
        }
        if told.is_empty() { String::new() } else { format!("{lead}{}", told.join(", ")) }
    }
}

/// The right, and the duty, to try what fails. It ends when it is dropped.
pub struct Probe {
    breaker: CircuitBreaker,
    operation: Operation,
}

impl Drop for Probe {
    fn drop(&mut self) {
        if let Some(failing) = self.breaker.lock().failing.get_mut(&self.operation) {
            failing.probing = false;
        }
    }
}

fn shown_ms(ms: f64) -> String {
    shown(Duration::from_secs_f64((ms / 1000.0).min(1e9)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: ErrorKind) -> Error {
        Error::new(kind, "gone")
    }

    /// A get fails that has something to answer with.
    fn fail_harmlessly(breaker: &CircuitBreaker) {
        let gone = failure(ErrorKind::Unavailable);
        breaker.failed(Operation::Get, "reading", Instant::now(), &gone, true);
    }

    fn text(line: Option<Line>) -> String {
        match line {
            Some(Line::Error(text)) => format!("error: {text}"),
            Some(Line::Warn(text)) => format!("warn: {text}"),
            None => String::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_read_at_a_time_tries_after_pauses_that_grow_to_a_bound() {
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
    async fn an_outage_is_told_when_it_begins_when_it_ends_and_now_and_then() {
        let breaker = CircuitBreaker::default();
        let gone = failure(ErrorKind::Unavailable);
        let failed = |answered| {
            text(breaker.failed(Operation::Get, "reading k", Instant::now(), &gone, answered))
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
            text(breaker.succeeded(Operation::Query)),
            "warn: reading works again after 5 min; meanwhile values up to 20 s old were used, \
             1 read was answered with nothing"
        );
        assert!(matches!(breaker.permit(Operation::Get), Permit::Free));
        assert_eq!(text(breaker.succeeded(Operation::Get)), "");
    }

    #[tokio::test(start_paused = true)]
    async fn each_read_that_gets_nothing_is_named_once_and_not_without_end() {
        let breaker = CircuitBreaker::default();
        let gone = failure(ErrorKind::Unavailable);
        let told = |what: &str| {
            breaker.failed(Operation::Get, what, Instant::now(), &gone, false).is_some()
        };
        assert!(told("a") && told("b"));
        assert!(!told("a"));
        let more = (0..100).filter(|number| told(&number.to_string())).count();
        assert_eq!(more, NAMED_READS - 2);
    }

    #[tokio::test(start_paused = true)]
    async fn rights_and_throughput_are_well_only_where_they_were_missing() {
        for kind in [ErrorKind::AccessDenied, ErrorKind::Throttled] {
            let breaker = CircuitBreaker::default();
            assert!(
                breaker
                    .failed(Operation::Query, "reading", Instant::now(), &failure(kind), false)
                    .is_some()
            );
            assert_eq!(breaker.succeeded(Operation::Get), None);
            assert!(breaker.is_failing(Operation::Query));
            assert!(text(breaker.succeeded(Operation::Query)).starts_with("warn: reading works"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_hung_in_an_outage_does_not_begin_another_one() {
        let breaker = CircuitBreaker::default();
        let late = failure(ErrorKind::TimedOut);
        let begun = Instant::now();
        breaker.failed(Operation::Get, "reading", begun, &late, true);
        tokio::time::sleep(Backoff::PROBE.first).await;
        breaker.succeeded(Operation::Get);
        for _ in 0..3 {
            tokio::time::sleep(Backoff::PROBE.first).await;
            assert_eq!(breaker.failed(Operation::Get, "reading", begun, &late, true), None);
            assert!(!breaker.is_failing(Operation::Get));
        }
        assert!(breaker.failed(Operation::Get, "reading", begun, &late, false).is_some());
        assert!(!breaker.is_failing(Operation::Get));
        breaker.failed(Operation::Get, "reading", Instant::now(), &late, true);
        assert!(breaker.is_failing(Operation::Get));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_request_says_nothing_about_others() {
        let breaker = CircuitBreaker::default();
        let refused = failure(ErrorKind::Refused);
        assert!(
            breaker.failed(Operation::Get, "reading", Instant::now(), &refused, true).is_some()
        );
        assert!(!breaker.is_failing(Operation::Get));
    }

    #[tokio::test(start_paused = true)]
    async fn each_refused_read_is_told_now_and_then_and_not_without_end() {
        let breaker = CircuitBreaker::default();
        let refused = failure(ErrorKind::Refused);
        let told = |what: &str| {
            breaker.failed(Operation::Get, what, Instant::now(), &refused, false).is_some()
        };
        assert!(told("a") && !told("a"));
        assert_eq!((0..100).filter(|number| told(&number.to_string())).count(), NAMED_READS - 1);
        tokio::time::sleep(REMINDER).await;
        assert!(told("a") && !told("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn one_failure_that_harms_nobody_and_passes_is_not_told() {
        let breaker = CircuitBreaker::default();
        let gone = failure(ErrorKind::TimedOut);
        for _ in 0..3 {
            assert_eq!(
                breaker.failed(Operation::Get, "reading", Instant::now(), &gone, true),
                None
            );
            assert_eq!(breaker.succeeded(Operation::Get), None);
            assert!(!breaker.is_failing(Operation::Get));
            assert_eq!(breaker.pause(Operation::Get), Duration::ZERO);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_harms_somebody_or_does_not_pass_by_itself_is_told_at_once() {
        for (kind, answered) in [(ErrorKind::Unavailable, false), (ErrorKind::AccessDenied, true)] {
            let breaker = CircuitBreaker::default();
            let line = text(breaker.failed(
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
            breaker.failed(
                operation,
                "reading",
                Instant::now(),
                &failure(ErrorKind::Throttled),
                false,
            );
        }
        breaker.answered_stale(f64::INFINITY);
        tokio::time::sleep(Duration::from_secs(8_000)).await;
        assert_eq!(breaker.succeeded(Operation::Query), None);
        assert_eq!(
            text(breaker.succeeded(Operation::Get)),
            "warn: reading works again after 2 h; meanwhile values of unknown age were used, \
             2 reads were answered with nothing"
        );
    }
}

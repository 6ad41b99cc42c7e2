//! Exponential back-off: pauses between attempts, and repetition until a deadline.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{Error, ErrorKind, Result};

/// Pauses that double with each consecutive failure. They are partly random, so that processes do not retry
/// at the same time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The upper limit of the pause after the first failure.
    pub first: Duration,
    /// The upper limit of all pauses.
    pub longest: Duration,
    /// The shortest pause as a fraction of the current limit. The rest is random.
    pub least: f64,
}

impl Backoff {
    /// Pauses between the attempts of a read. They are short, because a throttled read may need many attempts
    /// within its few seconds.
    pub const READ: Self = Self::new(50, 200, 0.0);
    /// Pauses between the attempts of a write before its time-out.
    pub const WRITE: Self = Self::new(50, 2_000, 0.0);
    /// Pauses between the probes of an open circuit breaker.
    pub const PROBE: Self = Self::new(100, 1_000, 0.5);
    /// Pauses between the rounds of the retry worker after a transient failure.
    pub const TRANSIENT: Self = Self::new(1_250, 30_000, 0.8);
    /// Pauses between these rounds after a permanent failure. The first is short: permissions are often
    /// granted seconds later.
    pub const PERMANENT: Self = Self::new(1_250, 300_000, 0.8);
    /// Pauses before a background task that panicked starts again.
    pub const PANIC: Self = Self::new(1_000, 300_000, 1.0);

    const fn new(first_ms: u64, longest_ms: u64, least: f64) -> Self {
        let (first, longest) = (Duration::from_millis(first_ms), Duration::from_millis(longest_ms));
        Self { first, longest, least }
    }

    /// Returns the pause after this number of consecutive failures.
    pub fn pause_after(&self, failures: u32) -> Duration {
        let doubled = self.first.saturating_mul(1 << failures.saturating_sub(1).min(10));
        let part = self.least + (1.0 - self.least) * fastrand::f64();
        doubled.min(self.longest.max(self.first)).mul_f64(part)
    }
}

/// How often and how fast a read is repeated after transient failures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retries {
    /// The maximum number of attempts, including the first one; `None` for as many as fit into the time.
    pub max_attempts: Option<u32>,
    /// The longest pause after the first attempt. It doubles with each further attempt, up to 200 ms.
    pub first_pause: Duration,
}

impl Retries {
    /// No retries.
    pub const NONE: Self = Self { max_attempts: Some(1), first_pause: Backoff::READ.first };
}

impl Default for Retries {
    fn default() -> Self {
        Self { max_attempts: None, first_pause: Backoff::READ.first }
    }
}

/// Repeats `request` until it succeeds, fails with an error that is not retryable, or `deadline` has passed.
pub async fn until<T, F>(deadline: Instant, request: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    repeat(deadline, |attempts| Some(Backoff::WRITE.pause_after(attempts)), request).await
}

/// Like [`until`], for a read. Calls `retries` after each failed attempt.
pub async fn read_until<T, F>(
    deadline: Instant,
    retries: impl Fn() -> Retries,
    request: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let pause = |attempts| {
        let Retries { max_attempts, first_pause } = retries();
        let backoff = Backoff { first: first_pause, ..Backoff::READ };
        let is_last = max_attempts.is_some_and(|most| attempts >= most);
        (!is_last).then(|| backoff.pause_after(attempts))
    };
    repeat(deadline, pause, request).await
}

/// Repeats `request`. `pause` returns the pause after this number of attempts, or `None` to stop.
async fn repeat<T, F>(
    deadline: Instant,
    pause: impl Fn(u32) -> Option<Duration>,
    mut request: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut attempts = 0;
    let mut last_failure = None;
    loop {
        let result = match timeout_at(deadline, request()).await {
            Ok(result) => result,
            Err(_) => return Err(last_failure.unwrap_or_else(no_answer)),
        };
        attempts += 1;
        let failure = match result {
            Err(failure) if failure.is_retryable() => failure,
            done => return done,
        };
        match pause(attempts) {
            Some(pause) if Instant::now() + pause < deadline => {
                last_failure = Some(failure);
                sleep(pause).await;
            }
            _ => return Err(failure),
        }
    }
}

/// Returns the failure of a request that got no answer before its deadline.
pub fn no_answer() -> Error {
    Error::new(ErrorKind::TimedOut, "DynamoDB did not answer in time")
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    fn throttled() -> Error {
        Error::new(ErrorKind::Throttled, "slow down")
    }

    fn in_seconds(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_request_is_sent_until_it_is_taken() {
        let mut attempts = 0;
        let result = until(in_seconds(60), || {
            attempts += 1;
            ready(if attempts < 7 { Err(throttled()) } else { Ok(attempts) })
        });
        assert_eq!(result.await.unwrap(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_at_the_deadline_with_the_last_failure() {
        let deadline = in_seconds(5);
        let result: Result<()> = until(deadline, || ready(Err(throttled()))).await;
        assert_eq!(result.unwrap_err().kind, ErrorKind::Throttled);
        assert!(Instant::now() <= deadline);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_without_an_answer_ends_at_the_deadline() {
        let deadline = in_seconds(5);
        let result: Result<()> = until(deadline, pending).await;
        assert_eq!(result.unwrap_err().kind, ErrorKind::TimedOut);
        assert!(Instant::now() < deadline + Duration::from_millis(10));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_is_not_sent_again() {
        let mut attempts = 0;
        let result: Result<()> = until(in_seconds(5), || {
            attempts += 1;
            ready(Err(Error::new(ErrorKind::AccessDenied, "no")))
        })
        .await;
        assert_eq!((result.unwrap_err().kind, attempts), (ErrorKind::AccessDenied, 1));
    }

    #[test]
    fn pauses_double_to_a_bound() {
        for backoff in [Backoff::READ, Backoff::WRITE, Backoff::PROBE, Backoff::PERMANENT] {
            let Backoff { first, longest, least } = backoff;
            for (failures, bound) in [(1, first), (2, first * 2), (u32::MAX, longest)] {
                for _ in 0..100 {
                    let pause = backoff.pause_after(failures);
                    assert!(pause <= bound && pause >= bound.mul_f64(least), "{pause:?}");
                }
            }
        }
        let longest = (0..200).map(|_| Backoff::READ.pause_after(1)).max().unwrap();
        assert!(longest > Backoff::READ.first / 2, "it is random");
    }
}

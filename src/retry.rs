//! Trying again, within a time.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{Error, ErrorKind, Result};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause between two attempts of a write.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause between two attempts of a read. Somebody waits for it, and under heavy throttling it
/// takes many attempts to get through within a few seconds.
const LONGEST_READ_PAUSE: Duration = Duration::from_millis(200);

/// How a read is repeated while it fails with what passes by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retries {
    /// The most attempts, the first one included; `None` for as many as there is time for.
    pub max_attempts: Option<u32>,
    /// The longest pause after the first attempt. It doubles with each further one, up to 200 ms.
    pub first_pause: Duration,
}

impl Retries {
    /// What fails is not repeated.
    pub const NONE: Self = Self { max_attempts: Some(1), first_pause: FIRST_PAUSE };
}

impl Default for Retries {
    fn default() -> Self {
        Self { max_attempts: None, first_pause: FIRST_PAUSE }
    }
}

/// Exponential back-off with full jitter: each pause is a random part of a bound that doubles.
pub struct Backoff {
    failures: u32,
    first: Duration,
    longest: Duration,
}

impl Backoff {
    fn new(first: Duration, longest: Duration) -> Self {
        Self { failures: 0, first, longest: longest.max(first) }
    }

    /// The pause before the next attempt.
    pub fn pause(&mut self) -> Duration {
        let bound = self.first.saturating_mul(1 << self.failures.min(10)).min(self.longest);
        self.failures += 1;
        bound.mul_f64(fastrand::f64())
    }

    /// To be called when something went well.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(FIRST_PAUSE, LONGEST_PAUSE)
    }
}

/// Tries `request` until it succeeds, fails for good, or `deadline` is past.
pub async fn until<T, F>(deadline: Instant, request: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut backoff = Backoff::default();
    repeat(deadline, |_| Some(backoff.pause()), request).await
}

/// The same for a read, as `retries` says after each attempt that failed.
pub async fn read_until<T, F>(
    deadline: Instant,
    retries: impl Fn() -> Retries,
    request: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut backoff = None;
    let pause = |attempts| {
        let Retries { max_attempts, first_pause } = retries();
        if max_attempts.is_some_and(|most| attempts >= most) {
            return None;
        }
        let backoff = backoff.get_or_insert_with(|| Backoff::new(first_pause, LONGEST_READ_PAUSE));
        Some(backoff.pause())
    };
    repeat(deadline, pause, request).await
}

/// `pause` gives the pause after so many attempts, or `None` where there is to be no other.
async fn repeat<T, F>(
    deadline: Instant,
    mut pause: impl FnMut(u32) -> Option<Duration>,
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

/// The failure of a request that was given up.
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
    fn pauses_grow_to_a_bound() {
        let mut backoff = Backoff::default();
        let longest = (0..200).map(|_| backoff.pause()).max().unwrap();
        assert!(longest <= LONGEST_PAUSE && longest > FIRST_PAUSE);
        backoff.reset();
        assert!(backoff.pause() <= FIRST_PAUSE);
    }
}

//! Trying again, within a time.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{Error, ErrorKind, Result};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Exponential back-off with full jitter: each pause is a random part of a bound that doubles.
#[derive(Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause before the next attempt.
    pub fn pause(&mut self) -> Duration {
        let bound = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_PAUSE);
        self.failures += 1;
        bound.mul_f64(fastrand::f64())
    }

    /// To be called when something went well.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Tries `request` until it succeeds, fails for good, or `deadline` is past.
pub async fn until<T, F>(deadline: Instant, mut request: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut backoff = Backoff::default();
    let mut last_failure = None;
    loop {
        let result = match timeout_at(deadline, request()).await {
            Ok(result) => result,
            Err(_) => Err(last_failure.take().unwrap_or_else(no_answer)),
        };
        let failure = match result {
            Err(failure) if failure.is_retryable() => failure,
            done => return done,
        };
        let pause = backoff.pause();
        if Instant::now() + pause >= deadline {
            return Err(failure);
        }
        last_failure = Some(failure);
        sleep(pause).await;
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

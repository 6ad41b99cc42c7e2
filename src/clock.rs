//! The one place where the core reads the time.
//!
//! Freshness is wall-clock time: a process that was frozen for an hour (AWS Lambda) must find its
//! entries expired when it wakes, though the monotonic clock may say that no time has passed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch.
pub type Millis = i64;

/// A wall clock; tests put their own hands on it with [`Clock::from_fn`].
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Millis + Send + Sync>);

impl Clock {
    /// The operating system's wall clock.
    pub fn system() -> Self {
        Self::from_fn(|| {
            #[allow(clippy::disallowed_methods)] // This is the seam that everybody else must use.
            let now = SystemTime::now();
            match now.duration_since(UNIX_EPOCH) {
                Ok(since) => since.as_millis().try_into().unwrap_or(Millis::MAX),
                Err(_) => 0,
            }
        })
    }

    /// A clock that shows what `now` returns.
    pub fn from_fn(now: impl Fn() -> Millis + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    pub fn now(&self) -> Millis {
        (self.0)()
    }
}

/// Finds out that this process, or the whole machine, stood still for a while: the wall clock has
/// gone on, and the monotonic clock has not.
pub struct JumpWatch {
    clock: Clock,
    last: Mutex<(Millis, Instant)>,
}

/// A wall clock that is ahead by this much, in milliseconds, has not just been adjusted.
const JUMP_MS: i64 = 20_000;

impl JumpWatch {
    /// Watches from now on.
    pub fn new(clock: Clock) -> Self {
        let last = Mutex::new((clock.now(), Instant::now()));
        Self { clock, last }
    }

    /// Whether the wall clock has jumped ahead since the last call.
    pub fn has_jumped(&self) -> bool {
        let now = (self.clock.now(), Instant::now());
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall, monotonic) = *last;
        *last = now;
        let passed = i64::try_from((now.1 - monotonic).as_millis()).unwrap_or(i64::MAX);
        now.0 - wall - passed > JUMP_MS
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[test]
    fn a_wall_clock_that_leaves_the_monotonic_one_behind_has_jumped() {
        let hands = Arc::new(AtomicI64::new(1_000_000));
        let shown = Arc::clone(&hands);
        let watch = JumpWatch::new(Clock::from_fn(move || shown.load(Ordering::SeqCst)));
        assert!(!watch.has_jumped());
        hands.fetch_add(JUMP_MS, Ordering::SeqCst);
        assert!(!watch.has_jumped());
        hands.fetch_add(3_600_000, Ordering::SeqCst);
        assert!(watch.has_jumped());
        assert!(!watch.has_jumped());
        hands.fetch_sub(3_600_000, Ordering::SeqCst);
        assert!(!watch.has_jumped());
    }
}

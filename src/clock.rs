//! The only place that reads the time.
//!
//! Freshness uses wall-clock time: after a process was frozen for an hour (AWS Lambda), its cache entries
//! must be expired, although the monotonic clock may not have advanced.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch.
pub type Millis = i64;

/// A wall clock. Tests create one with [`Clock::from_fn`].
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Millis + Send + Sync>);

impl Clock {
    /// Returns the operating system's wall clock.
    pub fn system() -> Self {
        Self::from_fn(|| {
            #[allow(clippy::disallowed_methods)] // Everything else must use this clock.
            let now = SystemTime::now();
            match now.duration_since(UNIX_EPOCH) {
                Ok(since) => since.as_millis().try_into().unwrap_or(Millis::MAX),
                Err(_) => 0,
            }
        })
    }

    /// Returns a clock that shows the time that `now` returns.
    pub fn from_fn(now: impl Fn() -> Millis + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Returns the current time.
    pub fn now(&self) -> Millis {
        (self.0)()
    }
}

/// The longest time-out. It replaces infinite ones.
const LONGEST_TIMEOUT_MS: f64 = 365.0 * 24.0 * 3_600_000.0;

/// Converts `ms` milliseconds to a duration of at most a year. Negative numbers and NaN become zero.
#[expect(clippy::manual_clamp, reason = "clamp keeps NaN, which is not a Duration")]
pub fn duration(ms: f64) -> Duration {
    Duration::from_secs_f64(ms.max(0.0).min(LONGEST_TIMEOUT_MS) / 1000.0)
}

/// Detects that the process or machine was suspended: only the wall clock has advanced.
pub struct JumpWatch {
    clock: Clock,
    last: Mutex<(Millis, Instant)>,
}

/// The largest jump of the wall clock that may be a mere adjustment, in milliseconds.
const JUMP_MS: i64 = 20_000;

impl JumpWatch {
    /// Creates a watch that starts now.
    pub fn new(clock: Clock) -> Self {
        let last = Mutex::new((clock.now(), Instant::now()));
        Self { clock, last }
    }

    /// Returns whether the wall clock has jumped ahead since the last call.
    pub fn has_jumped(&self) -> bool {
        let now = (self.clock.now(), Instant::now());
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall, monotonic) = *last;
        *last = now;
        let passed = i64::try_from((now.1 - monotonic).as_millis()).unwrap_or(i64::MAX);
        now.0.saturating_sub(wall).saturating_sub(passed) > JUMP_MS
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn any_number_is_a_duration(ms in any::<f64>()) {
            prop_assert!(duration(ms) <= duration(LONGEST_TIMEOUT_MS));
        }

        #[test]
        fn a_watch_takes_any_clock(times in prop::collection::vec(any::<Millis>(), 1..9)) {
            let shown = Mutex::new(times.clone());
            let clock = Clock::from_fn(move || shown.lock().unwrap().pop().unwrap_or(Millis::MIN));
            let watch = JumpWatch::new(clock);
            for _ in times {
                watch.has_jumped();
            }
        }
    }

    #[test]
    fn a_duration_is_between_zero_and_a_year() {
        for none in [f64::NAN, f64::NEG_INFINITY, -1.0, 0.0] {
            assert_eq!(duration(none), Duration::ZERO);
        }
        assert_eq!(duration(f64::INFINITY), duration(1e300));
        assert_eq!(duration(1e-6), Duration::from_nanos(1));
    }
}

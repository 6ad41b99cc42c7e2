//! The one place where the core reads the time.
//!
//! Freshness is wall-clock time: a process that was frozen for an hour (AWS Lambda) must find its
//! entries expired when it wakes, though the monotonic clock may say that no time has passed.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

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

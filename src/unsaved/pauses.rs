//! How long what waits is left alone between two tries.

use std::time::Duration;

/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause where the failure may pass by itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause where somebody has to change something: rights are often granted seconds later.
pub const LONGEST_LASTING_PAUSE: Duration = Duration::from_secs(300);
/// By how much of itself a pause is longer at random, so that many processes don't try in step.
const JITTER: f64 = 0.25;

/// The pause after so many failures in a row; `lasts` says that the last one doesn't pass by itself.
pub fn pause_after(failures: u32, lasts: bool) -> Duration {
    let longest = if lasts { LONGEST_LASTING_PAUSE } else { LONGEST_PAUSE };
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10));
    doubled.min(longest.div_f64(1.0 + JITTER)).mul_f64(1.0 + JITTER * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_half_a_minute_or_five_where_the_failure_lasts() {
        for (lasts, seconds) in [(false, 30), (true, 300)] {
            for _ in 0..100 {
                assert!((1.0..=1.25).contains(&pause_after(1, lasts).as_secs_f64()));
                assert!((2.0..=2.5).contains(&pause_after(2, lasts).as_secs_f64()));
                let longest = pause_after(u32::MAX, lasts);
                assert!(longest <= Duration::from_secs(seconds));
                assert!(longest >= Duration::from_secs(seconds).mul_f64(0.79));
            }
        }
    }
}

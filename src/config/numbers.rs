//! Decodes times from JSON. JSON has no infinity, so JavaScript sends its largest number instead.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::clock;

/// Decodes milliseconds, which may be infinite.
pub fn milliseconds<'de, D: Deserializer<'de>>(json: D) -> Result<f64, D::Error> {
    let ms = f64::deserialize(json)?;
    Ok(if ms == f64::MAX { f64::INFINITY } else { ms })
}

/// Decodes a duration in milliseconds, at most a year. Infinity becomes a year.
pub fn duration<'de, D: Deserializer<'de>>(json: D) -> Result<Duration, D::Error> {
    f64::deserialize(json).map(clock::duration)
}

/// Like [`duration`] for an option without a default.
pub fn optional_duration<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Duration>, D::Error> {
    duration(json).map(Some)
}

//! Decodes times from JSON. JSON has no infinity, so JavaScript sends its largest number instead.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::clock;

/// Milliseconds, which may be infinite.
pub fn milliseconds<'de, D: Deserializer<'de>>(json: D) -> Result<f64, D::Error> {
    let ms = f64::deserialize(json)?;
    Ok(if ms == f64::MAX { f64::INFINITY } else { ms })
}

/// A duration in milliseconds. An infinite one becomes a year.
pub fn duration<'de, D: Deserializer<'de>>(json: D) -> Result<Duration, D::Error> {
    f64::deserialize(json).map(clock::duration)
}

/// The same for a duration without a default.
pub fn optional_duration<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Duration>, D::Error> {
    duration(json).map(Some)
}

//! What a read found, and what the store answers.

use super::Seq;
use crate::clock::Millis;

/// A value read from the table, with the time and order of the read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read<T> {
    /// The value.
    pub value: T,
    /// When the value was read, by the wall clock.
    pub read_at: Millis,
    /// When the request was sent. The value may be as old as this.
    pub sent: Seq,
    /// When the answer arrived.
    pub known: Seq,
    /// Whether the value may be served as fresh within its TTL.
    pub valid: bool,
}

impl<T> Read<T> {
    /// Returns whether the cache has kept the value.
    pub fn is_held(&self) -> bool {
        self.known > Seq(0)
    }
}

/// An answer and how long JavaScript may repeat it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    /// The requested value.
    pub value: T,
    /// The end of that time, in milliseconds since the Unix epoch (wall clock). Infinity means for ever, 0
    /// means not even once.
    pub until: f64,
    /// The generation of the data that the answer was made from.
    pub generation: u64,
    /// Whether the answer is expired and there is no better one.
    pub stale: bool,
}

/// An expired answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Stale<T> {
    /// The expired value.
    pub value: T,
    /// The generation of the data that the value was made from.
    pub generation: u64,
    /// The time since the read, in milliseconds; infinite if the clock went back.
    pub age_ms: f64,
    /// Whether the value may be served while a newer one is fetched.
    pub revalidate: bool,
}

impl<T> Stale<T> {
    /// Turns this into an answer that JavaScript may repeat until `until`.
    pub fn answer(self, until: f64) -> Answer<T> {
        Answer { value: self.value, until, generation: self.generation, stale: true }
    }
}

/// What the store knows of a row or a collection.
#[derive(Clone, Debug, PartialEq)]
pub enum Known<T> {
    /// Within its TTL.
    Fresh(Answer<T>),
    /// Expired.
    Stale(Stale<T>),
    /// Nothing.
    Nothing,
}

impl<T> Known<T> {
    /// Returns `pending` as a stale value if nothing else is known. A pending write counts however old it is.
    pub fn or_pending(self, pending: Option<T>, generation: u64) -> Self {
        match (self, pending) {
            (Self::Nothing, Some(value)) => {
                Self::Stale(Stale { value, generation, age_ms: 0.0, revalidate: false })
            }
            (known, _) => known,
        }
    }

    /// Returns the fresh answer, or else `value` as an answer that may not be repeated.
    pub fn fresh_or(self, value: T, generation: u64) -> Answer<T> {
        match self {
            Self::Fresh(answer) => answer,
            Self::Stale(_) | Self::Nothing => {
                Answer { value, until: 0.0, generation, stale: false }
            }
        }
    }

    /// Returns the answer, if there is one. An expired answer may not be repeated.
    pub fn answer(self) -> Option<Answer<T>> {
        match self {
            Self::Fresh(answer) => Some(answer),
            Self::Stale(stale) => Some(stale.answer(0.0)),
            Self::Nothing => None,
        }
    }
}

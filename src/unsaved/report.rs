//! What is told of writes that wait: one line when they begin to, one when all are in, and one now and
//! then while it lasts.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, ErrorKind};
use crate::log::{Line, counted, shown};

/// How often it is told that writes still wait.
const REMINDER: Duration = Duration::from_secs(300);

/// The time in which writes wait.
#[derive(Default)]
pub struct Report(Option<Episode>);

struct Episode {
    begun: Instant,
    reminded: Instant,
    /// The kinds of refusals that were told; `None` for whatever passes by itself.
    told: HashSet<Option<ErrorKind>>,
    saved: usize,
    given_up: usize,
}

impl Report {
    /// To be told of each write that is left to wait, and `what` it is. Returns what is to be logged:
    /// one line for each kind of refusal, and one for all failures that pass.
    pub fn waits(&mut self, what: &str, failure: &Error) -> Option<Line> {
        let now = Instant::now();
        let episode = self.0.get_or_insert_with(|| Episode {
            begun: now,
            reminded: now,
            told: HashSet::new(),
            saved: 0,
            given_up: 0,
        });
        let refusal = failure.is_refusal().then_some(failure.kind);
        if !episode.told.insert(refusal) {
            return None;
        }
        Some(Line::Error(format!(
            "{what} failed: {failure}. What does not get into the table is kept in memory, used by \
             this process, and tried again until it is in; it is lost if the process ends \
             before"
        )))
    }

    /// To be told of so many items that were brought in, or that something newer was found for.
    pub fn saved(&mut self, items: usize) {
        if let Some(episode) = &mut self.0 {
            episode.saved += items;
        }
    }

    /// To be told of a write for which there was no room.
    pub fn given_up(&mut self) {
        if let Some(episode) = &mut self.0 {
            episode.given_up += 1;
        }
    }

    /// To be told of each failure to bring in what waits, so many items.
    pub fn still_waits(&mut self, waiting: usize, failure: &Error) -> Option<Line> {
        let episode = self.0.as_mut()?;
        if episode.reminded.elapsed() < REMINDER {
            return None;
        }
        episode.reminded = Instant::now();
        let since = shown(episode.begun.elapsed());
        let items = counted(waiting);
        Some(Line::Error(format!("for {since} writes have been waiting, now {items}: {failure}")))
    }

    /// To be told when nothing waits any more.
    pub fn ended(&mut self) -> Option<Line> {
        let episode = self.0.take()?;
        let lasted = shown(episode.begun.elapsed());
        let waited = match episode.saved {
            0 => "what had waited was replaced by newer data".to_owned(),
            items => format!("{} had waited", counted(items)),
        };
        let given_up = match episode.given_up {
            0 => String::new(),
            count => format!(", but for {} given up", counted(count)),
        };
        Some(Line::Warn(format!("all writes are in the table after {lasted}{given_up}: {waited}")))
    }
}

//! Log lines about retried writes: one when retries begin, one when all writes are in the table, and a
//! reminder every 5 minutes in between.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Advice, Code, Error};
use crate::log::{Line, counted, shown};

/// The interval between reminders of lasting retries.
const REMINDER: Duration = Duration::from_secs(300);

/// The log of the current period of retries, if there is one.
#[derive(Default)]
pub struct RetryLog(Option<Episode>);

struct Episode {
    begun: Instant,
    reminded: Instant,
    /// The causes that were logged.
    advice: Advice,
    saved: usize,
    given_up: usize,
}

impl RetryLog {
    /// Records that a write is left to the retry worker. `what` describes the write. Returns a line for the
    /// first failure of each cause. Only the first line of all says what becomes of the writes.
    pub fn retrying(&mut self, what: &str, failure: &Error) -> Option<Line> {
        let now = Instant::now();
        let begins = self.0.is_none();
        let episode = self.0.get_or_insert_with(|| Episode {
            begun: now,
            reminded: now,
            advice: Advice::default(),
            saved: 0,
            given_up: 0,
        });
        if !episode.advice.is_new(failure.kind) {
            return None;
        }
        let failure = episode.advice.once(failure);
        let kept = if begins {
            ". What does not get into the table is kept in memory, used by this process, and tried \
             again until it is in; it is lost if the process ends before"
        } else {
            ". It is kept in memory and tried again"
        };
        Some(Line::error(failure.kind, format!("{what} failed: {failure}{kept}")))
    }

    /// Records that this many items, or something newer, are in the table now.
    pub fn saved(&mut self, items: usize) {
        if let Some(episode) = &mut self.0 {
            episode.saved += items;
        }
    }

    /// Records that there was no room for a write.
    pub fn given_up(&mut self) {
        if let Some(episode) = &mut self.0 {
            episode.given_up += 1;
        }
    }

    /// Records that a retry failed while `waiting` items are left. Returns a reminder if it is due.
    pub fn still_retrying(&mut self, waiting: usize, failure: &Error) -> Option<Line> {
        let episode = self.0.as_mut()?;
        if episode.reminded.elapsed() < REMINDER {
            return None;
        }
        episode.reminded = Instant::now();
        let since = shown(episode.begun.elapsed());
        let items = counted(waiting);
        let cause = failure.message();
        let text = format!("for {since} writes have been waiting, now {items}: {cause}");
        Some(Line::error(failure.kind, text))
    }

    /// Ends the period of retries. Returns the line about it.
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
        let text = format!("all writes are in the table after {lasted}{given_up}: {waited}");
        Some(Line::warn(Code::Recovered, text))
    }
}

//! What is logged of writes that are retried: one line when that begins, one when all are in the table, and one
//! now and then while it lasts.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, ErrorKind};
use crate::log::{Line, counted, shown};

/// How often it is logged that writes are still retried.
const REMINDER: Duration = Duration::from_secs(300);

/// The time in which writes are retried.
#[derive(Default)]
pub struct RetryLog(Option<Episode>);

struct Episode {
    begun: Instant,
    reminded: Instant,
    /// The kinds of permanent failures that were logged; `None` for all transient ones.
    logged: HashSet<Option<ErrorKind>>,
    saved: usize,
    given_up: usize,
}

impl RetryLog {
    /// A write, which is `what`, is left to the retry worker. Returns the line for it: one for each kind of
    /// permanent failure, and one for all transient ones.
    pub fn retrying(&mut self, what: &str, failure: &Error) -> Option<Line> {
        let now = Instant::now();
        let episode = self.0.get_or_insert_with(|| Episode {
            begun: now,
            reminded: now,
            logged: HashSet::new(),
            saved: 0,
            given_up: 0,
        });
        let refusal = failure.is_permanent().then_some(failure.kind);
        if !episode.logged.insert(refusal) {
            return None;
        }
        Some(Line::Error(format!(
            "{what} failed: {failure}. What does not get into the table is kept in memory, used by \
             this process, and tried again until it is in; it is lost if the process ends \
             before"
        )))
    }

    /// So many items are in the table now, or something newer is.
    pub fn saved(&mut self, items: usize) {
        if let Some(episode) = &mut self.0 {
            episode.saved += items;
        }
    }

    /// There was no room for a write.
    pub fn given_up(&mut self) {
        if let Some(episode) = &mut self.0 {
            episode.given_up += 1;
        }
    }

    /// A retry failed; so many items are left.
    pub fn still_retrying(&mut self, waiting: usize, failure: &Error) -> Option<Line> {
        let episode = self.0.as_mut()?;
        if episode.reminded.elapsed() < REMINDER {
            return None;
        }
        episode.reminded = Instant::now();
        let since = shown(episode.begun.elapsed());
        let items = counted(waiting);
        Some(Line::Error(format!("for {since} writes have been waiting, now {items}: {failure}")))
    }

    /// Nothing is retried any more.
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

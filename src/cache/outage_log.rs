//! Log lines about failing reads: one when reads begin to fail, one when they fail for another reason, one when
//! they work again, and a reminder every 5 minutes in between.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Advice, Code, Error};
use crate::log::{Line, shown};

/// The interval between reminders of a lasting outage.
pub(super) const REMINDER: Duration = Duration::from_secs(300);
/// How many unanswered reads of an outage the log names.
pub(super) const NAMED_READS: usize = 20;

#[derive(Default)]
pub(super) struct OutageLog {
    outage: Option<Outage>,
    /// Reads that DynamoDB rejected individually, and when each was logged.
    rejected: HashMap<String, Instant>,
    /// The causes of this outage, or of failures since the last one.
    advice: Advice,
}

/// A period in which at least one operation fails.
struct Outage {
    begun: Instant,
    /// When the outage was last logged.
    logged: Option<Instant>,
    /// How many reads got no answer.
    unanswered: u64,
    /// The reads that the log has named.
    named: HashSet<String>,
    stale_answers: u64,
    oldest_ms: f64,
}

impl OutageLog {
    /// Returns the line for a read that DynamoDB rejected individually. Within one interval, each such read
    /// is logged once, and at most `NAMED_READS` of them.
    pub fn rejected(&mut self, what: &str, failure: &Error, now: Instant) -> Option<Line> {
        self.rejected.retain(|_, logged| now - *logged < REMINDER);
        if self.rejected.len() >= NAMED_READS || self.rejected.contains_key(what) {
            return None;
        }
        self.rejected.insert(what.to_owned(), now);
        Some(Line::failed(what, failure))
    }

    /// Returns the line for a read that was sent before reads worked again.
    pub fn late(&mut self, what: &str, failure: &Error) -> Line {
        Line::failed(what, &self.advice.once(failure))
    }

    /// Returns the line for a failed read, if it is logged. `answered` means that the caller has another
    /// answer.
    pub fn failed(
        &mut self,
        what: &str,
        failure: &Error,
        answered: bool,
        is_harmless: bool,
        now: Instant,
    ) -> Option<Line> {
        let advice = &mut self.advice;
        let outage = self.outage.get_or_insert_with(|| {
            advice.clear();
            Outage::new(now)
        });
        if !answered {
            outage.unanswered += 1;
        }
        let Some(logged) = outage.logged else {
            if is_harmless {
                return None;
            }
            outage.logged = Some(now);
            return Some(outage.begins(what, &advice.once(failure), answered));
        };
        if advice.is_new(failure.kind) {
            return Some(outage.begins(what, &advice.once(failure), answered));
        }
        let failure = advice.once(failure);
        if now - logged >= REMINDER {
            outage.logged = Some(now);
            return Some(outage.continues(&failure, now));
        }
        let is_news =
            !answered && outage.named.len() < NAMED_READS && outage.named.insert(what.to_owned());
        is_news.then(|| Line::failed(what, &failure))
    }

    /// Records an answer with a value of this age.
    pub fn answered_stale(&mut self, age_ms: f64) {
        if let Some(outage) = &mut self.outage {
            outage.stale_answers += 1;
            outage.oldest_ms = outage.oldest_ms.max(age_ms);
        }
    }

    /// Ends the outage: no operation fails any more. Returns the line if the outage was logged.
    pub fn ended(&mut self, now: Instant) -> Option<Line> {
        let outage = self.outage.take()?;
        outage.logged?;
        let lasted = shown(now - outage.begun);
        let answers = outage.answers("; meanwhile ");
        self.advice.clear();
        let text = format!("reading works again after {lasted}{answers}");
        Some(Line::warn(Code::Recovered, text))
    }
}

impl Outage {
    fn new(begun: Instant) -> Self {
        Self {
            begun,
            logged: None,
            unanswered: 0,
            named: HashSet::new(),
            stale_answers: 0,
            oldest_ms: 0.0,
        }
    }

    /// Returns the line for the first failure of a cause.
    fn begins(&mut self, what: &str, failure: &Error, answered: bool) -> Line {
        self.named.insert(what.to_owned());
        let meanwhile = if answered { ". Last known values are used meanwhile" } else { "" };
        Line::error(failure.kind, format!("{what} failed: {failure}{meanwhile}"))
    }

    /// Returns the reminder that the outage lasts.
    fn continues(&self, failure: &Error, now: Instant) -> Line {
        let (time, answers) = (shown(now - self.begun), self.answers(". Since then "));
        let text = format!("reading has been failing for {time}: {failure}{answers}");
        Line::error(failure.kind, text)
    }

    /// Describes how reads were answered, after `lead`. Empty if there is nothing to report.
    fn answers(&self, lead: &str) -> String {
        let mut answers = Vec::new();
        if self.stale_answers > 0 {
            let age = if self.oldest_ms.is_finite() {
                format!("values up to {} old were used", shown_ms(self.oldest_ms))
            } else {
                "values of unknown age were used".to_owned()
            };
            answers.push(age);
        }
        if self.unanswered > 0 {
            let reads = if self.unanswered == 1 { "read was" } else { "reads were" };
            answers.push(format!("{} {reads} answered with nothing", self.unanswered));
        }
        if answers.is_empty() { String::new() } else { format!("{lead}{}", answers.join(", ")) }
    }
}

fn shown_ms(ms: f64) -> String {
    shown(Duration::from_secs_f64((ms / 1000.0).min(1e9)))
}

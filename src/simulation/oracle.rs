//! The rules that every run must obey.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use super::model::{ITEMS, Model, Rows, row};
use super::plan::Plan;
use crate::cache::MAX_MISSING_TTL_MS;
use crate::config::{DEFAULT_READ_TIMEOUT, DEFAULT_WRITE_TIMEOUT};
use crate::error::Error;
use crate::log::{Line, Log};
use crate::model::{Layout, RowKey};

/// Tolerance for rounding and for the time that a request travels.
const SLACK: Duration = Duration::from_millis(50);
/// A request that takes longer counts as slow and permits stale answers. A Query consists of several
/// requests, whose times add up.
const SLOW: Duration = Duration::from_millis(50);
/// How long answers may be stale after a failed or slow read.
const STALE_FOR: Duration = Duration::from_secs(5);
/// How long an init may affect answers after its end: data that was read before its end may arrive later.
const EFFECT_OF_INIT: Duration = Duration::from_secs(3);

/// A rule that was broken.
#[derive(Debug)]
pub struct Broken {
    pub rule: &'static str,
    pub trace: Vec<String>,
}

/// A call of a process, with its position in the order of events.
#[derive(Clone, Copy)]
pub struct Call {
    at: Instant,
    is_all: bool,
    moment: u64,
}

/// An answer about one item. `version` is `None` if there is no live item.
#[derive(Clone, Copy)]
struct Answered {
    at: Instant,
    moment: u64,
    version: Option<u32>,
}

#[derive(Default)]
struct Process {
    answers: [Vec<Answered>; ITEMS.len()],
    /// Versions that the process handed over; `None` for a data set without the item.
    handed_over: [Vec<Option<u32>>; ITEMS.len()],
    /// When the process first knew each version.
    known: [BTreeMap<Option<u32>, Instant>; ITEMS.len()],
    /// For GetItem and for Query: when one last failed or was slow, and whether one has succeeded since.
    failed: [Option<(Instant, bool)>; 2],
    /// Reads in flight: the row, the value of `writes` at the start, and the time of the start.
    under_way: BTreeMap<u64, (RowKey, u64, Instant)>,
    /// Counts hand-overs, and writes sent and answered. Reads before and after such an event need not
    /// share a request.
    writes: u64,
}

struct State {
    started: Instant,
    moment: u64,
    model: Model,
    processes: Vec<Process>,
    /// When inits ended, in the order in which they began; `None` for an init that has not ended.
    inits: Vec<Option<Instant>>,
    marker_seen: bool,
    broken: Option<&'static str>,
    trace: Vec<String>,
}

pub struct Oracle {
    state: Mutex<State>,
    plan: Plan,
}

impl Oracle {
    pub fn new(plan: &Plan) -> Arc<Self> {
        let state = State {
            started: Instant::now(),
            moment: 0,
            model: Model::default(),
            processes: (0..plan.processes()).map(|_| Process::default()).collect(),
            inits: Vec::new(),
            marker_seen: false,
            broken: None,
            trace: Vec::new(),
        };
        Arc::new(Self { state: Mutex::new(state), plan: plan.clone() })
    }

    pub fn with_model<T>(&self, work: impl FnOnce(&mut Model) -> T) -> T {
        work(&mut self.state().model)
    }

    /// Returns the result of the run.
    pub fn verdict(&self) -> Result<Vec<String>, Broken> {
        let mut state = self.state();
        let trace = state.trace.clone();
        match state.broken.take() {
            Some(rule) => Err(Broken { rule, trace }),
            None => Ok(trace),
        }
    }

    pub fn is_broken(&self) -> bool {
        self.state().broken.is_some()
    }

    pub fn note(&self, text: impl AsRef<str>) {
        self.state().note(text.as_ref());
    }

    pub fn demand(&self, rule: &'static str, holds: bool, what: impl FnOnce() -> String) {
        self.state().demand(rule, holds, what);
    }

    pub fn calls(&self, process: usize, what: &str) -> Call {
        let mut state = self.state();
        state.note(&format!("process {process}: {what}"));
        state.moment += 1;
        Call { at: Instant::now(), is_all: what.starts_with("all"), moment: state.moment }
    }

    /// Records that the process closes, which aborts its reads: they count as failed.
    pub fn closes(&self, process: usize) {
        self.state().processes[process].failed = [Some((Instant::now(), false)); 2];
    }

    /// Forgets what the process knew: a restarted process knows nothing.
    pub fn restarted(&self, process: usize) {
        self.state().processes[process] = Process::default();
    }

    pub fn hands_over(&self, process: usize, item: usize, version: Option<u32>) {
        let mut state = self.state();
        let of = &mut state.processes[process];
        of.writes += 1;
        of.handed_over[item].push(version);
        of.known[item].entry(version).or_insert_with(Instant::now);
    }

    pub fn init_begins(&self) -> usize {
        let mut state = self.state();
        state.inits.push(None);
        state.inits.len() - 1
    }

    pub fn was_initialised(&self) -> bool {
        !self.state().inits.is_empty()
    }

    /// Records that the rows of the init are in the table.
    pub fn init_has_ended(&self, init: usize) {
        self.state().inits[init] = Some(Instant::now());
    }

    /// Checks an answer about one item, or about all items of a kind.
    pub fn answers(
        &self,
        process: usize,
        call: Call,
        found: &[(usize, Option<u32>)],
        stale: bool,
        tables: &[Rows],
    ) {
        let mut state = self.state();
        state.moment += 1;
        let versions = found.iter().map(|(item, version)| match version {
            Some(version) => format!("{} {version}", ITEMS[*item].1),
            None => format!("no {}", ITEMS[*item].1),
        });
        let versions = versions.collect::<Vec<_>>().join(", ");
        let age = if stale { ", stale" } else { "" };
        state.note(&format!("process {process}: answer to {}: {versions}{age}", call.moment));
        for &(item, version) in found {
            state.check_order(process, call, item, version);
            if !stale {
                state.check_age(process, call, item, version, tables, &self.plan);
            }
            let moment = state.moment;
            let of = &mut state.processes[process];
            let since = *of.known[item].entry(version).or_insert_with(Instant::now);
            // A stale answer may be as old as the first time that the process knew this version.
            let at = if stale { since } else { Instant::now() };
            of.answers[item].push(Answered { at, moment, version });
        }
        let failed = state.processes[process].failed[usize::from(call.is_all)];
        let mut under_way = state.processes[process].under_way.values();
        let slow = under_way.any(|(_, _, since)| since.elapsed() >= SLOW);
        let failing = slow || failed.is_some_and(|(at, well)| !well || at + STALE_FOR >= call.at);
        state.demand("stale only while DynamoDB fails", !stale || failing, || {
            format!("process {process} got {versions}, stale, and no read has failed")
        });
    }

    /// Returns the earliest time whose table contents an answer may show; `None` if any age is allowed.
    pub fn oldest(&self, call: Call, missing: bool) -> Option<Instant> {
        let ttl = self.plan.ttl_ms;
        let ttl = if missing { ttl.min(MAX_MISSING_TTL_MS) } else { ttl };
        let lag = Duration::from_millis(self.plan.lag_ms);
        let age = Duration::try_from_secs_f64(ttl / 1e3).ok()?;
        // After a clock is set back, it reaches the same times again, and expired data is fresh again.
        let set_back = Duration::from_millis(self.plan.set_back_ms());
        // The data was read up to a read time-out before it was cached.
        call.at.checked_sub(age + lag + DEFAULT_READ_TIMEOUT + set_back)
    }

    pub fn took(&self, what: &str, call: Call, longest: Duration) {
        let took = call.at.elapsed();
        self.demand("answers come in time", took <= longest + SLACK, || {
            format!("{what} took {took:?} and not {longest:?}")
        });
    }

    pub fn longest_read(pages: u32) -> Duration {
        DEFAULT_READ_TIMEOUT * pages
    }

    pub fn longest_write() -> Duration {
        DEFAULT_WRITE_TIMEOUT
    }

    /// Records that a request is sent. `row` is the row to read and whether a write depends on the read;
    /// `None` for a write.
    pub fn sent(
        self: &Arc<Self>,
        process: usize,
        what: String,
        row: Option<(RowKey, bool)>,
    ) -> Sent {
        let mut state = self.state();
        state.moment += 1;
        let number = state.moment;
        state.note(&format!("process {process}:   -> {number} {what}"));
        let sent =
            |read| Sent { oracle: Arc::clone(self), process, number, at: Instant::now(), read };
        let of = &mut state.processes[process];
        let Some((row, for_write)) = row else {
            of.writes += 1;
            return sent(None);
        };
        if for_write {
            return sent(None);
        }
        let (writes, is_query) = (of.writes, what.starts_with("Query"));
        let same = |read: &&(RowKey, u64, Instant)| read.0 == row && read.1 == writes;
        // A read that began before a write may still be in flight and repeat its request.
        let too_many = of.under_way.values().filter(same).count() > 1;
        of.under_way.insert(number, (row, writes, Instant::now()));
        let alone = !too_many || self.plan.ttl_ms == 0.0 || is_query;
        state.demand("concurrent reads share one request", alone, || {
            format!("process {process} sends {what} too often at the same time")
        });
        sent(Some(usize::from(is_query)))
    }

    /// Checks the rows of the table after a change.
    pub fn table_is(&self, rows: &Rows) {
        let mut state = self.state();
        // Two processes that write at the same time may interfere with each other.
        if self.plan.writers > 1 {
            return;
        }
        let versions =
            |item: usize| rows.get(&row(item)).and_then(|row| row.version).map(|v| v as u32);
        for (item, (_, name, _)) in ITEMS.iter().enumerate() {
            let Some(change) = versions(item).and_then(|v| state.model.change(item, v)) else {
                continue;
            };
            let changed_to = change.version;
            for (to, version) in change.refers_to.clone() {
                let there = versions(to).is_some_and(|there| there >= version);
                let to_name = ITEMS[to].1;
                state.demand("references are stored first", there, || {
                    format!("{name} {changed_to} refers to {to_name} {version}, which is not there")
                });
            }
        }
        let marked = rows.contains_key(&Layout::new("").marker());
        let stays = marked || !state.marker_seen;
        state.demand("the marker stays", stays, || "it is gone".to_owned());
        if marked && !state.marker_seen {
            state.marker_seen = true;
            let handed_over = &state.processes[0].handed_over;
            let missing = (0..ITEMS.len()).find(|item| {
                let wanted = handed_over[*item].iter().copied().min().flatten();
                let wanted = wanted.filter(|wanted| !state.model.deleted_after(*item, *wanted));
                wanted.is_some_and(|wanted| versions(*item).is_none_or(|there| there < wanted))
            });
            state.demand("the marker comes last", missing.is_none(), || {
                format!("{} is not there", missing.map_or("", |item| ITEMS[item].1))
            });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn note(&mut self, text: &str) {
        let at = self.started.elapsed().as_secs_f64();
        self.trace.push(format!("{at:10.3} {text}"));
    }

    fn demand(&mut self, rule: &'static str, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.broken.is_none() {
            let what = what();
            self.note(&format!("BROKEN: {rule}: {what}"));
            self.broken = Some(rule);
        }
    }

    fn was_init(&self, since: Instant) -> bool {
        self.inits.iter().any(|ended| ended.is_none_or(|ended| ended + EFFECT_OF_INIT >= since))
    }

    /// Checks that no answer is older than an answer that arrived before this call began.
    fn check_order(&mut self, process: usize, call: Call, item: usize, version: Option<u32>) {
        let before = self.processes[process].answers[item].iter().filter(|answered| {
            answered.moment < call.moment
                && answered.version > version
                && !self.was_init(answered.at)
                && !answered
                    .version
                    .is_some_and(|newer| version.is_none() && self.model.deleted_after(item, newer))
        });
        let before = before.map(|answered| answered.version).max();
        let name = ITEMS[item].1;
        self.demand("answers don't go back", before.is_none(), || {
            format!("process {process} got {name} {before:?} and then {version:?}")
        });
    }

    /// Checks that an answer that is not marked as stale is no older than the TTL allows.
    fn check_age(
        &mut self,
        process: usize,
        call: Call,
        item: usize,
        version: Option<u32>,
        tables: &[Rows],
        plan: &Plan,
    ) {
        // A tombstone counts as an item.
        let is_kept = version.is_some() || self.model.deleted_after(item, 0);
        if plan.ttl_ms.is_infinite() && is_kept || self.was_init(call.at) {
            return;
        }
        let row = row(item);
        let deleted = |there: u32| self.model.change(item, there).is_some_and(|c| c.deleted);
        let live = |rows: &Rows| {
            let there = rows.get(&row)?.version? as u32;
            (!deleted(there)).then_some(there)
        };
        let oldest = tables.iter().map(live).min().flatten();
        // Reads use handed-over versions at once, even if another process is ahead.
        let mut own = self.processes[process].handed_over[item].iter();
        let is_own = own.any(|own| own.filter(|own| !deleted(*own)) == version);
        let known = version >= oldest || is_own;
        let name = ITEMS[item].1;
        self.demand("what is fresh is no older than its TTL", known, || {
            format!(
                "process {process} got {name} {version:?}; the table has had at least {oldest:?}"
            )
        });
    }
}

/// A request in flight.
pub struct Sent {
    oracle: Arc<Oracle>,
    process: usize,
    number: u64,
    at: Instant,
    /// 0 for a GetItem, 1 for a Query; `None` for a write and for a read that a write depends on.
    read: Option<usize>,
}

impl Sent {
    pub fn answered(self, failure: Option<&Error>) {
        let failed = failure.map(|failure| format!("failed: {:?}", failure.kind));
        let outcome = failed.as_deref().unwrap_or("answered");
        let mut state = self.oracle.state();
        state.note(&format!("process {}:   <- {} {outcome}", self.process, self.number));
        self.ended(&mut state, failure.is_none() && self.at.elapsed() < SLOW);
    }

    fn ended(&self, state: &mut State, succeeded: bool) {
        let Some(failed) = self.read.map(|read| &mut state.processes[self.process].failed[read])
        else {
            return;
        };
        if !succeeded {
            *failed = Some((Instant::now(), false));
        } else if let Some((_, well)) = failed {
            *well = true;
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        let mut state = self.oracle.state();
        let of = &mut state.processes[self.process];
        of.under_way.remove(&self.number);
        of.writes += u64::from(self.read.is_none());
        // The request was slow or abandoned.
        if self.at.elapsed() >= SLOW {
            self.ended(&mut state, false);
        }
    }
}

/// The log of one process.
pub struct Lines(pub Arc<Oracle>, pub usize);

impl Log for Lines {
    fn log(&self, Line { level, text: line, .. }: Line) {
        self.0.note(format!("process {}: {}: {line}", self.1, level.name()));
        let defect = line.contains("defect") || line.contains("panicked");
        self.0.demand("nothing panics", !defect, || line);
    }
}

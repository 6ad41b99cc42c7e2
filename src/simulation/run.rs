//! Executes a plan.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::javascript::JavaScript;
use super::model::{Change, ITEMS, item_of, row};
use super::oracle::{Broken, Lines, Oracle};
use super::plan::{Action, Defect, Plan, Spell};
use super::table::{Connection, Table};
use crate::cache::Generation;
use crate::clock::Clock;
use crate::config::{Config, DEFAULT_AVAILABILITY_TIMEOUT, Freshness};
use crate::model::Layout;
use crate::store::Store;

/// After this time without faults, all data must be in the table.
const QUIET: Duration = Duration::from_secs(600);
/// After this time, nothing of a closed store may remain.
const CLOSED: Duration = Duration::from_secs(4);

/// A simulated process.
struct Process {
    number: usize,
    store: Store,
    javascript: Arc<JavaScript>,
    connection: Connection,
    /// How far its wall clock is ahead, in milliseconds.
    ahead: Arc<AtomicI64>,
    /// How many changes it has received.
    heard: usize,
    /// Locked while changes or a data set are handed over, so that hand-overs take turns.
    handing_over: Arc<tokio::sync::Mutex<()>>,
    tasks: Vec<JoinHandle<()>>,
    closed: Arc<AtomicBool>,
}

struct Run {
    plan: Plan,
    oracle: Arc<Oracle>,
    table: Arc<Table>,
    processes: Vec<Process>,
}

/// Runs a plan in virtual time and returns the trace.
pub fn run(plan: &Plan) -> Result<Vec<String>, Broken> {
    fastrand::seed(plan.seed);
    runtime().block_on(async {
        let oracle = Oracle::new(plan);
        let table = Arc::new(Table::new(plan, Arc::clone(&oracle)));
        let mut run = Run { plan: plan.clone(), oracle, table, processes: Vec::new() };
        for number in 0..plan.processes() {
            let process = run.process(number);
            run.processes.push(process);
        }
        run.act().await;
        run.end().await;
        run.oracle.verdict()
    })
}

/// Creates a runtime whose time advances at once when no task can run.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

impl Run {
    fn process(&self, number: usize) -> Process {
        let mut config = Config::new("flags");
        config.freshness = Freshness { ttl_ms: self.plan.ttl_ms, ..Freshness::default() };
        config.consistent_read = self.plan.consistent_read;
        match self.plan.defect {
            Some(Defect::LongWaits) => config.read_timeout *= 10,
            Some(Defect::OldAnswers) => config.freshness.stale_while_revalidate_ms = f64::INFINITY,
            Some(Defect::NoCaching) => config.freshness.ttl_ms = 0.0,
            _ => {}
        }
        let ahead = Arc::new(AtomicI64::new(0));
        let (started, moved) = (Instant::now(), Arc::clone(&ahead));
        let clock = Clock::from_fn(move || {
            1_000_000_000 + started.elapsed().as_millis() as i64 + moved.load(Ordering::SeqCst)
        });
        let connection = Connection {
            table: Arc::clone(&self.table),
            process: number,
            spell: Arc::new(Mutex::new(Spell::Calm)),
        };
        let lines = Arc::new(Lines(Arc::clone(&self.oracle), number));
        let dynamodb = Arc::new(connection.clone());
        let (stats, generation) = (Arc::default(), Generation::default());
        let store = Store::new(&config, dynamodb, lines, clock.clone(), stats, generation);
        let ignores_generation = self.plan.defect == Some(Defect::IgnoredGeneration);
        Process {
            number,
            javascript: Arc::new(JavaScript::new(store.clone(), clock, ignores_generation)),
            store,
            connection,
            ahead,
            heard: 0,
            handing_over: Arc::default(),
            tasks: Vec::new(),
            closed: Arc::default(),
        }
    }

    async fn act(&mut self) {
        for (pause, action) in self.plan.actions.clone() {
            if pause > 0 {
                sleep(Duration::from_millis(pause)).await;
            }
            if self.oracle.is_broken() {
                return;
            }
            self.perform(action).await;
        }
    }

    async fn perform(&mut self, action: Action) {
        match action {
            Action::Get { process, item } => self.get(process, item),
            Action::All { process, kind } => self.all(process, kind),
            Action::Initialized { process } => self.initialized(process),
            Action::Publish { item, delete, refer } => {
                self.oracle.with_model(|model| model.publish(item, delete, refer));
                let change = self.oracle.with_model(|model| model.newest(item).cloned());
                self.oracle.note(format!("published {change:?}"));
            }
            Action::Deliver { process, in_turn } => self.deliver(process, in_turn),
            Action::Init { process } => self.init(process),
            Action::Recover { process } => self.recover(process).await,
            Action::Restart { process } => {
                self.close(process).await;
                self.oracle.restarted(process);
                let anew = self.process(process);
                *anew.connection.spell.lock().unwrap() =
                    *self.processes[process].connection.spell.lock().unwrap();
                self.processes[process] = anew;
                if process < self.plan.writers {
                    self.init(process);
                }
            }
            Action::Spell { process, spell } => {
                self.oracle.note(format!("process {process}: from now on {spell:?}"));
                *self.processes[process].connection.spell.lock().unwrap() = spell;
            }
            Action::Jump { process, by } => {
                self.oracle.note(format!("process {process}: its clock jumps by {by} ms"));
                self.processes[process].ahead.fetch_add(by, Ordering::SeqCst);
            }
        }
    }

    fn get(&mut self, process: usize, item: usize) {
        let (oracle, table) = (Arc::clone(&self.oracle), Arc::clone(&self.table));
        let (kind, key, _) = ITEMS[item];
        let call = oracle.calls(process, &format!("get {kind} {key}"));
        let javascript = Arc::clone(&self.processes[process].javascript);
        let task = async move {
            let answer = javascript.get(kind, key).await;
            oracle.took("a get", call, Oracle::longest_read(1));
            if let Ok((version, stale)) = answer {
                let oldest = oracle.oldest(call, version.is_none());
                let tables = oldest.map(|oldest| table.rows_since(oldest)).unwrap_or_default();
                oracle.answers(process, call, &[(item, version)], stale, &tables);
            } else {
                oracle.note(format!("process {process}: the get failed"));
            }
        };
        self.processes[process].tasks.push(tokio::spawn(task));
    }

    fn all(&mut self, process: usize, kind: &'static str) {
        let (oracle, table) = (Arc::clone(&self.oracle), Arc::clone(&self.table));
        let call = oracle.calls(process, &format!("all {kind}"));
        let javascript = Arc::clone(&self.processes[process].javascript);
        let task = async move {
            let answer = javascript.all(kind).await;
            oracle.took("an all", call, Oracle::longest_read(4));
            if let Ok((versions, stale)) = answer {
                let found: Vec<_> = (0..ITEMS.len())
                    .filter(|item| ITEMS[*item].0 == kind)
                    .map(|item| (item, versions.get(ITEMS[item].1).copied()))
                    .collect();
                let tables = oracle.oldest(call, false).map(|oldest| table.rows_since(oldest));
                let tables = tables.unwrap_or_default();
                oracle.answers(process, call, &found, stale, &tables);
            } else {
                oracle.note(format!("process {process}: the all failed"));
            }
        };
        self.processes[process].tasks.push(tokio::spawn(task));
    }

    fn initialized(&mut self, process: usize) {
        let oracle = Arc::clone(&self.oracle);
        let call = oracle.calls(process, "initialized");
        let store = self.processes[process].store.clone();
        self.processes[process].tasks.push(tokio::spawn(async move {
            drop(store.initialized().await);
            oracle.took("initialized", call, Oracle::longest_read(1));
        }));
    }

    fn deliver(&mut self, process: usize, in_turn: bool) {
        let oracle = Arc::clone(&self.oracle);
        let of = &mut self.processes[process];
        let changes = oracle.with_model(|model| model.changes[of.heard..].to_vec());
        of.heard += changes.len();
        let (store, handing_over) = (of.store.clone(), Arc::clone(&of.handing_over));
        let javascript = Arc::clone(&of.javascript);
        let hand_over = move |change: Change| {
            let (kind, key, _) = ITEMS[change.item];
            let what = format!("hands over {kind} {key} {}", change.version);
            let call = oracle.calls(process, &what);
            oracle.hands_over(process, change.item, Some(change.version));
            let write = if change.deleted {
                store.delete(kind, key, change.version.into())
            } else {
                store.upsert(kind, &change.json())
            };
            javascript.advance();
            let oracle = Arc::clone(&oracle);
            async move {
                let ended = write.await;
                let how = if ended.is_ok() { "in the table" } else { "not in the table" };
                oracle.note(format!("process {process}: {key} {} is {how}", change.version));
                oracle.took("a write", call, Oracle::longest_write());
            }
        };
        of.tasks.push(tokio::spawn(async move {
            let turn = handing_over.lock().await;
            if in_turn {
                for change in changes {
                    hand_over(change).await;
                }
            } else {
                let writes: Vec<_> = changes.into_iter().map(hand_over).collect();
                drop(turn);
                join_all(writes).await;
            }
        }));
    }

    fn init(&mut self, process: usize) {
        let oracle = Arc::clone(&self.oracle);
        let of = &mut self.processes[process];
        let handing_over = Arc::clone(&of.handing_over);
        let (store, closed) = (of.store.clone(), Arc::clone(&of.closed));
        let javascript = Arc::clone(&of.javascript);
        let (data, heard, versions) = oracle.with_model(|model| {
            let versions = (0..ITEMS.len()).map(|item| Some(model.live(item)?.version));
            (model.data_set(), model.changes.len(), versions.collect::<Vec<_>>())
        });
        of.heard = heard;
        of.tasks.push(tokio::spawn(async move {
            let turn = handing_over.lock().await;
            oracle.calls(process, &format!("init {versions:?}"));
            for (item, version) in versions.into_iter().enumerate() {
                oracle.hands_over(process, item, version);
            }
            let init = oracle.init_begins();
            let write = store.init(async { Some(data) }, move || javascript.advance());
            drop(turn);
            let how = if write.await.is_ok() { "in the table" } else { "not in the table" };
            oracle.note(format!("process {process}: the data set is {how}"));
            while store.pending() > 0 && !closed.load(Ordering::SeqCst) {
                sleep(Duration::from_millis(100)).await;
            }
            oracle.init_has_ended(init);
        }));
    }

    async fn recover(&mut self, process: usize) {
        let call = self.oracle.calls(process, "isStoreAvailable");
        let store = &self.processes[process].store;
        let is_early = self.plan.defect == Some(Defect::EarlyRecovery);
        let is_available = store.is_available().await || is_early;
        self.oracle.took("isStoreAvailable", call, DEFAULT_AVAILABILITY_TIMEOUT);
        if is_available {
            let rule = "a store is not available while writes wait for a retry";
            self.oracle.demand(rule, !store.is_any_retrying(), || format!("process {process}"));
            self.init(process);
        }
    }

    /// Closes the store of a process and checks that this ends all its calls.
    async fn close(&mut self, process: usize) {
        let of = &mut self.processes[process];
        let call = self.oracle.calls(process, "close");
        self.oracle.closes(process);
        of.store.close().await;
        of.closed.store(true, Ordering::SeqCst);
        self.oracle.took("closing", call, Duration::from_secs(1));
        let ended = tokio::time::timeout(CLOSED, join_all(of.tasks.drain(..))).await;
        self.oracle.demand("everybody is answered when a store is closed", ended.is_ok(), || {
            format!("process {process} has unanswered calls")
        });
        for result in ended.unwrap_or_default() {
            self.oracle.demand("nothing panics", result.is_ok(), || "a task panicked".to_owned());
        }
    }

    /// Ends all faults, and checks that all data is in the table and that reads return it.
    async fn end(&mut self) {
        self.oracle.note("all is well again");
        match self.plan.defect {
            Some(Defect::LostMarker) => self.table.remove_marker(),
            Some(Defect::EndlessTask) => drop(tokio::spawn(pending::<()>())),
            Some(Defect::EndlessCall) => {
                self.processes[0].tasks.push(tokio::spawn(pending()));
            }
            _ => {}
        }
        let refused = self.plan.defect == Some(Defect::Refused);
        for process in self.processes.iter().skip(usize::from(refused)) {
            *process.connection.spell.lock().unwrap() = Spell::Calm;
        }
        for process in 0..self.plan.writers {
            self.deliver(process, true);
        }
        if !self.oracle.is_broken() {
            sleep(QUIET).await;
            self.check_table();
        }
        for process in 0..self.processes.len() {
            if self.oracle.is_broken() {
                break;
            }
            for item in 0..ITEMS.len() {
                self.get(process, item);
            }
            self.all(process, "features");
            self.all(process, "segments");
            sleep(Duration::from_secs(1)).await;
        }
        for process in 0..self.processes.len() {
            self.close(process).await;
        }
        self.processes.clear();
        sleep(CLOSED).await;
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        self.oracle.demand("nothing runs after closing", tasks == 0, || format!("{tasks} tasks"));
    }

    fn check_table(&self) {
        let rows = self.table.rows();
        let marked = rows.contains_key(&Layout::new("").marker());
        let is_marked = marked || !self.oracle.was_initialised();
        self.oracle.demand("nothing is lost", is_marked, || "there is no marker".to_owned());
        for (item, (_, name, _)) in ITEMS.iter().enumerate() {
            let newest = self.oracle.with_model(|model| model.newest(item).cloned());
            let there = rows.get(&row(item)).and_then(|row| row.version).map(|v| v as u32);
            let holds = match &newest {
                Some(newest) if newest.deleted => there.is_none_or(|v| v == newest.version),
                Some(newest) => there == Some(newest.version),
                None => there.is_none(),
            };
            self.oracle.demand("nothing is lost", holds, || {
                format!("{name}: {newest:?}, and the table has {there:?}")
            });
        }
        let unknown =
            rows.keys().find(|row| item_of(row).is_none() && **row != Layout::new("").marker());
        self.oracle.demand("nothing is lost", unknown.is_none(), || format!("{unknown:?}"));
        for process in &self.processes {
            let waiting = process.store.pending();
            self.oracle.demand("writes end after faults", waiting == 0, || {
                format!("{waiting} writes of process {} wait", process.number)
            });
        }
    }
}

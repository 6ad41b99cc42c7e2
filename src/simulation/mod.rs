//! Simulation: whole stores on one table in virtual time, driven by a seed.
//!
//! A [`plan::Plan`] lists the events: changes in LaunchDarkly, processes that write and read them, periods
//! in which DynamoDB fails, clock jumps, and ends of processes. [`run::run`] executes the plan, and an
//! [`oracle::Oracle`] checks each answer and each change of the table. The same seed leads to the same run.
//! A plan that breaks a rule is reduced to the actions that break it.
//!
//! `SIMULATION_SEEDS` sets how many seeds `cargo test` runs, `SIMULATION_SEED` the first one.

mod javascript;
mod model;
mod oracle;
mod plan;
mod run;
mod table;

use std::collections::BTreeMap;
use std::ops::Range;

use plan::{Defect, Plan};

/// The default number of seeds.
const SEEDS: u64 = 300;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// Removes actions as long as the plan still breaks the same rule.
fn shortened(plan: &Plan, rule: &str) -> Plan {
    let (mut plan, mut step) = (plan.clone(), plan.actions.len().div_ceil(2));
    while step > 0 {
        let mut at = 0;
        while at < plan.actions.len() {
            let mut shorter = plan.clone();
            shorter.actions.drain(at..(at + step).min(plan.actions.len()));
            if run::run(&shorter).is_err_and(|broken| broken.rule == rule) {
                plan = shorter;
            } else {
                at += step;
            }
        }
        step /= 2;
    }
    plan
}

/// Returns the first seed that breaks each rule, and how many seeds break it.
fn broken_rules(seeds: Range<u64>) -> BTreeMap<&'static str, (u64, u64)> {
    let mut rules = BTreeMap::new();
    for seed in seeds {
        if let Err(broken) = run::run(&Plan::from_seed(seed)) {
            rules.entry(broken.rule).or_insert((seed, 0)).1 += 1;
        }
    }
    rules
}

/// Prints a text. A panic message might not be shown, because the installed panic hook may print nothing.
#[allow(clippy::print_stderr)]
fn report(text: &str) {
    eprintln!("{text}");
}

#[test]
fn no_seed_breaks_a_rule() {
    let (first, seeds) = (number("SIMULATION_SEED", 1), number("SIMULATION_SEEDS", SEEDS));
    let rules = broken_rules(first..first + seeds);
    for (rule, (seed, count)) in &rules {
        report(&format!("{count} of {seeds} seeds break the rule {rule:?}, the first is {seed}:"));
        let plan = shortened(&Plan::from_seed(*seed), rule);
        report(&format!("{plan:?}"));
        if let Err(broken) = run::run(&plan) {
            report(&broken.trace.join("\n"));
        }
    }
    assert!(rules.is_empty(), "see above");
}

#[test]
fn a_seed_gives_the_same_run_each_time() {
    for seed in 1..60 {
        let [first, second] = [(); 2].map(|()| {
            let run = run::run(&Plan::from_seed(seed));
            let mut trace = run.unwrap_or_else(|broken| broken.trace);
            // tokio wakes tasks that wait for the same event in any order.
            trace.sort();
            trace
        });
        let other = first.iter().zip(&second).find(|(first, second)| first != second);
        if let Some((first, second)) = other {
            report(&format!("seed {seed}: {first:?}, and then {second:?}"));
        }
        assert!(other.is_none() && first.len() == second.len(), "see above");
    }
}

/// Checks that each rule detects a defect that breaks it.
#[test]
fn every_rule_detects_a_deliberate_defect() {
    let rules = [
        ("answers don't go back", Defect::OldReads),
        ("answers don't go back", Defect::IgnoredGeneration),
        ("what is fresh is no older than its TTL", Defect::OldReads),
        ("references are stored first", Defect::LateSegments),
        ("the marker comes last", Defect::LateSegments),
        ("nothing is lost", Defect::LostFlags),
        ("the marker stays", Defect::LostMarker),
        ("nothing panics", Defect::Panic),
        ("answers come in time", Defect::LongWaits),
        ("stale only while DynamoDB fails", Defect::OldAnswers),
        ("a store is not available while writes wait for a retry", Defect::EarlyRecovery),
        ("concurrent reads share one request", Defect::NoCaching),
        ("writes end after faults", Defect::Refused),
        ("nothing runs after closing", Defect::EndlessTask),
        ("everybody is answered when a store is closed", Defect::EndlessCall),
    ];
    for (rule, defect) in rules {
        let breaks = |seed| {
            let plan = Plan { defect: Some(defect), ..Plan::from_seed(seed) };
            run::run(&plan).is_err_and(|broken| broken.rule == rule)
        };
        let is_noticed = (1..SEEDS).any(breaks);
        if !is_noticed {
            report(&format!("{defect:?} does not break {rule:?}"));
        }
        assert!(is_noticed, "see above");
    }
}

//! A LaunchDarkly feature store on Amazon DynamoDB, for Node.js.
//!
//! ```text
//! JavaScript (index.js, lib/)
//!   binding            the only module that knows N-API
//!     store              the SDK's contract: get, all, init, upsert, delete, initialized
//!       cache              what was read from the table; the circuit breaker
//!       writes             pending writes and their order, init plan
//!     big_segments       big segment memberships
//!     inspection         tables for the command line
//!     transfer           export and import for the command line
//!       dynamodb           the `Table` trait, and its implementations: the AWS SDK, a JS client
//!         model              items, the table layout, decoding, references
//! ```
//!
//! A module uses only modules below it, and these modules for general use:
//!
//! | module | content |
//! | --- | --- |
//! | `backoff` | pauses between attempts, and repetition until a deadline |
//! | `clock` | the wall clock |
//! | `config` | the options and their defaults |
//! | `environment`, `no_environment` | the snapshot of `process.env`; keeps the addon from any other environment |
//! | `error`, `log` | failures and log lines |
//! | `files` | reads files that settings name |
//! | `panics` | turns a panic into a failure |
//! | `requester` | the JavaScript request that a task works for |
//! | `runtime` | the asynchronous runtime, and threads for blocking work |
//! | `single_flight` | one request for all concurrent readers of the same thing |
//! | `stats` | counters |
//! | `supervised_task` | background tasks |
//!
//! `simulation` tests whole stores on a fake table in virtual time.

mod backoff;
mod big_segments;
mod binding;
mod cache;
mod clock;
mod config;
mod dynamodb;
mod environment;
mod error;
mod files;
mod inspection;
mod log;
mod model;
mod no_environment;
mod panics;
mod requester;
mod runtime;
#[cfg(test)]
mod simulation;
mod single_flight;
mod stats;
mod store;
mod supervised_task;
mod transfer;
mod writes;

//! A LaunchDarkly feature store on Amazon DynamoDB, for Node.js.
//!
//! ```text
//! JavaScript (index.js, lib/)
//!   binding        the only module that knows N-API
//!     mailbox        answers and lines on their way to JavaScript
//!     store          what get, all, init, upsert, delete and initialized mean
//!       cache          what is held, and for how long it is fresh
//!       outage         while DynamoDB fails: who tries again, and when
//!       unsaved        what DynamoDB has not taken yet
//!       write_order    which update waits for which
//!       init_plan      which rows an init writes, in which order
//!       late_init      what an init leaves alone that comes in late
//!       backoff        trying again, within a time
//!         row, references   the table layout; what an item refers to
//!         dynamodb          get, query, put-if-newer, batch-write
//! ```
//!
//! Big segments (`big_segments`) are read past the store, which knows nothing of them, and so are tables
//! for the command line (`inspection`).
//!
//! Each module uses those below it. `clock`, `config`, `environment`, `error`, `log`, `panics`, `stats`,
//! `background` (tasks that run until the store is closed) and `single_flight` (one request for everybody
//! who wants the same) and `requester` (which request a task works for) are used by all; `runtime` is what everything asynchronous runs on.

pub mod background;
pub mod backoff;
pub mod big_segments;
mod binding;
pub mod cache;
pub mod clock;
pub mod config;
pub mod dynamodb;
pub mod environment;
pub mod error;
pub mod files;
pub mod inspection;
pub mod log;
mod no_environment;
pub mod panics;
pub mod references;
mod requester;

pub mod row;
pub mod runtime;
#[cfg(test)]
mod simulation;
pub mod single_flight;
pub mod stats;
pub mod store;
pub mod writes;

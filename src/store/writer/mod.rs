//! Writing: updates of single items, inits, and retries in the background.

mod batches;
mod data_loss;
mod existing;
mod init;
mod retry_worker;
mod sync;
mod sync_rules;
mod upsert;

pub use init::NewItems;
pub use sync::Synced;
pub use sync_rules::SyncRules;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::context::Context;
use super::reader::{Finding, Reader};
use crate::config::Config;
use crate::error::{Code, Error, ErrorKind};
use crate::log::Line;
use crate::model::RowKey;
use crate::writes::PendingWrites;
use crate::writes::pending::Failed;
use data_loss::DataLoss;
use retry_worker::RetryWorker;

/// How many upserts and deletes are sent to DynamoDB in parallel.
pub(super) const PARALLEL_UPDATES: usize = 32;
/// How many rows a line names before it only counts the rest.
const NAMED_ROWS: usize = 10;

/// The writing half of a store.
pub(super) struct Writer {
    context: Arc<Context>,
    reader: Arc<Reader>,
    pending: Arc<PendingWrites>,
    update_permits: Semaphore,
    retries: RetryWorker,
    data_loss: DataLoss,
    write_timeout: Duration,
    read_only: bool,
    read_only_logged: AtomicBool,
}

impl Writer {
    pub fn new(
        config: &Config,
        context: Arc<Context>,
        reader: Arc<Reader>,
        pending: Arc<PendingWrites>,
    ) -> Self {
        Self {
            context,
            reader,
            pending,
            update_permits: Semaphore::new(PARALLEL_UPDATES),
            retries: RetryWorker::default(),
            data_loss: DataLoss::new(config.refill),
            write_timeout: config.write_timeout,
            read_only: config.read_only,
            read_only_logged: AtomicBool::new(false),
        }
    }

    pub fn reader(&self) -> &Arc<Reader> {
        &self.reader
    }

    #[cfg(test)]
    pub fn free_update_permits(&self) -> usize {
        self.update_permits.available_permits()
    }

    pub fn pending(&self) -> &PendingWrites {
        &self.pending
    }

    /// Handles what a read found.
    pub fn read_found(self: &Arc<Self>, finding: Finding) {
        match finding {
            Finding::WorksAgain { was_permanent } => {
                if was_permanent {
                    self.pending.retry_now();
                }
                self.write_succeeded();
            }
            Finding::NoRow(row) => self.no_row(&row),
            Finding::NoRows(namespace) => self.no_rows(&namespace),
        }
    }

    /// Logs the failure of a write, and starts its retries.
    fn after_failure(self: &Arc<Self>, becomes: Failed, what: &str, failure: &Error) {
        match becomes {
            Failed::Retrying => {
                let line = self.pending.log(|log, _| log.retrying(what, failure));
                self.context.log(line);
                self.start_retries();
            }
            Failed::GivenUp => {
                self.pending.log(|log, _| log.given_up());
                let cause = failure.message();
                self.context.log(Line::error(
                    Code::WritesLost,
                    format!(
                        "{what} failed: {cause}. It is given up: 256 MiB of writes are pending already"
                    ),
                ));
            }
            Failed::Superseded => {}
        }
    }

    /// Logs once that nothing is written.
    fn log_read_only(&self) {
        if !self.read_only_logged.swap(true, Ordering::SeqCst) {
            self.context.log(Line::warn(
                ErrorKind::ReadOnly,
                "nothing is written, since the store is read-only; what the SDK writes is kept in \
                 memory",
            ));
        }
    }
}

/// Names the first of these rows and counts the rest.
fn named(rows: &[RowKey]) -> String {
    let more = rows.len().saturating_sub(NAMED_ROWS);
    let names: Vec<_> = rows.iter().take(NAMED_ROWS).map(ToString::to_string).collect();
    let names = names.join(", ");
    if more == 0 { names } else { format!("{names} and {more} more") }
}

//! Writes many rows: sends batches in parallel, and unprocessed rows again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::{Instant, sleep, timeout_at};

use super::Writer;
use crate::backoff::{self, Backoff, no_answer};
use crate::dynamodb::{MAX_BATCH_ROWS, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::model::RowKey;

/// How many batches are in flight at most.
const PARALLEL_BATCHES: usize = 16;
/// The maximum item text of a batch in bytes, unless a single row has more. A batch must arrive within the
/// time of one attempt on a slow line, too.
const MAX_BATCH_BYTES: usize = 1024 * 1024;

/// Rows that were not written.
#[derive(Debug)]
pub(super) struct NotWritten {
    /// The rows.
    pub rows: Vec<RowKey>,
    /// The reason.
    pub failure: Error,
}

/// When DynamoDB last accepted a row. Writing continues as long as it does.
pub(super) struct Progress {
    last: Mutex<Instant>,
    patience: Duration,
}

impl Progress {
    pub fn new(patience: Duration) -> Self {
        Self { last: Mutex::new(Instant::now()), patience }
    }

    fn made(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn deadline(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) + self.patience
    }

    /// Repeats `request`, which writes one row of many, as long as DynamoDB accepts rows.
    pub async fn until<T, F>(&self, mut request: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        loop {
            let deadline = self.deadline();
            match backoff::until(deadline, &mut request).await {
                Err(failure) if failure.is_retryable() && self.deadline() > deadline => {}
                Err(failure) => return Err(failure),
                Ok(done) => {
                    self.made();
                    return Ok(done);
                }
            }
        }
    }
}

impl Writer {
    /// Writes rows in any order, until all are in the table or DynamoDB has accepted none for the whole write
    /// time-out. Rows that DynamoDB rejects individually do not delay the others. They are logged and
    /// returned, as part of [`NotWritten`] if writing ends early.
    pub(super) async fn write_batches(
        &self,
        writes: Vec<Write>,
    ) -> std::result::Result<Vec<RowKey>, NotWritten> {
        let progress = Progress::new(self.write_timeout);
        let mut rounds_without_progress = 0;
        let mut refused = Vec::new();
        let mut batches = into_batches(writes);
        loop {
            let sent = batches.iter().map(Vec::len).sum::<usize>();
            let results: Vec<(Vec<Write>, Result<Vec<Write>>)> = stream::iter(batches)
                .map(|batch| self.send_batch(batch, &progress))
                .buffer_unordered(PARALLEL_BATCHES)
                .collect()
                .await;

            let mut left = Vec::new();
            let mut alone = Vec::new();
            let mut transient = None;
            let mut fatal = None;
            for (batch, result) in results {
                match result {
                    Ok(unprocessed) => left.extend(unprocessed),
                    Err(failure) if failure.is_retryable() => {
                        left.extend(batch);
                        transient = Some(failure);
                    }
                    // One bad row makes DynamoDB reject the whole batch. The rows are sent again one by one.
                    Err(failure) if failure.kind == ErrorKind::Refused => match &batch[..] {
                        [only] => {
                            let row = only.row().clone();
                            self.context.log_failure(&format!("saving {row}"), &failure);
                            refused.push(row);
                        }
                        _ => alone.extend(batch.into_iter().map(|row| vec![row])),
                    },
                    Err(failure) => {
                        left.extend(batch);
                        fatal = Some(failure);
                    }
                }
            }
            let give_up = |failure, left: Vec<Write>, alone: Vec<Vec<Write>>, refused| {
                let left = left.iter().chain(alone.iter().flatten()).map(|w| w.row().clone());
                Err(NotWritten { rows: left.chain(refused).collect(), failure })
            };
            if let Some(failure) = fatal {
                return give_up(failure, left, alone, refused);
            }
            if left.is_empty() && alone.is_empty() {
                return Ok(refused);
            }
            if left.len() + alone.len() < sent {
                rounds_without_progress = 0;
            }
            if !left.is_empty() {
                rounds_without_progress += 1;
                let pause = Backoff::WRITE.pause_after(rounds_without_progress);
                if Instant::now() + pause >= progress.deadline() {
                    let failure = transient.unwrap_or_else(left_unprocessed);
                    return give_up(failure, left, alone, refused);
                }
                sleep(pause).await;
            }
            batches = into_batches(left);
            batches.append(&mut alone);
        }
    }

    async fn send_batch(
        &self,
        batch: Vec<Write>,
        progress: &Progress,
    ) -> (Vec<Write>, Result<Vec<Write>>) {
        let deadline = progress.deadline();
        if Instant::now() >= deadline {
            return (batch, Err(no_answer()));
        }
        let request = self.context.batch_write(batch.clone());
        let result = timeout_at(deadline, request).await.unwrap_or_else(|_| Err(no_answer()));
        if result.as_ref().is_ok_and(|unprocessed| unprocessed.len() < batch.len()) {
            progress.made();
        }
        (batch, result)
    }
}

fn left_unprocessed() -> Error {
    Error::new(ErrorKind::Throttled, "DynamoDB left rows unprocessed")
}

fn into_batches(writes: Vec<Write>) -> Vec<Vec<Write>> {
    let mut batches: Vec<Vec<Write>> = Vec::new();
    let mut bytes = 0;
    for write in writes {
        let size = match &write {
            Write::Put(_, item) => item.json.len(),
            Write::PutMarker(_) | Write::Delete(_) => 0,
        };
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_BATCH_ROWS && bytes + size <= MAX_BATCH_BYTES => {
                bytes += size;
                batch.push(write);
            }
            _ => {
                bytes = size;
                batches.push(vec![write]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Item;

    fn put(key: usize, bytes: usize) -> Write {
        let json = "x".repeat(bytes).into();
        let row = RowKey::new("features", key.to_string());
        Write::Put(row, Item { version: 1.0, deleted: false, json })
    }

    fn sizes(writes: Vec<Write>) -> Vec<usize> {
        into_batches(writes).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_batch_is_bounded_in_rows_and_bytes() {
        assert_eq!(sizes((0..60).map(|key| put(key, 10)).collect()), [25, 25, 10]);
        assert_eq!(sizes((0..4).map(|key| put(key, 400_000)).collect()), [2, 2]);
        assert_eq!(sizes(vec![put(0, 2_000_000), put(1, 1)]), [1, 1]);
        assert!(sizes(Vec::new()).is_empty());
    }
}

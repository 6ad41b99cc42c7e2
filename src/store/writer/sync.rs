//! Bringing the table to a data set once, without a retry worker.
//!
//! An init replaces everything whatever the versions, because the SDK that calls it is up to date. A sync may be late:
//! two may run at once, and one that was delayed may come last. So a sync compares versions. It reads the table, writes
//! what differs by conditional puts, and repeats that until it finds nothing to write.

use std::collections::{HashMap, HashSet};
use std::future::ready;
use std::sync::{Arc, OnceLock};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::batches::{NotWritten, Progress};
use super::existing::Existing;
use super::sync_rules::SyncRules;
use super::{PARALLEL_UPDATES, Writer, named};
use crate::backoff;
use crate::dynamodb::{PutOutcome, Reading, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Item, RowKey, StoredRow};
use crate::writes::init_plan::{KindData, plan};
use crate::writes::payload::Payload;
use crate::writes::pending::Data;

/// How often a sync reads the table at most. While others write at the same time, it finds their rows each time.
const MOST_ROUNDS: usize = 5;

/// What a sync has done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Synced {
    /// How many flags and segments it has put.
    pub put: usize,
    /// How many rows it has deleted.
    pub deleted: usize,
    /// How many flags and segments of the data needed no put.
    pub unchanged: usize,
    /// Whether another process wrote newer rows meanwhile. The table may then be neither what this sync wanted nor what
    /// that process wanted.
    pub is_overtaken: bool,
}

impl Synced {
    /// Returns `{ put, deleted, unchanged, isOvertaken }`.
    pub fn to_json(self) -> Value {
        let Self { put, deleted, unchanged, is_overtaken } = self;
        json!({
            "put": put,
            "deleted": deleted,
            "unchanged": unchanged,
            "isOvertaken": is_overtaken,
        })
    }
}

/// The rows that a sync has written.
#[derive(Default)]
struct Written {
    put: HashSet<RowKey>,
    deleted: HashSet<RowKey>,
}

impl Writer {
    /// Brings the table to the flags and segments in `json`.
    pub async fn sync(&self, json: &str, rules: SyncRules) -> Result<Synced> {
        let Payload { kinds, too_large } = Payload::read(&self.context.layout, json)?;
        let count = kinds.iter().map(|kind| kind.items.len()).sum::<usize>();
        let mut written = Written::default();
        let is_overtaken = !self.bring(&kinds, rules, &mut written).await?;
        if !too_large.is_empty() && !is_overtaken {
            let names = named(&too_large);
            let message = format!("{names}: over the size limit; everything else is in the table");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let (put, deleted) = (written.put.len(), written.deleted.len());
        Ok(Synced { put, deleted, unchanged: count.saturating_sub(put), is_overtaken })
    }

    /// Writes until the table has the data. Returns false if another process wrote newer rows meanwhile.
    async fn bring(
        &self,
        kinds: &[KindData],
        rules: SyncRules,
        written: &mut Written,
    ) -> Result<bool> {
        let layout = &self.context.layout;
        let data: Data = kinds
            .iter()
            .map(|kind| (layout.namespace(&kind.kind), Arc::new(kind.clone())))
            .collect();
        let mut at_first = None;
        for round in 0..MOST_ROUNDS {
            let existing = self.read_existing(Existing::default(), &data, self.write_timeout);
            let existing = existing.await.map_err(|failure| {
                let when = if round == 0 { "" } else { " again after the writes" };
                let cause = failure.message();
                Error::new(failure.kind, format!("reading the table{when} failed: {cause}"))
            })?;
            if round == 0 {
                rules.check_empty(layout, kinds, &existing.rows)?;
            }
            let mut kinds = kinds.to_vec();
            let compared = rules.keep_newer(layout, &mut kinds, &existing.rows);
            match &at_first {
                None => {
                    compared.check()?;
                    at_first = Some(compared);
                }
                Some(at_first) if compared.is_known(at_first) => (),
                Some(_) => return Ok(false),
            }
            let waves = plan(layout, &kinds, &existing.rows, existing.marker_exists);
            if waves.is_empty() {
                return Ok(true);
            }
            let versions = (!rules.allow_older).then(|| versions(&existing.rows));
            drop(existing);
            self.write_in_order(waves, versions.as_ref(), written).await?;
            if rules.allow_older {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes the waves in order. With `versions`, a row that has become newer since it was read stays; after that only
    /// puts follow, because the data may be the older one.
    async fn write_in_order(
        &self,
        waves: Vec<Vec<Write>>,
        versions: Option<&HashMap<RowKey, f64>>,
        written: &mut Written,
    ) -> Result<()> {
        let total: usize = waves.iter().map(Vec::len).sum();
        let (mut done, mut has_lost) = (0, false);
        for wave in waves {
            let sent = wave.clone();
            let (missing, failure) = match versions {
                Some(versions) if matches!(wave[..], [Write::Put(..), ..]) => {
                    let (missing, failure) = self.put_unless_newer(wave, versions).await;
                    has_lost |= !missing.is_empty();
                    (missing, failure)
                }
                Some(_) if has_lost => return Ok(()),
                _ => match self.write_batches(wave).await {
                    Ok(refused) if refused.is_empty() => (refused, None),
                    Ok(refused) => {
                        let message = format!("DynamoDB refused {}", named(&refused));
                        (refused, Some(Error::new(ErrorKind::Refused, message)))
                    }
                    Err(NotWritten { rows, failure }) => (rows, Some(failure)),
                },
            };
            let missing: HashSet<RowKey> = missing.into_iter().collect();
            for write in sent.into_iter().filter(|write| !missing.contains(write.row())) {
                done += 1;
                match write {
                    Write::Put(row, _) => drop(written.put.insert(row)),
                    Write::Delete(row) => drop(written.deleted.insert(row)),
                    Write::PutMarker(_) => (),
                }
            }
            if let Some(failure) = failure {
                let cause = failure.message();
                let message = format!(
                    "{done} of {total} rows were written, then this failed: {cause}. Sync again to \
                     write the rest"
                );
                return Err(Error::new(failure.kind, message));
            }
        }
        Ok(())
    }

    /// Puts rows in parallel unless the table has newer ones by now. Returns the rows that it has not stored, and the
    /// first failure, after which no further put is sent.
    async fn put_unless_newer(
        &self,
        puts: Vec<Write>,
        versions: &HashMap<RowKey, f64>,
    ) -> (Vec<RowKey>, Option<Error>) {
        let failure = OnceLock::new();
        let progress = Progress::new(self.write_timeout);
        let puts = puts.into_iter().filter_map(|write| match write {
            Write::Put(row, item) => Some((row, item)),
            Write::PutMarker(_) | Write::Delete(_) => None,
        });
        let puts = puts.map(|(row, item)| {
            let (failure, progress) = (&failure, &progress);
            async move {
                if failure.get().is_some() {
                    return Some(row);
                }
                let unchanged = versions.get(&row).copied();
                let put = || self.context.put_if_newer(&row, &item, unchanged);
                let is_stored = match progress.until(put).await {
                    Ok(PutOutcome::Stored) => true,
                    // An earlier attempt, whose answer was lost, may have stored it.
                    Ok(PutOutcome::Newer(stored)) => self.is_in_table(&row, &item, stored).await,
                    Err(cause) => {
                        drop(failure.set(cause));
                        false
                    }
                };
                (!is_stored).then_some(row)
            }
        });
        let puts = stream::iter(puts.collect::<Vec<_>>()).buffer_unordered(PARALLEL_UPDATES);
        let missing = puts.filter_map(ready).collect().await;
        (missing, failure.into_inner())
    }

    /// Returns whether the table has this item. `stored` is the row, if it is known.
    async fn is_in_table(&self, row: &RowKey, item: &Item, stored: Option<StoredRow>) -> bool {
        let get = || self.context.get(row, Reading::FOR_WRITE);
        let stored = match stored {
            Some(stored) => Some(stored),
            None => backoff::until(Instant::now() + self.write_timeout, get).await.ok().flatten(),
        };
        stored.is_some_and(|stored| stored.is_same_as(item))
    }
}

/// Returns the versions of rows, which a put replaces unless they have changed.
fn versions(existing: &[StoredRow]) -> HashMap<RowKey, f64> {
    existing.iter().filter_map(|row| Some((row.key.clone(), row.version?))).collect()
}

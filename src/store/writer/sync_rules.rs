//! Which data a sync refuses, and which rows it leaves as they are.

use std::collections::HashMap;
use std::sync::Arc;

use super::named;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Decoded, FEATURES, Layout, RowKey, StoredRow};
use crate::writes::init_plan::KindData;

/// What a sync may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct SyncRules {
    /// Whether it replaces newer rows.
    pub allow_older: bool,
    /// Whether it may delete all flags.
    pub allow_empty: bool,
}

impl SyncRules {
    /// Fails with `NoFlags` if the data has no flags but the table has some, unless that is allowed.
    pub fn check_empty(
        self,
        layout: &Layout,
        kinds: &[KindData],
        existing: &[StoredRow],
    ) -> Result<()> {
        if self.allow_empty {
            return Ok(());
        }
        let flags = layout.namespace(FEATURES);
        let is_live =
            |row: &StoredRow| matches!(row.decode(), Decoded::Item(item) if !item.deleted);
        let has_flags = kinds.iter().any(|kind| {
            kind.kind == FEATURES && !(kind.items.is_empty() && kind.untouched.is_empty())
        });
        let live = existing.iter().filter(|row| row.key.namespace == flags && is_live(row)).count();
        if has_flags || live == 0 {
            return Ok(());
        }
        let message = format!("the new data has no flags, but the table has {live}");
        Err(Error::new(ErrorKind::NoFlags, message))
    }

    /// Takes those rows out of the data that are newer in the table, unless older data is allowed.
    pub fn keep_newer(
        self,
        layout: &Layout,
        kinds: &mut [KindData],
        existing: &[StoredRow],
    ) -> Compared {
        let mut compared = Compared::default();
        if self.allow_older {
            return compared;
        }
        for stored in existing {
            let of = |kind: &&mut KindData| layout.namespace(&kind.kind) == stored.key.namespace;
            let Some(kind) = kinds.iter_mut().find(of) else {
                continue;
            };
            let key = &stored.key.key;
            let (Some(new), Decoded::Item(old)) = (kind.items.get(key), stored.decode()) else {
                continue;
            };
            if new.version > old.version {
                compared.newer_in_data += 1;
            } else if new.version < old.version {
                compared.newer_in_table.insert(stored.key.clone(), new.version);
                kind.items.remove(key);
                kind.untouched.insert(Arc::clone(key));
            }
        }
        compared
    }
}

/// How the versions of the data compare with those of the table.
#[derive(Default)]
pub struct Compared {
    newer_in_data: usize,
    /// The rows that are newer in the table, with the versions of the data.
    pub newer_in_table: HashMap<RowKey, f64>,
}

impl Compared {
    /// Fails with `OlderData` if the data is older than the table as a whole: some rows are older, and none is newer.
    pub fn check(&self) -> Result<()> {
        if self.newer_in_table.is_empty() || self.newer_in_data > 0 {
            return Ok(());
        }
        let message = format!("the table has newer versions of {}", named(&self.rows()));
        Err(Error::new(ErrorKind::OlderData, message))
    }

    /// Returns the rows that are newer in the table, sorted.
    pub fn rows(&self) -> Vec<RowKey> {
        let mut rows: Vec<_> = self.newer_in_table.keys().cloned().collect();
        rows.sort();
        rows
    }

    /// Returns whether all rows that are newer in the table were so in `known`.
    pub fn is_known(&self, known: &Self) -> bool {
        self.newer_in_table.keys().all(|row| known.newer_in_table.contains_key(row))
    }
}

//! Decides which rows a late init leaves unchanged.
//!
//! An init replaces everything, whatever the versions. But if it failed at first, others may have written
//! since. So a late init compares the table with what the init found when it first read it: rows that have
//! not changed are replaced, and of changed rows the newer version stays.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Decoded, Fingerprint, Item, RowKey, StoredRow};
use crate::writes::init_plan::KindData;
use crate::writes::pending::{Base, Data, kind_in};

/// The changes that a late init makes.
pub struct LateInit {
    /// The data to write. The rows that stay are `untouched` here.
    pub data: Vec<KindData>,
    /// Rows that have not changed, with their versions. Older items replace them, too.
    pub unchanged: HashMap<RowKey, f64>,
    /// The items of the rows that stay.
    pub untouched: Vec<(RowKey, Item)>,
}

impl LateInit {
    /// Plans the late init of `data`. `base` is what the init found at first, if it could read the table, and
    /// `existing` what is there now.
    pub fn new(data: &Data, base: Option<&Base>, existing: &[StoredRow]) -> Self {
        let base = base.filter(|base| !is_somebody_elses(base, data, existing));
        let mut late = Self {
            data: data.iter().map(|(_, kind)| (**kind).clone()).collect(),
            unchanged: HashMap::new(),
            untouched: Vec::new(),
        };
        for stored in existing {
            let mut kinds = data.iter().zip(&mut late.data);
            let Some((_, kind)) = kinds.find(|((of, _), _)| *of == stored.key.namespace) else {
                continue;
            };
            let now = Fingerprint::of(stored);
            let item = kind.items.get(&stored.key.key);
            if base.is_some_and(|base| base.get(&stored.key) == Some(&now)) {
                late.unchanged.extend(now.version.map(|version| (stored.key.clone(), version)));
                continue;
            }
            let found = match stored.decode() {
                Decoded::Item(found) => Some(found),
                Decoded::NotOurs | Decoded::Unreadable(_) => None,
            };
            let stays = match (item, &found) {
                (Some(item), Some(found)) => found.version > item.version,
                // Without `base`, rows that were added since cannot be recognised.
                (None, _) => base.is_some(),
                (Some(_), None) => false,
            };
            if stays {
                kind.items.remove(&stored.key.key);
                kind.untouched.insert(Arc::clone(&stored.key.key));
                late.untouched.extend(found.map(|found| (stored.key.clone(), found)));
            }
        }
        late
    }
}

/// Returns whether another process has replaced all data since, maybe with another environment's: versions
/// went back or rows are gone, and this init did not cause it.
fn is_somebody_elses(base: &Base, data: &Data, existing: &[StoredRow]) -> bool {
    let existing: HashMap<&RowKey, &StoredRow> =
        existing.iter().map(|row| (&row.key, row)).collect();
    let item = |row: &RowKey| kind_in(data, &row.namespace)?.items.get(&row.key);
    base.iter().any(|(row, then)| match existing.get(row) {
        None => item(row).is_some(),
        Some(now) => {
            now.version < then.version && !item(row).is_some_and(|item| now.is_same_as(item))
        }
    })
}

#[cfg(test)]
mod tests;

//! What an init leaves alone that comes in late.
//!
//! An init replaces everything, whatever the versions. But when it could not do so at once, others may
//! have gone on writing. So it is compared what the table holds now with what it held when the init
//! first read it: what has not changed is replaced; of what has, the newer stays.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Decoded, Fingerprint, Item, RowKey, StoredRow};
use crate::writes::init_plan::KindData;
use crate::writes::pending::{Base, Data, kind_in};

/// An init as it is to be brought in late.
pub struct LateInit {
    /// What it writes. The rows that it leaves alone are untouched here.
    pub data: Vec<KindData>,
    /// Rows that are as they were, by their versions: they are replaced by older items too.
    pub unchanged: HashMap<RowKey, f64>,
    /// The items of the rows that it leaves alone.
    pub left: Vec<(RowKey, Item)>,
}

impl LateInit {
    /// The init of `data`, with what it found at first, if it could read, and what there is now.
    pub fn new(data: &Data, base: Option<&Base>, existing: &[StoredRow]) -> Self {
        let base = base.filter(|base| !is_somebody_elses(base, data, existing));
        let mut late = Self {
            data: data.iter().map(|(_, kind)| (**kind).clone()).collect(),
            unchanged: HashMap::new(),
            left: Vec::new(),
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
                // Without knowing what was there, nobody can tell what has come since.
                (None, _) => base.is_some(),
                (Some(_), None) => false,
            };
            if stays {
                kind.items.remove(&stored.key.key);
                kind.untouched.insert(Arc::clone(&stored.key.key));
                late.left.extend(found.map(|found| (stored.key.clone(), found)));
            }
        }
        late
    }
}

/// Whether somebody has replaced everything since, maybe by another environment's data: versions went
/// back, or rows are gone, other than by this init's own doing.
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

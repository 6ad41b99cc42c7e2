//! The flags and segments of one LaunchDarkly environment, and their history.

use std::collections::BTreeMap;

use crate::model::{RowKey, StoredRow};
use crate::store::NewItems;

/// What is in the table.
pub type Rows = BTreeMap<RowKey, StoredRow>;

/// The items of the environment: kind, key, and the indices of the items that each may refer to.
pub const ITEMS: [(&str, &str, &[usize]); 5] = [
    ("features", "a", &[1, 3]),
    ("features", "b", &[3]),
    ("features", "c", &[]),
    ("segments", "s", &[4]),
    ("segments", "t", &[]),
];

pub fn row(item: usize) -> RowKey {
    let (kind, key, _) = ITEMS[item];
    RowKey::new(kind, key)
}

/// Returns the index of the item in this row.
pub fn item_of(row: &RowKey) -> Option<usize> {
    ITEMS.iter().position(|(kind, key, _)| *kind == &*row.namespace && *key == &*row.key)
}

/// A version of an item.
#[derive(Clone, Debug)]
pub struct Change {
    pub item: usize,
    pub version: u32,
    pub deleted: bool,
    /// The items that this version refers to, in the versions that they had when it was created.
    pub refers_to: Vec<(usize, u32)>,
}

impl Change {
    pub fn json(&self) -> String {
        let (_, key, _) = ITEMS[self.item];
        let version = self.version;
        let key_of = |item: usize| ITEMS[item].1;
        let of_kind = |kind: &str| {
            let refers = self.refers_to.iter().map(|(item, _)| *item);
            let keys: Vec<_> = refers.filter(|item| ITEMS[*item].0 == kind).map(key_of).collect();
            keys
        };
        let prerequisites: Vec<_> =
            of_kind("features").iter().map(|key| format!(r#"{{"key":"{key}"}}"#)).collect();
        let segments: Vec<_> = of_kind("segments").iter().map(|key| format!("{key:?}")).collect();
        format!(
            r#"{{"key":"{key}","version":{version},"prerequisites":[{}],"rules":[{{"clauses":[{{"op":"segmentMatch","values":[{}]}}]}}]}}"#,
            prerequisites.join(","),
            segments.join(",")
        )
    }
}

/// A simulated LaunchDarkly environment.
#[derive(Default)]
pub struct Model {
    pub changes: Vec<Change>,
}

impl Model {
    /// Returns the newest version of an item.
    pub fn newest(&self, item: usize) -> Option<&Change> {
        self.changes.iter().rev().find(|change| change.item == item)
    }

    /// Returns the newest version of an item unless that is a deletion.
    pub fn live(&self, item: usize) -> Option<&Change> {
        self.newest(item).filter(|change| !change.deleted)
    }

    pub fn change(&self, item: usize, version: u32) -> Option<&Change> {
        self.changes.iter().find(|change| change.item == item && change.version == version)
    }

    /// Returns whether an item was deleted after this version.
    pub fn deleted_after(&self, item: usize, version: u32) -> bool {
        self.changes.iter().any(|c| c.item == item && c.deleted && c.version > version)
    }

    /// Creates a new version of an item. Deletes the item instead if this is wanted and nothing
    /// refers to it.
    pub fn publish(&mut self, item: usize, wants_deletion: bool, refer: bool) {
        let version = self.newest(item).map_or(1, |newest| newest.version + 1);
        let referred = (0..ITEMS.len()).filter_map(|other| self.live(other));
        let is_referred_to = referred.flat_map(|c| &c.refers_to).any(|(to, _)| *to == item);
        let deleted = wants_deletion && !is_referred_to && self.live(item).is_some();
        let refers_to = ITEMS[item].2.iter().filter(|_| refer && !deleted);
        let refers_to = refers_to.filter_map(|to| Some((*to, self.live(*to)?.version))).collect();
        self.changes.push(Change { item, version, deleted, refers_to });
    }

    /// Returns the data set that an SDK hands over.
    pub fn data_set(&self) -> Vec<NewItems> {
        ["features", "segments"]
            .map(|kind| {
                let of_kind = (0..ITEMS.len()).filter(|item| ITEMS[*item].0 == kind);
                let items = of_kind.filter_map(|item| self.live(item));
                let items = items.map(|c| format!("{:?}:{}", ITEMS[c.item].1, c.json()));
                let json = format!("{{{}}}", items.collect::<Vec<_>>().join(","));
                NewItems { kind: kind.to_owned(), json }
            })
            .into()
    }
}

//! Export and import for the command line: the items of a table, and what an import would write. Their JSON.

use std::collections::{BTreeMap, HashMap};

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::dynamodb::Write;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Decoded, Item, Layout, RowKey, StoredRow};
use crate::writes::init_plan::{KindData, plan};

/// Returns the JSON of a row: `{ version, deleted, json }`, or `{ unreadable }` with the reason.
pub fn item(row: &StoredRow) -> Value {
    match row.decode() {
        Decoded::Item(item) => json!({
            "version": item.version,
            "deleted": item.deleted,
            "json": &*item.json,
        }),
        Decoded::NotOurs => json!({ "unreadable": "it is another program's" }),
        Decoded::Unreadable(reason) => json!({ "unreadable": reason }),
    }
}

/// The flags and segments of an import.
pub struct Import {
    kinds: Vec<KindData>,
}

impl Import {
    /// Reads the items: pairs of a kind and the JSON text of an object of items by key.
    ///
    /// Fails with `InvalidData` for an item that can't be stored, and with `TooLarge` for one that is too large.
    pub fn read(layout: &Layout, data: &[(&str, String)]) -> Result<Self> {
        let kinds = data.iter().map(|(kind, json)| {
            let items: BTreeMap<String, &RawValue> = serde_json::from_str(json).map_err(|_| {
                Error::new(ErrorKind::InvalidData, format!("the {kind} are not an object of items"))
            })?;
            let items = items.into_iter().map(|(key, json)| {
                let row = RowKey::new(layout.namespace(kind), key.as_str());
                let in_row = |failure: Error| {
                    Error::new(failure.kind, format!("{row}: {}", failure.message()))
                };
                let (key, item) = Item::from_sdk(json.get(), Some(&key)).map_err(in_row)?;
                item.check_size(&row).map_err(in_row)?;
                Ok((key, item))
            });
            let items = items.collect::<Result<_>>()?;
            Ok(KindData { kind: (*kind).to_owned(), items, ..KindData::default() })
        });
        Ok(Self { kinds: kinds.collect::<Result<_>>()? })
    }

    /// Returns what an init with these items would do, as JSON: `{ puts, deletes, unchanged, marker }`. The first two
    /// are lists of `{ namespace, key, version, was }`: the new version and that in the table, `null` for none.
    pub fn plan(&self, layout: &Layout, existing: &[StoredRow], marker_exists: bool) -> Value {
        let was: HashMap<&RowKey, f64> = existing
            .iter()
            .filter_map(|row| match row.decode() {
                Decoded::Item(item) => Some((&row.key, item.version)),
                Decoded::NotOurs | Decoded::Unreadable(_) => None,
            })
            .collect();
        let row = |row: &RowKey, version: Option<f64>| {
            json!({
                "namespace": &*row.namespace,
                "key": &*row.key,
                "version": version,
                "was": was.get(row),
            })
        };
        let (mut puts, mut deletes, mut marker) = (Vec::new(), Vec::new(), false);
        for write in plan(layout, &self.kinds, existing, marker_exists).into_iter().flatten() {
            match &write {
                Write::Put(key, item) => puts.push(row(key, Some(item.version))),
                Write::Delete(key) => deletes.push(row(key, None)),
                Write::PutMarker(_) => marker = true,
            }
        }
        let total: usize = self.kinds.iter().map(|kind| kind.items.len()).sum();
        json!({
            "unchanged": total.saturating_sub(puts.len()),
            "puts": puts,
            "deletes": deletes,
            "marker": marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FEATURES, ItemAttribute, SEGMENTS};

    fn stored(namespace: &str, key: &str, version: f64, json: &str) -> StoredRow {
        StoredRow {
            key: RowKey::new(namespace, key),
            version: Some(version),
            item: ItemAttribute::Text(json.into()),
            deleted: false,
        }
    }

    fn import(flags: &str, segments: &str) -> Result<Import> {
        let data = [(FEATURES, flags.to_owned()), (SEGMENTS, segments.to_owned())];
        Import::read(&Layout::new("p"), &data)
    }

    #[test]
    fn a_plan_says_which_rows_an_init_would_change() {
        let existing = [
            stored("p:features", "same", 2.0, r#"{"version":2,"key":"same"}"#),
            stored("p:features", "older", 7.0, r#"{"key":"older","version":7}"#),
            stored("p:segments", "gone", 3.0, r#"{"key":"gone","version":3}"#),
        ];
        let import = import(
            r#"{"same":{"key":"same","version":2},"older":{"key":"older","version":1}}"#,
            r#"{"new":{"key":"new","version":1}}"#,
        );
        let plan = import.unwrap().plan(&Layout::new("p"), &existing, true);
        let row = |namespace: &str, key: &str, version: Option<f64>, was: Option<f64>| json!({ "namespace": namespace, "key": key, "version": version, "was": was });
        assert_eq!(
            plan,
            json!({
                "puts": [
                    row("p:segments", "new", Some(1.0), None),
                    row("p:features", "older", Some(1.0), Some(7.0)),
                ],
                "deletes": [row("p:segments", "gone", None, Some(3.0))],
                "unchanged": 1,
                "marker": false,
            })
        );
    }

    #[test]
    fn an_item_that_cannot_be_stored_is_named() {
        let large = format!(r#"{{"a":{{"key":"a","version":1,"x":"{}"}}}}"#, "x".repeat(400_000));
        let failure = import(&large, "{}").err().unwrap();
        assert_eq!(failure.kind, ErrorKind::TooLarge);
        assert!(failure.message().starts_with(r#""a" in "p:features": it takes "#));
        let failure = import("{}", r#"{"":{"version":1}}"#).err().unwrap();
        assert_eq!(failure.kind, ErrorKind::InvalidData);
    }
}

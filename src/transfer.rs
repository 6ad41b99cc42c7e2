//! Export, import and sync for the command line: the items of a table, and what would be written. Their JSON.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::dynamodb::Write;
use crate::error::Result;
use crate::model::{Decoded, Layout, RowKey, StoredRow};
use crate::store::SyncRules;
use crate::writes::init_plan::plan;
use crate::writes::payload::Payload;

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

/// Returns what a sync would do, as JSON: `{ puts, deletes, unchanged, newer, tooLarge, marker }`. All but `unchanged`,
/// a number, and `marker` are lists of `{ namespace, key, version, was }`: the new version and that in the table, `null`
/// for none. Unless the rules allow it, rows stay that are newer in the table. Fails where the sync would refuse the data.
pub fn planned(
    layout: &Layout,
    data: Payload,
    existing: &[StoredRow],
    marker_exists: bool,
    rules: SyncRules,
) -> Result<Value> {
    let Payload { mut kinds, too_large } = data;
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
    rules.check_empty(layout, &kinds, existing)?;
    let compared = rules.keep_newer(layout, &mut kinds, existing);
    compared.check()?;
    let newer = compared.rows().into_iter().map(|key| {
        let version = compared.newer_in_table.get(&key).copied();
        row(&key, version)
    });
    let (mut puts, mut deletes, mut marker) = (Vec::new(), Vec::new(), false);
    for write in plan(layout, &kinds, existing, marker_exists).into_iter().flatten() {
        match &write {
            Write::Put(key, item) => puts.push(row(key, Some(item.version))),
            Write::Delete(key) => deletes.push(row(key, None)),
            Write::PutMarker(_) => marker = true,
        }
    }
    let total: usize = kinds.iter().map(|kind| kind.items.len()).sum();
    Ok(json!({
        "unchanged": total.saturating_sub(puts.len()),
        "puts": puts,
        "deletes": deletes,
        "newer": newer.collect::<Vec<_>>(),
        "tooLarge": too_large.iter().map(|key| row(key, None)).collect::<Vec<_>>(),
        "marker": marker,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::ItemAttribute;

    fn stored(namespace: &str, key: &str, version: f64, json: &str) -> StoredRow {
        StoredRow {
            key: RowKey::new(namespace, key),
            version: Some(version),
            item: ItemAttribute::Text(json.into()),
            deleted: false,
        }
    }

    fn row(namespace: &str, key: &str, version: Option<f64>, was: Option<f64>) -> Value {
        json!({ "namespace": namespace, "key": key, "version": version, "was": was })
    }

    #[test]
    fn a_plan_says_which_rows_would_change() {
        let layout = Layout::new("p");
        let existing = [
            stored("p:features", "same", 2.0, r#"{"version":2,"key":"same"}"#),
            stored("p:features", "newer", 7.0, r#"{"key":"newer","version":7}"#),
            stored("p:segments", "gone", 3.0, r#"{"key":"gone","version":3}"#),
        ];
        let large = "x".repeat(400_000);
        let json = format!(
            r#"{{
                "flags": {{
                    "same": {{"key":"same","version":2}},
                    "newer": {{"key":"newer","version":1}},
                    "large": {{"version":1,"x":"{large}"}}
                }},
                "segments": {{"new": {{"key":"new","version":1}}}}
            }}"#
        );
        let plan = |allow_older| {
            let data = Payload::read(&layout, &json).unwrap();
            planned(&layout, data, &existing, true, SyncRules { allow_older, allow_empty: false })
        };
        let newer = row("p:features", "newer", Some(1.0), Some(7.0));
        let new = row("p:segments", "new", Some(1.0), None);
        let expected = |puts: Value, newer: Value| {
            json!({
                "puts": puts,
                "deletes": [row("p:segments", "gone", None, Some(3.0))],
                "unchanged": 1,
                "newer": newer,
                "tooLarge": [row("p:features", "large", None, None)],
                "marker": false,
            })
        };
        assert_eq!(plan(true).unwrap(), expected(json!([new, newer]), json!([])));
        // No row of the data is newer than in the table.
        assert_eq!(plan(false).unwrap_err().kind, ErrorKind::OlderData);
    }
}

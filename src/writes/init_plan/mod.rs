//! Plans which rows an init writes, and in which order.
//!
//! During an init, readers of the table must never find a flag before the items it refers to, nor the marker
//! before the data. DynamoDB has no transaction of that size, so the order of the writes ensures this:
//! segments, flags, deletes in the opposite order, the marker, each in waves of rows that may be written in
//! any order.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

use crate::dynamodb::Write;
use crate::model::{FEATURES, Item, ItemAttribute, Layout, RowKey, StoredRow, references};

/// The new items of one kind.
#[derive(Clone, Debug, Default)]
pub struct KindData {
    /// The kind, without the prefix.
    pub kind: String,
    /// The items by key.
    pub items: BTreeMap<Arc<str>, Item>,
    /// Keys whose rows stay as they are, for example because their new items cannot be stored.
    pub untouched: HashSet<Arc<str>>,
}

/// Returns the waves of writes that turn the rows of these kinds under this prefix into the new data. A wave
/// may start when all of the one before it is in the table.
pub fn plan(
    layout: &Layout,
    data: &[KindData],
    existing: &[StoredRow],
    marker_exists: bool,
) -> Vec<Vec<Write>> {
    let existing_by_key: HashMap<&RowKey, &StoredRow> =
        existing.iter().map(|row| (&row.key, row)).collect();
    let puts = |kind: &KindData| -> Vec<Row> {
        let namespace = layout.namespace(&kind.kind);
        let rows = kind.items.iter().map(|(key, item)| {
            let row = RowKey { namespace: namespace.clone(), key: key.clone() };
            (row, item)
        });
        rows.filter(|(row, item)| {
            existing_by_key.get(row).is_none_or(|stored| !stored.is_same_as(item))
        })
        .map(|(row, item)| Row {
            kind: kind.kind.clone(),
            json: item.json.clone(),
            write: Write::Put(row, item.clone()),
        })
        .collect()
    };
    let deletes = |kind: &KindData| -> Vec<Row> {
        let namespace = layout.namespace(&kind.kind);
        let rows = existing.iter().filter(|stored| stored.key.namespace == namespace);
        rows.filter(|stored| is_gone(stored, kind))
            .map(|stored| Row::stored(kind, stored))
            .collect()
    };
    let (flags, others): (Vec<&KindData>, Vec<&KindData>) =
        data.iter().partition(|kind| kind.kind == FEATURES);
    let in_waves = |kinds: &[&KindData], rows: &dyn Fn(&KindData) -> Vec<Row>| {
        self::waves(layout, kinds.iter().flat_map(|kind| rows(kind)).collect())
    };
    let mut waves = in_waves(&others, &puts);
    waves.extend(in_waves(&flags, &puts));
    waves.extend(in_waves(&flags, &deletes).into_iter().rev());
    waves.extend(in_waves(&others, &deletes).into_iter().rev());
    if !marker_exists {
        waves.push(vec![Write::PutMarker(layout.marker())]);
    }
    waves
}

/// Returns whether the new data lacks this row. A row that is not an item stays: it is not ours.
fn is_gone(stored: &StoredRow, kind: &KindData) -> bool {
    let key = &stored.key.key;
    stored.item != ItemAttribute::Binary
        && !kind.items.contains_key(key)
        && !kind.untouched.contains(key)
}

/// A row to write or delete, and the JSON that shows what it refers to.
struct Row {
    kind: String,
    json: Arc<str>,
    write: Write,
}

impl Row {
    /// Returns a row to delete.
    fn stored(kind: &KindData, stored: &StoredRow) -> Self {
        let json = match &stored.item {
            ItemAttribute::Text(text) => text.clone(),
            _ => "".into(),
        };
        Self { kind: kind.kind.clone(), json, write: Write::Delete(stored.key.clone()) }
    }
}

/// Sorts the rows into waves, each row after the rows it refers to. Rows that refer to each other in a circle
/// share a wave.
fn waves(layout: &Layout, rows: Vec<Row>) -> Vec<Vec<Write>> {
    let mut graph = DiGraph::<(), ()>::with_capacity(rows.len(), 0);
    let nodes: Vec<_> = rows.iter().map(|_| graph.add_node(())).collect();
    let by_row: HashMap<&RowKey, _> = rows.iter().map(|row| row.write.row()).zip(&nodes).collect();
    for (row, &node) in rows.iter().zip(&nodes) {
        for (kind, key) in references(&row.kind, &row.json) {
            let target = RowKey::new(layout.namespace(kind), key);
            if let Some(&&target) = by_row.get(&target) {
                graph.add_edge(node, target, ());
            }
        }
    }
    // `kosaraju_scc` returns each circle as one group, and every group after the groups it refers to.
    let mut wave_of = HashMap::new();
    for group in kosaraju_scc(&graph) {
        let targets = group.iter().flat_map(|&node| graph.neighbors(node));
        let wave =
            targets.filter_map(|target| wave_of.get(&target)).max().map_or(0, |last| last + 1);
        wave_of.extend(group.into_iter().map(|node| (node, wave)));
    }
    let mut waves = BTreeMap::<usize, Vec<Write>>::new();
    for (row, node) in rows.into_iter().zip(nodes) {
        let wave = wave_of.get(&node).copied().unwrap_or_default();
        waves.entry(wave).or_default().push(row.write);
    }
    waves.into_values().collect()
}

#[cfg(test)]
mod tests;

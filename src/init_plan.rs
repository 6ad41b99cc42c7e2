//! Which rows an init writes, and in which order.
//!
//! Readers that look at the table while it is being initialised must never find a flag before what it
//! refers to, nor the marker before the data. DynamoDB has no transaction of that size, so the order
//! of the writes has to see to it: segments, flags, deletes, the marker, each in waves of rows that
//! may be written in any order.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

use crate::dynamodb::Write;
use crate::references::{FEATURES, references};
use crate::row::{Item, ItemAttribute, Layout, RowKey, StoredRow};

/// The new items of one kind.
#[derive(Debug, Default)]
pub struct KindData {
    /// The kind, without the prefix.
    pub kind: String,
    /// The items by key.
    pub items: BTreeMap<Arc<str>, Item>,
    /// Keys whose rows stay as they are: their new items can't be stored.
    pub untouched: HashSet<Arc<str>>,
}

/// The waves of writes that turn what is in the table, under this prefix and for these kinds, into
/// the new data. Each wave may begin when all of the one before it is in.
pub fn plan(
    layout: &Layout,
    data: &[KindData],
    existing: &[StoredRow],
    marker_exists: bool,
) -> Vec<Vec<Write>> {
    let existing_by_key: HashMap<&RowKey, &StoredRow> =
        existing.iter().map(|row| (&row.key, row)).collect();
    let puts = |kind: &KindData| -> Vec<Put> {
        let namespace = layout.namespace(&kind.kind);
        let rows = kind.items.iter().map(|(key, item)| {
            let row = RowKey {
                namespace: namespace.clone(),
                key: key.clone(),
            };
            (row, item)
        });
        rows.filter(|(row, item)| {
            existing_by_key
                .get(row)
                .is_none_or(|stored| !stored.is_same_as(item))
        })
        .map(|(row, item)| Put {
            kind: kind.kind.clone(),
            row,
            item: item.clone(),
        })
        .collect()
    };
    let (flags, others): (Vec<&KindData>, Vec<&KindData>) =
        data.iter().partition(|kind| kind.kind == FEATURES);
    let mut waves = waves(layout, others.into_iter().flat_map(puts).collect());
    waves.extend(self::waves(
        layout,
        flags.into_iter().flat_map(puts).collect(),
    ));

    waves.push(deletes(layout, data, existing));
    if !marker_exists {
        waves.push(vec![Write::PutMarker(layout.marker())]);
    }
    waves.retain(|wave| !wave.is_empty());
    waves
}

/// The rows that the new data doesn't have. What is no item stays: it isn't ours.
fn deletes(layout: &Layout, data: &[KindData], existing: &[StoredRow]) -> Vec<Write> {
    let by_namespace: HashMap<Arc<str>, &KindData> = data
        .iter()
        .map(|kind| (layout.namespace(&kind.kind), kind))
        .collect();
    existing
        .iter()
        .filter(|stored| stored.item != ItemAttribute::Binary)
        .filter(|stored| {
            by_namespace.get(&stored.key.namespace).is_some_and(|kind| {
                let key = &stored.key.key;
                !kind.items.contains_key(key) && !kind.untouched.contains(key)
            })
        })
        .map(|stored| Write::Delete(stored.key.clone()))
        .collect()
}

struct Put {
    kind: String,
    row: RowKey,
    item: Item,
}

/// Puts in waves, each item in a later wave than what it refers to. Items that refer to one another
/// in a circle are one wave.
fn waves(layout: &Layout, puts: Vec<Put>) -> Vec<Vec<Write>> {
    let mut graph = DiGraph::<(), ()>::with_capacity(puts.len(), 0);
    let nodes: HashMap<RowKey, _> = puts
        .iter()
        .map(|put| (put.row.clone(), graph.add_node(())))
        .collect();
    for put in &puts {
        for (kind, key) in references(&put.kind, &put.item.json) {
            let target = RowKey::new(layout.namespace(kind), key);
            if let Some(&target) = nodes.get(&target) {
                graph.add_edge(nodes[&put.row], target, ());
            }
        }
    }
    // What refers to one another in a circle comes as one group, and the groups come in an order in
    // which each has behind it what it refers to.
    let groups = kosaraju_scc(&graph);
    let mut group_of = vec![0; puts.len()];
    for (number, group) in groups.iter().enumerate() {
        for node in group {
            group_of[node.index()] = number;
        }
    }
    let mut wave_of_group = vec![0; groups.len()];
    for (number, group) in groups.iter().enumerate() {
        wave_of_group[number] = group
            .iter()
            .flat_map(|&node| graph.neighbors(node))
            .map(|target| group_of[target.index()])
            .filter(|&target| target != number)
            .map(|target| wave_of_group[target] + 1)
            .max()
            .unwrap_or(0);
    }
    let count = wave_of_group.iter().max().map_or(0, |last| last + 1);
    let mut waves = vec![Vec::new(); count];
    for (put, group) in puts.into_iter().zip(group_of) {
        waves[wave_of_group[group]].push(Write::Put(put.row, put.item));
    }
    waves
}

#[cfg(test)]
#[path = "init_plan_tests.rs"]
mod tests;

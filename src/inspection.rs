//! The description and the contents of a table for the command line, and their JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::{Decoded, MAX_ROW_SIZE, RowKey, StoredRow};

/// Rows of at least this share of [`MAX_ROW_SIZE`] are reported as large.
const LARGE: f64 = 0.8;
/// The number of bytes that a strongly consistent read returns for one read unit, and any other for half a unit.
const BYTES_PER_READ_UNIT: usize = 4096;
/// The number of bytes that a write unit is for.
const BYTES_PER_WRITE_UNIT: usize = 1024;
/// The units of each read and write of the init marker.
const MARKER_UNITS: usize = 1;
/// The bytes that LaunchDarkly SDKs add to the size of a row's attributes.
const OVERHEAD: usize = 100;
/// How many rows of one sort are listed. Further rows are only counted.
const MOST_NAMED: usize = 100;

/// One attribute of a table's key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyAttribute {
    pub name: String,
    /// `HASH` or `RANGE`.
    pub role: String,
    /// `S`, `N` or `B`.
    pub kind: String,
}

/// The billing mode of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Billing {
    /// On-demand capacity.
    OnDemand,
    /// Provisioned read and write capacity units per second.
    Provisioned(u32, u32),
}

/// The settings of a table to create.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTable {
    pub billing: Billing,
    /// Keys and values.
    pub tags: Vec<(String, String)>,
    pub deletion_protection: bool,
}

/// DynamoDB's description of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// `ACTIVE` when it can be used.
    pub status: String,
    /// The partition key and the sort key, if any.
    pub keys: Vec<KeyAttribute>,
    pub billing: Billing,
    /// The approximate number of rows. DynamoDB counts them every few hours.
    pub rows: u64,
    /// The approximate size in bytes.
    pub bytes: u64,
}

impl Description {
    /// Returns whether stores can use a table with these keys.
    pub fn has_right_keys(&self) -> bool {
        let is = |key: &KeyAttribute, name: &str, role: &str| {
            key.name == name && key.role == role && key.kind == "S"
        };
        match &self.keys[..] {
            [partition, sort] => is(partition, "namespace", "HASH") && is(sort, "key", "RANGE"),
            _ => false,
        }
    }

    /// Returns the JSON for the command line.
    pub fn to_json(&self) -> Value {
        let keys = self.keys.iter().map(
            |KeyAttribute { name, role, kind }| json!({ "name": name, "role": role, "type": kind }),
        );
        let billing = match self.billing {
            Billing::OnDemand => json!("on-demand"),
            Billing::Provisioned(read, write) => json!({ "read": read, "write": write }),
        };
        json!({
            "status": self.status,
            "keys": keys.collect::<Vec<_>>(),
            "hasRightKeys": self.has_right_keys(),
            "billing": billing,
            "rows": self.rows,
            "bytes": self.bytes,
        })
    }
}

/// The identity and region of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// The AWS region.
    pub region: String,
    /// The URL that requests are sent to.
    pub endpoint: String,
    /// The ID of the access key that requests are signed with.
    pub access_key_id: String,
}

/// A row and the size of its attributes' names and values.
#[derive(Clone, Debug, PartialEq)]
pub struct SizedRow {
    pub row: StoredRow,
    /// The size in bytes.
    pub bytes: usize,
}

/// A page of rows.
#[derive(Clone, Debug, Default)]
pub struct RowPage {
    pub rows: Vec<SizedRow>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<RowKey>,
}

/// The contents of a table.
#[derive(Debug, Default)]
pub struct Inspection {
    rows: usize,
    bytes: usize,
    prefixes: BTreeMap<String, PrefixReport>,
    /// The number of rows that neither SDKs nor the Relay Proxy write, by namespace.
    others: BTreeMap<String, usize>,
}

/// The contents under one prefix.
#[derive(Debug, Default)]
struct PrefixReport {
    initialized: bool,
    live: BTreeMap<&'static str, usize>,
    tombstones: usize,
    bytes: BTreeMap<&'static str, usize>,
    /// The units that writing all flags and segments takes.
    write_units: usize,
    unreadable: Named,
    large: Named,
    big_segments: BigSegmentsReport,
}

#[derive(Debug, Default)]
struct BigSegmentsReport {
    has_metadata: bool,
    memberships: usize,
}

/// Rows of which only the first are listed.
#[derive(Debug, Default)]
struct Named {
    count: usize,
    rows: Vec<Value>,
}

impl Named {
    fn add(&mut self, row: impl FnOnce() -> Value) {
        self.count += 1;
        if self.rows.len() < MOST_NAMED {
            self.rows.push(row());
        }
    }

    fn to_json(&self) -> Value {
        json!({ "count": self.count, "rows": self.rows })
    }
}

const FLAGS: &str = "features";
const SEGMENTS: &str = "segments";

/// The contents of a namespace.
enum Kind {
    Items(&'static str),
    Marker,
    BigSegmentsMetadata,
    BigSegmentsMemberships,
}

/// Splits a namespace into its prefix and its kind; `None` if the kind is unknown. A prefix may contain
/// colons.
fn parse(namespace: &str) -> Option<(&str, Kind)> {
    let (prefix, kind) = namespace.rsplit_once(':').unwrap_or(("", namespace));
    let kind = match kind {
        FLAGS => Kind::Items(FLAGS),
        SEGMENTS => Kind::Items(SEGMENTS),
        "$inited" => Kind::Marker,
        "big_segments_metadata" => Kind::BigSegmentsMetadata,
        "big_segments_user" => Kind::BigSegmentsMemberships,
        _ => return None,
    };
    Some((prefix, kind))
}

impl Inspection {
    /// Adds one row to the results.
    pub fn add(&mut self, SizedRow { row, bytes }: &SizedRow) {
        self.rows += 1;
        self.bytes += bytes;
        let Some((prefix, kind)) = parse(&row.key.namespace) else {
            *self.others.entry(row.key.namespace.to_string()).or_default() += 1;
            return;
        };
        let report = self.prefixes.entry(prefix.to_owned()).or_default();
        match kind {
            Kind::Marker => report.initialized = true,
            Kind::BigSegmentsMetadata => report.big_segments.has_metadata = true,
            Kind::BigSegmentsMemberships => report.big_segments.memberships += 1,
            Kind::Items(kind) => report.add_item(kind, row, *bytes),
        }
    }

    /// Returns the number of rows so far.
    pub fn row_count(&self) -> usize {
        self.rows
    }

    /// Returns the JSON for the command line.
    pub fn to_json(&self) -> Value {
        let prefixes = self.prefixes.iter().map(|(prefix, report)| report.to_json(prefix));
        let others = self
            .others
            .iter()
            .map(|(namespace, count)| json!({ "namespace": namespace, "rows": count }));
        json!({
            "rows": self.rows,
            "bytes": self.bytes,
            "prefixes": prefixes.collect::<Vec<_>>(),
            "others": others.collect::<Vec<_>>(),
        })
    }
}

impl PrefixReport {
    fn add_item(&mut self, kind: &'static str, row: &StoredRow, bytes: usize) {
        *self.bytes.entry(kind).or_default() += bytes;
        self.write_units += bytes.div_ceil(BYTES_PER_WRITE_UNIT);
        match row.decode() {
            Decoded::Item(item) if item.deleted => self.tombstones += 1,
            Decoded::Item(_) => *self.live.entry(kind).or_default() += 1,
            Decoded::NotOurs => {}
            Decoded::Unreadable(reason) => {
                self.unreadable.add(|| with_key(&row.key, [("reason", json!(reason))]));
            }
        }
        let size = bytes + OVERHEAD;
        let share = size as f64 / MAX_ROW_SIZE as f64;
        if share >= LARGE {
            self.large
                .add(|| with_key(&row.key, [("bytes", json!(size)), ("share", json!(share))]));
        }
    }

    /// Returns the units that strongly consistent reads of all flags and segments take. Each kind is one Query, which
    /// adds up the sizes of its rows before it rounds up, and takes one unit if there are none.
    fn read_units(&self) -> usize {
        let bytes = |kind| self.bytes.get(kind).copied().unwrap_or_default();
        [FLAGS, SEGMENTS].map(|kind| bytes(kind).div_ceil(BYTES_PER_READ_UNIT).max(1)).iter().sum()
    }

    fn to_json(&self, prefix: &str) -> Value {
        let count = |kind| self.live.get(kind).copied().unwrap_or_default();
        let read_units = self.read_units();
        // An init leaves a marker that is there.
        let marker = if self.initialized { 0 } else { MARKER_UNITS };
        json!({
            "prefix": prefix,
            "initialized": self.initialized,
            "flags": count(FLAGS),
            "segments": count(SEGMENTS),
            "tombstones": self.tombstones,
            "bytes": self.bytes.values().sum::<usize>(),
            "preload": { "readUnits": read_units as f64 / 2.0 },
            "init": { "readUnits": read_units + MARKER_UNITS, "writeUnits": self.write_units + marker },
            "unreadable": self.unreadable.to_json(),
            "large": self.large.to_json(),
            "bigSegments": {
                "synchronized": self.big_segments.has_metadata,
                "memberships": self.big_segments.memberships,
            },
        })
    }
}

/// Returns the JSON of a row: its key and these members.
fn with_key<const N: usize>(row: &RowKey, members: [(&str, Value); N]) -> Value {
    let key = [("namespace", json!(&*row.namespace)), ("key", json!(&*row.key))];
    key.into_iter().chain(members).collect()
}

/// Returns the JSON of a flag or segment in a list.
pub fn listed(SizedRow { row, bytes }: &SizedRow) -> Value {
    let unreadable =
        |reason: &str| with_key(&row.key, [("unreadable", json!(reason)), ("bytes", json!(bytes))]);
    match row.decode() {
        Decoded::Item(item) => {
            let json = serde_json::from_str::<Value>(&item.json).ok();
            let on = json.and_then(|json| json.get("on")?.as_bool());
            with_key(
                &row.key,
                [
                    ("version", json!(item.version)),
                    ("deleted", json!(item.deleted)),
                    ("on", json!(on)),
                    ("bytes", json!(bytes)),
                ],
            )
        }
        Decoded::NotOurs => unreadable("it is another program's"),
        Decoded::Unreadable(reason) => unreadable(&reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ItemAttribute;

    fn row(namespace: &str, key: &str, item: &str) -> SizedRow {
        let row = StoredRow {
            key: RowKey::new(namespace, key),
            version: Some(1.0),
            item: ItemAttribute::Text(item.into()),
            deleted: false,
        };
        SizedRow { row, bytes: item.len() }
    }

    fn marker(namespace: &str) -> SizedRow {
        let key = RowKey::new(namespace, namespace);
        let row = StoredRow { key, version: None, item: ItemAttribute::Absent, deleted: false };
        SizedRow { row, bytes: 2 * namespace.len() }
    }

    fn inspected(rows: &[SizedRow]) -> Value {
        let mut inspection = Inspection::default();
        for row in rows {
            inspection.add(row);
        }
        inspection.to_json()
    }

    #[test]
    fn rows_are_counted_by_prefix_and_kind() {
        let report = inspected(&[
            marker("$inited"),
            row("features", "a", r#"{"key":"a","version":1,"on":true}"#),
            row("features", "b", r#"{"key":"b","version":1,"deleted":true}"#),
            row("segments", "s", r#"{"key":"s","version":1}"#),
            row("eu:prod:features", "a", "null"),
            row("eu:prod:segments", "s", "no JSON"),
            marker("eu:prod:big_segments_metadata"),
            row("eu:prod:big_segments_user", "hash", ""),
            row("auto-config", "x", ""),
        ]);
        let prefixes = report["prefixes"].as_array().unwrap();
        assert_eq!(prefixes.len(), 2);
        let (none, prod) = (&prefixes[0], &prefixes[1]);
        assert_eq!((&none["prefix"], &none["initialized"]), (&json!(""), &json!(true)));
        assert_eq!((&none["flags"], &none["segments"]), (&json!(1), &json!(1)));
        assert_eq!(none["tombstones"], 1);
        assert_eq!((&prod["prefix"], &prod["initialized"]), (&json!("eu:prod"), &json!(false)));
        assert_eq!((&prod["flags"], &prod["tombstones"]), (&json!(0), &json!(1)));
        assert_eq!(prod["unreadable"]["count"], 1);
        assert_eq!(prod["unreadable"]["rows"][0]["key"], "s");
        assert_eq!(prod["bigSegments"], json!({ "synchronized": true, "memberships": 1 }));
        assert_eq!(report["others"], json!([{ "namespace": "auto-config", "rows": 1 }]));
        assert_eq!(report["rows"], 9);
    }

    #[test]
    fn costs_are_rounded_up_for_each_query_and_each_written_row() {
        let of =
            |length: usize| format!(r#"{{"key":"a","version":1,"x":"{}"}}"#, "x".repeat(length));
        let report = inspected(&[
            row("features", "a", &of(3000)),
            row("features", "b", &of(3000)),
            row("segments", "s", "{}"),
            marker("other:$inited"),
        ]);
        let [some, none] = [0, 1].map(|i| &report["prefixes"][i]);
        assert_eq!(some["preload"], json!({ "readUnits": 1.5 }));
        assert_eq!(some["init"], json!({ "readUnits": 4, "writeUnits": 8 }));
        assert_eq!(none["preload"], json!({ "readUnits": 1.0 }));
        assert_eq!(none["init"], json!({ "readUnits": 3, "writeUnits": 0 }));
    }

    #[test]
    fn rows_near_the_limit_are_named() {
        let item = format!(r#"{{"key":"a","version":1,"x":"{}"}}"#, "x".repeat(390_000));
        let report = inspected(&[row("features", "a", &item), row("features", "b", "{}")]);
        let large = &report["prefixes"][0]["large"];
        assert_eq!((&large["count"], &large["rows"][0]["key"]), (&json!(1), &json!("a")));
        let share = large["rows"][0]["share"].as_f64().unwrap();
        assert!((0.97..0.98).contains(&share), "{share}");
    }

    #[test]
    fn only_the_two_keys_of_stores_are_right() {
        let key = |name: &str, role: &str, kind: &str| KeyAttribute {
            name: name.into(),
            role: role.into(),
            kind: kind.into(),
        };
        let with = |keys: Vec<KeyAttribute>| {
            let billing = Billing::OnDemand;
            Description { status: "ACTIVE".into(), keys, billing, rows: 0, bytes: 0 }
        };
        let (namespace, sort) = (key("namespace", "HASH", "S"), key("key", "RANGE", "S"));
        assert!(with(vec![namespace.clone(), sort.clone()]).has_right_keys());
        assert!(!with(vec![namespace.clone()]).has_right_keys());
        assert!(!with(vec![namespace.clone(), key("key", "RANGE", "N")]).has_right_keys());
        assert!(
            !with(vec![key("namespace", "RANGE", "S"), key("key", "HASH", "S")]).has_right_keys()
        );
        assert!(!with(vec![namespace, key("id", "RANGE", "S")]).has_right_keys());
    }

    #[test]
    fn a_list_shows_each_item() {
        let live = listed(&row("features", "a", r#"{"key":"a","version":1,"on":false}"#));
        assert_eq!(
            (&live["key"], &live["on"], &live["version"]),
            (&json!("a"), &json!(false), &json!(1.0))
        );
        let bad = listed(&row("features", "b", ""));
        assert!(bad["unreadable"].is_string());
    }
}

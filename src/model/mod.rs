//! Items, and the rows that hold them.
//!
//! The table layout is the one that every LaunchDarkly SDK and the Relay Proxy share:
//!
//! | attribute | content |
//! | --- | --- |
//! | `namespace` (partition key) | the kind, `features` or `segments`, after `prefix:` if there is a prefix |
//! | `key` (sort key) | the item's key |
//! | `version` (N) | the item's version |
//! | `item` (S) | the whole item as JSON text, stored unchanged |
//!
//! The init marker is a row without `version` and `item`. It means that a process has initialised this
//! prefix. It has its own partition, so no Query for a kind returns it.

mod item;
mod json;
mod layout;
mod nulls;
mod references;
mod stored_row;

pub use item::{Item, MAX_ROW_SIZE, number};
pub use json::{replace_lone_surrogates, same_content};
pub use layout::{Layout, MAX_KEY_SIZE, RowKey};
pub use nulls::{KeptNulls, without_nulls};
pub use references::{FEATURES, SEGMENTS, references};
pub use stored_row::{Decoded, Fingerprint, ItemAttribute, StoredRow};

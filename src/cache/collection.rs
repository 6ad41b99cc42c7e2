//! All live items of a namespace, and their changes since they were last sent to JavaScript.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use super::{Cached, Seq};
use crate::clock::Millis;

/// The live items of a kind by key. The map is persistent: a copy that was handed out never changes, and a
/// change, which happens on JavaScript's thread, does not copy the other items.
pub type Items = RedBlackTreeMapSync<Arc<str>, Cached>;

/// All live items of a namespace as a Query found them, with later changes by single reads and writes.
pub(super) struct Collection {
    pub items: Arc<Items>,
    pub read_at: Millis,
    /// When the Query was sent.
    pub sent: Seq,
}

impl Collection {
    /// Applies the current state of one row. Returns whether the collection changed.
    pub fn follow(&mut self, key: &Arc<str>, now: Option<&Cached>) -> bool {
        let live = now.filter(|cached| !cached.item.deleted);
        let same = match (live, self.items.get(key)) {
            (Some(now), Some(known)) => same_text(now, known),
            (None, None) => true,
            _ => false,
        };
        if !same {
            set(Arc::make_mut(&mut self.items), key, live);
        }
        !same
    }
}

/// Inserts a live item. Removes the key of a missing item or a tombstone.
pub fn set(items: &mut Items, key: &Arc<str>, item: Option<&Cached>) {
    match item.filter(|cached| !cached.item.deleted) {
        Some(cached) => items.insert_mut(key.clone(), cached.clone()),
        None => {
            items.remove_mut(key);
        }
    }
}

/// Returns whether both contain the same texts under the same keys.
pub(super) fn same(a: &Items, b: &Items) -> bool {
    a.size() == b.size()
        && a.iter().zip(b).all(|((a_key, a), (b_key, b))| a_key == b_key && same_text(a, b))
}

/// Returns whether both texts are known to be the same. Items that were never cached have no revision to
/// compare.
fn same_text(a: &Cached, b: &Cached) -> bool {
    a.revision == b.revision && a.revision > 0
}

/// All live items, as changes since what was sent before.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// Identifies the resulting state. 0 if later changes cannot refer to it.
    pub state: u64,
    /// The state that the changes apply to; `None` if `changed` contains everything.
    pub base: Option<u64>,
    /// Items that are new or have a new text.
    pub changed: Vec<(Arc<str>, Cached)>,
    /// Keys that no longer exist.
    pub removed: Vec<Arc<str>>,
}

impl Changes {
    /// Returns all items, as a state that later changes cannot refer to.
    pub fn whole(items: &Items) -> Self {
        let changed = items.iter().map(|(key, cached)| (key.clone(), cached.clone())).collect();
        Self { state: 0, base: None, changed, removed: Vec::new() }
    }
}

/// The items last sent, by namespace.
#[derive(Default)]
pub(super) struct LastSent(HashMap<Arc<str>, (u64, Arc<Items>)>);

impl LastSent {
    /// Returns `items` as changes for a receiver that has the state `held`. `name` creates the number of a
    /// new state.
    pub fn send(
        &mut self,
        namespace: &Arc<str>,
        held: u64,
        items: &Arc<Items>,
        name: impl FnOnce() -> u64,
    ) -> Changes {
        let mut changes = match self.0.get(namespace) {
            Some((state, old)) if Arc::ptr_eq(old, items) => {
                if *state != held {
                    return Changes { state: *state, ..Changes::whole(items) };
                }
                let (changed, removed) = (Vec::new(), Vec::new());
                return Changes { state: *state, base: Some(*state), changed, removed };
            }
            Some((state, old)) if *state == held => difference(*state, old, items),
            _ => Changes::whole(items),
        };
        changes.state = name();
        self.0.insert(namespace.clone(), (changes.state, Arc::clone(items)));
        changes
    }

    /// Forgets what was sent of this namespace.
    pub fn forget(&mut self, namespace: &str) {
        self.0.remove(namespace);
    }
}

fn difference(base: u64, old: &Items, new: &Items) -> Changes {
    let (mut changed, mut removed) = (Vec::new(), Vec::new());
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (Some((old, _)), Some((new, _))) => old.cmp(new),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Changes { state: 0, base: Some(base), changed, removed },
        };
        let gone = if order == Ordering::Greater { None } else { old.next() };
        let come = if order == Ordering::Less { None } else { new.next() };
        match (gone, come) {
            (Some((key, _)), None) => removed.push(key.clone()),
            (Some((_, old)), Some((_, new))) if same_text(old, new) => {}
            (_, Some((key, cached))) => changed.push((key.clone(), cached.clone())),
            (None, None) => {}
        }
    }
}

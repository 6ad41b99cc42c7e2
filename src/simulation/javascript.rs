//! A model of `lib/store/reads.js`, with versions instead of items. It keeps answers and repeats each one until its
//! time is over, but only in the generation of the answer.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use crate::cache::{Answer, Cached, Changes};
use crate::clock::Clock;
use crate::error::Result;
use crate::store::{OnPage, Store};

/// The versions of all live items by key.
pub type Versions = BTreeMap<String, u32>;

pub struct JavaScript {
    store: Store,
    clock: Clock,
    memo: Mutex<Memo>,
    /// A deliberate defect: answers are repeated in any generation.
    ignores_generation: bool,
}

#[derive(Default)]
struct Memo {
    generation: u64,
    items: HashMap<(String, String), Held<Option<u32>>>,
    all: HashMap<String, (u64, Held<Versions>)>,
}

#[derive(Clone)]
struct Held<T> {
    value: T,
    generation: u64,
    since: f64,
    until: f64,
    stale: bool,
}

impl<T: Clone> Held<T> {
    fn is_valid(&self, generation: u64, now: f64) -> bool {
        self.generation == generation && now >= self.since && now < self.until
    }
}

impl JavaScript {
    pub fn new(store: Store, clock: Clock, ignores_generation: bool) -> Self {
        Self { store, clock, memo: Mutex::default(), ignores_generation }
    }

    /// Adopts the store's generation. Call this after each call into the store and with each answer.
    pub fn advance(&self) {
        let mut memo = self.memo.lock().unwrap();
        memo.generation = memo.generation.max(self.store.generation());
    }

    /// Returns the version of an item and whether it is stale.
    pub async fn get(&self, kind: &str, key: &str) -> Result<(Option<u32>, bool)> {
        if let Some(held) = self.held(kind, key) {
            return Ok((held.value, held.stale));
        }
        if let Some(answer) = self.store.peek(kind, key) {
            self.advance();
            return Ok(self.keep(kind, key, answer));
        }
        let answer = self.store.get(kind, key).await?;
        self.advance();
        let is_old = answer.generation != self.memo.lock().unwrap().generation;
        let newest = if is_old { self.store.newest(kind, key) } else { None };
        Ok(self.keep(kind, key, newest.unwrap_or(answer)))
    }

    fn held(&self, kind: &str, key: &str) -> Option<Held<Option<u32>>> {
        let memo = self.memo.lock().unwrap();
        let held = memo.items.get(&(kind.to_owned(), key.to_owned()))?;
        let generation = if self.ignores_generation { held.generation } else { memo.generation };
        held.is_valid(generation, self.now()).then(|| held.clone())
    }

    fn keep(&self, kind: &str, key: &str, answer: Answer<Option<Cached>>) -> (Option<u32>, bool) {
        let Answer { value, until, generation, stale } = answer;
        let value = value.map(|cached| cached.item.version as u32);
        let held = Held { value, generation, since: self.now(), until, stale };
        self.memo.lock().unwrap().items.insert((kind.to_owned(), key.to_owned()), held);
        (value, stale)
    }

    /// Returns the versions of all live items and whether they are stale.
    pub async fn all(&self, kind: &str) -> Result<(Versions, bool)> {
        let held = self.memo.lock().unwrap().all.get(kind).cloned();
        let (state, held) = match held {
            Some((_, held)) if held.is_valid(self.generation(), self.now()) => {
                return Ok((held.value, held.stale));
            }
            Some((state, held)) => (state, held.value),
            None => (0, Versions::new()),
        };
        let ahead = Arc::new(Mutex::new(HashMap::new()));
        let sent = Arc::clone(&ahead);
        let on_page: OnPage = Arc::new(move |items| sent.lock().unwrap().extend(items));
        let mut answer = self.store.all(kind, state, Some(on_page)).await?;
        // An item that was sent ahead is not sent again.
        for (key, cached) in &mut answer.value.changed {
            if let Some(sent) = ahead.lock().unwrap().get(key)
                && sent.revision == cached.revision
            {
                *cached = sent.clone();
            }
        }
        self.advance();
        let stale = answer.stale;
        let (mut state, mut held) = self.apply(held, &answer);
        if held.generation != self.generation() {
            // Another read may have received a newer answer meanwhile.
            let other = self.memo.lock().unwrap().all.get(kind).cloned();
            if let Some((of, newer)) = other.filter(|(_, other)| other.generation > held.generation)
            {
                (state, held) = (of, newer);
            }
            if let Some(newest) = self.store.newest_all(kind, state) {
                (state, held) = self.apply(held.value, &newest);
            }
        }
        let value = held.value.clone();
        let mut memo = self.memo.lock().unwrap();
        if state > 0 {
            memo.all.insert(kind.to_owned(), (state, held));
        } else {
            memo.all.remove(kind);
        }
        Ok((value, stale))
    }

    fn apply(&self, held: Versions, answer: &Answer<Changes>) -> (u64, Held<Versions>) {
        let Answer { value: changes, until, generation, stale } = answer;
        let mut value = if changes.base.is_some() { held } else { Versions::new() };
        for key in &changes.removed {
            value.remove(&**key);
        }
        let changed = changes.changed.iter();
        value.extend(changed.map(|(key, cached)| (key.to_string(), cached.item.version as u32)));
        let (generation, until, stale) = (*generation, *until, *stale);
        (changes.state, Held { value, generation, since: self.now(), until, stale })
    }

    fn generation(&self) -> u64 {
        self.memo.lock().unwrap().generation
    }

    fn now(&self) -> f64 {
        self.clock.now() as f64
    }
}

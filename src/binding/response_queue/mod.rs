//! Answers and log lines for JavaScript, as JSON text.
//!
//! A call into JavaScript costs more than most answers. So one wake-up serves all waiting answers: JavaScript takes
//! them as one text and parses it at once. The text contains items as they came from the table. Long answers are split
//! and the size of a text is limited, so that the event loop gets its turns.
//!
//! A text is a JSON array, `[more, generation, lines, answer…]`. `lib/native/response-queue.js` decodes it.
//!
//! | element | content |
//! | --- | --- |
//! | `more` | 1 if JavaScript can take more without another wake-up |
//! | `generation` | the store's generation; JavaScript may not repeat answers of another one |
//! | `lines` | 0, or an array: the table's location as lines name it, then `[level, code, text]` for each line to log |
//!
//! An answer is an array that begins with the number of its request:
//!
//! | answer | content after the number |
//! | --- | --- |
//! | an item | `until, generation, stale, revision, item`; no `item` if JavaScript has that revision |
//! | all items | `0, until, generation, stale, state, base, removed keys`, then separate answers: `1, [key, revision, item, …]` as often as needed, and `2` at the end; an `item` of 0 was sent ahead with that revision |
//! | items sent ahead | `3, [key, revision, item, …]`, before the answer about all items, while pages of it are on their way |
//! | whether initialised | `initialized, until` |
//! | whether DynamoDB answers | 1 or 0 |
//! | an init whose data is visible to reads | 1; another answer comes when the init ends |
//! | a write or a close that succeeded | nothing |
//! | a failure | its code |
//! | a request of a big segment store or the command line | 0 and the value, or the code and message of a failure |
//!
//! `until` is wall-clock time in milliseconds; `stale` is 1 or 0. An item is JSON, or a string that contains the JSON,
//! in the [`Form`] that the request wants.

mod delivery;

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

pub use self::delivery::queue_for;
use crate::cache::{Answer, Cached, Changes, Generation};
use crate::error::{Error, Result};
use crate::log::{Line, Location, Log, printable};
use crate::model::{KeptNulls, without_nulls};
use crate::requester::RequestId;

/// The maximum size of the short answers in a text, in bytes, unless a single one is longer. V8 parses this in 1–2 ms.
const ANSWERS_TEXT: usize = 64 * 1024;
/// The maximum size of the parts of long answers in a text. They take many turns of the event loop, and a garbage
/// collection may prolong each, so this is smaller.
const PARTS_TEXT: usize = 16 * 1024;
/// The maximum length of a part, in bytes, unless a single item is longer.
const PART_TEXT: usize = 8 * 1024;

/// The form of items in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As JSON, which JavaScript parses with the answer.
    Json,
    /// As a string, which JavaScript parses separately.
    Text,
    /// As JSON without null members, except in an item's own `variations`.
    NoNullsButVariations,
    /// As JSON without null members. An item with null elements in an array comes as a string, because the SDKs that
    /// want this form treat those in a way that JSON can't express.
    NoNulls,
}

impl Form {
    /// Returns the form that `lib/store/contract.js` gives this number.
    pub fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Json,
            2 => Self::NoNullsButVariations,
            3 => Self::NoNulls,
            _ => Self::Text,
        }
    }

    /// Returns an item's JSON in this form.
    pub fn json(self, json: &str) -> Cow<'_, str> {
        let kept = match self {
            Self::Json => return Cow::Borrowed(json),
            Self::Text => return Cow::Owned(string(json)),
            Self::NoNullsButVariations => KeptNulls::Variations,
            Self::NoNulls => KeptNulls::None,
        };
        let stripped = without_nulls(json, kept);
        if self == Self::NoNulls && stripped.has_null_elements {
            return Cow::Owned(string(json));
        }
        stripped.json
    }
}

/// The revisions of items that were sent ahead, by key.
pub type SentAhead = HashMap<Arc<str>, u64>;

/// Makes JavaScript take the content of the queue.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// Answers and log lines for JavaScript.
pub struct ResponseQueue {
    waiting: Mutex<Waiting>,
    /// `None` after the queue is closed.
    wake: Mutex<Option<Wake>>,
    generation: Generation,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<Line>,
    /// The location of the table.
    location: String,
    /// Whether JavaScript does not know the location yet.
    is_located: bool,
    answers: VecDeque<String>,
    /// Parts of long answers. Short answers go first.
    parts: VecDeque<String>,
    /// Whether JavaScript has been woken.
    woken: bool,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.answers.is_empty() && self.parts.is_empty()
    }
}

impl ResponseQueue {
    /// Creates an empty queue. It calls `wake` when content arrives and JavaScript has not been woken yet.
    pub fn new(wake: Wake, generation: Generation) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), wake: Mutex::new(Some(wake)), generation })
    }

    /// Adds an answer about one item. `held` is the revision that JavaScript has.
    pub fn item(&self, id: RequestId, held: u64, form: Form, answer: &Answer<Option<Cached>>) {
        let text = item_text(id, held, form, answer);
        self.put(|waiting| waiting.answers.push_back(text));
    }

    /// Adds items of a later answer about all items, and notes their revisions in `sent`.
    pub fn send_ahead(
        &self,
        id: RequestId,
        form: Form,
        items: &[(Arc<str>, Cached)],
        sent: &mut SentAhead,
    ) {
        let parts = part_texts(id, 3, form, items, &SentAhead::new());
        sent.extend(items.iter().map(|(key, cached)| (key.clone(), cached.revision)));
        self.put(|waiting| waiting.parts.extend(parts));
    }

    /// Adds an answer about all items, without the texts of those that were `sent` ahead.
    pub fn all(&self, id: RequestId, form: Form, answer: &Answer<Changes>, sent: &SentAhead) {
        let parts = all_texts(id, form, answer, sent);
        self.put(|waiting| waiting.parts.extend(parts));
    }

    /// Adds the answer to whether the store is initialised.
    pub fn initialized(&self, id: RequestId, answer: &Answer<bool>) {
        let text = format!("[{id},{},{}]", u8::from(answer.value), time(answer.until));
        self.put(|waiting| waiting.answers.push_back(text));
    }

    /// Adds the answer to whether DynamoDB answers.
    pub fn available(&self, id: RequestId, available: bool) {
        self.put(|waiting| waiting.answers.push_back(format!("[{id},{}]", u8::from(available))));
    }

    /// Adds the answer that an init's data is visible to reads.
    pub fn init_visible(&self, id: RequestId) {
        self.put(|waiting| waiting.answers.push_back(format!("[{id},1]")));
    }

    /// Adds the answer of a write or a close that succeeded.
    pub fn done(&self, id: RequestId) {
        self.put(|waiting| waiting.answers.push_back(format!("[{id}]")));
    }

    /// Adds a failure, which has already been logged.
    pub fn failed(&self, id: RequestId, failure: &Error) {
        let text = format!("[{id},\"{}\"]", failure.kind.code());
        self.put(|waiting| waiting.answers.push_back(text));
    }

    /// Adds a JSON value, or a failure that the caller reports.
    pub fn value(&self, id: RequestId, answer: Result<Value>) {
        let text = match answer {
            Ok(value) => format!("[{id},0,{value}]"),
            Err(failure) => {
                let message = printable(&failure.to_string());
                format!("[{id},\"{}\",{}]", failure.kind.code(), string(&message))
            }
        };
        self.put(|waiting| waiting.answers.push_back(text));
    }

    fn put(&self, put: impl FnOnce(&mut Waiting)) {
        let mut waiting = self.lock();
        put(&mut waiting);
        let wake = !std::mem::replace(&mut waiting.woken, true);
        drop(waiting);
        if wake && let Some(wake) = &*self.wake() {
            wake();
        }
    }

    /// Returns the location of the table, for lines that JavaScript logs before the next content.
    pub fn location(&self) -> String {
        let mut waiting = self.lock();
        waiting.is_located = false;
        waiting.location.clone()
    }

    /// Releases the wake function. JavaScript is not woken any more.
    pub fn close(&self) {
        let wake = self.wake().take();
        drop(wake);
    }

    fn wake(&self) -> MutexGuard<'_, Option<Wake>> {
        self.wake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the content of the queue as one text; `None` if it is empty.
    pub fn take(&self) -> Option<String> {
        let mut waiting = self.lock();
        // False until the text is complete: if a panic ends this early, the next answer wakes JavaScript again.
        waiting.woken = false;
        if waiting.is_empty() {
            return None;
        }
        let mut text = String::with_capacity(1024);
        write(&mut text, format_args!("[0,{},", self.generation.get()));
        write_lines(&mut text, &mut waiting);
        let Waiting { answers, parts, .. } = &mut *waiting;
        move_texts(&mut text, answers, ANSWERS_TEXT);
        move_texts(&mut text, parts, PARTS_TEXT);
        text.push(']');
        waiting.woken = !waiting.is_empty();
        if waiting.woken {
            text.replace_range(1..2, "1");
        }
        Some(text)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for ResponseQueue {
    fn log(&self, line: Line) {
        let text = printable(&line.text);
        self.put(|waiting| waiting.lines.push(Line { text, ..line }));
    }

    /// JavaScript gets the location with the next content: this does not wake it.
    fn locate(&self, location: &Location) {
        let mut waiting = self.lock();
        waiting.location = location.to_string();
        waiting.is_located = true;
    }
}

/// Moves the lines out of the queue.
fn write_lines(text: &mut String, waiting: &mut Waiting) {
    let is_located = std::mem::take(&mut waiting.is_located);
    if waiting.lines.is_empty() && !is_located {
        text.push('0');
        return;
    }
    write(text, format_args!("[{}", string(&waiting.location)));
    for Line { level, code, text: line } in waiting.lines.drain(..) {
        write(text, format_args!(",[\"{}\",\"{}\",{}]", level.name(), code.text(), string(&line)));
    }
    text.push(']');
}

/// Moves texts out of the queue: at least one, and as many as fit into `length`.
fn move_texts(text: &mut String, queue: &mut VecDeque<String>, length: usize) {
    let begin = text.len();
    while let Some(next) = queue.front()
        && (text.len() == begin || text.len() - begin + next.len() <= length)
        && let Some(next) = queue.pop_front()
    {
        text.push(',');
        text.push_str(&next);
    }
}

/// Returns the text of an answer about one item.
pub fn item_text(id: RequestId, held: u64, form: Form, answer: &Answer<Option<Cached>>) -> String {
    let json = answer.value.as_ref().map(|cached| &*cached.item.json);
    let revision = answer.value.as_ref().map_or(0, |cached| cached.revision);
    let mut text = String::with_capacity(json.map_or(0, str::len) + 80);
    write(&mut text, format_args!("[{id},{},{},", time(answer.until), answer.generation));
    write(&mut text, format_args!("{},{revision}", u8::from(answer.stale)));
    if revision == 0 || revision != held {
        text.push(',');
        match json {
            Some(json) => text.push_str(&form.json(json)),
            None => text.push_str("null"),
        }
    }
    text.push(']');
    text
}

/// Returns an answer about all items as one text.
pub fn all_text(id: RequestId, form: Form, answer: &Answer<Changes>) -> String {
    format!("[{}]", all_texts(id, form, answer, &SentAhead::new()).join(","))
}

fn all_texts(id: RequestId, form: Form, answer: &Answer<Changes>, sent: &SentAhead) -> Vec<String> {
    let Answer { value: changes, until, generation, stale } = answer;
    let mut head = format!("[{id},0,{},{generation},{},", time(*until), u8::from(*stale));
    write(&mut head, format_args!("{},{},[", changes.state, changes.base.unwrap_or(0)));
    for (index, key) in changes.removed.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write(&mut head, format_args!("{comma}{}", string(key)));
    }
    head.push_str("]]");
    let mut texts = vec![head];
    texts.extend(part_texts(id, 1, form, &changes.changed, sent));
    texts.push(format!("[{id},2]"));
    texts
}

/// Returns items in parts of bounded length. `tag` says what they are.
fn part_texts(
    id: RequestId,
    tag: u8,
    form: Form,
    items: &[(Arc<str>, Cached)],
    sent: &SentAhead,
) -> Vec<String> {
    let mut texts = Vec::new();
    let mut items = items.iter().peekable();
    while items.peek().is_some() {
        let mut part = format!("[{id},{tag},[");
        let begin = part.len();
        while let Some((key, cached)) = items.peek() {
            let is_sent = sent.get(key) == Some(&cached.revision);
            let json = if is_sent { Cow::Borrowed("0") } else { form.json(&cached.item.json) };
            if part.len() > begin {
                if part.len() + json.len() > PART_TEXT {
                    break;
                }
                part.push(',');
            }
            write(&mut part, format_args!("{},{},", string(key), cached.revision));
            part.push_str(&json);
            items.next();
        }
        part.push_str("]]");
        texts.push(part);
    }
    texts
}

/// Returns a time as JSON. JavaScript reads a number that is too large as infinity.
fn time(ms: f64) -> String {
    if ms.is_finite() { format!("{ms:.0}") } else { "1e999".to_owned() }
}

fn string(text: &str) -> String {
    Value::from(text).to_string()
}

fn write(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    text.write_fmt(arguments).unwrap_or_default();
}

#[cfg(test)]
mod tests;

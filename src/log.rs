//! Log lines, without secrets.
//!
//! Lines contain text from outside: answers of endpoints, contents of files, names and exceptions of callers. So
//! every line, and every error message for a caller, goes through [`printable`], also in JavaScript.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use regex_lite::Regex;

use crate::error::{Code, Error};

/// The maximum length of a line, in characters.
const LONGEST_LINE: usize = 1000;
/// How many characters a longer line keeps at its beginning and its end. The end contains the advice.
const KEPT: (usize, usize) = (600, 390);
/// How many bytes of the beginning and the end of a text are processed.
const LOOKED_AT: (usize, usize) = (4096, 2048);
/// Replaces omitted text.
const HIDDEN: &str = "…";
/// The minimum length of a secret, in bytes. Development engines accept any credentials, such as `test`.
const SHORTEST_SECRET: usize = 8;
/// How many secrets of one source are kept: a few sets of keys. Endpoints no longer repeat older ones.
const MOST_SECRETS: usize = 30;

/// The secrets of all stores: one store may log what the endpoint of another one repeats.
static HIDDEN_SECRETS: Mutex<Vec<Weak<Mutex<VecDeque<String>>>>> = Mutex::new(Vec::new());

/// Patterns of secrets and their replacements.
static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    const VALUE: &str =
        r#"("[^"]*"?|'[^']*'?|(?i:basic|bearer|digest|negotiate)\s+[^\s"',;]+|[^\s"'&,;]+)"#;
    let patterns = [
        // The user and the password in a URL or before a host.
        (r#"(://)[^\s"'<>]*@"#.to_owned(), "$1…@"),
        (r#"[^\s"'<>:@/]+:[^\s"'<>@/]+@"#.to_owned(), "…@"),
        // Parameters and assignments.
        (
            format!(
                r#"(?i)([\w.-]*(?:authorization|credential|passwd|password|secret|signature|token|access[-_]?key[-\w]*|api[-_]?key))=\s*{VALUE}"#
            ),
            "$1=…",
        ),
        // Headers and JSON members.
        (
            format!(
                r#"(?i)("[\w.-]*(?:credential|passwd|password|secret|signature|token|key_?id|access[-_]?key)"|\b(?:proxy-|x-amz-)?(?:authorization|cookie|password|secret|security-token|session-?token|signature)"?)\s*:\s*{VALUE}"#
            ),
            "$1: …",
        ),
        // Access key IDs and signatures.
        (r"\b(A[KS]IA)[A-Z0-9]{12,}\b".to_owned(), "$1…"),
        (r"(?i)\b[0-9a-f]{64}\b".to_owned(), HIDDEN),
    ];
    patterns.into_iter().filter_map(|(p, shown)| Some((Regex::new(&p).ok()?, shown))).collect()
});

/// The level of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is unusual, but nothing failed.
    Warn,
    /// A request was sent. JavaScript logs it only if the caller wants request lines.
    Request,
}

impl Level {
    /// Returns the name of the level for JavaScript.
    pub fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warn => "warn",
            Level::Request => "request",
        }
    }
}

/// A receiver of log lines. It must not block.
pub trait Log: Send + Sync {
    /// Logs a line.
    fn log(&self, line: Line);

    /// Sets the place of the table, which each line names.
    fn locate(&self, _location: &Location) {}
}

/// A line to log. The receiver adds the names of the store and the table, and the table's place.
#[derive(Debug, PartialEq)]
pub struct Line {
    /// How serious it is.
    pub level: Level,
    /// What it is about.
    pub code: Code,
    /// The text, without credentials and item contents.
    pub text: String,
}

impl Line {
    /// Returns a line about something that failed.
    pub fn error(code: impl Into<Code>, text: impl Into<String>) -> Self {
        Self { level: Level::Error, code: code.into(), text: text.into() }
    }

    /// Returns a line about something unusual that did not fail.
    pub fn warn(code: impl Into<Code>, text: impl Into<String>) -> Self {
        Self { level: Level::Warn, code: code.into(), text: text.into() }
    }

    /// Returns a line about a request.
    pub fn request(text: impl Into<String>) -> Self {
        Self { level: Level::Request, code: Code::Request, text: text.into() }
    }

    /// Returns the line about a failure of the work that `what` describes.
    pub fn failed(what: &str, failure: &Error) -> Self {
        Self::error(failure.kind, format!("{what} failed: {failure}"))
    }
}

/// Where a table is, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Location {
    /// The AWS region.
    pub region: Option<String>,
    /// The origin of the endpoint, if one is configured: scheme, host and port.
    pub endpoint: Option<String>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(region) = &self.region {
            write!(f, " in {region}")?;
        }
        match &self.endpoint {
            Some(endpoint) => write!(f, " at {endpoint}"),
            None => Ok(()),
        }
    }
}

/// Secrets that are removed from all lines as long as this value exists.
pub struct Secrets(Arc<Mutex<VecDeque<String>>>);

impl Secrets {
    /// Creates an empty set of secrets.
    pub fn new() -> Self {
        let secrets = Arc::default();
        let mut all = lock(&HIDDEN_SECRETS);
        all.retain(|other| other.strong_count() > 0);
        all.push(Arc::downgrade(&secrets));
        Self(secrets)
    }

    /// Adds a secret in all forms in which an endpoint may repeat it.
    pub fn hide(&self, secret: &str) {
        if secret.len() < SHORTEST_SECRET {
            return;
        }
        let forms = [secret.to_owned(), percent_encoded(secret), secret.replace('/', r"\/")];
        let mut secrets = lock(&self.0);
        for form in forms {
            if !secrets.contains(&form) {
                secrets.push_back(form);
            }
        }
        let superfluous = secrets.len().saturating_sub(MOST_SECRETS);
        secrets.drain(..superfluous);
    }

    /// Returns the secrets in the text, the longest first, because one may be part of another.
    fn found_in(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for secrets in lock(&HIDDEN_SECRETS).iter().filter_map(Weak::upgrade) {
            found.extend(lock(&secrets).iter().filter(|s| text.contains(&***s)).cloned());
        }
        found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        found
    }
}

impl Default for Secrets {
    fn default() -> Self {
        Self::new()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn percent_encoded(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// Converts a text to one short line. Removes secrets, escapes characters that are invisible or change how
/// others are shown, and omits the middle of a very long text. A text may go through it twice.
pub fn printable(text: &str) -> String {
    let (beginning, end) = LOOKED_AT;
    if text.len() <= beginning + end {
        return cut(without_secrets(escaped(text)));
    }
    let from = text.ceil_char_boundary(text.len() - end);
    let end = text.get(from..).unwrap_or_default();
    // The rest of a cut word may be the rest of a secret.
    let end = end.trim_start_matches(|c: char| !c.is_whitespace());
    cut(without_secrets(escaped(&format!("{}{end}", shortened(text, beginning)))))
}

/// Returns at most this many bytes of the text, and a sign if text is omitted. Ends after a whole word, because
/// a part of a word may be part of a secret.
pub fn shortened(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let beginning = text.get(..text.floor_char_boundary(bytes)).unwrap_or_default();
    format!("{}{HIDDEN}", beginning.trim_end_matches(|c: char| !c.is_whitespace()))
}

fn without_secrets(mut text: String) -> String {
    for secret in Secrets::found_in(&text) {
        text = text.replace(&secret, HIDDEN);
    }
    for (pattern, shown) in PATTERNS.iter() {
        text = pattern.replace_all(&text, *shown).into_owned();
    }
    text
}

fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if is_visible(c) {
            line.push(c);
        } else {
            line.extend(c.escape_debug());
        }
    }
    line
}

/// Omits the middle of a line that is too long.
fn cut(line: String) -> String {
    let (beginning, end) = KEPT;
    let length = line.chars().count();
    if length <= LONGEST_LINE {
        return line;
    }
    let kept = |(index, c)| (index < beginning || index >= length - end).then_some(c);
    let kept: Vec<char> = line.chars().enumerate().filter_map(kept).collect();
    let (beginning, end) = kept.split_at(beginning.min(kept.len()));
    let part = |chars: &[char]| chars.iter().collect::<String>();
    format!("{} {HIDDEN} {}", part(beginning), part(end))
}

/// Returns whether a character is visible as itself: no control character, no mark that changes the writing
/// direction, nothing of zero width.
fn is_visible(c: char) -> bool {
    // `escape_debug` escapes combining characters only at the beginning of a text.
    let text = ['a', c];
    matches!(c, ' '..='~') || text.iter().collect::<String>().escape_debug().count() == 2
}

/// Formats a duration in its largest useful unit.
pub fn shown(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds @ 1..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

/// Formats a number of items.
pub fn counted(items: usize) -> String {
    if items == 1 { "1 item".to_owned() } else { format!("{items} items") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_left_as_it_is() {
        for line in [
            "DynamoDBFeatureStore [REFUSED] table \"flags\" in eu-west-1: reading \"k\" in \"features\" failed: DynamoDB answered X: no. Do y",
            "the key \"ein schöner Schlüssel, 日本語 🚀 हिन्दी e\u{301}\" can't be stored: C:\\a\\b",
            "User: arn:aws:sts::123456789012:assumed-role/my-role-1a2b3c4d5e6f/my-function is not authorized",
            "DynamoDB answered ExpiredToken: The security token included in the request is expired",
            "the endpoint \"http://127.0.0.1:8000/path\" is not a URL: a@b",
            "clientOptions.credentials.sessionToken must be a string",
        ] {
            assert_eq!(printable(line), line);
        }
    }

    #[test]
    fn what_is_not_visible_is_escaped() {
        assert_eq!(
            printable("a\nb\r\tc\0\u{1b}[31m\u{202e}\u{200b}\u{feff}\u{85}\u{2028}\u{7f}\u{e0001}"),
            r"a\nb\r\tc\0\u{1b}[31m\u{202e}\u{200b}\u{feff}\u{85}\u{2028}\u{7f}\u{e0001}"
        );
    }

    #[test]
    fn secrets_in_use_are_not_shown_in_whatever_form() {
        let secret = "IQoJb3JpZ2lu/X2VjEJr+hush==";
        let secrets = Secrets::new();
        secrets.hide("IQoJb3JpZ2lu");
        secrets.hide(secret);
        secrets.hide("short");
        let text = format!(
            "a {secret} b {} c {} d IQoJb3JpZ2lu e short",
            percent_encoded(secret),
            secret.replace('/', r"\/")
        );
        assert_eq!(printable(&text), "a … b … c … d … e short");
        // Another source still has one of the secrets.
        let others = Secrets::new();
        others.hide("IQoJb3JpZ2lu");
        drop(secrets);
        assert_eq!(printable("IQoJb3JpZ2lu/X2"), "…/X2");
        for number in 0..MOST_SECRETS {
            others.hide(&format!("newer secret {number}"));
        }
        assert_eq!(printable("IQoJb3JpZ2lu/X2"), "IQoJb3JpZ2lu/X2");
    }

    #[test]
    fn what_looks_like_a_secret_is_not_shown() {
        assert_eq!(PATTERNS.len(), 6);
        for (text, shown) in [
            ("http://me:pass/w@rd@host:1/p", "http://…@host:1/p"),
            ("\"me:word@host\"", "\"…@host\""),
            ("http://h/?password=hush&x=1&token='hush'", "http://h/?password=…&x=1&token=…"),
            (
                "Authorization: AWS4-HMAC-SHA256 Credential=AKIAX/20260101/r, SignedHeaders=host, Signature=ab12",
                "Authorization: … Credential=…, SignedHeaders=host, Signature=…",
            ),
            ("authorization: Bearer hush, more", "authorization: …, more"),
            ("X-Amz-Security-Token: hush/+=", "X-Amz-Security-Token: …"),
            ("{\"SessionToken\": \"hush hush\"}", "{\"SessionToken\": …}"),
            ("for AKIAIOSFODNN7EXAMPLE.", "for AKIA…."),
            (&"0123456789abcdef".repeat(4), "…"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }

    #[test]
    fn a_line_is_short_and_keeps_its_end() {
        let long = format!("begin {} end. What to do", "x\u{202e}".repeat(3_000_000));
        let line = printable(&long);
        assert!(line.starts_with("begin ") && line.ends_with(" end. What to do"), "{line}");
        let words = format!("begin {} end. What to do", "wörter 🚀 ".repeat(1_000_000));
        for text in [words, "🚀".repeat(1_200), "\u{202e}".repeat(1_200)] {
            let line = printable(&text);
            assert!((900..=LONGEST_LINE).contains(&line.chars().count()), "{line}");
        }
    }

    #[test]
    fn no_part_of_a_secret_is_left_where_a_text_is_cut() {
        let (secret, secrets) = ("s3cret/".repeat(100), Secrets::new());
        secrets.hide(&secret);
        for offset in (0..secret.len()).step_by(9) {
            let text = format!("{} {secret} {}", "x".repeat(4096 - offset), " y".repeat(9000));
            assert!(!printable(&text).contains("s3cret"), "{offset}");
            let text = format!("{} {secret}{}", "x ".repeat(9000), " y".repeat(1024 - offset));
            assert!(!printable(&text).contains("s3cret"), "{offset}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_it_is_it_becomes_one_short_visible_line(text in "(.|\n){0,1200}") {
            let line = printable(&text);
            assert!(line.chars().count() <= LONGEST_LINE);
            assert!(line.chars().all(is_visible));
        }
    }
}

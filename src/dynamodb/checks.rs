//! Checks that an answer belongs to its request. If it does not, the failure is transient: something on the
//! way mixed up answers or invented them.

use std::collections::HashMap;

use super::service_errors::foreign_answer;
use super::{Page, PutOutcome, Write};
use crate::error::{Error, Result};
use crate::model::{RowKey, StoredRow};

fn mixed_up(about: &str) -> Error {
    foreign_answer(format!("DynamoDB's answer is about {about}"))
}

/// Rejects a row other than the requested one. `found` is `None` for a row without keys.
pub fn check_row(requested: &RowKey, found: Option<&RowKey>) -> Result<()> {
    if found == Some(requested) {
        Ok(())
    } else {
        Err(mixed_up("another row than the requested one"))
    }
}

/// Rejects a page with rows of another namespace, and a page that makes no progress: DynamoDB sorts the rows
/// of a namespace by the bytes of their keys.
pub fn check_page(namespace: &str, start: Option<&RowKey>, page: Page) -> Result<Page> {
    let is_other = |row: &RowKey| *row.namespace != *namespace;
    if page.rows.iter().map(|row| &row.key).chain(&page.next).any(is_other) {
        return Err(mixed_up("another namespace than the requested one"));
    }
    let is_repeated = |next: &RowKey| start.is_some_and(|start| next.key <= start.key);
    if page.next.as_ref().is_some_and(is_repeated) {
        return Err(foreign_answer("DynamoDB's pages repeat: a Query comes to no end"));
    }
    Ok(page)
}

/// Rejects the outcome of a put that names another row.
pub fn check_put(row: &RowKey, outcome: PutOutcome) -> Result<PutOutcome> {
    match &outcome {
        PutOutcome::Newer(Some(StoredRow { key, .. })) => check_row(row, Some(key))?,
        PutOutcome::Newer(None) | PutOutcome::Stored => {}
    }
    Ok(outcome)
}

/// Returns the writes that DynamoDB left unprocessed, by their rows. `None` is a row without keys.
pub fn writes_left(
    sent: Vec<Write>,
    left: impl IntoIterator<Item = Option<RowKey>>,
) -> Result<Vec<Write>> {
    let mut left = left.into_iter().peekable();
    if left.peek().is_none() {
        return Ok(Vec::new());
    }
    let mut sent: HashMap<RowKey, Write> =
        sent.into_iter().map(|write| (write.row().clone(), write)).collect();
    left.map(|row| row.and_then(|row| sent.remove(&row)).ok_or_else(not_sent)).collect()
}

/// Returns the failure of a batch whose answer names rows that were not in the batch.
pub fn not_sent() -> Error {
    mixed_up("rows that were not to be written")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Item, ItemAttribute};

    fn row(namespace: &str, key: &str) -> RowKey {
        RowKey::new(namespace, key)
    }

    fn stored(key: RowKey) -> StoredRow {
        StoredRow { key, version: None, item: ItemAttribute::Absent, deleted: false }
    }

    fn page(rows: &[RowKey], next: Option<RowKey>) -> Page {
        Page { rows: rows.iter().cloned().map(stored).collect(), next }
    }

    #[test]
    fn another_row_is_a_transient_failure() {
        let requested = row("features", "a");
        assert!(check_row(&requested, Some(&requested)).is_ok());
        for other in [Some(row("features", "b")), Some(row("segments", "a")), None] {
            let failure = check_row(&requested, other.as_ref()).unwrap_err();
            assert!(failure.is_retryable());
        }
        let newer = |key| PutOutcome::Newer(Some(stored(key)));
        assert!(check_put(&requested, newer(requested.clone())).is_ok());
        assert!(check_put(&requested, PutOutcome::Newer(None)).is_ok());
        assert!(check_put(&requested, newer(row("features", "b"))).is_err());
    }

    #[test]
    fn pages_are_of_the_namespace_and_go_on() {
        let (a, b, other) = (row("f", "a"), row("f", "b"), row("g", "b"));
        let check = |start: Option<&RowKey>, page| check_page("f", start, page).is_ok();
        assert!(check(None, page(std::slice::from_ref(&a), Some(a.clone()))));
        assert!(check(Some(&a), page(std::slice::from_ref(&b), Some(b.clone()))));
        assert!(check(Some(&b), page(&[], None)));
        assert!(!check(None, page(&[a.clone(), other.clone()], None)));
        assert!(!check(None, page(&[], Some(other))));
        assert!(!check(Some(&a), page(&[], Some(a.clone()))));
        assert!(!check(Some(&b), page(&[], Some(a.clone()))));
    }

    #[test]
    fn only_what_was_sent_can_be_left() {
        let (a, b) = (row("f", "a"), row("f", "b"));
        let put = Write::Put(a.clone(), Item::tombstone("a", 1.0));
        let sent = || vec![put.clone(), Write::Delete(b.clone())];
        assert_eq!(writes_left(sent(), []).unwrap(), []);
        assert_eq!(writes_left(sent(), [Some(a.clone())]).unwrap().first(), Some(&put));
        for left in [vec![Some(row("f", "c"))], vec![None], vec![Some(a.clone()), Some(a)]] {
            let failure = writes_left(sent(), left).unwrap_err();
            assert!(failure.is_retryable());
        }
    }
}

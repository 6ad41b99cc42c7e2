//! Looking after writes that took effect late.
//!
//! A request that was given up may still be on its way. If it arrives after its repetition and after
//! later writes of the same row, it undoes these. So for a while, the rows of such requests are looked
//! at again. One that is as such a request would leave it, other than it was, is put right.

use std::sync::Arc;

use tokio::time::{sleep_until, timeout};

use super::Inner;
use super::catch_up::{TIME_OF_A_TRY, named};
use super::unanswered::Undone;
use crate::backoff::no_answer;
use crate::dynamodb::Reading;
use crate::error::Result;
use crate::log::Level;
use crate::row::{Item, RowKey};

impl Inner {
    /// Sees to it that what was written just now stays.
    pub(super) fn watch_for_late_landings(self: &Arc<Self>) {
        if self.unanswered.is_any() {
            self.wake(&self.late_write_check, Self::watch);
        }
    }

    async fn watch(self: Arc<Self>) {
        while let Some((time, rows)) = self.unanswered.next_look() {
            tokio::select! {
                () = sleep_until(time) => self.look_at(rows).await,
                () = self.unanswered.more() => {}
            }
        }
    }

    /// Looks at these rows, one after the other so as not to be in the way of anything; the next look
    /// is for those that it doesn't come to.
    async fn look_at(&self, rows: Vec<RowKey>) {
        let mut put_right = Vec::new();
        let mut failure = None;
        for row in rows {
            match self.look(&row).await {
                Ok(true) => put_right.push(row),
                Ok(false) => {}
                Err(failed) => {
                    failure = Some(failed);
                    break;
                }
            }
        }
        if !put_right.is_empty() {
            self.log_at(
                Level::Warn,
                &format!(
                    "writes that DynamoDB had not answered took effect late, after newer ones; put \
                     right: {}",
                    named(&put_right)
                ),
            );
        }
        if let Some(failure) = failure.filter(|failure| failure.is_refusal()) {
            self.log_failure("looking after writes that DynamoDB had not answered", &failure);
            self.unanswered.forget_all();
        }
    }

    /// Whether a row in doubt had to be put right.
    async fn look(&self, row: &RowKey) -> Result<bool> {
        let turn = self.order.look(row);
        let _writer = turn.writer().await;
        turn.come().await;
        if self.unsaved.newest(row).is_some() {
            // What waits for it will tell what is there.
            return Ok(false);
        }
        let look = self.dynamodb.get(row, Reading::FOR_WRITE);
        let found = timeout(TIME_OF_A_TRY, look).await.unwrap_or_else(|_| Err(no_answer()))?;
        let Some(Undone { was, version }) = self.unanswered.compare(row, found.as_ref()) else {
            return Ok(false);
        };
        // One that was not there becomes a tombstone, since that can be put on a condition.
        let item = was.unwrap_or_else(|| Item::tombstone(&row.key, version.unwrap_or_default()));
        let put = self.dynamodb.put_if_newer(row, &item, version);
        timeout(TIME_OF_A_TRY, put).await.unwrap_or_else(|_| Err(no_answer()))?;
        self.cache.outdate_all(self.cache.begin());
        self.gets.detach_all();
        self.queries.detach_all();
        Ok(true)
    }
}

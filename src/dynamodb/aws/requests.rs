//! The requests of a store. Each is one attempt, which `Inner::send` may repeat once.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, DeleteRequest, PutRequest, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, WriteRequest,
};
use aws_smithy_types::error::operation::BuildError;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::attributes::{
    Attributes, big_segment_row, item_attributes, key_attributes, row_key, stored_row,
};
use super::connect::Connection;
use super::errors::to_error;
use super::{AwsTable, Inner};
use crate::backoff::Retries;
use crate::big_segments::{BigSegmentRow, BigSegmentTable};
use crate::dynamodb::checks::{check_page, check_put, check_row, not_sent, writes_left};
use crate::dynamodb::service_errors::foreign_answer;
use crate::dynamodb::{
    Page, PutOutcome, Reading, Table, UNLESS_NEWER, UNLESS_NEWER_OR_CHANGED, Write,
};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Item, RowKey, StoredRow, number};

impl BigSegmentTable for AwsTable {
    fn disconnect(&self) {
        AwsTable::disconnect(self);
    }

    fn read_retries(&self) -> Retries {
        self.0.retries()
    }

    fn get(
        &self,
        row: &RowKey,
        consistent: bool,
    ) -> BoxFuture<'static, Result<Option<BigSegmentRow>>> {
        let (inner, row) = (Arc::clone(&self.0), row.clone());
        let reading = Reading { consistent, for_write: false };
        async move { Ok(inner.get_item(&row, reading).await?.map(big_segment_row)) }.boxed()
    }
}

impl Table for AwsTable {
    fn disconnect(&self) {
        AwsTable::disconnect(self);
    }

    fn read_retries(&self) -> Retries {
        self.0.retries()
    }

    fn get(&self, row: &RowKey, reading: Reading) -> BoxFuture<'static, Result<Option<StoredRow>>> {
        let (inner, row) = (Arc::clone(&self.0), row.clone());
        async move { Ok(inner.get_item(&row, reading).await?.and_then(stored_row)) }.boxed()
    }

    fn query(
        &self,
        namespace: &str,
        reading: Reading,
        start: Option<RowKey>,
    ) -> BoxFuture<'static, Result<Page>> {
        let (inner, namespace) = (Arc::clone(&self.0), namespace.to_owned());
        async move { inner.query(&namespace, reading, start.as_ref()).await }.boxed()
    }

    fn put_if_newer(
        &self,
        row: &RowKey,
        item: &Item,
        unchanged: Option<f64>,
    ) -> BoxFuture<'static, Result<PutOutcome>> {
        let (inner, row, item) = (Arc::clone(&self.0), row.clone(), item.clone());
        async move { inner.put_item(&row, &item, unchanged).await }.boxed()
    }

    fn batch_write(&self, writes: Vec<Write>) -> BoxFuture<'static, Result<Vec<Write>>> {
        let inner = Arc::clone(&self.0);
        async move { inner.batch_write_item(writes).await }.boxed()
    }
}

impl Inner {
    async fn get_item(&self, row: &RowKey, reading: Reading) -> Result<Option<Attributes>> {
        let send = |connection: &Connection| {
            let request = connection
                .client_for(reading)
                .get_item()
                .table_name(&self.name)
                .set_key(Some(key_attributes(row)))
                .consistent_read(reading.consistent)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            async move { request.send().await.map_err(to_error) }
        };
        let answer = self.send_counted(|requests| &requests.get, send).await?;
        if let Some(found) = &answer.item {
            check_row(row, row_key(found).as_ref())?;
        }
        self.stats.read_units.add(units(answer.consumed_capacity.as_ref()));
        Ok(answer.item)
    }

    async fn query(
        &self,
        namespace: &str,
        reading: Reading,
        start: Option<&RowKey>,
    ) -> Result<Page> {
        let send = |connection: &Connection| {
            let client = connection.client_for(reading);
            let request = query_request(client, &self.name, namespace, start)
                .consistent_read(reading.consistent)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            async move { request.send().await.map_err(to_error) }
        };
        let answer = self.send_counted(|requests| &requests.query, send).await?;
        self.stats.read_units.add(units(answer.consumed_capacity.as_ref()));
        check_page(namespace, start, page(answer)?)
    }

    async fn put_item(
        &self,
        row: &RowKey,
        item: &Item,
        unchanged: Option<f64>,
    ) -> Result<PutOutcome> {
        let condition = if unchanged.is_some() { UNLESS_NEWER_OR_CHANGED } else { UNLESS_NEWER };
        let send = |connection: &Connection| {
            let mut request = connection
                .writes
                .put_item()
                .table_name(&self.name)
                .set_item(Some(item_attributes(row, item)))
                .condition_expression(condition)
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", AttributeValue::N(number(item.version)))
                .expression_attribute_values(":numeric", AttributeValue::S("N".to_owned()))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                );
            if let Some(version) = unchanged {
                let version = AttributeValue::N(number(version));
                request = request.expression_attribute_values(":unchanged", version);
            }
            async move { put_outcome(request.send().await) }
        };
        let (outcome, capacity) = self.send_counted(|requests| &requests.put, send).await?;
        self.stats.write_units.add(units(capacity.as_ref()));
        check_put(row, outcome)
    }

    async fn batch_write_item(&self, writes: Vec<Write>) -> Result<Vec<Write>> {
        let send = |connection: &Connection| {
            let requests = writes.iter().map(write_request).collect::<Result<_>>();
            let request = connection
                .writes
                .batch_write_item()
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            async {
                let request = request.request_items(&self.name, requests?);
                request.send().await.map_err(to_error)
            }
        };
        let answer = self.send_counted(|requests| &requests.batch_write, send).await?;
        for capacity in answer.consumed_capacity() {
            self.stats.write_units.add(units(Some(capacity)));
        }
        let left = answer.unprocessed_items.unwrap_or_default();
        if left.keys().any(|table| !is_same_table(&self.name, table)) {
            return Err(not_sent());
        }
        writes_left(writes, left.values().flatten().map(requested_row))
    }
}

/// Creates a Query for the rows of one namespace: the first page, or the one after `start`.
pub fn query_request(
    client: &Client,
    table: &str,
    namespace: &str,
    start: Option<&RowKey>,
) -> QueryFluentBuilder {
    client
        .query()
        .table_name(table)
        .key_condition_expression("#namespace = :namespace")
        .expression_attribute_names("#namespace", "namespace")
        .expression_attribute_values(":namespace", AttributeValue::S(namespace.to_owned()))
        .set_exclusive_start_key(start.map(key_attributes))
}

fn page(answer: QueryOutput) -> Result<Page> {
    let without_keys = || foreign_answer("DynamoDB's answer has a row without keys");
    let items = answer.items.ok_or_else(|| foreign_answer("DynamoDB's answer has no rows"))?;
    let rows = items.into_iter().map(|item| stored_row(item).ok_or_else(without_keys));
    let next = answer.last_evaluated_key;
    let next = next.map(|key| row_key(&key).ok_or_else(without_keys)).transpose()?;
    Ok(Page { rows: rows.collect::<Result<_>>()?, next })
}

/// Returns whether two names denote the same table. Either may be an ARN.
fn is_same_table(one: &str, other: &str) -> bool {
    one.rsplit('/').next() == other.rsplit('/').next()
}

/// Returns the outcome of a conditional put, and the capacity that it consumed if DynamoDB reports
/// it.
fn put_outcome(
    answer: std::result::Result<PutItemOutput, SdkError<PutItemError>>,
) -> Result<(PutOutcome, Option<ConsumedCapacity>)> {
    match answer {
        Ok(answer) => Ok((PutOutcome::Stored, answer.consumed_capacity)),
        Err(SdkError::ServiceError(failure))
            if failure.err().is_conditional_check_failed_exception() =>
        {
            let PutItemError::ConditionalCheckFailedException(failure) = failure.into_err() else {
                return Ok((PutOutcome::Newer(None), None));
            };
            Ok((PutOutcome::Newer(failure.item.and_then(stored_row)), None))
        }
        Err(failure) => Err(to_error(failure)),
    }
}

fn units(capacity: Option<&ConsumedCapacity>) -> Option<f64> {
    capacity?.capacity_units
}

fn write_request(write: &Write) -> Result<WriteRequest> {
    let put = |attributes| PutRequest::builder().set_item(Some(attributes)).build();
    let delete = |attributes| DeleteRequest::builder().set_key(Some(attributes)).build();
    let request = WriteRequest::builder();
    let request = match write {
        Write::Put(row, item) => {
            put(item_attributes(row, item)).map(|put| request.put_request(put))
        }
        Write::PutMarker(row) => put(key_attributes(row)).map(|put| request.put_request(put)),
        Write::Delete(row) => {
            delete(key_attributes(row)).map(|delete| request.delete_request(delete))
        }
    };
    Ok(request.map_err(incomplete)?.build())
}

/// Returns the row of one write of a batch.
fn requested_row(request: &WriteRequest) -> Option<RowKey> {
    match (&request.put_request, &request.delete_request) {
        (Some(put), _) => row_key(&put.item),
        (None, Some(delete)) => row_key(&delete.key),
        (None, None) => None,
    }
}

/// Returns the error for a request without a required part. No request here lacks one.
pub fn incomplete(failure: BuildError) -> Error {
    Error::new(ErrorKind::Internal, format!("a request is incomplete: {failure}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_batch_leaves_is_found_again_by_its_row() {
        let row = RowKey::new("features", "k");
        let writes = [
            Write::Put(row.clone(), Item::tombstone("k", 1.0)),
            Write::PutMarker(row.clone()),
            Write::Delete(row.clone()),
        ];
        for write in writes {
            assert_eq!(requested_row(&write_request(&write).unwrap()), Some(row.clone()));
        }
    }
}

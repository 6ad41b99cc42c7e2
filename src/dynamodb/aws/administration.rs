//! Requests of the command line.

use std::sync::Arc;

use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    PointInTimeRecoverySpecification, ProvisionedThroughput, ScalarAttributeType, TableDescription,
    Tag,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::AwsTable;
use super::attributes::{Attributes, key_attributes, row_key, stored_row};
use super::connect::Connection;
use super::errors::{no_credentials, to_error};
use super::requests::{incomplete, query_request};
use crate::dynamodb::service_errors::foreign_answer;
use crate::error::Result;
use crate::inspection::{Billing, Caller, Description, KeyAttribute, NewTable, RowPage, SizedRow};
use crate::model::RowKey;

impl AwsTable {
    /// Returns the region, the endpoint, and the access key that signs requests. Sends no request to DynamoDB.
    pub fn caller(&self) -> BoxFuture<'static, Result<Caller>> {
        let inner = Arc::clone(&self.0);
        async move {
            let connection = inner.connector.connection().await?;
            let region = connection.reads.config().region().map(ToString::to_string);
            let credentials = connection.credentials.provide_credentials().await;
            let credentials = credentials.map_err(|failure| no_credentials(&failure))?;
            Ok(Caller {
                region: region.unwrap_or_default(),
                endpoint: connection.endpoint().await,
                access_key_id: credentials.access_key_id().to_owned(),
            })
        }
        .boxed()
    }

    /// Returns DynamoDB's description of the table.
    pub fn describe(&self) -> BoxFuture<'static, Result<Description>> {
        let inner = Arc::clone(&self.0);
        async move {
            let send = |connection: &Connection| {
                let request = connection.reads.describe_table().table_name(&inner.name);
                async move { request.send().await.map_err(to_error) }
            };
            let answer = inner.send_until_answered(send).await?;
            Ok(description(&answer.table.unwrap_or_else(|| TableDescription::builder().build())))
        }
        .boxed()
    }

    /// Creates the table with the keys that stores need.
    pub fn create(&self, table: NewTable) -> BoxFuture<'static, Result<()>> {
        let inner = Arc::clone(&self.0);
        async move {
            let tags = table.tags.iter().map(|(key, value)| tag(key, value));
            let tags = tags.collect::<Result<Vec<_>>>()?;
            let send = |connection: &Connection| {
                let request = connection.reads.create_table().table_name(&inner.name);
                let tags = (!tags.is_empty()).then(|| tags.clone());
                async move {
                    let request = request
                        .attribute_definitions(text_attribute("namespace")?)
                        .attribute_definitions(text_attribute("key")?)
                        .key_schema(key_element("namespace", KeyType::Hash)?)
                        .key_schema(key_element("key", KeyType::Range)?)
                        .set_tags(tags)
                        .set_deletion_protection_enabled(table.deletion_protection.then_some(true));
                    let request = match table.billing {
                        Billing::OnDemand => request.billing_mode(BillingMode::PayPerRequest),
                        Billing::Provisioned(read, write) => request
                            .billing_mode(BillingMode::Provisioned)
                            .provisioned_throughput(throughput(read, write)?),
                    };
                    request.send().await.map_err(to_error)
                }
            };
            inner.send_until_answered(send).await?;
            Ok(())
        }
        .boxed()
    }

    /// Turns point-in-time recovery on.
    pub fn enable_recovery(&self) -> BoxFuture<'static, Result<()>> {
        let inner = Arc::clone(&self.0);
        async move {
            let send = |connection: &Connection| {
                let request = connection.reads.update_continuous_backups().table_name(&inner.name);
                async move {
                    let recovery = PointInTimeRecoverySpecification::builder()
                        .point_in_time_recovery_enabled(true)
                        .build()
                        .map_err(incomplete)?;
                    let request = request.point_in_time_recovery_specification(recovery);
                    request.send().await.map_err(to_error)
                }
            };
            inner.send_until_answered(send).await?;
            Ok(())
        }
        .boxed()
    }

    /// Reads a page of the rows of one namespace, or of the whole table: the first page, or the one
    /// after `start`.
    pub fn rows(
        &self,
        namespace: Option<&str>,
        start: Option<RowKey>,
    ) -> BoxFuture<'static, Result<RowPage>> {
        let (inner, namespace) = (Arc::clone(&self.0), namespace.map(str::to_owned));
        async move {
            let (rows, next) = match &namespace {
                Some(namespace) => {
                    let send = |connection: &Connection| {
                        let client = &connection.reads;
                        let request = query_request(client, &inner.name, namespace, start.as_ref());
                        async move { request.send().await.map_err(to_error) }
                    };
                    let answer = inner.send_until_answered(send).await?;
                    (answer.items, answer.last_evaluated_key)
                }
                None => {
                    let send = |connection: &Connection| {
                        let start = start.as_ref().map(key_attributes);
                        let scan = connection.reads.scan().table_name(&inner.name);
                        let request = scan.set_exclusive_start_key(start);
                        async move { request.send().await.map_err(to_error) }
                    };
                    let answer = inner.send_until_answered(send).await?;
                    (answer.items, answer.last_evaluated_key)
                }
            };
            let next = next.and_then(|key| row_key(&key));
            if next.is_some() && next == start {
                return Err(foreign_answer("DynamoDB's pages repeat: they come to no end"));
            }
            let rows = rows.unwrap_or_default().into_iter().filter_map(sized_row).collect();
            Ok(RowPage { rows, next })
        }
        .boxed()
    }
}

fn sized_row(attributes: Attributes) -> Option<SizedRow> {
    let bytes = attributes.iter().map(|(name, value)| name.len() + size(value)).sum();
    Some(SizedRow { row: stored_row(attributes)?, bytes })
}

/// Returns the size of a value in bytes, as DynamoDB counts it.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number_size(number),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|number| number_size(number)).sum(),
        AttributeValue::Bs(all) => all.iter().map(|bytes| bytes.as_ref().len()).sum(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + size(value)).sum::<usize>(),
        AttributeValue::M(members) => {
            3 + members.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>()
        }
        _ => 1,
    }
}

/// Returns one byte for every two digits, plus one.
fn number_size(number: &str) -> usize {
    number.chars().filter(char::is_ascii_digit).count().div_ceil(2) + 1
}

fn description(table: &TableDescription) -> Description {
    let kind_of = |name: &str| {
        let defined = table.attribute_definitions().iter().find(|a| a.attribute_name() == name);
        defined.map_or_else(String::new, |a| a.attribute_type().as_str().to_owned())
    };
    let keys = table.key_schema().iter().map(|key| KeyAttribute {
        name: key.attribute_name().to_owned(),
        role: key.key_type().as_str().to_owned(),
        kind: kind_of(key.attribute_name()),
    });
    let is_on_demand = table.billing_mode_summary().and_then(|summary| summary.billing_mode())
        == Some(&BillingMode::PayPerRequest);
    let units = |units: Option<i64>| u32::try_from(units.unwrap_or_default()).unwrap_or_default();
    let billing = match table.provisioned_throughput() {
        Some(provisioned) if !is_on_demand => Billing::Provisioned(
            units(provisioned.read_capacity_units()),
            units(provisioned.write_capacity_units()),
        ),
        _ => Billing::OnDemand,
    };
    let count = |count: Option<i64>| u64::try_from(count.unwrap_or_default()).unwrap_or_default();
    Description {
        status: table.table_status().map_or("UNKNOWN", |status| status.as_str()).to_owned(),
        keys: keys.collect(),
        billing,
        rows: count(table.item_count()),
        bytes: count(table.table_size_bytes()),
    }
}

fn text_attribute(name: &str) -> Result<AttributeDefinition> {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()
        .map_err(incomplete)
}

fn key_element(name: &str, role: KeyType) -> Result<KeySchemaElement> {
    KeySchemaElement::builder().attribute_name(name).key_type(role).build().map_err(incomplete)
}

fn tag(key: &str, value: &str) -> Result<Tag> {
    Tag::builder().key(key).value(value).build().map_err(incomplete)
}

fn throughput(read: u32, write: u32) -> Result<ProvisionedThroughput> {
    ProvisionedThroughput::builder()
        .read_capacity_units(read.into())
        .write_capacity_units(write.into())
        .build()
        .map_err(incomplete)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_counted_as_dynamodb_counts_them() {
        let sizes = [
            (AttributeValue::S("Grüße".into()), 7),
            (AttributeValue::N("123".into()), 3),
            (AttributeValue::Bool(true), 1),
            (AttributeValue::Null(true), 1),
            (AttributeValue::Ss(vec!["ab".into(), "c".into()]), 3),
            (AttributeValue::L(vec![AttributeValue::S("ab".into())]), 6),
        ];
        for (value, expected) in sizes {
            assert_eq!(size(&value), expected, "{value:?}");
        }
    }

    #[test]
    fn a_table_is_described_with_its_keys_and_its_capacity() {
        let table = TableDescription::builder()
            .attribute_definitions(text_attribute("namespace").unwrap())
            .attribute_definitions(text_attribute("key").unwrap())
            .key_schema(key_element("namespace", KeyType::Hash).unwrap())
            .key_schema(key_element("key", KeyType::Range).unwrap())
            .item_count(7)
            .build();
        let described = description(&table);
        assert!(described.has_right_keys());
        assert_eq!((described.rows, described.billing), (7, Billing::OnDemand));
        assert_eq!(described.status, "UNKNOWN");
    }
}

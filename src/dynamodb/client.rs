//! DynamoDB through aws-sdk-dynamodb.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::customize::CustomizableOperation;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, PutRequest, ReturnValuesOnConditionCheckFailure, WriteRequest,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use super::credentials::SteadyCredentials;
use super::failure::{no_credentials, to_error};
use super::trust::{self, RootCertificates};
use super::{DynamoDb, Page, PutOutcome, Reading, Write};
use crate::config::{ClientConfig, Config};
use crate::error::{Error, ErrorKind, Result};
use crate::log::Log;
use crate::row::{Item, ItemAttribute, RowKey, StoredRow, number};
use crate::single_flight::SingleFlight;

/// How often a read is sent, the first time included.
const READ_ATTEMPTS: u32 = 3;
/// The longest first pause between two attempts of a read; the actual one is random.
const READ_BACKOFF: Duration = Duration::from_millis(50);
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Which part of the time that a read has may pass before there is a region, or credentials; so that
/// the error names what is missing, rather than DynamoDB.
const SEARCH_SHARE: f64 = 0.8;

/// A table behind aws-sdk-dynamodb.
pub struct SdkDynamoDb(Arc<Inner>);

struct Inner {
    table: String,
    config: ClientConfig,
    read_timeout: Duration,
    /// How what belongs to a write is sent: once, since the store decides itself when a write is
    /// tried again.
    write_config: aws_sdk_dynamodb::config::Builder,
    node_roots: RootCertificates,
    log: Arc<dyn Log>,
    connection: OnceLock<Connection>,
    connecting: SingleFlight<(), Result<Connection>>,
    /// Set when credentials have been found.
    ready: AtomicBool,
}

#[derive(Clone)]
struct Connection {
    client: Client,
    /// `None` where the chain of sources is turned off.
    credentials: Option<SteadyCredentials>,
}

impl SdkDynamoDb {
    /// The table that `config` names. Nothing is sent, and no credentials are looked for, before
    /// the first request.
    pub fn new(config: &Config, node_roots: RootCertificates, log: Arc<dyn Log>) -> Self {
        let write_config = aws_sdk_dynamodb::Config::builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts(config.write_timeout / 2));
        Self(Arc::new(Inner {
            table: config.table.clone(),
            config: config.client.clone(),
            read_timeout: config.read_timeout,
            write_config,
            node_roots,
            log,
            connection: OnceLock::new(),
            connecting: SingleFlight::new(),
            ready: AtomicBool::new(false),
        }))
    }
}

impl Inner {
    /// The client, once there are a region and credentials. Whoever waits in vain is told which of
    /// them is missing; the search goes on.
    async fn client(&self) -> Result<&Client> {
        let deadline = Instant::now() + self.read_timeout.mul_f64(SEARCH_SHARE);
        let connection = match self.connection.get() {
            Some(connection) => connection,
            None => {
                let connection = self.connected(deadline).await?;
                self.connection.get_or_init(|| connection)
            }
        };
        if !self.ready.load(Ordering::Relaxed)
            && let Some(credentials) = &connection.credentials
        {
            match timeout_at(deadline, credentials.prepare()).await {
                Ok(found) => found.map_err(|failure| no_credentials(&failure))?,
                Err(_) => return Err(not_in_time(ErrorKind::NoCredentials, "no AWS credentials")),
            }
            self.ready.store(true, Ordering::Relaxed);
        }
        Ok(&connection.client)
    }

    /// The request as what belongs to a write is sent.
    fn as_write<T, E, B>(
        &self,
        request: CustomizableOperation<T, E, B>,
    ) -> CustomizableOperation<T, E, B> {
        request.config_override(self.write_config.clone())
    }

    async fn connected(&self, deadline: Instant) -> Result<Connection> {
        let (config, node_roots) = (self.config.clone(), Arc::clone(&self.node_roots));
        let (log, read_timeout) = (Arc::clone(&self.log), self.read_timeout);
        let connect = async move { connect(&config, &node_roots, &*log, read_timeout).await };
        match timeout_at(deadline, self.connecting.join((), connect)).await {
            Ok(connected) => connected.unwrap_or_else(|| Err(Error::panicked())),
            // Nothing else takes long: the search for a region ends at the instance's metadata.
            Err(_) => Err(not_in_time(ErrorKind::NoRegion, "no AWS region")),
        }
    }
}

fn not_in_time(kind: ErrorKind, what: &str) -> Error {
    Error::new(kind, format!("{what} could be found in time; the search goes on")).passing()
}

async fn connect(
    options: &ClientConfig,
    node_roots: &RootCertificates,
    log: &dyn Log,
    read_timeout: Duration,
) -> Result<Connection> {
    let endpoint = options.endpoint.as_deref().map(endpoint_url).transpose()?;
    let http_client = trust::http_client(node_roots, log).await;
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http_client);
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(fixed) = &options.credentials {
        loader = loader.credentials_provider(Credentials::new(
            &fixed.access_key_id,
            &fixed.secret_access_key,
            fixed.session_token.clone(),
            None,
            "clientOptions",
        ));
    }
    let shared = loader.load().await;
    if shared.region().is_none() {
        return Err(Error::new(ErrorKind::NoRegion, "no AWS region is configured"));
    }
    // A read is sent a few times, each for half of the time that it has: one that meets a dead
    // connection has the other half for a new one. The budget for that is each store's own; by
    // default one store's outage would use up that of all others in the process.
    let retries =
        RetryConfig::standard().with_max_attempts(READ_ATTEMPTS).with_initial_backoff(READ_BACKOFF);
    let mut config = aws_sdk_dynamodb::config::Builder::from(&shared)
        .retry_config(retries)
        .retry_partition(RetryPartition::custom("dynamodb-feature-store").build())
        .timeout_config(timeouts(read_timeout / 2));
    let credentials = shared.credentials_provider().map(SteadyCredentials::new);
    if let Some(credentials) = &credentials {
        config = config.credentials_provider(credentials.clone());
    }
    if let Some(url) = endpoint {
        config = config.endpoint_url(url);
    }
    Ok(Connection { client: Client::from_conf(config.build()), credentials })
}

fn timeouts(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(attempt)
        .build()
}

/// The endpoint as a URL. A bare host, which the AWS SDK for JavaScript v2 allows, means HTTPS.
fn endpoint_url(text: &str) -> Result<String> {
    let text = text.trim();
    let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let usable = url.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|authority| {
                let host = authority.host();
                let port = authority.as_str().rsplit('@').next().and_then(|s| s.strip_prefix(host));
                let port = port.map(|port| port.strip_prefix(':').unwrap_or("0"));
                !host.is_empty() && port.is_some_and(|port| port.parse::<u16>().is_ok())
            })
    });
    if usable {
        Ok(url)
    } else {
        // A password may stand before an @.
        let shown = text.rsplit('@').next().unwrap_or_default();
        Err(Error::new(ErrorKind::BadEndpoint, format!("the endpoint {shown:?} is not a URL")))
    }
}

impl DynamoDb for SdkDynamoDb {
    fn get(&self, row: &RowKey, reading: Reading) -> BoxFuture<'static, Result<Option<StoredRow>>> {
        let (inner, row) = (Arc::clone(&self.0), row.clone());
        async move {
            let request = inner.client().await?.get_item();
            let request = request
                .table_name(&inner.table)
                .set_key(Some(key_attributes(&row)))
                .consistent_read(reading != Reading::Eventual);
            let answer = match reading {
                Reading::ForWrite => inner.as_write(request.customize()).send().await,
                Reading::Eventual | Reading::Consistent => request.send().await,
            };
            let answer = answer.map_err(to_error)?;
            Ok(answer.item.and_then(stored_row))
        }
        .boxed()
    }

    fn query(
        &self,
        namespace: &str,
        reading: Reading,
        start: Option<RowKey>,
    ) -> BoxFuture<'static, Result<Page>> {
        let (inner, namespace) = (Arc::clone(&self.0), namespace.to_owned());
        async move {
            let request = inner.client().await?.query();
            let request = request
                .table_name(&inner.table)
                .key_condition_expression("#namespace = :namespace")
                .expression_attribute_names("#namespace", "namespace")
                .expression_attribute_values(":namespace", AttributeValue::S(namespace))
                .consistent_read(reading != Reading::Eventual)
                .set_exclusive_start_key(start.as_ref().map(key_attributes));
            let answer = match reading {
                Reading::ForWrite => inner.as_write(request.customize()).send().await,
                Reading::Eventual | Reading::Consistent => request.send().await,
            };
            let answer = answer.map_err(to_error)?;
            Ok(Page {
                rows: answer.items.unwrap_or_default().into_iter().filter_map(stored_row).collect(),
                next: answer.last_evaluated_key.and_then(|key| row_key(&key)),
            })
        }
        .boxed()
    }

    fn put_if_newer(&self, row: &RowKey, item: &Item) -> BoxFuture<'static, Result<PutOutcome>> {
        let (inner, row, item) = (Arc::clone(&self.0), row.clone(), item.clone());
        async move {
            let request = inner.client().await?.put_item();
            let request = request
                .table_name(&inner.table)
                .set_item(Some(item_attributes(&row, &item)))
                .condition_expression("attribute_not_exists(#version) OR #version < :version")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", AttributeValue::N(number(item.version)))
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                );
            match inner.as_write(request.customize()).send().await {
                Ok(_) => Ok(PutOutcome::Stored),
                Err(SdkError::ServiceError(refusal))
                    if refusal.err().is_conditional_check_failed_exception() =>
                {
                    let PutItemError::ConditionalCheckFailedException(refusal) = refusal.into_err()
                    else {
                        return Ok(PutOutcome::Newer(None));
                    };
                    Ok(PutOutcome::Newer(refusal.item.and_then(stored_row)))
                }
                Err(failure) => Err(to_error(failure)),
            }
        }
        .boxed()
    }

    fn batch_write(&self, writes: Vec<Write>) -> BoxFuture<'static, Result<Vec<Write>>> {
        let inner = Arc::clone(&self.0);
        async move {
            let requests = writes.iter().map(write_request).collect();
            let request = inner.client().await?.batch_write_item();
            let request = request.request_items(&inner.table, requests);
            let answer = inner.as_write(request.customize()).send().await.map_err(to_error)?;
            // All of it is this table's, under whichever of its names.
            let left = answer.unprocessed_items.unwrap_or_default();
            if left.is_empty() {
                return Ok(Vec::new());
            }
            let mut sent: HashMap<RowKey, Write> =
                writes.into_iter().map(|write| (write.row().clone(), write)).collect();
            Ok(left
                .values()
                .flatten()
                .filter_map(requested_row)
                .filter_map(|row| sent.remove(&row))
                .collect())
        }
        .boxed()
    }
}

type Attributes = HashMap<String, AttributeValue>;

fn key_attributes(row: &RowKey) -> Attributes {
    HashMap::from([
        ("namespace".to_owned(), AttributeValue::S(row.namespace.to_string())),
        ("key".to_owned(), AttributeValue::S(row.key.to_string())),
    ])
}

fn item_attributes(row: &RowKey, item: &Item) -> Attributes {
    let mut attributes = key_attributes(row);
    attributes.insert("version".to_owned(), AttributeValue::N(number(item.version)));
    attributes.insert("item".to_owned(), AttributeValue::S(item.json.to_string()));
    attributes
}

fn write_request(write: &Write) -> WriteRequest {
    let put = |attributes| {
        PutRequest::builder().set_item(Some(attributes)).build().expect("its item is set")
    };
    let request = WriteRequest::builder();
    match write {
        Write::Put(row, item) => request.put_request(put(item_attributes(row, item))),
        Write::PutMarker(row) => request.put_request(put(key_attributes(row))),
        Write::Delete(row) => request.delete_request(
            DeleteRequest::builder()
                .set_key(Some(key_attributes(row)))
                .build()
                .expect("its key is set"),
        ),
    }
    .build()
}

fn requested_row(request: &WriteRequest) -> Option<RowKey> {
    match (&request.put_request, &request.delete_request) {
        (Some(put), _) => row_key(&put.item),
        (None, Some(delete)) => row_key(&delete.key),
        (None, None) => None,
    }
}

fn row_key(attributes: &Attributes) -> Option<RowKey> {
    let text = |name| attributes.get(name)?.as_s().ok();
    Some(RowKey::new(text("namespace")?.as_str(), text("key")?.as_str()))
}

/// The row that these attributes make; `None` for one without the two keys, which only a table with
/// another schema can return.
fn stored_row(mut attributes: Attributes) -> Option<StoredRow> {
    let key = row_key(&attributes)?;
    let version = match attributes.get("version") {
        Some(AttributeValue::N(text)) => text.parse().ok().filter(|v: &f64| v.is_finite()),
        _ => None,
    };
    let item = match attributes.remove("item") {
        None => ItemAttribute::Absent,
        Some(AttributeValue::S(text)) => ItemAttribute::Text(text.into()),
        Some(AttributeValue::B(_)) => ItemAttribute::Binary,
        Some(other) => ItemAttribute::Other(type_name(&other)),
    };
    let deleted = matches!(attributes.get("deleted"), Some(AttributeValue::Bool(true)));
    Some(StoredRow { key, version, item, deleted })
}

fn type_name(value: &AttributeValue) -> &'static str {
    match value {
        AttributeValue::Bool(_) => "BOOL",
        AttributeValue::L(_) => "L",
        AttributeValue::M(_) => "M",
        AttributeValue::N(_) => "N",
        AttributeValue::Null(_) => "NULL",
        AttributeValue::Bs(_) | AttributeValue::Ns(_) | AttributeValue::Ss(_) => "set",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url_or_a_bare_host() {
        let url = |text| endpoint_url(text).map_err(|e| e.kind);
        assert_eq!(url("http://localhost:8000").as_deref(), Ok("http://localhost:8000"));
        assert_eq!(url("localhost:8000").as_deref(), Ok("https://localhost:8000"));
        assert_eq!(url(" https://[::1]:1 ").as_deref(), Ok("https://[::1]:1"));
        for bad in
            ["not a url", "", "http://", "ftp://host", "://", "http://host:port", "host:99999"]
        {
            assert_eq!(url(bad), Err(ErrorKind::BadEndpoint), "{bad}");
        }
    }

    #[test]
    fn rows_are_read_whatever_their_attributes_are() {
        let mut attributes = key_attributes(&RowKey::new("features", "k"));
        attributes.insert("version".into(), AttributeValue::S("1".into()));
        attributes.insert("item".into(), AttributeValue::N("1".into()));
        attributes.insert("deleted".into(), AttributeValue::Bool(true));
        let row = stored_row(attributes).unwrap();
        assert_eq!((row.version, row.deleted), (None, true));
        assert_eq!(row.item, ItemAttribute::Other("N"));
        assert_eq!(stored_row(Attributes::new()), None);
    }

    #[test]
    fn what_a_batch_leaves_is_found_again_by_its_row() {
        let row = RowKey::new("features", "k");
        let writes = [
            Write::Put(row.clone(), Item::tombstone("k", 1.0)),
            Write::PutMarker(row.clone()),
            Write::Delete(row.clone()),
        ];
        for write in writes {
            assert_eq!(requested_row(&write_request(&write)), Some(row.clone()));
        }
    }
}

//! DynamoDB through aws-sdk-dynamodb.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, DeleteRequest, PutRequest, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, WriteRequest,
};
use aws_smithy_types::body::SdkBody;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use super::complete::Complete;
use super::counting::Counting;
use super::credentials::SteadyCredentials;
use super::failure::{no_credentials, to_error};
use super::http::Http;
use super::trust::RootCertificates;
use super::{DynamoDb, Effort, Page, PutOutcome, Reading, Write};
use crate::clock::{Clock, JumpWatch};
use crate::config::{ClientConfig, Config};
use crate::error::{Error, ErrorKind, Result};
use crate::log::Log;
use crate::row::{Item, ItemAttribute, RowKey, StoredRow, number};
use crate::single_flight::SingleFlight;
use crate::stats::Stats;

/// How often a read is sent, the first time included.
const READ_ATTEMPTS: u32 = 3;
/// The longest first pause between two attempts of a read; the actual one is random.
const READ_BACKOFF: Duration = Duration::from_millis(50);
/// How long a connection may take to be made when that is not configured.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an attempt of a write may take when that is not configured, however long the write may be
/// tried.
const LONGEST_WRITE_ATTEMPT: Duration = Duration::from_secs(10);
/// How much time an attempt of a write has, however soon its callback comes: it is tried again later.
const SHORTEST_WRITE_ATTEMPT: Duration = Duration::from_secs(2);

/// The condition of a put.
pub(super) const UNLESS_NEWER: &str = "attribute_not_exists(#version) OR #version < :version";
/// Likewise, for a put that may bring an older version than the one that is known to be there.
pub(super) const UNLESS_NEWER_OR_CHANGED: &str =
    "attribute_not_exists(#version) OR #version < :version OR #version = :unchanged";

/// Which part of the time that a read has may pass before there is a region, or credentials; so that
/// the error names what is missing, rather than DynamoDB.
const SEARCH_SHARE: f64 = 0.8;

/// A table behind aws-sdk-dynamodb.
pub struct SdkDynamoDb(Arc<Inner>);

struct Inner {
    table: String,
    config: ClientConfig,
    read_timeout: Duration,
    /// How a read is sent that need not be tried again.
    once: aws_sdk_dynamodb::config::Builder,
    /// How what belongs to a write is sent: once, since the store decides itself when a write is
    /// tried again.
    for_write: aws_sdk_dynamodb::config::Builder,
    http: Http,
    stats: Arc<Stats>,
    jumps: JumpWatch,
    /// How often the connections were taken for dead.
    epoch: AtomicU64,
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
    /// [`SdkDynamoDb::connect`] or the first request. Requests are counted in `stats`.
    pub fn new(
        config: &Config,
        node_roots: RootCertificates,
        log: Arc<dyn Log>,
        clock: Clock,
        stats: Arc<Stats>,
    ) -> Self {
        let sent_once = |time: Duration| {
            aws_sdk_dynamodb::Config::builder()
                .retry_config(RetryConfig::disabled())
                .timeout_config(timeouts(&config.client, time))
        };
        Self(Arc::new(Inner {
            table: config.table.clone(),
            config: config.client.clone(),
            read_timeout: config.read_timeout,
            once: sent_once(config.read_timeout / 2),
            for_write: sent_once(attempt_of_write(config.write_timeout)),
            http: Http::new(node_roots, log),
            stats,
            jumps: JumpWatch::new(clock),
            epoch: AtomicU64::new(0),
            connection: OnceLock::new(),
            connecting: SingleFlight::new(),
            ready: AtomicBool::new(false),
        }))
    }

    /// Gets a connection ready, with the credentials for it, for the first request. That it fails is
    /// for the first request to tell.
    pub fn connect(&self) -> impl Future<Output = ()> + Send + 'static {
        let inner = Arc::clone(&self.0);
        async move {
            let Ok(client) = inner.client().await else {
                return;
            };
            // Only a request makes a connection. This one becomes the question whether DynamoDB is
            // there, which costs nothing and needs no rights. Without TLS there is nothing to gain.
            let request = client.describe_limits().customize();
            let request = request.config_override(inner.once.clone()).map_request(|mut request| {
                if !request.uri().starts_with("https:") {
                    return Err(io::Error::other("no TLS"));
                }
                request.set_method("GET").map_err(io::Error::other)?;
                request.headers_mut().remove("x-amz-target");
                *request.body_mut() = SdkBody::empty();
                Ok(request)
            });
            drop(request.send().await);
        }
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

    /// How often the connections were taken for dead until now. They are when this process has stood
    /// still for long enough for the other side to hang up.
    fn epoch(&self) -> u64 {
        if self.jumps.has_jumped() {
            self.http.give_up_connections();
            self.epoch.fetch_add(1, Ordering::SeqCst);
        }
        self.epoch.load(Ordering::SeqCst)
    }

    /// Sends a request. One that fails on a connection which died while this process stood still is
    /// sent again at once.
    async fn send<T, F>(&self, request: impl Fn(Client) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let epoch = self.epoch();
        let client = self.client().await?;
        match request(client.clone()).await {
            Err(failure) if failure.is_retryable() && self.epoch() != epoch => {
                request(client.clone()).await
            }
            result => result,
        }
    }

    /// How a request is sent that is not sent as the client is configured.
    fn overrides(&self, effort: Effort) -> Option<aws_sdk_dynamodb::config::Builder> {
        match effort {
            Effort::Retried => None,
            Effort::Once => Some(self.once.clone()),
            Effort::ForWrite => Some(self.for_write.clone()),
        }
    }

    async fn connected(&self, deadline: Instant) -> Result<Connection> {
        let (config, http, stats) = (self.config.clone(), self.http.clone(), self.stats.clone());
        let read_timeout = self.read_timeout;
        let connect = async move { connect(&config, http, stats, read_timeout).await };
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
    http: Http,
    stats: Arc<Stats>,
    read_timeout: Duration,
) -> Result<Connection> {
    let endpoint = options.endpoint.as_deref().map(endpoint_url).transpose()?;
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http);
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
        .timeout_config(timeouts(options, read_timeout / 2))
        // The time-out of an attempt bounds its body too, and watching the stream is work.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .interceptor(Complete)
        .interceptor(Counting(stats));
    let credentials = shared.credentials_provider().map(SteadyCredentials::new);
    if let Some(credentials) = &credentials {
        config = config.credentials_provider(credentials.clone());
    }
    if let Some(url) = endpoint {
        config = config.endpoint_url(url);
    }
    Ok(Connection { client: Client::from_conf(config.build()), credentials })
}

/// How long an attempt of a write may take when that is not configured.
pub(super) fn attempt_of_write(write_timeout: Duration) -> Duration {
    (write_timeout / 2).clamp(SHORTEST_WRITE_ATTEMPT, LONGEST_WRITE_ATTEMPT)
}

/// The time-outs that are configured, or else our own.
fn timeouts(options: &ClientConfig, attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(options.connect_timeout.unwrap_or(CONNECT_TIMEOUT))
        .operation_attempt_timeout(options.attempt_timeout.unwrap_or(attempt))
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

/// Sends a request, with overrides where there are any: applying none is work too. Each operation has
/// a builder of its own type, and these have no trait in common.
macro_rules! send_with {
    ($request:expr, $overrides:expr) => {
        match $overrides {
            Some(config) => $request.customize().config_override(config).send().await,
            None => $request.send().await,
        }
    };
}

impl DynamoDb for SdkDynamoDb {
    fn get(&self, row: &RowKey, reading: Reading) -> BoxFuture<'static, Result<Option<StoredRow>>> {
        let (inner, row) = (Arc::clone(&self.0), row.clone());
        async move {
            let send = |client: Client| {
                let request = client
                    .get_item()
                    .table_name(&inner.table)
                    .set_key(Some(key_attributes(&row)))
                    .consistent_read(reading.consistent)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total);
                let overrides = inner.overrides(reading.effort);
                async move { send_with!(request, overrides).map_err(to_error) }
            };
            let answer = inner.send(send).await?;
            inner.stats.read_units.add(units(answer.consumed_capacity.as_ref()));
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
            let send = |client: Client| {
                let namespace = AttributeValue::S(namespace.clone());
                let request = client
                    .query()
                    .table_name(&inner.table)
                    .key_condition_expression("#namespace = :namespace")
                    .expression_attribute_names("#namespace", "namespace")
                    .expression_attribute_values(":namespace", namespace)
                    .consistent_read(reading.consistent)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .set_exclusive_start_key(start.as_ref().map(key_attributes));
                let overrides = inner.overrides(reading.effort);
                async move { send_with!(request, overrides).map_err(to_error) }
            };
            let answer = inner.send(send).await?;
            inner.stats.read_units.add(units(answer.consumed_capacity.as_ref()));
            Ok(Page {
                rows: answer.items.unwrap_or_default().into_iter().filter_map(stored_row).collect(),
                next: answer.last_evaluated_key.and_then(|key| row_key(&key)),
            })
        }
        .boxed()
    }

    fn put_if_newer(
        &self,
        row: &RowKey,
        item: &Item,
        unchanged: Option<f64>,
    ) -> BoxFuture<'static, Result<PutOutcome>> {
        let (inner, row, item) = (Arc::clone(&self.0), row.clone(), item.clone());
        async move {
            let send = |client: Client| {
                let version = AttributeValue::N(number(item.version));
                let condition = match unchanged {
                    Some(_) => UNLESS_NEWER_OR_CHANGED,
                    None => UNLESS_NEWER,
                };
                let values = unchanged.map(|v| (":unchanged", AttributeValue::N(number(v))));
                let values = values.into_iter().chain([(":version", version)]);
                let values = values.map(|(name, value)| (name.to_owned(), value)).collect();
                let request = client
                    .put_item()
                    .table_name(&inner.table)
                    .set_item(Some(item_attributes(&row, &item)))
                    .condition_expression(condition)
                    .expression_attribute_names("#version", "version")
                    .set_expression_attribute_values(Some(values))
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .return_values_on_condition_check_failure(
                        ReturnValuesOnConditionCheckFailure::AllOld,
                    );
                let request = request.customize().config_override(inner.for_write.clone());
                async move { put_outcome(request.send().await) }
            };
            let (outcome, capacity) = inner.send(send).await?;
            inner.stats.write_units.add(units(capacity.as_ref()));
            Ok(outcome)
        }
        .boxed()
    }

    fn batch_write(&self, writes: Vec<Write>) -> BoxFuture<'static, Result<Vec<Write>>> {
        let inner = Arc::clone(&self.0);
        async move {
            let send = |client: Client| {
                let requests = writes.iter().map(write_request).collect();
                let request = client
                    .batch_write_item()
                    .request_items(&inner.table, requests)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .customize()
                    .config_override(inner.for_write.clone());
                async move { request.send().await.map_err(to_error) }
            };
            let answer = inner.send(send).await?;
            for capacity in answer.consumed_capacity() {
                inner.stats.write_units.add(units(Some(capacity)));
            }
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

/// What became of a conditional put, and the capacity that it took where that is told.
fn put_outcome(
    answer: std::result::Result<PutItemOutput, SdkError<PutItemError>>,
) -> Result<(PutOutcome, Option<ConsumedCapacity>)> {
    match answer {
        Ok(answer) => Ok((PutOutcome::Stored, answer.consumed_capacity)),
        Err(SdkError::ServiceError(refusal))
            if refusal.err().is_conditional_check_failed_exception() =>
        {
            let PutItemError::ConditionalCheckFailedException(refusal) = refusal.into_err() else {
                return Ok((PutOutcome::Newer(None), None));
            };
            Ok((PutOutcome::Newer(refusal.item.and_then(stored_row)), None))
        }
        Err(failure) => Err(to_error(failure)),
    }
}

fn units(capacity: Option<&ConsumedCapacity>) -> Option<f64> {
    capacity?.capacity_units
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

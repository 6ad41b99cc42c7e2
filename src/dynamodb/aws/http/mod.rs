//! The HTTP connections of a store.
//!
//! Certificates are read when TLS is first used, because this takes longer than everything else before the
//! first request. All connections can be dropped at once. Their number and the length of answers are limited.

mod dns;
mod proxies;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::pool::{Client, ConnectionPool};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use http_body_util::Limited;
use tokio::sync::OnceCell;

pub use self::dns::Resolver;
pub use self::proxies::proxy_of_environment;

use self::proxies::Proxies;
use super::tls::{self, RootCertificates};
use crate::config::ClientConfig;
use crate::environment::Environment;
use crate::log::Log;

/// The default maximum number of connections to one server, as in the AWS SDKs for JavaScript.
const CONNECTIONS: usize = 50;
/// How long an idle connection is kept. DynamoDB drops it after about a minute, which loses a request that is
/// sent at that moment.
const LONGEST_IDLE: Duration = Duration::from_secs(50);
/// The maximum length of an answer with many rows, in bytes. DynamoDB returns 1 MB of items in a page and
/// accepts 16 MB in a batch; escapes in JSON multiply this.
const LONGEST_PAGE: usize = 16 * 1024 * 1024;
/// The maximum length of any other answer, in bytes. An item has at most 400 KB.
const LONGEST_ANSWER: usize = 3 * 1024 * 1024;

/// An HTTP client. Clones share its connections.
#[derive(Clone)]
pub struct Http {
    inner: Arc<Inner>,
    /// Whether this client serves credential sources. Sources without TLS are on this machine or are its
    /// metadata service, so requests to them bypass proxies.
    for_credentials: bool,
}

struct Inner {
    node_roots: RootCertificates,
    environment: Environment,
    log: Arc<dyn Log>,
    settings: OnceLock<Settings>,
    tls: OnceCell<TlsContext>,
    pools: Mutex<Pools>,
    /// Whether connections are no longer kept.
    closed: AtomicBool,
}

/// The options of connections.
struct Settings {
    proxies: Proxies,
    authorities: Option<String>,
    connections: usize,
}

impl Settings {
    fn new(config: &ClientConfig, log: &dyn Log) -> Option<Self> {
        Some(Self {
            proxies: Proxies::new(config, log)?,
            authorities: config.authorities.clone(),
            connections: config.max_requests.unwrap_or(CONNECTIONS).max(1),
        })
    }
}

/// How a request reaches its server.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Route {
    encrypted: bool,
    /// Whether the request bypasses the proxy.
    direct: bool,
}

/// Connection pools by route, each made on first use.
type Pools = HashMap<Route, SharedHttpClient>;

impl Http {
    /// Creates a client without connections. [`tls`] describes which certificates it trusts.
    pub fn new(environment: Environment, node_roots: RootCertificates, log: Arc<dyn Log>) -> Self {
        let inner = Inner {
            node_roots,
            environment,
            log,
            settings: OnceLock::new(),
            tls: OnceCell::new(),
            pools: Mutex::default(),
            closed: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner), for_credentials: false }
    }

    /// Sets the options. Call it before the first connection. Returns `None` if the URL of the proxy is
    /// invalid.
    pub fn configure(&self, config: &ClientConfig) -> Option<()> {
        let settings = Settings::new(config, &*self.inner.log)?;
        self.inner.settings.get_or_init(|| settings);
        Some(())
    }

    /// Returns the same client for credential sources.
    pub fn for_credentials(&self) -> Self {
        Self { for_credentials: true, ..self.clone() }
    }

    /// Closes idle connections and keeps none from now on.
    pub fn disconnect(&self) {
        self.inner.closed.store(true, Ordering::SeqCst);
        self.drop_connections();
    }

    /// Makes later requests use new connections.
    pub fn drop_connections(&self) {
        *self.inner.pools() = Pools::default();
    }

    /// Returns the route of a request to this URL.
    fn route(&self, url: &str) -> Route {
        let encrypted = url.starts_with("https:");
        let is_local = !encrypted && (self.for_credentials || is_metadata_address(url));
        let proxies = self.inner.settings.get().map(|settings| &settings.proxies);
        let direct = is_local || proxies.is_none_or(|proxies| proxies.excepted.covers(url));
        Route { encrypted, direct }
    }
}

/// Returns whether this is the URL of a metadata service, which has the credentials of a machine or a
/// container.
fn is_metadata_address(url: &str) -> bool {
    url.parse::<http::Uri>().is_ok_and(|uri| {
        let host = uri.host().unwrap_or_default();
        host.starts_with("169.254.") || host.starts_with("[fd00:ec2:")
    })
}

impl Inner {
    fn pools(&self) -> MutexGuard<'_, Pools> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn client(&self, route: Route) -> io::Result<SharedHttpClient> {
        // The lock is not held while a client is created, which takes time: a TLS context holds hundreds of
        // certificates.
        if let Some(kept) = self.pools().get(&route) {
            return Ok(kept.clone());
        }
        let made = self.make_client(route).await?;
        let mut pools = self.pools();
        if self.closed.load(Ordering::SeqCst) {
            return Ok(made);
        }
        Ok(pools.entry(route).or_insert(made).clone())
    }

    /// Creates a client with its own connections.
    async fn make_client(&self, route: Route) -> io::Result<SharedHttpClient> {
        let none = Proxies::none();
        let settings = self.settings.get();
        let proxies =
            settings.filter(|_| !route.direct).map_or(&none, |settings| &settings.proxies);
        let context = if route.encrypted || proxies.plain_has_tls {
            let authorities = settings.and_then(|settings| settings.authorities.as_deref());
            let read =
                || tls::tls_context(authorities, &self.environment, &self.node_roots, &*self.log);
            self.tls.get_or_try_init(read).await?.clone()
        } else {
            tls::no_tls_context()?
        };
        let proxy = if route.encrypted { &proxies.tls } else { &proxies.plain };
        let pool = ConnectionPool::builder()
            .dns_resolver(Resolver::default())
            .proxy_config(proxy.clone())
            .idle_timeout(LONGEST_IDLE)
            .max_connections_per_host(settings.map_or(CONNECTIONS, |s| s.connections))
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(context)
            .build_https()
            .map_err(io::Error::other)?;
        Ok(Client::new(&pool).map_err(io::Error::other)?.into_shared())
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

impl HttpClient for Http {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let (settings, components) = (settings.clone(), components.clone());
        Connector { http: self.clone(), settings, components }.into_shared()
    }
}

#[derive(Debug)]
struct Connector {
    http: Http,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, route) = (Arc::clone(&self.http.inner), self.http.route(request.uri()));
        let (settings, components) = (self.settings.clone(), self.components.clone());
        let longest = longest_answer(&request);
        HttpConnectorFuture::new(async move {
            let client = inner.client(route).await;
            let client = client.map_err(|failure| ConnectorError::io(failure.into()))?;
            let answer = client.http_connector(&settings, &components).call(request).await;
            let answer = answer.map_err(transient)?;
            Ok(answer.map(|body| SdkBody::from_body_1_x(Limited::new(body, longest))))
        })
    }
}

/// Returns the maximum length of the answer to this request, in bytes.
fn longest_answer(request: &HttpRequest) -> usize {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let many = [".Query", ".Scan", ".BatchWriteItem"];
    if many.iter().any(|operation| target.ends_with(operation)) {
        LONGEST_PAGE
    } else {
        LONGEST_ANSWER
    }
}

/// Marks failures of a server or the network as transient. The library treats failures that it does not know,
/// such as an answer that is not HTTP, as errors in the request itself.
fn transient(failure: ConnectorError) -> ConnectorError {
    let connection = failure.connection_metadata().cloned();
    let is_known = !failure.is_user() || connection.is_none();
    if is_known && !(failure.is_other() && failure.as_other().is_none()) {
        return failure;
    }
    let failure = ConnectorError::other(failure.into_source(), Some(ErrorKind::TransientError));
    match connection {
        Some(connection) => failure.with_connection(connection),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_sees_requests_to_metadata_services() {
        for url in [
            "http://169.254.169.254/latest/api/token",
            "http://169.254.170.2/v2/credentials/1",
            "http://[fd00:ec2::254]/latest",
            "http://[fd00:ec2::23]/v1/credentials",
        ] {
            assert!(is_metadata_address(url), "{url}");
        }
        for url in ["http://169.25.4.1/", "http://localhost:8000/", "http://[::1]/"] {
            assert!(!is_metadata_address(url), "{url}");
        }
    }
}

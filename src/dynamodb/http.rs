//! The HTTP connections of a store.
//!
//! What TLS needs is made ready when it is first used: reading the certificates takes longer than
//! everything else before the first request. And all connections can be given up at once, for when
//! they are taken for dead. Their number has a limit, and so has the length of an answer.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::pool::{Client, ConnectionPool};
use aws_smithy_http_client::proxy::ProxyConfig;
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

use super::dns::Resolver;
use super::no_proxy::NoProxy;
use super::trust::{self, RootCertificates};
use crate::config::{ClientConfig, Proxy};
use crate::environment::Environment;
use crate::log::{Level, Log};

/// How many connections there are at most to one server, as with the AWS SDKs for JavaScript.
const CONNECTIONS: usize = 50;
/// How long a connection is kept that nobody uses. DynamoDB's side drops it after a minute or so, and a
/// request that meets such a connection is lost.
const LONGEST_IDLE: Duration = Duration::from_secs(50);
/// The longest answer with many rows, in bytes. DynamoDB returns 1 MB of items in a page and takes 16 MB in
/// a batch; what needs escapes in JSON grows to several times its size.
const LONGEST_PAGE: usize = 16 * 1024 * 1024;
/// The longest other answer, in bytes. One item has 400 KB at most.
const LONGEST_ANSWER: usize = 3 * 1024 * 1024;

/// An HTTP client whose connections can be given up. Clones share them.
#[derive(Clone)]
pub struct Http {
    inner: Arc<Inner>,
    /// Whether this is for those who hand out credentials. What they answer without TLS comes from this
    /// machine, or from the metadata service beside it.
    for_credentials: bool,
}

struct Inner {
    node_roots: RootCertificates,
    environment: Environment,
    log: Arc<dyn Log>,
    settings: OnceLock<Settings>,
    tls: OnceCell<TlsContext>,
    pools: Mutex<Pools>,
    /// Whether connections are kept no longer.
    closed: AtomicBool,
}

/// What is configured.
struct Settings {
    proxies: Proxies,
    authorities: Option<String>,
    connections: usize,
}

/// What requests go through, with and without TLS.
struct Proxies {
    tls: ProxyConfig,
    plain: ProxyConfig,
    /// Whether the one for requests without TLS has TLS itself.
    plain_has_tls: bool,
    /// What goes through neither.
    excepted: NoProxy,
}

impl Settings {
    fn new(config: &ClientConfig, log: &dyn Log) -> Option<Self> {
        let proxies = match &config.proxy {
            None => Proxies::none(),
            Some(Proxy::Environment) => Proxies::of_environment(&config.environment, log),
            Some(Proxy::At(url)) => {
                let proxy = ProxyConfig::all(url.0.as_str()).ok()?;
                let plain_has_tls = url.0.starts_with("https:");
                let excepted = NoProxy::default();
                Proxies { tls: proxy.clone(), plain: proxy, plain_has_tls, excepted }
            }
        };
        Some(Self {
            proxies,
            authorities: config.authorities.clone(),
            connections: config.max_requests.unwrap_or(CONNECTIONS).max(1),
        })
    }
}

impl Proxies {
    fn none() -> Self {
        let none = ProxyConfig::disabled;
        Self { tls: none(), plain: none(), plain_has_tls: false, excepted: NoProxy::default() }
    }

    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say, or the same in small letters. A
    /// URL that can't be used is one warning.
    fn of_environment(environment: &Environment, log: &dyn Log) -> Self {
        let get = |name: &'static str| {
            let found = environment.get(name).map(|value| (name.to_owned(), value));
            found.or_else(|| {
                let name = name.to_ascii_lowercase();
                environment.get(&name).map(|value| (name.clone(), value))
            })
        };
        let excepted = NoProxy::new(get("NO_PROXY").map_or("", |(_, value)| value));
        let mut warned = Vec::new();
        let mut proxy = |name: &'static str| {
            // A web server sets HTTP_PROXY from a header of the request that it hands over (CGI).
            let is_forged = name == "HTTP_PROXY" && environment.get("REQUEST_METHOD").is_some();
            let own = if is_forged { None } else { get(name) };
            let Some((name, url)) = own.or_else(|| get("ALL_PROXY")) else {
                return (ProxyConfig::disabled(), false);
            };
            let url = url.trim();
            let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
            match ProxyConfig::all(url.as_str()) {
                Ok(proxy) => (proxy, url.starts_with("https:")),
                Err(_) => {
                    if !warned.contains(&name) {
                        let line = format!("{name} is not the URL of a proxy and is ignored");
                        log.log(Level::Warn, line);
                        warned.push(name);
                    }
                    (ProxyConfig::disabled(), false)
                }
            }
        };
        let ((tls, _), (plain, plain_has_tls)) = (proxy("HTTPS_PROXY"), proxy("HTTP_PROXY"));
        Self { tls, plain, plain_has_tls, excepted }
    }
}

/// The way that a request goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Way {
    encrypted: bool,
    /// Whether it passes by the proxy.
    direct: bool,
}

/// Connections by the way they go. Each pool is made when it is first needed.
type Pools = HashMap<Way, SharedHttpClient>;

impl Http {
    /// A client without connections. See [`trust`] for whom it trusts.
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

    /// Sets how connections are made, before the first one is. `None` where the URL of the proxy is
    /// none.
    pub fn configure(&self, config: &ClientConfig) -> Option<()> {
        let settings = Settings::new(config, &*self.inner.log)?;
        self.inner.settings.get_or_init(|| settings);
        Some(())
    }

    /// The same client, for those who hand out credentials.
    pub fn for_credentials(&self) -> Self {
        Self { for_credentials: true, ..self.clone() }
    }

    /// Closes all connections that nothing is under way on, and keeps none from now on.
    pub fn disconnect(&self) {
        self.inner.closed.store(true, Ordering::SeqCst);
        self.give_up_connections();
    }

    /// Lets requests from now on use new connections.
    pub fn give_up_connections(&self) {
        *self.inner.pools() = Pools::default();
    }

    /// The way of a request to this URL.
    fn way(&self, url: &str) -> Way {
        let encrypted = url.starts_with("https:");
        let of_this_machine = !encrypted && (self.for_credentials || is_metadata_address(url));
        let proxies = self.inner.settings.get().map(|settings| &settings.proxies);
        let direct = of_this_machine || proxies.is_none_or(|proxies| proxies.excepted.covers(url));
        Way { encrypted, direct }
    }
}

/// Whether this is the URL of a service that hands out the credentials of a machine or a container.
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

    async fn client(&self, way: Way) -> io::Result<SharedHttpClient> {
        // Nearly always there is one, and a TLS context holds hundreds of certificates.
        if let Some(kept) = self.pools().get(&way) {
            return Ok(kept.clone());
        }
        let made = self.make_client(way).await?;
        let mut pools = self.pools();
        if self.closed.load(Ordering::SeqCst) {
            return Ok(made);
        }
        Ok(pools.entry(way).or_insert(made).clone())
    }

    /// A client with connections of its own.
    async fn make_client(&self, way: Way) -> io::Result<SharedHttpClient> {
        let none = Proxies::none();
        let settings = self.settings.get();
        let proxies = settings.filter(|_| !way.direct).map_or(&none, |settings| &settings.proxies);
        let context = if way.encrypted || proxies.plain_has_tls {
            let authorities = settings.and_then(|settings| settings.authorities.as_deref());
            let read =
                || trust::tls_context(authorities, &self.environment, &self.node_roots, &*self.log);
            self.tls.get_or_try_init(read).await?.clone()
        } else {
            trust::no_tls_context()?
        };
        let proxy = if way.encrypted { &proxies.tls } else { &proxies.plain };
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
        let (inner, way) = (Arc::clone(&self.http.inner), self.http.way(request.uri()));
        let (settings, components) = (self.settings.clone(), self.components.clone());
        let longest = longest_answer(&request);
        HttpConnectorFuture::new(async move {
            let client = inner.client(way).await;
            let client = client.map_err(|failure| ConnectorError::io(failure.into()))?;
            let answer = client.http_connector(&settings, &components).call(request).await;
            let answer = answer.map_err(passing)?;
            Ok(answer.map(|body| SdkBody::from_body_1_x(Limited::new(body, longest))))
        })
    }
}

/// How long the answer may be, in bytes.
fn longest_answer(request: &HttpRequest) -> usize {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let many = [".Query", ".Scan", ".BatchWriteItem"];
    if many.iter().any(|operation| target.ends_with(operation)) {
        LONGEST_PAGE
    } else {
        LONGEST_ANSWER
    }
}

/// Whatever a server or the network did passes. The library counts what it doesn't know, such as an answer
/// that is not HTTP, among the failures of the request itself.
fn passing(failure: ConnectorError) -> ConnectorError {
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
    fn no_proxy_sees_what_is_asked_of_metadata_services() {
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

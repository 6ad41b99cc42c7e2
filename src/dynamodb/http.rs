//! The HTTP connections of a store.
//!
//! What TLS needs is made ready when it is first used: reading the certificates takes longer than
//! everything else before the first request. And all connections can be given up at once, for when
//! they are taken for dead.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_http_client::{Builder, Connector as HyperConnector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared;
use tokio::sync::{OnceCell, Semaphore};

use super::dns::Resolver;
use super::trust::{self, RootCertificates};
use crate::config::{ClientConfig, Proxy};
use crate::environment::Environment;
use crate::log::{Level, Log};

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
    requests: Option<Arc<Semaphore>>,
}

/// What requests go through, with and without TLS.
struct Proxies {
    tls: ProxyConfig,
    plain: ProxyConfig,
    /// Whether the one for requests without TLS has TLS itself.
    plain_has_tls: bool,
}

impl Settings {
    fn new(config: &ClientConfig, log: &dyn Log) -> Option<Self> {
        let proxies = match &config.proxy {
            None => Proxies::none(),
            Some(Proxy::Environment) => Proxies::of_environment(&config.environment, log),
            Some(Proxy::At(url)) => {
                let proxy = ProxyConfig::all(url.0.as_str()).ok()?;
                let plain_has_tls = url.0.starts_with("https:");
                Proxies { tls: proxy.clone(), plain: proxy, plain_has_tls }
            }
        };
        let requests = config.max_requests.filter(|requests| *requests <= Semaphore::MAX_PERMITS);
        Some(Self {
            proxies,
            authorities: config.authorities.clone(),
            requests: requests.map(|requests| Arc::new(Semaphore::new(requests.max(1)))),
        })
    }
}

impl Proxies {
    fn none() -> Self {
        let none = ProxyConfig::disabled;
        Self { tls: none(), plain: none(), plain_has_tls: false }
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
        let excepted = get("NO_PROXY").map_or("", |(_, value)| value);
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
                Ok(proxy) => (proxy.no_proxy(excepted), url.starts_with("https:")),
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
        Self { tls, plain, plain_has_tls }
    }
}

/// Connections by the way they go. Each is made when it is first needed.
#[derive(Default)]
struct Pools {
    plain: Option<SharedHttpClient>,
    plain_direct: Option<SharedHttpClient>,
    tls: Option<SharedHttpClient>,
}

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

    /// How many requests may be under way, where there is a limit.
    fn requests(&self) -> Option<Arc<Semaphore>> {
        let settings = self.inner.settings.get().filter(|_| !self.for_credentials)?;
        settings.requests.clone()
    }

    /// Whether a request to this URL must not go through a proxy.
    fn is_direct(&self, url: &str) -> bool {
        (self.for_credentials && !url.starts_with("https:")) || is_metadata_address(url)
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

    async fn client(&self, encrypted: bool, direct: bool) -> io::Result<SharedHttpClient> {
        let pool: fn(&mut Pools) -> &mut Option<SharedHttpClient> = match (direct, encrypted) {
            (true, _) => |pools| &mut pools.plain_direct,
            (false, true) => |pools| &mut pools.tls,
            (false, false) => |pools| &mut pools.plain,
        };
        // Nearly always there is one, and a TLS context holds hundreds of certificates.
        if let Some(kept) = pool(&mut self.pools()) {
            return Ok(kept.clone());
        }
        let made = self.make_client(encrypted, direct).await?;
        let mut pools = self.pools();
        if self.closed.load(Ordering::SeqCst) {
            return Ok(made);
        }
        Ok(pool(&mut pools).get_or_insert(made).clone())
    }

    async fn make_client(&self, encrypted: bool, direct: bool) -> io::Result<SharedHttpClient> {
        if direct {
            return Ok(client(ProxyConfig::disabled(), trust::no_tls_context()?));
        }
        let settings = self.settings.get();
        let none = Proxies::none();
        let proxies = settings.map_or(&none, |settings| &settings.proxies);
        let proxy = if encrypted { &proxies.tls } else { &proxies.plain };
        let context = if encrypted || proxies.plain_has_tls {
            let authorities = settings.and_then(|settings| settings.authorities.as_deref());
            let read =
                || trust::tls_context(authorities, &self.environment, &self.node_roots, &*self.log);
            self.tls.get_or_try_init(read).await?.clone()
        } else {
            trust::no_tls_context()?
        };
        Ok(client(proxy.clone(), context))
    }
}

/// A client with connections of its own.
fn client(proxy: ProxyConfig, context: TlsContext) -> SharedHttpClient {
    let resolver = Resolver::default();
    Builder::new().build_with_connector_fn(move |settings, components| {
        connector(settings, components)
            .proxy_config(proxy.clone())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(context.clone())
            .build_with_resolver(resolver.clone())
    })
}

fn connector(
    settings: Option<&HttpConnectorSettings>,
    components: Option<&RuntimeComponents>,
) -> ConnectorBuilder {
    let mut builder = HyperConnector::builder();
    builder.set_connector_settings(settings.cloned());
    builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
    builder
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
        let encrypted = request.uri().starts_with("https:");
        let direct = !encrypted && self.http.is_direct(request.uri());
        let (inner, requests) = (Arc::clone(&self.http.inner), self.http.requests());
        let (settings, components) = (self.settings.clone(), self.components.clone());
        HttpConnectorFuture::new(async move {
            // Given back when the answer has begun to come.
            let _permit = match requests {
                Some(requests) => requests.acquire_owned().await.ok(),
                None => None,
            };
            let client = inner.client(encrypted, direct).await;
            let client = client.map_err(|failure| ConnectorError::io(failure.into()))?;
            client.http_connector(&settings, &components).call(request).await
        })
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

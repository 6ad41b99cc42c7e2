//! The HTTP connections of a store.
//!
//! What TLS needs is made ready when it is first used: reading the certificates takes longer than
//! everything else before the first request. And all connections can be given up at once, for when
//! they are taken for dead.

use std::fmt;
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
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared;
use tokio::sync::{OnceCell, Semaphore};

use super::trust::{self, RootCertificates};
use crate::config::{ClientConfig, Proxy};
use crate::log::Log;

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
    log: Arc<dyn Log>,
    settings: OnceLock<Settings>,
    tls: OnceCell<TlsContext>,
    pools: Mutex<Pools>,
}

/// What is configured.
struct Settings {
    proxy: ProxyConfig,
    /// Whether the proxy itself may be one with TLS.
    proxy_has_tls: bool,
    authorities: Option<String>,
    requests: Option<Arc<Semaphore>>,
}

impl Settings {
    fn new(config: &ClientConfig) -> Option<Self> {
        let (proxy, proxy_has_tls) = match &config.proxy {
            None => (ProxyConfig::disabled(), false),
            Some(Proxy::Environment) => (ProxyConfig::from_env(), true),
            Some(Proxy::At(url)) => {
                (ProxyConfig::all(url.0.as_str()).ok()?, url.0.starts_with("https:"))
            }
        };
        let requests = config.max_requests.filter(|requests| *requests <= Semaphore::MAX_PERMITS);
        Some(Self {
            proxy,
            proxy_has_tls,
            authorities: config.authorities.clone(),
            requests: requests.map(|requests| Arc::new(Semaphore::new(requests.max(1)))),
        })
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
    pub fn new(node_roots: RootCertificates, log: Arc<dyn Log>) -> Self {
        let inner = Inner {
            node_roots,
            log,
            settings: OnceLock::new(),
            tls: OnceCell::new(),
            pools: Mutex::default(),
        };
        Self { inner: Arc::new(inner), for_credentials: false }
    }

    /// Sets how connections are made, before the first one is. `None` where the URL of the proxy is
    /// none.
    pub fn configure(&self, config: &ClientConfig) -> Option<()> {
        let settings = Settings::new(config)?;
        self.inner.settings.get_or_init(|| settings);
        Some(())
    }

    /// The same client, for those who hand out credentials.
    pub fn for_credentials(&self) -> Self {
        Self { for_credentials: true, ..self.clone() }
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

    fn proxy(&self) -> ProxyConfig {
        self.settings.get().map_or_else(ProxyConfig::disabled, |settings| settings.proxy.clone())
    }

    async fn client(&self, encrypted: bool, direct: bool) -> SharedHttpClient {
        if direct {
            let proxy = ProxyConfig::disabled;
            return self.pools().plain_direct.get_or_insert_with(|| plain(proxy())).clone();
        }
        let settings = self.settings.get();
        if !encrypted && !settings.is_some_and(|settings| settings.proxy_has_tls) {
            return self.pools().plain.get_or_insert_with(|| plain(self.proxy())).clone();
        }
        let authorities = settings.and_then(|settings| settings.authorities.as_deref());
        let context = self
            .tls
            .get_or_init(|| trust::tls_context(authorities, &self.node_roots, &*self.log))
            .await;
        self.pools().tls.get_or_insert_with(|| encrypting(self.proxy(), context.clone())).clone()
    }
}

/// A client for plain HTTP.
fn plain(proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        connector(settings, components).proxy_config(proxy.clone()).build_http()
    })
}

/// A client for HTTPS, and for plain HTTP where a proxy may have TLS.
fn encrypting(proxy: ProxyConfig, context: TlsContext) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        connector(settings, components)
            .proxy_config(proxy.clone())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(context.clone())
            .build()
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

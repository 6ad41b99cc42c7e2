//! The HTTP connections of a store.
//!
//! What TLS needs is made ready when it is first used: reading the certificates takes longer than
//! everything else before the first request. And all connections can be given up at once, for when
//! they are taken for dead.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::shared::IntoShared;
use tokio::sync::OnceCell;

use super::trust::{self, RootCertificates};
use crate::log::Log;

/// An HTTP client whose connections can be given up. Clones share them.
#[derive(Clone)]
pub struct Http(Arc<Inner>);

struct Inner {
    node_roots: RootCertificates,
    log: Arc<dyn Log>,
    tls: OnceCell<TlsContext>,
    pools: Mutex<Pools>,
}

struct Pools {
    plain: SharedHttpClient,
    /// `None` until it is needed.
    tls: Option<SharedHttpClient>,
}

impl Pools {
    fn new() -> Self {
        Self { plain: Builder::new().build_http(), tls: None }
    }
}

impl Http {
    /// A client without connections. See [`trust`] for whom it trusts.
    pub fn new(node_roots: RootCertificates, log: Arc<dyn Log>) -> Self {
        let pools = Mutex::new(Pools::new());
        Self(Arc::new(Inner { node_roots, log, tls: OnceCell::new(), pools }))
    }

    /// Lets requests from now on use new connections.
    pub fn give_up_connections(&self) {
        *self.0.pools() = Pools::new();
    }
}

impl Inner {
    fn pools(&self) -> MutexGuard<'_, Pools> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn client(&self, encrypted: bool) -> SharedHttpClient {
        if !encrypted {
            return self.pools().plain.clone();
        }
        let context = self.tls.get_or_init(|| trust::tls_context(&self.node_roots, &*self.log));
        let context = context.await;
        let mut pools = self.pools();
        let client = pools.tls.get_or_insert_with(|| {
            Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .tls_context(context.clone())
                .build_https()
        });
        client.clone()
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
        let encrypted = request.uri().starts_with("https:");
        let http = self.http.clone();
        let (settings, components) = (self.settings.clone(), self.components.clone());
        HttpConnectorFuture::new(async move {
            let client = http.0.client(encrypted).await;
            client.http_connector(&settings, &components).call(request).await
        })
    }
}

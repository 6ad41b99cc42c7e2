//! The HTTP client, and which TLS certificates it trusts.
//!
//! Trusted are the operating system's roots or, where it has none (slim and distroless images),
//! Node's own, and besides the certificates in the files that `NODE_EXTRA_CA_CERTS` and
//! `AWS_CA_BUNDLE` name. Proxies that the environment names are not used: this client does so only
//! when told, and the AWS SDKs for JavaScript don't either.

use std::sync::{Arc, LazyLock};

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use futures_util::future::BoxFuture;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::log::{Level, Log};

/// Asks Node for its own root certificates, as PEM text. Called only where they are needed.
pub type RootCertificates = Arc<dyn Fn() -> BoxFuture<'static, Option<String>> + Send + Sync>;

/// The variables that name files with further certificates to trust.
const EXTRA_CERTIFICATE_FILES: [&str; 2] = ["NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE"];

/// Whether the operating system has any usable root. The HTTP client must not be told to load roots
/// where there are none: it takes that for a defect.
static SYSTEM_HAS_ROOTS: LazyLock<bool> = LazyLock::new(|| {
    let found = rustls_native_certs::load_native_certs();
    RootCertStore::empty().add_parsable_certificates(found.certs).0 > 0
});

/// An HTTP client for DynamoDB and for whoever hands out credentials.
pub async fn http_client(node_roots: &RootCertificates, log: &dyn Log) -> SharedHttpClient {
    let context = TlsContext::builder()
        .with_trust_store(trust_store(node_roots, log).await)
        .build()
        .expect("a trust store is all it needs");
    Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https()
}

async fn trust_store(node_roots: &RootCertificates, log: &dyn Log) -> TrustStore {
    let mut store = TrustStore::empty().with_native_roots(*SYSTEM_HAS_ROOTS);
    if !*SYSTEM_HAS_ROOTS
        && let Some(pem) = node_roots().await
        && check(pem.as_bytes()).is_ok()
    {
        store.add_pem_certificate(pem);
    }
    for variable in EXTRA_CERTIFICATE_FILES {
        let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) else {
            continue;
        };
        let pem = std::fs::read(&path)
            .map_err(|e| e.to_string())
            .and_then(|pem| check(&pem).map(|()| pem));
        match pem {
            Ok(pem) => {
                store.add_pem_certificate(pem);
            }
            Err(reason) => log.log(
                Level::Warn,
                format!("{variable}: the certificates in {path:?} are not used: {reason}"),
            ),
        }
    }
    store
}

/// Refuses what the HTTP client would panic on.
fn check(pem: &[u8]) -> Result<(), String> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|e| e.to_string())?;
        store.add(certificate).map_err(|e| e.to_string())?;
    }
    if store.is_empty() { Err("there is none in it".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_holds_no_usable_certificate_is_refused() {
        assert!(check(b"").is_err());
        assert!(check(b"hello").is_err());
        let no_certificate = b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        assert!(check(no_certificate).is_err());
        assert!(check(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").is_err());
    }
}

//! Which TLS certificates are trusted.
//!
//! Trusted are the operating system's roots or, where it has none (slim and distroless images),
//! Node's own, and besides the certificates in the files that `NODE_EXTRA_CA_CERTS` and
//! `AWS_CA_BUNDLE` name. Or else only those that are given, as Node does with an agent's `ca`.

use std::sync::Arc;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_smithy_types::base64;
use futures_util::future::BoxFuture;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::log::{Level, Log};

/// Asks Node for its own root certificates, as PEM text. Called only where they are needed.
pub type RootCertificates = Arc<dyn Fn() -> BoxFuture<'static, Option<String>> + Send + Sync>;

/// The variables that name files with further certificates to trust.
const EXTRA_CERTIFICATE_FILES: [&str; 2] = ["NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE"];

/// What a TLS connection needs to know.
pub async fn tls_context(
    authorities: Option<&str>,
    node_roots: &RootCertificates,
    log: &dyn Log,
) -> TlsContext {
    let store = match authorities.and_then(|pem| given_authorities(pem, log)) {
        Some(store) => store,
        None => trust_store(node_roots, log).await,
    };
    TlsContext::builder().with_trust_store(store).build().expect("a trust store is all it needs")
}

fn given_authorities(pem: &str, log: &dyn Log) -> Option<TrustStore> {
    match check(pem.as_bytes()) {
        Ok(()) => {
            let mut store = TrustStore::empty().with_native_roots(false);
            store.add_pem_certificate(pem);
            Some(store)
        }
        Err(reason) => {
            let line = format!("clientOptions: the certificates (ca) are not used: {reason}");
            log.log(Level::Warn, line);
            None
        }
    }
}

async fn trust_store(node_roots: &RootCertificates, log: &dyn Log) -> TrustStore {
    let mut store = TrustStore::empty().with_native_roots(false);
    // The HTTP client would read them anew for each of its pools.
    let system_roots = usable(system_roots());
    let system_has_roots = !system_roots.is_empty();
    for certificate in system_roots {
        store.add_pem_certificate(pem(&certificate));
    }
    if !system_has_roots
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

/// The operating system's root certificates.
fn system_roots() -> Vec<CertificateDer<'static>> {
    #[cfg(all(unix, not(target_os = "macos")))]
    if ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().all(|name| std::env::var_os(name).is_none()) {
        // The same certificates lie beside this file in one file each, hundreds of them.
        if let Some(bundle) = openssl_probe::probe().cert_file {
            let found = rustls_native_certs::load_certs_from_paths(Some(&bundle), None).certs;
            if !found.is_empty() {
                return found;
            }
        }
    }
    rustls_native_certs::load_native_certs().certs
}

/// Those that the HTTP client would not panic on.
fn usable(mut certificates: Vec<CertificateDer<'static>>) -> Vec<CertificateDer<'static>> {
    certificates.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
    certificates
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    let text = base64::encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
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

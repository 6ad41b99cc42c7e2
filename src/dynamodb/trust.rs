//! Which TLS certificates are trusted.
//!
//! Trusted are the operating system's roots or, where it has none (slim and distroless images),
//! Node's own, and besides the certificates in the files that `NODE_EXTRA_CA_CERTS` and
//! `AWS_CA_BUNDLE` name. Or else only those that are given, as Node does with an agent's `ca`.

use std::io;
use std::path::Path;
use std::sync::Arc;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_smithy_types::base64;
use futures_util::future::BoxFuture;
use rustls::RootCertStore;
use rustls_native_certs::{CertificateResult, ErrorKind, load_certs_from_paths, load_native_certs};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::environment::Environment;
use crate::log::{Level, Log};
use crate::runtime;

/// Asks Node for its own root certificates, as PEM text. Called only where they are needed.
pub type RootCertificates = Arc<dyn Fn() -> BoxFuture<'static, Option<String>> + Send + Sync>;

/// The variables that name files with further certificates to trust.
const EXTRA_CERTIFICATE_FILES: [&str; 2] = ["NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE"];

/// What a TLS connection needs to know.
///
/// # Errors
///
/// Where the certificates can't be read at the moment, since no thread can be started.
pub async fn tls_context(
    authorities: Option<&str>,
    environment: &Environment,
    node_roots: &RootCertificates,
    log: &dyn Log,
) -> io::Result<TlsContext> {
    let store = match authorities.and_then(|pem| given_authorities(pem, log)) {
        Some(store) => store,
        None => trust_store(environment, node_roots, log).await?,
    };
    context(store)
}

/// The same for connections without TLS.
///
/// # Errors
///
/// None that is known.
pub fn no_tls_context() -> io::Result<TlsContext> {
    context(TrustStore::empty().with_native_roots(false))
}

fn context(store: TrustStore) -> io::Result<TlsContext> {
    TlsContext::builder().with_trust_store(store).build().map_err(io::Error::other)
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

async fn trust_store(
    environment: &Environment,
    node_roots: &RootCertificates,
    log: &dyn Log,
) -> io::Result<TrustStore> {
    let variables = environment.clone();
    let read = runtime::unblocked(move || read_files(&variables)).await?;
    let read = read.unwrap_or_else(|| Ok(Files::default()))?;
    for warning in read.warnings {
        log.log(Level::Warn, warning);
    }
    // The HTTP client would read the system's anew for each of its pools.
    let mut store = TrustStore::empty().with_native_roots(false);
    if read.system.is_empty()
        && let Some(pem) = node_roots().await
        && check(pem.as_bytes()).is_ok()
    {
        store.add_pem_certificate(pem);
    }
    for pem in read.system {
        store.add_pem_certificate(pem);
    }
    for pem in read.extra {
        store.add_pem_certificate(pem);
    }
    Ok(store)
}

/// What was read of files.
#[derive(Default)]
struct Files {
    /// The operating system's certificates.
    system: Vec<String>,
    /// Those of the files that variables name.
    extra: Vec<Vec<u8>>,
    /// What is wrong with these files.
    warnings: Vec<String>,
}

fn read_files(environment: &Environment) -> io::Result<Files> {
    let system = usable(system_roots(environment)?).iter().map(pem).collect();
    let (mut extra, mut warnings) = (Vec::new(), Vec::new());
    for variable in EXTRA_CERTIFICATE_FILES {
        let Some(path) = environment.get(variable) else { continue };
        let read = match std::fs::read(path) {
            Err(failure) if runtime::is_exhausted(&failure) => return Err(failure),
            read => read.map_err(|failure| failure.to_string()),
        };
        match read.and_then(|pem| check(&pem).map(|()| pem)) {
            Ok(pem) => extra.push(pem),
            Err(reason) => warnings
                .push(format!("{variable}: the certificates in {path:?} are not used: {reason}")),
        }
    }
    Ok(Files { system, extra, warnings })
}

/// The operating system's root certificates.
fn system_roots(environment: &Environment) -> io::Result<Vec<CertificateDer<'static>>> {
    let file = environment.get("SSL_CERT_FILE").map(Path::new);
    let folders = environment.get("SSL_CERT_DIR");
    if file.is_some() || folders.is_some() {
        let mut found = loaded(load_certs_from_paths(file, None))?;
        for folder in folders.into_iter().flat_map(std::env::split_paths) {
            found.extend(loaded(load_certs_from_paths(None, Some(&folder)))?);
        }
        return Ok(found);
    }
    #[cfg(all(unix, not(target_os = "macos")))]
    // The same certificates lie beside this file in one file each, hundreds of them.
    if let Some(bundle) = openssl_probe::probe().cert_file {
        let found = loaded(load_certs_from_paths(Some(&bundle), None))?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    loaded(load_native_certs())
}

/// What was found; an error where files could not be opened for now.
fn loaded(found: CertificateResult) -> io::Result<Vec<CertificateDer<'static>>> {
    for error in found.errors {
        if let ErrorKind::Io { inner, .. } = error.kind
            && runtime::is_exhausted(&inner)
        {
            return Err(inner);
        }
    }
    Ok(found.certs)
}

/// Those that the HTTP client would not panic on.
fn usable(mut certificates: Vec<CertificateDer<'static>>) -> Vec<CertificateDer<'static>> {
    certificates.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
    certificates
}

fn pem(certificate: &CertificateDer<'static>) -> String {
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

//! Trusted TLS certificates.
//!
//! The store trusts the root certificates of the operating system or, if there are none (slim and distroless
//! images), Node's own. It also trusts those in the files that `NODE_EXTRA_CA_CERTS` and `AWS_CA_BUNDLE`
//! name. If the options contain usable certificates (an agent's `ca`), it trusts only those, as Node does.

use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_smithy_types::base64;
use futures_util::future::{BoxFuture, join, join_all};
use rustls::RootCertStore;
use rustls_native_certs::{CertificateResult, ErrorKind, load_certs_from_paths, load_native_certs};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::environment::Environment;
use crate::error::{Code, is_exhausted};
use crate::files::{self, Reads};
use crate::log::{Line, Log};

/// Gets Node's own root certificates as PEM text. Called only if they are needed.
pub type RootCertificates = Arc<dyn Fn() -> BoxFuture<'static, Option<String>> + Send + Sync>;

/// The variables that name files with additional trusted certificates.
const EXTRA_CERTIFICATE_FILES: [&str; 2] = ["NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE"];

/// The variables that locate the operating system's certificates: a file and folders.
const SYSTEM_VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Returns the context of TLS connections.
///
/// # Errors
///
/// If the certificates cannot be read, because no thread or file descriptor is left.
pub async fn tls_context(
    authorities: Option<&str>,
    environment: &Environment,
    node_roots: &RootCertificates,
    log: &dyn Log,
) -> io::Result<TlsContext> {
    let store = match authorities.and_then(|pem| configured_authorities(pem, log)) {
        Some(store) => store,
        None => trust_store(environment, node_roots, log).await?,
    };
    context(store)
}

/// Returns the context of connections without TLS.
///
/// # Errors
///
/// No failure is known, but the library can return one.
pub fn no_tls_context() -> io::Result<TlsContext> {
    context(TrustStore::empty().with_native_roots(false))
}

fn context(store: TrustStore) -> io::Result<TlsContext> {
    TlsContext::builder().with_trust_store(store).build().map_err(io::Error::other)
}

fn configured_authorities(pem: &str, log: &dyn Log) -> Option<TrustStore> {
    match check(pem.as_bytes()) {
        Ok(()) => {
            let mut store = TrustStore::empty().with_native_roots(false);
            store.add_pem_certificate(pem);
            Some(store)
        }
        Err(reason) => {
            let line = format!("clientOptions: the certificates (ca) are not used: {reason}");
            log.log(Line::warn(Code::OptionIgnored, line));
            None
        }
    }
}

async fn trust_store(
    environment: &Environment,
    node_roots: &RootCertificates,
    log: &dyn Log,
) -> io::Result<TrustStore> {
    let extra = EXTRA_CERTIFICATE_FILES
        .iter()
        .filter_map(|variable| Some((*variable, environment.get(variable)?)));
    let extra = join_all(extra.map(|(variable, path)| read_extra(variable, path, log)));
    let (system, extra) = join(system_certificates(environment, log), extra).await;
    let system = system?;
    // The HTTP client would read the system's certificates again for each pool.
    let mut store = TrustStore::empty().with_native_roots(false);
    if system.is_empty()
        && let Some(pem) = node_roots().await
        && check(pem.as_bytes()).is_ok()
    {
        store.add_pem_certificate(pem);
    }
    for certificate in &system {
        store.add_pem_certificate(pem(certificate));
    }
    for pem in extra {
        if let Some(pem) = pem? {
            store.add_pem_certificate(&*pem);
        }
    }
    Ok(store)
}

/// Reads the certificates in the file that a variable names. Warns if they are unusable.
async fn read_extra(variable: &str, path: &str, log: &dyn Log) -> io::Result<Option<Arc<[u8]>>> {
    let read = match files::read(path.into()).await {
        Err(failure) if is_exhausted(&failure) => return Err(failure),
        read => read.map_err(|failure| failure.to_string()),
    };
    match read.and_then(|pem| check(&pem).map(|()| pem)) {
        Ok(pem) => Ok(Some(pem)),
        Err(reason) => {
            let line = format!("{variable}: the certificates in {path:?} are not used: {reason}");
            log.log(Line::warn(Code::ConfigIgnored, line));
            Ok(None)
        }
    }
}

/// The values of the variables for the system's certificates.
type Places = [Option<String>; 2];

static SYSTEM: LazyLock<Reads<Places, Vec<CertificateDer<'static>>>> = LazyLock::new(Reads::new);

/// Returns the usable root certificates of the operating system. Returns none if they cannot be read in time;
/// the store then uses Node's own.
async fn system_certificates(
    environment: &Environment,
    log: &dyn Log,
) -> io::Result<Vec<CertificateDer<'static>>> {
    let variables = environment.clone();
    let places = SYSTEM_VARIABLES.map(|variable| environment.get(variable).map(str::to_owned));
    match SYSTEM.get(places, move || Ok(usable(system_roots(&variables)?))).await {
        Err(failure) if !is_exhausted(&failure) => {
            let named = SYSTEM_VARIABLES.iter().filter_map(|variable| {
                Some(format!(" ({variable}={:?})", environment.get(variable)?))
            });
            let named = named.collect::<String>();
            let line = format!("the system's certificates{named} are not used: {failure}");
            log.log(Line::warn(Code::ConfigIgnored, line));
            Ok(Vec::new())
        }
        found => found,
    }
}

/// Reads the operating system's root certificates.
fn system_roots(environment: &Environment) -> io::Result<Vec<CertificateDer<'static>>> {
    let [file, folders] = SYSTEM_VARIABLES.map(|variable| environment.get(variable));
    let file = file.map(Path::new);
    if file.is_some() || folders.is_some() {
        if let Some(file) = file
            && !files::is_null(file)
            && let Err(failure) = files::check_regular(file)
            && failure.kind() == io::ErrorKind::InvalidInput
        {
            return Err(failure);
        }
        let mut found = loaded(load_certs_from_paths(file, None))?;
        for folder in folders.into_iter().flat_map(std::env::split_paths) {
            found.extend(loaded(load_certs_from_paths(None, Some(&folder)))?);
        }
        return Ok(found);
    }
    #[cfg(all(unix, not(target_os = "macos")))]
    // The folder beside this bundle has the same certificates in hundreds of files.
    if let Some(bundle) = openssl_probe::probe().cert_file {
        let found = loaded(load_certs_from_paths(Some(&bundle), None))?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    loaded(load_native_certs())
}

/// Returns the certificates, or an error if no file can be opened at the moment.
fn loaded(found: CertificateResult) -> io::Result<Vec<CertificateDer<'static>>> {
    for error in found.errors {
        if let ErrorKind::Io { inner, .. } = error.kind
            && is_exhausted(&inner)
        {
            return Err(inner);
        }
    }
    Ok(found.certs)
}

/// Keeps the certificates that the HTTP client does not panic on.
fn usable(mut certificates: Vec<CertificateDer<'static>>) -> Vec<CertificateDer<'static>> {
    certificates.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
    certificates
}

fn pem(certificate: &CertificateDer<'static>) -> String {
    let text = base64::encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// Rejects certificates that the HTTP client would panic on.
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

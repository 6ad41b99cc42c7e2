//! Resolves names without blocking the runtime's thread. On Linux, avoids the C library's resolver, which
//! reads the environment of the process.

use std::io;
use std::net::IpAddr;

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};

/// Resolves names with `/etc/hosts` and `/etc/resolv.conf`. Clones share the contents of these files.
#[cfg(target_os = "linux")]
#[derive(Clone, Debug, Default)]
pub struct Resolver(std::sync::Arc<std::sync::Mutex<Option<hickory_resolver::TokioResolver>>>);

/// Resolves names with the operating system, on a thread that may block.
#[cfg(not(target_os = "linux"))]
#[derive(Clone, Debug, Default)]
pub struct Resolver;

#[cfg(target_os = "linux")]
impl Resolver {
    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let known = self.known().clone();
        let resolver = match known {
            Some(resolver) => resolver,
            None => {
                let read = crate::runtime::on_blocking_thread(read_configuration).await?;
                let read =
                    read.unwrap_or_else(|| Err(io::Error::other("the files can't be read")))?;
                self.known().insert(read).clone()
            }
        };
        match resolver.lookup_ip(name).await {
            Ok(found) => Ok(found.iter().collect()),
            Err(failure) => {
                // The files may have changed, for example because the machine joined another network.
                *self.known() = None;
                Err(io::Error::other(failure))
            }
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<hickory_resolver::TokioResolver>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Reads both files. If there is no list of name servers, assumes one on this machine, as the C library
/// does.
#[cfg(target_os = "linux")]
fn read_configuration() -> io::Result<hickory_resolver::TokioResolver> {
    use hickory_resolver::TokioResolver;
    use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;
    use hickory_resolver::system_conf::read_system_conf;

    let (config, options) = read_system_conf().unwrap_or_else(|_| {
        let local = NameServerConfig::udp_and_tcp(IpAddr::from([127, 0, 0, 1]));
        (ResolverConfig::from_parts(None, Vec::new(), vec![local]), ResolverOpts::default())
    });
    let provider = TokioRuntimeProvider::default();
    let mut builder = TokioResolver::builder_with_config(config, provider);
    *builder.options_mut() = options;
    builder.build().map_err(io::Error::other)
}

#[cfg(not(target_os = "linux"))]
impl Resolver {
    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        use std::net::ToSocketAddrs;
        let name = name.to_owned();
        let look_up = move || (name.as_str(), 0).to_socket_addrs();
        let found = crate::runtime::on_blocking_thread(look_up).await?;
        let found = found.unwrap_or_else(|| Err(io::Error::other("the look-up failed")))?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = self.look_up(name).await.map_err(ResolveDnsError::new)?;
            if found.is_empty() {
                return Err(ResolveDnsError::new(format!("{name} has no address")));
            }
            Ok(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn this_machine_is_found_by_its_name() {
        let resolver = Resolver::default();
        for _ in 0..2 {
            let found = resolver.resolve_dns("localhost").await.unwrap();
            assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
        }
    }
}

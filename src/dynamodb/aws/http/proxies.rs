//! Proxies, and the hosts that bypass them.

use aws_smithy_http_client::proxy::ProxyConfig;
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use crate::config::ClientConfig;
use crate::environment::Environment;
use crate::error::Code;
use crate::log::{Line, Log};

/// The proxies of requests with and without TLS.
pub struct Proxies {
    /// For requests with TLS.
    pub tls: ProxyConfig,
    /// For requests without TLS.
    pub plain: ProxyConfig,
    /// Whether the proxy for requests without TLS itself uses TLS.
    pub plain_has_tls: bool,
    /// The hosts that bypass both proxies.
    pub excepted: NoProxy,
}

impl Proxies {
    /// Returns a configuration without proxies.
    pub fn none() -> Self {
        let none = ProxyConfig::disabled;
        Self { tls: none(), plain: none(), plain_has_tls: false, excepted: NoProxy::default() }
    }

    /// Returns the configured proxies; `None` if the URL in the options is invalid.
    pub fn new(config: &ClientConfig, log: &dyn Log) -> Option<Self> {
        match &config.proxy {
            None if config.proxy_from_environment => {
                Some(Self::of_environment(&config.environment, log))
            }
            None => Some(Self::none()),
            Some(url) => {
                let proxy = ProxyConfig::all(url.0.as_str()).ok()?;
                let plain_has_tls = url.0.starts_with("https:");
                let excepted = NoProxy::default();
                Some(Self { tls: proxy.clone(), plain: proxy, plain_has_tls, excepted })
            }
        }
    }

    /// Reads the variables. Warns once about an invalid URL.
    fn of_environment(environment: &Environment, log: &dyn Log) -> Self {
        let variables = ProxyVariables(environment);
        let mut warned = Vec::new();
        let mut proxy = |name: &'static str| {
            let Some((name, url)) = variables.proxy(name) else {
                return (ProxyConfig::disabled(), false);
            };
            match ProxyConfig::all(url.as_str()) {
                Ok(proxy) => (proxy, url.starts_with("https:")),
                Err(_) => {
                    if !warned.contains(&name) {
                        let line = format!("{name} is not the URL of a proxy and is ignored");
                        log.log(Line::warn(Code::ConfigIgnored, line));
                        warned.push(name);
                    }
                    (ProxyConfig::disabled(), false)
                }
            }
        };
        let ((tls, _), (plain, plain_has_tls)) = (proxy("HTTPS_PROXY"), proxy("HTTP_PROXY"));
        Self { tls, plain, plain_has_tls, excepted: variables.excepted() }
    }
}

/// Returns the URL of the proxy that the environment sets for requests to `url`.
pub fn proxy_of_environment(environment: &Environment, url: &str) -> Option<String> {
    let variables = ProxyVariables(environment);
    let name = if url.starts_with("https:") { "HTTPS_PROXY" } else { "HTTP_PROXY" };
    let (_, proxy) = variables.proxy(name)?;
    (!variables.excepted().covers(url)).then_some(proxy)
}

/// The variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, or the same in lower case.
struct ProxyVariables<'a>(&'a Environment);

impl ProxyVariables<'_> {
    fn get(&self, name: &str) -> Option<(String, &str)> {
        let lower = name.to_ascii_lowercase();
        let names = [name.to_owned(), lower].into_iter();
        names.filter_map(|name| self.0.get(&name).map(|value| (name, value))).next()
    }

    /// Returns the name of the variable that sets the proxy of `name`, and the proxy's URL.
    fn proxy(&self, name: &str) -> Option<(String, String)> {
        // In CGI, a header of the request sets HTTP_PROXY.
        let is_forged = name == "HTTP_PROXY" && self.0.get("REQUEST_METHOD").is_some();
        let own = if is_forged { None } else { self.get(name) };
        let (name, url) = own.or_else(|| self.get("ALL_PROXY"))?;
        let url = url.trim();
        Some((name, if url.contains("://") { url.to_owned() } else { format!("http://{url}") }))
    }

    fn excepted(&self) -> NoProxy {
        NoProxy::new(self.get("NO_PROXY").map_or("", |(_, value)| value))
    }
}

/// The entries of `NO_PROXY`. A host also covers its subdomains, with or without a dot or `*.` before it. An
/// entry may be an IP address or a network, and may have a port. `*` covers everything.
#[derive(Default)]
pub struct NoProxy(Vec<Entry>);

struct Entry {
    /// Matches all hosts except the entry's; `None` means that the entry covers every host.
    hosts: Option<Matcher>,
    port: Option<u16>,
}

impl NoProxy {
    /// Parses entries separated by commas or blanks.
    pub fn new(text: &str) -> Self {
        let entries = text.split(|c: char| c == ',' || c.is_whitespace());
        let entries = entries.filter(|entry| !entry.is_empty()).map(|entry| {
            let (host, port) = host_and_port(entry);
            let host = host.strip_prefix('*').unwrap_or(host);
            let hosts = || Matcher::builder().all("http://proxy").no(host).build();
            let is_every_host = host.is_empty() && entry.starts_with('*');
            Entry { hosts: (!is_every_host).then(hosts), port }
        });
        Self(entries.collect())
    }

    /// Returns whether requests to this URL bypass the proxy.
    pub fn covers(&self, url: &str) -> bool {
        url.parse::<Uri>().is_ok_and(|url| {
            let default = if url.scheme_str() == Some("https") { 443 } else { 80 };
            let port = url.port_u16().unwrap_or(default);
            self.0.iter().any(|entry| {
                entry.port.is_none_or(|only| only == port)
                    && entry.hosts.as_ref().is_none_or(|hosts| hosts.intercept(&url).is_none())
            })
        })
    }
}

/// Splits an entry such as `host`, `host:80`, `::1`, `[::1]` or `[::1]:80` into host and port.
fn host_and_port(entry: &str) -> (&str, Option<u16>) {
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => {
            (host, port.parse().ok())
        }
        _ => (entry, None),
    };
    let host = if port.is_some() { host } else { entry };
    (host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_cover_hosts_addresses_networks_and_ports() {
        for (entries, covered, not) in [
            ("*", "http://127.0.0.1:8000/", None),
            ("a.b, *", "https://[::1]:1/", None),
            ("*:8000", "http://127.0.0.1:8000/", Some("http://127.0.0.1:8001/")),
            ("amazonaws.com", "https://dynamodb.eu-west-1.amazonaws.com/", Some("https://aws.com")),
            (".amazonaws.com", "https://x.amazonaws.com/", Some("https://notamazonaws.com/")),
            ("*.amazonaws.com", "https://x.amazonaws.com/", Some("https://notamazonaws.com/")),
            ("LOCALHOST", "http://localhost:1/", Some("http://127.0.0.1:1/")),
            ("a b\tc", "http://b/", Some("http://d/")),
            ("localhost:8000", "http://localhost:8000/", Some("http://localhost:8001/")),
            ("localhost:443", "https://localhost/", Some("http://localhost/")),
            ("localhost:80", "http://localhost/", Some("https://localhost/")),
            (".internal:8000", "http://db.internal:8000/", Some("http://db.internal/")),
            ("127.0.0.1", "http://127.0.0.1:8000/", Some("http://127.0.0.2:8000/")),
            ("127.0.0.1:8000", "http://127.0.0.1:8000/", Some("http://127.0.0.1:8001/")),
            ("10.0.0.0/8", "http://10.1.2.3/", Some("http://11.1.2.3/")),
            ("::1", "http://[::1]:8000/", Some("http://[::2]:8000/")),
            ("[::1]", "http://[::1]:8000/", Some("http://127.0.0.1/")),
            ("[::1]:8000", "http://[::1]:8000/", Some("http://[::1]:8001/")),
        ] {
            let excepted = NoProxy::new(entries);
            assert!(excepted.covers(covered), "{entries} covers {covered}");
            assert!(
                not.is_none_or(|url| !excepted.covers(url)),
                "{entries} does not cover {not:?}"
            );
        }
        for entries in ["", ",", "  ", ":", ":80", "a:b"] {
            assert!(!NoProxy::new(entries).covers("http://localhost/"), "{entries}");
        }
    }
}

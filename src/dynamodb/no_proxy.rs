//! What goes past a proxy: `NO_PROXY`.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The entries of `NO_PROXY`. A host stands for its subdomains too, with or without a dot or `*.` before it.
/// An entry may be an IP address or a network, and may have a port; `*` is everything.
#[derive(Default)]
pub struct NoProxy(Vec<Entry>);

struct Entry {
    /// Intercepts all but the entry's hosts; `None` for every host.
    hosts: Option<Matcher>,
    port: Option<u16>,
}

impl NoProxy {
    /// Reads entries with commas or blanks between them.
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

    /// Whether what is sent to this URL goes past the proxy.
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

/// The parts of an entry such as `host`, `host:80`, `::1`, `[::1]` and `[::1]:80`.
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

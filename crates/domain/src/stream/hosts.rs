//! Which hosts an account's streams may come from and go to.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Host;

use super::StreamAddress;

/// One or several hosts: `example.com`, `*.example.com` for all below it, either with a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    /// In the way of writing of [`StreamAddress::host`].
    host: String,
    /// Whether only hosts below it are meant.
    below: bool,
    /// Absent: any.
    port: Option<u16>,
}

/// The text is no pattern of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hosts are given as 'example.com', '*.example.com' or either with ':port'")]
pub struct InvalidHostPattern;

impl HostPattern {
    pub fn new(text: &str) -> Result<Self, InvalidHostPattern> {
        let (host, port) = match text.rsplit_once(':') {
            // The colon is one of an address of version 6.
            Some((_, rest)) if rest.ends_with(']') => (text, None),
            Some((host, port)) => {
                let digits = port.bytes().all(|it| it.is_ascii_digit());
                let port = port.parse().ok().filter(|port| digits && *port != 0);
                (host, Some(port.ok_or(InvalidHostPattern)?))
            }
            None => (text, None),
        };
        let (host, below) = match host.strip_prefix("*.") {
            Some(host) => (host, true),
            None => (host, false),
        };
        if host.contains('*') {
            return Err(InvalidHostPattern);
        }
        let host = match Host::parse(host.trim_end_matches('.')) {
            Ok(Host::Ipv4(_) | Host::Ipv6(_)) if below => return Err(InvalidHostPattern),
            Ok(host) => host.to_string(),
            Err(_) => return Err(InvalidHostPattern),
        };
        Ok(Self { host, below, port })
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        let named = match host.strip_suffix(self.host.as_str()) {
            Some(rest) if self.below => rest.len() > 1 && rest.ends_with('.'),
            Some(rest) => rest.is_empty(),
            None => false,
        };
        named && self.port.is_none_or(|it| it == port)
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = if self.below { "*." } else { "" };
        write!(f, "{below}{}", self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl TryFrom<String> for HostPattern {
    type Error = InvalidHostPattern;

    fn try_from(text: String) -> Result<Self, InvalidHostPattern> {
        Self::new(&text)
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

/// The hosts of an account. Without a pattern all are allowed; whether their addresses may be connected to is
/// judged apart from this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostRules {
    /// Where streams may come from.
    #[serde(default)]
    pub pull: Vec<HostPattern>,
    /// Where they may go.
    #[serde(default)]
    pub push: Vec<HostPattern>,
}

impl HostRules {
    /// The most patterns of a list.
    pub const MOST: usize = 200;

    pub fn may_pull(&self, address: &StreamAddress) -> bool {
        allows(&self.pull, address)
    }

    pub fn may_push(&self, address: &StreamAddress) -> bool {
        allows(&self.push, address)
    }
}

fn allows(patterns: &[HostPattern], address: &StreamAddress) -> bool {
    let (host, port) = (address.host(), address.port());
    patterns.is_empty() || patterns.iter().any(|it| it.covers(&host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_a_host_or_all_below_it_on_one_port_or_on_all() {
        let cases = [
            ("example.com", "rtmp://EXAMPLE.com/a/s", true),
            ("example.com.", "rtmp://example.com/a/s", true),
            ("example.com", "rtmp://a.example.com/a/s", false),
            ("example.com", "rtmp://badexample.com/a/s", false),
            ("*.example.com", "rtmp://a.b.example.com/a/s", true),
            ("*.example.com", "rtmp://example.com/a/s", false),
            ("*.example.com", "rtmp://badexample.com/a/s", false),
            ("example.com:1935", "rtmp://example.com/a/s", true),
            ("example.com:1935", "rtmp://example.com:1936/a/s", false),
            ("*.example.com:443", "rtmps://a.example.com/a/s", true),
            ("127.0.0.1:99", "srt://127.1:99", true),
            ("[::1]:99", "srt://[0::1]:99", true),
            ("[::1]", "srt://[::1]:99", true),
        ];
        for (pattern, address, covered) in cases {
            let push = vec![HostPattern::new(pattern).unwrap()];
            let rules = HostRules {
                push,
                ..HostRules::default()
            };
            let address = StreamAddress::new(address).unwrap();
            assert_eq!(rules.may_push(&address), covered, "{pattern} {address}");
            assert!(rules.may_pull(&address), "no pattern allows all");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "",
            "*",
            "*.",
            "a.*.example",
            "example.com:",
            "example.com:0",
            "example.com:+1",
            "example.com:70000",
            "rtmp://example.com",
            "example.com/app",
            "*.127.0.0.1",
            "::1",
        ] {
            assert_eq!(HostPattern::new(text), Err(InvalidHostPattern), "{text:?}");
        }
    }

    #[test]
    fn a_pattern_is_written_as_it_is_read() {
        for text in ["example.com", "*.example.com:1935", "[::1]:99", "10.0.0.1"] {
            let pattern = HostPattern::new(text).unwrap();
            assert_eq!(pattern.to_string(), text);
            assert_eq!(HostPattern::new(&pattern.to_string()), Ok(pattern));
        }
    }
}

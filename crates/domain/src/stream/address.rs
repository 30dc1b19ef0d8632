//! Addresses that streams come from and go to.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// What is spoken at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    Rtmp,
    Rtmps,
    Srt,
    Rtsp,
    Rtsps,
    /// HLS or FLV.
    Http,
    Https,
}

impl Scheme {
    pub const ALL: [Self; 7] = [
        Self::Rtmp,
        Self::Rtmps,
        Self::Srt,
        Self::Rtsp,
        Self::Rtsps,
        Self::Http,
        Self::Https,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Rtmps => "rtmps",
            Self::Srt => "srt",
            Self::Rtsp => "rtsp",
            Self::Rtsps => "rtsps",
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port of an address without one; SRT has none.
    pub const fn port(self) -> Option<u16> {
        match self {
            Self::Rtmp => Some(1935),
            Self::Rtmps | Self::Https => Some(443),
            Self::Rtsp => Some(554),
            Self::Rtsps => Some(322),
            Self::Http => Some(80),
            Self::Srt => None,
        }
    }

    /// Whether a stream can be sent there.
    pub const fn takes_streams(self) -> bool {
        matches!(self, Self::Rtmp | Self::Rtmps | Self::Srt)
    }
}

/// An address of a stream. Its query and path may give access to it, so it is printed without them.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamAddress {
    text: String,
    url: Url,
    scheme: Scheme,
    host: Host,
}

/// The text is no address of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStreamAddress {
    #[error(
        "a stream's address is a URL with a host, of at most {} bytes without blanks",
        StreamAddress::MAX_BYTES
    )]
    NoUrl,
    #[error("a stream's address begins with rtmp, rtmps, srt, rtsp, rtsps, http or https")]
    Scheme,
    #[error("an SRT address names its port")]
    NoPort,
    #[error("a stream's address after the host is not empty")]
    NoPath,
    #[error("an SRT address has no 'mode' but 'caller' and 'listener'")]
    Mode,
}

impl StreamAddress {
    /// The most bytes of an address.
    pub const MAX_BYTES: usize = 4096;

    pub fn new(text: impl Into<String>) -> Result<Self, InvalidStreamAddress> {
        let text = text.into();
        let is_odd = |it: char| it.is_control() || it.is_whitespace() || matches!(it, '\\' | '|');
        if text.len() > Self::MAX_BYTES || text.chars().any(is_odd) {
            return Err(InvalidStreamAddress::NoUrl);
        }
        let url = Url::parse(&text).map_err(|_| InvalidStreamAddress::NoUrl)?;
        let scheme = Scheme::ALL.into_iter().find(|it| it.word() == url.scheme());
        let scheme = scheme.ok_or(InvalidStreamAddress::Scheme)?;
        // A URL's reader leaves hosts alone whose schemes it does not know: here numbers in every spelling become
        // addresses and names are written in one way, since rules go by them.
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.and_then(|host| Host::parse(host).ok());
        let host = match host.ok_or(InvalidStreamAddress::NoUrl)? {
            Host::Ipv6(v6) => v6.to_ipv4_mapped().map_or(Host::Ipv6(v6), Host::Ipv4),
            host => host,
        };
        let address = Self {
            text,
            url,
            scheme,
            host,
        };
        match scheme {
            Scheme::Srt if address.url.port().is_none() => Err(InvalidStreamAddress::NoPort),
            Scheme::Srt
                if !matches!(
                    address.query("mode").as_deref(),
                    None | Some("caller" | "listener")
                ) =>
            {
                Err(InvalidStreamAddress::Mode)
            }
            Scheme::Srt => Ok(address),
            _ if address.url.path().trim_matches('/').is_empty() => {
                Err(InvalidStreamAddress::NoPath)
            }
            _ => Ok(address),
        }
    }

    /// As it was given, secrets included.
    pub fn expose(&self) -> &str {
        &self.text
    }

    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host in lower case: a name, or an IP address, one of version 6 in brackets.
    pub fn host(&self) -> String {
        let host = self.host.to_string();
        match host.strip_suffix('.') {
            Some(host) if !host.is_empty() => host.to_owned(),
            _ => host,
        }
    }

    pub fn port(&self) -> u16 {
        let port = self.url.port().or(self.scheme.port());
        port.unwrap_or_default()
    }

    /// Whether others connect to it here (SRT with `mode=listener`), rather than it being connected to.
    pub fn listens(&self) -> bool {
        self.scheme == Scheme::Srt && self.query("mode").as_deref() == Some("listener")
    }

    /// The value of a parameter of its query.
    pub fn query(&self, name: &str) -> Option<String> {
        let mut pairs = self.url.query_pairs();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// What tells the place that is published to from all others, whatever is said beside its name: two
    /// addresses with one identity would disturb each other.
    pub fn identity(&self) -> String {
        let (host, port) = (self.host(), self.port());
        match self.scheme {
            Scheme::Srt => {
                let stream = self.query("streamid").unwrap_or_default();
                format!("srt://{host}:{port}/{stream}")
            }
            scheme => {
                let path = self.url.path().trim_end_matches('/');
                format!(
                    "{}://{host}:{port}{path}",
                    scheme.word().trim_end_matches('s')
                )
            }
        }
    }
}

impl fmt::Debug for StreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme.word();
        write!(
            f,
            "StreamAddress({scheme}://{}:{}/…)",
            self.host(),
            self.port()
        )
    }
}

/// Without what may give access to it.
impl fmt::Display for StreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}:{}/…",
            self.scheme.word(),
            self.host(),
            self.port()
        )
    }
}

impl TryFrom<String> for StreamAddress {
    type Error = InvalidStreamAddress;

    fn try_from(text: String) -> Result<Self, InvalidStreamAddress> {
        Self::new(text)
    }
}

impl From<StreamAddress> for String {
    fn from(address: StreamAddress) -> Self {
        address.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_written_in_one_way_whatever_the_scheme() {
        for (text, host) in [
            ("rtmp://Live.Example.COM/app/s", "live.example.com"),
            ("rtmp://live.example.com./app/s", "live.example.com"),
            ("rtmp://127.1/app/s", "127.0.0.1"),
            ("srt://0x7f000001:99", "127.0.0.1"),
            ("rtmp://2130706433/app/s", "127.0.0.1"),
            ("https://0177.0.0.1/a.m3u8", "127.0.0.1"),
            ("rtmp://１２７.0.0.1/app/s", "127.0.0.1"),
            ("rtmp://%6c%6fcalhost/app/s", "localhost"),
            ("rtmp://bücher.example/app/s", "xn--bcher-kva.example"),
            ("rtmp://[::FFFF:7f00:1]/app/s", "127.0.0.1"),
        ] {
            let address = StreamAddress::new(text).unwrap();
            assert_eq!(address.host(), host, "{text}");
            assert_eq!(address.expose(), text);
        }
        for text in [
            "rtmp:///app/s",
            "rtmp://a%00b/app/s",
            "rtmp://256.1.1.1/a/s",
        ] {
            let refused = StreamAddress::new(text);
            assert_eq!(refused, Err(InvalidStreamAddress::NoUrl), "{text}");
        }
    }
}

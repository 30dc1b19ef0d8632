//! Whom a trusted reverse proxy says it speaks for.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::{IpNet, Ipv4Net};

use super::Transport;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// A network whose hosts are believed, `10.1.0.0/16` or a single address. IPv4-mapped IPv6 counts as IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyNetwork(IpNet);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotANetwork {
    #[error("expected a network like 10.1.0.0/16 or 2001:db8::/32, or an address")]
    Malformed,
    /// Nobody can tell whether the host or the network was meant, and it would be believed.
    #[error("{0} is an address in the network {1}: write the network, or the address alone")]
    HostInNetwork(IpAddr, IpNet),
}

impl FromStr for ProxyNetwork {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let text = text.trim();
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(address.to_canonical().into()));
        }
        let network: IpNet = text.parse().map_err(|_invalid| NotANetwork::Malformed)?;
        if network != network.trunc() {
            let whole = network.trunc();
            return Err(NotANetwork::HostInNetwork(network.addr(), whole));
        }
        Ok(Self(unmapped(network)))
    }
}

fn unmapped(network: IpNet) -> IpNet {
    let length = network.prefix_len().checked_sub(96);
    match (network.addr().to_canonical(), length) {
        (IpAddr::V4(start), Some(length)) if network.addr().is_ipv6() => {
            Ipv4Net::new(start, length).map_or(network, IpNet::from)
        }
        _ => network,
    }
}

/// The reverse proxies that are believed when they say whom they speak for; none by default.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[ProxyNetwork]>);

impl FromIterator<ProxyNetwork> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = ProxyNetwork>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl TrustedProxies {
    /// What a request came over as far as it can be trusted: the connection's other end, or the client that it names.
    pub(super) fn client(&self, connection: Transport, headers: &HeaderMap) -> Transport {
        if self.0.is_empty() || !self.trusts(connection.peer.ip()) {
            return connection;
        }
        Transport {
            peer: self.forwarded_for(headers).unwrap_or(connection.peer),
            secure: is_https(headers).unwrap_or(connection.secure),
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.0.contains(&address))
    }

    /// Each proxy writes behind what it was sent whom it got that from. So the list is true from its end up to the first
    /// address that is no trusted proxy's; what is in front of that anybody may have made up.
    fn forwarded_for(&self, headers: &HeaderMap) -> Option<SocketAddr> {
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        let mut client = None;
        for entry in entries {
            let Some(address) = address(entry) else {
                break;
            };
            client = Some(address);
            if !self.trusts(address.ip()) {
                break;
            }
        }
        client
    }
}

/// An entry of the list: an address, in brackets or not, with a port or not. The port is 0 where none is given.
fn address(entry: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let (ip, port) = match bare.unwrap_or(text).parse::<IpAddr>() {
        Ok(ip) => (ip, 0),
        Err(_with_port) => {
            let address: SocketAddr = text.parse().ok()?;
            (address.ip(), address.port())
        }
    };
    Some(SocketAddr::new(ip.to_canonical(), port))
}

/// What the nearest proxy says of its client's connection; `None` if it names neither of the two.
fn is_https(headers: &HeaderMap) -> Option<bool> {
    let last_line = headers.get_all(FORWARDED_PROTO).iter().next_back();
    let values = last_line.map(HeaderValue::as_bytes)?;
    let last = values.rsplit(|byte| *byte == b',').next()?.trim_ascii();
    if last.eq_ignore_ascii_case(b"https") {
        Some(true)
    } else {
        last.eq_ignore_ascii_case(b"http").then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.1.0.1:5000";

    fn proxies() -> TrustedProxies {
        ["10.1.0.0/16", "::ffff:192.0.2.0/120", "2001:db8:1::/48"]
            .map(|network| network.parse().unwrap())
            .into_iter()
            .collect()
    }

    fn seen(peer: &str, secure: bool, lines: &[(HeaderName, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            let line = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            headers.append(name, line);
        }
        let connection = Transport {
            peer: peer.parse().unwrap(),
            secure,
        };
        let Transport { peer, secure } = proxies().client(connection, &headers);
        format!("{peer} {secure}")
    }

    #[test]
    fn the_client_is_the_last_address_that_is_no_trusted_proxys() {
        for (peer, lines, client) in [
            // Whoever is not trusted may write what it likes.
            ("203.0.113.9:1", &["198.51.100.7"][..], "203.0.113.9:1"),
            ("[2001:db8:2::1]:1", &["198.51.100.7"], "[2001:db8:2::1]:1"),
            (PROXY, &[], PROXY),
            (PROXY, &["198.51.100.7"], "198.51.100.7:0"),
            ("192.0.2.200:1", &["198.51.100.7"], "198.51.100.7:0"),
            ("[2001:db8:1::2]:1", &["2001:db8:2::1"], "[2001:db8:2::1]:0"),
            ("[::ffff:10.1.0.1]:1", &["198.51.100.7"], "198.51.100.7:0"),
            // What stands in front of the client was written by the client.
            (PROXY, &["1.1.1.1, 198.51.100.7"], "198.51.100.7:0"),
            (
                PROXY,
                &["1.1.1.1,198.51.100.7 ,10.1.2.3, 192.0.2.1"],
                "198.51.100.7:0",
            ),
            // Lines are one list in their order.
            (
                PROXY,
                &["1.1.1.1", "198.51.100.7", "10.1.2.3"],
                "198.51.100.7:0",
            ),
            (PROXY, &["198.51.100.7", "2.2.2.2"], "2.2.2.2:0"),
            // The client itself is in a trusted network.
            (PROXY, &["10.1.9.9, 10.1.2.3"], "10.1.9.9:0"),
            // The walk ends at what is no address.
            (PROXY, &[""], PROXY),
            (PROXY, &["unknown"], PROXY),
            (PROXY, &["198.51.100.7, unknown"], PROXY),
            (PROXY, &["198.51.100.7,"], PROXY),
            (PROXY, &["198.51.100.7, _hidden, 10.1.2.3"], "10.1.2.3:0"),
            (PROXY, &["198.51.100.7, \u{fc}, 10.1.2.3"], "10.1.2.3:0"),
            (PROXY, &["unknown, 198.51.100.7"], "198.51.100.7:0"),
            // Spellings.
            (PROXY, &["198.51.100.7:443"], "198.51.100.7:443"),
            (PROXY, &["[2001:db8:2::1]"], "[2001:db8:2::1]:0"),
            (PROXY, &["[2001:db8:2::1]:443"], "[2001:db8:2::1]:443"),
            (PROXY, &["::ffff:198.51.100.7"], "198.51.100.7:0"),
            (
                PROXY,
                &["198.51.100.7, [::ffff:10.1.2.3]:80"],
                "198.51.100.7:0",
            ),
        ] {
            let named: Vec<_> = lines.iter().map(|line| (FORWARDED_FOR, *line)).collect();
            assert_eq!(
                seen(peer, false, &named),
                format!("{client} false"),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn the_nearest_proxy_says_whether_the_call_is_secure() {
        for (peer, connection, lines, secure) in [
            (PROXY, false, &["https"][..], true),
            (PROXY, false, &["HTTPS"], true),
            (PROXY, false, &["http, https "], true),
            (PROXY, false, &["http", "https"], true),
            (PROXY, false, &["https, http"], false),
            (PROXY, false, &["https", "http"], false),
            (PROXY, false, &["https,"], false),
            (PROXY, false, &[], false),
            (PROXY, true, &[], true),
            (PROXY, true, &["wss"], true),
            // Secured from the proxy on only.
            (PROXY, true, &["http"], false),
            ("203.0.113.9:1", false, &["https"], false),
            ("203.0.113.9:1", true, &["http"], true),
        ] {
            let named: Vec<_> = lines.iter().map(|line| (FORWARDED_PROTO, *line)).collect();
            let expected = format!("{peer} {secure}");
            assert_eq!(seen(peer, connection, &named), expected, "{lines:?}");
        }
    }

    #[test]
    fn without_trusted_proxies_nothing_is_believed() {
        let connection = Transport {
            peer: "127.0.0.1:1".parse().unwrap(),
            secure: false,
        };
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED_FOR, HeaderValue::from_static("198.51.100.7"));
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
        let client = TrustedProxies::default().client(connection, &headers);
        assert_eq!(client, connection);
    }

    #[test]
    fn networks_are_read_and_everything_else_is_refused() {
        for (text, network) in [
            ("10.1.0.0/16", "10.1.0.0/16"),
            (" 10.1.0.1 ", "10.1.0.1/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::1", "::1/128"),
            ("::/0", "::/0"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::ffff:10.1.0.0/112", "10.1.0.0/16"),
            ("::ffff:10.1.0.1", "10.1.0.1/32"),
        ] {
            let read: ProxyNetwork = text.parse().unwrap();
            assert_eq!(read.0.to_string(), network, "{text}");
        }
        for text in [
            "",
            "proxy.example.com",
            "10.1.0.0/33",
            "10.1/16",
            "10.1.0.0/",
            "10.1.0.1:80",
            "*",
        ] {
            let refused = text.parse::<ProxyNetwork>();
            assert_eq!(refused, Err(NotANetwork::Malformed), "{text}");
        }
        let refused = "10.1.2.3/16".parse::<ProxyNetwork>().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "10.1.2.3 is an address in the network 10.1.0.0/16: write the network, or the address alone"
        );
    }
}

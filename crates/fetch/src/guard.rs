//! Which addresses may be connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use reqwest::Url;

/// Allows public addresses, and those that an operator allows.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Vec<IpNet>,
}

/// Why an address is not for this client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the address is not an http or https URL with a host")]
    NotHttp,
    #[error("the address must not carry a user or password")]
    Credentials,
    /// Which one it is is not told: it may be what a name of the operator's network stands for.
    #[error("the address is not a public one, and the operator has not allowed it")]
    Internal(IpAddr),
}

impl Guard {
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Reads an address that somebody names and judges what can be judged of it without looking up its name.
    pub fn read(&self, text: &str) -> Result<Url, Refused> {
        // A URL's reader would drop some of these without a word, and what is kept and shown is the text.
        if text.chars().any(|it| it.is_control() || it.is_whitespace()) {
            return Err(Refused::NotHttp);
        }
        let url = Url::parse(text).map_err(|_| Refused::NotHttp)?;
        self.check(&url)?;
        Ok(url)
    }

    pub(crate) fn check(&self, url: &Url) -> Result<(), Refused> {
        self.check_host(web_host(url)?)
    }

    /// Judges what can be judged of a URL's host without looking up its name: an IP address, one of version 6 in
    /// brackets or without.
    pub fn check_host(&self, host: &str) -> Result<(), Refused> {
        // The URL's reader has brought numbers in every spelling into this form. A connection to one
        // is made without asking for its name.
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        match literal.parse::<IpAddr>() {
            Ok(address) => self.allow(address),
            Err(_name) => Ok(()),
        }
    }

    /// Judges an address that a connection is about to be made to.
    pub fn allow(&self, address: IpAddr) -> Result<(), Refused> {
        let meant = meant(address);
        let by_operator = |net: &IpNet| net.contains(&address) || net.contains(&meant);
        if is_public(meant) || self.allowed.iter().any(by_operator) {
            return Ok(());
        }
        Err(Refused::Internal(address))
    }
}

/// The host of what can be an address of a web server.
pub(crate) fn web_host(url: &Url) -> Result<&str, Refused> {
    let host = url.host_str().filter(|host| !host.is_empty());
    let (true, Some(host)) = (matches!(url.scheme(), "http" | "https"), host) else {
        return Err(Refused::NotHttp);
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Credentials);
    }
    Ok(host)
}

/// The address that is reached: some IPv6 addresses stand for an IPv4 address.
fn meant(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
    }
}

fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        // IPv4-mapped, and IPv4-translated (RFC 2765).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => {
            Some(v4(high, low))
        }
        // NAT64 (RFC 6052).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => Some(v4(high, low)),
        // IPv4-compatible, but for "any" and the loopback.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(v4(high, low)),
        _ => None,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// By the registry of special addresses (RFC 6890 and its successors).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        // This network, private, shared between carriers and customers, loopback.
        (0 | 10 | 127, ..)
            | (100, 64..=127, _)
            // Link-local: clouds answer about their machines there.
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            // Protocols, documentation, the old 6to4 relays, measurements.
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            // Multicast, reserved, broadcast.
            | (224..=255, ..)
    );
    // A cloud's metadata, at an address that is public elsewhere.
    !special && address != Ipv4Addr::new(168, 63, 129, 16)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Only 2000::/3 has been handed out.
    let global = segments[0] & 0xe000 == 0x2000;
    let special = match segments {
        // Teredo, ORCHID and other protocols; documentation.
        [0x2001, second, ..] => second < 0x0200 || second == 0x0db8,
        // Documentation.
        [0x3fff, second, ..] => second < 0x1000,
        _ => false,
    };
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(guard: &Guard, url: &str) -> Result<(), Refused> {
        guard.read(url).map(drop)
    }

    #[test]
    fn public_addresses_and_names_pass() {
        for url in [
            "https://receiver.example/events?x=1",
            "http://93.184.216.34:8080/",
            "https://[2606:4700::1111]/",
            // 6to4 and NAT64 of a public address.
            "http://[64:ff9b::5db8:d822]/",
        ] {
            assert_eq!(judged(&Guard::default(), url), Ok(()), "{url}");
        }
    }

    #[test]
    fn internal_addresses_are_refused_in_every_spelling() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://0/",
            "http://10.1.2.3/",
            "http://172.31.255.255/",
            "http://192.168.0.1/",
            "http://100.64.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://100.100.100.200/latest/meta-data",
            "http://168.63.129.16/",
            "http://192.0.0.192/",
            "http://198.18.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a00:1]/",
            "http://[::ffff:0:127.0.0.1]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[64:ff9b:1::1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
            "http://[fe80::1]/",
            "http://[fec0::1]/",
            "http://[fc00::1]/",
            "http://[fd00:ec2::254]/latest/meta-data",
            "http://[ff02::1]/",
            "http://[2001:db8::1]/",
            "http://１２７.0.0.1/",
        ] {
            let refused = judged(&Guard::default(), url);
            assert!(
                matches!(refused, Err(Refused::Internal(_))),
                "{url}: {refused:?}"
            );
        }
    }

    #[test]
    fn what_is_no_address_of_a_web_server_is_refused() {
        for url in [
            "",
            "receiver.example",
            "ftp://a.example/",
            "file:///etc/passwd",
            "http://",
            "https://a.example/ ",
            "\u{0}https://a.example/",
            "https://a.exa\nmple/",
            "https://a.example/a\tb",
            "https://a.example/\u{0}",
        ] {
            assert_eq!(
                judged(&Guard::default(), url),
                Err(Refused::NotHttp),
                "{url}"
            );
        }
        let with_user = judged(&Guard::default(), "https://user:secret@a.example/");
        assert_eq!(with_user, Err(Refused::Credentials));
    }

    #[test]
    fn an_operator_allows_ranges() {
        let nets = ["127.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap());
        let guard = Guard::new(nets.to_vec());
        for url in [
            "http://127.0.0.1:99/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fd00::1]/",
        ] {
            assert_eq!(judged(&guard, url), Ok(()), "{url}");
        }
        for url in ["http://10.0.0.1/", "http://[::1]/"] {
            assert!(judged(&guard, url).is_err(), "{url}");
        }
    }
}

//! The files that tell the C library what names stand for, as FFmpeg gets them to read.

use std::fmt::Write;

use super::orders::Reach;

/// The longest path below, and one byte more.
pub(super) const LONGEST: usize = 24;

/// The text of a file that the process must not see as it is on the machine.
pub(super) fn stand_in(path: &[u8], reach: &Reach) -> Option<String> {
    match path {
        b"/etc/hosts" => Some(hosts(reach)),
        // Nobody is asked over the network.
        b"/etc/nsswitch.conf" => Some("hosts: files\n".to_owned()),
        b"/etc/resolv.conf" => Some("options timeout:1 attempts:1\n".to_owned()),
        _ => None,
    }
}

fn hosts(reach: &Reach) -> String {
    let mut text = String::new();
    for (name, addresses) in &reach.hosts {
        // Addresses stand for themselves, and what is no name must not become a line of its own.
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if name.parse::<std::net::IpAddr>().is_ok() || !name.bytes().all(is_name) {
            continue;
        }
        for address in addresses {
            let _ = writeln!(text, "{address} {name}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_the_addresses_that_were_judged_and_nothing_else_is_known() {
        let address = |text: &str| text.parse().unwrap();
        let reach = Reach {
            hosts: vec![
                (
                    "live.example".to_owned(),
                    vec![address("192.0.2.1"), address("2001:db8::1")],
                ),
                ("192.0.2.9".to_owned(), vec![address("192.0.2.9")]),
                ("a\n10.0.0.1 b".to_owned(), vec![address("192.0.2.7")]),
            ],
            ..Reach::default()
        };
        assert_eq!(
            stand_in(b"/etc/hosts", &reach).unwrap(),
            "192.0.2.1 live.example\n2001:db8::1 live.example\n"
        );
        assert_eq!(
            stand_in(b"/etc/nsswitch.conf", &reach).unwrap(),
            "hosts: files\n"
        );
        assert_eq!(stand_in(b"/etc/hosts.allow", &reach), None);
        assert_eq!(stand_in(b"/etc/passwd", &reach), None);
    }
}

//! How many connections each peer address has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts connections by address and refuses those above the limit, so that one address cannot take all slots.
pub(super) struct Peers {
    limit: usize,
    open: Mutex<HashMap<IpAddr, Open>>,
}

/// Of one address; gone when its last connection is.
#[derive(Default)]
struct Open {
    connections: usize,
    is_told: bool,
}

/// One connection's part of what its address may have.
pub(super) struct Place {
    peers: Arc<Peers>,
    address: IpAddr,
}

impl Peers {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            open: Mutex::default(),
        })
    }

    /// `None` if the address has as many connections as one may.
    pub(super) fn admit(self: &Arc<Self>, peer: SocketAddr) -> Option<Place> {
        let address = counted_as(peer.ip());
        let mut all = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = all.entry(address).or_default();
        if open.connections >= self.limit {
            // Once per siege: whoever does this does it often.
            if !std::mem::replace(&mut open.is_told, true) {
                let limit = self.limit;
                tracing::warn!(%peer, "{address} has {limit} connections; further ones are closed");
            }
            return None;
        }
        open.connections += 1;
        Some(Place {
            peers: Arc::clone(self),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let open = &self.peers.open;
        let mut all = open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = all.get_mut(&self.address) {
            open.connections -= 1;
            if open.connections == 0 {
                all.remove(&self.address);
            }
        }
    }
}

/// One who has an IPv6 address usually has all of its network, 2^64 of them.
pub(crate) fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> SocketAddr {
        SocketAddr::new(text.parse().unwrap(), 1)
    }

    #[test]
    fn an_address_has_no_more_than_its_limit_and_others_have_theirs() {
        let peers = Peers::new(2);
        let held = [peers.admit(peer("10.0.0.1")), peers.admit(peer("10.0.0.1"))];
        assert!(held.iter().all(Option::is_some));
        assert!(peers.admit(peer("10.0.0.1")).is_none());
        assert!(peers.admit(peer("10.0.0.2")).is_some());
        drop(held);
        assert!(peers.admit(peer("10.0.0.1")).is_some());
        assert!(peers.open.lock().unwrap().is_empty());
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_count_as_one() {
        let peers = Peers::new(1);
        let _held = peers.admit(peer("2001:db8::1"));
        assert!(peers.admit(peer("2001:db8::ffff:0:0:2")).is_none());
        assert!(peers.admit(peer("2001:db8:0:1::1")).is_some());
        let _held = peers.admit(peer("10.0.0.1"));
        assert!(peers.admit(peer("::ffff:10.0.0.1")).is_none());
    }
}

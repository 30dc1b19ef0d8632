//! Whom a stream's FFmpeg may talk to.

use std::net::IpAddr;

use reelgate_domain::stream::{StreamAddress, StreamPlan};
use serde::{Deserialize, Serialize};

/// The hosts of a stream with the addresses that they had when they were looked up. FFmpeg is told these and can
/// ask for no others, so that what was judged is what is connected to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peers(pub(crate) Vec<Peer>);

/// One host and port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// A name, or an IP address without brackets.
    pub host: String,
    pub port: u16,
    pub addresses: Vec<IpAddr>,
}

/// A host may not be talked to, or cannot be found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// It may be found later.
    #[error("the address of {host} cannot be looked up")]
    Unknown { host: String },
    /// Which address it has is not told.
    #[error("{host} has no address that may be connected to")]
    Forbidden { host: String },
}

impl Peers {
    /// Looks up the hosts of a plan and keeps the addresses that `allows` lets pass.
    pub async fn of(plan: &StreamPlan, allows: impl Fn(IpAddr) -> bool) -> Result<Self, PeerError> {
        let mut peers = Self::default();
        for address in plan.addresses().filter(|it| !it.listens()) {
            peers.add(address, &allows).await?;
        }
        Ok(peers)
    }

    async fn add(
        &mut self,
        address: &StreamAddress,
        allows: &impl Fn(IpAddr) -> bool,
    ) -> Result<(), PeerError> {
        let host = address.host();
        let host = host.trim_matches(['[', ']']);
        self.add_host(host, address.port(), allows).await
    }

    /// One host more, such as another one that an HLS playlist names segments on.
    pub async fn add_host(
        &mut self,
        host: &str,
        port: u16,
        allows: &impl Fn(IpAddr) -> bool,
    ) -> Result<(), PeerError> {
        if self.0.iter().any(|it| it.host == host && it.port == port) {
            return Ok(());
        }
        let found = tokio::net::lookup_host((host, port)).await;
        let found = found.map_err(|_| PeerError::Unknown {
            host: host.to_owned(),
        })?;
        let mut addresses = Vec::new();
        for address in found.map(|it| it.ip()).filter(|it| allows(*it)) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() {
            return Err(PeerError::Forbidden {
                host: host.to_owned(),
            });
        }
        self.0.push(Peer {
            host: host.to_owned(),
            port,
            addresses,
        });
        Ok(())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.0.iter()
    }
}

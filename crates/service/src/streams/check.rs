//! What is looked at before a stream is stored or started.

use reelgate_domain::access::Feature;
use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{StreamAddress, StreamSpec, StreamTarget};

use super::StreamError;
use crate::{Caller, Service};

impl Service {
    /// Fails unless the caller's account may use edge transcoding.
    pub async fn require_edge(&self, caller: &Caller) -> Result<(), StreamError> {
        match self.has_feature(caller, Feature::Edge).await? {
            true => Ok(()),
            false => Err(StreamError::FeatureOff),
        }
    }

    /// Whether streams can be made in this cluster.
    pub async fn knows_cluster(&self, name: &ClusterName) -> Result<bool, StreamError> {
        if *name == ClusterName::default() {
            return Ok(true);
        }
        let known = self.store.clusters().await?;
        Ok(known.iter().any(|it| it.name == *name))
    }

    /// Fails unless the account may run this, as far as can be said without connecting to anything.
    pub(super) async fn check_spec(
        &self,
        caller: &Caller,
        spec: &StreamSpec,
    ) -> Result<(), StreamError> {
        spec.validate()?;
        let rules = self.rules_of(caller.account).await?;
        let source = &spec.input.address;
        if self.connects(source)? && !rules.may_pull(source) {
            return Err(StreamError::PullRefused(source.to_string()));
        }
        for output in &spec.outputs {
            match &output.target {
                StreamTarget::Push { address } => {
                    if self.connects(address)? && !rules.may_push(address) {
                        return Err(StreamError::PushRefused(address.to_string()));
                    }
                }
                StreamTarget::Hls { bucket, .. } | StreamTarget::Recording { bucket, .. } => {
                    let found = self.store.bucket(caller.account, bucket).await?;
                    found.ok_or_else(|| StreamError::NoBucket(bucket.clone()))?;
                }
            }
        }
        Ok(())
    }

    /// Whether something is connected to for this address, if it may be used. Names are not looked up here: whoever
    /// makes the connection judges where it leads.
    fn connects(&self, address: &StreamAddress) -> Result<bool, StreamError> {
        if address.listens() {
            // The host is one of this machine's addresses.
            return match self.srt_listeners {
                true => Ok(false),
                false => Err(StreamError::Listener(address.to_string())),
            };
        }
        let judged = self.guard.check_host(&address.host());
        judged.map_err(|_refused| StreamError::Internal(address.to_string()))?;
        Ok(true)
    }
}

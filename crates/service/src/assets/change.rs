//! Changing what an account says of an asset.

use reelgate_domain::asset::{Asset, AssetChange, AssetDetails, AssetId};
use reelgate_store::ChangeAsset;

use crate::{Caller, ErrorKind, Service, ServiceError};

impl Service {
    /// Fails with `NotFound` if there is no such asset, with `Conflict` if another has the reference that
    /// it was to have, with `Invalid` if that has not a length that one may have.
    pub async fn change_asset(
        &self,
        caller: &Caller,
        id: AssetId,
        change: AssetChange,
    ) -> Result<Asset, ServiceError> {
        let said = change.clone().applied_to(&AssetDetails::default());
        if !said.has_fitting_reference() {
            let most = AssetDetails::MAX_REFERENCE_BYTES;
            let message = format!("a reference has 1 to {most} bytes");
            return Err(ServiceError::invalid("reference", message));
        }
        let now = self.clock.now();
        let once = caller.making(id);
        let changed = self
            .store
            .change_asset(caller.account, id, change, now, once);
        match changed.await? {
            ChangeAsset::Changed(asset) => Ok(*asset),
            ChangeAsset::Missing => Err(ServiceError::missing("asset", id)),
            ChangeAsset::ReferenceTaken(other) => {
                let message = format!("asset {other} has this reference");
                Err(ServiceError::new(ErrorKind::Conflict, "reference", message))
            }
        }
    }
}

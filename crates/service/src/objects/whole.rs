//! Objects that are small enough to be read at once.

use futures_util::TryStreamExt;
use reelgate_domain::ObjectRef;

use crate::{Caller, ErrorKind, Service, ServiceError};

impl Service {
    /// All of an object. Fails with `NotFound` if there is none, and with `TooLarge` if it has more than so many bytes.
    pub async fn read_object(
        &self,
        caller: &Caller,
        object: &ObjectRef,
        most_bytes: u64,
    ) -> Result<Vec<u8>, ServiceError> {
        let opened = self.get_object(caller, object).await?;
        let bytes = opened.meta.bytes;
        if bytes > most_bytes {
            let message = format!("{object} has {bytes} bytes, and {most_bytes} are read at most");
            return Err(ServiceError::new(ErrorKind::TooLarge, object, message));
        }
        let content = opened.read(0, bytes).await?;
        content
            .try_fold(Vec::new(), async |mut whole, piece| {
                whole.extend_from_slice(&piece);
                Ok(whole)
            })
            .await
            .map_err(ServiceError::unread)
    }
}

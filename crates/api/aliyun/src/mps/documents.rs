//! What the families that keep documents share.

use reelgate_domain::document::{Document, DocumentKind};
use reelgate_service::{Caller, DocumentChange, Service};

use super::errors::service_error;
use crate::rpc::ApiError;

/// How many of the oldest make room for more.
const FORGOTTEN_AT_ONCE: u32 = 50;

/// Makes room for another document of a kind whose ids begin with `folder` and sort by time.
pub(super) async fn forget_oldest(
    service: &Service,
    caller: &Caller,
    kind: DocumentKind,
    folder: &str,
) -> Result<(), ApiError> {
    let page = (0, FORGOTTEN_AT_ONCE);
    let oldest = service.documents_below(caller, kind, folder.to_owned(), page);
    let (oldest, _) = oldest.await.map_err(service_error)?;
    let forget = |document: Document| DocumentChange::Forget {
        kind,
        id: document.id,
        revision: document.revision,
    };
    // The call's identity goes with what it is about.
    let mut own = caller.clone();
    own.once = None;
    let changes = oldest.into_iter().map(forget).collect();
    // Another call may have forgotten the same ones, which is as good.
    service
        .change_documents(&own, changes)
        .await
        .map_err(service_error)?;
    Ok(())
}

//! What is attached to users and to roles, which goes by the same calls.

use std::sync::Arc;

use axum::extract::State;
use http::{StatusCode, Uri};
use reelgate_domain::AccountId;
use reelgate_domain::access::Grantee;
use reelgate_service::Caller;

use super::policies::GrantedView;
use crate::NativeApi;
use crate::http::{InAccount, InPath, Problem, Query};

/// The name of somebody who holds policies.
pub(super) trait HolderName: Sized {
    const WHAT: &str;

    fn read(text: &str) -> Option<Self>;

    fn grantee(self) -> Grantee;
}

/// Reads the name in a path. A text that cannot be one names nobody.
pub(super) fn named<N: HolderName>(text: &str) -> Result<N, Problem> {
    N::read(text).ok_or_else(|| Problem::missing(N::WHAT, text))
}

/// Answers 204, also if it was attached before.
pub(super) async fn attach<N: HolderName>(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    InPath((name, policy)): InPath<(String, String)>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    Query::of(&uri, &["account"])?;
    let holder = named::<N>(&name)?.grantee();
    api.service
        .attach_policy(&caller, account, &holder, &policy)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answers 204, or 404 if it was not attached.
pub(super) async fn detach<N: HolderName>(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    InPath((name, policy)): InPath<(String, String)>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    Query::of(&uri, &["account"])?;
    let holder = named::<N>(&name)?.grantee();
    api.service
        .detach_policy(&caller, account, &holder, &policy)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What somebody holds, for a view.
pub(super) async fn attached(
    api: &NativeApi,
    caller: &Caller,
    account: Option<AccountId>,
    name: impl HolderName,
) -> Result<Vec<GrantedView>, Problem> {
    let holder = name.grantee();
    let found = api
        .service
        .attached_policies(caller, account, &holder)
        .await?;
    Ok(found.iter().map(GrantedView::of).collect())
}

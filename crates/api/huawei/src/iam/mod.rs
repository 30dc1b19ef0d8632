//! Identity and Access Management (IAM) v3, as far as clients of media products need it.

mod body;
pub(crate) mod create_token;
pub(crate) mod list_projects;
mod operations;
pub(crate) mod temporary_key;
mod tokens;
mod view;

use reelgate_service::Service;

pub(crate) use operations::IAM;
pub(crate) use temporary_key::token_in_body;

use crate::errors::{NOT_FOUND, Outcome};
use crate::gateway::{Authenticated, Call, IamCall, Received};

/// Answers an authenticated call that may be made.
pub(crate) async fn call(
    service: &Service,
    wanted: IamCall,
    received: &Received,
    caller: &Authenticated,
    call: &mut Call,
) -> Outcome {
    match wanted {
        // It authenticates itself, and is answered before anybody gets here.
        IamCall::CreateToken => Err(NOT_FOUND.into()),
        IamCall::ValidateToken => tokens::validate(service, received, caller, call).await,
        IamCall::RevokeToken => tokens::revoke(service, received, caller, call).await,
        IamCall::ListProjects => list_projects::list(service, received, caller).await,
        IamCall::CreateTemporaryKey => temporary_key::create(service, received, caller).await,
    }
}

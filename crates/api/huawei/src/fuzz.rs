//! What the fuzz targets reach of this dialect: its readers, without a service behind them.

use reelgate_service::TokenRequest;

use crate::errors::ApiError;
use crate::gateway::Target;
use crate::iam::{create_token, list_projects, temporary_key};

/// Status and message of a refusal.
pub type Refused = (u16, String);

/// Reads the body of a request for a token.
pub fn token_request(body: &[u8]) -> Result<TokenRequest, Refused> {
    create_token::read(body).map_err(refused)
}

/// Reads the body of a request for a temporary key.
pub fn temporary_key_request(body: &[u8]) -> Result<(), Refused> {
    temporary_key::read(body).map(drop).map_err(refused)
}

/// Reads the query of a listing of projects.
pub fn projects_query(query: &str) -> Result<(), Refused> {
    list_projects::read(query).map(drop).map_err(refused)
}

/// The name in policies of what a method and a path are for.
pub fn action(method: &str, path: &str) -> String {
    Target::of(method, path).policy_action()
}

fn refused(error: ApiError) -> Refused {
    (error.status().as_u16(), error.message().to_owned())
}

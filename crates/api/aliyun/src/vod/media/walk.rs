//! Walking over an account's videos: listings and searches look at so many and no more.

use reelgate_domain::asset::Asset;
use reelgate_service::{AssetQuery, Caller, Service};

use crate::rpc::ApiError;
use crate::vod::errors::service_error;

/// The most videos that a listing or a search looks at.
pub(super) const MOST: usize = 5000;

/// How many of them are looked at together.
pub(super) const PAGE: usize = 100;

/// The first of the account's videos, in the query's order.
pub(super) async fn walk(
    service: &Service,
    caller: &Caller,
    query: AssetQuery,
) -> Result<Vec<Asset>, ApiError> {
    let mut query = AssetQuery {
        limit: PAGE as u32,
        ..query
    };
    let mut videos = Vec::new();
    while videos.len() < MOST {
        let page = service.list_assets(caller, query.clone()).await;
        let page = page.map_err(service_error)?;
        videos.extend(page.assets);
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    videos.truncate(MOST);
    Ok(videos)
}

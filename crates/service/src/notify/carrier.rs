//! The seam for the way of a message to its receiver.

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use reelgate_fetch::{Answer, Client, FetchError};

/// What takes messages to receivers: HTTP, or what a simulation has in its place.
pub trait Carrier: Send + Sync + 'static {
    /// Posts to an address.
    fn post<'a>(
        &'a self,
        url: &'a str,
        headers: HeaderMap,
        body: Bytes,
    ) -> BoxFuture<'a, Result<Answer, FetchError>>;
}

impl Carrier for Client {
    fn post<'a>(
        &'a self,
        url: &'a str,
        headers: HeaderMap,
        body: Bytes,
    ) -> BoxFuture<'a, Result<Answer, FetchError>> {
        Client::post(self, url, headers, body).boxed()
    }
}

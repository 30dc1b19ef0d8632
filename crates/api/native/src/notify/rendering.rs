//! What webhooks are sent.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use reelgate_domain::event::{Delivery, EventName};
use reelgate_service::{About, EventRenderer, Rendered, ServiceError};

use super::view::EventView;
use crate::NativeApi;

/// Tells webhooks of every event. Native pipelines know no topics: a webhook hears of all of an account's.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeRenderer;

impl EventRenderer for NativeRenderer {
    fn dialect(&self) -> &'static str {
        NativeApi::NAME
    }

    fn tells(&self, _: EventName) -> bool {
        true
    }

    fn render<'a>(
        &'a self,
        About { event, job, .. }: About<'a>,
        _: &'a Delivery,
    ) -> BoxFuture<'a, Result<Option<Rendered>, ServiceError>> {
        let view = EventView::with_user_data(event, job.user_data.as_deref());
        let rendered = serde_json::to_vec(&view).ok().map(Rendered::json);
        ready(Ok(rendered)).boxed()
    }
}

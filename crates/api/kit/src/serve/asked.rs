//! Whether the body of a request was read to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// Tells of one request's body.
#[derive(Clone, Default)]
pub(super) struct ReadUp(Arc<AtomicBool>);

impl ReadUp {
    /// If not, the connection ends after the answer, for what is left of the body stands before the next request.
    pub(super) fn is_complete(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn note(&self, body: &Incoming) {
        if body.is_end_stream() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// The body of a request on its way to a handler.
pub(super) struct AskedBody {
    body: Incoming,
    read_up: ReadUp,
}

impl AskedBody {
    pub(super) fn new(body: Incoming, read_up: ReadUp) -> Self {
        read_up.note(&body);
        Self { body, read_up }
    }
}

impl Body for AskedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        match &frame {
            Poll::Ready(None) => self.read_up.0.store(true, Ordering::Relaxed),
            Poll::Ready(Some(_)) => self.read_up.note(&self.body),
            Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

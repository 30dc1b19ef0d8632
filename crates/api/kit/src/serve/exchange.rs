//! Whether what a connection writes answers a request that a handler has seen.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// Nothing is owed: what is written now was not asked of a handler.
const AWAITED: u8 = 0;
/// A handler has the request, or its answer's body is being read.
const HANDLED: u8 = 1;
/// All of the answer is read, but some of it may lie in the HTTP library's buffer.
const READ_OUT: u8 = 2;

/// Follows the requests of one connection, one after the other, from the handler to the last byte of the answer.
///
/// The bytes written cannot tell who wrote them: a handler may send an object that looks like an answer. Its clones are
/// used by one task, the connection's, so the order of its own steps is all that counts.
#[derive(Clone, Default)]
pub(super) struct Exchange(Arc<AtomicU8>);

impl Exchange {
    /// What is written from here on is an answer.
    pub(super) fn begin(&self) {
        self.0.store(HANDLED, Ordering::Relaxed);
    }

    fn read_out(&self) {
        // Fails for an answer that came after the connection had gone on, which changes nothing.
        let _ = self
            .0
            .compare_exchange(HANDLED, READ_OUT, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The library's buffer is empty. True if this was the end of an answer.
    pub(super) fn flushed(&self) -> bool {
        self.0
            .compare_exchange(READ_OUT, AWAITED, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.0.load(Ordering::Relaxed) == AWAITED
    }
}

/// The body of a handler's answer; dropped when the last of it is in the library's buffer.
pub(super) struct AnswerBody {
    pub(super) body: Body,
    pub(super) exchange: Exchange,
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.exchange.read_out();
    }
}

impl hyper::body::Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

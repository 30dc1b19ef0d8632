//! A client's connection: ended when nothing of an answer is taken for too long, and closed so that the last answer is
//! seen.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How much is read and thrown away at the end from a client that still sends, and for how long; one that neither sends
/// nor closes is waited for as long as it takes to get a processor.
const LINGER_BYTES: usize = 64 * 1024 * 1024;
const LINGER: Duration = Duration::from_secs(2);
const LINGER_SILENCE: Duration = Duration::from_millis(500);

/// Fails a write that the client's side has left no room for during the whole of `patience`. Without it a client that
/// stops reading an object holds the connection, its slot and the open file until it goes away, which may be never.
///
/// A shutdown reads on while the client still sends: closing resets the connection then, and the client may never see
/// the answer that refused it.
pub(super) struct ClientStream<S> {
    stream: S,
    patience: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
    lingering: Option<Lingering>,
}

/// The end of a connection whose client still sends.
struct Lingering {
    until: Pin<Box<Sleep>>,
    silent_until: Pin<Box<Sleep>>,
    bytes: usize,
}

impl Lingering {
    fn begin() -> Self {
        Self {
            until: Box::pin(tokio::time::sleep(LINGER)),
            silent_until: Box::pin(tokio::time::sleep(LINGER_SILENCE)),
            bytes: 0,
        }
    }
}

impl<S: AsyncWrite + Unpin> ClientStream<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            waiting: None,
            lingering: None,
        }
    }

    fn watched<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let patience = self.patience;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(waiting.as_mut().poll(context));
        let message = format!("the client took nothing for {} s", patience.as_secs());
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ClientStream<S> {
    /// Ready once the client has closed its side, or sends nothing more, or too much.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let lingering = self.lingering.get_or_insert_with(Lingering::begin);
        let mut scrap = [0; 16 * 1024];
        loop {
            let mut scrap = ReadBuf::new(&mut scrap);
            let read = Pin::new(&mut self.stream).poll_read(context, &mut scrap);
            let bytes = scrap.filled().len();
            match read {
                Poll::Ready(Ok(())) if bytes > 0 => {
                    lingering.bytes += bytes;
                    if lingering.bytes > LINGER_BYTES {
                        return Poll::Ready(());
                    }
                    let silent_until = tokio::time::Instant::now() + LINGER_SILENCE;
                    lingering.silent_until.as_mut().reset(silent_until);
                }
                // Its end, in one way or the other.
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    let is_over = lingering.until.as_mut().poll(context).is_ready()
                        || lingering.silent_until.as_mut().poll(context).is_ready();
                    return if is_over {
                        Poll::Ready(())
                    } else {
                        Poll::Pending
                    };
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ClientStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watched(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.watched(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        self.poll_linger(context).map(Ok)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, bytes)
    }
}

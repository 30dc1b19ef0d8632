//! A client's connection: closed so that the last answer is seen, and answered in a dialect's words when the HTTP library
//! refuses a head.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::exchange::Exchange;
use super::refusal::{self, Refuse};

/// How much of a head is kept to tell whose it is: enough for the path and the first parameters.
const HEAD_START_BYTES: usize = 512;

/// How much is read and thrown away at the end from a client that still sends, and for how long; one that neither sends
/// nor closes is waited for as long as it takes to get a processor.
const LINGER_BYTES: usize = 64 * 1024 * 1024;
const LINGER: Duration = Duration::from_secs(2);
const LINGER_SILENCE: Duration = Duration::from_millis(500);

/// A shutdown reads on while the client still sends: closing resets the connection then, and the client may never see
/// the answer that refused it.
///
/// The HTTP library answers a head that it cannot read by itself, without a body and without a hook to change that. Such
/// an answer is what it writes while no handler has a request or an answer under way ([`Exchange`]); it is the last of
/// its connection and written in one piece. When `refuse` is given, its answer is sent instead. Only where a bad head
/// follows right behind a good request, in the same pieces, may the library's own words go out after the good answer.
pub(super) struct ClientStream<S> {
    stream: S,
    exchange: Exchange,
    refuse: Option<Refuse>,
    /// The first bytes that were read since the last answer.
    head_start: Vec<u8>,
    /// What is left to write of our own refusal.
    refusal: Option<Bytes>,
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
    pub(super) fn new(stream: S, exchange: Exchange, refuse: Option<Refuse>) -> Self {
        Self {
            stream,
            exchange,
            refuse,
            head_start: Vec::new(),
            refusal: None,
            lingering: None,
        }
    }

    /// Writes our refusal for the library's, of which these are the first bytes of `length`. `None` if they are part of
    /// a handler's answer, or if nobody words refusals.
    fn poll_refuse(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        length: usize,
    ) -> Option<Poll<io::Result<usize>>> {
        if self.refusal.is_none() {
            if !self.exchange.is_awaited() {
                return None;
            }
            let refusal = (self.refuse?)(&self.head_start, refusal::status(bytes)?);
            self.refusal = Some(refusal::to_bytes(&refusal, bytes, &self.head_start));
        }
        // The library believes that its own answer was written, at once and whole.
        Some(self.poll_refusal(context).map_ok(|()| length))
    }

    fn poll_refusal(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(mut rest) = self.refusal.clone().filter(Bytes::has_remaining) {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            rest.advance(written);
            self.refusal = Some(rest);
        }
        self.refusal = None;
        // One refusal is enough.
        self.exchange.begin();
        Poll::Ready(Ok(()))
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
        if let Some(refused) = self.poll_refuse(context, bytes, bytes.len()) {
            return refused;
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = parts.iter().map(|part| part.len()).sum();
        let first = parts.first().map_or(&[][..], |part| part);
        if let Some(refused) = self.poll_refuse(context, first, length) {
            return refused;
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The library flushes when it has nothing left to write.
        if self.exchange.flushed() {
            self.head_start.clear();
        }
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
        let before = bytes.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, bytes))?;
        let read = &bytes.filled()[before..];
        let wanted = HEAD_START_BYTES - self.head_start.len();
        let kept = read.len().min(wanted);
        self.head_start.extend_from_slice(&read[..kept]);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;

//! From one answer to the file: what comes is judged, counted, paid for and handed over to be written.

use std::error::Error as _;
use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout};

use crate::pull::ask::{Answered, behind, fault, host};
use crate::pull::fault::PullFault;
use crate::pull::limits::PullLimits;
use crate::pull::part::Source;
use crate::pull::puller::{Head, Judge, Progress};
use crate::pull::run::{Failure, Piece, Run, locked};
use crate::pull::slots::Slot;
use crate::pull::sniff::{HEAD_BYTES, sniff};

/// What is written at once.
const BLOCK_BYTES: u64 = 512 << 10;
/// Smaller pieces are copied together: what it takes to know of one is as much as some servers send at once.
const SMALL_BYTES: usize = 4 << 10;
/// How often the disk is looked at.
const ROOM_BYTES: u64 = 32 << 20;
/// How long the end of an answer that has brought everything is waited for.
const END: Duration = Duration::from_secs(1);

/// Bytes that have come and have not been handed over.
#[derive(Default)]
struct Pending {
    at: u64,
    bytes: u64,
    pieces: Vec<Bytes>,
    /// Small ones that follow on those.
    small: BytesMut,
    /// Whether the content's beginning is among them and has not been judged.
    is_head: bool,
}

impl Run<'_> {
    /// Brings what an answer brings of a piece into the file.
    pub(super) async fn stream(
        &self,
        piece: &Piece<'_>,
        answered: Answered,
        source: &Source,
    ) -> Result<Slot, Failure> {
        let host = host(&answered.url).to_owned();
        let slot = answered.slot;
        let mut response = answered.response;
        let paced = self.shared.pace.of(&host);
        let limits = &self.shared.limits;
        let mut watch = Watch::new();
        let mut pending = Pending::default();
        let ended = loop {
            let chunk = match timeout(limits.stall, response.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => break self.ended(piece, &host),
                Ok(Err(error)) => break Err(self.broken(&host, error).into()),
                Err(_) => {
                    let after = limits.stall;
                    let host = host.clone();
                    break Err(PullFault::Stalled { host, after }.into());
                }
            };
            let came = piece.work().came(piece.id, chunk.len() as u64);
            self.fetched
                .fetch_add(chunk.len() as u64, Ordering::Relaxed);
            if came.over {
                let said = locked(&self.total).unwrap_or_default();
                let host = host.clone();
                break Err(PullFault::Longer { host, said }.into());
            }
            let waited = paced.pay(chunk.len() as u64).await;
            let chunk = chunk.slice(..came.taken as usize);
            pending.push(came.at, chunk);
            let total = *locked(&self.total);
            let bytes = self.bytes.fetch_add(came.taken, Ordering::Relaxed) + came.taken;
            (self.pull.progress)(Progress { bytes, total });
            if total.is_none()
                && let Err(fault) = self.check_unsized(bytes, &host)
            {
                break Err(fault.into());
            }
            if bytes / ROOM_BYTES != (bytes - came.taken) / ROOM_BYTES {
                // What has a size has its room, as far as the file system reserves any.
                let more = if total.is_none() { ROOM_BYTES } else { 0 };
                if let Err(fault) = self.check_room(more) {
                    break Err(fault.into());
                }
            }
            if pending.bytes >= BLOCK_BYTES || pending.is_head && pending.bytes >= HEAD_BYTES as u64
            {
                self.hand_over(&mut pending, source, &host).await?;
            }
            if came.is_done {
                if came.is_cut {
                    break Ok(());
                }
                break self.finished(&mut response, &host).await;
            }
            if watch.is_too_slow(came.taken, waited, limits) {
                let slowest = limits.slowest;
                let host = host.clone();
                break Err(PullFault::TooSlow { host, slowest }.into());
            }
        };
        // Too little to be judged is judged only when there is no more.
        if ended.is_ok() || !pending.is_head {
            self.hand_over(&mut pending, source, &host).await?;
        }
        ended.map(|()| slot)
    }

    async fn hand_over(
        &self,
        pending: &mut Pending,
        source: &Source,
        host: &str,
    ) -> Result<(), PullFault> {
        if pending.bytes == 0 {
            return Ok(());
        }
        pending.join();
        if pending.is_head {
            self.judge(&pending.head(), source, host)?;
        }
        let Pending { at, pieces, .. } = std::mem::take(pending);
        self.part.write(at, pieces).await
    }

    fn judge(&self, head: &[u8], source: &Source, host: &str) -> Result<(), PullFault> {
        let kind = sniff(head);
        let host = host.to_owned();
        match self.pull.judge {
            Judge::Media if !kind.may_be_media() => Err(PullFault::NotMedia { host, kind }),
            Judge::Media | Judge::Anything => Ok(()),
            Judge::Own(judge) => judge(&Head {
                bytes: head,
                kind,
                content_type: source.facts.content_type.as_deref(),
            })
            .map_err(|reason| PullFault::Unwanted { host, reason }),
        }
    }

    /// Judges what has come of a content whose size nobody has told.
    fn check_unsized(&self, bytes: u64, host: &str) -> Result<(), PullFault> {
        self.check_size(bytes)?;
        match self.pull.expect.bytes {
            Some(said) if bytes > said => Err(PullFault::Longer {
                host: host.to_owned(),
                said,
            }),
            _ => Ok(()),
        }
    }

    /// The answer has ended by itself, before its piece or, if nobody knew its length, as it should.
    fn ended(&self, piece: &Piece<'_>, host: &str) -> Result<(), Failure> {
        let host = host.to_owned();
        let came = self.bytes.load(Ordering::Relaxed);
        let mut total = locked(&self.total);
        if let Some(said) = *total {
            let said = Some(said);
            return Err(PullFault::CutShort { host, came, said }.into());
        }
        if came == 0 {
            return Err(PullFault::Empty { host }.into());
        }
        *total = Some(came);
        piece.work().ends(piece.id, came);
        Ok(())
    }

    /// Everything has come. Nothing may come after it, and a connection that has ended well can be used again.
    async fn finished(&self, response: &mut reqwest::Response, host: &str) -> Result<(), Failure> {
        match timeout(END, response.chunk()).await {
            Ok(Ok(Some(more))) if !more.is_empty() => {
                let said = locked(&self.total).unwrap_or_default();
                let host = host.to_owned();
                Err(PullFault::Longer { host, said }.into())
            }
            _ => Ok(()),
        }
    }

    fn broken(&self, host: &str, error: reqwest::Error) -> PullFault {
        let mut cause = error.source();
        let mut was_cut = false;
        while let Some(inner) = cause {
            let io = inner.downcast_ref::<std::io::Error>();
            was_cut |= io.is_some_and(|io| io.kind() == ErrorKind::UnexpectedEof);
            cause = behind(inner);
        }
        if was_cut {
            return PullFault::CutShort {
                host: host.to_owned(),
                came: self.bytes.load(Ordering::Relaxed),
                said: *locked(&self.total),
            };
        }
        fault(host, error, self.shared.limits.connect)
    }
}

impl Pending {
    fn push(&mut self, at: u64, chunk: Bytes) {
        if chunk.is_empty() {
            return;
        }
        if self.bytes == 0 {
            self.at = at;
            self.is_head = at == 0;
        }
        self.bytes += chunk.len() as u64;
        if chunk.len() < SMALL_BYTES {
            self.small.extend_from_slice(&chunk);
        } else {
            self.join();
            self.pieces.push(chunk);
        }
    }

    /// Makes one piece of the small ones.
    fn join(&mut self) {
        if !self.small.is_empty() {
            self.pieces.push(self.small.split().freeze());
        }
    }

    fn head(&self) -> Vec<u8> {
        let bytes = self.pieces.iter().flat_map(|piece| piece.iter().copied());
        bytes.take(HEAD_BYTES).collect()
    }
}

/// Whether enough comes.
struct Watch {
    since: Instant,
    bytes: u64,
    /// What the limits of bandwidth have held back.
    waited: Duration,
}

impl Watch {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            bytes: 0,
            waited: Duration::ZERO,
        }
    }

    fn is_too_slow(&mut self, bytes: u64, waited: Duration, limits: &PullLimits) -> bool {
        self.bytes += bytes;
        self.waited += waited;
        let took = self.since.elapsed().saturating_sub(self.waited);
        if took < limits.slow_after {
            return false;
        }
        let wanted = limits.slowest as f64 * took.as_secs_f64();
        let is_too_slow = (self.bytes as f64) < wanted;
        *self = Self::new();
        is_too_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A byte at a time took thirty times as much memory as it brought.
    #[test]
    fn small_pieces_are_copied_together_and_large_ones_are_not() {
        let mut pending = Pending::default();
        let large = Bytes::from(vec![b'x'; SMALL_BYTES]);
        let mut at = 0;
        for _ in 0..3 {
            for byte in 0..5000_u32 {
                pending.push(at, Bytes::from(vec![byte as u8]));
                at += 1;
            }
            pending.push(at, large.clone());
            at += large.len() as u64;
        }
        pending.push(at, Bytes::from_static(b"end"));
        pending.join();
        let lengths: Vec<usize> = pending.pieces.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [5000, 4096, 5000, 4096, 5000, 4096, 3]);
        assert_eq!((pending.at, pending.bytes), (0, at + 3));
        assert_eq!(pending.pieces[1].as_ptr(), large.as_ptr());
        let bytes: Vec<u8> = (0..5000_u32).map(|byte| byte as u8).collect();
        assert!(pending.pieces[2] == bytes);
    }

    /// Time stands still but for what is slept here.
    #[tokio::test(start_paused = true)]
    async fn what_limits_of_bandwidth_hold_back_does_not_make_a_server_slow() {
        let limits = PullLimits {
            slowest: 1000,
            slow_after: Duration::from_secs(10),
            ..PullLimits::default()
        };
        let second = Duration::from_secs(1);
        for (waited, is_slow) in [(second, false), (Duration::ZERO, true)] {
            let mut watch = Watch::new();
            let mut was_slow = false;
            for _ in 0..30 {
                tokio::time::sleep(second).await;
                was_slow |= watch.is_too_slow(100, waited, &limits);
            }
            assert_eq!(was_slow, is_slow, "{waited:?}");
        }
    }
}

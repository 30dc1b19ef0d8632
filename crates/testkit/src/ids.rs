//! Ids in the order in which they are asked for.

use std::sync::atomic::{AtomicU64, Ordering};

use reelgate_domain::{JobId, PipelineId, SubmissionId, Timestamp};

/// A source of ids in the form of a UUIDv7: a time, then a count.
#[derive(Debug, Default)]
pub struct Ids {
    count: AtomicU64,
}

impl Ids {
    /// Ids of two sources with different seeds never meet.
    pub fn seeded(seed: u16) -> Self {
        Self {
            count: AtomicU64::new(u64::from(seed) << 44),
        }
    }

    pub fn job(&self, at: Timestamp) -> JobId {
        JobId::from_bytes(self.next(at))
    }

    pub fn pipeline(&self, at: Timestamp) -> PipelineId {
        PipelineId::from_bytes(self.next(at))
    }

    pub fn submission(&self, at: Timestamp) -> SubmissionId {
        SubmissionId::from_bytes(self.next(at))
    }

    fn next(&self, at: Timestamp) -> [u8; 16] {
        let millis = u64::try_from(at.as_millis()).unwrap_or(0).to_be_bytes();
        let count = self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mut id = [0; 16];
        id[..6].copy_from_slice(&millis[2..]);
        // Version 7 and variant 2 around the count, which keeps ids of one millisecond in order.
        id[6] = 0x70;
        id[8..].copy_from_slice(&count);
        id[8] = 0x80;
        id
    }
}

//! What both engines find on a walk over what may have been kept for long enough, and how they note how
//! far they came.

use reelgate_domain::job::JobKind;
use reelgate_domain::{AccountId, Timestamp};

use crate::contract::{Outlived, SliceCursor};

/// One row that has been kept for long enough.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) number: i64,
    pub(crate) account: Option<AccountId>,
    /// It goes only if it is still older than this.
    pub(crate) cutoff: Timestamp,
    pub(crate) bytes: u64,
}

/// What one step has found.
#[derive(Debug, Default)]
pub(crate) struct Step {
    pub(crate) found: Vec<Found>,
    pub(crate) next: Option<SliceCursor>,
}

impl Step {
    /// The step itself, as far as it was carried out.
    pub(crate) fn outlived(&self, taken: impl Fn(&Found) -> bool) -> Outlived {
        let mut outlived = Outlived {
            next: self.next.clone(),
            ..Outlived::default()
        };
        for found in self.found.iter().filter(|found| taken(found)) {
            outlived.count(found.account, found.bytes);
        }
        outlived
    }
}

/// The first and the last lane of jobs that have ended.
const ENDED: std::ops::RangeInclusive<u8> = 24..=27;

/// Where a walk over the ended jobs of all pipelines is.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) pipeline: i64,
    /// The code of a kind of jobs.
    pub(crate) kind: u8,
    pub(crate) lane: u8,
    /// Looked at.
    pub(crate) id: [u8; 16],
}

impl Place {
    const START: Self = Self::pipeline(i64::MIN);

    pub(crate) const fn pipeline(pipeline: i64) -> Self {
        Self {
            pipeline,
            kind: 0,
            lane: *ENDED.start(),
            id: [0; 16],
        }
    }

    pub(crate) fn of(from: Option<&SliceCursor>) -> Self {
        let bytes = from.map(SliceCursor::as_bytes).unwrap_or_default();
        let read = || {
            let (pipeline, rest) = bytes.split_first_chunk::<8>()?;
            let ([kind, lane], id) = rest.split_first_chunk()?;
            Some(Self {
                pipeline: i64::from_be_bytes(*pipeline),
                kind: *kind,
                lane: *lane,
                id: id.try_into().ok()?,
            })
        };
        read().unwrap_or(Self::START)
    }

    pub(crate) fn cursor(&self) -> SliceCursor {
        let mut bytes = self.pipeline.to_be_bytes().to_vec();
        bytes.extend([self.kind, self.lane]);
        bytes.extend(self.id);
        SliceCursor(bytes)
    }

    /// The next lane, be it of the next kind or of the next pipeline; `None` behind the last.
    pub(crate) fn next(&self) -> Option<Self> {
        if self.lane < *ENDED.end() {
            return Some(Self {
                lane: self.lane + 1,
                id: [0; 16],
                ..*self
            });
        }
        if usize::from(self.kind) + 1 < JobKind::ALL.len() {
            return Some(Self {
                kind: self.kind + 1,
                ..Self::pipeline(self.pipeline)
            });
        }
        self.pipeline.checked_add(1).map(Self::pipeline)
    }
}

/// The number that a walk along numbers has come to: the rows before it have been looked at.
pub(crate) fn number_of(from: Option<&SliceCursor>) -> i64 {
    let bytes = from.and_then(|from| from.as_bytes().try_into().ok());
    bytes.map_or(i64::MIN, i64::from_be_bytes)
}

/// The number behind the last row that was looked at, if that was not the last there is.
pub(crate) fn behind(last: Option<i64>, is_full: bool) -> Option<SliceCursor> {
    let next = last.filter(|_| is_full)?.checked_add(1)?;
    Some(SliceCursor(next.to_be_bytes().to_vec()))
}

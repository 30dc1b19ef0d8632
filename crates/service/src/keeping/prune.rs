//! Taking away, by hand, what has been kept for long enough; or telling what that would be.

use std::collections::BTreeMap;
use std::time::Duration;

use reelgate_domain::{AccountId, Kept};
use reelgate_store::{Slice, SliceCursor, Tally};
use tokio::time::Instant;

use super::cleaner::{KINDS, Pace};
use crate::access::require_operator;
use crate::{Caller, Service, ServiceError};

/// How long one call works; whoever wants the rest calls again.
const PATIENCE: Duration = Duration::from_secs(2);

/// Rows that are only looked at, in one read.
const LOOKED_AT_ONCE: u32 = 2000;

/// How much of one kind an account has kept for long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    pub what: Kept,
    /// None for what is of no account.
    pub account: Option<AccountId>,
    pub rows: u64,
    /// About as many bytes as they take in the store.
    pub bytes: u64,
}

/// Where a walk over all kinds goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PruneCursor {
    what: Kept,
    from: Option<SliceCursor>,
}

impl PruneCursor {
    /// From what [`PruneCursor::to_text`] gave.
    pub fn from_text(text: &str) -> Option<Self> {
        let (what, from) = text.split_once('.')?;
        let what = what.parse().ok().filter(|what| KINDS.contains(what))?;
        let from = match from {
            "" => None,
            from => Some(SliceCursor::from_bytes(hex::decode(from).ok()?)),
        };
        Some(Self { what, from })
    }

    pub fn to_text(&self) -> String {
        let from = self.from.as_ref().map(SliceCursor::as_bytes);
        format!("{}.{}", self.what, hex::encode(from.unwrap_or_default()))
    }
}

/// What one call has found or taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PruneStep {
    pub of: Vec<Pruned>,
    /// There may be more from here on.
    pub next: Option<PruneCursor>,
}

impl Service {
    /// Takes away what has been kept for long enough, or with `dry_run` only tells what that is, for some
    /// seconds. Only operators may. The cleaner does the same by itself, more slowly.
    pub async fn prune(
        &self,
        caller: &Caller,
        dry_run: bool,
        from: Option<PruneCursor>,
    ) -> Result<PruneStep, ServiceError> {
        require_operator(caller)?;
        let cutoffs = self.cutoffs(self.clock.now()).await?;
        let until = Instant::now() + PATIENCE;
        let mut cursor = from.unwrap_or(PruneCursor {
            what: KINDS[0],
            from: None,
        });
        let mut of: BTreeMap<(Kept, Option<AccountId>), Tally> = BTreeMap::new();
        let mut pace = Pace::by_hand();
        loop {
            let mut slice = Slice {
                what: cursor.what,
                cutoffs: cutoffs(cursor.what),
                from: cursor.from.take(),
                most: LOOKED_AT_ONCE,
            };
            let outlived = if dry_run {
                self.store.outlived(slice).await?
            } else {
                slice.most = pace.rows();
                pace.step(self.store.clear(slice)).await?
            };
            for (account, found) in outlived.of {
                let tally = of.entry((cursor.what, account)).or_default();
                tally.rows += found.rows;
                tally.bytes += found.bytes;
            }
            cursor.from = outlived.next;
            if cursor.from.is_none() {
                let Some(next) = KINDS.into_iter().skip_while(|it| *it != cursor.what).nth(1)
                else {
                    return Ok(step(of, None));
                };
                cursor.what = next;
            }
            if Instant::now() >= until {
                return Ok(step(of, Some(cursor)));
            }
        }
    }
}

fn step(of: BTreeMap<(Kept, Option<AccountId>), Tally>, next: Option<PruneCursor>) -> PruneStep {
    let of = of.into_iter().map(|((what, account), tally)| Pruned {
        what,
        account,
        rows: tally.rows,
        bytes: tally.bytes,
    });
    PruneStep {
        of: of.collect(),
        next,
    }
}

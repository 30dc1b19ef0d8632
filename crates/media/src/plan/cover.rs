//! Where a picture that stands for a whole video is looked for. Pure.

use reelgate_domain::job::Fault;
use reelgate_domain::job::kind::snapshot::PictureFormat;
use reelgate_domain::media::MediaFacts;

use super::snapshot::{View, check_engine, view};
use crate::engine::{Capabilities, Part};

/// The cover of a source, as far as it can be decided before its frames are seen.
#[derive(Clone, Debug, PartialEq)]
pub struct CoverPlan {
    pub view: View,
    /// In the order in which they are looked at; the first frame is among them.
    pub moments: Vec<u64>,
}

/// Shares of the length, in percent, in which most films have something to show.
const SHARES: [u64; 6] = [10, 25, 50, 75, 5, 90];
/// What shows what a video is about is mostly near its beginning.
const MOST_FIRST_MS: u64 = 60_000;
/// Where the length is not known.
const BLIND_MS: [u64; 3] = [3000, 10_000, 30_000];
/// The longer side of a cover at most.
const MOST_SIDE: u32 = 4096;

/// Decides how a cover is looked for; a source without moving pictures has none.
pub fn cover_plan(
    facts: &MediaFacts,
    capabilities: &Capabilities,
) -> Result<Option<CoverPlan>, Fault> {
    let of = |sides| view(facts, sides, PictureFormat::Jpeg, capabilities);
    let Some(mut view) = of((None, None))? else {
        return Ok(None);
    };
    if view.size.width.max(view.size.height) > MOST_SIDE {
        let is_wide = view.size.width >= view.size.height;
        let sides = match is_wide {
            true => (Some(MOST_SIDE), None),
            false => (None, Some(MOST_SIDE)),
        };
        view = of(sides)?.unwrap_or(view);
    }
    for filter in ["signalstats", "metadata", "split"] {
        check_engine(&view, Some(Part::Filter(filter)), capabilities)?;
    }
    let mut moments: Vec<u64> = match view.ends_ms {
        Some(end) => SHARES.map(|share| end * share / 100).into(),
        None => BLIND_MS.into(),
    };
    if let Some(first) = moments.first_mut() {
        *first = (*first).min(MOST_FIRST_MS);
    }
    moments.push(0);
    let mut seen = Vec::new();
    moments.retain(|at| {
        let is_new = !seen.contains(at);
        seen.push(*at);
        is_new
    });
    Ok(Some(CoverPlan { view, moments }))
}

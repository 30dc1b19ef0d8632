//! Which moments of a source pictures are taken of. Pure.

use reelgate_domain::job::Fault;
use reelgate_domain::job::kind::snapshot::{Moments, SnapshotSpec};

use super::snapshot::unfit;

/// The moments inside a source, rising; at least one.
pub(super) fn moments(wanted: &Moments, ends_ms: Option<u64>) -> Result<Vec<u64>, Fault> {
    let all: Vec<u64> = match wanted {
        Moments::Through {
            first_ms,
            step_ms,
            length_ms,
            ..
        } => {
            let end = known_end(ends_ms)?;
            // What ends with the source has its first picture at least.
            let until = length_ms.map_or(end, |length| first_ms.saturating_add(length).min(end));
            let left = until.saturating_sub(*first_ms);
            let count = left.div_ceil(*step_ms).max(1);
            spaced(*first_ms, *step_ms, few_enough(count)?)
        }
        Moments::Shares { step_ppm } => {
            let end = known_end(ends_ms)?;
            let count = 1_000_000_u64.div_ceil(u64::from(*step_ppm));
            let at = |index: u64| {
                // Files state lengths of any size.
                let share = u128::from(index) * u128::from(*step_ppm);
                (u128::from(end) * share / 1_000_000) as u64
            };
            let mut times: Vec<u64> = (0..u64::from(few_enough(count)?)).map(at).collect();
            times.dedup();
            times
        }
        Moments::At(times) => times.clone(),
        Moments::Every {
            first_ms,
            step_ms,
            most,
        } => spaced(*first_ms, *step_ms, *most),
        Moments::Spread { first_ms, count } => {
            let Some(end) = ends_ms else {
                return Err(unfit(
                    "the source's length, over which to spread pictures, is not known".to_owned(),
                ));
            };
            let step = end.saturating_sub(*first_ms) / u64::from(*count);
            // In a source of less than a millisecond for each, several would be the same.
            spaced(*first_ms, step.max(1), *count)
        }
    };
    let is_inside = |at: &u64| ends_ms.is_none_or(|end| *at < end);
    let inside: Vec<u64> = all.iter().copied().filter(is_inside).collect();
    if inside.is_empty() {
        let (first, end) = (all.first().unwrap_or(&0), ends_ms.unwrap_or(0));
        return Err(unfit(format!(
            "the first picture is wanted at {first} ms and the source's end at {end} ms"
        )));
    }
    Ok(inside)
}

fn few_enough(count: u64) -> Result<u32, Fault> {
    match u32::try_from(count) {
        Ok(count) if count <= SnapshotSpec::MAX_THROUGH => Ok(count),
        _ => Err(unfit(format!(
            "{count} pictures would be taken, and at most {} can be",
            SnapshotSpec::MAX_THROUGH
        ))),
    }
}

fn spaced(first_ms: u64, step_ms: u64, count: u32) -> Vec<u64> {
    let at = |index: u32| first_ms.saturating_add(step_ms.saturating_mul(u64::from(index)));
    let mut times: Vec<u64> = (0..count).map(at).collect();
    times.dedup();
    times
}

pub(super) fn known_end(ends_ms: Option<u64>) -> Result<u64, Fault> {
    ends_ms.ok_or_else(|| {
        unfit("the source's length, by which pictures are taken, is not known".to_owned())
    })
}

//! Whether outputs go by one clock: when the first of their samples is shown.

use reelgate_media::mp4::TrackKind;
use reelgate_media::playlist::fps;

use super::Rung;
use crate::{ErrorKind, ServiceError};

/// Encoders of sound put less before it, in samples.
const MOST_PRIMING: f64 = 4096.0;

/// Fails unless all are of one form of segments and begin together, but for what decoders of sound need before it.
pub(super) fn check(rungs: &[Rung<'_>]) -> Result<(), ServiceError> {
    check_forms(rungs)?;
    let shows = |rung: &&Rung<'_>| rung.facts.video().is_some();
    let Some(first) = rungs.iter().find(shows).or(rungs.first()) else {
        return Ok(());
    };
    let Some(wanted) = begins(first) else {
        return Ok(());
    };
    for rung in rungs {
        let Some(found) = begins(rung) else {
            continue;
        };
        if (found - wanted).abs() > slack(rung) {
            let message = format!(
                "job {} begins at {found:.3} s of the clock of its segments, and job {} at {wanted:.3} s: players would \
                 play them as far apart; outputs begin together whose frames last at most 2.5 s",
                rung.job, first.job
            );
            return Err(ServiceError::new(ErrorKind::Conflict, rung.job, message));
        }
    }
    Ok(())
}

/// Transport streams and fragmented MP4 begin at other times.
fn check_forms(rungs: &[Rung<'_>]) -> Result<(), ServiceError> {
    let is_fragmented = |rung: &Rung<'_>| rung.playlist.init.is_some();
    let Some(first) = rungs.first().map(is_fragmented) else {
        return Ok(());
    };
    match rungs.iter().find(|rung| is_fragmented(rung) != first) {
        None => Ok(()),
        Some(rung) => {
            let message = format!(
                "the segments of job {} do not go with those of the first job: some are transport streams, some \
                 fragmented MP4",
                rung.job
            );
            Err(ServiceError::invalid(rung.job, message))
        }
    }
}

/// In seconds. None of what does not tell: transport streams, encrypted segments, and the lists of edits of earlier
/// releases.
fn begins(rung: &Rung<'_>) -> Option<f64> {
    let (tracks, shown) = (rung.tracks.as_ref()?, rung.shown.as_ref()?);
    if tracks.iter().any(|track| track.is_edited) {
        return None;
    }
    let picture = tracks.iter().find(|it| it.kind == TrackKind::Video);
    let track = picture.or(tracks.first())?;
    let shown = shown.iter().find(|it| it.track == track.id)?;
    Some(shown.start as f64 / f64::from(track.timescale))
}

/// Half a frame of a picture, and what is put before sound.
fn slack(rung: &Rung<'_>) -> f64 {
    if rung.facts.video().is_some() {
        return 0.5 / fps(rung.facts).unwrap_or(25.0);
    }
    let rate = rung.facts.audio().and_then(|(_, audio)| audio.sample_rate);
    MOST_PRIMING / f64::from(rate.unwrap_or(48_000).max(1))
}

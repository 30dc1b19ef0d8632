//! MPEG-DASH manifests over the same segments that HLS playlists name.

use reelgate_domain::ObjectRef;
use reelgate_media::mp4::Track;
use reelgate_media::playlist::{Shows, Stream, manifest};

use super::{CreateAudioTrack, CreatePlaylist, Rung, rendition};
use crate::{ErrorKind, ServiceError};

/// The manifest over outputs of pictures and of sounds.
pub(super) fn text(
    (rungs, sounds): (&[Rung<'_>], &[Rung<'_>]),
    wanted: &CreatePlaylist,
) -> Result<String, ServiceError> {
    let pictures = rungs.iter().map(|rung| (rung, None));
    let heard = sounds.iter().zip(wanted.audio.iter().map(Some));
    let streams = pictures
        .chain(heard)
        .map(|(rung, track)| stream(rung, track, &wanted.target));
    let streams = streams.collect::<Result<Vec<_>, ServiceError>>()?;
    manifest(&streams).ok_or_else(|| ServiceError::internal("a manifest of no streams"))
}

/// What a manifest says of the output of a job; `track` is how listeners choose it, where it is sound beside pictures.
fn stream(
    rung: &Rung<'_>,
    track: Option<&CreateAudioTrack>,
    target: &ObjectRef,
) -> Result<Stream, ServiceError> {
    let own = own_track(rung)?;
    let shown = rung.shown.as_ref().and_then(|shown| shown.first());
    let told = rendition::of(rung, target)?;
    let name = track.map(|track| track.name.clone());
    let language = track.and_then(|track| track.language.clone());
    let shows = Shows::of(rung.facts, name, language);
    let stream = shown.and_then(|shown| Stream::of(&told, &rung.playlist, (own, shown), shows));
    stream.ok_or_else(|| rung.changed())
}

/// The one track of an output.
fn own_track<'a>(rung: &'a Rung<'_>) -> Result<&'a Track, ServiceError> {
    let unfit = |why: &str| {
        let message = format!("the segments of job {} {why}", rung.job);
        Err(ServiceError::invalid(rung.job, message))
    };
    if rung.is_encrypted {
        return unfit("are encrypted as those of HLS are, which MPEG-DASH has no word for");
    }
    let Some(tracks) = &rung.tracks else {
        return unfit("are no fragmented MP4, which MPEG-DASH takes alone");
    };
    let [own] = tracks.as_slice() else {
        return unfit(
            "hold picture and sound together, which players of MPEG-DASH do not take: leave one \
             out of the output, and give jobs of sound alone as audio",
        );
    };
    if own.is_edited {
        let message = format!(
            "the times of job {} are shifted by a list of edits, as earlier releases wrote it: make its output anew",
            rung.job
        );
        return Err(ServiceError::new(ErrorKind::Conflict, rung.job, message));
    }
    Ok(own)
}

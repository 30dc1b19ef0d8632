//! MPEG-DASH manifests over the same segments that HLS playlists name.

use reelgate_domain::ObjectRef;
use reelgate_domain::media::MediaFacts;
use reelgate_media::mp4::Track;
use reelgate_media::playlist::{Shows, Stream, Times, manifest, numbered};

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
    let (own, init) = own_track(rung)?;
    let changed = || rung.changed();
    let (name, first) = numbered(&rung.playlist).ok_or_else(changed)?;
    let shown = rung.shown.as_ref().and_then(|shown| shown.first());
    let times = shown.and_then(|shown| Times::of(&rung.playlist, own, shown));
    let times = times.ok_or_else(changed)?;
    let told = rendition::of(rung, target)?;
    let folder = told.uri.rsplit_once('/');
    let beside = |name: &str| match folder {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name.to_owned(),
    };
    Ok(Stream {
        init: beside(init),
        media: beside(&name),
        first,
        times,
        bandwidth: told.bandwidth,
        codecs: told.codecs,
        shows: shows(rung.facts, track),
    })
}

/// The one track of an output, and the address of its header.
fn own_track<'a>(rung: &'a Rung<'_>) -> Result<(&'a Track, &'a str), ServiceError> {
    let unfit = |why: &str| {
        let message = format!("the segments of job {} {why}", rung.job);
        Err(ServiceError::invalid(rung.job, message))
    };
    if rung.is_encrypted {
        return unfit("are encrypted as those of HLS are, which MPEG-DASH has no word for");
    }
    let (Some(tracks), Some(init)) = (&rung.tracks, &rung.playlist.init) else {
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
    Ok((own, init))
}

fn shows(facts: &MediaFacts, track: Option<&CreateAudioTrack>) -> Shows {
    match facts.video() {
        Some((_, video)) => Shows::Picture {
            width: video.width,
            height: video.height,
            rate: video
                .average_rate
                .clone()
                .filter(|_| rendition::fps(facts).is_some()),
        },
        None => {
            let audio = facts.audio().map(|(_, audio)| audio);
            Shows::Sound {
                name: track.map(|track| track.name.clone()),
                language: track.and_then(|track| track.language.clone()),
                channels: audio.and_then(|audio| audio.channels),
                sample_rate: audio.and_then(|audio| audio.sample_rate),
            }
        }
    }
}

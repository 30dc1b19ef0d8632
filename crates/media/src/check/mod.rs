//! Whether an output is what its plan promised.

mod boxes;
pub(crate) mod dark;
mod dash;
pub(crate) mod looks;
pub(crate) mod made;
pub(crate) mod picture;
pub(crate) mod quality;
mod remux;
pub mod ssim;
mod starts;
pub mod strict;
mod webp;

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{MediaFacts, StreamDetail, StreamFacts, VideoFacts};

use crate::plan::{AudioPlan, Finish, MOST_PICTURES, MOST_SECONDS, Plan, VideoPlan, too_long};
use crate::playlist::MediaPlaylist;

/// What may be missing at the end of an honest source: containers round their lengths, and streams
/// end within a second of each other.
const SLACK_SECONDS: f64 = 0.5;
/// Both sides count the same frames here, so that a little rounding is all that may differ.
const LOSS_SECONDS: f64 = 0.1;
/// Containers that keep lengths by hand are off by up to this share.
const SLACK_SHARE: f64 = 0.01;

/// Compares an output's facts with its plan.
pub(crate) fn output(
    plan: &Plan,
    facts: &MediaFacts,
    playlist: Option<&MediaPlaylist>,
) -> Result<(), Fault> {
    if let Some(playlist) = playlist {
        check_written(facts, playlist)?;
    }
    if let Some(video) = &plan.video {
        check_video(plan, video, facts)?;
    }
    if let Some(audio) = &plan.audio {
        check_audio(plan, audio, facts)?;
    }
    check_words(plan, facts)?;
    if let Some(playlist) = playlist {
        check_playlist(plan, playlist)?;
        starts::check(plan, playlist)?;
    }
    check_end(plan, facts)?;
    check_length(
        "output",
        facts.format.duration_seconds,
        plan.expected.seconds,
        frame_seconds(plan),
    )
}

/// What was cut off only because no output may be longer is not what was asked for.
fn check_end(plan: &Plan, facts: &MediaFacts) -> Result<(), Fault> {
    let found = facts.format.duration_seconds.unwrap_or(0.0);
    let asked = plan.window.length_ms.map(|length| length as f64 / 1000.0);
    if found + SLACK_SECONDS < MOST_SECONDS || asked.is_some_and(|asked| asked <= MOST_SECONDS) {
        return Ok(());
    }
    Err(source_fault(&format!(
        "the source goes on after {MOST_SECONDS:.0} s, which is as much as can be made"
    )))
}

/// FFmpeg ends with success when segments did not fit on the disk; what can be read back tells.
fn check_written(facts: &MediaFacts, playlist: &MediaPlaylist) -> Result<(), Fault> {
    let main = facts.video().map(|(stream, _)| stream);
    let main = main.or(facts.audio().map(|(stream, _)| stream));
    let held = main
        .and_then(|stream| stream.duration_seconds)
        .unwrap_or(0.0);
    let promised = playlist.seconds();
    if held + LOSS_SECONDS >= promised {
        return Ok(());
    }
    Err(Fault::new(
        FaultCode::StorageFailed,
        format!("the segments hold {held:.3} s of the {promised:.3} s that were written"),
    ))
}

fn check_video(plan: &Plan, planned: &VideoPlan, facts: &MediaFacts) -> Result<(), Fault> {
    let Some((stream, video)) = facts.video().filter(|(stream, _)| stream.frames != Some(0)) else {
        if plan.window.start_ms > 0 {
            let message = "the clip starts after the source's last picture";
            return Err(Fault::new(FaultCode::SpecUnfit, message));
        }
        return Err(source_fault("no picture of the source could be decoded"));
    };
    if planned.codec.is_animation() && stream.frames.is_some_and(|it| it > MOST_PICTURES.into()) {
        return Err(too_long("more"));
    }
    let (width, height) = (planned.size.width, planned.size.height);
    let is_made = !planned.is_copied();
    let is_size = (video.width, video.height) == (width, height);
    if is_made && !(is_size && video.rotation == 0) {
        return Err(engine_fault(format!(
            "the picture measures {}x{}, turned by {}, instead of {}",
            video.width, video.height, video.rotation, planned.size
        )));
    }
    let codec = planned.codec_name;
    if stream.codec_name.as_deref() != Some(codec) {
        return Err(engine_fault(format!("the picture is not {codec}")));
    }
    check_fields(planned, video)?;
    let format = planned.made_samples();
    if is_made && video.pixel_format.as_deref() != Some(&format) {
        let found = video.pixel_format.as_deref().unwrap_or("unknown");
        return Err(engine_fault(format!(
            "the samples are {found} instead of {format}"
        )));
    }
    check_length(
        "picture",
        end(facts, stream),
        plan.expected.video_seconds,
        frame_seconds(plan),
    )
}

fn check_fields(planned: &VideoPlan, video: &VideoFacts) -> Result<(), Fault> {
    let order = video.field_order.as_deref();
    match (planned.finish, order) {
        (Finish::Fields, Some("tt" | "tb")) => Ok(()),
        (Finish::Fields, found) => Err(engine_fault(format!(
            "the order of fields is {} instead of the upper one first",
            found.unwrap_or("unknown")
        ))),
        _ => Ok(()),
    }
}

fn check_audio(plan: &Plan, planned: &AudioPlan, facts: &MediaFacts) -> Result<(), Fault> {
    let Some((stream, audio)) = facts.audio().filter(|(stream, _)| stream.frames != Some(0)) else {
        return Err(source_fault("no sound of the source could be decoded"));
    };
    let is_made = planned.encoder().is_some();
    if is_made
        && (audio.sample_rate, audio.channels)
            != (Some(planned.sample_rate), Some(planned.channels))
    {
        return Err(engine_fault(format!(
            "the sound has {:?} channels at {:?} Hz instead of {} at {}",
            audio.channels, audio.sample_rate, planned.channels, planned.sample_rate
        )));
    }
    let codec = planned.codec_name;
    if stream.codec_name.as_deref() != Some(codec) {
        return Err(engine_fault(format!("the sound is not {codec}")));
    }
    check_length(
        "sound",
        end(facts, stream),
        plan.expected.audio_seconds,
        0.0,
    )
}

/// Streams of subtitles, in their order; one may hold none.
fn check_words(plan: &Plan, facts: &MediaFacts) -> Result<(), Fault> {
    let is_subtitle = |stream: &&StreamFacts| matches!(stream.detail, StreamDetail::Subtitle);
    let found = facts.streams.iter().filter(is_subtitle);
    let found = found.map(|stream| stream.codec_name.as_deref().unwrap_or("unknown"));
    let planned = plan.word_streams().map(|(_, codec, _)| codec.name());
    match found.eq(planned) {
        true => Ok(()),
        false => Err(engine_fault(
            "the streams of subtitles are not those that were planned".to_owned(),
        )),
    }
}

fn check_playlist(plan: &Plan, playlist: &MediaPlaylist) -> Result<(), Fault> {
    let longest = playlist
        .segments
        .iter()
        .map(|segment| segment.seconds)
        .fold(0.0, f64::max);
    if longest.round() > f64::from(playlist.target_seconds) {
        return Err(engine_fault(format!(
            "a segment lasts {longest:.3} s, over the target of {} s",
            playlist.target_seconds
        )));
    }
    // Segments of a copy end where the source has a key frame.
    let is_made = plan.video.as_ref().is_none_or(|video| !video.is_copied());
    let Some(segment_seconds) = plan.container.segment_seconds().filter(|_| is_made) else {
        return Ok(());
    };
    // A frame, or a packet of sound, more than asked for is the least that rounding to them may cost.
    let frame = plan
        .video
        .as_ref()
        .map_or(0.1, |video| video.fps.frame_seconds());
    let packet = plan.audio.as_ref().map_or(0.0, AudioPlan::packet_seconds);
    let frame = frame.max(packet);
    if longest > f64::from(segment_seconds) + frame + 0.1 {
        return Err(engine_fault(format!(
            "a segment lasts {longest:.3} s instead of {segment_seconds} s"
        )));
    }
    Ok(())
}

/// At rates far below one a second, rounding to frames is what costs most.
fn frame_seconds(plan: &Plan) -> f64 {
    let video = plan.video.as_ref();
    video.map_or(0.0, |video| video.fps.frame_seconds())
}

/// When a stream ends, counted from the output's first moment.
fn end(facts: &MediaFacts, stream: &StreamFacts) -> Option<f64> {
    let origin = facts.format.start_seconds.unwrap_or(0.0);
    let start = stream.start_seconds.map_or(0.0, |start| start - origin);
    stream.duration_seconds.map(|length| start + length)
}

/// A source cut off in the middle makes an output that ends early.
fn check_length(
    what: &str,
    found: Option<f64>,
    expected: Option<f64>,
    frame_seconds: f64,
) -> Result<(), Fault> {
    let (Some(found), Some(expected)) = (found, expected) else {
        return Ok(());
    };
    let slack = SLACK_SECONDS.max(expected * SLACK_SHARE) + frame_seconds;
    if found + slack >= expected && found > 0.0 {
        return Ok(());
    }
    Err(source_fault(&format!(
        "the source ends early: the {what} lasts {found:.3} s of {expected:.3} s"
    )))
}

fn source_fault(message: &str) -> Fault {
    Fault::new(FaultCode::SourceUnreadable, message)
}

fn engine_fault(message: String) -> Fault {
    Fault::new(FaultCode::EngineFailed, message)
}

#[cfg(test)]
mod tests {
    use reelgate_domain::media::VideoFacts;

    use super::*;
    use crate::playlist::Segment;

    #[test]
    fn segments_that_lost_pictures_on_the_way_to_the_disk_are_not_the_sources_fault() {
        let playlist = MediaPlaylist {
            target_seconds: 10,
            init: None,
            segments: vec![Segment {
                uri: "out-00001.ts".to_owned(),
                seconds: 10.0,
            }],
        };
        let facts = |seconds| MediaFacts {
            streams: vec![StreamFacts {
                duration_seconds: Some(seconds),
                detail: StreamDetail::Video(VideoFacts::default()),
                ..StreamFacts::default()
            }],
            ..MediaFacts::default()
        };
        assert_eq!(check_written(&facts(10.0), &playlist), Ok(()));
        let fault = check_written(&facts(8.0), &playlist).unwrap_err();
        assert_eq!(fault.code, FaultCode::StorageFailed);
    }

    #[test]
    fn what_was_cut_off_at_the_most_there_can_be_is_no_success() {
        let spec = r#"{"object": {"bucket": "media", "key": "a.mp4"},
            "settings": {"container": {"format": "mp4"}, "audio": {}}}"#;
        let spec = serde_json::from_str(spec).unwrap();
        let source = crate::fixtures::facts("speech_libri_5703");
        let complete = crate::engine::Capabilities::complete();
        let mut plan = crate::plan::plan(&spec, &source, &complete).unwrap();
        let mut facts = MediaFacts::default();
        facts.format.duration_seconds = Some(MOST_SECONDS - 1.0);
        assert_eq!(check_end(&plan, &facts), Ok(()));
        facts.format.duration_seconds = Some(MOST_SECONDS + 0.02);
        let fault = check_end(&plan, &facts).unwrap_err();
        assert_eq!(fault.code, FaultCode::SourceUnreadable);
        // As much was asked for.
        plan.window.length_ms = Some(MOST_SECONDS as u64 * 1000);
        assert_eq!(check_end(&plan, &facts), Ok(()));
    }

    #[test]
    fn an_early_end_is_the_sources_fault_and_rounding_is_not() {
        assert_eq!(check_length("output", Some(9.6), Some(10.0), 0.0), Ok(()));
        assert_eq!(
            check_length("output", Some(3595.0), Some(3600.0), 0.0),
            Ok(())
        );
        assert_eq!(check_length("output", None, Some(10.0), 0.0), Ok(()));
        assert_eq!(check_length("output", Some(5.0), Some(9.0), 5.0), Ok(()));
        for (found, expected) in [(9.0, 10.0), (3500.0, 3600.0), (0.0, 0.3)] {
            let fault = check_length("output", Some(found), Some(expected), 0.0).unwrap_err();
            assert_eq!(fault.code, FaultCode::SourceUnreadable);
        }
    }
}

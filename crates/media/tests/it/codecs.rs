//! Codecs, levels and formats beside H.264 and AAC in MP4.

use std::collections::BTreeSet;
use std::path::Path;

use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::transcode::{Clip, ClipLength, OutputSpec};
use reelgate_media::Limits;
use serde_json::{Value, json};

use crate::support::{
    clip, close, entries, hls, key_frames, likeness, make, make_together, mp4, planned, spec,
};

const FILM: &str = "bbb_720p25_aac51.mp4";

fn kinds_of_pictures(file: &Path) -> BTreeSet<String> {
    entries(file, "v", "frame=pict_type").into_iter().collect()
}

#[test]
fn pictures_lean_on_later_ones_only_where_they_may() {
    for (b_frames, expected) in [(0, "I P"), (4, "B I P")] {
        let video = json!({"height": 144, "preset": "fast", "b_frames": b_frames});
        let made = make(&clip(FILM), &mp4(video));
        let found: Vec<_> = kinds_of_pictures(&made.main()).into_iter().collect();
        assert_eq!(found.join(" "), expected);
    }
}

#[test]
fn a_level_is_written_down_and_held() {
    for (profile, level, written) in [("high", "3.0", 30), ("baseline", "2.1", 21)] {
        let video =
            json!({"height": 240, "preset": "veryfast", "level": level, "profile": profile});
        let made = make(&clip(FILM), &mp4(video));
        assert_eq!(made.video().1.level, Some(written));
    }
    let fault = planned(&clip(FILM), &mp4(json!({"level": "3.0"}))).unwrap_err();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
}

#[test]
fn no_rate_above_the_sources_and_no_picture_too_small() {
    let video = json!({"width": 32, "height": 32, "fps": 60, "fps_at_most_source": true,
        "preset": "veryfast",
        "rate": {"mode": "crf", "crf": 30.0, "cap": {"maxrate_kbps": 800_000, "bufsize_kbit": 40}}});
    let made = make(&clip(FILM), &mp4(video));
    let (_, video) = made.video();
    assert_eq!((video.width, video.height), (32, 32));
    assert_eq!(video.average_rate.as_deref(), Some("25/1"));
}

fn h265(height: u32) -> Value {
    json!({"codec": "h265", "profile": "main", "height": height, "preset": "veryfast",
        "b_frames": 3, "gop": {"seconds": 2.0},
        "rate": {"mode": "average", "kbps": 600, "cap": {"maxrate_kbps": 900, "bufsize_kbit": 900}}})
}

#[test]
fn h265_is_made_in_every_format() {
    let source = clip(FILM);
    for spec in [
        mp4(h265(144)),
        hls("ts", 2, h265(144)),
        hls("fmp4", 2, h265(144)),
    ] {
        let mut spec = spec;
        spec.clip = Some(Clip {
            start_ms: 0,
            length: Some(ClipLength::DurationMs(3000)),
        });
        let made = make(&source, &spec);
        let (stream, video) = made.video();
        assert_eq!(stream.codec_name.as_deref(), Some("hevc"));
        assert_eq!(stream.profile.as_deref(), Some("Main"));
        assert_eq!((video.width, video.height), (256, 144));
        if made.names.len() == 1 {
            assert_eq!(stream.codec_tag_string.as_deref(), Some("hvc1"));
            assert!(kinds_of_pictures(&made.main()).contains("B"));
        } else {
            assert!(made.playlist().segments.len() > 1);
        }
        let keys = key_frames(&made.main());
        assert!(keys.len() > 1, "{keys:?}");
        for (index, time) in keys.iter().enumerate() {
            let due = index as f64 * 2.0;
            assert!(close(*time, due, 0.001), "{time} instead of {due}");
        }
        let like = likeness(&made.main(), &source, &[], "scale=256:144");
        assert!(like > 0.9, "{like}");
    }
}

#[test]
fn the_smallest_pictures_of_h265_are_made() {
    let mut video = h265(96);
    video["width"] = json!(160);
    let made = make(&clip(FILM), &mp4(video));
    assert_eq!((made.video().1.width, made.video().1.height), (160, 96));
}

fn sound(key: &str, format: &str, audio: Value) -> OutputSpec {
    spec(
        key,
        json!({"container": {"format": format}, "audio": audio}),
    )
}

#[test]
fn sound_alone_is_made_as_mp3_and_in_frames() {
    for source in [FILM, "speech_libri_5703.ogg"] {
        let source = clip(source);
        let specs = [
            sound(
                "s.mp3",
                "mp3",
                json!({"codec": "mp3", "kbps": 96, "sample_rate": "source"}),
            ),
            sound(
                "t.mp3",
                "mp3",
                json!({"codec": "mp3", "kbps": 16, "sample_rate": 22050, "channels": 1}),
            ),
            sound(
                "s.aac",
                "adts",
                json!({"kbps": 96, "sample_rate": "source"}),
            ),
            sound("s.mp4", "mp4", json!({"kbps": 96, "sample_rate": "source"})),
        ];
        let plans = specs.iter().map(|spec| planned(&source, spec).unwrap());
        let made = make_together(&source, plans.collect(), &Limits::default()).unwrap();
        let made: Vec<_> = made.into_iter().map(Result::unwrap).collect();
        let own = crate::support::facts(&source).unwrap();
        let rate = own.audio().unwrap().1.sample_rate.unwrap().max(22_050);
        let length = made[3].facts.format.duration_seconds.unwrap();
        for (made, (codec, rate, channels)) in
            made.iter()
                .zip([("mp3", rate, 2), ("mp3", 22_050, 1), ("aac", rate, 2)])
        {
            let (stream, audio) = made.audio();
            assert_eq!(stream.codec_name.as_deref(), Some(codec));
            assert_eq!(audio.channels, Some(channels));
            assert_eq!(audio.sample_rate, Some(rate));
            for found in [stream.duration_seconds, made.facts.format.duration_seconds] {
                let found = found.unwrap();
                assert!(close(found, length, 0.2), "{found} of {length}");
            }
            assert_eq!(made.facts.streams.len(), 1);
        }
        assert_eq!(made[0].names, ["s.mp3"]);
    }
}

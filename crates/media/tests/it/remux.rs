//! Streams in another container, as they were.

use std::path::Path;

use reelgate_domain::job::kind::remux::RemuxSpec;
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_media::playlist::MediaPlaylist;
use reelgate_media::{Limits, REMUXED, Remux, TranscodeError, Transcoded, remux, remux_plan};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{ENGINE, RUNNER, RUNTIME, clip, facts, generate, run};

struct Made {
    made: Transcoded,
    folder: TempDir,
}

impl Made {
    fn main(&self) -> std::path::PathBuf {
        let name = &self.made.files.last().unwrap().name;
        self.folder.path().join(REMUXED).join(name)
    }
}

fn hls(segments: &str, seconds: u32) -> Value {
    json!({"format": "hls", "segments": segments, "segment_seconds": seconds})
}

fn try_remux(source: &Path, container: Value, remove_metadata: bool) -> Result<Made, Fault> {
    let name = match container["format"] == "hls" {
        true => "a/film.m3u8",
        false => "a/film.mp4",
    };
    let spec = json!({
        "input": {"bucket": "media", "key": "in"}, "output": {"bucket": "media", "key": name},
        "container": container, "remove_metadata": remove_metadata,
    });
    let spec: RemuxSpec = serde_json::from_value(spec).unwrap();
    let plan = remux_plan(&spec, &facts(source).unwrap(), ENGINE.capabilities())?;
    let folder = tempfile::tempdir().unwrap();
    let job = Remux {
        plan: &plan,
        input: source,
        dir: folder.path(),
        limits: &Limits::default(),
    };
    let mut told = Vec::new();
    let hear = |percent| told.push(percent);
    let made = remux(&RUNNER, &ENGINE, job, hear, std::future::pending());
    match RUNTIME.block_on(made) {
        Ok(made) => {
            assert!(told.is_sorted() && told.last() == Some(&100), "{told:?}");
            Ok(Made { made, folder })
        }
        Err(TranscodeError::Fault(fault)) => Err(fault),
        Err(TranscodeError::Stopped(_)) => panic!("nobody stopped it"),
    }
}

/// A digest of every packet of one kind, as they are coded.
fn packets(path: &Path, stream: &str, filter: &[&str]) -> Vec<String> {
    let args = ["-v", "error", "-nostdin", "-i", path.to_str().unwrap()];
    let tail = ["-c", "copy", "-f", "framemd5", "-"];
    let all = [&args[..], &["-map", stream], filter, &tail].concat();
    let text = String::from_utf8(run(ENGINE.ffmpeg(), &all)).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let digest = |line: &str| line.rsplit(',').next().unwrap().trim().to_owned();
    lines.map(digest).collect()
}

#[test]
fn what_is_copied_is_the_same_bit_for_bit() {
    let source = clip("bbb_720p25_aac51.mp4");
    let to_ts = try_remux(&source, hls("ts", 2), false).unwrap();
    let text = std::fs::read_to_string(to_ts.main()).unwrap();
    let playlist = MediaPlaylist::parse(&text).unwrap();
    assert!(!playlist.segments.is_empty());
    assert!(!text.contains("INDEPENDENT"), "{text}");
    // Transport streams have start codes where MP4 has lengths.
    let annexb = ["-bsf:v", "h264_mp4toannexb"];
    let wanted = packets(&source, "0:v:0", &annexb);
    assert_eq!(packets(&to_ts.main(), "0:v:0", &[]).len(), wanted.len());
    let fmp4 = try_remux(&source, hls("fmp4", 2), false).unwrap();
    let plain = packets(&source, "0:v:0", &[]);
    assert_eq!(packets(&fmp4.main(), "0:v:0", &[]), plain);
    let mp4 = try_remux(&source, json!({"format": "mp4"}), false).unwrap();
    assert_eq!(packets(&mp4.main(), "0:v:0", &[]), plain);
    let sound = packets(&source, "0:a:0", &[]);
    assert_eq!(packets(&mp4.main(), "0:a:0", &[]), sound);
    let bytes = std::fs::read(mp4.main()).unwrap();
    let place = |name: &[u8]| bytes.windows(4).position(|it| it == name).unwrap();
    assert!(place(b"moov") < place(b"mdat"), "the index stands first");
}

#[test]
fn transport_streams_and_flash_become_mp4() {
    let folder = tempfile::tempdir().unwrap();
    let film = "-f lavfi -i testsrc2=s=192x108:r=25:d=4 -f lavfi -i sine=d=4 -c:v libx264 \
                -preset ultrafast -g 25 -c:a aac -shortest";
    for name in ["film.ts", "film.flv", "film.mkv"] {
        let source = generate(folder.path(), name, film);
        let made = try_remux(&source, json!({"format": "mp4"}), false).unwrap();
        let (stream, video) = made.made.facts.video().unwrap();
        assert_eq!((video.width, stream.frames), (192, Some(100)), "{name}");
        assert!(made.made.facts.audio().is_some());
    }
    let song = generate(
        folder.path(),
        "song.mp3",
        "-f lavfi -i sine=d=3 -c:a libmp3lame",
    );
    let made = try_remux(&song, hls("ts", 2), false).unwrap();
    assert!(made.made.files.len() >= 2, "{:?}", made.made.files);
}

#[test]
fn a_phones_film_stays_turned_and_keeps_its_first_picture_stream() {
    let source = clip("phone_vfr_hevc_rot90_2video.mp4");
    let made = try_remux(&source, json!({"format": "mp4"}), false).unwrap();
    let (stream, video) = made.made.facts.video().unwrap();
    assert_eq!(
        video.rotation,
        facts(&source).unwrap().video().unwrap().1.rotation
    );
    assert_eq!(stream.codec_tag_string.as_deref(), Some("hvc1"));
}

#[test]
fn tags_are_left_out_where_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let film = "-f lavfi -i testsrc2=s=192x108:r=25:d=1 -c:v libx264 -metadata title=secret";
    let source = generate(folder.path(), "tagged.mp4", film);
    for (remove, has) in [(false, true), (true, false)] {
        let made = try_remux(&source, json!({"format": "mp4"}), remove).unwrap();
        let bytes = std::fs::read(made.main()).unwrap();
        assert_eq!(bytes.windows(6).any(|it| it == b"secret"), has);
    }
}

#[test]
fn a_source_that_was_cut_short_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let film = "-f lavfi -i testsrc2=s=320x180:r=25:d=8 -c:v libx264 -preset ultrafast -movflags +faststart";
    let source = generate(folder.path(), "film.mp4", film);
    let bytes = std::fs::read(&source).unwrap();
    std::fs::write(&source, &bytes[..bytes.len() / 2]).unwrap();
    let fault = try_remux(&source, json!({"format": "mp4"}), false)
        .err()
        .unwrap();
    assert_eq!(fault.code, FaultCode::SourceUnreadable, "{fault:?}");
}

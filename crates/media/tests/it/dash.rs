//! MPEG-DASH manifests over segments of fragmented MP4.

use std::path::Path;

use reelgate_media::mp4::{codecs, fragments, tracks};
use reelgate_media::playlist::{Shows, Stream, Times, manifest, numbered, rates};
use reelgate_media::{Against, CheckError, Report, Rule, strict};
use serde_json::{Value, json};

use crate::support::{ENGINE, IN_TIME, Made, RUNNER, RUNTIME, clip, make, run, spec};

/// An output of one stream, its files in a folder of `home`.
fn part(home: &Path, name: &str, settings: &Value) -> (Made, Stream) {
    let mut settings = settings.clone();
    settings["container"] = json!({"format": "hls", "segments": "fmp4", "segment_seconds": 2});
    let made = make(&clip("bbb_720p25_aac51.mp4"), &spec("film.m3u8", settings));
    let folder = home.join(name);
    std::fs::create_dir(&folder).unwrap();
    for file in &made.names {
        std::fs::copy(made.out_dir.join(file), folder.join(file)).unwrap();
    }
    let stream = stream(&made, name);
    (made, stream)
}

fn stream(made: &Made, folder: &str) -> Stream {
    let playlist = made.playlist();
    let bytes = |name: &str| std::fs::read(made.out_dir.join(name)).unwrap();
    let init = playlist.init.clone().unwrap();
    let known = tracks(&bytes(&init)).unwrap();
    let first = fragments(&bytes(&playlist.segments[0].uri), &known).unwrap();
    let sizes = playlist.segments.iter();
    let sizes: Vec<u64> = sizes.map(|it| bytes(&it.uri).len() as u64).collect();
    let (media, number) = numbered(&playlist).unwrap();
    Stream {
        init: format!("{folder}/{init}"),
        media: format!("{folder}/{media}"),
        first: number,
        times: Times::of(&playlist, &known[0], &first[0]).unwrap(),
        bandwidth: rates(&playlist, &sizes).unwrap().peak,
        codecs: codecs(&known).unwrap(),
        shows: match made.facts.video() {
            Some((_, video)) => Shows::Picture {
                width: video.width,
                height: video.height,
                rate: video.average_rate.clone(),
            },
            None => Shows::Sound {
                name: Some("English".to_owned()),
                language: Some("en".to_owned()),
                channels: Some(2),
                sample_rate: made.audio().1.sample_rate,
            },
        },
    }
}

fn check(file: &Path, source: Option<&Path>) -> Result<Report, CheckError> {
    check_but(file, source, &[])
}

fn check_but(file: &Path, source: Option<&Path>, except: &[Rule]) -> Result<Report, CheckError> {
    let scratch = tempfile::tempdir().unwrap();
    let against = Against {
        source,
        except,
        ..Against::default()
    };
    let judged = strict(&RUNNER, &ENGINE, scratch.path(), file, &against);
    RUNTIME.block_on(async { tokio::time::timeout(IN_TIME, judged).await.unwrap() })
}

fn broken(file: &Path) -> Vec<Rule> {
    broken_beside(file, None)
}

fn broken_beside(file: &Path, source: Option<&Path>) -> Vec<Rule> {
    let report = check(file, source).unwrap_or_else(|error| panic!("{error}"));
    report.wrong().iter().map(|it| it.rule).collect()
}

#[test]
fn a_manifest_plays_and_tells_the_truth() {
    let home = tempfile::tempdir().unwrap();
    let h264 = |height: u32| json!({"video": {"height": height, "preset": "veryfast", "gop": {"seconds": 2.0}}});
    let h265 = json!({"video": {"codec": "h265", "profile": "main", "height": 144, "preset": "veryfast",
        "gop": {"seconds": 2.0}}});
    let parts = [
        part(home.path(), "high", &h264(240)),
        part(home.path(), "low", &h264(144)),
        part(home.path(), "h265", &h265),
        part(
            home.path(),
            "sound",
            &json!({"audio": {"channels": 2, "kbps": 96}}),
        ),
    ];
    let streams: Vec<Stream> = parts.iter().map(|(_, stream)| stream.clone()).collect();
    let file = home.path().join("film.mpd");
    let write = |streams: &[Stream]| std::fs::write(&file, manifest(streams).unwrap()).unwrap();
    write(&streams);

    // FFmpeg's own reader finds all that the outputs have.
    let shown = [
        "-v",
        "error",
        "-count_packets",
        "-of",
        "json",
        "-show_streams",
    ];
    let args = [&shown[..], &[file.to_str().unwrap()]].concat();
    let answer: Value = serde_json::from_slice(&run(ENGINE.ffprobe(), &args)).unwrap();
    let found = answer["streams"].as_array().unwrap();
    let pictures: Vec<&Value> = found
        .iter()
        .filter(|it| it["codec_type"] == "video")
        .collect();
    let sizes: Vec<(&str, u64)> = pictures
        .iter()
        .map(|it| {
            (
                it["codec_name"].as_str().unwrap(),
                it["height"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(sizes, [("h264", 240), ("h264", 144), ("hevc", 144)]);
    for picture in pictures {
        assert_eq!(picture["nb_read_packets"], "132");
        assert_eq!(picture["start_time"], "10.000000");
    }
    let sound = found.iter().find(|it| it["codec_type"] == "audio").unwrap();
    // FFmpeg leaves out those before the start, if any.
    let packets = parts[3].0.audio().0.frames.unwrap();
    let read: u64 = sound["nb_read_packets"].as_str().unwrap().parse().unwrap();
    assert!(
        (packets - 2..=packets).contains(&read),
        "{read} of {packets}"
    );
    assert_eq!(sound["tags"]["language"], "en");

    let report = check(&file, None).unwrap();
    assert!(report.is_right(), "{:#?}", report.wrong());
    assert_eq!(report.renditions.len(), 4);
    for rendition in &report.renditions[..3] {
        assert_eq!(rendition.measured.frames, Some(132));
        assert!((rendition.measured.seconds.unwrap() - 5.28).abs() < 0.001);
    }

    let lie = |change: &dyn Fn(&mut Vec<Stream>)| {
        let mut lying = streams.clone();
        change(&mut lying);
        write(&lying);
        broken(&file)
    };
    assert_eq!(lie(&|it| it[0].times.start += 12_800), [Rule::Manifest]);
    assert!(lie(&|it| it[1].times.durations[0] -= 512).contains(&Rule::Manifest));
    assert_eq!(
        lie(&|it| it[2].codecs = "hvc1.1.6.L93.90".to_owned()),
        [Rule::Attributes]
    );
    assert_eq!(lie(&|it| it[0].bandwidth /= 2), [Rule::Bandwidth]);
    // One of them begins a second before the others.
    write(&streams);
    let text = std::fs::read_to_string(&file).unwrap();
    let offset = |ticks: u32| format!("presentationTimeOffset=\"{ticks}\"");
    std::fs::write(&file, text.replacen(&offset(128_000), &offset(140_800), 1)).unwrap();
    assert!(broken(&file).contains(&Rule::Aligned));
    // A list that ends before the last file, which the source alone tells, and one that goes on after it.
    let source = clip("bbb_720p25_aac51.mp4");
    let beside = |streams: &[Stream]| {
        write(streams);
        broken_beside(&file, Some(&source))
    };
    let mut pair = [streams[1].clone(), streams[3].clone()];
    assert_eq!(beside(&pair), []);
    assert_eq!(beside(&pair[..1]), [Rule::Kept]);
    for stream in &mut pair {
        stream.times.durations.pop().unwrap();
    }
    let found = beside(&pair);
    assert!(found.contains(&Rule::Duration), "{found:?}");
    assert!(!broken(&file).contains(&Rule::Manifest));
    write(&streams);
    std::fs::remove_file(home.path().join("low/film-00003.m4s")).unwrap();
    assert!(matches!(check(&file, None), Err(CheckError::Io(_))));
}

#[test]
fn what_is_no_manifest_is_told() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("film.mpd");
    for text in [
        "<MPD",
        "<MPD></MPD>",
        "<?xml version=\"1.0\"?><MPD mediaPresentationDuration=\"PT1S\"/>",
    ] {
        std::fs::write(&file, text).unwrap();
        let refused = check(&file, None);
        assert!(
            matches!(refused, Err(CheckError::Manifest(_))),
            "{text}: {refused:?}"
        );
    }
}

/// What FFmpeg's own reader finds in a manifest or a playlist.
fn read(file: &Path) -> Vec<Value> {
    let shown = [
        "-v",
        "error",
        "-count_packets",
        "-of",
        "json",
        "-show_streams",
    ];
    let args = [&shown[..], &[file.to_str().unwrap()]].concat();
    let answer: Value = serde_json::from_slice(&run(ENGINE.ffprobe(), &args)).unwrap();
    answer["streams"].as_array().unwrap().clone()
}

fn packets(streams: &[Value], kind: &str) -> Vec<u64> {
    let own = streams.iter().filter(|it| it["codec_type"] == kind);
    own.map(|it| it["nb_read_packets"].as_str().unwrap().parse().unwrap())
        .collect()
}

fn dash(hls: bool, streams: &Value) -> Value {
    let mut settings = streams.clone();
    settings["container"] = json!({"format": "dash", "segment_seconds": 2, "hls": hls});
    settings
}

#[test]
fn one_output_plays_as_dash_and_as_hls() {
    let source = clip("bbb_720p25_aac51.mp4");
    let streams = json!({"video": {"height": 144, "preset": "veryfast"}, "audio": {"channels": 2}});
    let made = make(&source, &spec("a film #1.mpd", dash(true, &streams)));
    let expected = [
        "a film #1-video-init.mp4",
        "a film #1-video-00001.m4s",
        "a film #1-video-00002.m4s",
        "a film #1-video-00003.m4s",
        "a film #1-audio-init.mp4",
        "a film #1-audio-00001.m4s",
        "a film #1-audio-00002.m4s",
        "a film #1-audio-00003.m4s",
        "a film #1-video.m3u8",
        "a film #1-audio.m3u8",
        "a film #1.m3u8",
        "a film #1.mpd",
    ];
    assert_eq!(made.names, expected);
    let kept = std::fs::read_dir(&made.out_dir).unwrap().count();
    assert_eq!(kept, expected.len());
    let (video, audio) = (made.video().0, made.audio().0);
    assert_eq!((video.frames, video.index, audio.index), (Some(132), 0, 1));
    assert_eq!(made.facts.format.name, "dash");
    let seconds = made.facts.format.duration_seconds.unwrap();
    assert!((5.28..5.4).contains(&seconds), "{seconds}");

    let manifest = std::fs::read_to_string(made.main()).unwrap();
    assert!(manifest.contains("initialization=\"a%20film%20%231-video-init.mp4\""));
    for name in ["a film #1.mpd", "a film #1.m3u8"] {
        let file = made.out_dir.join(name);
        // Sound alone has no picture to be in step with: that is measured below.
        let report = check_but(&file, Some(&source), &[Rule::Sync]).unwrap();
        assert!(report.is_right(), "{name}: {:#?}", report.wrong());
        assert_eq!(report.renditions.len(), 2, "{name}");
    }
    // FFmpeg takes names in manifests as they are, so that these have nothing to encode.
    let made = make(&source, &spec("film.mpd", dash(true, &streams)));
    let found = read(&made.main());
    assert_eq!(packets(&found, "video"), [132]);
    // In step: the sound is early by the packet that its decoder begins with, and by nothing else.
    let playlists =
        ["video", "audio"].map(|row| read(&made.out_dir.join(format!("film-{row}.m3u8"))));
    let [picture, heard] = playlists.map(|it| {
        it[0]["start_time"]
            .as_str()
            .unwrap()
            .parse::<f64>()
            .unwrap()
    });
    let priming = 1024.0 / f64::from(made.audio().1.sample_rate.unwrap());
    assert!(
        (picture - heard - priming).abs() < 0.001,
        "{picture} {heard}"
    );
    let sound = packets(&found, "audio");
    let own = made.audio().0.frames.unwrap();
    assert!(sound.len() == 1 && (own - 2..=own).contains(&sound[0]));
    let found = read(&made.out_dir.join("film.m3u8"));
    assert_eq!(
        (packets(&found, "video"), packets(&found, "audio")),
        (vec![132], vec![own])
    );
}

#[test]
fn pictures_and_sound_alone_have_a_manifest_too() {
    let source = clip("bbb_720p25_aac51.mp4");
    for (streams, kind, own) in [
        (
            json!({"video": {"height": 144, "preset": "veryfast"}}),
            "video",
            "film-video",
        ),
        (json!({"audio": {"channels": 2}}), "audio", "film-audio"),
    ] {
        let made = make(&source, &spec("film.mpd", dash(false, &streams)));
        assert!(made.names.iter().all(|name| !name.ends_with(".m3u8")));
        assert_eq!(made.names[0], format!("{own}-init.mp4"));
        let kept = std::fs::read_dir(&made.out_dir).unwrap().count();
        assert_eq!(kept, made.names.len());
        let report = check(&made.main(), None).unwrap();
        assert!(report.is_right(), "{:#?}", report.wrong());
        let found = read(&made.main());
        assert_eq!((found.len(), packets(&found, kind).len()), (1, 1));
        let made = make(&source, &spec("film.mpd", dash(true, &streams)));
        let report = check(&made.out_dir.join("film.m3u8"), None).unwrap();
        assert!(report.is_right(), "{:#?}", report.wrong());
    }
}

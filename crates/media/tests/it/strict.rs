//! The strict check finds what is wrong with a file and nothing in what is right.

use std::path::{Path, PathBuf};

use reelgate_domain::job::kind::transcode::{Clip, ClipLength};
use reelgate_media::playlist::{AudioTrack, Rendition, codecs, master_playlist, rates};
use reelgate_media::{Against, CheckError, Finding, Report, Rule, Verdict, strict};
use serde_json::json;

use crate::support::{
    ENGINE, IN_TIME, Made, RUNNER, RUNTIME, clip, generate, hls, make, mp4, spec,
};

pub(crate) fn check(file: &Path, against: &Against<'_>) -> Result<Report, CheckError> {
    let scratch = tempfile::tempdir().unwrap();
    let judged = strict(&RUNNER, &ENGINE, scratch.path(), file, against);
    RUNTIME.block_on(async { tokio::time::timeout(IN_TIME, judged).await.unwrap() })
}

pub(crate) fn judged(file: &Path, against: &Against<'_>) -> Report {
    check(file, against).unwrap_or_else(|error| panic!("{} {error}", file.display()))
}

fn broken(file: &Path, against: &Against<'_>) -> Vec<Rule> {
    let report = judged(file, against);
    report.wrong().iter().map(|it| it.rule).collect()
}

#[test]
fn outputs_of_ours_keep_every_rule() {
    let names = [
        "bbb_720p25_aac51.mp4",
        "hdr10_av1_vertical_720x1280.mp4",
        "phone_vfr_hevc_rot90_2video.mp4",
        "bbb_sar64x45_bpyramid.mp4",
    ];
    for (index, name) in names.into_iter().enumerate() {
        let source = clip(name);
        let against = Against {
            source: Some(&source),
            key_seconds: Some(2.0),
            ..Against::default()
        };
        let video = json!({"height": 144, "preset": "veryfast", "gop": {"seconds": 2.0}});
        let specs = [
            mp4(video.clone()),
            hls("ts", 1, video.clone()),
            hls("fmp4", 1, video),
        ];
        // The forms take turns: each with sound, each with pictures that were changed.
        for spec in specs.into_iter().skip(index % 2).step_by(2) {
            let made = make(&source, &spec);
            let report = judged(&made.main(), &against);
            assert!(report.is_right(), "{name}: {:#?}", report.wrong());
            assert!(report.measured.ssim.unwrap() > 0.8);
            assert!(report.findings.len() > 15, "{:#?}", report.findings);
        }
    }
}

/// A second of a good file with `change` in the arguments that make it.
fn with(folder: &Path, name: &str, change: &str) -> PathBuf {
    let source = clip("bbb_720p25_aac51.mp4");
    let args = format!(
        "-i {} -t 1 -vf scale=320:180 -c:v libx264 -preset veryfast -g 13 -ac 2 -movflags +faststart {change}",
        source.display()
    );
    generate(folder, name, &args)
}

#[test]
fn each_fault_breaks_its_rule() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip("bbb_720p25_aac51.mp4");
    let window = Clip {
        start_ms: 0,
        length: Some(ClipLength::DurationMs(1000)),
    };
    let against = Against {
        source: Some(&source),
        clip: Some(&window),
        key_seconds: Some(0.52),
        ..Against::default()
    };
    let good = broken(&with(folder.path(), "good.mp4", "-sn"), &against);
    assert_eq!(good, []);
    for (name, change, rule) in [
        ("late", "-movflags -faststart", Rule::IndexFirst),
        ("keys", "-g 25", Rule::KeyFrames),
        (
            "open",
            "-g 14 -bf 3 -b_strategy 0 -x264-params open-gop=1:scenecut=0",
            Rule::ClosedGroups,
        ),
        ("sar", "-aspect 4:3", Rule::SquarePixels),
        ("short", "-t 0.7", Rule::Duration),
        ("large", "-vf scale=1600:900", Rule::Upscale),
        ("shape", "-vf scale=320:240,setsar=1", Rule::Shape),
        ("blur", "-vf scale=320:180,boxblur=10", Rule::Likeness),
        (
            "fields",
            "-vf scale=320:180,tinterlace=interleave_top,fps=25",
            Rule::Progressive,
        ),
        (
            "full",
            "-vf scale=320:180:out_range=pc -pix_fmt yuvj420p",
            Rule::Colours,
        ),
        (
            "lost",
            "-vf scale=320:180,select='not(eq(n,20))' -fps_mode vfr",
            Rule::SteadyFrames,
        ),
        (
            "fewer",
            "-vf scale=320:180,select='not(between(n,10,15))' -fps_mode vfr",
            Rule::FrameCount,
        ),
        ("odd", "-vf scale=321:181 -pix_fmt yuv444p", Rule::EvenSize),
        ("start", "-af asetpts=PTS+0.5/TB", Rule::Start),
        (
            "strange",
            "-timecode 01:00:00:00 -write_tmcd 1",
            Rule::Streams,
        ),
        ("mute", "-an", Rule::Kept),
        (
            "second",
            "-map 0:v -map 0:a -map 0:a -bsf:a:1 noise=amount=5",
            Rule::Decodes,
        ),
        (
            "early",
            "-af atrim=start=0.03,asetpts=PTS-STARTPTS",
            Rule::Sync,
        ),
        ("other", "-af areverse", Rule::Sync),
        (
            "tag",
            "-c:v libx265 -x265-params log-level=error",
            Rule::CodecTag,
        ),
    ] {
        let found = broken(
            &with(folder.path(), &format!("{name}.mp4"), change),
            &against,
        );
        assert!(found.contains(&rule), "{name}: {found:?}");
    }
}

#[test]
fn a_part_from_the_middle_is_compared_with_that_part_alone() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip("bbb_720p25_aac51.mp4");
    let part = with(folder.path(), "part.mp4", "-ss 4");
    let window = |start_ms, length_ms| Clip {
        start_ms,
        length: Some(ClipLength::DurationMs(length_ms)),
    };
    let check_at = |start_ms, length_ms| {
        let window = window(start_ms, length_ms);
        let against = Against {
            source: Some(&source),
            clip: Some(&window),
            ..Against::default()
        };
        check(&part, &against)
    };
    let report = check_at(4000, 1000).unwrap();
    assert_eq!(report.wrong(), Vec::<&Finding>::new());
    assert!(report.measured.sound_offset_ms.unwrap().abs() <= 2.0);
    // Other sound, and other pictures.
    let early = check_at(2000, 1000).unwrap();
    assert!(early.wrong().iter().any(|it| it.rule == Rule::Sync));
    // It was compared with all of the source.
    for (start, length) in [(9_999_000, 1000), (0, 0)] {
        let error = check_at(start, length).unwrap_err();
        assert!(matches!(error, CheckError::Clip(_)), "{error}");
        assert!(error.to_string().contains("the clip"), "{error}");
    }
}

#[test]
fn the_language_of_the_source_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let in_language = |name: &str, language: &str| {
        let change = format!("-metadata:s:a:0 language={language}");
        with(folder.path(), name, &change)
    };
    let source = in_language("source.mp4", "eng");
    let against = Against {
        source: Some(&source),
        ..Against::default()
    };
    assert_eq!(broken(&source, &against), []);
    let other = in_language("other.mp4", "fra");
    assert_eq!(broken(&other, &against), [Rule::Language]);
}

#[test]
fn a_picture_that_is_still_to_be_turned_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip("phone_vfr_hevc_rot90_2video.mp4");
    let args = format!(
        "-i {} -map 0:v:0 -c copy -movflags +faststart",
        source.display()
    );
    let copy = generate(folder.path(), "copy.mp4", &args);
    let found = broken(&copy, &Against::default());
    assert!(found.contains(&Rule::Upright), "{found:?}");
    let except = [found, vec![Rule::Upright]].concat();
    let against = Against {
        except: &except,
        ..Against::default()
    };
    assert_eq!(broken(&copy, &against), []);
}

#[test]
fn loudness_is_judged_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let tone = generate(
        folder.path(),
        "tone.m4a",
        "-f lavfi -i sine=frequency=1000:duration=5 -af volume=-10dB -c:a aac -movflags +faststart",
    );
    let lufs = judged(&tone, &Against::default())
        .measured
        .integrated_lufs
        .unwrap();
    for (target, expected) in [(lufs, vec![]), (lufs + 1.0, vec![Rule::Loudness])] {
        let against = Against {
            loudness_lufs: Some(target),
            ..Against::default()
        };
        assert_eq!(broken(&tone, &against), expected);
    }
    let loud = generate(
        folder.path(),
        "loud.m4a",
        "-f lavfi -i sine=frequency=1000:duration=5 -af volume=18dB -c:a aac -movflags +faststart",
    );
    let report = judged(&loud, &Against::default());
    let against = Against {
        loudness_lufs: report.measured.integrated_lufs,
        ..Against::default()
    };
    assert_eq!(broken(&loud, &against), [Rule::TruePeak]);
}

/// What is not media ends with a reason, and what was cut off is wrong.
#[test]
fn broken_files_are_told_from_good_ones() {
    let folder = tempfile::tempdir().unwrap();
    let against = Against::default();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let good = with(folder.path(), "good.mp4", "-sn");
    let bytes = std::fs::read(&good).unwrap();
    for name in [
        write("empty.mp4", b""),
        write("text.mp4", b"#!/bin/sh\n"),
        write("head.mp4", &bytes[..40]),
        write("list.m3u8", b"#EXTM3U\n#EXTINF:1,\n"),
        write("away.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n../good.mp4\n#EXT-X-ENDLIST\n"),
        write("none.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nnone.ts\n#EXT-X-ENDLIST\n"),
        write("key.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXTINF:1,\ngood.mp4\n#EXT-X-ENDLIST\n"),
        write("self.m3u8", b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nself.m3u8\n"),
        folder.path().join("nothing.mp4"),
        folder.path().to_owned(),
    ] {
        assert!(check(&name, &against).is_err(), "{}", name.display());
    }
    let cut = write("cut.mp4", &bytes[..bytes.len() - 2000]);
    assert!(broken(&cut, &against).contains(&Rule::Whole));
    let mut spoilt = bytes.clone();
    let middle = spoilt.len() / 2;
    spoilt[middle..middle + 3000].fill(0xAA);
    let spoilt = write("spoilt.mp4", &spoilt);
    assert!(broken(&spoilt, &against).contains(&Rule::Decodes));
    let found = broken(&clip("broken_mdat_too_long.mp4"), &against);
    assert!(found.contains(&Rule::Whole), "{found:?}");
}

#[test]
fn segments_have_to_start_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip("bbb_720p25_aac51.mp4");
    let args = format!(
        "-i {} -vf scale=320:180 -c:v libx264 -preset veryfast -g 50 -keyint_min 50 -sc_threshold 0 -ac 2 \
         -f hls -hls_time 1 -hls_flags split_by_time -hls_playlist_type vod",
        source.display()
    );
    let made = generate(folder.path(), "split.m3u8", &args);
    let found = broken(&made, &Against::default());
    assert!(found.contains(&Rule::Independent), "{found:?}");
    let text = std::fs::read_to_string(&made).unwrap();
    let lying = text.replace("#EXT-X-TARGETDURATION:1", "#EXT-X-TARGETDURATION:0");
    assert_ne!(lying, text);
    std::fs::write(&made, lying).unwrap();
    let found = broken(&made, &Against::default());
    assert!(found.contains(&Rule::TargetDuration), "{found:?}");
}

/// The whole is as long as before, and so nothing else tells of it.
#[test]
fn each_segment_is_as_long_as_the_playlist_says() {
    let folder = tempfile::tempdir().unwrap();
    let source = clip("bbb_720p25_aac51.mp4");
    let pictures = "-an -vf scale=160:90 -c:v libx264 -preset ultrafast -g 25 -sc_threshold 0";
    for (name, streams) in [
        ("sound", "-vn -ac 2"),
        ("fragments", "-vn -ac 2 -hls_segment_type fmp4"),
        ("pictures", pictures),
    ] {
        let args = format!(
            "-i {} -t 5 {streams} -f hls -hls_time 2 -hls_playlist_type vod -hls_fmp4_init_filename {name}.init.mp4",
            source.display()
        );
        let made = generate(folder.path(), &format!("{name}.m3u8"), &args);
        let report = judged(&made, &Against::default());
        assert!(report.is_right(), "{name}: {:#?}", report.wrong());
        let unjudged = |it: &&Finding| it.verdict == Verdict::Unjudged;
        let unjudged: Vec<_> = report.findings.iter().filter(unjudged).collect();
        assert!(unjudged.is_empty(), "{name}: {unjudged:?}");
        // A second goes over from the first segment to the next one.
        let text = std::fs::read_to_string(&made).unwrap();
        let mut moved = [-1.0, 1.0].into_iter();
        let line = |line: &str| match line.strip_prefix("#EXTINF:") {
            Some(seconds) => {
                let seconds: f64 = seconds.trim_end_matches(',').parse().unwrap();
                format!("#EXTINF:{:.6},\n", seconds + moved.next().unwrap_or(0.0))
            }
            None => format!("{line}\n"),
        };
        let lying: String = text.lines().map(line).collect();
        let lying = lying.replace("#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:4");
        std::fs::write(&made, lying).unwrap();
        assert_eq!(
            broken(&made, &Against::default()),
            [Rule::SegmentTimes],
            "{name}"
        );
    }
}

pub(crate) fn rendition(made: &Made, uri: &str) -> Rendition {
    let playlist = made.playlist();
    let bytes = playlist.segments.iter().map(|segment| {
        let file = made.out_dir.join(&segment.uri);
        file.metadata().unwrap().len()
    });
    let bytes: Vec<u64> = bytes.collect();
    let rates = rates(&playlist, &bytes).unwrap();
    let size = made.facts.video().map(|(_, it)| (it.width, it.height));
    Rendition {
        uri: uri.to_owned(),
        bandwidth: rates.peak,
        average_bandwidth: rates.average,
        resolution: size,
        fps: size.map(|_| 25.0),
        codecs: codecs(&made.facts).unwrap(),
        fragmented: false,
    }
}

pub(crate) fn copy(made: &Made, target: &Path) {
    std::fs::create_dir(target).unwrap();
    for file in std::fs::read_dir(&made.out_dir).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), target.join(file.file_name())).unwrap();
    }
}

/// Its bandwidth was measured without its sound, and its pictures were not compared where sound came first.
#[test]
fn sound_of_its_own_goes_with_pictures() {
    let source = clip("bbb_720p25_aac51.mp4");
    let folder = tempfile::tempdir().unwrap();
    let container = json!({"format": "hls", "segments": "ts", "segment_seconds": 2});
    let made = |name: &str, more: serde_json::Value| {
        let mut settings = json!({"container": container});
        settings
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let made = make(&source, &spec("film.m3u8", settings));
        copy(&made, &folder.path().join(name));
        rendition(&made, &format!("{name}/film.m3u8"))
    };
    let picture = |height: u32, gop: f64| {
        json!({"video": {"height": height, "preset": "veryfast", "rate": {"mode": "average", "kbps": 300},
            "gop": {"seconds": gop}}})
    };
    let (high, low) = (
        made("high", picture(240, 2.0)),
        made("low", picture(144, 2.0)),
    );
    let sound = made("sound", json!({"audio": {}}));
    let tracks = [AudioTrack {
        name: "all".to_owned(),
        language: None,
        channels: None,
        sound: sound.clone(),
    }];
    let master = folder.path().join("master.m3u8");
    let against = Against {
        source: Some(&source),
        except: &[Rule::Rungs, Rule::Likeness],
        ..Against::default()
    };
    let judge = |renditions: &[Rendition], tracks: &[AudioTrack]| {
        std::fs::write(&master, master_playlist(renditions, tracks)).unwrap();
        broken(&master, &against)
    };
    let heard = |rendition: &Rendition| rendition.clone().heard_with(&tracks);
    assert_eq!(judge(&[heard(&high), heard(&low)], &tracks), []);
    let mut less = heard(&low);
    less.bandwidth = low.bandwidth;
    assert_eq!(judge(&[less], &tracks), [Rule::Bandwidth]);
    // Nobody hears anything, and each says so.
    assert_eq!(judge(std::slice::from_ref(&high), &[]), [Rule::Kept]);
    let other = made("other", picture(144, 1.0));
    let rungs = [sound, high, other];
    let found = judge(&rungs, &[]);
    assert_eq!(found, [Rule::Kept, Rule::Kept, Rule::Aligned]);
}

#[test]
fn a_master_playlist_tells_the_truth() {
    let source = clip("bbb_720p25_aac51.mp4");
    let folder = tempfile::tempdir().unwrap();
    let mut renditions = Vec::new();
    for (name, height) in [("high part", 360), ("low", 144)] {
        let made = make(
            &source,
            &hls("ts", 2, json!({"height": height, "preset": "veryfast"})),
        );
        copy(&made, &folder.path().join(name));
        let uri = format!("{}/film.m3u8", name.replace(' ', "%20"));
        renditions.push(rendition(&made, &uri));
    }
    let master = folder.path().join("master.m3u8");
    let against = Against {
        source: Some(&source),
        ..Against::default()
    };
    let judge = |renditions: &[Rendition]| {
        std::fs::write(&master, master_playlist(renditions, &[])).unwrap();
        broken(&master, &against)
    };
    assert_eq!(judge(&renditions), []);
    let mut lying = renditions.clone();
    lying[0].bandwidth /= 2;
    lying[1].resolution = Some((640, 360));
    assert_eq!(judge(&lying), [Rule::Bandwidth, Rule::Attributes]);
    // The worse picture pretends to be the better one.
    let mut swapped = renditions.clone();
    swapped[0].bandwidth = 1000;
    assert!(judge(&swapped).contains(&Rule::Rungs));
}

#[test]
fn what_is_too_much_for_a_buffer_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let made = with(
        folder.path(),
        "rate.mp4",
        "-b:v 200k -maxrate 200k -bufsize 100k",
    );
    let at = |max_rate_kbps| {
        let against = Against {
            max_rate_kbps: Some(max_rate_kbps),
            ..Against::default()
        };
        broken(&made, &against)
    };
    assert_eq!(at(400), []);
    assert_eq!(at(100), [Rule::MaxRate]);
}

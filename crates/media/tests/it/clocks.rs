//! What a strict check says of outputs that are played together, and of machines that are slow.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use reelgate_domain::job::kind::transcode::OutputSpec;
use reelgate_media::playlist::{AudioTrack, Rendition, master_playlist};
use reelgate_media::{Against, CheckError, Engine, Report, Rule, strict};
use serde_json::{Value, json};

use crate::strict::{check, copy, judged, rendition};
use crate::support::{ENGINE, IN_TIME, RUNNER, RUNTIME, clip, make, spec};

fn segments(form: &str, more: Value) -> OutputSpec {
    let mut settings = more;
    settings["container"] = json!({"format": "hls", "segments": form, "segment_seconds": 2});
    spec("film.m3u8", settings)
}

/// An output in a folder of its own, as a master playlist in `home` names it.
fn part(home: &Path, name: &str, form: &str, more: Value) -> Rendition {
    let made = make(&clip("bbb_720p25_aac51.mp4"), &segments(form, more));
    copy(&made, &home.join(name));
    rendition(&made, &format!("{name}/film.m3u8"))
}

fn track(name: &str, sound: &Rendition) -> AudioTrack {
    AudioTrack {
        name: name.to_owned(),
        language: None,
        channels: None,
        sound: sound.clone(),
    }
}

/// Each began by its own first picture, and sound was not compared with pictures at all.
#[test]
fn transport_streams_and_fragments_do_not_go_together() {
    let home = tempfile::tempdir().unwrap();
    let picture =
        || json!({"video": {"height": 144, "preset": "veryfast", "gop": {"seconds": 2.0}}});
    let stream = part(home.path(), "stream", "ts", picture());
    let fragments = part(home.path(), "fragments", "fmp4", picture());
    let sound = part(home.path(), "sound", "ts", json!({"audio": {}}));
    let far = part(home.path(), "far", "fmp4", json!({"audio": {}}));
    let master = home.path().join("master.m3u8");
    let judge = |renditions: &[&Rendition], tracks: &[AudioTrack]| -> Report {
        let heard = |it: &&Rendition| (*it).clone().heard_with(tracks);
        let renditions: Vec<Rendition> = renditions.iter().map(heard).collect();
        std::fs::write(&master, master_playlist(&renditions, tracks)).unwrap();
        judged(&master, &Against::default())
    };
    let aligned = |report: &Report| {
        let wrong = report.wrong();
        let found = wrong.iter().find(|it| it.rule == Rule::Aligned);
        found.map(|it| it.detail.clone())
    };
    let near = judge(&[&stream], &[track("near", &sound)]);
    assert!(near.is_right(), "{:#?}", near.wrong());
    let said = aligned(&judge(&[&stream, &fragments], &[])).unwrap();
    assert!(said.contains("different times"), "{said}");
    let said = aligned(&judge(&[&stream], &[track("far", &far)])).unwrap();
    assert!(said.contains("the sound of far/film.m3u8"), "{said}");

    // What is named for each of two tracks is looked into once.
    let tracks = [track("one", &sound)];
    let once = judge(&[&stream], &tracks);
    let text = std::fs::read_to_string(&master).unwrap();
    let line = text
        .lines()
        .find(|it| it.starts_with("#EXT-X-STREAM-INF"))
        .unwrap();
    let again = format!("{text}{line}\nstream/film.m3u8\n");
    std::fs::write(&master, again).unwrap();
    let twice = judged(&master, &Against::default());
    assert!(twice.is_right(), "{:#?}", twice.wrong());
    assert_eq!((once.renditions.len(), twice.renditions.len()), (2, 2));
    assert_eq!(twice.findings.len(), once.findings.len() + 2);
}

/// Nothing in a transport stream tells which of it is priming, and so it seemed late.
#[test]
fn sound_alone_is_in_step_with_its_source() {
    let source = clip("bbb_720p25_aac51.mp4");
    for form in ["ts", "fmp4"] {
        let made = make(&source, &segments(form, json!({"audio": {}})));
        let against = Against {
            source: Some(&source),
            except: &[Rule::Kept],
            ..Against::default()
        };
        let report = judged(&made.main(), &against);
        assert!(report.is_right(), "{form}: {:#?}", report.wrong());
        // A packet of 1024 samples, to a quarter of a millisecond.
        let late = report.measured.sound_offset_ms.unwrap();
        let packet = 1_024_000.0 / f64::from(made.audio().1.sample_rate.unwrap());
        assert!((late - packet).abs() < 0.5, "{form}: {late} of {packet}");
    }
}

/// An engine whose ffprobe does this before it tells of packets.
fn slow(folder: &Path, lines: &str) -> Engine {
    let path = folder.join("ffprobe");
    let real = ENGINE.ffprobe().display();
    let script =
        format!("#!/bin/sh\ncase \"$*\" in *packet=*) {lines};; esac\nexec '{real}' \"$@\"\n");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ffmpeg = Some(ENGINE.ffmpeg().to_owned());
    let found = Engine::discover(&RUNNER, ffmpeg, Some(path), "".as_ref());
    RUNTIME.block_on(found).unwrap()
}

/// On a busy machine right files were said to keep FFmpeg busy without an end.
#[test]
fn a_file_is_given_up_for_its_work_and_not_for_that_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let judge = |engine: &Engine| {
        let scratch = tempfile::tempdir().unwrap();
        let file = clip("speech_libri_5703.ogg");
        let against = Against::default();
        let judged = strict(&RUNNER, engine, scratch.path(), &file, &against);
        RUNTIME.block_on(async { tokio::time::timeout(IN_TIME, judged).await.unwrap() })
    };
    let waits = judge(&slow(folder.path(), "sleep 6"));
    assert!(waits.is_ok(), "{waits:?}");
    let works = judge(&slow(folder.path(), "while :; do :; done"));
    assert!(matches!(works, Err(CheckError::Stuck)), "{works:?}");
    assert!(check(&clip("speech_libri_5703.ogg"), &Against::default()).is_ok());
}

//! One stream on one worker: it runs, is interrupted and goes on, is changed, stopped and given up.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reelgate_domain::stream::{Activity, EndReason, Happening};
use serde_json::json;

use crate::house::{House, files_below, hls, is, recording};
use crate::source::Source;

fn playlist(house: &House) -> String {
    std::fs::read_to_string(house.bucket().join("live/show.m3u8")).unwrap_or_default()
}

/// The segments that a playlist names.
fn segments(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

fn recordings(house: &House) -> Vec<std::path::PathBuf> {
    files_below(&house.bucket().join("recordings"))
}

/// How long a file's picture is, as its packets say.
fn seconds(file: &Path) -> f64 {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-of", "csv=p=0"])
        .args(["-show_entries", "packet=pts_time"])
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let times = text.lines().map(|it| it.trim_end_matches(',').parse());
    let times: Vec<f64> = times.filter_map(Result::ok).collect();
    let last = times.iter().copied().fold(0.0, f64::max);
    let first = times.iter().copied().fold(last, f64::min);
    last - first
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_published_recorded_and_pictured_until_it_is_stopped() {
    let (house, source) = (House::new().await, Source::start());
    let worker = house.worker("one");
    let id = house
        .started(&source.address(), &[hls(3), recording()])
        .await;
    let live = house.live_after(id, 0).await;
    assert_eq!(live.standing.attempt, 1);
    // Each playlist names only what is there.
    house
        .comes("segments have left the window", || {
            let text = playlist(&house);
            for name in segments(&text) {
                assert!(house.bucket().join("live").join(name).exists(), "{text}");
            }
            text.contains("#EXT-X-MEDIA-SEQUENCE:4\n")
        })
        .await;
    let seen = house
        .until(id, "a picture and rates", |it| {
            let health = it.health.as_ref().unwrap();
            health.thumbnail_at.is_some() && health.fps > 20.0 && health.speed > 0.8
        })
        .await;
    let health = seen.health.unwrap();
    assert!(
        health.in_kbps > 100.0 && health.out_kbps > 100.0,
        "{health:?}"
    );
    assert_eq!(health.reconnects, 0, "{health:?}");
    assert_eq!(worker.overview().figures().live, 1);
    let picture = house.service.stream_thumbnail(&house.caller, id).await;
    assert!(picture.unwrap().unwrap().starts_with(&[0xff, 0xd8]));

    house.stop(id).await;
    let gone = house.let_go(id).await;
    assert!(!gone.standing.wanted && gone.standing.ended.is_none());
    let text = playlist(&house);
    assert!(text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
    assert_eq!(segments(&text).len(), 3, "{text}");
    house
        .comes("the recording is in its bucket", || {
            recordings(&house).len() == 1
        })
        .await;
    let file = &recordings(&house)[0];
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(name.ends_with("Z-1.mkv"), "{name}");
    assert!(seconds(file) > 4.0, "{}", seconds(file));
    house
        .comes("nothing is left behind", || {
            files_below(&house.folder("one")).is_empty()
        })
        .await;
    let notes = house
        .store
        .stream_notes(house.account(), id, None, 100)
        .await;
    let notes: Vec<Happening> = notes.unwrap().iter().rev().map(|it| it.what).collect();
    assert_eq!(
        notes,
        [
            Happening::Started,
            Happening::Taken,
            Happening::Live,
            Happening::Stopped,
            Happening::Gone
        ]
    );
    assert_eq!(worker.overview().figures().stops.count, 1);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_comes_back_is_gone_on_with_in_the_same_playlist_and_another_recording() {
    let (house, source) = (House::new().await, Source::start());
    let worker = house.worker("one");
    let id = house
        .started(&source.address(), &[hls(0), recording()])
        .await;
    house.live_after(id, 0).await;
    house
        .comes("two segments", || segments(&playlist(&house)).len() >= 2)
        .await;
    source.goes_away();
    let away = house
        .until(id, "interrupted", |it| is(it, Activity::Interrupted))
        .await;
    assert!(away.standing.wanted);
    let why = away.health.unwrap().last_error.unwrap();
    assert!(why.contains("source"), "{why}");
    house
        .comes("the first recording is kept", || {
            recordings(&house).len() == 1
        })
        .await;
    source.comes_back();
    let back = house
        .until(id, "live again", |it| {
            is(it, Activity::Live) && it.health.as_ref().is_some_and(|it| it.reconnects > 0)
        })
        .await;
    assert_eq!(back.standing.attempt, 1);
    house
        .comes("the playlist goes on", || {
            let text = playlist(&house);
            let after = text.split("#EXT-X-DISCONTINUITY\n").nth(1);
            after.is_some_and(|after| segments(after).len() >= 2)
        })
        .await;
    // One that sends nothing and stays is as good as away.
    source.freezes();
    house
        .until(id, "interrupted by a freeze", |it| {
            is(it, Activity::Interrupted)
                || it.health.as_ref().is_some_and(|health| {
                    health.reconnects > back.health.as_ref().unwrap().reconnects
                })
        })
        .await;
    house.stop(id).await;
    house.let_go(id).await;
    assert!(playlist(&house).ends_with("#EXT-X-ENDLIST\n"));
    worker.shut_down().await;
    assert!(recordings(&house).len() >= 2);
    assert!(recordings(&house).iter().all(|file| seconds(file) > 0.5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_a_running_stream_is_switched_to() {
    let (house, source) = (House::new().await, Source::start());
    let worker = house.worker("one");
    let id = house.started(&source.address(), &[hls(0)]).await;
    house.live_after(id, 0).await;
    house
        .comes("a segment", || !playlist(&house).is_empty())
        .await;
    house.switch(id, &[recording()]).await;
    let folder = house.folder("one");
    house
        .comes("the new process writes", || {
            // A file without anything in it would not be kept.
            files_below(&folder).iter().any(|file| {
                file.ends_with("0/recording.mkv") && file.metadata().is_ok_and(|it| it.len() > 0)
            })
        })
        .await;
    // Nothing follows in what is no output any more.
    house
        .comes("the playlist is closed", || {
            playlist(&house).ends_with("#EXT-X-ENDLIST\n")
        })
        .await;
    house.stop(id).await;
    let gone = house.let_go(id).await;
    assert_eq!((gone.standing.attempt, gone.plan.unwrap().revision), (1, 2));
    worker.shut_down().await;
    assert_eq!(recordings(&house).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_ends_the_stream_and_says_why() {
    let house = House::new().await;
    let worker = house.worker("one");
    let given = async |address: &str| {
        let id = house.started(address, &[recording()]).await;
        let over = house
            .until(id, "given up", |it| it.standing.ended.is_some())
            .await;
        assert!(!over.standing.wanted && over.standing.held.is_none());
        assert_eq!(over.standing.attempt, 1, "tried once");
        house.let_go(id).await;
        let end = over.standing.ended.unwrap();
        assert_eq!(end.reason, EndReason::Unfit, "{end:?}");
        end.message
    };
    let why = given("srt://127.0.0.1:9?mode=listener").await;
    assert!(why.contains("switched off"), "{why}");
    // Inside the operator's network, and not allowed.
    let why = given("rtmp://10.255.255.1/live/a").await;
    assert!(why.contains("no address"), "{why}");
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_never_comes_ends_the_stream_where_it_may() {
    let (house, source) = (House::new().await, Source::start());
    source.goes_away();
    let patient = json!({"stop_after_minutes": 1});
    let id = house
        .started_with(&source.address(), &[recording()], patient)
        .await;
    // It was started a minute ago and has been waited for since.
    let mut tools = house.tools.clone();
    tools.clock = std::sync::Arc::new(Ahead);
    let config = reelgate_worker::live::LiveConfig::new(
        reelgate_domain::WorkerId("later".to_owned()),
        reelgate_domain::node::ClusterName::default(),
        house.folder("later"),
    );
    let worker = reelgate_worker::live::LiveWorker::start(config, tools).unwrap();
    let over = house
        .until(id, "given up", |it| it.standing.ended.is_some())
        .await;
    let end = over.standing.ended.unwrap();
    assert_eq!(end.reason, EndReason::SourceLost, "{end:?}");
    worker.shut_down().await;
}

/// A clock that is a minute ahead.
struct Ahead;

impl reelgate_service::Clock for Ahead {
    fn now(&self) -> reelgate_domain::Timestamp {
        reelgate_service::SystemClock
            .now()
            .after(Duration::from_secs(60))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_and_stops_leave_no_process_file_or_descriptor() {
    let (house, source) = (House::new().await, Source::start());
    let worker = house.worker("one");
    let id = house.started(&source.address(), &[hls(3)]).await;
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let mut counts = Vec::new();
    for round in 0..12 {
        let before = house.stream(id).await.standing.attempt;
        if round > 0 {
            house.start_again(id).await;
        }
        // Some are stopped before they are taken or while they connect, others when they are live.
        if round % 3 == 0 {
            house
                .until(id, "live", |it| {
                    is(it, Activity::Live) && (round == 0 || it.standing.attempt > before)
                })
                .await;
        }
        house.stop(id).await;
        let gone = house.let_go(id).await;
        assert_eq!(gone.standing.run, round + 1);
        counts.push(descriptors());
    }
    house
        .comes("nothing is left behind", || {
            files_below(&house.folder("one")).is_empty()
        })
        .await;
    let folder = house.folder("one");
    let mine = reelgate_testkit::Process::below(std::process::id());
    let left: Vec<_> = mine.iter().filter(|it| it.works_in(&folder)).collect();
    assert!(left.is_empty(), "{left:?}");
    // Other tests open some of their own meanwhile.
    let grown = counts[11].saturating_sub(counts[2]);
    assert!(grown < 60, "{counts:?}");
    worker.shut_down().await;
}

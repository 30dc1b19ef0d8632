//! Processes are stopped, bounded and never left behind.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, Instant};

use reelgate_domain::job::{FaultCode, StopMode};
use reelgate_media::{Engine, EngineError, Part, Stopped, Transcode, TranscodeError, transcode};
use reelgate_testkit::Misbehaviour;
use serde_json::json;
use tokio::sync::oneshot;

use crate::stand_in::{Case, StandIn, endless, nothing_runs_in, running_in};
use crate::support::{ENGINE, IN_TIME, RUNNER, RUNTIME, clip, mp4, out_dir, planned};

#[test]
fn a_stopped_encode_leaves_no_process() {
    let case = Case::new();
    let result = case.stop(&ENGINE, StopMode::Graceful);
    assert!(
        matches!(result, Err(TranscodeError::Stopped(_))),
        "{result:?}"
    );
    assert!(running_in(case.folder.path()).is_empty());
}

#[test]
fn who_ends_when_asked_is_not_killed() {
    let mut case = Case::new();
    case.limits.stop_grace = IN_TIME;
    let StandIn { engine, .. } =
        &StandIn::script("trap 'exit 255' TERM\necho out_time_us=1\nwhile :; do sleep 0.01; done");
    let result = case.stop(engine, StopMode::Graceful);
    assert!(
        matches!(result, Err(TranscodeError::Stopped(Stopped::Asked))),
        "{result:?}"
    );
    assert!(running_in(case.folder.path()).is_empty());
}

#[test]
fn who_ignores_being_asked_is_killed_with_all_it_started() {
    let case = Case::new();
    let StandIn { engine, .. } = &StandIn::new(Misbehaviour::IgnoreTerm);
    let begun = Instant::now();
    let result = case.stop(engine, StopMode::Graceful);
    assert!(
        matches!(result, Err(TranscodeError::Stopped(Stopped::Killed))),
        "{result:?}"
    );
    assert!(begun.elapsed() >= case.limits.stop_grace);
    assert!(running_in(case.folder.path()).is_empty());
}

#[test]
fn what_a_process_leaves_behind_goes_with_it() {
    let case = Case::new();
    // It holds the pipes open as well.
    let StandIn { engine, .. } = &StandIn::new(Misbehaviour::LeaveChild);
    let begun = Instant::now();
    let result = case.run(engine);
    assert!(
        matches!(result, Err(TranscodeError::Fault(_))),
        "{result:?}"
    );
    assert!(begun.elapsed() < IN_TIME);
    nothing_runs_in(case.folder.path());
}

#[test]
fn a_flood_of_words_is_drained_and_bounded() {
    let case = Case::new();
    let StandIn { engine, .. } = &StandIn::script(
        "i=0; while [ $i -lt 40 ]; do head -c 500000 /dev/zero | tr '\\0' x >&2; i=$((i+1)); done\n\
         echo >&2; echo '[fatal] last words' >&2; exit 1",
    );
    let Err(TranscodeError::Fault(fault)) = case.run(engine) else {
        panic!("it cannot succeed");
    };
    assert_eq!(fault.code, FaultCode::EngineFailed);
    let tail = fault.log_tail.unwrap();
    assert!(tail.len() <= 8192);
    assert!(tail.ends_with("last words"), "{tail}");
}

#[test]
fn dropping_an_encode_kills_it() {
    let case = Case::new();
    let StandIn { engine, .. } = &StandIn::new(Misbehaviour::IgnoreTerm);
    let source = clip("bbb_720p25_aac51.mp4");
    let plan = planned(&source, &mp4(endless())).unwrap();
    let out_dir = out_dir(case.folder.path());
    let parts = [Part {
        plan: &plan,
        out_dir: &out_dir,
    }];
    let job = Transcode {
        parts: &parts,
        input: &source,
        further: &[],
        dir: case.folder.path(),
        kept: None,
        limits: &case.limits,
    };
    RUNTIME.block_on(async {
        let (started, starts) = oneshot::channel();
        let mut started = Some(started);
        let on_progress = |_, _| {
            started
                .take()
                .into_iter()
                .for_each(|tell| tell.send(()).unwrap());
        };
        let encode = pin!(transcode(
            &RUNNER,
            engine,
            job,
            on_progress,
            std::future::pending()
        ));
        tokio::select! {
            result = encode => panic!("{result:?}"),
            started = starts => started.unwrap(),
        }
        assert!(!running_in(case.folder.path()).is_empty());
    });
    nothing_runs_in(case.folder.path());
}

#[test]
fn who_takes_too_long_is_ended() {
    let mut case = Case::new();
    case.limits.max_run_time = Duration::from_millis(300);
    let Err(TranscodeError::Fault(fault)) = case.run(&ENGINE) else {
        panic!("it cannot be in time");
    };
    assert_eq!(fault.code, FaultCode::TimedOut);
    assert!(running_in(case.folder.path()).is_empty());
}

#[test]
fn an_output_beyond_its_limit_is_a_matter_of_storage() {
    let mut case = Case::new();
    case.limits.file_bytes = Some(100_000);
    case.video = json!({"preset": "veryfast"});
    let Err(TranscodeError::Fault(fault)) = case.run(&ENGINE) else {
        panic!("it cannot fit");
    };
    assert_eq!(fault.code, FaultCode::StorageFailed, "{fault:?}");
}

#[test]
fn an_encode_can_be_spawned() {
    fn sendable<T: Send>(_: T) {}
    let case = Case::new();
    let source = clip("bbb_720p25_aac51.mp4");
    let plan = planned(&source, &mp4(endless())).unwrap();
    let out_dir = out_dir(case.folder.path());
    let parts = [Part {
        plan: &plan,
        out_dir: &out_dir,
    }];
    let job = Transcode {
        parts: &parts,
        input: &source,
        further: &[],
        dir: case.folder.path(),
        kept: None,
        limits: &case.limits,
    };
    sendable(transcode(
        &RUNNER,
        &ENGINE,
        job,
        |_, _| (),
        std::future::pending(),
    ));
}

#[test]
fn a_missing_or_strange_engine_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let discover = |ffmpeg: Option<PathBuf>, path: &Path| {
        RUNTIME
            .block_on(Engine::discover(&RUNNER, ffmpeg, None, path.as_os_str()))
            .unwrap_err()
    };
    let missing = discover(None, folder.path());
    assert!(matches!(
        missing,
        EngineError::NotFound {
            program: "ffmpeg",
            ..
        }
    ));
    assert!(missing.to_string().contains("apt-get install ffmpeg"));
    let script = |name: &str, body: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let search = Path::new("/usr/local/bin:/usr/bin:/bin");
    let old = script(
        "old",
        "echo 'ffmpeg version 4.4'; echo 'libavcodec 58.134.100 / 58.134.100'",
    );
    assert!(matches!(
        discover(Some(old), search),
        EngineError::TooOld { .. }
    ));
    let other = script("other", "echo hello");
    assert!(matches!(
        discover(Some(other), search),
        EngineError::Unusable { .. }
    ));
    let text = folder.path().join("text");
    std::fs::write(&text, "").unwrap();
    assert!(matches!(
        discover(Some(text), search),
        EngineError::NotExecutable { .. }
    ));
    assert_eq!(ENGINE.capabilities().missing(), []);
}

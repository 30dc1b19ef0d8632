//! Programs that do what FFmpeg will not do on demand end in bounded time, with a cause, and leave
//! nothing behind.

use std::time::{Duration, Instant};

use reelgate_domain::job::{Fault, FaultCode, StopMode};
use reelgate_media::{Against, Engine, Limits, Stopped, TranscodeError, strict};
use reelgate_testkit::Misbehaviour;
use serde_json::json;

use crate::stand_in::{Case, StandIn, nothing_runs_in};
use crate::support::{ENGINE, IN_TIME, RUNNER, RUNTIME, clip};

fn impatient() -> Case {
    let mut case = Case::new();
    case.limits.stall = Some(Duration::from_millis(400));
    case
}

fn fault_of(case: &Case, misbehaviour: Misbehaviour<'_>) -> Fault {
    let stand_in = StandIn::new(misbehaviour);
    let begun = Instant::now();
    let fault = case.fault(&stand_in.engine);
    assert!(begun.elapsed() < IN_TIME, "{misbehaviour:?}: {fault:?}");
    nothing_runs_in(case.folder.path());
    fault
}

#[test]
fn who_makes_no_progress_is_stopped() {
    for misbehaviour in [
        Misbehaviour::Hang,
        Misbehaviour::IgnoreTerm,
        Misbehaviour::FloodErrors,
        Misbehaviour::FloodOutput,
        Misbehaviour::Daemonise,
    ] {
        let mut case = impatient();
        let floods = misbehaviour == Misbehaviour::FloodErrors;
        if floods {
            // It has to get round to it.
            case.limits.stall = Some(Duration::from_secs(3));
        }
        let fault = fault_of(&case, misbehaviour);
        assert_eq!(fault.code, FaultCode::Stalled, "{misbehaviour:?}");
        assert!(fault.code.is_transient());
        let log = fault.log_tail.unwrap_or_default();
        assert!(log.len() <= 8192, "{misbehaviour:?}");
        assert_eq!(log.contains("no end of words"), floods, "{misbehaviour:?}");
    }
}

#[test]
fn writing_without_a_word_is_no_stall() {
    let mut case = Case::new();
    case.limits.stall = Some(Duration::from_secs(4));
    // As FFmpeg does while it moves the index of a file to the front.
    let rewrite = "echo out_time_us=1\n\
                   i=0; while [ $i -lt 100 ]; do echo more >>0/out.mp4; sleep 0.05; i=$((i+1)); done\n\
                   exit 1";
    let begun = Instant::now();
    let fault = fault_of(&case, Misbehaviour::Script(rewrite));
    assert_eq!(fault.code, FaultCode::EngineFailed, "{fault:?}");
    assert!(begun.elapsed() > Duration::from_secs(5));
    // A little of it, and then nothing more.
    let and_hang = rewrite.replace("exit 1", "exec sleep 1000");
    let and_hang = and_hang.replace("-lt 100", "-lt 10");
    let fault = fault_of(&case, Misbehaviour::Script(&and_hang));
    assert_eq!(fault.code, FaultCode::Stalled, "{fault:?}");
}

#[test]
fn who_is_to_end_now_gets_no_grace() {
    let mut case = Case::new();
    case.limits.stop_grace = Duration::from_secs(600);
    let stand_in = StandIn::new(Misbehaviour::IgnoreTerm);
    let result = case.stop(&stand_in.engine, StopMode::Now);
    assert!(
        matches!(result, Err(TranscodeError::Stopped(Stopped::Killed))),
        "{result:?}"
    );
    nothing_runs_in(case.folder.path());
}

#[test]
fn who_dies_in_the_middle_has_failed() {
    let mut case = Case::new();
    case.video = json!({"preset": "veryfast"});
    let fault = fault_of(&case, Misbehaviour::DieAt { bytes: 50_000 });
    assert_eq!(fault.code, FaultCode::EngineFailed, "{fault:?}");
    assert!(fault.message.contains("signal 11"), "{fault:?}");
}

/// Somebody waits for the answer: what it costs is bounded, however busy the machine is.
#[test]
fn a_check_spends_no_more_on_a_file_than_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let spins = Misbehaviour::Script("while :; do :; done");
    let ffprobe = spins.install(folder.path(), ENGINE.ffprobe()).unwrap();
    let ffmpeg = Some(ENGINE.ffmpeg().to_owned());
    let found = Engine::discover(&RUNNER, ffmpeg, Some(ffprobe), "".as_ref());
    let engine = RUNTIME.block_on(found).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let (file, against) = (clip("broken_mdat_too_long.mp4"), Against::default());
    let judged = strict(&RUNNER, &engine, scratch.path(), &file, &against);
    let error = RUNTIME.block_on(judged).unwrap_err().to_string();
    assert!(error.contains("too much work"), "{error}");
}

#[test]
fn claimed_success_without_media_is_a_failure() {
    let fault = fault_of(&Case::new(), Misbehaviour::Garbage);
    assert_eq!(fault.code, FaultCode::EngineFailed, "{fault:?}");
    let fault = fault_of(&Case::new(), Misbehaviour::Nothing);
    assert_eq!(fault.code, FaultCode::StorageFailed, "{fault:?}");
}

#[test]
fn who_takes_too_much_memory_is_killed() {
    let mut case = Case::new();
    case.limits.resident_bytes = Some(150 << 20);
    let fault = case.fault(&ENGINE);
    assert_eq!(fault.code, FaultCode::OverBudget, "{fault:?}");
    assert!(!fault.code.is_transient());
    nothing_runs_in(case.folder.path());
    // The memory may be a child's.
    let hoard = "yes | tail -c 400000000 >/dev/null";
    let fault = fault_of(&case, Misbehaviour::Script(hoard));
    assert_eq!(fault.code, FaultCode::OverBudget, "{fault:?}");
}

#[test]
fn who_takes_too_much_disk_is_killed() {
    let mut case = Case::new();
    case.limits.scratch_bytes = Some(5_000_000);
    let hoard =
        "mkdir deep; while :; do head -c 500000 /dev/urandom >>deep/$((i += 1)); sleep 0.02; done";
    let fault = fault_of(&case, Misbehaviour::Script(hoard));
    assert_eq!(fault.code, FaultCode::OverBudget, "{fault:?}");
}

#[test]
fn what_a_job_may_use_does_not_end_it() {
    let mut case = Case::new();
    case.video = json!({"height": 144, "preset": "veryfast"});
    case.limits = Limits {
        stall: Some(Duration::from_secs(30)),
        resident_bytes: Some(4 << 30),
        scratch_bytes: Some(1 << 30),
        free_floor_bytes: Some(1),
        ..case.limits
    };
    case.run(&ENGINE).unwrap();
}

#[test]
fn a_disk_that_is_nearly_full_ends_a_job_for_another_time() {
    let mut case = Case::new();
    case.limits.free_floor_bytes = Some(u64::MAX);
    let fault = case.fault(&ENGINE);
    assert_eq!(fault.code, FaultCode::StorageFailed, "{fault:?}");
    assert!(fault.code.is_transient());
    nothing_runs_in(case.folder.path());
}

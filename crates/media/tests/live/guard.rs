//! What becomes of FFmpeg when anybody dies or stands still.

use std::fs::read_to_string;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use reelgate_media::live::{BootTime, LiveEnd, LiveLimits, LiveSign, Peers, RECORDING};
use reelgate_media::{Engine, Stopped};
use reelgate_testkit::Misbehaviour;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::peers::Source;
use crate::support::{Case, ENGINE, IN_TIME, RUNNER, RUNTIME, copy, probe, recording};

/// Ten times what is promised, for machines that are busy.
const SOON: Duration = Duration::from_secs(10);
/// For how long the worker below takes its streams at a time; it does so each second.
const LEASE: Duration = Duration::from_secs(6);

/// What a worker of its own process is told, on its standard input.
struct Worker {
    process: Child,
    ffmpeg: Pid,
    guard: Pid,
    _stdout: Lines<BufReader<ChildStdout>>,
    _scratch: TempDir,
    recorded: PathBuf,
}

impl Worker {
    /// Starts this program once more; in it, [`as_a_worker`] records a stream.
    fn start(source: &Source) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let orders = json!({"source": source.address(), "scratch": scratch.path()});
        let mut process = role("guard::as_a_worker");
        let mut stdin = process.stdin.take().unwrap();
        writeln!(stdin, "{orders}").unwrap();
        // Left open: the worker would see the end of it.
        std::mem::forget(stdin);
        let (answer, stdout) = answer(&mut process);
        let pid = |name: &str| Pid::from_raw(answer[name].as_i64().unwrap() as i32).unwrap();
        Self {
            ffmpeg: pid("ffmpeg"),
            guard: pid("guard"),
            process,
            recorded: scratch.path().join("0").join(RECORDING),
            _stdout: stdout,
            _scratch: scratch,
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    fn all_gone(&self) {
        gone(self.ffmpeg);
        gone(self.guard);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// This program, running one test that is a role.
fn role(name: &str) -> Child {
    #[expect(
        clippy::disallowed_methods,
        reason = "a worker that is to be killed needs a process of its own"
    )]
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", name, "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The first line of JSON that a role prints. It has to be able to print more.
fn answer(process: &mut Child) -> (Value, Lines<BufReader<ChildStdout>>) {
    let stdout = process.stdout.take().unwrap();
    let mut lines = BufReader::new(stdout).lines();
    let value = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let begin = line.find('{')?;
        serde_json::from_str(&line[begin..]).ok()
    });
    (value.expect("the role answers"), lines)
}

/// The state and the parent of a process that is there.
fn state(pid: Pid) -> Option<(char, i32)> {
    let stat = read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}

/// Waits until a process is gone, or is dead but for being reaped by whoever inherited it.
fn gone(pid: Pid) {
    let begun = Instant::now();
    while state(pid).is_some_and(|(state, _)| state != 'Z') {
        assert!(begun.elapsed() < IN_TIME, "{pid:?} is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn parent(pid: i32) -> Pid {
    let (_, parent) = state(Pid::from_raw(pid).unwrap()).unwrap();
    Pid::from_raw(parent).unwrap()
}

/// An engine whose FFmpeg does something else when it is to work.
pub(crate) fn stand_in(folder: &Path, misbehaviour: Misbehaviour<'_>) -> Engine {
    let ffmpeg = misbehaviour.install(folder, ENGINE.ffmpeg()).unwrap();
    let ffprobe = Some(ENGINE.ffprobe().to_owned());
    let found = Engine::discover(&RUNNER, Some(ffmpeg), ffprobe, "".as_ref());
    RUNTIME.block_on(found).unwrap()
}

/// Says so once it no longer hears that it is asked to end.
const DEAF: Misbehaviour<'_> =
    Misbehaviour::Script("trap '' TERM\necho progress=continue\nwhile :; do sleep 1; done");

/// A stream that is never connected to, for what does not look at it.
fn unseen() -> Case {
    Case::new("http://127.0.0.1:9/live.flv", &[(recording(), copy())])
}

#[test]
#[ignore = "the role of a worker, in a process of its own that others end"]
fn as_a_worker() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let orders: Value = serde_json::from_str(&line).unwrap();
    let text = |name: &str| orders[name].as_str().unwrap();
    let mut case = Case::new(text("source"), &[(recording(), copy())]);
    case.until = BootTime::now() + LEASE;
    RUNTIME.block_on(async {
        let peers = Peers::of(&case.plan, |_| true).await.unwrap();
        let scratch = Path::new(text("scratch"));
        let command = case.command(scratch, &peers);
        let mut process = reelgate_media::live(&RUNNER, &ENGINE, command)
            .await
            .unwrap();
        let ffmpeg = process.id();
        let mut has_answered = false;
        loop {
            let sign = process.next().await;
            process.renew(BootTime::now() + LEASE);
            let LiveSign::Progress(progress) = sign else {
                continue;
            };
            if progress.frames > 30 && !has_answered {
                has_answered = true;
                let guard = parent(ffmpeg).as_raw_nonzero();
                println!("{}", json!({"ffmpeg": ffmpeg, "guard": guard.get()}));
            }
        }
    });
}

#[test]
fn a_killed_worker_takes_its_streams_along_and_recordings_are_whole() {
    let source = Source::start();
    let worker = Worker::start(&source);
    let begun = Instant::now();
    worker.signal(Signal::KILL);
    worker.all_gone();
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(probe(&worker.recorded).seconds > 1.0);
}

#[test]
fn a_worker_that_stands_still_loses_its_streams_at_their_deadline() {
    let source = Source::start();
    let worker = Worker::start(&source);
    worker.signal(Signal::STOP);
    worker.all_gone();
    let (state, _) = state(Pid::from_child(&worker.process)).unwrap();
    assert_eq!(state, 'T');
}

#[test]
fn ffmpeg_dies_with_its_guard_and_a_killed_ffmpeg_is_told_of() {
    let source = Source::start();
    let case = Case::new(&source.address(), &[(recording(), copy())]);
    let mut stream = RUNTIME.block_on(case.start());
    let ffmpeg = Pid::from_raw(stream.process.id()).unwrap();
    kill_process(parent(stream.process.id()), Signal::KILL).unwrap();
    let ended = RUNTIME.block_on(stream.ended());
    assert_eq!(ended.how, LiveEnd::GuardLost);
    gone(ffmpeg);

    let source = Source::start();
    let case = Case::new(&source.address(), &[(recording(), copy())]);
    let mut stream = RUNTIME.block_on(case.start());
    RUNTIME.block_on(stream.frames(25));
    let ffmpeg = Pid::from_raw(stream.process.id()).unwrap();
    kill_process(ffmpeg, Signal::KILL).unwrap();
    let ended = RUNTIME.block_on(stream.ended());
    assert_eq!(ended.how, LiveEnd::Signalled(9));
    // What was written until then can be read.
    let recorded = stream.scratch.path().join("0").join(RECORDING);
    assert!(!probe(&recorded).keys.is_empty());
}

#[test]
fn whoever_ignores_being_asked_is_killed_with_all_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let engine = stand_in(folder.path(), DEAF);
    let mut stream = RUNTIME.block_on(unseen().start_with(&engine));
    RUNTIME.block_on(stream.frames(0));
    let group = Pid::from_raw(stream.process.id()).unwrap();
    let ended = RUNTIME.block_on(stream.process.stop(Duration::from_millis(200)));
    assert_eq!(ended.how, LiveEnd::Asked(Stopped::Killed));
    assert!(rustix::process::test_kill_process_group(group).is_err());

    let engine = stand_in(folder.path(), Misbehaviour::LeaveChild);
    let mut stream = RUNTIME.block_on(unseen().start_with(&engine));
    let group = Pid::from_raw(stream.process.id()).unwrap();
    let ended = RUNTIME.block_on(stream.ended());
    assert_eq!(ended.how, LiveEnd::Exited(3));
    assert!(rustix::process::test_kill_process_group(group).is_err());
}

#[test]
fn a_deadline_holds_for_a_process_that_was_asked_to_end_and_moves_when_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let engine = stand_in(folder.path(), DEAF);
    let mut case = unseen();
    case.until = BootTime::now() + Duration::from_secs(3);
    let mut stream = RUNTIME.block_on(case.start_with(&engine));
    let until = case.until + Duration::from_secs(1);
    stream.process.renew(until);
    RUNTIME.block_on(stream.frames(0));
    stream.process.ask_to_stop(IN_TIME);
    let ended = RUNTIME.block_on(stream.ended());
    assert_eq!(ended.how, LiveEnd::Asked(Stopped::Killed));
    assert!(BootTime::now() >= until);
}

#[test]
fn too_much_memory_ends_a_stream() {
    let source = Source::start();
    let case = Case::new(&source.address(), &[(recording(), copy())]);
    let scratch = tempfile::tempdir().unwrap();
    let ended = RUNTIME.block_on(async {
        let peers = Peers::of(&case.plan, |_| true).await.unwrap();
        let mut command = case.command(scratch.path(), &peers);
        command.limits = LiveLimits {
            resident_bytes: Some(1 << 20),
            ..LiveLimits::default()
        };
        let mut process = reelgate_media::live(&RUNNER, &ENGINE, command)
            .await
            .unwrap();
        loop {
            if let LiveSign::Ended(ended) = process.next().await {
                return ended;
            }
        }
    });
    assert_eq!(ended.how, LiveEnd::TooMuchMemory);
}

#[test]
fn a_hundred_starts_and_stops_leave_nothing_behind() {
    let mut process = role("guard::as_one_that_starts_and_stops");
    let (answer, rest) = answer(&mut process);
    rest.for_each(drop);
    assert!(process.wait().unwrap().success());
    assert_eq!(answer["files_before"], answer["files_after"], "{answer}");
    assert_eq!(answer["children_after"], 0, "{answer}");
}

#[test]
#[ignore = "a role: what it counts is its process's"]
fn as_one_that_starts_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let engine = stand_in(folder.path(), Misbehaviour::Hang);
    let case = unseen();
    let cycle = || {
        let stream = RUNTIME.block_on(case.start_with(&engine));
        let ended = RUNTIME.block_on(stream.process.stop(SOON));
        assert_eq!(ended.how, LiveEnd::Asked(Stopped::Asked));
    };
    let files = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    // The first one opens what stays open.
    cycle();
    let files_before = files();
    (0..100).for_each(|_| cycle());
    // The runtime reaps guards, and closes what belonged to them, in its own time.
    let begun = Instant::now();
    while (files() != files_before || children() > 0) && begun.elapsed() < IN_TIME {
        // Made inside of it: a timer belongs to the runtime it is made in.
        RUNTIME.block_on(async { tokio::time::sleep(Duration::from_millis(5)).await });
    }
    let counts = json!({
        "files_before": files_before, "files_after": files(), "children_after": children(),
    });
    println!("{counts}");
}

/// Processes that this one has started, dead or alive.
fn children() -> usize {
    let own = rustix::process::getpid().as_raw_nonzero().get();
    let processes = std::fs::read_dir("/proc").unwrap().map_while(Result::ok);
    let pids = processes.filter_map(|it| Pid::from_raw(it.file_name().to_str()?.parse().ok()?));
    pids.filter(|pid| state(*pid).is_some_and(|(_, parent)| parent == own))
        .count()
}

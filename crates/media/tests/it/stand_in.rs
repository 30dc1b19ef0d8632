//! Transcodes by a program that does what FFmpeg will not do on demand.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reelgate_domain::job::{Fault, StopMode};
use reelgate_media::{Engine, Limits, Part, Transcode, TranscodeError, Transcoded, transcode};
use reelgate_testkit::Misbehaviour;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::support::{ENGINE, IN_TIME, RUNNER, RUNTIME, clip, mp4, out_dir, planned};

/// Takes far longer than any test.
pub(crate) fn endless() -> serde_json::Value {
    json!({"width": 4096, "height": 4096, "preset": "slower", "fps": 60.0})
}

/// Directories under `/proc` of processes that run in `folder`.
pub(crate) fn running_in(folder: &Path) -> Vec<PathBuf> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes
        .map(|entry| entry.path())
        .filter(|process| std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == folder))
        .collect()
}

pub(crate) fn nothing_runs_in(folder: &Path) {
    // A killed process takes a moment to go.
    let begun = Instant::now();
    while !running_in(folder).is_empty() {
        let is_early = begun.elapsed() < IN_TIME;
        assert!(is_early, "left behind: {:?}", running_in(folder));
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// An engine whose FFmpeg behaves when it is asked what it can do, and not when it is to work.
pub(crate) struct StandIn {
    pub(crate) engine: Engine,
    _folder: TempDir,
}

impl StandIn {
    pub(crate) fn new(misbehaviour: Misbehaviour<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = misbehaviour
            .install(folder.path(), ENGINE.ffmpeg())
            .unwrap();
        let ffprobe = Some(ENGINE.ffprobe().to_owned());
        let found = Engine::discover(&RUNNER, Some(path), ffprobe, "".as_ref());
        Self {
            engine: RUNTIME.block_on(found).unwrap(),
            _folder: folder,
        }
    }

    pub(crate) fn script(lines: &str) -> Self {
        Self::new(Misbehaviour::Script(lines))
    }
}

/// One output of a short clip.
pub(crate) struct Case {
    pub(crate) folder: TempDir,
    pub(crate) limits: Limits,
    pub(crate) video: serde_json::Value,
    pub(crate) input: PathBuf,
}

impl Case {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            limits: Limits {
                stop_grace: Duration::from_millis(300),
                ..Limits::default()
            },
            video: endless(),
            input: clip("bbb_720p25_aac51.mp4"),
        }
    }

    pub(crate) fn run(&self, engine: &Engine) -> Result<Transcoded, TranscodeError> {
        self.run_until(engine, std::future::pending())
    }

    /// Asks it to stop at the first sign of progress.
    pub(crate) fn stop(
        &self,
        engine: &Engine,
        mode: StopMode,
    ) -> Result<Transcoded, TranscodeError> {
        self.run_until(engine, std::future::ready(mode))
    }

    pub(crate) fn fault(&self, engine: &Engine) -> Fault {
        match self.run(engine) {
            Err(TranscodeError::Fault(fault)) => fault,
            other => panic!("no fault: {other:?}"),
        }
    }

    /// What was written to a file of the process's own directory.
    pub(crate) fn written(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    /// Awaits `stop` from the first sign of progress on.
    pub(crate) fn run_until(
        &self,
        engine: &Engine,
        stop: impl Future<Output = StopMode>,
    ) -> Result<Transcoded, TranscodeError> {
        let source = clip("bbb_720p25_aac51.mp4");
        let plan = planned(&source, &mp4(self.video.clone())).unwrap();
        let out_dir = out_dir(self.folder.path());
        let parts = [Part {
            plan: &plan,
            out_dir: &out_dir,
        }];
        let job = Transcode {
            parts: &parts,
            input: &self.input,
            further: &[],
            dir: self.folder.path(),
            kept: None,
            limits: &self.limits,
        };
        let (started, starts) = oneshot::channel();
        let mut started = Some(started);
        let on_progress = |_, _| {
            if let Some(started) = started.take() {
                started.send(()).unwrap();
            }
        };
        let stop = async {
            starts.await.unwrap();
            stop.await
        };
        let made = RUNTIME.block_on(transcode(&RUNNER, engine, job, on_progress, stop));
        made.and_then(|mut results| results.remove(0).map_err(TranscodeError::Fault))
    }
}

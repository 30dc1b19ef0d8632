//! How soon things happen in the real program: a job's first process after its submit, the end of its
//! processes after its cancel. Calls go over HTTP; what happens is seen from outside.

use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::{Value, json};

use crate::clip;
use crate::figure::{Figure, Goal};
use crate::native::Native;
use crate::program::{Engine, Node, Program};
use crate::rounds::{millis, percentile};

const SAMPLES: usize = 100;

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// Until the server has nothing to do any more after a job.
const IDLE: Duration = Duration::from_millis(40);

pub(crate) fn figures(dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let engine = copy_of(&Engine::find()?, dir)?;
    let mut program = Program::start(&dir.join("data"), &engine, &["--slots", "1"])?;
    clip::PLAIN.make_long(&engine, &program.object(LONG))?;
    fs::write(program.object(TEXT), "no media")?;
    let mut watched = Watched {
        api: &mut program.api,
        worker: &program.node,
        engine: &engine,
    };
    let mut waits = watched.starts(SAMPLES)?;
    let name = "submit to the start of its first process, p99";
    tell(distribution(name, &mut waits, 100.0));
    let mut cancels = watched.cancels(SAMPLES)?;
    let name = "cancel to the worker being told, p99";
    tell(distribution(name, &mut cancels.told, 50.0));
    let name = "cancel to its process group gone, p99";
    tell(distribution(name, &mut cancels.gone, 500.0));
    program.stop()
}

/// A program that makes calls possible, a process that runs what they submit, and the programs that it starts.
pub(crate) struct Watched<'p> {
    pub(crate) api: &'p mut Native,
    pub(crate) worker: &'p Node,
    /// Of its own, so that opening one of its files means that this process starts it.
    pub(crate) engine: &'p Engine,
}

/// Milliseconds from the moment that a cancel is sent.
pub(crate) struct Cancels {
    /// Until the worker passes it on.
    pub(crate) told: Vec<f64>,
    /// Until the last of the job's processes is gone.
    pub(crate) gone: Vec<f64>,
}

/// An object that is no media, so that a job ends with its first process.
pub(crate) const TEXT: &str = "text.mp4";
/// An object that takes a while to encode.
pub(crate) const LONG: &str = "long.mp4";

/// A job that makes something of this object.
pub(crate) fn job(object: &str, preset: &str) -> Value {
    json!({"input": format!("oss://media/{object}"),
        "outputs": [{"object": "oss://media/out.mp4", "preset": preset}]})
}

impl Watched<'_> {
    /// Milliseconds from the moment that a submit is sent until the job's first process.
    pub(crate) fn starts(&mut self, samples: usize) -> Result<Vec<f64>> {
        let starts = opened(&[&self.engine.ffmpeg, &self.engine.ffprobe])?;
        let job = job(TEXT, "web-240p");
        let mut waits = Vec::with_capacity(samples);
        for _ in 0..samples {
            std::thread::sleep(IDLE);
            while starts.try_recv().is_ok() {}
            let submitted = Instant::now();
            let id = self.api.submit(&job)?;
            let started = starts.recv_timeout(PATIENCE).context("nothing started")?;
            waits.push(millis(started.saturating_duration_since(submitted)));
            self.api.ended(&id)?;
        }
        Ok(waits)
    }

    /// Of jobs that are being encoded.
    pub(crate) fn cancels(&mut self, samples: usize) -> Result<Cancels> {
        let starts = opened(&[&self.engine.ffmpeg])?;
        let job = job(LONG, "web-720p");
        let (mut told, mut gone) = (Vec::new(), Vec::new());
        for sample in 0..samples {
            while starts.try_recv().is_ok() {}
            let id = self.api.submit(&job)?;
            starts.recv_timeout(PATIENCE).context("nothing started")?;
            // At other moments of the encoding each time: of 37 ms it begins with to 300 ms of it.
            std::thread::sleep(Duration::from_millis(sample as u64 * 37 % 263 + 37));
            let group = group_of(&self.engine.ffmpeg)?;
            let cancelled = Instant::now();
            let path = format!("/jobs/{id}/cancel");
            self.api.call("POST", &path, None)?;
            wait_for_ends(&group)?;
            gone.push(millis(cancelled.elapsed()));
            let words = format!("job {id} is told to end");
            let when = self.worker.when_said(&words)?;
            told.push(millis(when.saturating_duration_since(cancelled)));
            let ended = self.api.ended(&id)?;
            ensure!(
                ended["state"] == "cancelled",
                "a job was not cancelled: {ended}"
            );
        }
        Ok(Cancels { told, gone })
    }
}

pub(crate) fn copy_of(engine: &Engine, dir: &Path) -> Result<Engine> {
    let copy = |file: &Path, name: &str| -> Result<PathBuf> {
        let to = dir.join(name);
        fs::copy(file, &to)?;
        Ok(to)
    };
    Ok(Engine {
        ffmpeg: copy(&engine.ffmpeg, "ffmpeg")?,
        ffprobe: copy(&engine.ffprobe, "ffprobe")?,
    })
}

/// When one of these files was opened, which starting a program does.
fn opened(files: &[&Path]) -> Result<Receiver<Instant>> {
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC)?;
    for file in files {
        inotify::add_watch(&watch, *file, inotify::WatchFlags::OPEN)?;
    }
    let (times, opened) = channel();
    std::thread::spawn(move || {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(watch, &mut buffer);
        while events.next().is_ok() {
            if times.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    Ok(opened)
}

pub(crate) fn distribution(name: &str, samples: &mut [f64], most_ms: f64) -> Figure {
    let p99 = percentile(samples, 0.99);
    let note = format!(
        "{} samples: median {:.1} ms, largest {:.1} ms",
        samples.len(),
        percentile(samples, 0.5),
        percentile(samples, 1.0)
    );
    Figure::alone(name, "ms", p99, Goal::Within(most_ms)).with_note(note)
}

/// Every process of the group that runs this program.
fn group_of(file: &Path) -> Result<Vec<OwnedFd>> {
    let name = file.as_os_str().as_encoded_bytes();
    let until = Instant::now() + PATIENCE;
    loop {
        let all: Vec<u32> = processes();
        let runs = |id: &&u32| {
            let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).next() == Some(name)
        };
        if let Some(group) = all.iter().find(runs).and_then(|id| group(*id)) {
            let members = all.iter().filter(|id| self::group(**id) == Some(group));
            let handle = |id: &u32| Pid::from_raw(id.cast_signed()).map(handle);
            // One that has ended meanwhile is as good as gone.
            return Ok(members.filter_map(handle).flatten().collect());
        }
        ensure!(Instant::now() < until, "no process runs {}", file.display());
        std::thread::yield_now();
    }
}

pub(crate) fn handle(id: Pid) -> Option<OwnedFd> {
    pidfd_open(id, PidfdFlags::empty()).ok()
}

pub(crate) fn processes() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// A process's group; `None` if it is gone.
fn group(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(2)?.parse().ok()
}

pub(crate) fn wait_for_ends(processes: &[OwnedFd]) -> Result<()> {
    for process in processes {
        let mut ends = [PollFd::new(process, PollFlags::IN)];
        let patience = PATIENCE.try_into()?;
        ensure!(
            poll(&mut ends, Some(&patience))? == 1,
            "a process does not end"
        );
    }
    Ok(())
}

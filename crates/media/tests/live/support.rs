//! One runtime and engine for all tests, plans, and peers on loopback.

use std::net::{IpAddr, TcpListener};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use reelgate_domain::stream::StreamPlan;
use reelgate_media::live::{
    BootTime, LiveCommand, LiveEnded, LiveLimits, LiveSign, Peers, SourceFacts,
};
use reelgate_media::{Engine, LiveProcess, Runner, live};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
pub(crate) static RUNNER: LazyLock<Runner> =
    LazyLock::new(|| Runner::start(RUNTIME.handle().clone()).unwrap());
pub(crate) static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let found = Engine::discover(&RUNNER, None, None, "/usr/local/bin:/usr/bin:/bin".as_ref());
    RUNTIME
        .block_on(found)
        .unwrap_or_else(|error| panic!("these tests need FFmpeg: {error}"))
});

/// On the busiest of machines everything that happens has happened by then.
pub(crate) const IN_TIME: Duration = Duration::from_secs(120);

pub(crate) fn copy() -> Value {
    json!({"codec": "copy"})
}

pub(crate) fn small() -> Value {
    json!({"codec": "h264", "height": {"pixels": 120}, "width": "ratio",
           "video_kbps": {"fixed": 200}, "gop": {"fixed": {"frames": 25}}})
}

pub(crate) fn push(address: &str) -> Value {
    json!({"to": "push", "address": address})
}

pub(crate) fn recording() -> Value {
    json!({"to": "recording", "bucket": "media", "folder": "recordings"})
}

pub(crate) fn hls(seconds: u32, window: u32) -> Value {
    json!({"to": "hls", "bucket": "media", "playlist": "live/a.m3u8",
           "segment_seconds": seconds, "window": window})
}

/// A plan from its input's address and its outputs with their settings.
pub(crate) fn plan(input: &str, outputs: &[(Value, Value)]) -> StreamPlan {
    let outputs: Vec<Value> = outputs
        .iter()
        .map(|(target, settings)| json!({"target": target, "settings": settings}))
        .collect();
    serde_json::from_value(json!({
        "revision": 1,
        "input": {"address": input, "frozen_after_ms": 5000},
        "outputs": outputs,
        "on_source_lost": "keep_trying",
        "latency": "low",
    }))
    .unwrap()
}

/// A stream that was started, with its scratch directory.
pub(crate) struct Started {
    pub(crate) process: LiveProcess,
    pub(crate) scratch: TempDir,
}

pub(crate) struct Case {
    pub(crate) plan: StreamPlan,
    pub(crate) until: BootTime,
    pub(crate) source: Option<SourceFacts>,
    pub(crate) thumbnail_every: Option<Duration>,
    pub(crate) may_listen: bool,
}

impl Case {
    pub(crate) fn new(input: &str, outputs: &[(Value, Value)]) -> Self {
        // It cannot be found from within the runtime.
        LazyLock::force(&ENGINE);
        Self {
            plan: plan(input, outputs),
            until: BootTime::now() + IN_TIME,
            source: None,
            thumbnail_every: None,
            may_listen: false,
        }
    }

    pub(crate) async fn start(&self) -> Started {
        self.start_with(&ENGINE).await
    }

    pub(crate) async fn start_with(&self, engine: &Engine) -> Started {
        let loopback = |address: IpAddr| address.is_loopback();
        let peers = Peers::of(&self.plan, loopback).await.unwrap();
        self.start_to(engine, &peers).await
    }

    pub(crate) async fn start_to(&self, engine: &Engine, peers: &Peers) -> Started {
        let scratch = tempfile::tempdir().unwrap();
        let process = live(&RUNNER, engine, self.command(scratch.path(), peers))
            .await
            .unwrap();
        Started { process, scratch }
    }

    pub(crate) fn command<'a>(&'a self, scratch: &'a Path, peers: &'a Peers) -> LiveCommand<'a> {
        LiveCommand {
            plan: &self.plan,
            scratch,
            peers,
            source: self.source.as_ref(),
            first_segment: 1,
            thumbnail_every: self.thumbnail_every,
            may_listen: self.may_listen,
            limits: LiveLimits::default(),
            until: self.until,
        }
    }
}

impl Started {
    /// The first sign that `wanted` makes something of; what was seen until then is in the message if none comes.
    pub(crate) async fn until<T>(&mut self, mut wanted: impl FnMut(&LiveSign) -> Option<T>) -> T {
        let mut seen = Vec::new();
        let awaited = async {
            loop {
                let sign = self.process.next().await;
                if let Some(found) = wanted(&sign) {
                    return Some(found);
                }
                let is_end = matches!(sign, LiveSign::Ended(_));
                seen.push(sign);
                if is_end {
                    return None;
                }
            }
        };
        let found = tokio::time::timeout(IN_TIME, awaited).await;
        match found {
            Ok(Some(found)) => found,
            other => panic!("{:?} after {seen:#?}", other.is_ok()),
        }
    }

    /// Waits until so many frames have come out.
    pub(crate) async fn frames(&mut self, wanted: u64) {
        self.until(|sign| match sign {
            LiveSign::Progress(progress) if progress.frames >= wanted => Some(()),
            _ => None,
        })
        .await;
    }

    pub(crate) async fn ended(&mut self) -> LiveEnded {
        self.until(|sign| match sign {
            LiveSign::Ended(ended) => Some(ended.clone()),
            _ => None,
        })
        .await
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

/// What a file holds, by FFmpeg's own measure.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) codec: String,
    pub(crate) height: u32,
    /// As its header says.
    pub(crate) seconds: f64,
    /// Times of key frames after the first picture.
    pub(crate) keys: Vec<f64>,
    /// How much later than the picture the sound begins.
    pub(crate) offset: f64,
}

pub(crate) fn probe(file: &Path) -> Made {
    let show = |stream: &str, entries: &str| {
        #[expect(
            clippy::disallowed_methods,
            reason = "measurements must not depend on what they measure"
        )]
        let mut command = std::process::Command::new(ENGINE.ffprobe());
        command.args(["-v", "error", "-of", "csv=p=0", "-select_streams", stream]);
        let output = command
            .args(["-show_entries", entries])
            .arg(file)
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}: {log}", file.display());
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text
            .lines()
            .map(|line| line.trim_end_matches(',').to_owned());
        lines
            .filter(|line| !line.is_empty())
            .collect::<Vec<String>>()
    };
    let stream = &show("v:0", "stream=codec_name,height")[0];
    let (codec, height) = stream.split_once(',').unwrap();
    let seconds = show("v:0", "format=duration")[0].parse().unwrap_or(0.0);
    let packets: Vec<(f64, bool)> = show("v:0", "packet=pts_time,flags")
        .iter()
        .map(|line| {
            let (time, flags) = line.split_once(',').unwrap();
            (time.parse().unwrap(), flags.starts_with('K'))
        })
        .collect();
    let first = packets[0].0;
    let sound: f64 = show("a:0", "packet=pts_time")[0].parse().unwrap();
    Made {
        codec: codec.to_owned(),
        height: height.parse().unwrap(),
        seconds,
        keys: packets
            .iter()
            .filter(|it| it.1)
            .map(|it| it.0 - first)
            .collect(),
        offset: sound - first,
    }
}

//! One live FFmpeg with its guard, as seen from the worker.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reelgate_domain::stream::{Scheme, StreamAddress, StreamTarget};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, ChildStdout};

use super::authorities::authorities;
use super::guard::orders::{Gone, Lines, Order, Reach, Report, Seen, Spec, Why, line};
use super::{Runner, Stopped};
use crate::engine::Engine;
use crate::live::argv::{Live, argv, verifies};
use crate::live::log::LogReader;
use crate::live::progress::BlockReader;
use crate::live::{
    AUTHORITIES, BootTime, LiveCause, LiveCommand, LiveEnd, LiveEnded, LiveError, LiveProgress,
    LiveSign, Peers,
};

/// How long a process that lost its guard may take to be seen gone; the kernel ends it with the guard.
const AFTER_GUARD: Duration = Duration::from_secs(5);

/// A running FFmpeg and the guard beside it. Dropping it ends both: FFmpeg is asked first and killed half a
/// second later.
#[derive(Debug)]
pub struct LiveProcess {
    pid: i32,
    guard: Guard,
    stdout: Pipe<ChildStdout>,
    stderr: Pipe<ChildStderr>,
    log: LogReader,
    blocks: BlockReader,
    progress: LiveProgress,
    signs: VecDeque<LiveSign>,
    gone: Option<Gone>,
    has_ended: bool,
}

/// The guard and the socket to it.
#[derive(Debug)]
struct Guard {
    socket: UnixStream,
    lines: Lines,
    is_open: bool,
    /// Awaited by the runtime when it is dropped.
    _process: Child,
    /// Its thread has to outlive what it has forked.
    _runner: Runner,
}

/// Starts one FFmpeg for a plan, beside a guard that ends it at its deadline and when this process dies.
///
/// # Errors
///
/// What cannot work is told by name before anything starts.
pub async fn live(
    runner: &Runner,
    engine: &Engine,
    command: LiveCommand<'_>,
) -> Result<LiveProcess, LiveError> {
    let args = argv(Live {
        plan: command.plan,
        source: command.source,
        first_segment: command.first_segment,
        thumbnail_every: command.thumbnail_every,
        may_listen: command.may_listen,
        capabilities: engine.capabilities(),
    })?;
    for (index, output) in command.plan.outputs.iter().enumerate() {
        if !matches!(output.target, StreamTarget::Push { .. }) {
            let folder = command.scratch.join(index.to_string());
            std::fs::create_dir_all(folder).map_err(LiveError::Start)?;
        }
    }
    if verifies(command.plan) {
        let file = command.scratch.join(AUTHORITIES);
        std::fs::write(file, authorities()).map_err(LiveError::Start)?;
    }
    let spec = Spec {
        program: engine.ffmpeg().into(),
        args,
        folder: command.scratch.into(),
        until: command.until,
        file_bytes: command.limits.file_bytes,
        resident_bytes: command.limits.resident_bytes,
        walls: runner.sandbox.walls(),
        reach: reach(&command),
    };
    let log = LogReader::new(command.plan);
    LiveProcess::start(runner, spec, log)
        .await
        .map_err(LiveError::Start)
}

/// Whom the outputs and the input talk to, from the peers that were looked up.
fn reach(command: &LiveCommand<'_>) -> Reach {
    let addresses: Vec<&StreamAddress> = command.plan.addresses().collect();
    let Peers(peers) = command.peers;
    let mut reach = Reach::default();
    for peer in peers {
        let is_this = |it: &&&StreamAddress| {
            it.port() == peer.port && it.host().trim_matches(['[', ']']) == peer.host
        };
        let spoken = addresses.iter().filter(is_this);
        let spoken: Vec<Scheme> = spoken.map(|it| it.scheme()).collect();
        let places = peer.addresses.iter();
        let places = places.map(|it| SocketAddr::new(*it, peer.port));
        if spoken.contains(&Scheme::Srt) {
            reach.udp.extend(places.clone());
        }
        // One that no address names was added for what a playlist names.
        if spoken.is_empty() || spoken.iter().any(|it| *it != Scheme::Srt) {
            reach.tcp.extend(places);
        }
        reach
            .hosts
            .push((peer.host.clone(), peer.addresses.clone()));
    }
    let listeners = addresses.iter().filter(|it| it.listens());
    let listeners = listeners.filter_map(|it| {
        let host = it.host();
        let host = host.trim_matches(['[', ']']);
        Some(SocketAddr::new(host.parse().ok()?, it.port()))
    });
    reach.listens.extend(listeners);
    reach
}

impl LiveProcess {
    async fn start(runner: &Runner, spec: Spec, log: LogReader) -> io::Result<Self> {
        let (socket, mut process) = runner.spawn_guard().await?;
        let socket = UnixStream::from_std(socket)?;
        let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
        let mut guard = Guard {
            socket,
            lines: Lines::default(),
            is_open: true,
            _process: process,
            _runner: runner.clone(),
        };
        guard.tell_all(&Order::Start(Box::new(spec))).await?;
        let pid = match guard.hear().await? {
            Some(Report::Started { pid }) => pid,
            Some(Report::Failed { errno }) => return Err(io::Error::from_raw_os_error(errno)),
            _ => return Err(io::Error::other("the guard did not start")),
        };
        Ok(Self {
            pid,
            guard,
            stdout: Pipe::new(stdout),
            stderr: Pipe::new(stderr),
            log,
            blocks: BlockReader::default(),
            progress: LiveProgress::default(),
            signs: VecDeque::new(),
            gone: None,
            has_ended: false,
        })
    }

    /// FFmpeg's process id, for messages.
    pub fn id(&self) -> i32 {
        self.pid
    }

    /// Moves the deadline; it never moves back. Take `until` from a clock that was read *before* the lease was
    /// renewed.
    pub fn renew(&mut self, until: BootTime) {
        self.guard.tell(&Order::Renew(until));
    }

    /// Asks FFmpeg to end, and to be killed after `grace`. [`LiveSign::Ended`] follows.
    pub fn ask_to_stop(&mut self, grace: Duration) {
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        self.guard.tell(&Order::Stop { grace_ms });
    }

    /// The next sign. After [`LiveSign::Ended`] it is pending for ever. Cancel safe.
    pub async fn next(&mut self) -> LiveSign {
        loop {
            if let Some(sign) = self.signs.pop_front() {
                return sign;
            }
            if self.has_ended {
                return std::future::pending().await;
            }
            let is_quiet = !self.stdout.is_open() && !self.stderr.is_open();
            if is_quiet && (self.gone.is_some() || !self.guard.is_open) {
                let ended = self.ended();
                self.has_ended = true;
                return LiveSign::Ended(ended);
            }
            self.take_in().await;
        }
    }

    /// Asks it to stop and awaits the end; signs until then are dropped.
    pub async fn stop(mut self, grace: Duration) -> LiveEnded {
        self.ask_to_stop(grace);
        loop {
            if let LiveSign::Ended(ended) = self.next().await {
                return ended;
            }
        }
    }

    async fn take_in(&mut self) {
        let Self {
            guard,
            stdout,
            stderr,
            log,
            blocks,
            signs,
            ..
        } = self;
        tokio::select! {
            report = guard.hear(), if guard.is_open => match report {
                Ok(Some(report)) => self.note(report),
                Ok(None) | Err(_) => self.lose_guard(),
            },
            chunk = stdout.read(), if stdout.is_open() => {
                let mut block = None;
                blocks.push(chunk, |it| block = Some(it));
                let Some(block) = block else { return };
                let fps = blocks.fps(block, Instant::now());
                self.progress = LiveProgress {
                    frames: block.frames,
                    fps,
                    speed: block.speed,
                    dropped_frames: block.dropped_frames,
                    duplicated_frames: block.duplicated_frames,
                    position: block.position,
                    ..self.progress
                };
                // The answer completes the report.
                guard.tell(&Order::Look);
            }
            chunk = stderr.read(), if stderr.is_open() => {
                log.push(chunk, |sign| signs.push_back(sign));
            }
        }
    }

    fn note(&mut self, report: Report) {
        match report {
            Report::Seen(Seen {
                received_bytes,
                sent_bytes,
                written_bytes,
                resident_bytes,
            }) => {
                self.progress.received_bytes = received_bytes.filter(|bytes| *bytes > 0);
                self.progress.sent_bytes = sent_bytes + written_bytes;
                self.progress.resident_bytes = resident_bytes;
                self.signs.push_back(LiveSign::Progress(self.progress));
            }
            Report::Forbidden(address) => self.signs.push_back(LiveSign::Forbidden(address)),
            Report::Ended(gone) => self.gone = Some(gone),
            Report::Started { .. } | Report::Failed { .. } => {}
        }
    }

    fn lose_guard(&mut self) {
        self.guard.is_open = false;
        if self.gone.is_some() {
            return;
        }
        // FFmpeg dies with its guard; what a script has started does not.
        if let Some(group) = Pid::from_raw(self.pid) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        self.stdout.close_by(AFTER_GUARD);
        self.stderr.close_by(AFTER_GUARD);
    }

    fn ended(&self) -> LiveEnded {
        let Some(gone) = self.gone else {
            return LiveEnded {
                how: LiveEnd::GuardLost,
                cause: Some(LiveCause::Other),
                text: "the guard of the stream was lost".to_owned(),
                peak_bytes: 0,
            };
        };
        let how = match (gone.why, gone.code, gone.signal) {
            (Why::Asked, ..) if gone.killed => LiveEnd::Asked(Stopped::Killed),
            (Why::Asked, ..) => LiveEnd::Asked(Stopped::Asked),
            (Why::Deadline | Why::Orphaned, ..) => LiveEnd::Deadline,
            (Why::Memory, ..) => LiveEnd::TooMuchMemory,
            (Why::Itself, Some(code), _) => LiveEnd::Exited(code),
            (Why::Itself, None, signal) => LiveEnd::Signalled(signal.unwrap_or_default()),
        };
        let (cause, text) = match how {
            LiveEnd::Asked(_) => (None, "stopped".to_owned()),
            LiveEnd::Deadline => (None, "the deadline was not renewed".to_owned()),
            LiveEnd::TooMuchMemory => (
                Some(LiveCause::Other),
                "FFmpeg took more memory than a stream may".to_owned(),
            ),
            LiveEnd::Signalled(signal) => (
                Some(LiveCause::Other),
                format!("FFmpeg was ended by signal {signal}"),
            ),
            LiveEnd::Exited(_) | LiveEnd::GuardLost => {
                let (cause, text) = self.log.cause(gone.code);
                (Some(cause), text)
            }
        };
        LiveEnded {
            how,
            cause,
            text,
            peak_bytes: gone.peak_bytes,
        }
    }
}

impl Guard {
    /// An order is far smaller than the socket's buffer. A guard that is gone needs none.
    fn tell(&mut self, order: &Order) {
        let _ = self.socket.try_write(&line(order));
    }

    async fn tell_all(&mut self, order: &Order) -> io::Result<()> {
        let line = line(order);
        let mut rest = &line[..];
        while !rest.is_empty() {
            self.socket.writable().await?;
            match self.socket.try_write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The next report; `None` when there are no more. Cancel safe.
    async fn hear(&mut self) -> io::Result<Option<Report>> {
        loop {
            if let Some(report) = self.lines.next::<Report>() {
                return report.map(Some);
            }
            self.socket.readable().await?;
            let mut bytes = [0; 4096];
            match self.socket.try_read(&mut bytes) {
                Ok(0) => return Ok(None),
                Ok(count) => self.lines.push(&bytes[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// One of FFmpeg's pipes, until it ends.
#[derive(Debug)]
struct Pipe<R> {
    reader: Option<R>,
    buffer: Vec<u8>,
    close_at: Option<tokio::time::Instant>,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(reader: Option<R>) -> Self {
        Self {
            reader,
            buffer: vec![0; 8 * 1024],
            close_at: None,
        }
    }

    fn is_open(&self) -> bool {
        self.reader.is_some()
    }

    /// Whatever still holds the other end.
    fn close_by(&mut self, patience: Duration) {
        self.close_at = Some(tokio::time::Instant::now() + patience);
    }

    /// Some of what was written; nothing once it is closed. Cancel safe.
    async fn read(&mut self) -> &[u8] {
        let Some(reader) = &mut self.reader else {
            return &[];
        };
        let close_at = self.close_at;
        let closing = async {
            match close_at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let count = tokio::select! {
            read = reader.read(&mut self.buffer) => read.unwrap_or(0),
            () = closing => 0,
        };
        if count == 0 {
            self.reader = None;
        }
        &self.buffer[..count]
    }
}

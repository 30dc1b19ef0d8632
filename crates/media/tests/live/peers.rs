//! Peers on loopback: FFmpeg as a source that others pull from, and as a target that others push to.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Instant;

use crate::support::{ENGINE, IN_TIME, free_port};

/// Small moving pictures with a tone, a keyframe each second, as fast as they are watched.
const PICTURES: &str = "-re -f lavfi -i testsrc2=s=320x180:r=25 -f lavfi -i sine=440:r=44100 \
-c:v libx264 -preset ultrafast -tune zerolatency -g 25 -keyint_min 25 -sc_threshold 0 -b:v 300k \
-pix_fmt yuv420p -c:a aac -b:a 64k";

/// An FFmpeg that is killed when it is dropped.
pub(crate) struct Peer {
    child: Child,
}

impl Peer {
    fn start(args: &str) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a peer is no process of the crate's"
        )]
        let mut command = std::process::Command::new(ENGINE.ffmpeg());
        let child = command
            .args(["-v", "quiet", "-nostdin", "-y"])
            .args(args.split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { child }
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves an FLV stream to the first who asks for it.
pub(crate) struct Source {
    pub(crate) peer: Peer,
    pub(crate) port: u16,
}

impl Source {
    pub(crate) fn start() -> Self {
        Self::start_with(PICTURES)
    }

    /// The same, from other arguments than usual.
    pub(crate) fn start_with(media: &str) -> Self {
        let port = free_port();
        let peer = Peer::start(&format!(
            "{media} -f flv -flush_packets 1 -listen 1 http://127.0.0.1:{port}/live.flv"
        ));
        listening(port);
        Self { peer, port }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/live.flv", self.port)
    }
}

/// Takes what is pushed over RTMP and writes it to a file.
pub(crate) struct Sink {
    pub(crate) peer: Peer,
    pub(crate) port: u16,
    pub(crate) file: PathBuf,
}

impl Sink {
    pub(crate) fn start(folder: &Path) -> Self {
        let port = free_port();
        let file = folder.join(format!("{port}.mkv"));
        let peer = Peer::start(&format!(
            "-listen 1 -f flv -i rtmp://127.0.0.1:{port}/live/key -c copy -flush_packets 1 {}",
            file.display()
        ));
        listening(port);
        Self { peer, port, file }
    }

    pub(crate) fn address(&self) -> String {
        format!("rtmp://127.0.0.1:{}/live/key", self.port)
    }
}

/// Serves a transport stream over SRT to the first who calls.
pub(crate) struct SrtSource {
    _peer: Peer,
    pub(crate) port: u16,
}

impl SrtSource {
    pub(crate) fn start() -> Self {
        let port = free_udp_port();
        let peer = Peer::start(&format!(
            "{PICTURES} -f mpegts srt://127.0.0.1:{port}?mode=listener"
        ));
        bound(port);
        Self { _peer: peer, port }
    }

    pub(crate) fn address(&self) -> String {
        format!("srt://127.0.0.1:{}", self.port)
    }
}

/// Takes what the first caller sends over SRT and writes it to a file.
pub(crate) struct SrtSink {
    pub(crate) peer: Peer,
    pub(crate) port: u16,
    pub(crate) file: PathBuf,
}

impl SrtSink {
    pub(crate) fn start(folder: &Path) -> Self {
        let port = free_udp_port();
        let file = folder.join(format!("{port}.mkv"));
        let peer = Peer::start(&format!(
            "-f mpegts -i srt://127.0.0.1:{port}?mode=listener -c copy -flush_packets 1 {}",
            file.display()
        ));
        bound(port);
        Self { peer, port, file }
    }

    pub(crate) fn address(&self) -> String {
        format!("srt://127.0.0.1:{}", self.port)
    }
}

fn free_udp_port() -> u16 {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

/// Waits until somebody has a UDP port.
fn bound(port: u16) {
    appears("/proc/net/udp", port, |_| true);
}

/// Waits until somebody listens on a TCP port, without connecting: they take one connection only.
pub(crate) fn listening(port: u16) {
    const LISTEN: &str = "0A";
    appears("/proc/net/tcp", port, |state| state == LISTEN);
}

fn appears(table: &str, port: u16, fits: impl Fn(&str) -> bool) {
    let begun = Instant::now();
    let wanted = format!(":{port:04X}");
    loop {
        let table = std::fs::read_to_string(table).unwrap();
        let mut rows = table.lines().map(|row| row.split_whitespace());
        let is_there = rows.any(|mut row| {
            let local = row.nth(1).unwrap_or_default();
            local.ends_with(&wanted) && row.nth(1).is_some_and(&fits)
        });
        if is_there {
            return;
        }
        assert!(begun.elapsed() < IN_TIME, "nobody has port {port}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

//! A source on loopback: whoever asks gets small moving pictures with a tone, a keyframe each second, as long as it
//! is there.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};

const PICTURES: &str = "-re -f lavfi -i testsrc2=s=320x180:r=25 -f lavfi -i sine=440:r=44100 \
-c:v libx264 -preset ultrafast -tune zerolatency -g 25 -keyint_min 25 -sc_threshold 0 -b:v 300k \
-pix_fmt yuv420p -c:a aac -b:a 64k -flush_packets 1 -f flv pipe:1";

#[derive(Debug, Default)]
struct State {
    is_away: AtomicBool,
    is_over: AtomicBool,
    peers: Mutex<Vec<Child>>,
}

/// An HTTP server of FLV.
#[derive(Debug)]
pub(crate) struct Source {
    port: u16,
    state: Arc<State>,
}

impl Source {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        std::thread::spawn({
            let state = Arc::clone(&state);
            move || {
                for connection in listener.incoming() {
                    if state.is_over.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(connection) = connection else { continue };
                    if !state.is_away.load(Ordering::SeqCst) {
                        let peer = serve(connection);
                        state.peers.lock().unwrap().extend(peer);
                    }
                }
            }
        });
        Self { port, state }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/live.flv", self.port)
    }

    /// Ends what it sends, and whoever asks is turned away.
    pub(crate) fn goes_away(&self) {
        self.state.is_away.store(true, Ordering::SeqCst);
        self.end_all();
    }

    pub(crate) fn comes_back(&self) {
        self.state.is_away.store(false, Ordering::SeqCst);
    }

    /// Goes on with its connections and sends nothing any more.
    pub(crate) fn freezes(&self) {
        for peer in &*self.state.peers.lock().unwrap() {
            let _ = kill_process(Pid::from_child(peer), Signal::STOP);
        }
    }

    fn end_all(&self) {
        for mut peer in self.state.peers.lock().unwrap().drain(..) {
            let _ = peer.kill();
            let _ = peer.wait();
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        self.end_all();
        // The listener waits for one more.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(mut connection: TcpStream) -> Option<Child> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        match connection.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return None,
        }
    }
    connection
        .write_all(b"HTTP/1.0 200 OK\r\nContent-Type: video/x-flv\r\n\r\n")
        .ok()?;
    let child = Command::new("ffmpeg")
        .args(["-v", "quiet", "-nostdin"])
        .args(PICTURES.split_whitespace())
        .stdin(Stdio::null())
        .stdout(OwnedFd::from(connection))
        .stderr(Stdio::null())
        .spawn();
    Some(child.unwrap())
}

//! A web server that costs as little as one can: it sends the same memory again and again, with ranges.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;

pub(super) const BIG_BYTES: u64 = 1 << 30;
pub(super) const SMALL_BYTES: u64 = 64 << 10;

/// What everything is made of.
const STUFF_BYTES: usize = 1 << 20;
/// What is sent by one call.
const PIECE_BYTES: u64 = 256 << 10;

pub(super) struct FileServer {
    address: SocketAddr,
    sent: Arc<AtomicU64>,
}

impl FileServer {
    /// It serves as long as the process lives.
    pub(super) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let sent = Arc::new(AtomicU64::new(0));
        let stuff: Arc<[u8]> = (0..STUFF_BYTES)
            .map(|at| (at as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .collect();
        let counted = Arc::clone(&sent);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (stuff, sent) = (Arc::clone(&stuff), Arc::clone(&counted));
                // Whoever fetches may go away at any time.
                thread::spawn(move || serve(&stream, &stuff, &sent).ok());
            }
        });
        Ok(Self { address, sent })
    }

    pub(super) fn big(&self) -> String {
        format!("http://{}/big", self.address)
    }

    pub(super) fn small(&self, number: usize) -> String {
        format!("http://{}/small/{number}", self.address)
    }

    /// Bytes of content so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// The same once nobody is sent anything any more.
    pub(super) fn sent_for_good(&self) -> u64 {
        let mut sent = self.sent();
        loop {
            thread::sleep(Duration::from_millis(50));
            let now = self.sent();
            if now == sent {
                return sent;
            }
            sent = now;
        }
    }
}

fn serve(stream: &TcpStream, stuff: &[u8], sent: &AtomicU64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream);
    let mut output = stream;
    loop {
        let mut first = String::new();
        if input.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let total = if first.contains("/big") {
            BIG_BYTES
        } else {
            SMALL_BYTES
        };
        let mut asked = None;
        loop {
            let mut line = String::new();
            input.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(range) = line.strip_prefix("range: bytes=") {
                asked = read_range(range, total);
            }
        }
        let (status, range) = match asked {
            Some(range) => ("206 Partial Content", range),
            None => ("200 OK", 0..total),
        };
        let Range { start, end } = range;
        let head = format!(
            "HTTP/1.1 {status}\r\netag: \"same\"\r\naccept-ranges: bytes\r\ncontent-type: video/mp4\r\n\
             content-length: {}\r\ncontent-range: bytes {start}-{}/{total}\r\n\r\n",
            end - start,
            end - 1
        );
        output.write_all(head.as_bytes())?;
        let mut at = start;
        while at < end {
            let from = at as usize % stuff.len();
            let length = (stuff.len() - from).min((end - at).min(PIECE_BYTES) as usize);
            output.write_all(&stuff[from..from + length])?;
            at += length as u64;
            sent.fetch_add(length as u64, Ordering::Relaxed);
        }
    }
}

/// `0-` or `5-9`.
fn read_range(text: &str, total: u64) -> Option<Range<u64>> {
    let (first, last) = text.split_once('-')?;
    let end = match last {
        "" => total,
        last => last.parse::<u64>().ok()? + 1,
    };
    Some(first.parse().ok()?..end.min(total))
}

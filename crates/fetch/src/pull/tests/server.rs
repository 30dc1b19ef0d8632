//! A web server that does what a test tells it to, which is mostly wrong.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What all files are made of, again and again: a prime number of bytes, so that no two blocks are alike.
static STUFF: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut random = fastrand::Rng::with_seed(7);
    (0..1_000_003).map(|_| random.u8(..)).collect()
});
const HEAD: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0";

/// These bytes of what looks like a media file.
pub(super) fn content(range: Range<u64>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
    let mut at = range.start;
    while at < range.end {
        let from = at as usize % STUFF.len();
        let length = (STUFF.len() - from).min((range.end - at) as usize);
        bytes.extend_from_slice(&STUFF[from..from + length]);
        at += length as u64;
    }
    for at in range.start..range.end.min(HEAD.len() as u64) {
        bytes[(at - range.start) as usize] = HEAD[at as usize];
    }
    bytes
}

/// What somebody asked for.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) path: String,
    /// As `a..u64::MAX` if it is open.
    pub(super) range: Option<Range<u64>>,
    pub(super) if_range: Option<String>,
    /// How many came before it.
    pub(super) number: usize,
    pub(super) head: String,
}

/// One step of an answer.
pub(super) enum Step {
    Send(Vec<u8>),
    /// Bytes of the content.
    Content(Range<u64>),
    /// For ever, the content.
    Endless,
    /// The same byte each so often.
    Trickle(Duration),
    /// Until a test has sent a permit.
    Wait(Arc<tokio::sync::Semaphore>),
    Hang,
    /// Ends the connection.
    Close,
}

pub(super) type Answer = Vec<Step>;

/// A server on the loopback. It ends with the test.
pub(super) struct Server {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
    /// How many requests were being answered at once, at most.
    pub(super) most_at_once: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::listen(None, answer).await
    }

    pub(super) async fn start_tls(
        tls: TlsAcceptor,
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Some(tls), answer).await
    }

    async fn listen(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::default());
        let at_once = Arc::new(AtomicUsize::new(0));
        let most_at_once = Arc::new(AtomicUsize::new(0));
        let script = Arc::new(Script {
            answer: Box::new(answer),
            seen: Arc::clone(&seen),
            at_once,
            most_at_once: Arc::clone(&most_at_once),
        });
        let task = tokio::spawn(async move {
            // With the server end its connections.
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, tls) = (Arc::clone(&script), tls.clone());
                connections.spawn(async move {
                    // Clients go away as they like.
                    let _ = match tls {
                        None => script.serve(stream).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => script.serve(stream).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        Self {
            port,
            seen,
            most_at_once,
            task,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hush/clip.mp4?sign=hush", self.port)
    }

    pub(super) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

struct Script {
    answer: Box<dyn Fn(&Request) -> Answer + Send + Sync>,
    seen: Arc<Mutex<Vec<Request>>>,
    at_once: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
}

impl Script {
    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
        let mut got = Vec::new();
        loop {
            let end = loop {
                if let Some(at) = got.windows(4).position(|end| end == b"\r\n\r\n") {
                    break at + 4;
                }
                if stream.read_buf(&mut got).await? == 0 {
                    return Ok(());
                }
            };
            let head: Vec<u8> = got.drain(..end).collect();
            let steps = {
                let mut seen = self.seen.lock().unwrap();
                let request = read(&String::from_utf8_lossy(&head), seen.len());
                seen.push(request.clone());
                drop(seen);
                (self.answer)(&request)
            };
            let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(at_once, Ordering::SeqCst);
            let ended = play(&mut stream, steps).await;
            self.at_once.fetch_sub(1, Ordering::SeqCst);
            if !ended? {
                return stream.shutdown().await;
            }
        }
    }
}

/// Whether the connection goes on.
async fn play(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    steps: Vec<Step>,
) -> std::io::Result<bool> {
    for step in steps {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::Content(range) => {
                let mut at = range.start;
                while at < range.end {
                    let end = range.end.min(at + (1 << 16));
                    stream.write_all(&content(at..end)).await?;
                    at = end;
                }
            }
            Step::Endless => loop {
                stream.write_all(&content(0..1 << 16)).await?;
            },
            Step::Trickle(pause) => loop {
                stream.write_all(b"x").await?;
                stream.flush().await?;
                tokio::time::sleep(pause).await;
            },
            Step::Wait(permits) => {
                stream.flush().await?;
                permits.acquire().await.unwrap().forget();
            }
            Step::Hang => {
                stream.flush().await?;
                std::future::pending::<()>().await;
            }
            Step::Close => return Ok(false),
        }
    }
    stream.flush().await?;
    Ok(true)
}

fn read(head: &str, number: usize) -> Request {
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    };
    let range = header("range").map(|range| {
        let (first, last) = range
            .strip_prefix("bytes=")
            .unwrap()
            .split_once('-')
            .unwrap();
        let end = match last {
            "" => u64::MAX,
            last => last.parse::<u64>().unwrap() + 1,
        };
        first.parse().unwrap()..end
    });
    Request {
        path: head.split(' ').nth(1).unwrap().to_owned(),
        range,
        if_range: header("if-range"),
        number,
        head: head.to_owned(),
    }
}

pub(super) fn bytes(text: impl Into<String>) -> Step {
    Step::Send(text.into().into_bytes())
}

/// A head without length, and what follows it.
pub(super) fn answer(status: &str, headers: &str, then: impl IntoIterator<Item = Step>) -> Answer {
    let mut steps = vec![bytes(format!("HTTP/1.1 {status}\r\n{headers}\r\n"))];
    steps.extend(then);
    steps
}

/// An answer with a body.
pub(super) fn with_body(status: &str, headers: &str, body: &[u8]) -> Answer {
    let headers = format!("{headers}content-length: {}\r\n", body.len());
    answer(status, &headers, [Step::Send(body.to_vec())])
}

/// A file that is served as it should be.
#[derive(Clone, Copy, Debug)]
pub(super) struct File {
    pub(super) total: u64,
    pub(super) etag: &'static str,
}

impl File {
    pub(super) const fn of(total: u64) -> Self {
        let etag = "\"v1\"";
        Self { total, etag }
    }

    pub(super) fn bytes(self) -> Bytes {
        content(0..self.total).into()
    }

    pub(super) fn headers(self) -> String {
        format!("etag: {}\r\ncontent-type: video/mp4\r\n", self.etag)
    }

    /// The range that is to be served, if the request's condition holds.
    pub(super) fn range(self, request: &Request) -> Option<Range<u64>> {
        let Range { start, end } = request.range.clone()?;
        let holds = request.if_range.as_deref().is_none_or(|it| it == self.etag);
        (holds && start < self.total).then(|| start..end.min(self.total))
    }

    /// The head of the right answer, and the bytes that are to follow it.
    pub(super) fn head(self, request: &Request) -> (String, Range<u64>) {
        let headers = self.headers();
        let range = self.range(request);
        let partial = range.is_some();
        let range = range.unwrap_or(0..self.total);
        let length = range.end - range.start;
        let head = if partial {
            let Range { start, end } = range;
            format!(
                "HTTP/1.1 206 Partial Content\r\n{headers}content-length: {length}\r\n\
                 content-range: bytes {start}-{}/{}\r\n\r\n",
                end - 1,
                self.total
            )
        } else {
            format!("HTTP/1.1 200 OK\r\n{headers}content-length: {length}\r\n\r\n")
        };
        (head, range)
    }

    pub(super) fn serve(self, request: &Request) -> Answer {
        let (head, range) = self.head(request);
        vec![bytes(head), Step::Content(range)]
    }

    /// The right answer, broken off before this place of the content.
    pub(super) fn serve_until(self, request: &Request, end: u64) -> Answer {
        let (head, range) = self.head(request);
        let sent = range.start..end.clamp(range.start, range.end);
        vec![bytes(head), Step::Content(sent), Step::Close]
    }

    /// As a server that knows no ranges.
    pub(super) fn serve_whole(self) -> Answer {
        let headers = format!("{}content-length: {}\r\n", self.headers(), self.total);
        answer("200 OK", &headers, [Step::Content(0..self.total)])
    }
}

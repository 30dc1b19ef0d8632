//! A web server with one file, which counts what it sends and can be told to stop or to break off on the way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use reelgate_domain::job::kind::ingest::SourceUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Serves ranges of one content under any path, until it is dropped.
pub(crate) struct Web {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: tokio::task::JoinHandle<()>,
}

struct Shared {
    content: Bytes,
    /// What it says of the content.
    headers: String,
    /// How long it says that the content is.
    said: usize,
    sent: AtomicU64,
    requests: AtomicU64,
    /// Bytes from this place on are kept back until it grows.
    until: watch::Sender<u64>,
    /// The first answer that comes to this place ends there.
    breaks_at: AtomicU64,
}

impl Web {
    pub(crate) async fn serve(content: Bytes) -> Self {
        let said = content.len();
        Self::start(content, "accept-ranges: bytes\r\netag: \"one\"\r\n", said).await
    }

    /// One that says when its file was last changed, in a header's words.
    pub(crate) async fn serve_dated(content: Bytes, changed: &str) -> Self {
        let said = content.len();
        Self::start(content, &format!("last-modified: {changed}\r\n"), said).await
    }

    /// One that says nothing by which versions are told apart: what breaks off begins anew.
    pub(crate) async fn serve_unidentified(content: Bytes) -> Self {
        let said = content.len();
        Self::start(content, "", said).await
    }

    /// One whose file is so long, as it says, and that sends nothing of it.
    pub(crate) async fn promise(said: usize) -> Self {
        let web = Self::start(Bytes::new(), "", said).await;
        web.hold_at(0);
        web
    }

    async fn start(content: Bytes, headers: &str, said: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            content,
            headers: headers.to_owned(),
            said,
            sent: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            until: watch::Sender::new(u64::MAX),
            breaks_at: AtomicU64::new(u64::MAX),
        });
        let served = Arc::clone(&shared);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(Arc::clone(&served), stream));
            }
        });
        Self {
            address,
            shared,
            serving,
        }
    }

    pub(crate) fn url(&self, path: &str) -> SourceUrl {
        SourceUrl::new(format!("http://{}/{path}?secret=x", self.address)).unwrap()
    }

    /// Bytes of contents that were sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// Sends nothing from this place of the content on, until told otherwise.
    pub(crate) fn hold_at(&self, place: u64) {
        self.shared.until.send_replace(place);
    }

    /// Breaks off at this place of the content, once.
    pub(crate) fn break_at(&self, place: u64) {
        self.shared.breaks_at.store(place, Ordering::SeqCst);
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One request per connection.
async fn answer(shared: Arc<Shared>, mut stream: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    shared.requests.fetch_add(1, Ordering::SeqCst);
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let total = shared.said;
    let range = head.split("range: bytes=").nth(1).map(|rest| {
        let (from, rest) = rest.split_once('-').unwrap();
        let to = rest.split("\r\n").next().unwrap().parse::<usize>();
        from.parse().unwrap()..to.map_or(total, |last| (last + 1).min(total))
    });
    let (status, range) = match range {
        Some(range) if total > 0 => ("206 Partial Content", range),
        _ => ("200 OK", 0..total),
    };
    let part = match status.starts_with("206") {
        true => format!(
            "content-range: bytes {}-{}/{total}\r\n",
            range.start,
            range.end - 1
        ),
        false => String::new(),
    };
    let length = range.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{part}\
         {}connection: close\r\n\r\n",
        shared.headers
    );
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    let mut until = shared.until.subscribe();
    let mut at = range.start;
    while at < range.end {
        let open = until
            .wait_for(|until| *until > at as u64)
            .await
            .map(|it| *it);
        let Ok(open) = open else { return };
        let open = usize::try_from(open).unwrap_or(usize::MAX);
        let end = range.end.min(at + (64 << 10)).min(open);
        if stream.write_all(&shared.content[at..end]).await.is_err() {
            return;
        }
        shared.sent.fetch_add((end - at) as u64, Ordering::SeqCst);
        at = end;
        if shared.breaks_at.load(Ordering::SeqCst) <= at as u64 {
            shared.breaks_at.store(u64::MAX, Ordering::SeqCst);
            return;
        }
    }
    let _ = stream.shutdown().await;
}

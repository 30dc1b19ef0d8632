//! The least client that measures a server and not itself: one thread, requests made beforehand,
//! answers read by their length.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// Sends the requests over so many connections, on each the next one after the answer to the one
/// before. Every answer must be a success.
pub(super) fn run(
    address: SocketAddr,
    connections: usize,
    requests: Vec<String>,
) -> Result<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let tasks = LocalSet::new();
    tasks.block_on(&runtime, async {
        let mut shares: Vec<Vec<String>> = vec![Vec::new(); connections];
        for (number, request) in requests.into_iter().enumerate() {
            shares[number % connections].push(request);
        }
        let mut open = Vec::with_capacity(connections);
        for share in shares {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            open.push((stream, share));
        }
        let start = Instant::now();
        let callers: Vec<_> = open
            .into_iter()
            .map(|(stream, share)| tokio::task::spawn_local(converse(stream, share)))
            .collect();
        for caller in callers {
            caller.await.context("a caller panicked")??;
        }
        Ok(start.elapsed())
    })
}

async fn converse(mut stream: TcpStream, requests: Vec<String>) -> Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    for request in requests {
        stream.write_all(request.as_bytes()).await?;
        let mut filled = 0;
        while answer_length(&buffer[..filled])?.is_none_or(|length| filled < length) {
            let read = stream.read(&mut buffer[filled..]).await?;
            if read == 0 {
                bail!("the server closed the connection");
            }
            filled += read;
        }
        let answer = &buffer[..filled];
        if !answer.starts_with(b"HTTP/1.1 200") || contains(answer, b"\"Success\":false") {
            bail!("the server refused: {}", String::from_utf8_lossy(answer));
        }
    }
    Ok(())
}

/// How long the whole answer is, once its head is there.
fn answer_length(bytes: &[u8]) -> Result<Option<usize>> {
    const NAME: &[u8] = b"\r\ncontent-length: ";
    let Some(head) = find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    let start = find(&bytes[..head], NAME).context("the answer has no length")? + NAME.len();
    let digits = bytes[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let body = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    Ok(Some(head + 4 + body))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    find(bytes, part).is_some()
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

//! A receiver of events on the loopback: keeps what it gets, answers as it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// One request, as it came.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Got {
    pub(super) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The event's name in the tests' words.
    pub(super) fn name(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }
}

/// What a path answers: a status line's number, or nothing for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Status(u16),
    Silence,
}

struct State {
    got: Mutex<Vec<Got>>,
    answers: Mutex<BTreeMap<String, Answer>>,
    count: watch::Sender<usize>,
}

pub(super) struct Receiver {
    base: String,
    state: Arc<State>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            got: Mutex::default(),
            answers: Mutex::default(),
            count: watch::Sender::new(0),
        });
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self {
            base,
            state,
            accepting,
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// From now on a path answers this in place of 200.
    pub(super) fn answer(&self, path: &str, answer: Answer) {
        self.state
            .answers
            .lock()
            .unwrap()
            .insert(path.to_owned(), answer);
    }

    pub(super) fn got(&self, path: &str) -> Vec<Got> {
        let got = self.state.got.lock().unwrap();
        got.iter().filter(|it| it.path == path).cloned().collect()
    }

    /// Waits until so many requests have come to a path.
    pub(super) async fn wait_for(&self, path: &str, count: usize) -> Vec<Got> {
        let mut told = self.state.count.subscribe();
        let enough = told.wait_for(|_| self.got(path).len() >= count);
        let waited = tokio::time::timeout(super::PATIENCE, enough).await;
        let got = self.got(path);
        assert!(waited.is_ok(), "{path} got {} of {count}", got.len());
        got
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let mut bytes = Vec::new();
    loop {
        let Some(got) = read(&mut stream, &mut bytes).await else {
            return;
        };
        let answer = state.answers.lock().unwrap().get(&got.path).copied();
        state.got.lock().unwrap().push(got);
        state.count.send_modify(|count| *count += 1);
        match answer.unwrap_or(Answer::Status(200)) {
            Answer::Silence => std::future::pending().await,
            Answer::Status(status) => {
                let text = format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n");
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Got> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let mut lines = head.lines();
            let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
            let headers: BTreeMap<String, String> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect();
            let length: usize = headers["content-length"].parse().unwrap();
            if bytes.len() >= end + 4 + length {
                let body = bytes[end + 4..end + 4 + length].to_vec();
                bytes.drain(..end + 4 + length);
                return Some(Got {
                    path,
                    headers,
                    body,
                });
            }
        }
        let mut more = [0; 4096];
        match stream.read(&mut more).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => bytes.extend_from_slice(&more[..length]),
        }
    }
}

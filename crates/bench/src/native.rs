//! The least client of the native API: one connection, one call at a time, nothing in between.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

pub(crate) struct Native {
    address: SocketAddr,
    api_key: String,
    /// And when it was used last.
    connection: Option<(BufReader<TcpStream>, Instant)>,
}

/// The server closes connections that are idle for longer.
const KEPT: Duration = Duration::from_secs(30);

impl Native {
    pub(crate) fn new(address: SocketAddr, api_key: &str) -> Self {
        Self {
            address,
            api_key: api_key.to_owned(),
            connection: None,
        }
    }

    /// Submits a job; its id.
    pub(crate) fn submit(&mut self, job: &Value) -> Result<String> {
        let made = self.call("POST", "/jobs", Some(job))?;
        Ok(made["id"].as_str().context("a job has an id")?.to_owned())
    }

    /// The job once it has ended.
    pub(crate) fn ended(&mut self, job: &str) -> Result<Value> {
        loop {
            let found = self.call("GET", &format!("/jobs/{job}?wait=60s"), None)?;
            let state = found["state"].as_str().unwrap_or_default();
            if ["succeeded", "failed", "cancelled"].contains(&state) {
                return Ok(found);
            }
        }
    }

    /// Makes a call below `/api/v1`, which must succeed.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let body = body.map_or(String::new(), Value::to_string);
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.api_key,
            body.len(),
        );
        let mut connection = match self.connection.take() {
            Some((connection, used)) if used.elapsed() < KEPT => connection,
            _ => {
                let stream = TcpStream::connect(self.address)?;
                stream.set_nodelay(true)?;
                BufReader::new(stream)
            }
        };
        connection.get_mut().write_all(request.as_bytes())?;
        let (status, answer) = read_answer(&mut connection)?;
        self.connection = Some((connection, Instant::now()));
        let text = String::from_utf8_lossy(&answer);
        ensure!(
            (200..300).contains(&status),
            "{method} {path} answered {status}: {text}"
        );
        serde_json::from_slice(&answer).with_context(|| format!("{method} {path}: {text}"))
    }
}

fn read_answer(connection: &mut BufReader<TcpStream>) -> Result<(u16, Vec<u8>)> {
    let mut status = None;
    let mut length = 0;
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line)? == 0 {
            bail!("the server closed the connection");
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        match line.split_once(": ") {
            None => status = line.split(' ').nth(1).and_then(|code| code.parse().ok()),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse()?;
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    Ok((status.context("the answer has no status")?, body))
}

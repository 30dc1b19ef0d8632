//! The least client that measures a server and not itself: signed requests made beforehand, one
//! connection a caller, answers read by their length.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use reelgate_api_aliyun::rpc::{Params, encoding, sign_v1};
use reelgate_api_kit::time::format_utc;
use reelgate_service::{Clock, Credentials, SystemClock};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Signs requests as the vendor's older SDKs do.
#[derive(Clone)]
pub(super) struct Signer(Arc<Credentials>);

impl Signer {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self(Arc::new(credentials))
    }

    pub(super) fn secret(&self) -> &str {
        &self.0.access_key_secret
    }

    /// A read that needs no store.
    pub(super) fn templates(&self, number: usize) -> String {
        let ids = ("TemplateIds", "S00000001-200030");
        self.request(&self.query("QueryTemplateList", &[ids], number))
    }

    /// A submit of one job.
    pub(super) fn submit(&self, number: usize) -> String {
        let bucket = &self.0.bucket;
        let object = json!({ "Bucket": bucket, "Location": "oss-cn-hangzhou", "Object": "a.mp4" });
        let outputs = json!([{ "OutputObject": "out/a.mp4", "TemplateId": "S00000001-200030" }]);
        let params = [
            ("Input", &*object.to_string()),
            ("OutputBucket", bucket),
            ("Outputs", &*outputs.to_string()),
            ("PipelineId", &*self.0.pipeline_id),
        ];
        self.request(&self.query("SubmitJobs", &params, number))
    }

    pub(super) fn query_of_750_bytes(&self) -> String {
        let input = "http://bucket.example.com/a b/".repeat(7);
        let padding = "b".repeat(190);
        self.query(
            "SubmitJobs",
            &[("Input", &input), ("OutputBucket", &padding)],
            0,
        )
    }

    fn query(&self, action: &str, params: &[(&str, &str)], number: usize) -> String {
        let timestamp = format_utc(SystemClock.now().as_millis());
        let nonce = format!("{number:032x}");
        let mut pairs = vec![
            ("Action", action),
            ("Version", "2014-06-18"),
            ("Format", "JSON"),
            ("AccessKeyId", &*self.0.access_key_id),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", &nonce),
            ("Timestamp", &timestamp),
        ];
        pairs.extend(params);
        let signable = Params::from_pairs(pairs.iter().copied()).expect("every name occurs once");
        let signature = sign_v1("GET", &signable, self.secret()).expect("the method is known");
        pairs.push(("Signature", &signature));
        let encoded = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", encoding::encode(value)));
        encoded.collect::<Vec<_>>().join("&")
    }

    fn request(&self, query: &str) -> String {
        format!("GET /?{query} HTTP/1.1\r\nhost: bench\r\n\r\n")
    }
}

/// One kept-alive connection and the requests that go over it.
pub(super) struct Connection {
    stream: TcpStream,
    requests: VecDeque<String>,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr, requests: Vec<String>) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            requests: requests.into(),
            buffer: vec![0; 16 * 1024],
        })
    }

    /// Sends the next request and reads its answer, which must be a success.
    pub(super) async fn next_call(&mut self) -> Result<()> {
        let request = self.requests.pop_front().context("a request is left")?;
        self.stream.write_all(request.as_bytes()).await?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            if read == 0 {
                bail!("the server closed the connection");
            }
            filled += read;
            if let Some(length) = answer_length(&self.buffer[..filled])?
                && filled >= length
            {
                break;
            }
        }
        let text = String::from_utf8_lossy(&self.buffer[..filled]);
        if !text.starts_with("HTTP/1.1 200") || text.contains("\"Success\":false") {
            bail!("the server refused: {text}");
        }
        Ok(())
    }
}

/// How long the whole answer is, once its head is there.
fn answer_length(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes[..head])?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("the answer has a length")?;
    Ok(Some(head + 4 + length.1.parse::<usize>()?))
}

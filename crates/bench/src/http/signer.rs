//! Requests signed as the vendor's SDKs sign them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reelgate_api_aliyun::rpc::{Params, encoding, sign_v1};
use reelgate_api_kit::time::format_utc;
use reelgate_domain::JobId;
use reelgate_service::{Clock, Credentials, SystemClock};
use serde_json::json;

pub(crate) struct Signer {
    credentials: Credentials,
    nonces: Arc<AtomicUsize>,
}

impl Signer {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            nonces: Arc::new(AtomicUsize::new(0)),
        }
    }

    pub(crate) fn secret(&self) -> &str {
        &self.credentials.access_key_secret
    }

    pub(crate) fn key_id(&self) -> &str {
        &self.credentials.access_key_id
    }

    /// A submit of one job.
    pub(super) fn submit(&self) -> String {
        request(&self.submit_query())
    }

    /// Its query.
    pub(crate) fn submit_query(&self) -> String {
        let bucket = &self.credentials.bucket;
        let object = json!({ "Bucket": bucket, "Location": "oss-cn-hangzhou", "Object": "a.mp4" });
        let outputs = json!([{ "OutputObject": "out/a.mp4", "TemplateId": "S00000001-200030" }]);
        let params = [
            ("Input", &*object.to_string()),
            ("OutputBucket", bucket),
            ("Outputs", &*outputs.to_string()),
            ("PipelineId", &*self.credentials.pipeline_id),
        ];
        self.query("SubmitJobs", &params)
    }

    pub(super) fn cancel(&self, job: JobId) -> String {
        request(&self.query("CancelJob", &[("JobId", &*job.to_string())]))
    }

    /// A look at one pipeline.
    pub(super) fn read(&self) -> String {
        let params = [("PipelineIds", &*self.credentials.pipeline_id)];
        request(&self.query("QueryPipelineList", &params))
    }

    fn query(&self, action: &str, params: &[(&str, &str)]) -> String {
        let timestamp = format_utc(SystemClock.now().as_millis());
        let nonce = self.nonces.fetch_add(1, Ordering::Relaxed);
        let nonce = format!("{nonce:032x}");
        let mut pairs = vec![
            ("Action", action),
            ("Version", "2014-06-18"),
            ("Format", "JSON"),
            ("AccessKeyId", self.key_id()),
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
}

fn request(query: &str) -> String {
    format!("GET /?{query} HTTP/1.1\r\nhost: bench\r\n\r\n")
}

//! Jobs that share their processes: they are submitted by one call of the vendor's API.

use reelgate_api_aliyun::rpc::{Params, encoding, sign_v1};
use reelgate_api_kit::time::format_utc;
use reelgate_service::{Clock, SystemClock};
use reelgate_testkit::Server;
use serde_json::{Value, json};

use crate::order::{Form, Order, Output};

/// A template of each container, of which the outputs change most.
const MP4: &str = "S00000001-200050";
const HLS: &str = "S00000001-100050";

/// Signs and sends one kind of call.
#[derive(Clone)]
pub(crate) struct SiblingsClient {
    http: reqwest::Client,
    address: String,
    key_id: String,
    secret: String,
    pipeline: String,
}

impl SiblingsClient {
    pub(crate) fn new(server: &Server) -> Self {
        let credential = |name: &str| server.credential(name).to_owned();
        Self {
            http: http(),
            address: server.address().to_owned(),
            key_id: credential("access_key_id"),
            secret: credential("access_key_secret"),
            pipeline: credential("pipeline_id"),
        }
    }

    /// Submits a job for each order. The answer is their ids, unless the service died before it gave
    /// one.
    pub(crate) async fn submit(&self, orders: &[Order]) -> Option<Vec<String>> {
        let bucket = &orders[0].bucket;
        let input = json!({
            "Bucket": bucket, "Location": "oss-cn-hangzhou", "Object": orders[0].input,
        });
        let outputs: Vec<_> = orders
            .iter()
            .map(|order| output(&order.tag, &order.outputs[0]))
            .collect();
        let params = [
            ("Input", input.to_string()),
            ("OutputBucket", bucket.clone()),
            ("Outputs", Value::Array(outputs).to_string()),
            ("PipelineId", self.pipeline.clone()),
        ];
        let url = format!(
            "http://{}/?{}",
            self.address,
            self.query("SubmitJobs", &params)
        );
        let answer = self.http.get(url).send().await.ok()?.text().await.ok()?;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let results = answer["JobResultList"]["JobResult"].as_array();
        let results = results.unwrap_or_else(|| panic!("{answer}"));
        let ids = results.iter().map(|result| {
            let id = result["Job"]["JobId"].as_str();
            id.unwrap_or_else(|| panic!("{answer}")).to_owned()
        });
        Some(ids.collect())
    }

    fn query(&self, action: &str, params: &[(&str, String)]) -> String {
        let nonce = format!("{:016x}", fastrand::u64(..));
        let timestamp = format_utc(SystemClock.now().as_millis());
        let mut pairs = vec![
            ("Action", action),
            ("Version", "2014-06-18"),
            ("Format", "JSON"),
            ("AccessKeyId", &self.key_id),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", &nonce),
            ("Timestamp", &timestamp),
        ];
        pairs.extend(params.iter().map(|(name, value)| (*name, value.as_str())));
        let signable = Params::from_pairs(pairs.iter().copied()).unwrap();
        let signature = sign_v1("GET", &signable, &self.secret).unwrap();
        pairs.push(("Signature", &signature));
        let encoded = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", encoding::encode(value)));
        encoded.collect::<Vec<_>>().join("&")
    }
}

/// An output as the vendor's API takes it.
fn output(tag: &str, output: &Output) -> Value {
    let template = match output.form {
        Form::Ts => HLS,
        _ => MP4,
    };
    json!({
        "OutputObject": output.key(),
        "TemplateId": template,
        "UserData": tag,
        "Video": {"Width": "256", "Height": "144", "Preset": "veryfast", "Crf": "30", "Gop": "1s"},
        "Audio": {"Bitrate": "32", "Samplerate": "22050", "Channels": "1"},
        "MuxConfig": {"Segment": {"Duration": "1"}},
        "Clip": {"TimeSpan": {"Seek": "0", "Duration": output.seconds.to_string()}},
    })
}

/// A client without TLS; the library wants its cryptography all the same.
fn http() -> reqwest::Client {
    // An error means that another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    builder.build().unwrap()
}

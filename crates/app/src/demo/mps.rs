//! A small client of the MPS dialect, signing each call as the vendor's newer SDKs do.

use std::fmt;

use anyhow::{Context, Result, bail};
use reelgate_api_aliyun::rpc::{Params, signature};
use reelgate_service::{Clock, Credentials, Ids};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

/// The API version all calls name.
const VERSION: &str = "2014-06-18";

/// A signed connection to one server.
pub(crate) struct MpsClient<'a> {
    pub(crate) http: reqwest::Client,
    pub(crate) address: String,
    pub(crate) credentials: &'a Credentials,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) ids: &'a dyn Ids,
}

/// What the dialect refused, in its own words.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {} {}: {}", self.status, self.code, self.message)
    }
}

impl MpsClient<'_> {
    /// Calls an operation that is expected to succeed.
    pub(crate) async fn call(&self, action: &str, params: &[(&str, &str)]) -> Result<Value> {
        match self.send(action, params).await? {
            Ok(answer) => Ok(answer),
            Err(refusal) => bail!("{action} was refused: {refusal}"),
        }
    }

    /// Calls an operation; a refusal is an answer like any other.
    pub(crate) async fn send(
        &self,
        action: &str,
        params: &[(&str, &str)],
    ) -> Result<Result<Value, Refusal>> {
        let query = Params::from_pairs(params.iter().copied())?;
        let mut headers = self.headers(action)?;
        let Credentials {
            access_key_id,
            access_key_secret,
            ..
        } = self.credentials;
        let authorization =
            signature::sign_v3("POST", &query, &headers, access_key_id, access_key_secret)
                .map_err(|error| anyhow::anyhow!("signing {action}: {error}"))?;
        headers.insert("authorization", HeaderValue::try_from(authorization)?);
        let answer = self
            .http
            .post(format!("http://{}/", self.address))
            .query(params)
            .headers(headers)
            .send()
            .await
            .with_context(|| format!("calling {action}"))?;
        let status = answer.status();
        let body: Value = answer
            .json()
            .await
            .with_context(|| format!("reading {action}"))?;
        if status.is_success() {
            return Ok(Ok(body));
        }
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (code, message) = (text("Code"), text("Message"));
        Ok(Err(Refusal {
            status: status.as_u16(),
            code,
            message,
        }))
    }

    fn headers(&self, action: &str) -> Result<HeaderMap> {
        let now = self.clock.now();
        let date = reelgate_api_kit::time::format_utc(now.as_millis());
        let nonce = hex::encode(self.ids.uuid(now));
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &str| -> Result<()> {
            headers.insert(name, HeaderValue::from_str(value)?);
            Ok(())
        };
        set("accept", "application/json")?;
        set("host", &self.address)?;
        set("x-acs-action", action)?;
        set("x-acs-version", VERSION)?;
        set("x-acs-date", &date)?;
        set("x-acs-signature-nonce", &nonce)?;
        set("x-acs-content-sha256", &signature::v3::sha256_hex(b""))?;
        Ok(headers)
    }
}

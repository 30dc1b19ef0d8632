//! The body of a job that brings in a file.

use reelgate_domain::job::kind::ingest::{IngestSource, IngestSpec, SourceUrl};
use reelgate_domain::job::{JobSpec, Priority};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::submit::Common;
use crate::http::Address;

/// A file that is fetched from a web server:
///
/// ```json
/// {"kind": "ingest", "source": {"url", "bytes", "sha256", "skip_if_same"}, "output": OBJECT,
///  "cover": OBJECT, "pipeline": "id or name", "priority": 6, "user_data": "text"}
/// ```
///
/// Only `source.url` and `output` are required. `bytes` and `sha256` are what the file must have;
/// `skip_if_same` fetches nothing if the server's file has the size of the output that is there and is not
/// newer; beside a `sha256` it is fetched all the same. `cover` is where a picture of the video goes, as JPEG.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IngestBody {
    #[serde(default, rename = "kind")]
    _kind: Option<IgnoredAny>,
    source: SourceBody,
    output: Address,
    #[serde(default)]
    cover: Option<Address>,
    #[serde(default)]
    pipeline: Option<String>,
    #[serde(default)]
    priority: Option<Priority>,
    #[serde(default)]
    user_data: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceBody {
    url: SourceUrl,
    #[serde(default)]
    bytes: Option<u64>,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    skip_if_same: bool,
}

impl IngestBody {
    pub(super) fn spec(self) -> (JobSpec, Common) {
        let SourceBody {
            url,
            bytes,
            sha256,
            skip_if_same,
        } = self.source;
        let spec = IngestSpec {
            source: IngestSource::Url {
                url,
                bytes,
                sha256: sha256.map(|digest| digest.to_ascii_lowercase()),
                skip_if_same,
            },
            output: self.output.0,
            cover: self.cover.map(|cover| cover.0),
            asset: None,
        };
        let common = Common {
            pipeline: self.pipeline,
            priority: self.priority,
            user_data: self.user_data,
        };
        (JobSpec::Ingest(spec), common)
    }
}

//! The body of a job that looks for a file in a fingerprint library, or stores it there.

use reelgate_domain::dna::{LibraryId, PrimaryKey};
use reelgate_domain::job::kind::fingerprint::{DnaMedia, FingerprintSpec, SaveMode};
use reelgate_domain::job::{JobSpec, Priority};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::submit::Common;
use crate::http::{Address, Problem};

/// A search, a store, or both:
///
/// ```json
/// {"kind": "fingerprint", "input": OBJECT, "library": "id", "key": "film-1", "media": "video",
///  "save": "if_new", "min_similarity": 0.5, "result": OBJECT,
///  "pipeline": "id or name", "priority": 6, "user_data": "text"}
/// ```
///
/// `input`, `library`, `key` and `media` are required. `media` is `video`, `audio`, `image`, `text` or `asr`;
/// `save` is `never`, `if_new` (default), `always` or `only`. `result` is where what was found goes as JSON, and is
/// required but with `only`, where nothing is searched.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FingerprintBody {
    #[serde(default, rename = "kind")]
    _kind: Option<IgnoredAny>,
    input: Address,
    library: String,
    key: PrimaryKey,
    media: DnaMedia,
    #[serde(default)]
    save: Option<SaveMode>,
    #[serde(default)]
    min_similarity: Option<f64>,
    #[serde(default)]
    result: Option<Address>,
    #[serde(default)]
    pipeline: Option<String>,
    #[serde(default)]
    priority: Option<Priority>,
    #[serde(default)]
    user_data: Option<String>,
}

impl FingerprintBody {
    pub(super) fn spec(self) -> Result<(JobSpec, Common), Problem> {
        let library: LibraryId = self.library.parse().map_err(|_| {
            let message = format!("{:?} is no id of a library", self.library);
            Problem::invalid_field("library", message)
        })?;
        let spec = FingerprintSpec {
            input: self.input.0,
            library,
            key: self.key,
            save: self.save.unwrap_or(SaveMode::IfNew),
            media: self.media,
            min_similarity: self
                .min_similarity
                .unwrap_or(FingerprintSpec::MIN_SIMILARITY),
            result: self.result.map(|result| result.0),
        };
        let common = Common {
            pipeline: self.pipeline,
            priority: self.priority,
            user_data: self.user_data,
        };
        Ok((JobSpec::Fingerprint(spec), common))
    }
}

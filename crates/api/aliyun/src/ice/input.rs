//! `Input` and `Config` of a fingerprint job.

use reelgate_domain::ObjectRef;
use reelgate_domain::asset::AssetId;
use reelgate_domain::job::kind::fingerprint::{DnaMedia, SaveMode};
use reelgate_service::{Caller, Service, parse_address};
use serde::{Deserialize, Serialize};

use super::codes::Code;
use super::errors::{Refusal, service_error};
use super::request;
use crate::dna::words;
use crate::rpc::ApiError;

/// `Type` of a file in a bucket.
pub(super) const OSS: &str = "OSS";
/// `Type` of a media asset.
const MEDIA: &str = "Media";

/// The file that a job reads, as the caller named it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Input {
    #[serde(rename = "Type")]
    pub(super) kind: String,
    pub(super) media: String,
}

/// What an input names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Object(ObjectRef),
    Asset(AssetId),
}

impl Input {
    pub(super) fn read(text: &str) -> Result<(Self, Source), Refusal> {
        let members = request::object("Input", text, &["Type", "Media"])?;
        let member = |name: &str| {
            let text = request::text(&members, "Input", name)?;
            text.ok_or_else(|| Refusal::invalid(format!("Input.{name}"), "it is needed"))
        };
        let (kind, media) = (member("Type")?, member("Media")?);
        let source = match kind {
            OSS => Source::Object(
                parse_address(media)
                    .map_err(|why| Refusal::invalid("Input.Media", why.to_string()))?,
            ),
            // What can be no id is the id of no asset.
            MEDIA => Source::Asset(
                media
                    .parse()
                    .map_err(|_invalid| Refusal::new(Code::ResourceNotFound, media))?,
            ),
            _ => return Err(Refusal::invalid("Input.Type", "it is OSS or Media")),
        };
        let input = Self {
            kind: kind.to_owned(),
            media: media.to_owned(),
        };
        Ok((input, source))
    }
}

impl Source {
    /// The file itself; whether it is there is found out when the job runs.
    pub(super) async fn file(
        self,
        service: &Service,
        caller: &Caller,
    ) -> Result<ObjectRef, ApiError> {
        let id = match self {
            Self::Object(object) => return Ok(object),
            Self::Asset(id) => id,
        };
        let found = service.assets(caller, &[id]).await.map_err(service_error)?;
        let asset = found.into_iter().next();
        let missing = || Refusal::new(Code::ResourceNotFound, id.to_string()).into();
        asset.map(|asset| asset.file).ok_or_else(missing)
    }
}

/// What a job does with a file; absent where the caller leaves it to the library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) save: Option<SaveMode>,
    pub(super) media: Option<DnaMedia>,
}

const MEDIA_TYPES: [DnaMedia; 5] = [
    DnaMedia::Video,
    DnaMedia::Audio,
    DnaMedia::Image,
    DnaMedia::Text,
    DnaMedia::Asr,
];

impl Config {
    pub(super) fn read(text: &str) -> Result<Self, Refusal> {
        let members = request::object("Config", text, &["SaveType", "MediaType"])?;
        let save = match request::text(&members, "Config", "SaveType")? {
            None => None,
            Some(word) => Some(words::parse_save(word).ok_or_else(|| {
                let why = "it is one of nosave, save, forcesave, onlysave";
                Refusal::invalid("Config.SaveType", why)
            })?),
        };
        let media = match request::text(&members, "Config", "MediaType")? {
            None => None,
            Some(word) => {
                let known = MEDIA_TYPES.into_iter().find(|media| media.word() == word);
                Some(known.ok_or_else(|| {
                    let why = "it is one of video, audio, image, text, asr";
                    Refusal::invalid("Config.MediaType", why)
                })?)
            }
        };
        Ok(Self { save, media })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_addresses_or_ids_of_assets() {
        for address in [
            "oss://media/a/b.mp4",
            "http://media.oss-cn-shanghai.aliyuncs.com/a/b.mp4",
            "https://media.oss-cn-beijing.aliyuncs.com/a%2Fb.mp4",
        ] {
            let text = format!(r#"{{"Media": "{address}", "Type": "OSS"}}"#);
            let (input, source) = Input::read(&text).unwrap();
            assert_eq!(
                (input.kind.as_str(), input.media.as_str()),
                ("OSS", address)
            );
            let Source::Object(object) = source else {
                panic!("{address} is {source:?}");
            };
            assert_eq!(object.to_string(), "media/a/b.mp4");
        }
        let id = "0123456789abcdef0123456789abcdef";
        let text = format!(r#"{{"Type": "Media", "Media": "{id}"}}"#);
        let (_, source) = Input::read(&text).unwrap();
        assert_eq!(source, Source::Asset(id.parse().unwrap()));
    }

    #[test]
    fn inputs_that_name_nothing_are_refused() {
        for (text, code) in [
            ("", Code::JsonFormat),
            ("oss://media/a", Code::JsonFormat),
            ("[]", Code::JsonObjectFormat),
            ("{}", Code::Invalid),
            (r#"{"Type": "OSS"}"#, Code::Invalid),
            (r#"{"Type": "OSS", "Media": ""}"#, Code::Invalid),
            (r#"{"Type": "OSS", "Media": 1}"#, Code::Invalid),
            (
                r#"{"Type": "oss", "Media": "oss://media/a"}"#,
                Code::Invalid,
            ),
            (r#"{"Type": "OSS", "Media": "media/a"}"#, Code::Invalid),
            (
                r#"{"Type": "OSS", "Media": "oss://media/../a"}"#,
                Code::Invalid,
            ),
            (r#"{"Type": "Media", "Media": "x"}"#, Code::ResourceNotFound),
            (
                r#"{"Type": "OSS", "Media": "oss://media/a", "Bucket": "b"}"#,
                Code::Invalid,
            ),
            (
                r#"{"Type": "OSS", "Type": "OSS", "Media": "oss://media/a"}"#,
                Code::JsonFormat,
            ),
        ] {
            let refused = Input::read(text).map_err(|refusal| refusal.code);
            assert_eq!(refused, Err(code), "{text}");
        }
    }

    #[test]
    fn configurations_have_two_members_with_few_words() {
        let read = |text: &str| Config::read(text).map_err(|refusal| refusal.code);
        let both = read(r#"{"SaveType":"save","MediaType":"video"}"#).unwrap();
        assert_eq!(both.save, Some(SaveMode::IfNew));
        assert_eq!(both.media, Some(DnaMedia::Video));
        for nothing in ["{}", r#"{"SaveType": null, "MediaType": ""}"#] {
            assert_eq!(read(nothing), Ok(Config::default()), "{nothing}");
        }
        for (text, code) in [
            ("save", Code::JsonFormat),
            // The vendor's own example.
            (
                r#"{"SaveType": "save","MediaType"":"video"}"#,
                Code::JsonFormat,
            ),
            ("7", Code::JsonObjectFormat),
            (r#"{"SaveType": "Save"}"#, Code::Invalid),
            (r#"{"SaveType": true}"#, Code::Invalid),
            (r#"{"MediaType": "film"}"#, Code::Invalid),
            (r#"{"Threshold": "0.5"}"#, Code::Invalid),
        ] {
            assert_eq!(read(text), Err(code), "{text}");
        }
    }
}

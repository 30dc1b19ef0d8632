//! The JSON of `FpShotConfig` and `FpImportConfig`, and what a file is by its name.

use reelgate_api_kit::json;
use reelgate_domain::ObjectKey;
use reelgate_domain::dna::{DnaModel, LibraryId, PrimaryKey};
use reelgate_domain::job::kind::fingerprint::{DnaMedia, FingerprintSpec, SaveMode};
use serde_json::{Map, Value};

use crate::dna::words;
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;
use crate::mps::request;

/// Endings of the pictures that the vendor takes.
const PICTURES: [&str; 4] = [".jpg", ".jpeg", ".png", ".bmp"];

/// What a job is to do, and with which library.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Config {
    pub(super) key: PrimaryKey,
    pub(super) save: SaveMode,
    pub(super) library: LibraryId,
    pub(super) text: Option<TextType>,
    pub(super) min_similarity: f64,
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextType {
    Text,
    Asr,
}

impl Config {
    const NAME: &str = "FpShotConfig";

    /// Reads the parameter. Without a library's id the vendor takes one of its own, which there is not here.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let members = object(Self::NAME, text)?;
        let mut fields = Fields::new(Self::NAME, &members);
        let key = primary_key(&mut fields)?;
        let save = save(&mut fields, words::parse_save)?;
        let library = fields.required("FpDBId")?;
        let library = request::id(&fields.path("FpDBId"), &library)?;
        let text = match fields.text("TextType")?.as_deref() {
            None => None,
            Some("Text") => Some(TextType::Text),
            Some("ASR") => Some(TextType::Asr),
            Some(_) => return fields.refuse(Code::NotSupported, "TextType"),
        };
        let threshold = fields.decimal("SimilarityThreshold", |it| (0.0..=1.0).contains(&it))?;
        fields.finish()?;
        Ok(Self {
            key,
            save,
            library,
            text,
            min_similarity: threshold.unwrap_or(FingerprintSpec::MIN_SIMILARITY),
        })
    }

    /// What the file is taken for: what the library is made of, a picture by its name in one of videos, and of texts
    /// what the caller says.
    pub(super) fn media(&self, model: DnaModel, file: &ObjectKey) -> Result<DnaMedia, Refusal> {
        let path = || format!("{}.TextType", Self::NAME);
        match (model, self.text) {
            (DnaModel::Text, Some(TextType::Text)) => Ok(DnaMedia::Text),
            (DnaModel::Text, Some(TextType::Asr)) => Ok(DnaMedia::Asr),
            (DnaModel::Text, None) => Err(Refusal::new(Code::NullValue, path())),
            (_, Some(_)) => Err(Refusal::new(Code::Invalid, path())),
            (model, None) => Ok(media_of(model, file)),
        }
    }
}

/// What a file is that goes into a library, or is looked for in it, unless more is said.
pub(super) fn media_of(model: DnaModel, file: &ObjectKey) -> DnaMedia {
    match model {
        DnaModel::Video if is_picture(file) => DnaMedia::Image,
        _ => words::media_of(model),
    }
}

fn is_picture(file: &ObjectKey) -> bool {
    let name = file.as_str().to_ascii_lowercase();
    PICTURES.iter().any(|ending| name.ends_with(ending))
}

/// Reads `FpImportConfig`: an import stores.
pub(super) fn import_save(text: &str) -> Result<SaveMode, Refusal> {
    const NAME: &str = "FpImportConfig";
    let members = object(NAME, text)?;
    let mut fields = Fields::new(NAME, &members);
    let save = save(&mut fields, |word| match words::parse_save(word) {
        Some(save @ (SaveMode::IfNew | SaveMode::Only)) => Some(save),
        Some(SaveMode::Never | SaveMode::Always) | None => None,
    })?;
    fields.finish()?;
    Ok(save)
}

pub(super) fn primary_key(fields: &mut Fields<'_>) -> Result<PrimaryKey, Refusal> {
    match PrimaryKey::new(fields.required("PrimaryKey")?) {
        Ok(key) => Ok(key),
        Err(_invalid) => fields.refuse(Code::Invalid, "PrimaryKey"),
    }
}

fn save(
    fields: &mut Fields<'_>,
    parse: impl FnOnce(&str) -> Option<SaveMode>,
) -> Result<SaveMode, Refusal> {
    let word = fields.required("SaveType")?;
    match parse(&word) {
        Some(save) => Ok(save),
        None => fields.refuse(Code::NotSupported, "SaveType"),
    }
}

fn object(name: &str, text: &str) -> Result<Map<String, Value>, Refusal> {
    match json::parse(text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Refusal::new(Code::JsonObjectFormat, name)),
        Err(_) => Err(Refusal::new(Code::JsonFormat, name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIBRARY: &str = "0123456789abcdef0123456789abcdef";

    fn with(name: &str, value: Value) -> String {
        let mut config = json!({"PrimaryKey": "k", "SaveType": "save", "FpDBId": LIBRARY});
        config[name] = value;
        config.to_string()
    }

    #[test]
    fn a_configuration_is_read() {
        let config = Config::parse(&with("SimilarityThreshold", json!("0.9"))).unwrap();
        assert_eq!((config.key.as_str(), config.save), ("k", SaveMode::IfNew));
        assert_eq!(config.library.to_string(), LIBRARY);
        assert!((config.min_similarity - 0.9).abs() < 1e-9);
        let plain = Config::parse(&with("SaveType", json!("nosave"))).unwrap();
        assert!((plain.min_similarity - FingerprintSpec::MIN_SIMILARITY).abs() < 1e-9);
        assert_eq!(plain.save, SaveMode::Never);
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        let cases = [
            ("PrimaryKey", json!(null), Code::NullValue),
            ("PrimaryKey", json!(""), Code::EmptyValue),
            ("PrimaryKey", json!("a,b"), Code::Invalid),
            ("PrimaryKey", json!("k".repeat(257)), Code::Invalid),
            ("PrimaryKey", json!({"a": 1}), Code::Format),
            ("SaveType", json!(null), Code::NullValue),
            ("SaveType", json!("keep"), Code::NotSupported),
            ("FpDBId", json!(null), Code::NullValue),
            ("FpDBId", json!("default"), Code::UuidFormat),
            ("TextType", json!("text"), Code::NotSupported),
            ("SimilarityThreshold", json!(1.1), Code::OutOfRange),
            ("SimilarityThreshold", json!("-0.1"), Code::OutOfRange),
            ("SimilarityThreshold", json!("NaN"), Code::NumberFormat),
            ("SimilarityThreshold", json!("high"), Code::NumberFormat),
            ("Other", json!("x"), Code::NotSupported),
        ];
        for (name, value, code) in cases {
            let text = with(name, value);
            let refused = Refusal::new(code, format!("FpShotConfig.{name}"));
            assert_eq!(Config::parse(&text), Err(refused), "{text}");
        }
        for (text, code) in [("{", Code::JsonFormat), ("[]", Code::JsonObjectFormat)] {
            assert_eq!(Config::parse(text), Err(Refusal::new(code, "FpShotConfig")));
            assert_eq!(import_save(text), Err(Refusal::new(code, "FpImportConfig")));
        }
    }

    #[test]
    fn an_import_stores() {
        assert_eq!(import_save(r#"{"SaveType": "save"}"#), Ok(SaveMode::IfNew));
        assert_eq!(
            import_save(r#"{"SaveType": "onlysave"}"#),
            Ok(SaveMode::Only)
        );
        let refused = |code, name| Err(Refusal::new(code, format!("FpImportConfig.{name}")));
        for word in ["nosave", "forcesave", ""] {
            let text = json!({"SaveType": word}).to_string();
            let code = if word.is_empty() {
                Code::EmptyValue
            } else {
                Code::NotSupported
            };
            assert_eq!(import_save(&text), refused(code, "SaveType"), "{word}");
        }
        let text = r#"{"SaveType": "save", "Overwrite": true}"#;
        assert_eq!(import_save(text), refused(Code::NotSupported, "Overwrite"));
    }

    #[test]
    fn a_file_is_what_its_library_is_made_of() {
        let plain = Config::parse(&with("SaveType", json!("save"))).unwrap();
        let speech = Config::parse(&with("TextType", json!("ASR"))).unwrap();
        let file = |name: &str| ObjectKey::new(name).unwrap();
        let media = |config: &Config, model, name: &str| config.media(model, &file(name));
        assert_eq!(media(&plain, DnaModel::Video, "a.mp4"), Ok(DnaMedia::Video));
        assert_eq!(media(&plain, DnaModel::Video, "a.JPG"), Ok(DnaMedia::Image));
        assert_eq!(media(&plain, DnaModel::Audio, "a.mp4"), Ok(DnaMedia::Audio));
        assert_eq!(media(&plain, DnaModel::Image, "a"), Ok(DnaMedia::Image));
        assert_eq!(media(&speech, DnaModel::Text, "a.json"), Ok(DnaMedia::Asr));
        let refused = |code| Err(Refusal::new(code, "FpShotConfig.TextType"));
        assert_eq!(
            media(&plain, DnaModel::Text, "a.txt"),
            refused(Code::NullValue)
        );
        assert_eq!(
            media(&speech, DnaModel::Video, "a.mp4"),
            refused(Code::Invalid)
        );
    }
}

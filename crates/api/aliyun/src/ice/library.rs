//! A library as answers show it.

use reelgate_domain::dna::{DnaModel, Library};
use serde_json::{Value, json};

use super::errors::Refusal;
use crate::dna::words::library_word;

const MODELS: [(&str, DnaModel); 4] = [
    ("Video", DnaModel::Video),
    ("Audio", DnaModel::Audio),
    ("Image", DnaModel::Image),
    ("Text", DnaModel::Text),
];

pub(super) fn parse_model(word: &str) -> Result<DnaModel, Refusal> {
    let known = MODELS.iter().find(|(known, _)| *known == word);
    let model = known.map(|(_, model)| *model);
    model.ok_or_else(|| Refusal::invalid("Model", "it is one of Video, Audio, Image, Text"))
}

const fn model_word(model: DnaModel) -> &'static str {
    match model {
        DnaModel::Video => "Video",
        DnaModel::Audio => "Audio",
        DnaModel::Image => "Image",
        DnaModel::Text => "Text",
    }
}

pub(super) fn render(library: &Library) -> Value {
    render_as(library, library_word(library.status))
}

pub(super) fn render_as(library: &Library, status: &str) -> Value {
    json!({
        "DBId": library.id.to_string(),
        "Name": library.name.as_str(),
        "Model": model_word(library.model),
        "Description": library.description,
        "Status": status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_read_back() {
        for model in DnaModel::ALL {
            assert_eq!(parse_model(model_word(model)), Ok(model));
        }
        for bad in ["video", "1", "ASR"] {
            assert!(parse_model(bad).is_err(), "{bad}");
        }
    }
}

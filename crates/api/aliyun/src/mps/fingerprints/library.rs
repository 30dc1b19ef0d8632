//! Libraries in this product's words.

use reelgate_domain::dna::{DnaModel, Library, LibraryId};
use reelgate_service::{Caller, ErrorKind, Service};
use serde_json::{Map, Value};

use super::errors::service_error;
use crate::mps::errors::{Code, Refusal};
use crate::mps::request;
use crate::rpc::{ApiError, Params};

/// The vendor's number of a model.
pub(super) const fn model_id(model: DnaModel) -> u32 {
    match model {
        DnaModel::Text => 11,
        DnaModel::Video => 12,
        DnaModel::Audio => 13,
        DnaModel::Image => 14,
    }
}

/// Reads the number of a model; 1 and 3 are what the pages of 2021 call those of video and audio.
pub(super) fn model(params: &Params) -> Result<DnaModel, Refusal> {
    const NAME: &str = "ModelId";
    let Some(text) = request::optional(params, NAME) else {
        return Ok(DnaModel::Video);
    };
    let number: i64 = text
        .parse()
        .map_err(|_invalid| Refusal::new(Code::NumberFormat, NAME))?;
    match number {
        1 => Ok(DnaModel::Video),
        3 => Ok(DnaModel::Audio),
        _ => DnaModel::ALL
            .into_iter()
            .find(|model| i64::from(model_id(*model)) == number)
            .ok_or_else(|| Refusal::new(Code::OutOfRange, NAME)),
    }
}

/// The library that the parameter names, which is not deleted.
pub(super) async fn named(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Library, ApiError> {
    let text = request::required(params, "FpDBId")?;
    let id: LibraryId = request::id("FpDBId", text)?;
    find(service, caller, id).await
}

/// A library that is not deleted.
pub(super) async fn find(
    service: &Service,
    caller: &Caller,
    id: LibraryId,
) -> Result<Library, ApiError> {
    service
        .library(caller, id)
        .await
        .map_err(|error| match error.kind {
            ErrorKind::NotFound => Refusal::new(Code::DbNotExist, id.to_string()).into(),
            _ => service_error(error),
        })
}

/// What every answer shows of a library; they disagree about what its state is called.
pub(super) fn shown(library: &Library, (name, word): (&str, &str)) -> Map<String, Value> {
    let members = [
        ("FpDBId", library.id.to_string().into()),
        ("Name", library.name.as_str().into()),
        ("ModelId", model_id(library.model).into()),
        ("Description", library.description.as_str().into()),
        (name, word.into()),
    ];
    let members = members.map(|(name, value): (&str, Value)| (name.to_owned(), value));
    members.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DnaModel, Refusal> {
        model(&Params::from_pairs([("ModelId", text)]).unwrap())
    }

    #[test]
    fn models_have_the_numbers_of_both_generations_of_pages() {
        let cases = [
            ("", DnaModel::Video),
            ("1", DnaModel::Video),
            ("3", DnaModel::Audio),
            ("11", DnaModel::Text),
            ("12", DnaModel::Video),
            ("13", DnaModel::Audio),
            ("14", DnaModel::Image),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        let refusal = |code| Err(Refusal::new(code, "ModelId"));
        for text in ["0", "2", "15", "-12"] {
            assert_eq!(read(text), refusal(Code::OutOfRange), "{text}");
        }
        assert_eq!(read("video"), refusal(Code::NumberFormat));
    }
}

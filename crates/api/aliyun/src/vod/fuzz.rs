//! What the fuzz targets reach of this product: its readers, without a service behind them.

use reelgate_domain::job::kind::transcode::Settings;

use super::{media, request, template, upload_media_by_url, user_data};
use crate::rpc::{ApiError, Params};

/// Reads the parameters of `UploadMediaByURL`; how many files it names.
pub fn upload(params: &Params) -> Result<usize, ApiError> {
    let addresses = request::required(params, "UploadURLs")?;
    let metadatas = request::optional(params, "UploadMetadatas");
    if let Some(text) = request::optional(params, "UserData") {
        user_data::read_text(text);
    }
    Ok(upload_media_by_url::read(addresses, "UploadMetadatas", metadatas)?.len())
}

/// Reads a list of templates; what each comes to.
pub fn templates(text: &str) -> Result<Vec<Settings>, ApiError> {
    let templates = request::list("TranscodeTemplateList", text)?;
    Ok(template::read_all(templates)?)
}

/// Reads the condition of a search.
pub fn condition(text: &str) -> Result<(), ApiError> {
    Ok(media::search::read_condition(text)?)
}

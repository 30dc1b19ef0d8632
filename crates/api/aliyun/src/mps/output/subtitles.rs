//! The `SubtitleConfig` part of an output: files of subtitles that are drawn into its picture.

use reelgate_domain::job::kind::transcode::{Subtitles, TextEncoding};
use reelgate_domain::{ObjectKey, ObjectRef};

use super::{object, streams};
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;
use crate::mps::input::{bucket_name, decoded, object_key};

/// Reads the part. `source` is the input, whose names placeholders stand for.
pub(super) fn read(
    part: Option<Fields<'_>>,
    source: &ObjectKey,
) -> Result<Vec<Subtitles>, Refusal> {
    let Some(mut fields) = part else {
        return Ok(Vec::new());
    };
    let tracks = fields.list("SubtitleList")?;
    let files = fields.list("ExtSubtitleList")?;
    for (count, name) in [
        (tracks.len(), "SubtitleList"),
        (tracks.len() + files.len(), "ExtSubtitleList"),
    ] {
        if count > Subtitles::MOST_DRAWN {
            return fields.refuse(Code::ListSizeExceed, name);
        }
    }
    fields.finish()?;
    let tracks = tracks.into_iter().map(track);
    let files = files.into_iter().map(|file| one(file, source));
    tracks.chain(files).collect()
}

/// One of the input's own.
fn track(mut fields: Fields<'_>) -> Result<Subtitles, Refusal> {
    let Some(track) = streams::place(&mut fields, "Map", "0:s:")? else {
        return fields.refuse(Code::NullValue, "Map");
    };
    fields.finish()?;
    Ok(Subtitles {
        track,
        ..Subtitles::default()
    })
}

fn one(mut fields: Fields<'_>, source: &ObjectKey) -> Result<Subtitles, Refusal> {
    let Some(mut input) = fields.object("Input")? else {
        return fields.refuse(Code::NullValue, "Input");
    };
    let bucket = input.required("Bucket")?;
    // There is one region here.
    input.required("Location")?;
    let key = input.required("Object")?;
    let key = object::filled_in(&decoded(&key)?, source, &[])
        .map_err(|refusal| Refusal::new(refusal.code, input.path("Object")))?;
    input.finish()?;
    let encoding = match fields.text("CharEnc")? {
        None => TextEncoding::Auto,
        Some(word) => match word.to_ascii_lowercase().as_str() {
            "auto" => TextEncoding::Auto,
            "utf-8" => TextEncoding::Utf8,
            "gbk" => TextEncoding::Gbk,
            "big5" => TextEncoding::Big5,
            _ => return fields.refuse(Code::OutOfRange, "CharEnc"),
        },
    };
    let font = fields.text("FontName")?;
    fields.finish()?;
    Ok(Subtitles {
        object: Some(ObjectRef {
            bucket: bucket_name(&bucket)?,
            key: object_key(key)?,
        }),
        encoding,
        font,
        ..Subtitles::default()
    })
}

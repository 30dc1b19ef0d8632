//! The `Amix` part of an output: sounds that are heard besides its own.

use reelgate_domain::job::kind::transcode::{MixUntil, MixedSound};

use super::{clip, streams};
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// The word for another sound of the source.
const OF_THE_SOURCE: &str = "input";

/// Reads the list.
pub(super) fn read(fields: &mut Fields<'_>) -> Result<Vec<MixedSound>, Refusal> {
    let sounds = fields.list("Amix")?;
    if sounds.len() > MixedSound::MOST {
        return fields.refuse(Code::ListSizeExceed, "Amix");
    }
    sounds.into_iter().map(sound).collect()
}

fn sound(mut fields: Fields<'_>) -> Result<MixedSound, Refusal> {
    let object = match fields.required("AmixURL")?.trim() {
        OF_THE_SOURCE => None,
        _ => fields.address("AmixURL")?,
    };
    fields.required("Map")?;
    let audio = streams::place(&mut fields, "Map", "0:a:")?.unwrap_or_default();
    let until = match fields.text("MixDurMode")?.as_deref() {
        // The vendor's pages spell it in both ways.
        None | Some("longest" | "long") => MixUntil::Longest,
        Some("first") => MixUntil::First,
        Some(_) => return fields.refuse(Code::OutOfRange, "MixDurMode"),
    };
    let clip = clip::stretch(&mut fields)?;
    fields.finish()?;
    Ok(MixedSound {
        object,
        audio,
        clip,
        until,
    })
}

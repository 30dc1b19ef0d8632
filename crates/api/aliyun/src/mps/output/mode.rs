//! The `TransConfig` part of an output: how bits are spent, and what is checked against the source.

use reelgate_domain::job::kind::transcode::AboveSource;

use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// How the video's bits are spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TransMode {
    #[default]
    OnePass,
    TwoPass,
    Constant,
    /// A quality, whatever rate the template has.
    Quality,
}

/// The whole part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mode {
    pub(super) trans: TransMode,
    /// What becomes of rates above the source's.
    pub(super) video: AboveSource,
    pub(super) audio: AboveSource,
}

impl Mode {
    pub(super) fn read(part: Option<Fields<'_>>) -> Result<Self, Refusal> {
        let Some(mut fields) = part else {
            return Ok(Self::default());
        };
        let name = fields.text("TransMode")?;
        let trans = match name.map(|mode| mode.to_ascii_lowercase()).as_deref() {
            None | Some("onepass") => TransMode::OnePass,
            Some("twopass") => TransMode::TwoPass,
            Some("cbr") => TransMode::Constant,
            Some("fixcrf") => TransMode::Quality,
            Some(_) => return fields.refuse(Code::NotSupported, "TransMode"),
        };
        let video = above(
            &mut fields,
            ["IsCheckVideoBitrate", "IsCheckVideoBitrateFail"],
        )?;
        let audio = above(
            &mut fields,
            ["IsCheckAudioBitrate", "IsCheckAudioBitrateFail"],
        )?;
        fields.finish()?;
        Ok(Self {
            trans,
            video,
            audio,
        })
    }
}

/// The check that fails wins over the one that lowers.
fn above(
    fields: &mut Fields<'_>,
    [lower, fail]: [&'static str; 2],
) -> Result<AboveSource, Refusal> {
    let (lower, fail) = (fields.flag(lower)?, fields.flag(fail)?);
    Ok(match (lower, fail) {
        (_, true) => AboveSource::Fail,
        (true, false) => AboveSource::Lower,
        (false, false) => AboveSource::Keep,
    })
}

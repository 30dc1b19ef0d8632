//! `audio_process`: how loud the outputs of a task are.

use reelgate_domain::job::kind::transcode::{Settings, Volume};

use crate::errors::ApiError;
use crate::mpc::fields::Fields;

/// What is asked for, for all outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct AudioProcess {
    volume: Option<Volume>,
}

impl AudioProcess {
    /// Takes it out of the body.
    pub(super) fn take(body: &mut Fields) -> Result<Self, ApiError> {
        let Some(mut process) = body.object("audio_process")? else {
            return Ok(Self::default());
        };
        let method = process.text("volume")?;
        let db = process.integer("volume_expr", -15..=15)?;
        let volume = match (method.as_deref(), db) {
            (None | Some("original"), None) => None,
            (None | Some("original"), Some(_)) => {
                return Err(process.refuse("volume_expr", "needs volume dynamic"));
            }
            (Some("dynamic"), Some(db)) => Some(Volume::Gain { db: db as f64 }),
            (Some("dynamic"), None) => return Err(process.refuse("volume_expr", "is missing")),
            (Some("auto"), None) => Some(Volume::AUTO),
            (Some("auto"), Some(_)) => {
                return Err(process.refuse("volume_expr", "needs volume dynamic"));
            }
            (Some(_), _) => {
                return Err(process.refuse("volume", "must be auto, dynamic or original"));
            }
        };
        process.finish()?;
        Ok(Self { volume })
    }

    pub(super) fn changes(self) -> bool {
        self.volume.is_some()
    }

    pub(super) fn apply(self, settings: &mut Settings) {
        if let Some(audio) = &mut settings.audio {
            audio.volume = self.volume;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(text: &str) -> Result<Option<Volume>, ApiError> {
        let body = format!(r#"{{"audio_process":{text}}}"#);
        AudioProcess::take(&mut Fields::body(body.as_bytes())?).map(|process| process.volume)
    }

    #[test]
    fn the_volume_is_changed_by_decibels_and_what_cannot_be_done_is_refused_by_name() {
        assert_eq!(take("{}").unwrap(), None);
        assert_eq!(take(r#"{"volume":"original"}"#).unwrap(), None);
        let louder = take(r#"{"volume":"dynamic","volume_expr":-7}"#).unwrap();
        assert_eq!(louder, Some(Volume::Gain { db: -7.0 }));
        let auto = Volume::Loudness {
            integrated: -16.0,
            true_peak: -1.0,
        };
        assert_eq!(take(r#"{"volume":"auto"}"#).unwrap(), Some(auto));
        for (text, name) in [
            (r#"{"volume":"dynamic"}"#, "volume_expr"),
            (r#"{"volume":"dynamic","volume_expr":16}"#, "volume_expr"),
            (r#"{"volume_expr":1}"#, "volume_expr"),
            (r#"{"volume":"auto","volume_expr":1}"#, "volume_expr"),
            (r#"{"volume":"loud"}"#, "volume"),
            (r#"{"x":1}"#, "x"),
        ] {
            let error = take(text).unwrap_err();
            let begin = format!("Invalid request parameter, audio_process.{name} ");
            assert!(error.message().starts_with(&begin), "{error}");
        }
    }
}

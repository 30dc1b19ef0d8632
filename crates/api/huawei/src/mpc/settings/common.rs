//! `common`: the format of an output.

use reelgate_domain::job::kind::transcode::{Container, SegmentFormat};

use super::{Policy, VideoCommon};
use crate::errors::ApiError;
use crate::mpc::fields::Fields;

/// Seconds of a segment where nothing is said.
const SEGMENT_SECONDS: i64 = 5;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::mpc) struct Common {
    pub(super) container: Container,
}

impl Common {
    pub(in crate::mpc) fn take(mut fields: Fields) -> Result<Self, ApiError> {
        if fields.flag("PVC")? == Some(true) {
            return Err(fields.refuse("PVC", "must be false: there is no encoder for it"));
        }
        let seconds = fields.integer("hls_interval", 2..=10)?;
        let seconds = seconds.unwrap_or(SEGMENT_SECONDS);
        // Of DASH, which is refused below.
        fields.integer("dash_interval", 2..=10)?;
        let container = match fields.integer("pack_type", i64::MIN..=i64::MAX)? {
            Some(1) => Container::Hls {
                segments: SegmentFormat::Ts,
                segment_seconds: u32::try_from(seconds).unwrap_or_default(),
            },
            Some(4) => Container::Mp4,
            Some(5) => Container::Mp3,
            Some(6) => Container::Adts,
            Some(2 | 3) => {
                let why = "must be 1, 4, 5 or 6: DASH is not made here";
                return Err(fields.refuse("pack_type", why));
            }
            Some(_) => return Err(fields.refuse("pack_type", "must be 1 to 6")),
            None => return Err(fields.refuse("pack_type", "is missing")),
        };
        fields.finish()?;
        Ok(Self { container })
    }

    /// Formats of sound alone have no parameters of video; that there is none may be said.
    pub(in crate::mpc) fn check_video(
        &self,
        shared: &VideoCommon,
        fields: &Fields,
    ) -> Result<(), ApiError> {
        let is_sound = matches!(self.container, Container::Mp3 | Container::Adts);
        if is_sound && shared.policy != Policy::Discard {
            let why = "must be discard, or no video be given, for pack_type 5 and 6";
            return Err(fields.refuse("output_policy", why));
        }
        Ok(())
    }
}

//! `common`: the format of an output.

use reelgate_domain::job::kind::transcode::{Container, SegmentFormat, VideoCodec};

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
        let hls = fields.integer("hls_interval", 2..=10)?;
        let dash = fields.integer("dash_interval", 2..=10)?;
        let seconds = |given: Option<i64>| {
            u32::try_from(given.unwrap_or(SEGMENT_SECONDS)).unwrap_or_default()
        };
        let container = match fields.integer("pack_type", i64::MIN..=i64::MAX)? {
            Some(1) => Container::Hls {
                segments: SegmentFormat::Ts,
                segment_seconds: seconds(hls),
            },
            Some(4) => Container::Mp4,
            Some(5) => Container::Mp3,
            Some(6) => Container::Adts,
            Some(2) => Container::Dash {
                segment_seconds: seconds(dash),
                hls: false,
            },
            Some(3) if hls.zip(dash).is_some_and(|(hls, dash)| hls != dash) => {
                let why =
                    "must be hls_interval for pack_type 3: one set of segments has both playlists";
                return Err(fields.refuse("dash_interval", why));
            }
            Some(3) => Container::Dash {
                segment_seconds: seconds(dash.or(hls)),
                hls: true,
            },
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
        if !self.container.holds_video(VideoCodec::Copy) && shared.policy == Policy::Copy {
            let why = "must be transcode or discard for pack_type 2 and 3: segments begin with key frames";
            return Err(fields.refuse("output_policy", why));
        }
        Ok(())
    }
}

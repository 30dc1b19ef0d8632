//! What an output says of the display that its picture was mastered on.

use reelgate_domain::job::kind::transcode::{PixelFormat, VideoCodec, VideoSettings};
use reelgate_domain::media::{Light, Mastering, VideoFacts};

use super::ToneMap;

/// What is told of a picture of HDR10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hdr10 {
    pub mastering: Option<Mastering>,
    pub light: Option<Light>,
}

/// The source's, where its samples stay what they are.
pub(super) fn hdr10(
    wanted: &VideoSettings,
    source: &VideoFacts,
    tone: Option<ToneMap>,
) -> Option<Hdr10> {
    let is_kept = wanted.codec == VideoCodec::H265
        && wanted.pixel_format == PixelFormat::Yuv420p10
        && tone.is_none()
        && source.color_transfer.as_deref() == Some("smpte2084");
    let told = Hdr10 {
        mastering: source.mastering,
        light: source.light,
    };
    (is_kept && (told.mastering.is_some() || told.light.is_some())).then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_hdr10_says_how_it_was_mastered() {
        let source = VideoFacts {
            color_transfer: Some("smpte2084".to_owned()),
            light: Some(Light {
                most: 1000,
                most_average: 400,
            }),
            ..VideoFacts::default()
        };
        let wanted = VideoSettings {
            codec: VideoCodec::H265,
            pixel_format: PixelFormat::Yuv420p10,
            ..VideoSettings::default()
        };
        let kept = hdr10(&wanted, &source, None).unwrap();
        assert_eq!((kept.mastering, kept.light), (None, source.light));
        let tone = ToneMap {
            transfer: "smpte2084",
            is_full_range: false,
        };
        assert_eq!(hdr10(&wanted, &source, Some(tone)), None);
        let shallow = VideoSettings {
            pixel_format: PixelFormat::Yuv420p,
            ..wanted.clone()
        };
        assert_eq!(hdr10(&shallow, &source, None), None);
        let hlg = VideoFacts {
            color_transfer: Some("arib-std-b67".to_owned()),
            ..source
        };
        assert_eq!(hdr10(&wanted, &hlg, None), None);
    }
}

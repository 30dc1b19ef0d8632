//! Animated pictures: what their containers are told, and what else can be set of them.

use serde::{Deserialize, Serialize};

use super::{Container, OutOfRange, VideoCodec, VideoSettings, check};

/// The delay between two pictures of a GIF is counted in hundredths of a second, and viewers take shorter ones than
/// two of them for ten.
pub const MOST_GIF_FPS: f64 = 50.0;

/// How the colours of a GIF's pictures become 256 at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GifColours {
    /// Each picture has those that suit it; what they miss is spread over what is around (Sierra).
    #[default]
    Sierra,
    /// The same, spread by a fixed pattern: less even, steadier from picture to picture, and smaller.
    Bayer,
    /// All pictures have the same, which suit none of them.
    General,
}

impl Container {
    /// Whether it holds one animated picture.
    pub const fn is_animation(self) -> bool {
        matches!(self, Self::Gif { .. } | Self::Webp { .. })
    }

    pub(super) fn check_animation(self) -> Result<(), OutOfRange> {
        let (plays, most, words) = match self {
            Self::Gif {
                plays,
                final_delay_cs,
                ..
            } => {
                let delay = final_delay_cs.is_none_or(|delay| delay <= 65_535);
                check(
                    delay,
                    "container.final_delay_cs",
                    "0 to 65535 hundredths of a second",
                )?;
                (plays, 65_536, "0 to 65536 times")
            }
            Self::Webp { plays } => (plays, 65_535, "0 to 65535 times"),
            _ => return Ok(()),
        };
        check(plays <= most, "container.plays", words)
    }
}

impl VideoCodec {
    /// Whether its pictures are those of an animation, each of them whole or changed in places.
    pub const fn is_animation(self) -> bool {
        matches!(self, Self::Gif | Self::Webp)
    }
}

impl VideoSettings {
    /// What an animation has no word for is refused, and not passed over.
    pub(super) fn validate_animation(&self) -> Result<(), OutOfRange> {
        let asked = self.clone();
        let plain = Self {
            codec: asked.codec,
            width: asked.width,
            height: asked.height,
            sides: asked.sides,
            fit: asked.fit,
            fill: asked.fill,
            upscale: asked.upscale,
            crop: asked.crop,
            erase: asked.erase,
            crop_borders: asked.crop_borders,
            scan: asked.scan,
            rotate: asked.rotate,
            pad: asked.pad,
            hdr_to_sdr: asked.hdr_to_sdr,
            fps: asked.fps,
            fps_at_most_source: asked.fps_at_most_source,
            max_fps: asked.max_fps,
            ..Self::default()
        };
        check(
            *self == plain,
            "video.codec",
            "given without rates, key frames, profiles and samples where it is gif or webp",
        )?;
        let fits = self.codec != VideoCodec::Gif || self.fps.is_none_or(|fps| fps <= MOST_GIF_FPS);
        check(fits, "video.fps", "above 0 and at most 50 for gif")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;

    fn refused(settings: &str) -> Option<&'static str> {
        let settings: Settings = serde_json::from_str(settings).unwrap();
        settings.validate().err().map(|error| error.field)
    }

    #[test]
    fn animations_are_pictures_alone() {
        for (settings, field) in [
            (
                r#"{"container":{"format":"gif"},"video":{"codec":"gif"},"audio":{}}"#,
                Some("audio"),
            ),
            (
                r#"{"container":{"format":"gif"},"video":{"codec":"gif"},"audio":{"codec":"copy"}}"#,
                Some("audio"),
            ),
            (
                r#"{"container":{"format":"gif"},"video":{"codec":"webp"}}"#,
                Some("video.codec"),
            ),
            (
                r#"{"container":{"format":"mp4"},"video":{"codec":"gif"}}"#,
                Some("video.codec"),
            ),
            (
                r#"{"container":{"format":"gif"},"video":{"codec":"copy"}}"#,
                Some("video.codec"),
            ),
            (
                r#"{"container":{"format":"gif"},"video":{"codec":"gif","two_pass":true}}"#,
                Some("video.codec"),
            ),
            (
                r#"{"container":{"format":"webp"},"video":{"codec":"webp","rate":{"mode":"average","kbps":900}}}"#,
                Some("video.codec"),
            ),
            (
                r#"{"container":{"format":"gif"},"video":{"codec":"gif","fps":51}}"#,
                Some("video.fps"),
            ),
            (
                r#"{"container":{"format":"gif","plays":65537},"video":{"codec":"gif"}}"#,
                Some("container.plays"),
            ),
            (
                r#"{"container":{"format":"webp","plays":65536},"video":{"codec":"webp"}}"#,
                Some("container.plays"),
            ),
            (
                r#"{"container":{"format":"gif","final_delay_cs":65536},"video":{"codec":"gif"}}"#,
                Some("container.final_delay_cs"),
            ),
            (
                r#"{"container":{"format":"gif","plays":2,"final_delay_cs":50,"colours":"bayer"},"video":{"codec":"gif","fps":50,"width":64,"rotate":90}}"#,
                None,
            ),
            (
                r#"{"container":{"format":"webp"},"video":{"codec":"webp","fps":60}}"#,
                None,
            ),
        ] {
            assert_eq!(refused(settings), field, "{settings}");
        }
    }

    #[test]
    fn animations_read_back_as_they_were_written() {
        let written = r#"{"container":{"format":"gif","plays":1,"final_delay_cs":50,"colours":"general"},"video":{"codec":"gif"}}"#;
        let read: Settings = serde_json::from_str(written).unwrap();
        let text = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), read);
        let unknown = written.replace("plays", "times");
        assert!(serde_json::from_str::<Settings>(&unknown).is_err());
    }
}

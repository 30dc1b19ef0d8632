//! Which of FFmpeg's encoders makes a codec, and what the probe calls it.

use reelgate_domain::job::kind::transcode::{AudioCodec, VideoCodec};
use reelgate_domain::job::{Fault, FaultCode};

use super::{AudioPlan, Size};
use crate::engine::{Capabilities, Part};

/// The encoder of AV1 that is preferred: on few cores it is many times as fast as the other.
pub(crate) const SVT_AV1: &str = "libsvtav1";
pub(crate) const AOM_AV1: &str = "libaom-av1";
/// It takes no smaller sides.
const LEAST_SVT_SIDE: u32 = 64;

/// The encoder for pictures of this size.
pub(super) fn video_encoder(
    codec: VideoCodec,
    size: Size,
    capabilities: &Capabilities,
) -> Result<&'static str, Fault> {
    Ok(match codec {
        VideoCodec::H264 => "libx264",
        VideoCodec::H265 => "libx265",
        VideoCodec::Copy => "copy",
        VideoCodec::Gif => "gif",
        VideoCodec::Webp => "libwebp_anim",
        VideoCodec::Vp9 => "libvpx-vp9",
        VideoCodec::Av1 => {
            let has = |name| capabilities.has(Part::Encoder(name));
            let is_large = size.width.min(size.height) >= LEAST_SVT_SIDE;
            match () {
                () if is_large && has(SVT_AV1) => SVT_AV1,
                () if has(AOM_AV1) => AOM_AV1,
                () => {
                    let message = match is_large {
                        true => "the FFmpeg installed was built without an encoder of AV1: libsvtav1 or libaom-av1".to_owned(),
                        false => format!("AV1 of {size} pixels needs an FFmpeg with libaom-av1: libsvtav1 takes sides from {LEAST_SVT_SIDE} on"),
                    };
                    return Err(Fault::new(FaultCode::EngineLacks, message));
                }
            }
        }
    })
}

/// What the probe calls a codec that is made.
pub(super) const fn video_name(codec: VideoCodec) -> &'static str {
    match codec {
        VideoCodec::H264 => "h264",
        VideoCodec::H265 => "hevc",
        VideoCodec::Vp9 => "vp9",
        VideoCodec::Av1 => "av1",
        VideoCodec::Copy => "copy",
        VideoCodec::Gif => "gif",
        VideoCodec::Webp => "webp",
    }
}

/// What the probe calls a codec that is made.
pub(super) const fn audio_name(codec: AudioCodec) -> &'static str {
    match codec {
        AudioCodec::Aac => "aac",
        AudioCodec::Mp3 => "mp3",
        AudioCodec::Opus => "opus",
        AudioCodec::Vorbis => "vorbis",
        AudioCodec::Flac => "flac",
        AudioCodec::Ac3 => "ac3",
        AudioCodec::Pcm => "pcm_s16le",
        AudioCodec::Copy => "copy",
    }
}

impl AudioPlan {
    /// `None` if nothing is encoded.
    pub(crate) const fn encoder(&self) -> Option<&'static str> {
        Some(match self.codec {
            AudioCodec::Aac => "aac",
            AudioCodec::Mp3 => "libmp3lame",
            AudioCodec::Opus => "libopus",
            AudioCodec::Vorbis => "libvorbis",
            AudioCodec::Flac => "flac",
            AudioCodec::Ac3 => "ac3",
            AudioCodec::Pcm => "pcm_s16le",
            AudioCodec::Copy => return None,
        })
    }

    /// How long a packet lasts, where all last the same; a common length elsewhere.
    pub(crate) fn packet_seconds(&self) -> f64 {
        let samples = match self.codec_name {
            "mp3" if self.sample_rate > 24_000 => 1152.0,
            "mp3" => 576.0,
            "ac3" | "eac3" => 1536.0,
            "opus" => 960.0,
            _ => 1024.0,
        };
        samples / f64::from(self.sample_rate.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn av1_is_made_by_what_there_is() {
        let mut engine = Capabilities::complete();
        let size = |side| Size {
            width: side,
            height: side,
        };
        let chosen = |engine: &Capabilities, side| {
            video_encoder(VideoCodec::Av1, size(side), engine).map_err(|fault| fault.code)
        };
        assert_eq!(chosen(&engine, 64), Ok(SVT_AV1));
        assert_eq!(chosen(&engine, 62), Err(FaultCode::EngineLacks));
        engine.encoders.insert(AOM_AV1.to_owned());
        assert_eq!(chosen(&engine, 62), Ok(AOM_AV1));
        engine.encoders.remove(SVT_AV1);
        assert_eq!(chosen(&engine, 64), Ok(AOM_AV1));
        engine.encoders.remove(AOM_AV1);
        assert_eq!(chosen(&engine, 64), Err(FaultCode::EngineLacks));
    }
}

//! What each container holds, and what its files are called.

use super::{
    AudioCodec, AudioSettings, Container, OutOfRange, SampleRate, SegmentFormat, VideoCodec, check,
};

/// What a container may hold, with the words that say so when something else is asked for.
struct Held {
    video: &'static [VideoCodec],
    video_words: &'static str,
    audio: &'static [AudioCodec],
    audio_words: &'static str,
}

const fn sound(audio: &'static [AudioCodec], audio_words: &'static str) -> Held {
    Held {
        video: &[],
        video_words: "left out of a container of sound alone",
        audio,
        audio_words,
    }
}

const fn picture(video: &'static [VideoCodec], video_words: &'static str) -> Held {
    Held {
        video,
        video_words,
        audio: &[],
        audio_words: "left out of an animation, which has no sound",
    }
}

impl Container {
    /// Whether it holds sound and no picture.
    pub const fn is_sound_alone(self) -> bool {
        self.held().video.is_empty()
    }

    /// How long its segments are, if it has any.
    pub const fn segment_seconds(self) -> Option<u32> {
        match self {
            Self::Hls {
                segment_seconds, ..
            }
            | Self::Dash {
                segment_seconds, ..
            } => Some(segment_seconds),
            _ => None,
        }
    }

    /// What a copy is of, only the source tells. A manifest promises that a key frame starts every segment, which nobody
    /// knows of a picture that is copied.
    pub fn holds_video(self, codec: VideoCodec) -> bool {
        let held = self.held().video;
        let is_free = !self.is_animation() && !matches!(self, Self::Dash { .. });
        let copies = codec == VideoCodec::Copy && is_free;
        held.contains(&codec) || (copies && !held.is_empty())
    }

    pub fn holds_audio(self, codec: AudioCodec) -> bool {
        let held = self.held().audio;
        held.contains(&codec) || (codec == AudioCodec::Copy && !held.is_empty())
    }

    /// What names of its main file end with, without the point.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Hls { .. } => "m3u8",
            Self::Dash { .. } => "mpd",
            Self::Mp3 => "mp3",
            Self::Adts => "aac",
            Self::Mov => "mov",
            Self::Mkv => "mkv",
            Self::Webm => "webm",
            Self::Ts => "ts",
            Self::Flv => "flv",
            Self::M4a => "m4a",
            Self::Ogg => "ogg",
            Self::Flac => "flac",
            Self::Wav => "wav",
            Self::Gif { .. } => "gif",
            Self::Webp { .. } => "webp",
        }
    }

    const fn held(self) -> Held {
        use {AudioCodec as A, VideoCodec as V};
        match self {
            Self::Mp4 => Held {
                video: &[V::H264, V::H265, V::Vp9, V::Av1],
                video_words: "h264, h265, vp9 or av1 in mp4",
                audio: &[A::Aac, A::Mp3, A::Opus, A::Ac3],
                audio_words: "aac, mp3, opus or ac3 in mp4",
            },
            Self::Mov => Held {
                video: &[V::H264, V::H265],
                video_words: "h264 or h265 in mov",
                audio: &[A::Aac, A::Mp3, A::Ac3, A::Pcm],
                audio_words: "aac, mp3, ac3 or pcm in mov",
            },
            Self::Mkv => Held {
                video: &[V::H264, V::H265, V::Vp9, V::Av1],
                video_words: "h264, h265, vp9 or av1 in mkv",
                audio: &[A::Aac, A::Mp3, A::Opus, A::Vorbis, A::Flac, A::Ac3, A::Pcm],
                audio_words: "aac, mp3, opus, vorbis, flac, ac3 or pcm in mkv",
            },
            Self::Webm => Held {
                video: &[V::Vp9, V::Av1],
                video_words: "vp9 or av1 in webm",
                audio: &[A::Opus, A::Vorbis],
                audio_words: "opus or vorbis in webm",
            },
            Self::Ts => Held {
                video: &[V::H264, V::H265],
                video_words: "h264 or h265 in ts",
                audio: &[A::Aac, A::Mp3, A::Ac3],
                audio_words: "aac, mp3 or ac3 in ts",
            },
            Self::Flv => Held {
                video: &[V::H264],
                video_words: "h264 in flv",
                audio: &[A::Aac, A::Mp3],
                audio_words: "aac or mp3 in flv",
            },
            Self::Hls {
                segments: SegmentFormat::Ts,
                ..
            } => Held {
                video: &[V::H264, V::H265],
                video_words: "h264 or h265 in hls",
                audio: &[A::Aac, A::Mp3],
                audio_words: "aac or mp3 in hls",
            },
            Self::Hls {
                segments: SegmentFormat::Fmp4,
                ..
            } => Held {
                video: &[V::H264, V::H265],
                video_words: "h264 or h265 in hls",
                audio: &[A::Aac],
                audio_words: "aac in hls of fragmented mp4",
            },
            Self::Dash { .. } => Held {
                video: &[V::H264, V::H265],
                video_words: "h264 or h265 in dash, made anew: segments begin with key frames",
                audio: &[A::Aac],
                audio_words: "aac in dash",
            },
            Self::Mp3 => sound(&[A::Mp3], "mp3 in mp3"),
            Self::Adts => sound(&[A::Aac], "aac in adts"),
            Self::M4a => sound(&[A::Aac], "aac in m4a"),
            Self::Ogg => sound(
                &[A::Vorbis, A::Opus, A::Flac],
                "vorbis, opus or flac in ogg",
            ),
            Self::Flac => sound(&[A::Flac], "flac in flac"),
            Self::Wav => sound(&[A::Pcm], "pcm in wav"),
            Self::Gif { .. } => picture(&[V::Gif], "gif in gif"),
            Self::Webp { .. } => picture(&[V::Webp], "webp in webp"),
        }
    }

    /// Whether it can hold these streams; those that are absent ask for nothing.
    pub(super) fn check_streams(
        self,
        video: Option<VideoCodec>,
        audio: Option<&AudioSettings>,
    ) -> Result<(), OutOfRange> {
        let held = self.held();
        if let Some(codec) = video {
            let field = match held.video {
                [] => "video",
                _ => "video.codec",
            };
            check(self.holds_video(codec), field, held.video_words)?;
        }
        let Some(audio) = audio else { return Ok(()) };
        let field = match held.audio {
            [] => "audio",
            _ => "audio.codec",
        };
        check(self.holds_audio(audio.codec), field, held.audio_words)?;
        // Its header of sound has room for these two alone.
        let is_told = matches!(audio.sample_rate, SampleRate::Hz(22_050 | 44_100));
        check(
            self != Self::Flv || audio.codec != AudioCodec::Mp3 || is_told,
            "audio.sample_rate",
            "22050 or 44100 for mp3 in flv",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(
        container: Container,
        video: Option<VideoCodec>,
        audio: Option<AudioCodec>,
    ) -> &'static str {
        let audio = audio.map(|codec| AudioSettings {
            codec,
            ..AudioSettings::default()
        });
        let checked = container.check_streams(video, audio.as_ref());
        checked.map_or_else(|error| error.field, |()| "")
    }

    #[test]
    fn codecs_go_where_players_look_for_them() {
        use {AudioCodec as A, Container as C, VideoCodec as V};
        for (container, video, audio, field) in [
            (C::Mp4, Some(V::Av1), Some(A::Opus), ""),
            (C::Mp4, Some(V::H264), Some(A::Flac), "audio.codec"),
            (C::Mov, Some(V::H265), Some(A::Pcm), ""),
            (C::Mov, Some(V::Vp9), None, "video.codec"),
            (C::Mkv, Some(V::Vp9), Some(A::Flac), ""),
            (C::Webm, Some(V::Vp9), Some(A::Vorbis), ""),
            (C::Webm, Some(V::H264), None, "video.codec"),
            (C::Webm, None, Some(A::Aac), "audio.codec"),
            (C::Ts, Some(V::H264), Some(A::Mp3), ""),
            (C::Ts, None, Some(A::Opus), "audio.codec"),
            (C::Flv, Some(V::H264), Some(A::Mp3), ""),
            (C::Flv, Some(V::H265), None, "video.codec"),
            (C::Ogg, None, Some(A::Flac), ""),
            (C::Ogg, Some(V::Vp9), Some(A::Opus), "video"),
            (C::M4a, None, Some(A::Aac), ""),
            (C::Flac, None, Some(A::Pcm), "audio.codec"),
            (C::Wav, None, Some(A::Pcm), ""),
        ] {
            let found = refused(container, video, audio);
            assert_eq!(found, field, "{container:?} {video:?} {audio:?}");
        }
    }

    #[test]
    fn flv_tells_two_rates_of_mp3() {
        let mp3 = |sample_rate| AudioSettings {
            codec: AudioCodec::Mp3,
            sample_rate,
            ..AudioSettings::default()
        };
        let checked = |container: Container, rate| container.check_streams(None, Some(&mp3(rate)));
        assert_eq!(checked(Container::Flv, SampleRate::Hz(22_050)), Ok(()));
        for rate in [SampleRate::Hz(48_000), SampleRate::Source] {
            let field = checked(Container::Flv, rate).unwrap_err().field;
            assert_eq!(field, "audio.sample_rate");
            assert_eq!(checked(Container::Ts, rate), Ok(()));
        }
    }
}

//! Master playlists.

use std::fmt::Write;

use reelgate_domain::media::MediaFacts;

use super::Rates;

/// One line of choice for players. Without picture, all that describes one is absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendition {
    /// The media playlist's address, relative to the master playlist, already percent-encoded.
    pub uri: String,
    /// Bits a second at the peak, and on average.
    pub bandwidth: u64,
    pub average_bandwidth: u64,
    pub resolution: Option<(u32, u32)>,
    pub fps: Option<f64>,
    /// As [`crate::mp4::codecs`] or [`codecs`] gives it.
    pub codecs: String,
    /// The version that its media playlist needs: 7 for fragmented MP4, else 6.
    pub fragmented: bool,
}

/// Sound that goes with each of the renditions, which have none of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioTrack {
    /// What listeners choose it by; unlike all others of its playlist, without quotes and line ends.
    pub name: String,
    /// A language tag (BCP 47).
    pub language: Option<String>,
    pub channels: Option<u32>,
    /// Its media playlist, with its rates and codec.
    pub sound: Rendition,
}

/// A master playlist; the order of renditions is kept, and players start with the first. So it is with `tracks`, of which
/// the first is heard unless its listener chooses another.
pub fn master_playlist(renditions: &[Rendition], tracks: &[AudioTrack]) -> String {
    let sounds = tracks.iter().map(|track| &track.sound);
    let fragmented = (renditions.iter().chain(sounds)).any(|rendition| rendition.fragmented);
    let version = if fragmented { 7 } else { 6 };
    let mut text = format!("#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    for (place, track) in tracks.iter().enumerate() {
        add_track(&mut text, track, place == 0);
    }
    for rendition in renditions {
        let Rendition {
            bandwidth,
            average_bandwidth,
            codecs,
            uri,
            ..
        } = rendition;
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},AVERAGE-BANDWIDTH={average_bandwidth},\
             CODECS=\"{codecs}\""
        );
        if let Some((width, height)) = rendition.resolution {
            let _ = write!(text, ",RESOLUTION={width}x{height}");
        }
        if let Some(fps) = rendition.fps {
            let _ = write!(text, ",FRAME-RATE={fps:.3}");
        }
        if !tracks.is_empty() {
            let _ = write!(text, ",AUDIO=\"{AUDIO_GROUP}\"");
        }
        let _ = write!(text, "\n{uri}\n");
    }
    text
}

/// The one group of sound that there is.
const AUDIO_GROUP: &str = "audio";

fn add_track(text: &mut String, track: &AudioTrack, is_first: bool) {
    let AudioTrack { name, sound, .. } = track;
    let is_default = if is_first { "YES" } else { "NO" };
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{AUDIO_GROUP}\",NAME=\"{name}\",DEFAULT={is_default},AUTOSELECT=YES"
    );
    if let Some(language) = &track.language {
        let _ = write!(text, ",LANGUAGE=\"{language}\"");
    }
    if let Some(channels) = track.channels {
        let _ = write!(text, ",CHANNELS=\"{channels}\"");
    }
    let _ = writeln!(text, ",URI=\"{}\"", sound.uri);
}

impl Rendition {
    /// Segments with these rates, codecs and facts.
    pub fn measured(
        uri: String,
        measured: Rates,
        codecs: String,
        facts: &MediaFacts,
        fragmented: bool,
    ) -> Self {
        let size = facts.video().map(|(_, video)| (video.width, video.height));
        Self {
            uri,
            bandwidth: measured.peak,
            average_bandwidth: measured.average,
            resolution: size,
            fps: fps(facts),
            codecs,
            fragmented,
        }
    }

    /// What a player of this rendition takes with any one of `tracks`: the rates are those of the largest.
    #[must_use]
    pub fn heard_with(mut self, tracks: &[AudioTrack]) -> Self {
        let most = |rate: fn(&Self) -> u64| tracks.iter().map(|it| rate(&it.sound)).max();
        self.bandwidth += most(|sound| sound.bandwidth).unwrap_or(0);
        self.average_bandwidth += most(|sound| sound.average_bandwidth).unwrap_or(0);
        for track in tracks {
            let codec = &track.sound.codecs;
            if !self.codecs.split(',').any(|known| known == codec) {
                self.codecs = format!("{},{codec}", self.codecs);
            }
        }
        self
    }
}

/// Frames a second, from the fraction that the probe gives.
pub fn fps(facts: &MediaFacts) -> Option<f64> {
    let (_, video) = facts.video()?;
    let (frames, seconds) = video.average_rate.as_deref()?.split_once('/')?;
    let fps = frames.parse::<f64>().ok()? / seconds.parse::<f64>().ok()?;
    (fps.is_finite() && fps > 0.0).then_some(fps)
}

/// The CODECS attribute (RFC 6381) of an output whose segments have no header to tell it; None if a stream has none
/// that facts tell. Of segments with one, [`crate::mp4::codecs`] tells more.
pub fn codecs(facts: &MediaFacts) -> Option<String> {
    let video = match facts.video() {
        None => None,
        Some((stream, video)) => {
            let profile = match (stream.codec_name.as_deref()?, stream.profile.as_deref()?) {
                ("h264", "Constrained Baseline") => "42C0",
                ("h264", "Main") => "4D40",
                ("h264", "High") => "6400",
                _ => return None,
            };
            Some(format!(
                "avc1.{profile}{:02X}",
                u8::try_from(video.level?).ok()?
            ))
        }
    };
    let audio = match facts.audio() {
        None => None,
        Some((stream, _)) if stream.codec_name.as_deref() == Some("aac") => {
            Some("mp4a.40.2".to_owned())
        }
        Some(_) => return None,
    };
    let parts: Vec<String> = video.into_iter().chain(audio).collect();
    (!parts.is_empty()).then(|| parts.join(","))
}

#[cfg(test)]
mod tests {
    use reelgate_domain::media::{AudioFacts, StreamDetail, StreamFacts, VideoFacts};

    use super::*;

    #[test]
    fn a_master_playlist_says_all_that_players_choose_by() {
        let hd = Rendition {
            uri: "hd.m3u8".to_owned(),
            bandwidth: 2_500_000,
            average_bandwidth: 2_000_000,
            resolution: Some((1280, 720)),
            fps: Some(30_000.0 / 1001.0),
            codecs: "avc1.64001F,mp4a.40.2".to_owned(),
            fragmented: true,
        };
        let sound = Rendition {
            uri: "sound.m3u8".to_owned(),
            resolution: None,
            fps: None,
            codecs: "mp4a.40.2".to_owned(),
            ..hd.clone()
        };
        insta::assert_snapshot!(master_playlist(&[hd, sound], &[]), @r#"
        #EXTM3U
        #EXT-X-VERSION:7
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-STREAM-INF:BANDWIDTH=2500000,AVERAGE-BANDWIDTH=2000000,CODECS="avc1.64001F,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970
        hd.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=2500000,AVERAGE-BANDWIDTH=2000000,CODECS="mp4a.40.2"
        sound.m3u8
        "#);
    }

    #[test]
    fn sound_of_several_languages_is_one_group() {
        let hd = Rendition {
            uri: "hd.m3u8".to_owned(),
            bandwidth: 2_000_000,
            average_bandwidth: 1_000_000,
            resolution: Some((1280, 720)),
            fps: Some(25.0),
            codecs: "avc1.64001F".to_owned(),
            fragmented: false,
        };
        let track = |name: &str, language: Option<&str>, bandwidth| AudioTrack {
            name: name.to_owned(),
            language: language.map(str::to_owned),
            channels: Some(2),
            sound: Rendition {
                uri: format!("{name}.m3u8"),
                bandwidth,
                average_bandwidth: bandwidth / 2,
                resolution: None,
                fps: None,
                codecs: "mp4a.40.2".to_owned(),
                fragmented: true,
            },
        };
        let tracks = [
            track("English", Some("en"), 100_000),
            track("other", None, 160_000),
        ];
        let text = master_playlist(&[hd.heard_with(&tracks)], &tracks);
        insta::assert_snapshot!(text, @r#"
        #EXTM3U
        #EXT-X-VERSION:7
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English",DEFAULT=YES,AUTOSELECT=YES,LANGUAGE="en",CHANNELS="2",URI="English.m3u8"
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="other",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="other.m3u8"
        #EXT-X-STREAM-INF:BANDWIDTH=2160000,AVERAGE-BANDWIDTH=1080000,CODECS="avc1.64001F,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=25.000,AUDIO="audio"
        hd.m3u8
        "#);
    }

    #[test]
    fn codecs_follow_profile_and_level() {
        let facts = |profile: &str, level: i32| MediaFacts {
            streams: vec![
                StreamFacts {
                    codec_name: Some("h264".to_owned()),
                    profile: Some(profile.to_owned()),
                    detail: StreamDetail::Video(VideoFacts {
                        level: Some(level),
                        ..VideoFacts::default()
                    }),
                    ..StreamFacts::default()
                },
                StreamFacts {
                    codec_name: Some("aac".to_owned()),
                    detail: StreamDetail::Audio(AudioFacts::default()),
                    ..StreamFacts::default()
                },
            ],
            ..MediaFacts::default()
        };
        let text = |profile, level| codecs(&facts(profile, level));
        assert_eq!(text("High", 31).as_deref(), Some("avc1.64001F,mp4a.40.2"));
        assert_eq!(text("Main", 40).as_deref(), Some("avc1.4D4028,mp4a.40.2"));
        assert_eq!(
            text("Constrained Baseline", 13).as_deref(),
            Some("avc1.42C00D,mp4a.40.2")
        );
        assert_eq!(text("High 10", 31), None);
    }

    #[test]
    fn a_rate_is_read_from_its_fraction() {
        use reelgate_domain::media::{StreamDetail, StreamFacts, VideoFacts};
        let facts = |rate: &str| MediaFacts {
            streams: vec![StreamFacts {
                detail: StreamDetail::Video(VideoFacts {
                    average_rate: Some(rate.to_owned()),
                    ..VideoFacts::default()
                }),
                ..StreamFacts::default()
            }],
            ..MediaFacts::default()
        };
        assert_eq!(fps(&facts("25/1")), Some(25.0));
        assert_eq!(fps(&facts("0/0")), None);
    }
}

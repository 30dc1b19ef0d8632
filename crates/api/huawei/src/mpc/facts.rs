//! Facts about files as every family of tasks shows them. Rates in kbit/s are of 1024 bits, as the vendor's are.

use reelgate_domain::media::{AudioFacts, MediaFacts, StreamDetail, StreamFacts, VideoFacts};
use serde_json::{Map, Value};

/// Members under names; what is not known is left out.
#[derive(Default)]
pub(super) struct Members(pub(super) Map<String, Value>);

impl Members {
    pub(super) fn put(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
    }
}

/// `SourceInfo`: a whole file, which the caller says the format of.
pub(super) fn source_info(facts: &MediaFacts, format: &str, manifest: Option<&str>) -> Value {
    let whole = &facts.format;
    let mut members = Members::default();
    members.put("duration", whole.duration_seconds.map(whole_seconds));
    members.put("duration_ms", whole.duration_seconds.map(milliseconds));
    members.put("format", Some(format));
    members.put("size", Some(whole.size_bytes));
    members.put("manifest_name", manifest);
    members.put("video_info", video_info(facts));
    let audio: Vec<Value> = all_audio(facts).collect();
    members.put("audio_info", Some(audio).filter(|audio| !audio.is_empty()));
    Value::Object(members.0)
}

/// `VideoInfo` of the moving picture, if there is one.
pub(super) fn video_info(facts: &MediaFacts) -> Option<Value> {
    let (stream, video) = facts.video()?;
    let mut members = Members::default();
    members.put("width", Some(video.width));
    members.put("height", Some(video.height));
    put_rates(&mut members, stream);
    members.put("frame_rate", rate(video).map(|rate| rate as u64));
    members.put("codec", codec(stream));
    put_lengths(&mut members, stream);
    members.put("rotate", Some(f64::from(video.rotation)));
    Some(Value::Object(members.0))
}

/// `AudioInfo` of each stream of sound.
pub(super) fn all_audio(facts: &MediaFacts) -> impl Iterator<Item = Value> {
    facts
        .streams
        .iter()
        .filter_map(|stream| match &stream.detail {
            StreamDetail::Audio(audio) => Some(audio_info(stream, audio)),
            _ => None,
        })
}

fn audio_info(stream: &StreamFacts, audio: &AudioFacts) -> Value {
    let mut members = Members::default();
    members.put("codec", codec(stream));
    members.put("sample", audio.sample_rate);
    members.put("channels", audio.channels);
    put_rates(&mut members, stream);
    put_lengths(&mut members, stream);
    Value::Object(members.0)
}

fn put_rates(members: &mut Members, stream: &StreamFacts) {
    members.put("bitrate", stream.bit_rate.map(|bits| bits / 1024));
    members.put("bitrate_bps", stream.bit_rate);
}

/// As texts, here.
fn put_lengths(members: &mut Members, stream: &StreamFacts) {
    let length = stream.duration_seconds;
    members.put("duration", length.map(|it| whole_seconds(it).to_string()));
    members.put("duration_ms", length.map(|it| milliseconds(it).to_string()));
}

pub(super) fn whole_seconds(seconds: f64) -> u64 {
    seconds.max(0.0) as u64
}

pub(super) fn milliseconds(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1000.0).round() as u64
}

/// Frames a second.
fn rate(video: &VideoFacts) -> Option<f64> {
    let read = |text: &Option<String>| {
        let (frames, seconds) = text.as_deref()?.split_once('/')?;
        let (frames, seconds): (f64, f64) = (frames.parse().ok()?, seconds.parse().ok()?);
        (frames > 0.0 && seconds > 0.0).then(|| frames / seconds)
    };
    read(&video.average_rate).or_else(|| read(&video.base_rate))
}

/// The vendor's names of codecs, as far as they are known; else those of the engine.
fn codec(stream: &StreamFacts) -> Option<String> {
    let name = stream.codec_name.as_deref()?;
    Some(match name {
        "h264" => "H.264".to_owned(),
        "hevc" => "H.265".to_owned(),
        other => other.to_ascii_uppercase(),
    })
}

/// A format's name for a file with this name: what the engine calls the same names several formats.
pub(super) fn format(facts: &MediaFacts, file_name: &str) -> String {
    let names = facts.format.name.as_str();
    let ending = file_name
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_ascii_lowercase();
    let is_its = names.split(',').any(|name| name == ending);
    let is_alike = matches!(
        (names.split(',').next().unwrap_or_default(), ending.as_str()),
        ("matroska", "mkv") | ("mpegts", "ts") | ("mpeg", "mpg") | ("asf", "wmv")
    );
    let name = match is_its || is_alike {
        true => ending.as_str(),
        false => match names.split(',').next().unwrap_or_default() {
            "mov" => "mp4",
            "mpegts" => "ts",
            other => other,
        },
    };
    name.to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json as value;

    use super::*;

    fn facts() -> MediaFacts {
        let facts = value!({
            "format": {"name": "mov,mp4,m4a,3gp,3g2,mj2", "duration_seconds": 60.186, "size_bytes": 43231240,
                "bit_rate": 5746000},
            "streams": [
                {"codec_name": "hevc", "bit_rate": 5613152, "duration_seconds": 60.1,
                    "detail": {"type": "video", "width": 3824, "height": 2152, "average_rate": "24000/1001", "rotation": 90}},
                {"codec_name": "aac", "bit_rate": 127992,
                    "detail": {"type": "audio", "sample_rate": 48000, "channels": 2}},
            ],
        });
        serde_json::from_value(facts).unwrap()
    }

    #[test]
    fn a_file_is_shown_with_the_types_that_are_declared() {
        let expected = value!({
            "duration": 60, "duration_ms": 60186, "format": "MP4", "size": 43231240,
            "video_info": {"width": 3824, "height": 2152, "bitrate": 5481, "bitrate_bps": 5613152,
                "frame_rate": 23, "codec": "H.265", "duration": "60", "duration_ms": "60100", "rotate": 90.0},
            "audio_info": [{"codec": "AAC", "sample": 48000, "channels": 2, "bitrate": 124, "bitrate_bps": 127992}],
        });
        assert_eq!(source_info(&facts(), "MP4", None), expected);
    }

    #[test]
    fn a_format_goes_by_what_the_file_is_called() {
        let named = |names: &str, file: &str| {
            let mut facts = MediaFacts::default();
            names.clone_into(&mut facts.format.name);
            format(&facts, file)
        };
        for (names, file, expected) in [
            ("mov,mp4,m4a,3gp,3g2,mj2", "a.mov", "MOV"),
            ("mov,mp4,m4a,3gp,3g2,mj2", "a.MP4", "MP4"),
            ("mov,mp4,m4a,3gp,3g2,mj2", "a", "MP4"),
            ("matroska,webm", "a.mkv", "MKV"),
            ("matroska,webm", "a.avi", "MATROSKA"),
            ("mpegts", "a.mp4", "TS"),
            ("flv", "a.flv", "FLV"),
        ] {
            assert_eq!(named(names, file), expected, "{names} {file}");
        }
    }
}

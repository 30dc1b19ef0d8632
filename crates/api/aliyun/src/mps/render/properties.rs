//! What a probe found in a finished output, as strings in the vendor's formats.

use reelgate_domain::job::kind::transcode::Container;
use reelgate_domain::media::{
    AudioFacts, FormatFacts, MediaFacts, StreamDetail, StreamFacts, VideoFacts,
};
use serde_json::{Map, Value};

use super::View;
use super::foreign::format;

/// Strings under names; what is not known is left out.
struct Texts(Map<String, Value>);

impl Texts {
    fn put(&mut self, name: &str, text: Option<impl Into<String>>) {
        if let Some(text) = text.map(Into::into).filter(|text| !text.is_empty()) {
            self.0.insert(name.to_owned(), Value::String(text));
        }
    }

    fn nest(&mut self, name: &str, members: Map<String, Value>) {
        if !members.is_empty() {
            self.0.insert(name.to_owned(), Value::Object(members));
        }
    }
}

/// Whose properties these are: answers have the colours under two sorts of names, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Output(View),
    Source,
}

/// `Output.Properties`.
pub(super) fn properties(facts: &MediaFacts, container: Container, view: View) -> Value {
    let format = format(container);
    Value::Object(members(facts, format, Owner::Output(view)))
}

/// `Properties` of a file that a job only looked at.
pub(in crate::mps) fn source_properties(facts: &MediaFacts) -> Map<String, Value> {
    members(facts, &facts.format.long_name, Owner::Source)
}

fn members(facts: &MediaFacts, file_format_name: &str, owner: Owner) -> Map<String, Value> {
    let whole = &facts.format;
    let mut texts = Texts(Map::new());
    if let Some((_, video)) = facts.video() {
        texts.put("Width", Some(video.width.to_string()));
        texts.put("Height", Some(video.height.to_string()));
        texts.put("Fps", rate(video).map(short));
    }
    // Here both are whole numbers; their exact values are in `Format`.
    texts.put(
        "Bitrate",
        whole.bit_rate.map(|bits| (bits / 1000).to_string()),
    );
    texts.put(
        "Duration",
        whole
            .duration_seconds
            .map(|seconds| format!("{seconds:.0}")),
    );
    texts.put("FileSize", Some(whole.size_bytes.to_string()));
    texts.put("FileFormat", Some(file_format_name));
    texts.nest("Format", file_format(whole, facts.streams.len()));
    texts.nest("Streams", streams(&facts.streams, owner));
    texts.0
}

fn file_format(facts: &FormatFacts, streams: usize) -> Map<String, Value> {
    let mut texts = Texts(Map::new());
    texts.put("NumStreams", Some(streams.to_string()));
    texts.put("NumPrograms", Some(facts.programs.to_string()));
    texts.put("FormatName", Some(facts.name.as_str()));
    texts.put("FormatLongName", Some(facts.long_name.as_str()));
    texts.put("StartTime", facts.start_seconds.map(seconds));
    texts.put("Duration", facts.duration_seconds.map(seconds));
    texts.put("Size", Some(facts.size_bytes.to_string()));
    texts.put("Bitrate", facts.bit_rate.map(kbps));
    texts.0
}

fn streams(streams: &[StreamFacts], owner: Owner) -> Map<String, Value> {
    let (mut video, mut audio, mut subtitles) = (Vec::new(), Vec::new(), Vec::new());
    for stream in streams {
        match &stream.detail {
            StreamDetail::Video(facts) => video.push(video_stream(stream, facts, owner)),
            StreamDetail::Audio(facts) => audio.push(audio_stream(stream, facts)),
            StreamDetail::Subtitle => subtitles.push(subtitle_stream(stream, owner)),
            StreamDetail::Other => {}
        }
    }
    let mut lists = Texts(Map::new());
    for (list, item, items) in [
        ("VideoStreamList", "VideoStream", video),
        ("AudioStreamList", "AudioStream", audio),
        ("SubtitleStreamList", "SubtitleStream", subtitles),
    ] {
        if !items.is_empty() {
            let items = Value::Array(items);
            lists.nest(list, Map::from_iter([(item.to_owned(), items)]));
        }
    }
    lists.0
}

fn video_stream(stream: &StreamFacts, facts: &VideoFacts, owner: Owner) -> Value {
    let mut texts = codec(stream);
    texts.put("Profile", stream.profile.as_deref());
    texts.put("Width", Some(facts.width.to_string()));
    texts.put("Height", Some(facts.height.to_string()));
    texts.put("HasBFrames", Some(facts.has_b_frames.to_string()));
    texts.put("Sar", facts.sar.as_deref());
    texts.put("Dar", facts.dar.as_deref());
    texts.put("PixFmt", facts.pixel_format.as_deref());
    texts.put("Level", facts.level.map(|level| level.to_string()));
    texts.put("Fps", rate(facts).map(long));
    texts.put("AvgFPS", facts.average_rate.as_deref());
    timing(&mut texts, stream);
    match owner {
        Owner::Output(View::QueryJobList) => {
            texts.put("colorTransfer", facts.color_transfer.as_deref());
            texts.put("colorPrimaries", facts.color_primaries.as_deref());
        }
        Owner::Output(View::SubmitJobs | View::ListJob) => {}
        Owner::Source => {
            texts.put("ColorRange", facts.color_range.as_deref());
            texts.put("ColorTransfer", facts.color_transfer.as_deref());
            texts.put("ColorPrimaries", facts.color_primaries.as_deref());
            texts.put("Rotate", Some(facts.rotation.to_string()));
        }
    }
    Value::Object(texts.0)
}

fn audio_stream(stream: &StreamFacts, facts: &AudioFacts) -> Value {
    let mut texts = codec(stream);
    texts.put("SampleFmt", facts.sample_format.as_deref());
    texts.put("Samplerate", facts.sample_rate.map(|rate| rate.to_string()));
    texts.put("Channels", facts.channels.map(|count| count.to_string()));
    texts.put("ChannelLayout", facts.channel_layout.as_deref());
    timing(&mut texts, stream);
    Value::Object(texts.0)
}

fn subtitle_stream(stream: &StreamFacts, owner: Owner) -> Value {
    let mut texts = match owner {
        Owner::Output(_) => Texts(Map::new()),
        Owner::Source => codec(stream),
    };
    if owner == Owner::Source {
        texts.put("Timebase", stream.time_base.as_deref());
        texts.put("StartTime", stream.start_seconds.map(seconds));
        texts.put("Duration", stream.duration_seconds.map(seconds));
    }
    texts.put("Index", Some(stream.index.to_string()));
    texts.put("Lang", stream.language.as_deref());
    Value::Object(texts.0)
}

fn codec(stream: &StreamFacts) -> Texts {
    let mut texts = Texts(Map::new());
    texts.put("Index", Some(stream.index.to_string()));
    texts.put("CodecName", stream.codec_name.as_deref());
    texts.put("CodecLongName", stream.codec_long_name.as_deref());
    texts.put("CodecTagString", stream.codec_tag_string.as_deref());
    texts.put("CodecTag", stream.codec_tag.as_deref());
    texts
}

fn timing(texts: &mut Texts, stream: &StreamFacts) {
    texts.put("Timebase", stream.time_base.as_deref());
    texts.put("StartTime", stream.start_seconds.map(seconds));
    texts.put("Duration", stream.duration_seconds.map(seconds));
    texts.put("Bitrate", stream.bit_rate.map(kbps));
    texts.put("NumFrames", stream.frames.map(|frames| frames.to_string()));
    texts.put("Lang", stream.language.as_deref());
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.6}")
}

/// kbit/s with the bits behind the point.
fn kbps(bits: u64) -> String {
    format!("{}.{:03}", bits / 1000, bits % 1000)
}

/// Frames a second: the average if it is known.
fn rate(facts: &VideoFacts) -> Option<f64> {
    let parse = |text: &str| {
        let (num, den) = text.split_once('/')?;
        let rate = num.parse::<f64>().ok()? / den.parse::<f64>().ok()?;
        (rate.is_finite() && rate > 0.0).then_some(rate)
    };
    let rates = [facts.average_rate.as_deref(), facts.base_rate.as_deref()];
    rates.into_iter().flatten().find_map(parse)
}

/// `30` or `29.97`.
fn short(rate: f64) -> String {
    ((rate * 1000.0).round() / 1000.0).to_string()
}

/// `30.0` or `29.97`.
fn long(rate: f64) -> String {
    format!("{:?}", (rate * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_vendors_formats() {
        assert_eq!(
            (seconds(17.234), kbps(490_784)),
            ("17.234000".to_owned(), "490.784".to_owned())
        );
        assert_eq!(kbps(64_005), "64.005");
        let facts = |average: &str| VideoFacts {
            average_rate: Some(average.to_owned()),
            base_rate: Some("25/1".to_owned()),
            ..VideoFacts::default()
        };
        let cases = [
            ("30/1", "30", "30.0"),
            ("24000/1001", "23.976", "23.976"),
            ("0/0", "25", "25.0"),
        ];
        for (average, expected_short, expected_long) in cases {
            let rate = rate(&facts(average)).unwrap();
            assert_eq!(
                (short(rate), long(rate)),
                (expected_short.to_owned(), expected_long.to_owned())
            );
        }
    }
}

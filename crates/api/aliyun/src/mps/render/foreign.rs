//! What a job of another dialect shows: its spec, in this product's terms.

mod picture;

use reelgate_domain::ObjectRef;
use reelgate_domain::job::kind::transcode::{
    AudioCodec, AudioSettings, Clip, ClipLength, Container, Gop, OutputSpec, RateCap, RateControl,
    SampleRate, Settings, VideoCodec, VideoSettings, Volume,
};
use serde_json::{Map, Value, json};

use crate::mps::input::encoded;

/// A file. Its location is known to this product's own requests only.
pub(in crate::mps) fn file(object: &ObjectRef) -> Map<String, Value> {
    let mut members = Map::new();
    put(&mut members, "Bucket", object.bucket.as_str());
    put(&mut members, "Object", encoded(object.key.as_str()));
    members
}

/// `Output` of a job with this output.
pub(super) fn output(output: &OutputSpec) -> Map<String, Value> {
    let settings = &output.settings;
    let mut members = Map::new();
    put(&mut members, "OutputFile", file(&output.object));
    put(
        &mut members,
        "Container",
        json!({"Format": format(settings.container)}),
    );
    if let Some(settings) = &settings.video {
        put(&mut members, "Video", video(settings));
    }
    if let Some(settings) = &settings.audio {
        put(&mut members, "Audio", audio(settings));
    }
    put(&mut members, "TransConfig", trans_config(settings));
    if let Some(mux) = mux_config(settings.container) {
        put(&mut members, "MuxConfig", mux);
    }
    let degrees = settings.video.as_ref().map_or(0, |video| video.rotate);
    if degrees > 0 {
        put(&mut members, "Rotate", degrees.to_string());
    }
    if let Some(place) = output.streams.video {
        put(&mut members, "VideoStreamMap", format!("0:v:{place}"));
    }
    if let Some(place) = output.streams.audio {
        put(&mut members, "AudioStreamMap", format!("0:a:{place}"));
    }
    if let Some(marks) = picture::marks(&output.overlays) {
        put(&mut members, "WaterMarkList", marks);
    }
    if output.segment_tags.is_any() {
        let tags = output.segment_tags;
        let ts = json!({"Md5Support": tags.md5, "SizeSupport": tags.size});
        put(&mut members, "M3U8NonStandardSupport", json!({"TS": ts}));
    }
    if let Some(part) = &output.clip {
        put(&mut members, "Clip", json!({"TimeSpan": clip(*part)}));
    }
    members
}

fn trans_config(settings: &Settings) -> Map<String, Value> {
    let mut members = Map::new();
    let video = settings.video.as_ref();
    let mode = match video.map(|video| video.rate) {
        Some(RateControl::Constant { .. }) => "CBR",
        _ if video.is_some_and(|video| video.two_pass) => "twopass",
        _ => "onepass",
    };
    put(&mut members, "TransMode", mode);
    if let Some(video) = video {
        picture::resizing(&mut members, video);
        let names = ["IsCheckVideoBitrate", "IsCheckVideoBitrateFail"];
        picture::above(&mut members, video.above_source, names);
    }
    if let Some(audio) = &settings.audio {
        let names = ["IsCheckAudioBitrate", "IsCheckAudioBitrateFail"];
        picture::above(&mut members, audio.above_source, names);
    }
    members
}

fn mux_config(container: Container) -> Option<Value> {
    match container {
        Container::Hls {
            segment_seconds, ..
        }
        | Container::Dash {
            segment_seconds, ..
        } => Some(json!({"Segment": {"Duration": segment_seconds.to_string()}})),
        Container::Gif {
            plays,
            final_delay_cs,
            colours,
        } => Some(json!({"Gif": picture::gif(plays, final_delay_cs, colours)})),
        Container::Webp { plays } => Some(json!({"Webp": {"Loop": plays.to_string()}})),
        _ => None,
    }
}

/// The container's name in `Format` fields. The vendor has no word for some, such as frames of AAC without a
/// file around them.
pub(super) const fn format(container: Container) -> &'static str {
    container.extension()
}

fn video(settings: &VideoSettings) -> Map<String, Value> {
    let mut members = Map::new();
    let codec = match settings.codec {
        VideoCodec::H264 => "H.264",
        VideoCodec::H265 => "H.265",
        VideoCodec::Vp9 => "VP9",
        VideoCodec::Av1 => "AV1",
        VideoCodec::Copy => "COPY",
        VideoCodec::Gif => "GIF",
        VideoCodec::Webp => "WEBP",
    };
    put(&mut members, "Codec", codec);
    if settings.codec == VideoCodec::Copy {
        return members;
    }
    picture::frames(&mut members, settings);
    if settings.codec.is_animation() {
        return members;
    }
    // The product has these for this codec alone.
    if settings.codec == VideoCodec::H264 {
        put(&mut members, "Profile", settings.profile.to_string());
        put(&mut members, "Preset", settings.preset.to_string());
    }
    let gop = match settings.gop {
        Gop::Frames(frames) => frames.to_string(),
        Gop::Seconds(seconds) => format!("{seconds}s"),
    };
    put(&mut members, "Gop", gop);
    rate(&mut members, settings.rate);
    picture::bounds(&mut members, settings.rate);
    members
}

fn rate(members: &mut Map<String, Value>, rate: RateControl) {
    let cap = match rate {
        RateControl::Crf { crf, cap } => {
            put(members, "Crf", crf.to_string());
            cap
        }
        RateControl::Average { kbps, cap } => {
            put(members, "Bitrate", kbps.to_string());
            cap
        }
        RateControl::Source { cap, .. } => {
            put(members, "Bitrate", "-1");
            cap
        }
        RateControl::Quantizer { qp } => {
            put(members, "Qscale", qp.to_string());
            None
        }
        RateControl::Constant { kbps } => {
            put(members, "Bitrate", kbps.to_string());
            Some(RateCap {
                maxrate_kbps: kbps,
                bufsize_kbit: kbps,
            })
        }
    };
    if let Some(cap) = cap {
        put(members, "Maxrate", cap.maxrate_kbps.to_string());
        put(members, "Bufsize", cap.bufsize_kbit.to_string());
    }
}

fn audio(settings: &AudioSettings) -> Map<String, Value> {
    let mut members = Map::new();
    match settings.codec {
        AudioCodec::Aac => {
            put(&mut members, "Codec", "AAC");
            put(&mut members, "Profile", "aac_low");
        }
        AudioCodec::Mp3 => put(&mut members, "Codec", "MP3"),
        AudioCodec::Opus => put(&mut members, "Codec", "OPUS"),
        AudioCodec::Vorbis => put(&mut members, "Codec", "VORBIS"),
        AudioCodec::Flac => put(&mut members, "Codec", "FLAC"),
        AudioCodec::Ac3 => put(&mut members, "Codec", "AC3"),
        AudioCodec::Pcm => put(&mut members, "Codec", "PCM"),
        AudioCodec::Copy => {
            put(&mut members, "Codec", "COPY");
            return members;
        }
    }
    if let SampleRate::Hz(hz) = settings.sample_rate {
        put(&mut members, "Samplerate", hz.to_string());
    }
    put(&mut members, "Bitrate", settings.kbps.to_string());
    put(&mut members, "Channels", settings.channels.to_string());
    if let Some(volume) = settings.volume {
        put(&mut members, "Volume", loudness(volume));
    }
    members
}

/// The answer has a level alone, which is one of the first method.
fn loudness(volume: Volume) -> Value {
    match volume {
        Volume::Gain { db } => json!({"Method": "linear", "Level": db.to_string()}),
        Volume::Loudness { .. } => json!({"Method": "dynamic"}),
        Volume::Peak { .. } => json!({"Method": "adaptive"}),
    }
}

/// The answer has no field for how much is cut from the end.
fn clip(part: Clip) -> Map<String, Value> {
    let mut members = Map::new();
    put(&mut members, "Seek", seconds(part.start_ms));
    match part.length {
        Some(ClipLength::DurationMs(length)) => put(&mut members, "Duration", seconds(length)),
        Some(ClipLength::CutTailMs(_)) | None => {}
    }
    members
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn put(members: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    members.insert(name.to_owned(), value.into());
}

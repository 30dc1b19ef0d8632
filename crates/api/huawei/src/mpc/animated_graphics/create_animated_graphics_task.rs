//! `POST /animated-graphics`: up to a minute of a video as an animated GIF.

use http::StatusCode;
use reelgate_domain::job::kind::transcode::{
    Clip, ClipLength, Container, GifColours, MOST_GIF_FPS, OutputSpec, Settings, TranscodeSpec,
    VideoCodec, VideoSettings,
};
use reelgate_domain::job::{JobSpec, Priority};
use reelgate_service::SubmitJob;
use serde_json::json as value;

use crate::answer::json;
use crate::errors::{ApiError, Outcome};
use crate::mpc::address::Address;
use crate::mpc::asked::Asked;
use crate::mpc::common::user_data;
use crate::mpc::errors::invalid;
use crate::mpc::fields::Fields;
use crate::mpc::pipeline::Lane;
use crate::mpc::remembered::Kept;
use crate::mpc::submit;

const SUFFIX: &str = ".gif";
/// How much of a video may move, as documented.
const MOST_MS: u64 = 60_000;
/// Two days, which no source is longer than.
const LAST_MS: i64 = 172_800_000;

/// A task as it is asked for.
#[derive(Debug)]
struct Request {
    spec: TranscodeSpec,
    kept: Kept,
    user_data: Option<String>,
}

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let request = Request::read(asked.body()?)?;
    let job = SubmitJob {
        spec: JobSpec::Transcode(request.spec),
        priority: Priority::default(),
        origin: Some(request.kept.into_origin()?),
        user_data: request.user_data,
    };
    let job = submit::task(asked, Lane::Animations, job).await?;
    let answer = value!({"task_id": job.number.0.to_string()});
    Ok(json(StatusCode::OK, &answer))
}

impl Request {
    fn read(mut body: Fields) -> Result<Self, ApiError> {
        let input = Address::read(body.needed_object("input")?)?;
        if input.file_name.is_some() {
            return Err(body.refuse("input.file_name", "is for outputs only"));
        }
        let output = Address::read(body.needed_object("output")?)?;
        let output_param = body.sent().remove("output_param");
        let (video, clip) = picture(body.needed_object("output_param")?)?;
        let user_data = user_data(&mut body)?;
        body.finish()?;
        let source = input.source()?;
        let name = match &output.file_name {
            Some(name) if name.to_ascii_lowercase().ends_with(SUFFIX) => name.clone(),
            Some(name) => format!("{name}{SUFFIX}"),
            None => generated(source.key.file_name()),
        };
        let settings = Settings {
            container: Container::Gif {
                plays: 0,
                final_delay_cs: None,
                colours: GifColours::default(),
            },
            video: Some(video),
            audio: None,
            stall_seconds: None,
        };
        let mut made = OutputSpec::new(output.below(&name)?, settings);
        made.clip = Some(clip);
        // Every range is checked above, under the name the caller knows; this is the net below.
        made.validate()
            .map_err(|error| invalid(&error.to_string()))?;
        Ok(Self {
            spec: TranscodeSpec {
                input: source,
                outputs: vec![made],
                pictures: Vec::new(),
            },
            kept: Kept {
                input: input.echo,
                output: Some(output.echo),
                output_param,
                ..Kept::default()
            },
            user_data,
        })
    }
}

/// `output_param`: how large, how fast, and from when to when.
fn picture(mut param: Fields) -> Result<(VideoSettings, Clip), ApiError> {
    if param.needed_text("format")? != "gif" {
        return Err(param.refuse("format", "must be gif"));
    }
    let width = side(&mut param, "width", 3840)?;
    let height = side(&mut param, "height", 2160)?;
    let (width, height) = match (width, height) {
        (Side::Of(width), Side::Of(height)) => (Some(width), Some(height)),
        (Side::Of(width), Side::Follows) => (Some(width), None),
        (Side::Follows, Side::Of(height)) => (None, Some(height)),
        (Side::OfSource, Side::OfSource) => (None, None),
        _ => {
            let why = "must be 0 where width is, and a size where that is -1";
            return Err(param.refuse("height", why));
        }
    };
    let start = needed(&mut param, "start")?;
    let end = needed(&mut param, "end")?;
    if end <= start || end - start > MOST_MS {
        return Err(param.refuse("end", "must be after start, by at most 60000 ms"));
    }
    let rate = param.integer("frame_rate", 1..=75)?;
    param.finish()?;
    let video = VideoSettings {
        codec: VideoCodec::Gif,
        width,
        height,
        // GIF counts its delays in hundredths of a second, and has no shorter ones that viewers keep to.
        fps: rate.map(|rate| (rate as f64).min(MOST_GIF_FPS)),
        fps_at_most_source: true,
        ..VideoSettings::default()
    };
    let clip = Clip {
        start_ms: start,
        length: Some(ClipLength::DurationMs(end - start)),
    };
    Ok((video, clip))
}

/// What is asked for of one side of the picture.
enum Side {
    /// As the other, in the source's proportions.
    Follows,
    OfSource,
    Of(u32),
}

fn side(param: &mut Fields, name: &str, most: u32) -> Result<Side, ApiError> {
    match param.integer(name, i64::MIN..=i64::MAX)? {
        None => Err(param.refuse(name, "is missing")),
        Some(-1) => Ok(Side::Follows),
        Some(0) => Ok(Side::OfSource),
        Some(pixels) => match u32::try_from(pixels) {
            Ok(pixels) if (32..=most).contains(&pixels) && pixels % 2 == 0 => Ok(Side::Of(pixels)),
            _ => Err(param.refuse(name, &format!("must be -1, 0 or even and 32 to {most}"))),
        },
    }
}

fn needed(param: &mut Fields, name: &str) -> Result<u64, ApiError> {
    let found = param.integer(name, 0..=LAST_MS)?;
    let found = found.and_then(|ms| u64::try_from(ms).ok());
    found.ok_or_else(|| param.refuse(name, "is missing"))
}

/// The source's name with another ending.
fn generated(source: &str) -> String {
    let stem = match source.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => source,
    };
    format!("{stem}{SUFFIX}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file_name: &str, param: &str) -> Result<Request, ApiError> {
        let text = format!(
            r#"{{"input":{{"bucket":"in-bucket","location":"x","object":"in/a.mp4"}},
                "output":{{"bucket":"out-bucket","location":"x","object":"out"{file_name}}},
                "output_param":{param}}}"#
        );
        Request::read(Fields::body(text.as_bytes()).unwrap())
    }

    fn sized(width: i64, height: i64, more: &str) -> String {
        format!(
            r#"{{"format":"gif","width":{width},"height":{height},"start":500,"end":2500{more}}}"#
        )
    }

    #[test]
    fn a_part_of_a_video_moves_at_a_size_and_a_rate() {
        for (width, height, expected) in [
            (320, 180, (Some(320), Some(180))),
            (320, -1, (Some(320), None)),
            (-1, 180, (None, Some(180))),
            (0, 0, (None, None)),
        ] {
            let request = read("", &sized(width, height, r#","frame_rate":75"#)).unwrap();
            let output = &request.spec.outputs[0];
            let video = output.settings.video.as_ref().unwrap();
            assert_eq!((video.width, video.height), expected);
            assert_eq!((video.fps, video.codec), (Some(50.0), VideoCodec::Gif));
            let clip = output.clip.unwrap();
            let length = Some(ClipLength::DurationMs(2000));
            assert_eq!((clip.start_ms, clip.length), (500, length));
            assert_eq!(request.kept.output_param.unwrap()["frame_rate"], 75);
        }
        let video = read("", &sized(0, 0, "")).unwrap().spec.outputs.remove(0);
        assert_eq!(video.settings.video.unwrap().fps, None);
    }

    #[test]
    fn files_are_called_as_asked_for_or_as_the_source() {
        let key = |file_name: &str| {
            let request = read(file_name, &sized(0, 0, "")).unwrap();
            request.spec.outputs[0].object.key.to_string()
        };
        assert_eq!(key(""), "out/a.gif");
        assert_eq!(key(r#","file_name":"x""#), "out/x.gif");
        assert_eq!(key(r#","file_name":"x.GIF""#), "out/x.GIF");
    }

    #[test]
    fn what_is_wrong_is_refused_by_name() {
        for (param, name) in [
            ("null".to_owned(), "output_param"),
            ("{}".to_owned(), "output_param.format"),
            (
                sized(0, 0, "").replace("\"gif\"", "\"webp\""),
                "output_param.format",
            ),
            (sized(31, -1, ""), "output_param.width"),
            (sized(33, -1, ""), "output_param.width"),
            (sized(3842, -1, ""), "output_param.width"),
            (sized(320, 2162, ""), "output_param.height"),
            (sized(320, 0, ""), "output_param.height"),
            (sized(0, 320, ""), "output_param.height"),
            (sized(-1, 0, ""), "output_param.height"),
            (sized(-1, -1, ""), "output_param.height"),
            (
                sized(0, 0, "").replace("\"end\":2500", "\"end\":500"),
                "output_param.end",
            ),
            (sized(0, 0, "").replace("2500", "60501"), "output_param.end"),
            (
                sized(0, 0, "").replace("\"start\":500,", ""),
                "output_param.start",
            ),
            (sized(0, 0, r#","frame_rate":0"#), "output_param.frame_rate"),
            (
                sized(0, 0, r#","frame_rate":76"#),
                "output_param.frame_rate",
            ),
            (sized(0, 0, r#","plays":1"#), "output_param.plays"),
        ] {
            let refused = read("", &param).unwrap_err();
            let begin = format!("Invalid request parameter, {name} ");
            assert!(refused.message().starts_with(&begin), "{param}: {refused}");
        }
        assert!(read("", &sized(0, 0, "").replace("2500", "60500")).is_ok());
    }
}

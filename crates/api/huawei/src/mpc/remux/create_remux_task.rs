//! `POST /remux`: the streams of a file in another container.

use http::StatusCode;
use reelgate_domain::job::kind::remux::RemuxSpec;
use reelgate_domain::job::kind::transcode::{Container, SegmentFormat};
use reelgate_domain::job::{JobSpec, Priority};
use reelgate_service::SubmitJob;
use serde_json::json as value;

use crate::answer::json;
use crate::errors::{ApiError, Outcome};
use crate::mpc::address::Address;
use crate::mpc::asked::Asked;
use crate::mpc::common::user_data;
use crate::mpc::fields::Fields;
use crate::mpc::pipeline::Lane;
use crate::mpc::remembered::Kept;
use crate::mpc::submit;

/// What a length of segments that is out of range becomes, as documented.
const DEFAULT_SECONDS: u32 = 5;
const PLAYLIST: &str = ".m3u8";

/// A task as it is asked for.
struct Request {
    spec: RemuxSpec,
    kept: Kept,
    user_data: Option<String>,
}

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let request = Request::read(asked.body()?)?;
    let job = SubmitJob {
        spec: JobSpec::Remux(request.spec),
        priority: Priority::default(),
        origin: Some(request.kept.into_origin()?),
        user_data: request.user_data,
    };
    let job = submit::task(asked, Lane::Common, job).await?;
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
        let mut param = body.needed_object("output_param")?;
        let format = param.needed_text("format")?;
        let seconds = param.integer("segment_duration", i64::MIN..=i64::MAX)?;
        let remove_metadata = param.flag("remove_meta")?.unwrap_or(false);
        let container = match format.as_str() {
            "MP4" => Container::Mp4,
            "HLS" => Container::Hls {
                segments: SegmentFormat::Ts,
                segment_seconds: seconds
                    .filter(|seconds| (2..=10).contains(seconds))
                    .and_then(|seconds| u32::try_from(seconds).ok())
                    .unwrap_or(DEFAULT_SECONDS),
            },
            _ => return Err(param.refuse("format", "must be HLS or MP4")),
        };
        param.finish()?;
        let user_data = user_data(&mut body)?;
        let source = input.source()?;
        let name = match &output.file_name {
            Some(name) => given(name, container),
            None => Some(generated(source.key.file_name(), container)),
        };
        let Some(name) = name else {
            return Err(body.refuse("output.file_name", "of HLS must not be index"));
        };
        body.finish()?;
        Ok(Self {
            spec: RemuxSpec {
                output: output.below(&name)?,
                input: source,
                container,
                remove_metadata,
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

/// The name of the main file. None for a playlist that may not be called so.
fn given(name: &str, container: Container) -> Option<String> {
    if container == Container::Mp4 {
        return Some(name.to_owned());
    }
    let stem = name.strip_suffix(PLAYLIST).filter(|stem| !stem.is_empty());
    let stem = stem.unwrap_or(name);
    (stem != "index").then(|| format!("{stem}{PLAYLIST}"))
}

/// The source's name with the ending of what it becomes.
fn generated(source: &str, container: Container) -> String {
    let stem = match source.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => source,
    };
    match container {
        Container::Mp4 => format!("{stem}.mp4"),
        _ if stem == "index" => format!("{stem}_remux{PLAYLIST}"),
        _ => format!("{stem}{PLAYLIST}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file_name: &str, param: &str) -> Result<Request, ApiError> {
        let text = format!(
            r#"{{"input":{{"bucket":"in-bucket","location":"x","object":"in/a.flv"}},
                "output":{{"bucket":"out-bucket","location":"x","object":"out"{file_name}}},
                "output_param":{param}}}"#
        );
        Request::read(Fields::body(text.as_bytes()).unwrap())
    }

    fn hls(segment_seconds: u32) -> Container {
        Container::Hls {
            segments: SegmentFormat::Ts,
            segment_seconds,
        }
    }

    #[test]
    fn lengths_out_of_range_become_the_default() {
        for (param, container) in [
            (r#"{"format":"MP4"}"#, Container::Mp4),
            (r#"{"format":"HLS"}"#, hls(5)),
            (r#"{"format":"HLS","segment_duration":2}"#, hls(2)),
            (r#"{"format":"HLS","segment_duration":10.7}"#, hls(10)),
            (r#"{"format":"HLS","segment_duration":1}"#, hls(5)),
            (r#"{"format":"HLS","segment_duration":11}"#, hls(5)),
        ] {
            assert_eq!(
                read("", param).unwrap().spec.container,
                container,
                "{param}"
            );
        }
    }

    #[test]
    fn files_are_called_as_asked_for_or_as_the_source() {
        let key = |file_name: &str, format: &str| {
            let request = read(file_name, &format!(r#"{{"format":"{format}"}}"#))?;
            request.spec.validate().unwrap();
            Ok::<_, ApiError>(request.spec.output.key.to_string())
        };
        assert_eq!(key("", "MP4").unwrap(), "out/a.mp4");
        assert_eq!(key("", "HLS").unwrap(), "out/a.m3u8");
        assert_eq!(key(r#","file_name":"x.mp4""#, "MP4").unwrap(), "out/x.mp4");
        assert_eq!(key(r#","file_name":"x""#, "HLS").unwrap(), "out/x.m3u8");
        assert_eq!(
            key(r#","file_name":"x.m3u8""#, "HLS").unwrap(),
            "out/x.m3u8"
        );
        for name in ["index", "index.m3u8"] {
            let named = format!(r#","file_name":"{name}""#);
            let refused = key(&named, "HLS").unwrap_err();
            assert_eq!(refused.code(), "MPC.10202");
        }
    }

    #[test]
    fn what_is_wrong_is_refused_by_name() {
        for (param, name) in [
            ("null", "output_param"),
            ("{}", "output_param.format"),
            (r#"{"format":"DASH"}"#, "output_param.format"),
            (
                r#"{"format":"HLS","segment_duration":"5"}"#,
                "output_param.segment_duration",
            ),
            (
                r#"{"format":"MP4","remove_meta":1}"#,
                "output_param.remove_meta",
            ),
            (r#"{"format":"MP4","codec":1}"#, "output_param.codec"),
        ] {
            let refused = read("", param).err().unwrap();
            let begin = format!("Invalid request parameter, {name} ");
            assert!(refused.message().starts_with(&begin), "{param}: {refused}");
        }
    }
}

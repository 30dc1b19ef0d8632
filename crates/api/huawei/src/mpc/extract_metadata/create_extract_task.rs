//! `POST /extract-metadata`: what is in a file, in a while or at once.
//!
//! <https://support.huaweicloud.com/intl/en-us/api-mpc/mpc_04_0042.html>

use http::StatusCode;
use reelgate_domain::job::kind::media_info::MediaInfoSpec;
use reelgate_domain::job::{Job, JobSpec, Priority};
use reelgate_service::SubmitJob;
use serde_json::Value;

use crate::answer::json;
use crate::errors::{ApiError, Outcome};
use crate::mpc::address::Address;
use crate::mpc::asked::Asked;
use crate::mpc::common::{made, main_file, metadata, switch, user_data};
use crate::mpc::facts::Members;
use crate::mpc::fields::Fields;
use crate::mpc::remembered::Kept;
use crate::mpc::status::{NEWER, TaskStatus};
use crate::mpc::{times, waiting};

/// A task as it is asked for.
struct Request {
    spec: MediaInfoSpec,
    kept: Kept,
    user_data: Option<String>,
    /// Whether the answer has the facts.
    at_once: bool,
}

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let request = Request::read(asked.body()?)?;
    let at_once = request.at_once;
    let job = SubmitJob {
        spec: JobSpec::MediaInfo(request.spec),
        priority: Priority::default(),
        origin: Some(request.kept.into_origin()?),
        user_data: request.user_data,
    };
    let answer = waiting::answer(asked, job, at_once, ended).await?;
    Ok(json(StatusCode::OK, &answer))
}

fn ended(job: &Job) -> Value {
    let mut members = Members::default();
    members.put("task_id", Some(job.number.0.to_string()));
    members.put("status", Some(TaskStatus::of_job(job).word(NEWER)));
    members.put("create_time", Some(times::format(job.created_at)));
    members.put("output", Kept::of(job).output);
    members.put("output_file_name", main_file(job));
    members.put("description", Some(waiting::description(job)));
    members.put("metadata", facts_of(job));
    Value::Object(members.0)
}

/// `metadata` of a task that has ended well.
pub(super) fn facts_of(job: &Job) -> Option<Value> {
    let name = job.spec.input().map_or("", |input| input.key.file_name());
    made(job).map(|(_, facts)| metadata(facts, name))
}

impl Request {
    fn read(mut body: Fields) -> Result<Self, ApiError> {
        let input = Address::read(body.needed_object("input")?)?;
        if input.file_name.is_some() {
            return Err(body.refuse("input.file_name", "is for outputs only"));
        }
        let output = body.object("output")?.map(Address::read).transpose()?;
        let at_once = switch(&mut body, "sync", 0)?;
        let user_data = user_data(&mut body)?;
        if let Some(mut encryption) = body.object("encryption")? {
            if encryption.value("hls_encrypt").is_some() {
                let why = "cannot be honoured: encrypted sources are not read";
                return Err(encryption.refuse("hls_encrypt", why));
            }
            encryption.finish()?;
        }
        body.finish()?;
        // Without a name nothing is written down.
        let file = output.as_ref().and_then(|output| {
            let name = output.file_name.as_deref()?;
            Some(output.below(name))
        });
        Ok(Self {
            spec: MediaInfoSpec {
                input: input.source()?,
                output: file.transpose()?,
                complexity: None,
            },
            kept: Kept {
                input: input.echo,
                output: output.map(|output| output.echo),
                ..Kept::default()
            },
            user_data,
            at_once,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: &str) -> Result<Request, ApiError> {
        let text = format!(
            r#"{{"input":{{"bucket":"in-bucket","location":"x","object":"in/a.mp4"}}{more}}}"#
        );
        Request::read(Fields::body(text.as_bytes()).unwrap())
    }

    #[test]
    fn facts_are_written_down_where_a_file_is_named() {
        assert_eq!(read("").unwrap().spec.output, None);
        let folder = r#","output":{"bucket":"out-bucket","location":"x","object":"out"}"#;
        assert_eq!(read(folder).unwrap().spec.output, None);
        let named = r#","sync":1,"output":{"bucket":"out-bucket","location":"x","object":"out","file_name":"a.json"}"#;
        let request = read(named).unwrap();
        assert!(request.at_once);
        let output = request.spec.output.unwrap();
        assert_eq!(output.to_string(), "out-bucket/out/a.json");
    }

    #[test]
    fn encrypted_sources_and_unknown_members_are_refused_by_name() {
        let encrypted = r#","encryption":{"hls_encrypt":{"key":"k","url":"u"}}"#;
        for (more, name) in [
            (encrypted, "encryption.hls_encrypt"),
            (r#","sync":2"#, "sync"),
            (r#","sync":"1""#, "sync"),
            (r#","tar":0"#, "tar"),
        ] {
            let refused = read(more).err().unwrap();
            assert_eq!(refused.code(), "MPC.10202");
            let begin = format!("Invalid request parameter, {name} ");
            assert!(refused.message().starts_with(&begin), "{more}: {refused}");
        }
        assert!(read(r#","encryption":{}"#).is_ok());
    }
}

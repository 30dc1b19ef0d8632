//! `POST /thumbnails`: pictures of a video, in a while or at once.
//!
//! <https://support.huaweicloud.com/intl/en-us/api-mpc/mpc_04_0037.html>

use http::StatusCode;
use reelgate_domain::job::kind::snapshot::SnapshotSpec;
use reelgate_domain::job::{Job, JobSpec, Priority};
use reelgate_service::SubmitJob;
use serde_json::Value;

use super::para::{Para, Target};
use crate::answer::json;
use crate::errors::{ApiError, Outcome};
use crate::mpc::address::Address;
use crate::mpc::asked::Asked;
use crate::mpc::common::{main_file, switch, user_data};
use crate::mpc::facts::Members;
use crate::mpc::fields::Fields;
use crate::mpc::remembered::{self, Kept};
use crate::mpc::status::{THUMBNAILS, TaskStatus};
use crate::mpc::{times, waiting};
use crate::request_id::RequestId;

/// A task as it is asked for.
struct Request {
    spec: SnapshotSpec,
    kept: Kept,
    user_data: Option<String>,
    /// Whether the answer has the picture.
    at_once: bool,
}

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let request = Request::read(asked.body()?, &RequestId::random().to_string())?;
    let at_once = request.at_once;
    let job = SubmitJob {
        spec: JobSpec::Snapshot(request.spec),
        priority: Priority::default(),
        origin: Some(request.kept.into_origin()?),
        user_data: request.user_data,
    };
    let answer = waiting::answer(asked, job, at_once, ended).await?;
    Ok(json(StatusCode::ACCEPTED, &answer))
}

fn ended(job: &Job) -> Value {
    let kept = Kept::of(job);
    let status = TaskStatus::of_job(job);
    let mut members = Members::default();
    members.put("task_id", Some(job.number.0.to_string()));
    members.put("status", Some(status.word(THUMBNAILS)));
    members.put("create_time", Some(times::format(job.created_at)));
    members.put("output", kept.output);
    members.put("output_file_name", main_file(job));
    members.put("thumbnail_time", kept.thumbnail_time);
    members.put("description", Some(waiting::description(job)));
    Value::Object(members.0)
}

impl Request {
    /// `own_folder` is the name of the folder that is put below the output unless that is to be used as it is.
    fn read(mut body: Fields, own_folder: &str) -> Result<Self, ApiError> {
        let input = Address::read(body.needed_object("input")?)?;
        let output = Address::read(body.needed_object("output")?)?;
        for (address, name) in [(&input, "input"), (&output, "output")] {
            if address.file_name.is_some() {
                let name = format!("{name}.file_name");
                return Err(body.refuse(&name, "has no effect on pictures: use output_filename"));
            }
        }
        let para = Para::read(body.needed_object("thumbnail_para")?)?;
        let is_packed = !switch(&mut body, "tar", 1)?;
        let at_once = switch(&mut body, "sync", 0)?;
        let is_original = switch(&mut body, "original_dir", 0)?;
        let user_data = user_data(&mut body)?;
        match (at_once, para.only, para.is_in_ms) {
            (true, None, _) => {
                let why = "is for one moment, of type DOTS or DOTS_MS";
                return Err(body.refuse("sync", why));
            }
            (false, _, true) => {
                let why = "of DOTS_MS is for tasks with sync 1";
                return Err(body.refuse("thumbnail_para.type", why));
            }
            _ => {}
        }
        if at_once && is_packed {
            return Err(body.refuse("tar", "must be 1 where sync is 1"));
        }
        body.finish()?;
        let folder = output.object.trim_matches('/');
        let folder = match (is_original, folder) {
            (true, folder) => folder.to_owned(),
            (false, "") => own_folder.to_owned(),
            (false, folder) => format!("{folder}/{own_folder}"),
        };
        let spec = para.spec(&Target {
            input: input.source()?,
            address: &output,
            folder: &folder,
            is_packed,
        })?;
        let kept = Kept {
            input: input.echo.clone(),
            output: Some(remembered::at(&output, &folder)),
            thumbnail_time: para.only.filter(|_| at_once).map(|at| at.to_string()),
            ..Kept::default()
        };
        Ok(Self {
            spec,
            kept,
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
            r#"{{"input":{{"bucket":"in-bucket","location":"x","object":"in/a.mp4"}},
                "output":{{"bucket":"out-bucket","location":"x","object":"out"}}{more}}}"#
        );
        Request::read(Fields::body(text.as_bytes()).unwrap(), "random")
    }

    #[test]
    fn pictures_of_two_tasks_do_not_meet_unless_that_is_wanted() {
        let request = read(r#","thumbnail_para":{"type":"TIME","time":5}"#).unwrap();
        assert_eq!(request.spec.output.key.as_str(), "out/random/0.jpg");
        assert_eq!(request.kept.output.unwrap()["object"], "out/random");
        let request = read(r#","thumbnail_para":{},"original_dir":1,"tar":0"#).unwrap();
        assert_eq!(request.spec.output.key.as_str(), "out/a.tar");
        assert_eq!(request.kept.output.unwrap()["object"], "out");
    }

    #[test]
    fn one_moment_can_be_had_at_once() {
        let one = r#","sync":1,"thumbnail_para":{"type":"DOTS_MS","dots_ms":[1500]}"#;
        let request = read(one).unwrap();
        assert!(request.at_once);
        assert_eq!(request.kept.thumbnail_time.as_deref(), Some("1500"));
        for (more, name) in [
            (r#","sync":1,"thumbnail_para":{}"#, "sync"),
            (
                r#","sync":1,"thumbnail_para":{"type":"DOTS","dots":[1,2]}"#,
                "sync",
            ),
            (
                r#","sync":1,"tar":0,"thumbnail_para":{"type":"DOTS","dots":[1]}"#,
                "tar",
            ),
            (
                r#","thumbnail_para":{"type":"DOTS_MS","dots_ms":[1]}"#,
                "thumbnail_para.type",
            ),
            (r#","sync":2,"thumbnail_para":{}"#, "sync"),
            (
                r#","original_dir":true,"thumbnail_para":{}"#,
                "original_dir",
            ),
            ("", "thumbnail_para"),
            (r#","thumbnail_para":{},"encryption":{}"#, "encryption"),
        ] {
            let refused = read(more).err().unwrap();
            let begin = format!("Invalid request parameter, {name} ");
            assert!(refused.message().starts_with(&begin), "{more}: {refused}");
        }
    }
}

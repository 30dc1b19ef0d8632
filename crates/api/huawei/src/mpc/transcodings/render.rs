//! A transcoding task as answers and messages show it. What is not known is absent.

use reelgate_domain::ObjectRef;
use reelgate_domain::job::Job;
use reelgate_domain::job::kind::transcode::{Container, TranscodeSpec};
use reelgate_domain::media::{MediaFacts, OutputResult};
use serde_json::{Map, Value, json as value};

use super::origin::Remembered;
use super::{names, shots};
use crate::mpc::facts::{self, Members};
use crate::mpc::status::{TRANSCODINGS, TaskStatus};
use crate::mpc::{failure, times};

/// An element of the list.
pub(in crate::mpc) fn listed(job: &Job) -> Value {
    let task = Shown::of(job);
    let mut members = task.head();
    members.put("end_time", job.finished_at().map(times::format));
    members.put(
        "trans_template_id",
        task.remembered.trans_template_id.clone(),
    );
    members.put("output_file_name", Some(task.file_names()));
    if task.status == TaskStatus::Succeeded {
        shots::put(&mut members, job, &task.remembered.pictures);
    }
    if let Some(detail) = task.transcode_detail() {
        members.put("transcode_detail", Some(detail));
    }
    members.put("av_parameters", task.remembered.av_parameters.clone());
    Value::Object(members.0)
}

/// An element of the details.
pub(in crate::mpc) fn detailed(job: &Job) -> Value {
    let task = Shown::of(job);
    let mut members = task.head();
    members.put("start_time", job.started_at.map(times::format));
    members.put("end_time", job.finished_at().map(times::format));
    if let Some(fault) = job.fault() {
        let error = value!({
            "error_code": failure::code(fault),
            "error_msg": failure::text(fault),
        });
        members.put("xcode_error", Some(error));
    }
    members.put("media_detail", task.media_detail());
    Value::Object(members.0)
}

/// A job, what was asked for, and what of it can be seen.
struct Shown<'a> {
    job: &'a Job,
    spec: Option<&'a TranscodeSpec>,
    status: TaskStatus,
    remembered: Remembered,
}

impl<'a> Shown<'a> {
    fn of(job: &'a Job) -> Self {
        let spec = job.spec.transcode();
        // Of a task that another dialect made there is what its job says.
        let remembered = Remembered::of(job).unwrap_or_else(|| Remembered {
            input: spec.map_or_else(Map::new, |spec| place(&spec.input, spec.input.key.as_str())),
            output: spec
                .and_then(|spec| spec.outputs.first())
                .map_or_else(Map::new, |output| {
                    place(&output.object, output.object.key.folder())
                }),
            ..Remembered::default()
        });
        Self {
            job,
            spec,
            status: TaskStatus::of_job(job),
            remembered,
        }
    }

    /// What both answers begin with.
    fn head(&self) -> Members {
        let Self { job, .. } = self;
        let mut members = Members::default();
        members.put("task_id", Some(job.number.0.to_string()));
        members.put("status", Some(self.status.word(TRANSCODINGS)));
        members.put("progress", Some(self.progress()));
        members.put("create_time", Some(times::format(job.created_at)));
        members.put("input", Some(self.remembered.input.clone()));
        members.put("output", Some(self.remembered.output.clone()));
        members.put("user_data", job.user_data.as_deref());
        match (job.fault(), self.status) {
            (Some(fault), _) => {
                members.put("error_code", Some(failure::code(fault)));
                members.put("description", Some(failure::text(fault)));
            }
            (None, TaskStatus::Succeeded) => {
                let (code, words) = failure::COMPLETED;
                members.put("error_code", Some(code));
                members.put("description", Some(words));
            }
            (None, _) => {}
        }
        members
    }

    /// Progress may come late, and the end does not.
    fn progress(&self) -> u8 {
        match self.status {
            TaskStatus::Succeeded => 100,
            TaskStatus::Waiting => 0,
            TaskStatus::Running | TaskStatus::Failed | TaskStatus::Canceled => {
                self.job.progress.min(100)
            }
        }
    }

    /// Each output with what it came to, once the task has succeeded or failed.
    fn results(&self) -> impl Iterator<Item = Output<'a>> + '_ {
        let is_over = matches!(self.status, TaskStatus::Succeeded | TaskStatus::Failed);
        let specs = self.spec.into_iter().flat_map(|spec| &spec.outputs);
        specs
            .enumerate()
            .filter(move |_| is_over)
            .map(move |(place, spec)| Output {
                template: self.remembered.templates.get(place).copied().flatten(),
                container: spec.settings.container,
                name: spec.object.key.file_name(),
                // What was made by a task that failed has no name.
                // Where it was the task itself that failed, there may be no results.
                result: match (self.job.results.get(place), self.status) {
                    (Some(OutputResult::Done { facts, .. }), TaskStatus::Succeeded) => Ok(facts),
                    (Some(OutputResult::Done { .. }) | None, _) => Err(self.job.fault()),
                    (Some(OutputResult::Failed { fault, .. }), _) => Err(Some(fault)),
                },
            })
    }

    /// Of the outputs that are there.
    fn file_names(&self) -> Vec<&str> {
        let there = self.results().filter(|output| output.result.is_ok());
        let outputs = there.map(|output| output.name);
        let pictures = match self.status {
            TaskStatus::Succeeded => shots::names(self.job, &self.remembered.pictures),
            _ => Vec::new(),
        };
        outputs.chain(pictures).collect()
    }

    fn source(&self) -> Option<&'a MediaFacts> {
        self.job.results.iter().find_map(|result| match result {
            OutputResult::Done { source, .. } => source.as_deref(),
            OutputResult::Failed { .. } => None,
        })
    }

    fn source_format(&self, facts: &MediaFacts) -> String {
        let name = self.spec.map_or("", |spec| spec.input.key.file_name());
        facts::format(facts, name)
    }

    fn transcode_detail(&self) -> Option<Value> {
        let outputs: Vec<Value> = self.results().map(|output| output.task()).collect();
        if outputs.is_empty() {
            return None;
        }
        let mut members = Members::default();
        members.put("multitask_info", Some(outputs));
        let source = self
            .source()
            .map(|facts| facts::source_info(facts, &self.source_format(facts), None));
        members.put("input_file", source);
        Some(Value::Object(members.0))
    }

    fn media_detail(&self) -> Option<Value> {
        let outputs: Vec<Value> = self.results().map(|output| output.detail()).collect();
        if outputs.is_empty() {
            return None;
        }
        let mut members = Members::default();
        members.put("features", Some(vec!["transcode"]));
        let origin = self.source().map(|facts| {
            let whole = &facts.format;
            let mut members = Members::default();
            members.put("duration", whole.duration_seconds.map(facts::whole_seconds));
            members.put(
                "duration_ms",
                whole.duration_seconds.map(facts::milliseconds),
            );
            members.put("file_format", Some(self.source_format(facts)));
            members.put("video", facts::video_info(facts));
            members.put("audio", facts::all_audio(facts).next());
            Value::Object(members.0)
        });
        members.put("origin_para", origin);
        members.put("output_video_paras", Some(outputs));
        if self.status == TaskStatus::Succeeded {
            let para = shots::para(self.job, &self.remembered.pictures);
            members.put("output_thumbnail_para", para);
        }
        Some(Value::Object(members.0))
    }
}

/// One output and what it came to.
struct Output<'a> {
    template: Option<i64>,
    container: Container,
    name: &'a str,
    result: Result<&'a MediaFacts, Option<&'a reelgate_domain::job::Fault>>,
}

impl Output<'_> {
    /// An element of `multitask_info`.
    fn task(&self) -> Value {
        let mut members = Members::default();
        members.put("template_id", self.template);
        match self.result {
            Ok(facts) => {
                let format = names::format(self.container);
                let info = facts::source_info(facts, format, self.manifest());
                members.put("output_file", Some(info));
            }
            Err(fault) => {
                let error = fault.map(|fault| {
                    value!({
                        "error_code": failure::code(fault),
                        "error_msg": failure::text(fault),
                    })
                });
                members.put("error", error);
            }
        }
        Value::Object(members.0)
    }

    /// An element of `output_video_paras`.
    fn detail(&self) -> Value {
        let mut members = Members::default();
        members.put("template_id", self.template);
        members.put("pack", Some(names::format(self.container)));
        members.put("file_name", Some(self.name));
        members.put("manifest_name", self.manifest());
        match self.result {
            Ok(facts) => {
                members.put("size", Some(facts.format.size_bytes));
                members.put("video", facts::video_info(facts));
                members.put("audio", facts::all_audio(facts).next());
                // The vendor spells it so; taken for how long what was made is, in seconds.
                members.put("conver_duration", facts.format.duration_seconds);
            }
            Err(fault) => {
                let error = fault.map(
                    |fault| value!({"code": failure::code(fault), "msg": failure::text(fault)}),
                );
                members.put("error", error);
            }
        }
        Value::Object(members.0)
    }

    /// What names segments.
    fn manifest(&self) -> Option<&str> {
        self.container.segment_seconds().map(|_| self.name)
    }
}

/// An address of which only the object is known.
fn place(object: &ObjectRef, path: &str) -> Map<String, Value> {
    let members = [
        ("bucket", object.bucket.as_str()),
        ("object", path.trim_end_matches('/')),
    ];
    let members = members.map(|(name, text)| (name.to_owned(), Value::from(text)));
    members.into_iter().collect()
}

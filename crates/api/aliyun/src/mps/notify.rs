//! The message that tells of a job's end: which pipelines want one, and its words.
//!
//! <https://www.alibabacloud.com/help/en/mps/developer-reference/message-notifications>

use futures_util::future::{BoxFuture, ready};
use futures_util::{FutureExt as _, TryFutureExt as _};
use reelgate_domain::Pipeline;
use reelgate_domain::event::{Delivery, EventName, JobEvent, TopicName};
use reelgate_domain::job::{Job, JobKind, JobSpec};
use reelgate_service::{About, EventRenderer, Message as ToTopic, Rendered, ServiceError};
use serde_json::{Map, Value};

use super::errors::{self, Code, Refusal};
use super::fields::Fields;
use super::fingerprints;
use super::origin::{self, PipelineRequest};

/// Where a pipeline's messages go: a topic, a queue or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NotifyConfig {
    pub(super) topic: Option<TopicName>,
    pub(super) queue: Option<TopicName>,
}

impl NotifyConfig {
    /// Reads the parameter. The other message service of the vendor is not served.
    pub(super) fn read(config: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut fields = Fields::new("NotifyConfig", config);
        let topic = named(&mut fields, "Topic")?;
        let queue = named(&mut fields, "QueueName")?;
        for name in ["MqTopic", "MqTag"] {
            if fields.text(name)?.is_some() {
                return fields.refuse(Code::NotSupported, name);
            }
        }
        fields.finish()?;
        Ok(Self { topic, queue })
    }

    /// As it is kept with the pipeline, and shown.
    pub(super) fn members(&self) -> Map<String, Value> {
        let members = [("Topic", &self.topic), ("QueueName", &self.queue)];
        let given = members.into_iter().filter_map(|(name, topic)| {
            let topic = topic.as_ref()?.as_str();
            Some((name.to_owned(), topic.into()))
        });
        given.collect()
    }

    /// Reads what [`NotifyConfig::members`] made. What is no name is none.
    pub(super) fn of(members: &Map<String, Value>) -> Self {
        let name = |name: &str| members.get(name)?.as_str()?.parse().ok();
        Self {
            topic: name("Topic"),
            queue: name("QueueName"),
        }
    }
}

fn named(fields: &mut Fields<'_>, name: &'static str) -> Result<Option<TopicName>, Refusal> {
    match fields.text(name)?.map(|text| text.parse()) {
        None => Ok(None),
        Some(Ok(topic)) => Ok(Some(topic)),
        Some(Err(_)) => fields.refuse(Code::Invalid, name),
    }
}

/// Tells the topics and queues of pipelines how jobs of this product have ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct EndMessages;

impl EventRenderer for EndMessages {
    fn dialect(&self) -> &'static str {
        origin::DIALECT
    }

    /// A cancel has no message: the documented states are success and failure.
    fn tells(&self, name: EventName) -> bool {
        matches!(name, EventName::Succeeded | EventName::Failed)
    }

    fn listens(&self, pipeline: &Pipeline) -> bool {
        topics(pipeline).next().is_some()
    }

    fn messages<'a>(
        &'a self,
        _: About<'a>,
        pipeline: &'a Pipeline,
    ) -> BoxFuture<'a, Result<Vec<ToTopic>, ServiceError>> {
        ready(Ok(topics(pipeline).map(ToTopic::to).collect())).boxed()
    }

    fn render<'a>(
        &'a self,
        about: About<'a>,
        _: &'a Delivery,
    ) -> BoxFuture<'a, Result<Option<Rendered>, ServiceError>> {
        let About { event, job, .. } = about;
        if job.spec.kind() == JobKind::Fingerprint {
            let told = |message: Value| serde_json::to_vec(&message).ok().map(Rendered::json);
            let message = fingerprints::message(about);
            return message
                .map_ok(move |told_of| told_of.and_then(told))
                .boxed();
        }
        let message = message(event, job);
        let rendered = message.and_then(|message| serde_json::to_vec(&message.0).ok());
        ready(Ok(rendered.map(Rendered::json))).boxed()
    }
}

/// Those that a pipeline names.
fn topics(pipeline: &Pipeline) -> impl Iterator<Item = TopicName> + use<> {
    let config = PipelineRequest::of(pipeline.origin.as_ref()).notify;
    [config.topic, config.queue].into_iter().flatten()
}

fn message(event: &JobEvent, job: &Job) -> Option<Message> {
    let state = match event.name {
        EventName::Succeeded => "Success",
        EventName::Failed => "Fail",
        EventName::Queued
        | EventName::Started
        | EventName::Requeued
        | EventName::Retried
        | EventName::Stopping
        | EventName::Cancelled => return None,
    };
    let (kind, input) = match &job.spec {
        JobSpec::Transcode(spec) => ("Transcode", &spec.input),
        JobSpec::Snapshot(spec) => ("Snapshot", &spec.input),
        JobSpec::MediaInfo(spec) if spec.complexity.is_some() => ("Analysis", &spec.input),
        JobSpec::MediaInfo(spec) => ("MediaInfo", &spec.input),
        JobSpec::Ingest(_) | JobSpec::Remux(_) | JobSpec::Fingerprint(_) => return None,
    };
    let mut message = Message::default();
    message.put("JobId", event.job.to_string());
    message.put("RequestId", origin::request_id(job).unwrap_or_default());
    message.put("Type", kind);
    message.put("State", state);
    if let Some(fault) = &event.fault {
        let (code, text) = errors::job_failure(fault, input.key.as_str());
        message.put("Code", code);
        message.put("Msg", text);
    }
    Some(message)
}

/// Every key comes twice, with a small and with a capital first letter.
#[derive(Default)]
struct Message(Map<String, Value>);

impl Message {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        let (first, rest) = name.split_at(1);
        let value = value.into();
        let small = format!("{}{rest}", first.to_ascii_lowercase());
        self.0.insert(small, value.clone());
        self.0.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::Timestamp;
    use reelgate_domain::job::{Fault, FaultCode, Lifecycle};
    use reelgate_domain::{JobId, JobNumber, PipelineId, SubmissionId};
    use reelgate_testkit::{account, spec};
    use serde_json::json;

    use super::*;

    fn read(config: Value) -> Result<NotifyConfig, Refusal> {
        let Value::Object(members) = config else {
            panic!("a configuration is an object");
        };
        NotifyConfig::read(&members)
    }

    #[test]
    fn a_configuration_names_a_topic_or_a_queue() {
        let both = read(json!({"Topic": "a", "QueueName": "b-c"})).unwrap();
        assert_eq!(
            both.members(),
            *json!({"Topic": "a", "QueueName": "b-c"})
                .as_object()
                .unwrap()
        );
        assert_eq!(NotifyConfig::of(&both.members()), both);
        assert_eq!(
            read(json!({"Topic": "", "MqTag": ""})),
            Ok(NotifyConfig::default())
        );
        let refusal = |code, name: &str| Err(Refusal::new(code, format!("NotifyConfig.{name}")));
        assert_eq!(
            read(json!({"MqTopic": "m"})),
            refusal(Code::NotSupported, "MqTopic")
        );
        assert_eq!(
            read(json!({"Topic": "a b"})),
            refusal(Code::Invalid, "Topic")
        );
        assert_eq!(
            read(json!({"Other": "x"})),
            refusal(Code::NotSupported, "Other")
        );
    }

    fn event(name: EventName, fault: Option<Fault>) -> (JobEvent, Job) {
        let at = Timestamp::from_millis(0);
        let (job, pipeline) = (JobId::from_bytes([1; 16]), PipelineId::from_bytes([2; 16]));
        let event = JobEvent {
            account: account(1),
            job,
            pipeline,
            name,
            attempt: 1,
            at,
            fault,
        };
        let job = Job {
            id: job,
            number: JobNumber(1),
            submission: SubmissionId::from_bytes([3; 16]),
            account: account(1),
            pipeline,
            priority: Default::default(),
            spec: spec("in.mp4", "out.mp4"),
            origin: None,
            user_data: Some("not told".to_owned()),
            lifecycle: Lifecycle::queued(),
            progress: 0,
            results: Vec::new(),
            created_at: at,
            started_at: None,
        };
        (event, job)
    }

    fn told(name: EventName, fault: Option<Fault>) -> Option<Value> {
        let (event, mut job) = event(name, fault);
        let mut made_by = Some(PipelineRequest::default().into_origin());
        origin::note_request(&mut made_by, "4B9F");
        job.origin = made_by;
        message(&event, &job).map(|message| message.0.into())
    }

    #[test]
    fn a_success_has_every_key_twice() {
        let id = "01".repeat(16);
        let expected = json!({
            "jobId": id, "JobId": id, "requestId": "4B9F", "RequestId": "4B9F",
            "type": "Transcode", "Type": "Transcode", "state": "Success", "State": "Success",
        });
        assert_eq!(told(EventName::Succeeded, None), Some(expected));
    }

    #[test]
    fn a_failure_says_why() {
        let fault = Fault::new(FaultCode::SourceMissing, "media/in.mp4 does not exist");
        let told = told(EventName::Failed, Some(fault)).unwrap();
        assert_eq!(
            (&told["state"], &told["State"]),
            (&json!("Fail"), &json!("Fail"))
        );
        assert_eq!(told["code"], "InvalidParameter.ResourceNotFound");
        assert_eq!(told["Msg"], told["msg"]);
        assert!(
            told["msg"].as_str().unwrap().contains("\"in.mp4\""),
            "{told}"
        );
    }

    #[test]
    fn nothing_else_is_told_and_least_of_all_a_cancel() {
        for name in EventName::ALL {
            let ends = matches!(name, EventName::Succeeded | EventName::Failed);
            assert_eq!(EndMessages.tells(name), ends);
            assert_eq!(told(name, None).is_some(), ends, "{name}");
        }
    }
}

//! Callbacks: who is told of what, in which words, over a real store, a real outbox and a real receiver.

use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri};
use md5::{Digest as _, Md5};
use reelgate_domain::JobId;
use reelgate_domain::asset::{AssetId, AssetState};
use reelgate_domain::event::DeliveryState;
use reelgate_domain::job::{
    CancelPolicy, Fault, FaultCode, Job, JobKind, JobSpec, Selector, StateName, StopMode,
};
use reelgate_domain::media::OutputResult;
use reelgate_service::{DeliveryFilter, Gone, Notifier, NotifySettings};
use reelgate_store::{Ending, Fenced};
use reelgate_testkit::{staged, worker};
use serde_json::json;
use tokio::sync::watch;

use super::documents::{group, template};
use super::videos::registered;
use super::*;
use crate::vod::Callbacks;

/// No test waits this long unless it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came to a path.
#[derive(Clone, Debug)]
struct Got {
    path: String,
    headers: HeaderMap,
    body: Value,
}

impl Got {
    fn event(&self) -> &str {
        self.body["EventType"].as_str().unwrap()
    }
}

/// A web server that takes messages.
struct Receiver {
    base: String,
    got: Arc<Mutex<Vec<Got>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Receiver {
    async fn start() -> Self {
        let got = Arc::new(Mutex::default());
        let routes = Router::new().fallback(take).with_state(Arc::clone(&got));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { base, got, serving }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(
    State(taken): State<Arc<Mutex<Vec<Got>>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let got = Got {
        path: uri.path().to_owned(),
        headers,
        body: serde_json::from_slice(&body).unwrap(),
    };
    taken.lock().unwrap().push(got);
    StatusCode::OK
}

/// A world with a receiver, and an outbox that is begun when all has happened.
struct Told {
    world: World,
    receiver: Receiver,
}

impl Told {
    async fn begin(events: &str) -> Self {
        let (world, receiver) = (world().await, Receiver::start().await);
        let url = receiver.url("/all");
        let pairs = [("CallbackURL", url.as_str()), ("EventTypeList", events)];
        call(&world, "SetMessageCallback", &pairs).await;
        Self { world, receiver }
    }

    /// All that has come once so many messages were sent and nothing else was to be.
    async fn got(self, count: usize) -> Vec<Got> {
        let renderer = Arc::new(Callbacks);
        let notifier = Notifier::new(
            Arc::clone(&self.world.service),
            Arc::<Callbacks>::clone(&renderer),
            vec![renderer],
            NotifySettings::default(),
        );
        let (stop, stopped) = watch::channel(false);
        let notifier = notifier.unwrap();
        let running = tokio::spawn(async move { notifier.run(stopped).await });
        let caller = self.world.caller();
        let states = async || {
            let filter = DeliveryFilter::default();
            let page = self.world.service.deliveries(&caller, filter, 100).await;
            let states = page.unwrap().deliveries.into_iter().map(|it| it.state);
            states.collect::<Vec<_>>()
        };
        let sent = async {
            while states().await != vec![DeliveryState::Delivered; count] {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let sent = tokio::time::timeout(PATIENCE, sent).await;
        let got = self.receiver.got.lock().unwrap().clone();
        assert!(sent.is_ok(), "{:?} {got:?}", states().await);
        stop.send_replace(true);
        running.await.unwrap();
        assert_eq!(got.len(), count, "{got:?}");
        got
    }

    async fn claim(&self) -> Vec<Job> {
        let now = self.world.service.now();
        let until = now.after(Duration::from_secs(3600));
        let claimed = self.world.store.claim(&worker("w"), 10, until, now).await;
        claimed.unwrap().into_iter().map(|it| it.job).collect()
    }

    async fn finish(&self, job: JobId, ending: Ending) {
        let now = self.world.service.now();
        let finished = self.world.store.finish(job, 1, ending, now).await;
        assert_eq!(finished.unwrap(), Fenced::Done);
    }

    async fn publish(&self, job: &Job) -> OutputResult {
        let now = self.world.service.now();
        let mut made = staged(1);
        if let (JobSpec::Transcode(spec), OutputResult::Done { object, .. }) =
            (&job.spec, &mut made.results[0])
        {
            object.key = spec.outputs[0].object.key.clone();
        }
        let result = made.results[0].clone();
        let published = self.world.store.publish(job.id, made, now).await;
        assert_eq!(published.unwrap(), Fenced::Done);
        result
    }

    async fn succeed(&self, job: &Job) {
        self.claim().await;
        self.publish(job).await;
        self.finish(job.id, Ending::Succeeded).await;
    }

    async fn fail(&self, job: JobId) {
        let fault = Fault::new(FaultCode::NoVideoStream, "there is no video in it");
        let results = Vec::new();
        self.finish(job, Ending::Failed { fault, results }).await;
    }

    async fn cancel(&self, job: JobId) {
        let (selector, policy) = (Selector::ids(vec![job]), CancelPolicy::Any);
        let caller = self.world.caller();
        let service = &self.world.service;
        let cancelled = service.cancel(&caller, selector, policy, StopMode::Graceful);
        cancelled.await.unwrap();
        let found = service.jobs(&caller, &[job]).await.unwrap().remove(0);
        if found.lifecycle.state.name() == StateName::Stopping {
            let gone = Gone {
                at: service.now(),
                killed: false,
            };
            self.finish(job, Ending::Stopped(gone)).await;
        }
    }

    /// A registered video that was looked at: its id.
    async fn ready(&self) -> String {
        let video = registered(&self.world, "a.mp4", "A film").await;
        let looking = self.claim().await.remove(0);
        let OutputResult::Done { facts, .. } = self.publish(&looking).await else {
            panic!("it is done");
        };
        let caller = self.world.caller();
        let id: AssetId = video.parse().unwrap();
        let mut asset = self
            .world
            .service
            .assets(&caller, &[id])
            .await
            .unwrap()
            .remove(0);
        asset.state = AssetState::Ready {
            facts,
            sha256: None,
        };
        let store = &self.world.store;
        let arrived = store.asset_arrived(looking.id, 1, asset, Vec::new()).await;
        assert_eq!(arrived.unwrap(), Fenced::Done);
        self.finish(looking.id, Ending::Succeeded).await;
        video
    }

    /// Two transcodes of a video.
    async fn transcodes(&self, video: &str, user_data: &str) -> Vec<Job> {
        let templates = json!([template("LD"), template("HD")]);
        let group = group(&self.world, "two", &templates).await;
        let pairs = [
            ("VideoId", video),
            ("TemplateGroupId", group.as_str()),
            ("UserData", user_data),
        ];
        call(&self.world, "SubmitTranscodeJobs", &pairs).await;
        let (caller, id) = (self.world.caller(), video.parse().unwrap());
        let service = &self.world.service;
        let tasks = service.asset_tasks(&caller, id, JobKind::Transcode);
        let tasks = tasks.await.unwrap();
        let jobs = tasks.into_iter().next().unwrap().jobs;
        assert_eq!(jobs.len(), 2);
        jobs
    }
}

fn events(got: &[Got]) -> Vec<&str> {
    got.iter().map(Got::event).collect()
}

/// Whichever end is looked at, all had ended by then: it was told once for each of them.
#[tokio::test]
async fn the_last_transcode_of_a_task_tells_of_all_of_it_once() {
    let told = Told::begin("StreamTranscodeComplete,TranscodeComplete").await;
    let video = told.ready().await;
    let jobs = told.transcodes(&video, r#"{"Extend":{"mine":1}}"#).await;
    told.claim().await;
    told.fail(jobs[0].id).await;
    told.succeed(&jobs[1]).await;
    let ids: Vec<String> = jobs.iter().map(|job| job.id.to_string()).collect();
    let got = told.got(3).await;
    let expected = [
        "StreamTranscodeComplete",
        "StreamTranscodeComplete",
        "TranscodeComplete",
    ];
    assert_eq!(events(&got), expected);
    let stream = |of: &Value| {
        (
            of["JobId"].clone(),
            of["Status"].clone(),
            of["Definition"].clone(),
        )
    };
    let expected = [
        (json!(ids[0]), json!("fail"), json!("LD")),
        (json!(ids[1]), json!("success"), json!("HD")),
    ];
    let mut singles = Vec::new();
    for one in &got {
        assert_eq!(one.path, "/all");
        assert_eq!(
            (&one.body["VideoId"], &one.body["Extend"]),
            (&json!(video), &json!(r#"{"mine":1}"#))
        );
        match one.event() {
            "StreamTranscodeComplete" => singles.push(stream(&one.body)),
            "TranscodeComplete" => {
                assert_eq!(one.body["Status"], "success");
                let all = one.body["StreamInfos"].as_array().unwrap();
                assert_eq!(all.iter().map(stream).collect::<Vec<_>>(), expected);
                assert_eq!(all[0]["ErrorCode"], "InvalidMediaFile");
                assert!(
                    all[1]["Duration"].is_number() && all[1]["Format"] == "mp4",
                    "{all:?}"
                );
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(singles, expected);
}

#[tokio::test]
async fn a_cancelled_transcode_is_left_out_also_if_the_others_waited_for_it() {
    let told = Told::begin("ALL").await;
    let video = told.ready().await;
    let jobs = told.transcodes(&video, "").await;
    told.succeed(&jobs[0]).await;
    told.cancel(jobs[1].id).await;
    let good = jobs[0].id.to_string();
    // Of a task of which nothing is left there is nothing to tell.
    let jobs = told.transcodes(&video, "").await;
    told.cancel(jobs[0].id).await;
    told.cancel(jobs[1].id).await;
    let got = told.got(3).await;
    let expected = [
        "VideoAnalysisComplete",
        "StreamTranscodeComplete",
        "TranscodeComplete",
    ];
    assert_eq!(events(&got), expected);
    let streams = got[2].body["StreamInfos"].as_array().unwrap();
    assert_eq!((streams.len(), &streams[0]["JobId"]), (1, &json!(good)));
}

#[tokio::test]
async fn a_call_may_say_where_its_messages_go_and_the_same_key_signs_them() {
    let told = Told::begin("TranscodeComplete").await;
    let pairs = [("AuthSwitch", "on"), ("AuthKey", "Key4Tests")];
    call(&told.world, "SetMessageCallback", &pairs).await;
    let video = told.ready().await;
    let own = told.receiver.url("/own");
    let user_data = json!({"MessageCallback": {"CallbackURL": own, "CallbackType": "http"}});
    let jobs = told.transcodes(&video, &user_data.to_string()).await;
    told.succeed(&jobs[0]).await;
    told.succeed(&jobs[1]).await;
    let got = told.got(1).await.remove(0);
    assert_eq!(got.path, "/own");
    let at = got.headers["x-vod-timestamp"].to_str().unwrap();
    let signed = Md5::digest(format!("{own}|{at}|Key4Tests"));
    assert_eq!(got.headers["x-vod-signature"], hex::encode(signed));
}

#[tokio::test]
async fn what_a_registered_file_is_or_is_not_is_told() {
    let told = Told::begin("ALL").await;
    let good = told.ready().await;
    let bad = registered(&told.world, "b.mp4", "No film").await;
    let job = told.claim().await.remove(0).id;
    told.fail(job).await;
    let mut got = told.got(2).await;
    got.sort_by_key(|it| it.body["Status"] == "success");
    assert_eq!(events(&got), ["VideoAnalysisComplete"; 2]);
    assert_eq!(
        (&got[0].body["VideoId"], &got[1].body["VideoId"]),
        (&json!(bad), &json!(good))
    );
    assert_eq!(got[0].body["ErrorCode"], "InvalidMediaFile");
    assert!(got[0].body.get("Duration").is_none());
    assert!(got[1].body["Duration"].is_number() && got[1].body["Bitrate"].is_string());
}

#[tokio::test]
async fn a_key_is_asked_for_where_nothing_else_could_sign() {
    let told = Told::begin("").await;
    let world = &told.world;
    let on = [("AuthSwitch", "on"), ("AuthKey", "Key4Tests")];
    call(world, "SetMessageCallback", &on).await;
    // Without a receiver the key is kept nowhere.
    let all = [("EventTypeList", "ALL")];
    assert_eq!(
        refused(world, "SetMessageCallback", &all).await,
        "400 MissingParameter"
    );
    let with_key = [("EventTypeList", "ALL"), ("AuthKey", "Key4Tests")];
    call(world, "SetMessageCallback", &with_key).await;
    call(world, "SetMessageCallback", &all).await;
    let shown = call(world, "GetMessageCallback", &[]).await;
    assert_eq!(shown["MessageCallback"]["AuthKey"], "Key4Tests");
}

#[tokio::test]
async fn an_address_inside_the_operators_network_is_refused_with_the_call() {
    let world = world().await;
    for (action, name) in [
        ("UploadMediaByURL", "UploadURLs"),
        ("RegisterMedia", "RegisterMetadatas"),
    ] {
        let user_data = r#"{"MessageCallback":{"CallbackURL":"http://10.1.2.3/"}}"#;
        let value = match name {
            "UploadURLs" => "http://www.example.com/a.mp4",
            _ => r#"[{"FileURL":"oss://media/a.mp4","Title":"A"}]"#,
        };
        let pairs = [(name, value), ("UserData", user_data)];
        let expected = "400 InvalidParameter.UserData";
        assert_eq!(refused(&world, action, &pairs).await, expected, "{action}");
    }
}

#[tokio::test]
async fn settings_that_are_sent_again_change_nobody_who_is_told() {
    let world = world().await;
    let told = async || {
        let found = world.store.destinations(world.caller().account).await;
        let urls = found.unwrap().into_iter().map(|it| it.url);
        urls.collect::<Vec<_>>()
    };
    let set = |url| {
        let pairs = [("CallbackURL", url), ("EventTypeList", "ALL")];
        request(&world, &world.root(), "SetMessageCallback", &pairs).signed()
    };
    let first = set("https://example.com/first");
    assert_eq!(first.send(&world).await.summary(), "200");
    let deletion = request(&world, &world.root(), "DeleteMessageCallback", &[]).signed();
    assert_eq!(deletion.send(&world).await.summary(), "200");
    assert_eq!(told().await, [""; 0]);
    let second = set("https://example.com/second");
    assert_eq!(second.send(&world).await.summary(), "200");
    for again in [first, deletion] {
        let answer = again.send(&world).await;
        assert_eq!(answer.summary(), "400 SignatureNonceUsed");
        assert_eq!(told().await, ["https://example.com/second"]);
    }
}

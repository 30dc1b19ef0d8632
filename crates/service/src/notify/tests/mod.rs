//! Deliveries from end to end: a real store, a real receiver, a clock that is moved.

mod messages;
mod plain;
mod receiver;
mod tenants;
mod tries;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::event::{DeliveryState, EventName, NameSet, TopicName};
use reelgate_domain::job::{CancelPolicy, Fault, FaultCode, Origin, Selector, StopMode};
use reelgate_domain::{AccountId, JobId, PipelineId, Timestamp};
use reelgate_fetch::Guard;
use reelgate_store::{DeliveryFilter, Ending, Gone, SqliteStore, Store};
use reelgate_testkit::{FixedClock, JobBuilder, staged, worker};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::plain::Plain;
use self::receiver::{Answer, Receiver};
use super::sign::signature;
use super::{Notifier, NotifySettings};
use crate::{
    AccessSettings, Caller, Clock, ErrorKind, Ids, Keyring, RandomIds, Secret, Service, Settings,
};

/// No test waits this long unless it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A clock that stands still until it is moved.
struct Standing(FixedClock);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

struct World {
    service: Arc<Service>,
    store: Arc<dyn Store>,
    clock: Arc<Standing>,
    ids: RandomIds,
    caller: Caller,
    pipeline: PipelineId,
    receiver: Receiver,
    _dir: tempfile::TempDir,
}

fn service(store: &Arc<dyn Store>, clock: &Arc<Standing>, dir: &Path, keyring: Keyring) -> Service {
    let settings = Settings {
        data_dir: dir.to_owned(),
        max_object_bytes: 1 << 20,
        free_space_floor: 0,
    };
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    let service = Service::new(
        Arc::clone(store),
        clock,
        Arc::new(RandomIds::default()),
        settings,
    );
    service.with_access(AccessSettings::new(keyring))
}

impl World {
    async fn new() -> Self {
        Self::with(Guard::new(vec!["127.0.0.0/8".parse().unwrap()])).await
    }

    async fn with(guard: Guard) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let clock = Arc::new(Standing(FixedClock::default()));
        let ids = RandomIds::default();
        let keyring = Keyring::create_file(&dir.path().join("master.key"), &ids).unwrap();
        let service = service(&store, &clock, dir.path(), keyring).with_guard(guard);
        let made = service.invent_credentials();
        service.create_first_account(&made).await.unwrap();
        let caller = service
            .api_key_caller(&made.api_key)
            .await
            .unwrap()
            .unwrap();
        Self {
            service: Arc::new(service),
            store,
            clock,
            ids,
            pipeline: made.pipeline_id.parse().unwrap(),
            caller,
            receiver: Receiver::start().await,
            _dir: dir,
        }
    }

    fn account(&self) -> AccountId {
        self.caller.account
    }

    fn notifier(&self) -> Notifier {
        let settings = NotifySettings {
            patience: Duration::from_secs(2),
            ..NotifySettings::default()
        };
        let notifier = Notifier::new(
            Arc::clone(&self.service),
            Arc::new(Plain("native")),
            vec![Arc::new(Plain("mps"))],
            settings,
        );
        notifier.unwrap()
    }

    /// A node that sends, until it is told to stop.
    fn node(&self) -> Node {
        self.node_of(self.notifier())
    }

    fn node_of(&self, notifier: Notifier) -> Node {
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(async move { notifier.run(stopped).await });
        Node { stop, running }
    }

    async fn webhook(&self, path: &str) -> (reelgate_domain::event::DestinationId, Secret) {
        let url = self.receiver.url(path);
        let made = self.service.create_webhook(&self.caller, url, NameSet::ALL);
        let made = made.await.unwrap();
        (made.view.id, made.secret)
    }

    async fn submit(&self) -> JobId {
        self.submit_to(self.pipeline, None).await
    }

    async fn submit_to(&self, pipeline: PipelineId, dialect: Option<&str>) -> JobId {
        let now = self.clock.now();
        let id = JobId::from_bytes(self.ids.uuid(now));
        let mut job = JobBuilder::new(self.account(), pipeline, id, now).build();
        job.origin = dialect.map(|dialect| Origin {
            dialect: dialect.to_owned(),
            version: 1,
            request: json!({}),
        });
        self.store.submit(vec![job], None).await.unwrap();
        id
    }

    async fn claim(&self) {
        let now = self.clock.now();
        let until = now.after(Duration::from_secs(30));
        let claimed = self.store.claim(&worker("w"), 10, until, now).await;
        assert!(!claimed.unwrap().is_empty());
    }

    async fn finish(&self, job: JobId, ending: Ending) {
        let now = self.clock.now();
        self.store.finish(job, 1, ending, now).await.unwrap();
    }

    async fn succeed(&self, job: JobId) {
        let now = self.clock.now();
        self.store.publish(job, staged(1), now).await.unwrap();
        self.finish(job, Ending::Succeeded).await;
    }

    async fn cancel(&self, job: JobId) {
        let (selector, policy) = (Selector::ids(vec![job]), CancelPolicy::Any);
        let cancelled = self
            .service
            .cancel(&self.caller, selector, policy, StopMode::Graceful);
        cancelled.await.unwrap();
    }

    /// Waits until the oldest delivery has failed.
    async fn first_error(&self) -> String {
        let failed = async {
            loop {
                let filter = DeliveryFilter::default();
                let page = self.service.deliveries(&self.caller, filter, 1000).await;
                if let Some(why) = page.unwrap().deliveries.pop().and_then(|it| it.last_error) {
                    return why;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let failed = tokio::time::timeout(PATIENCE, failed).await;
        failed.expect("nothing has failed")
    }

    /// Waits until so many deliveries have been answered.
    async fn answered(&self, count: usize) {
        let waiting = async {
            loop {
                let filter = DeliveryFilter::default();
                let page = self.service.deliveries(&self.caller, filter, 1000).await;
                let answered = page.unwrap().deliveries.into_iter();
                if answered.filter(|it| it.last_status.is_some()).count() >= count {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "there are no {count} that were answered");
    }

    /// Waits until as many deliveries are in this state.
    async fn settled(&self, state: DeliveryState, count: usize) {
        let filter = || DeliveryFilter {
            state: Some(state),
            ..DeliveryFilter::default()
        };
        let waiting = async {
            loop {
                let page = self.service.deliveries(&self.caller, filter(), 1000).await;
                if page.unwrap().deliveries.len() >= count {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "there are no {count} that are {state:?}");
    }
}

struct Node {
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Node {
    async fn stop(self) {
        self.stop.send_replace(true);
        self.running.await.unwrap();
    }
}

fn names(got: &[receiver::Got]) -> Vec<String> {
    got.iter().map(receiver::Got::name).collect()
}

#[tokio::test]
async fn a_webhook_is_told_of_every_step_in_order_and_can_tell_who_says_so() {
    let world = World::new().await;
    world.submit().await;
    let (_, secret) = world.webhook("/hook").await;
    let node = world.node();
    let job = world.submit().await;
    world.claim().await;
    world.succeed(job).await;
    // The job of before the webhook starts with it, and that is told.
    let got = world.receiver.wait_for("/hook", 4).await;
    let of_job: Vec<_> = got
        .iter()
        .filter(|it| it.json()["job"] == json!(job))
        .map(receiver::Got::name)
        .collect();
    assert_eq!(of_job, ["job.queued", "job.started", "job.succeeded"]);
    for it in &got {
        let seconds: i64 = it.headers["webhook-timestamp"].parse().unwrap();
        assert_eq!(seconds, world.clock.now().as_millis() / 1000);
        let signed = signature(&secret, it.id(), seconds, &it.body).unwrap();
        assert_eq!(it.headers["webhook-signature"], signed);
        assert_eq!(it.headers["content-type"], "application/json");
    }
    world.settled(DeliveryState::Delivered, 4).await;
    node.stop().await;
}

#[tokio::test]
async fn only_the_events_that_are_wanted_are_sent() {
    let world = World::new().await;
    let url = world.receiver.url("/ends");
    let wanted = [EventName::Failed].into_iter().collect();
    let made = world.service.create_webhook(&world.caller, url, wanted);
    made.await.unwrap();
    let node = world.node();
    let job = world.submit().await;
    world.claim().await;
    let fault = Fault::new(FaultCode::SourceMissing, "it is not there");
    let results = Vec::new();
    world.finish(job, Ending::Failed { fault, results }).await;
    world.receiver.wait_for("/ends", 1).await;
    node.stop().await;
    assert_eq!(names(&world.receiver.got("/ends")), ["job.failed"]);
}

#[tokio::test]
async fn what_is_not_taken_comes_again_as_the_same_message_and_holds_up_its_job_alone() {
    let world = World::new().await;
    world.receiver.answer("/hook", Answer::Status(500));
    world.webhook("/hook").await;
    world.webhook("/other").await;
    let node = world.node();
    let job = world.submit().await;
    world.claim().await;
    let first = world.receiver.wait_for("/hook", 1).await;
    world.receiver.wait_for("/other", 2).await;
    assert_eq!(names(&first), ["job.queued"]);
    world.settled(DeliveryState::Delivered, 2).await;
    world.first_error().await;
    // Nobody comes before the time.
    world.clock.0.advance(Duration::from_secs(3));
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(world.receiver.got("/hook").len(), 1);
    world.receiver.answer("/hook", Answer::Status(204));
    world.clock.0.advance(Duration::from_secs(5));
    let got = world.receiver.wait_for("/hook", 3).await;
    assert_eq!(names(&got), ["job.queued", "job.queued", "job.started"]);
    assert_eq!(got[0].id(), got[1].id());
    assert_eq!(got[0].body, got[1].body);
    let sent_at = |it: &receiver::Got| it.headers["webhook-timestamp"].clone();
    assert_ne!(sent_at(&got[0]), sent_at(&got[1]));
    world.settled(DeliveryState::Delivered, 4).await;
    let filter = DeliveryFilter {
        job: Some(job),
        ..DeliveryFilter::default()
    };
    let log = world.service.deliveries(&world.caller, filter, 10).await;
    let log = log.unwrap().deliveries;
    let tried = log
        .iter()
        .find(|it| it.id.to_string() == got[0].id())
        .unwrap();
    assert_eq!((tried.tries, tried.last_status), (2, Some(204)));
    node.stop().await;
}

#[tokio::test]
async fn one_that_says_nothing_holds_up_no_other() {
    let world = World::new().await;
    world.receiver.answer("/slow", Answer::Silence);
    world.webhook("/slow").await;
    world.webhook("/fast").await;
    let node = world.node();
    for _ in 0..40 {
        world.submit().await;
    }
    world.receiver.wait_for("/fast", 40).await;
    // It got no more than it may have at once.
    assert_eq!(world.receiver.got("/slow").len(), 8);
    node.stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_for_good_is_switched_off() {
    let world = World::new().await;
    world.receiver.answer("/hook", Answer::Status(410));
    let (id, _) = world.webhook("/hook").await;
    let node = world.node();
    world.submit().await;
    world.settled(DeliveryState::Dead, 1).await;
    let webhook = world.service.webhook(&world.caller, id).await.unwrap();
    assert!(!webhook.enabled);
    world.submit().await;
    world.claim().await;
    node.stop().await;
    assert_eq!(world.receiver.got("/hook").len(), 1);
}

/// Whatever was on its way when a cancel was accepted: nothing follows it but the cancel itself.
#[tokio::test]
async fn after_a_cancel_nothing_goes_out_but_the_cancel() {
    let world = World::new().await;
    let queue = queue_with_topic(&world).await;
    let topic = world.receiver.url("/topic");
    let name: TopicName = "done".parse().unwrap();
    let put = world.service.put_topic(&world.caller, name, topic).await;
    assert!(put.unwrap().1.is_some());
    world.webhook("/hook").await;
    world.receiver.answer("/hook", Answer::Status(500));
    world.receiver.answer("/topic", Answer::Status(500));
    let node = world.node();
    let running = world.submit_to(queue, Some("mps")).await;
    world.claim().await;
    let queued = world.submit_to(queue, Some("mps")).await;
    world.receiver.wait_for("/hook", 2).await;
    for job in [queued, running] {
        world.cancel(job).await;
    }
    let told = world.receiver.got("/hook").len();
    let gone = Gone {
        at: world.clock.now(),
        killed: false,
    };
    world.finish(running, Ending::Stopped(gone)).await;
    world.receiver.answer("/hook", Answer::Status(200));
    world.clock.0.advance(Duration::from_secs(7));
    let got = world.receiver.wait_for("/hook", told + 3).await;
    world.settled(DeliveryState::Withdrawn, 3).await;
    node.stop().await;
    let after: Vec<_> = got[told..]
        .iter()
        .map(|it| (it.json()["job"].clone(), it.name()))
        .collect();
    let of = |job: JobId| {
        let told = after.iter().filter(|(id, _)| *id == json!(job));
        told.map(|(_, name)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(queued), ["job.cancelled"]);
    assert_eq!(of(running), ["job.stopping", "job.cancelled"]);
    assert_eq!(after.len(), 3);
    assert!(world.receiver.got("/topic").is_empty());
}

/// A pipeline whose messages go to `done`.
async fn queue_with_topic(world: &World) -> PipelineId {
    let wanted = crate::CreatePipeline {
        name: "told".to_owned(),
        concurrency: None,
        origin: Some(Origin {
            dialect: "mps".to_owned(),
            version: 1,
            request: json!({"Topic": "done"}),
        }),
    };
    let made = world.service.create_pipeline(&world.caller, wanted).await;
    made.unwrap().id
}

#[tokio::test]
async fn a_topic_is_told_by_the_dialect_that_made_the_job() {
    let world = World::new().await;
    let queue = queue_with_topic(&world).await;
    let name: TopicName = "done".parse().unwrap();
    let url = world.receiver.url("/topic");
    let put = world.service.put_topic(&world.caller, name.clone(), url);
    put.await.unwrap();
    let other: TopicName = "other".parse().unwrap();
    let url = world.receiver.url("/other");
    world
        .service
        .put_topic(&world.caller, other, url)
        .await
        .unwrap();
    let node = world.node();
    let theirs = world.submit_to(queue, Some("mps")).await;
    let native = world.submit_to(queue, Some("native")).await;
    let elsewhere = world.submit_to(world.pipeline, Some("mps")).await;
    world.claim().await;
    for job in [native, elsewhere, theirs] {
        world.succeed(job).await;
    }
    let got = world.receiver.wait_for("/topic", 1).await;
    world.settled(DeliveryState::Delivered, 1).await;
    node.stop().await;
    let expected = json!({"type": "job.succeeded", "job": theirs, "by": "mps"});
    assert_eq!(got[0].json(), expected);
    assert_eq!(world.receiver.got("/topic").len(), 1);
    assert!(world.receiver.got("/other").is_empty());
    let again = world.receiver.url("/moved");
    let (moved, secret) = world
        .service
        .put_topic(&world.caller, name, again)
        .await
        .unwrap();
    assert!(secret.is_none() && moved.url.ends_with("/moved"));
}

#[tokio::test]
async fn two_nodes_send_each_event_once() {
    let world = World::new().await;
    world.webhook("/hook").await;
    let (one, other) = (world.node(), world.node());
    for _ in 0..50 {
        world.submit().await;
    }
    let mut got = world.receiver.wait_for("/hook", 50).await;
    world.settled(DeliveryState::Delivered, 50).await;
    one.stop().await;
    other.stop().await;
    got.sort_by(|a, b| a.id().cmp(b.id()));
    got.dedup_by(|a, b| a.id() == b.id());
    assert_eq!(got.len(), 50);
    assert_eq!(world.receiver.got("/hook").len(), 50);
}

/// A node that dies while it sends: another one sends the same message again.
#[tokio::test]
async fn what_a_dead_node_was_sending_is_sent_by_another() {
    let world = World::new().await;
    world.receiver.answer("/hook", Answer::Silence);
    world.webhook("/hook").await;
    let node = world.node();
    world.submit().await;
    world.receiver.wait_for("/hook", 1).await;
    node.running.abort();
    world.receiver.answer("/hook", Answer::Status(200));
    let other = world.node();
    world.clock.0.advance(Duration::from_secs(13));
    let got = world.receiver.wait_for("/hook", 2).await;
    assert_eq!(got[0].id(), got[1].id());
    assert_eq!(got[0].body, got[1].body);
    world.settled(DeliveryState::Delivered, 1).await;
    other.stop().await;
}

#[tokio::test]
async fn a_replaced_secret_signs_beside_the_new_one_for_a_while() {
    let world = World::new().await;
    let (id, old) = world.webhook("/hook").await;
    let overlap = Duration::from_secs(60);
    let rotated = world
        .service
        .rotate_webhook_secret(&world.caller, id, overlap);
    let new = rotated.await.unwrap().secret;
    let node = world.node();
    world.submit().await;
    let got = world.receiver.wait_for("/hook", 1).await.remove(0);
    let sign = |secret: &Secret, got: &receiver::Got| {
        let seconds = got.headers["webhook-timestamp"].parse().unwrap();
        signature(secret, got.id(), seconds, &got.body).unwrap()
    };
    let both = format!("{} {}", sign(&new, &got), sign(&old, &got));
    assert_eq!(got.headers["webhook-signature"], both);
    world.clock.0.advance(overlap);
    world.submit().await;
    let later = world.receiver.wait_for("/hook", 2).await.remove(1);
    assert_eq!(later.headers["webhook-signature"], sign(&new, &later));
    node.stop().await;
}

#[tokio::test]
async fn an_address_inside_the_operators_network_is_refused_and_never_called() {
    let world = World::with(Guard::default()).await;
    let literal = world.receiver.url("/hook");
    let refused = world
        .service
        .create_webhook(&world.caller, literal.clone(), NameSet::ALL)
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(
        (refused.kind, &*refused.subject),
        (ErrorKind::Invalid, "url")
    );
    // A name that leads there is found out when it is called.
    let by_name = literal.replace("127.0.0.1", "localhost");
    let made = world
        .service
        .create_webhook(&world.caller, by_name, NameSet::ALL);
    made.await.unwrap();
    let node = world.node();
    world.submit().await;
    let why = world.first_error().await;
    assert!(why.contains("not a public one"), "{why}");
    node.stop().await;
    assert!(world.receiver.got("/hook").is_empty());
}

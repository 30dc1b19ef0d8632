//! How assets come: registered, or told of by the jobs that bring them.

use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::asset::{Asset, AssetChange, AssetDetails, AssetId, AssetState};
use reelgate_domain::event::{EventCursor, EventName};
use reelgate_domain::job::kind::ingest::{AssetPlan, IngestSource, IngestSpec};
use reelgate_domain::job::{CancelPolicy, JobSpec, NewJob, Origin, StateName};
use reelgate_domain::media::MediaFacts;
use reelgate_domain::{AccountId, JobId};
use reelgate_testkit::object;
use tokio::task::JoinSet;

use super::keyed::{keyed, made};
use super::{Home, World};
use crate::{
    ChangeAsset, DeletePipeline, Ending, Fenced, RegisterAsset, RegisterOutcome, StoreError,
};

impl World {
    /// A file that its job has not looked at yet.
    pub fn new_asset(&self, key: &str) -> Asset {
        let now = self.now();
        Asset {
            id: AssetId::from_bytes(*self.ids.job(now).as_bytes()),
            account: self.account,
            file: object(key),
            state: AssetState::Registered,
            details: AssetDetails {
                title: key.to_owned(),
                ..AssetDetails::default()
            },
            cover: None,
            job: self.ids.job(now),
            origin: Some(Origin {
                dialect: "vod".into(),
                version: 1,
                request: serde_json::json!({"Title": key}),
            }),
            created_at: now,
            modified_at: now,
        }
    }

    /// The job that looks at it.
    pub(super) fn job_of(&self, asset: &Asset) -> NewJob {
        let plan = AssetPlan {
            id: asset.id,
            details: asset.details.clone(),
            then: None,
        };
        let spec = JobSpec::Ingest(IngestSpec {
            source: IngestSource::Object,
            output: asset.file.clone(),
            cover: None,
            asset: Some(plan),
        });
        NewJob {
            id: asset.job,
            asset: Some(asset.id),
            ..self.new_job().spec(spec).build()
        }
    }

    pub(super) async fn register(&self, assets: &[Asset]) -> RegisterOutcome {
        let assets = assets.iter().map(|it| (it.clone(), self.job_of(it)));
        let outcome = self.store.register_assets(assets.collect(), None).await;
        outcome.expect("register_assets")
    }

    /// Registers a file.
    pub async fn registered(&self, key: &str) -> Asset {
        let asset = self.new_asset(key);
        let outcome = self.register(std::slice::from_ref(&asset)).await;
        assert_eq!(outcome, RegisterOutcome::Done(vec![RegisterAsset::Made]));
        asset
    }

    pub(super) async fn assets(&self, ids: &[AssetId]) -> Vec<Asset> {
        let found = self.store.assets(self.account, ids).await;
        found.expect("assets")
    }

    pub(super) async fn asset(&self, id: AssetId) -> Asset {
        let mut found = self.assets(&[id]).await;
        assert_eq!(found.len(), 1, "asset {id} is missing");
        found.remove(0)
    }

    /// Starts the job and lets its attempt win; nothing else may be claimable.
    pub(super) async fn bring_to_publishing(&self, job: JobId) {
        assert_eq!(self.claim_ids(1).await, [job]);
        assert_eq!(self.publish(job, 1).await, Fenced::Done);
    }

    pub(super) async fn arrive(
        &self,
        (job, attempt): (JobId, u32),
        asset: &Asset,
        jobs: &[NewJob],
    ) -> Fenced {
        let (asset, jobs) = (asset.clone(), jobs.to_vec());
        let arrived = self.store.asset_arrived(job, attempt, asset, jobs).await;
        arrived.expect("asset_arrived")
    }

    /// The job of an asset that was not registered, as a worker has it that is publishing.
    pub(super) async fn fetched(&self, key: &str) -> Asset {
        let asset = self.new_asset(key);
        self.submit(vec![NewJob {
            asset: None,
            ..self.job_of(&asset)
        }])
        .await;
        self.bring_to_publishing(asset.job).await;
        found(&asset)
    }

    /// A job that follows once the asset is there.
    pub(super) fn follow_up(&self, asset: AssetId) -> NewJob {
        NewJob {
            asset: Some(asset),
            ..self.new_job().build()
        }
    }

    async fn jobs_of(&self, asset: AssetId) -> Vec<JobId> {
        let jobs = self.store.asset_jobs(self.account, asset, 100).await;
        let jobs = jobs.expect("asset_jobs").into_iter();
        jobs.map(|it| it.job).collect()
    }

    async fn queued_events(&self) -> Vec<JobId> {
        let page = self
            .store
            .events(Some(self.account), EventCursor::START, 99);
        let events = page.await.expect("events").events.into_iter();
        let queued = events.filter(|it| it.event.name == EventName::Queued);
        queued.map(|it| it.event.job).collect()
    }

    pub(super) async fn is_stored(&self, job: JobId) -> bool {
        let found = self.store.jobs(self.account, &[job]).await;
        !found.expect("jobs").is_empty()
    }
}

/// What its job says of it.
pub(super) fn found(asset: &Asset) -> Asset {
    let mut facts = MediaFacts::default();
    facts.format.name = "mp4".into();
    Asset {
        state: AssetState::Ready {
            facts: Box::new(facts),
            sha256: Some("ab".repeat(32)),
        },
        cover: Some(object("cover.jpg")),
        ..asset.clone()
    }
}

pub async fn a_registered_file_is_an_asset_and_its_job_is_queued(home: &dyn Home) {
    let world = World::new(home).await;
    let mut hints = world.store.hints();
    hints.work.mark_unchanged();
    let mut assets = [world.new_asset("a.mp4"), world.new_asset("ä/b.mp4")];
    assets[1].details = AssetDetails {
        title: "Zwei\u{0}".into(),
        description: Some(String::new()),
        tags: vec!["a".into(), "ü".into()],
        category: Some(u64::MAX),
        cover_url: Some("https://example.com/a.jpg".into()),
        reference: Some("two".into()),
    };
    assets[1].cover = Some(object("b.jpg"));
    assets[1].origin = None;
    let outcome = world.register(&assets).await;
    assert_eq!(outcome, RegisterOutcome::Done(vec![RegisterAsset::Made; 2]));
    assert!(hints.work.has_changed().expect("the store is open"));
    for asset in &assets {
        assert_eq!(&world.asset(asset.id).await, asset);
        assert_eq!(world.job(asset.job).await.spec, world.job_of(asset).spec);
        assert_eq!(world.jobs_of(asset.id).await, [asset.job]);
    }
    let jobs = assets.map(|asset| asset.job);
    assert_eq!(world.queued_events().await, jobs);
    assert_eq!(world.load(world.pipeline).await, (2, 0));
    assert_eq!(world.claim_ids(9).await, jobs);
    let nothing = world.register(&[]).await;
    assert_eq!(nothing, RegisterOutcome::Done(vec![]));
}

pub async fn a_file_is_one_asset_of_its_account(home: &dyn Home) {
    let world = World::new(home).await;
    let first = world.registered("a.mp4").await;
    let (again, new) = (world.new_asset("a.mp4"), world.new_asset("b.mp4"));
    let twin = world.new_asset("b.mp4");
    let outcome = world
        .register(&[again.clone(), new.clone(), twin.clone()])
        .await;
    let expected = vec![
        RegisterAsset::Known(first.id),
        RegisterAsset::Made,
        RegisterAsset::Known(new.id),
    ];
    assert_eq!(outcome, RegisterOutcome::Done(expected));
    let ids = [first.id, again.id, new.id, twin.id];
    let found = world.assets(&ids).await;
    assert_eq!(found, [first, new]);
    assert!(!world.is_stored(again.job).await && !world.is_stored(twin.job).await);
    assert_eq!(world.load(world.pipeline).await, (2, 0));
    // Of another account it is another file.
    let other = world.add_tenant(2).await;
    let pipelines = world.store.list_pipelines(other, None, 0, 1).await;
    let pipeline = pipelines.expect("list_pipelines").pipelines[0].id;
    let theirs = Asset {
        account: other,
        ..world.new_asset("a.mp4")
    };
    let job = NewJob {
        account: other,
        pipeline,
        ..world.job_of(&theirs)
    };
    let outcome = world.store.register_assets(vec![(theirs, job)], None).await;
    let expected = RegisterOutcome::Done(vec![RegisterAsset::Made]);
    assert_eq!(outcome.expect("register_assets"), expected);
}

pub async fn a_missing_pipeline_registers_nothing(home: &dyn Home) {
    let world = World::new(home).await;
    let unknown = world.ids.pipeline(world.now());
    let assets = [world.new_asset("a.mp4"), world.new_asset("b.mp4")];
    let wishes = assets.iter().map(|it| (it.clone(), world.job_of(it)));
    let mut wishes: Vec<_> = wishes.collect();
    wishes[1].1.pipeline = unknown;
    let outcome = world
        .store
        .register_assets(wishes, Some(keyed(1, "")))
        .await;
    let expected = RegisterOutcome::PipelineMissing(unknown);
    assert_eq!(outcome.expect("register_assets"), expected);
    assert_eq!(world.assets(&assets.map(|it| it.id)).await, []);
    assert_eq!(world.load(world.pipeline).await, (0, 0));
    assert_eq!(made(&world, keyed(1, "")).await, None);
}

pub async fn a_reference_is_of_one_asset_of_its_account(home: &dyn Home) {
    let world = World::new(home).await;
    let with_reference = |key, reference: &str| {
        let mut asset = world.new_asset(key);
        asset.details.reference = Some(reference.to_owned());
        asset
    };
    let first = with_reference("a.mp4", "mine");
    world.register(std::slice::from_ref(&first)).await;
    let free = world.new_asset("b.mp4");
    let second = with_reference("c.mp4", "mine");
    let twins = ["d.mp4", "e.mp4"].map(|key| with_reference(key, "ours"));
    for (assets, reference) in [([&free, &second], "mine"), ([&twins[0], &twins[1]], "ours")] {
        let wishes = assets.map(|it| (it.clone(), world.job_of(it)));
        let refused = world
            .store
            .register_assets(wishes.to_vec(), Some(keyed(1, "")))
            .await;
        let expected = RegisterOutcome::ReferenceTaken(reference.to_owned());
        assert_eq!(refused.expect("register_assets"), expected);
        assert_eq!(world.assets(&assets.map(|it| it.id)).await, []);
    }
    assert_eq!(world.load(world.pipeline).await, (1, 0));
    assert_eq!(made(&world, keyed(1, "")).await, None);
    // Registered again it is known, whatever its reference is said to be.
    for reference in ["mine", "new"] {
        let again = with_reference("a.mp4", reference);
        let known = RegisterOutcome::Done(vec![RegisterAsset::Known(first.id)]);
        assert_eq!(world.register(&[again]).await, known);
    }
    let found = world
        .store
        .assets_referred(world.account, &["mine".into()])
        .await;
    assert_eq!(found.expect("assets_referred"), [first]);
}

pub async fn a_registration_counts_once(home: &dyn Home) {
    let world = World::new(home).await;
    let register = async |key: &str, call| {
        let asset = world.new_asset(key);
        let wish = vec![(asset.clone(), world.job_of(&asset))];
        (
            asset.id,
            world.store.register_assets(wish, Some(call)).await,
        )
    };
    let call = keyed(1, "a");
    let (id, outcome) = register("a.mp4", call).await;
    assert!(
        matches!(outcome, Ok(RegisterOutcome::Done(_))),
        "{outcome:?}"
    );
    let (_, again) = register("b.mp4", call).await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
    assert_eq!(world.load(world.pipeline).await, (1, 0));
    // Nothing is made of what is known, so the call is left for what is not.
    let (_, known) = register("a.mp4", keyed(2, "a")).await;
    let expected = RegisterOutcome::Done(vec![RegisterAsset::Known(id)]);
    assert_eq!(known.expect("register_assets"), expected);
    assert_eq!(made(&world, keyed(2, "")).await, None);
}

pub async fn of_many_that_register_a_file_at_once_one_makes_its_asset(home: &dyn Home) {
    let world = World::new(home).await;
    let nodes = [
        Arc::clone(&world.store),
        home.open_beside(&world.store).await,
    ];
    for round in 0..5 {
        let mut calls = JoinSet::new();
        for caller in 0..8 {
            let asset = world.new_asset(&format!("{round}.mp4"));
            let wish = vec![(asset.clone(), world.job_of(&asset))];
            let store = Arc::clone(&nodes[caller % 2]);
            calls.spawn(async move { (asset.id, store.register_assets(wish, None).await) });
        }
        let (mut makers, mut known) = (Vec::new(), Vec::new());
        for (id, outcome) in calls.join_all().await {
            match outcome.expect("register_assets") {
                RegisterOutcome::Done(outcome) => match outcome[..] {
                    [RegisterAsset::Made] => makers.push(id),
                    [RegisterAsset::Known(other)] => known.push(other),
                    _ => panic!("{outcome:?}"),
                },
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((makers.len(), known.len()), (1, 7));
        assert!(known.iter().all(|id| *id == makers[0]));
    }
    assert_eq!(world.load(world.pipeline).await, (5, 0));
}

pub async fn of_many_that_register_a_reference_at_once_one_gets_it(home: &dyn Home) {
    let world = World::new(home).await;
    let nodes = [
        Arc::clone(&world.store),
        home.open_beside(&world.store).await,
    ];
    for round in 0..5 {
        let mut calls = JoinSet::new();
        for caller in 0..8 {
            let mut asset = world.new_asset(&format!("{round}-{caller}.mp4"));
            asset.details.reference = Some(format!("film-{round}"));
            let wish = vec![(asset.clone(), world.job_of(&asset))];
            let store = Arc::clone(&nodes[caller % 2]);
            calls.spawn(async move { store.register_assets(wish, None).await });
        }
        let taken = RegisterOutcome::ReferenceTaken(format!("film-{round}"));
        let outcomes = calls.join_all().await.into_iter();
        let outcomes: Vec<_> = outcomes.map(|it| it.expect("register_assets")).collect();
        let count = |wanted: &RegisterOutcome| outcomes.iter().filter(|it| *it == wanted).count();
        let made = RegisterOutcome::Done(vec![RegisterAsset::Made]);
        assert_eq!((count(&made), count(&taken)), (1, 7), "{outcomes:?}");
    }
    assert_eq!(world.load(world.pipeline).await, (5, 0));
}

pub async fn what_a_job_brings_is_an_asset_and_its_jobs_are_queued(home: &dyn Home) {
    let world = World::new(home).await;
    let found = world.fetched("a.mp4").await;
    let job = found.job;
    let jobs = [world.follow_up(found.id), world.follow_up(found.id)];
    let mut hints = world.store.hints();
    hints.work.mark_unchanged();
    assert_eq!(world.arrive((job, 1), &found, &jobs).await, Fenced::Done);
    assert!(hints.work.has_changed().expect("the store is open"));
    assert_eq!(world.asset(found.id).await, found);
    assert_eq!(world.state(job).await, StateName::Publishing);
    assert_eq!(world.load(world.pipeline).await, (2, 1));
    let ids = jobs.each_ref().map(|job| job.id);
    let mut of_asset = world.jobs_of(found.id).await;
    of_asset.sort_unstable();
    assert_eq!(of_asset, ids);
    assert_eq!(world.queued_events().await, [job, ids[0], ids[1]]);
    // The answer may not have arrived.
    assert_eq!(world.arrive((job, 1), &found, &jobs).await, Fenced::Done);
    assert_eq!(world.load(world.pipeline).await, (2, 1));
    assert_eq!(world.queued_events().await.len(), 3);
    assert_eq!(world.finish(job, 1, Ending::Succeeded).await, Fenced::Done);
    assert_eq!(world.claim_ids(9).await, ids);
}

pub async fn a_registered_asset_becomes_what_was_found_and_keeps_its_details(home: &dyn Home) {
    let world = World::new(home).await;
    let asset = world.registered("a.mp4").await;
    world.bring_to_publishing(asset.job).await;
    world.clock.advance(Duration::from_secs(2));
    let title = |title: &str| AssetChange {
        title: Some(title.into()),
        ..AssetChange::default()
    };
    let change = async |change| {
        let changed = world
            .store
            .change_asset(world.account, asset.id, change, world.now(), None)
            .await;
        match changed.expect("change_asset") {
            ChangeAsset::Changed(asset) => *asset,
            other => panic!("{other:?}"),
        }
    };
    let changed = change(title("New")).await;
    let told = Asset {
        origin: None,
        modified_at: world.now().after(Duration::from_secs(1)),
        ..found(&asset)
    };
    assert_eq!(world.arrive((asset.job, 1), &told, &[]).await, Fenced::Done);
    let expected = Asset {
        state: told.state.clone(),
        cover: told.cover.clone(),
        modified_at: told.modified_at,
        ..changed
    };
    assert_eq!(world.asset(asset.id).await, expected);
    // Told once more, it says nothing new.
    world.clock.advance(Duration::from_secs(2));
    let changed = change(title("Newer")).await;
    assert_eq!(world.arrive((asset.job, 1), &told, &[]).await, Fenced::Done);
    assert_eq!(world.asset(asset.id).await, changed);

    // Another job may look at it, and has no picture.
    let mut look = world.job_of(&asset);
    look.id = world.ids.job(world.now());
    world.submit(vec![look.clone()]).await;
    world.bring_to_publishing(look.id).await;
    let bare = Asset {
        job: look.id,
        cover: None,
        ..told.clone()
    };
    assert_eq!(world.arrive((look.id, 1), &bare, &[]).await, Fenced::Done);
    let seen = world.asset(asset.id).await;
    assert_eq!((seen.job, seen.cover), (look.id, told.cover));
}

pub async fn only_the_attempt_that_is_publishing_tells_of_an_asset(home: &dyn Home) {
    let world = World::new(home).await;
    let asset = world.registered("a.mp4").await;
    let (job, told) = (asset.job, found(&asset));
    let jobs = [world.follow_up(asset.id)];
    let unknown = world.ids.job(world.now());
    assert_eq!(world.arrive((unknown, 1), &told, &jobs).await, Fenced::Lost);
    assert_eq!(world.arrive((job, 1), &told, &jobs).await, Fenced::Lost);
    assert_eq!(world.claim_ids(1).await, [job]);
    assert_eq!(world.arrive((job, 1), &told, &jobs).await, Fenced::Lost);
    assert_eq!(world.publish(job, 1).await, Fenced::Done);
    for attempt in [0, 2] {
        let stale = world.arrive((job, attempt), &told, &jobs).await;
        assert_eq!(stale, Fenced::Lost);
    }
    assert_eq!(world.finish(job, 1, Ending::Succeeded).await, Fenced::Done);
    assert_eq!(world.arrive((job, 1), &told, &jobs).await, Fenced::Lost);

    let other = world.registered("b.mp4").await;
    assert_eq!(world.claim_ids(1).await, [other.job]);
    world.cancel(other.job, CancelPolicy::Any).await;
    let late = world.arrive((other.job, 1), &found(&other), &jobs).await;
    assert_eq!(late, Fenced::Stopping);
    assert_eq!(world.asset(asset.id).await, asset);
    assert_eq!(world.asset(other.id).await, other);
    assert!(!world.is_stored(jobs[0].id).await);
}

pub async fn an_asset_that_was_deleted_stays_away(home: &dyn Home) {
    let world = World::new(home).await;
    let delete = async |id| {
        let deleted = world.store.delete_asset(world.account, id, None).await;
        assert!(deleted.expect("delete_asset"));
    };
    // Deleted before its job has told, and after.
    let registered = world.registered("a.mp4").await;
    world.bring_to_publishing(registered.job).await;
    delete(registered.id).await;
    let fetched = world.fetched("b.mp4").await;
    let arrived = world.arrive((fetched.job, 1), &fetched, &[]).await;
    assert_eq!(arrived, Fenced::Done);
    delete(fetched.id).await;
    for told in [found(&registered), fetched] {
        let jobs = [world.follow_up(told.id)];
        assert_eq!(
            world.arrive((told.job, 1), &told, &jobs).await,
            Fenced::Done
        );
        assert_eq!(world.assets(&[told.id]).await, []);
        assert!(!world.is_stored(jobs[0].id).await);
        let ended = world.finish(told.job, 1, Ending::Succeeded).await;
        assert_eq!(ended, Fenced::Done);
    }
}

/// Else it could never come to its end.
pub async fn what_stands_against_an_asset_does_not_hold_its_job_up(home: &dyn Home) {
    let world = World::new(home).await;
    let first = world.registered("a.mp4").await;
    world.bring_to_publishing(first.job).await;
    // Another has the file.
    let told = world.fetched("a.mp4").await;
    let follow_up = world.follow_up(told.id);
    let jobs = std::slice::from_ref(&follow_up);
    assert_eq!(world.arrive((told.job, 1), &told, jobs).await, Fenced::Done);
    assert_eq!(world.assets(&[told.id]).await, []);
    let known = world.asset(first.id).await;
    assert_eq!((&known.state, known.job), (&told.state, told.job));
    assert_eq!(known.details, first.details);
    assert!(world.jobs_of(first.id).await.contains(&follow_up.id));
    assert_eq!(world.jobs_of(told.id).await, []);
    assert_eq!(world.claim_ids(1).await, [follow_up.id]);
    // Another has the reference.
    let reference = |reference: Option<&str>| AssetChange {
        reference: Some(reference.map(str::to_owned)),
        ..AssetChange::default()
    };
    let taken = reference(Some("mine"));
    let changed = world
        .store
        .change_asset(world.account, first.id, taken, world.now(), None)
        .await;
    assert!(
        matches!(changed, Ok(ChangeAsset::Changed(_))),
        "{changed:?}"
    );
    let mut told = world.fetched("b.mp4").await;
    told.details.reference = Some("mine".into());
    assert_eq!(world.arrive((told.job, 1), &told, &[]).await, Fenced::Done);
    told.details.reference = None;
    assert_eq!(world.asset(told.id).await, told);
    // The pipeline of what follows is gone.
    let gone = world.add_pipeline("gone", None).await;
    let deleted = world.store.delete_pipeline(world.account, gone, None).await;
    assert_eq!(deleted.expect("delete_pipeline"), DeletePipeline::Deleted);
    let told = world.fetched("c.mp4").await;
    let mut jobs = [world.follow_up(told.id), world.follow_up(told.id)];
    jobs[1].pipeline = gone;
    assert_eq!(
        world.arrive((told.job, 1), &told, &jobs).await,
        Fenced::Done
    );
    assert_eq!(world.asset(told.id).await, told);
    assert!(!world.is_stored(jobs[0].id).await);
}

pub async fn assets_are_there_after_a_reopen(home: &dyn Home) {
    let world = World::new(home).await;
    let asset = world.registered("a.mp4").await;
    let account: AccountId = world.account;
    drop(world);
    let store = home.open().await;
    let found = store.assets(account, &[asset.id]).await;
    assert_eq!(found.expect("assets"), std::slice::from_ref(&asset));
    let jobs = store.asset_jobs(account, asset.id, 9).await;
    assert_eq!(jobs.expect("asset_jobs").len(), 1);
}

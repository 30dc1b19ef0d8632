//! A full disk: what would make it fuller is refused or waits, what relieves it works.

use std::time::Duration;

use reelgate_client::{
    CancelOutcome, Client, Error, JobState, NewPipeline, PipelineChange, PipelineState,
};
use reelgate_domain::ObjectRef;
use tokio::runtime::Runtime;

use crate::disk::{SmallDisk, run_where_disks_can_be_mounted};
use crate::home::{Home, PATIENCE, clip, small_clip};
use crate::order::{Form, Order};
use crate::outputs;
use crate::rows::{Rows, State};

/// The store's reserve, room for jobs and the floor fit in easily.
const DISK_MEGABYTES: u32 = 320;
const ARGUMENTS: [&str; 4] = [
    "--free-space-floor",
    "33554432",
    "--scratch-per-job",
    "16777216",
];

#[test]
fn on_a_full_disk_growth_is_refused_jobs_wait_and_cancels_and_pauses_work() {
    run_where_disks_can_be_mounted("full::inside");
}

/// Not a test of its own: what happens where the small disk is.
#[test]
#[ignore = "it is started by on_a_full_disk_growth_is_refused_jobs_wait_and_cancels_and_pauses_work"]
fn inside() {
    let Some(disk) = SmallDisk::mount(DISK_MEGABYTES) else {
        panic!("there is no small disk");
    };
    let mut home = Home::on(&disk.point, &ARGUMENTS);
    let folder = tempfile::tempdir().unwrap();
    home.put(&small_clip(folder.path()), "in.mp4");
    let runtime = Runtime::new().unwrap();
    let orders: Vec<_> = ["a", "b", "c", "d"].map(order).into();
    let client = home.client();
    let (held, ids) = runtime.block_on(async {
        let held = paused_pipeline(&client).await;
        let mut ids = Vec::new();
        for order in &orders {
            let mut request = order.request();
            request.pipeline = Some(held.clone());
            ids.push(client.submit(&request).await.unwrap().id);
        }
        (held, ids)
    });
    home.put(&clip(), "large.mp4");
    let slow = Order::new("slow".to_owned(), "media", "large.mp4", &[(Form::Slow, 5)]);
    let slow_id = home.encoding(&runtime, &slow);

    disk.fill();
    runtime.block_on(async {
        // What runs cannot go on; it waits for its next attempt as others do for their first.
        await_waiting(&client, &slow_id, 1, "scratch_space").await;
        check_refusals(&client).await;
        cancelled(&client, &ids[0]).await;
        switch(&client, "default", PipelineState::Paused).await;
    });
    // What the service gives up for such calls, others may take.
    disk.fill();
    runtime.block_on(cancelled(&client, &ids[1]));

    home.kill();
    let rows = Rows::read(&home.data);
    for (id, state) in ids.iter().zip([
        State::Cancelled,
        State::Cancelled,
        State::Queued,
        State::Queued,
    ]) {
        assert_eq!(rows.jobs[id].state, state, "{:?}", rows.jobs[id]);
    }
    home.start();
    let client = home.client();
    runtime.block_on(async {
        assert_eq!(
            client.pipeline("default").await.unwrap().state,
            PipelineState::Paused
        );
        cancelled(&client, &ids[2]).await;
        switch(&client, &held, PipelineState::Active).await;
        await_waiting(&client, &ids[3], 0, "scratch_space").await;
        check_refusals(&client).await;
    });

    disk.empty();
    runtime.block_on(async {
        let job = client.job_ended(&ids[3], PATIENCE).await.unwrap();
        assert_eq!(
            (job.state, job.attempt),
            (JobState::Succeeded, 1),
            "{job:?}"
        );
        outputs::check_all(&home.bucket(), &orders[3]);
        switch(&client, "default", PipelineState::Active).await;
        upload(&client, 1000).await.unwrap();
        let order = order("e");
        let job = client.submit(&order.request()).await.unwrap();
        let job = client.job_ended(&job.id, PATIENCE).await.unwrap();
        assert_eq!(job.state, JobState::Succeeded, "{job:?}");
        outputs::check_all(&home.bucket(), &order);
    });
    home.await_encoder(&slow, &slow_id);
    runtime.block_on(async {
        let job = client.job(&slow_id).await.unwrap();
        assert_eq!((job.state, job.attempt), (JobState::Running, 2), "{job:?}");
        client.cancel(&slow_id, false).await.unwrap();
        let job = client.job_ended(&slow_id, PATIENCE).await.unwrap();
        assert_eq!(job.state, JobState::Cancelled);
    });
    home.await_tidiness();
}

fn order(tag: &str) -> Order {
    Order::new(tag.to_owned(), "media", "in.mp4", &[(Form::Mp4, 1)])
}

async fn paused_pipeline(client: &Client) -> String {
    let wanted = NewPipeline {
        name: "held".to_owned(),
        concurrency: None,
    };
    let id = client.create_pipeline(&wanted).await.unwrap().id;
    switch(client, &id, PipelineState::Paused).await;
    id
}

async fn switch(client: &Client, pipeline: &str, state: PipelineState) {
    let change = PipelineChange {
        state: Some(state),
        ..PipelineChange::default()
    };
    let changed = client.change_pipeline(pipeline, &change).await.unwrap();
    assert_eq!(changed.state, state);
}

async fn cancelled(client: &Client, id: &str) {
    let decision = client.cancel(id, false).await.unwrap();
    assert_eq!(decision.outcome, CancelOutcome::Cancelled);
    assert_eq!(client.job(id).await.unwrap().state, JobState::Cancelled);
}

/// Everything that would need more space says why it is refused, and leaves nothing.
async fn check_refusals(client: &Client) {
    let bucket = "media".parse().unwrap();
    let objects = client.objects(&bucket, &Default::default()).await.unwrap();
    let refusals = [
        client.submit(&order("refused").request()).await.map(drop),
        upload(client, 1000).await,
        upload(client, 10 << 20).await,
    ];
    for refused in refusals {
        let error = refused.unwrap_err();
        let problem = error.problem().unwrap_or_else(|| panic!("{error:?}"));
        assert_eq!(
            (problem.status, &*problem.code),
            (507, "storage_full"),
            "{problem}"
        );
    }
    let jobs = client.jobs(&Default::default()).await.unwrap().jobs;
    assert!(
        jobs.iter()
            .all(|job| job.user_data.as_deref() != Some("refused"))
    );
    let now = client.objects(&bucket, &Default::default()).await.unwrap();
    assert_eq!(now, objects);
}

async fn upload(client: &Client, bytes: usize) -> Result<(), Error> {
    let object = ObjectRef {
        bucket: "media".parse().unwrap(),
        key: "upload".parse().unwrap(),
    };
    let chunks = vec![0; bytes];
    let chunks: Vec<_> = chunks
        .chunks(64 << 10)
        .map(|chunk| Ok::<_, std::io::Error>(bytes::Bytes::copy_from_slice(chunk)))
        .collect();
    let chunks = futures_util::stream::iter(chunks);
    let stored = client.upload_stream(&object, bytes as u64, chunks, |_| {});
    stored.await.map(drop)
}

/// Waits until a job is queued after so many attempts and says this of why it does not start.
async fn await_waiting(client: &Client, id: &str, attempts: u32, reason: &str) {
    let asking = async {
        loop {
            let job = client.job(id).await.unwrap();
            assert!(job.attempt <= attempts, "{job:?}");
            assert!(!job.state.is_final(), "{job:?}");
            let waiting = job.waiting.map(|waiting| waiting.reason);
            if job.state == JobState::Queued && waiting.as_deref() == Some(reason) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let asked = tokio::time::timeout(PATIENCE, asking).await;
    asked.unwrap_or_else(|_| panic!("{id} does not say that it waits for {reason}"));
}

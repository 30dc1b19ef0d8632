//! What is stored: once, whole, and by nobody who was told to stop.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use reelgate_domain::dna::DnaModel;
use reelgate_domain::job::kind::fingerprint::{DnaMedia, SaveMode};
use reelgate_domain::job::{CancelPolicy, FaultCode, Selector, StateName, StopMode};
use reelgate_store::Store;
use tokio::sync::Barrier;

use super::{BBB, Wish, keys_of};
use crate::faulty::Faulty;
use crate::gate::engine_works;
use crate::house::House;

fn wish<'a>(library: reelgate_domain::dna::LibraryId, key: &'a str, save: SaveMode) -> Wish<'a> {
    Wish {
        library,
        input: "in.mp4",
        key,
        save,
        media: DnaMedia::Video,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_jobs_with_the_same_new_content_one_finds_the_other() {
    let house = House::new().await;
    house.put_clip(BBB, "in.mp4").await;
    let library = house.library(DnaModel::Video).await;
    let faulty = Faulty::over(Arc::clone(&house.store));
    // Both have searched the empty library before either is written.
    *faulty.meeting.lock().unwrap() = Some(Arc::new(Barrier::new(2)));
    let worker = house.worker_on(Arc::clone(&faulty) as Arc<dyn Store>, 2, |_| {});
    let first = house
        .submit_print(wish(library, "first", SaveMode::IfNew))
        .await;
    let second = house
        .submit_print(wish(library, "second", SaveMode::IfNew))
        .await;
    let (first, second) = (house.ended(first.id).await, house.ended(second.id).await);
    assert_eq!(faulty.outrun.load(Ordering::SeqCst), 1);
    let (first, second) = (house.found(&first), house.found(&second));
    let kept = house.keys(library).await;
    let [kept] = &kept[..] else {
        panic!("{kept:?}");
    };
    // The one that came too late looked again, and tells what it found then.
    let mut told = [keys_of(&first), keys_of(&second)];
    told.sort();
    assert_eq!(told, [vec![], vec![kept.as_str()]]);
    worker.shut_down().await;
    assert_eq!(
        house.files(),
        ["found/first.json", "found/second.json", "in.mp4"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_jobs_that_store_in_any_case_both_do_and_a_lost_answer_stores_nothing_twice() {
    let house = House::new().await;
    house.put_clip(BBB, "in.mp4").await;
    let library = house.library(DnaModel::Video).await;
    let faulty = Faulty::over(Arc::clone(&house.store));
    faulty.lost_publish_answers.store(1, Ordering::SeqCst);
    let worker = house.worker_on(Arc::clone(&faulty) as Arc<dyn Store>, 1, |_| {});
    let first = house.print(wish(library, "first", SaveMode::Always)).await;
    assert_eq!(keys_of(&house.found(&first)), [] as [&str; 0]);
    let second = house.print(wish(library, "second", SaveMode::Always)).await;
    assert_eq!(keys_of(&house.found(&second)), ["first"]);
    assert_eq!(house.keys(library).await, ["first", "second"]);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_use_and_a_library_that_is_gone_fail_the_job() {
    let house = House::new().await;
    house.put_clip(BBB, "in.mp4").await;
    let library = house.library(DnaModel::Video).await;
    let faulty = Faulty::over(Arc::clone(&house.store));
    let worker = house.worker_on(Arc::clone(&faulty) as Arc<dyn Store>, 2, |_| {});
    house.print(wish(library, "film", SaveMode::Only)).await;
    let job = house.print(wish(library, "film", SaveMode::Always)).await;
    assert_eq!(job.fault().unwrap().code, FaultCode::KeyTaken);
    // What only searches takes no key.
    let job = house.print(wish(library, "film", SaveMode::Never)).await;
    assert_eq!(keys_of(&house.found(&job)), ["film"]);
    // Both saw that the key was free; only one of them gets it.
    *faulty.meeting.lock().unwrap() = Some(Arc::new(Barrier::new(2)));
    let one = house
        .submit_print(wish(library, "twice", SaveMode::Only))
        .await;
    let other = house
        .submit_print(wish(library, "twice", SaveMode::Only))
        .await;
    let ends = [house.ended(one.id).await, house.ended(other.id).await];
    let failed: Vec<_> = ends.iter().filter_map(|job| job.fault()).collect();
    assert_eq!(failed.len(), 1, "{ends:?}");
    assert_eq!(failed[0].code, FaultCode::KeyTaken);
    assert_eq!(house.keys(library).await, ["film", "twice"]);
    // The library goes while the job waits.
    house.pause(house.pipeline()).await;
    let job = house
        .submit_print(wish(library, "late", SaveMode::IfNew))
        .await;
    house
        .service
        .delete_library(&house.caller, library)
        .await
        .unwrap();
    house.resume(house.pipeline()).await;
    let job = house.ended(job.id).await;
    assert_eq!(job.fault().unwrap().code, FaultCode::LibraryGone);
    worker.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_or_lost_on_the_way_stores_nothing() {
    let house = House::gated().await;
    house.put_clip(BBB, "in.mp4").await;
    let library = house.library(DnaModel::Video).await;
    let worker = house.worker(1);
    let job = house
        .submit_print(wish(library, "film", SaveMode::Always))
        .await;
    engine_works(&house).await;
    let cancelled = house.service.cancel(
        &house.caller,
        Selector::ids(vec![job.id]),
        CancelPolicy::Any,
        StopMode::Now,
    );
    cancelled.await.unwrap();
    let job = house.ended(job.id).await;
    assert_eq!(job.lifecycle.state.name(), StateName::Cancelled);
    assert_eq!(house.keys(library).await, [] as [&str; 0]);
    worker.shut_down().await;
    assert_eq!(house.files(), ["in.mp4"]);
    assert!(crate::gate::engines(&house).is_empty());
}

//! A job that the service never survives.

use reelgate_client::JobState;
use tokio::runtime::Runtime;

use crate::home::{Home, PATIENCE, clip};
use crate::order::{Form, Order};
use crate::outputs;
use crate::rows::{Rows, State};

/// The domain's limit of attempts that may be lost.
const MOST_LOSSES: u32 = 3;

#[test]
fn a_job_whose_third_attempt_is_lost_fails_and_others_go_on() {
    let runtime = Runtime::new().unwrap();
    let mut home = Home::new(&[]);
    home.put(&clip(), "in.mp4");
    let slow = Order::new("slow".to_owned(), "media", "in.mp4", &[(Form::Slow, 5)]);
    let id = home.encoding(&runtime, &slow);
    for losses in 1..=MOST_LOSSES {
        home.kill();
        let row = Rows::read(&home.data).jobs[&id].clone();
        let counted = (row.state, row.attempt, row.losses);
        assert_eq!(counted, (State::Running, losses, losses - 1));
        home.start();
        if losses < MOST_LOSSES {
            home.await_encoder(&slow, &id);
        }
    }
    let client = home.client();
    let job = runtime.block_on(client.job_ended(&id, PATIENCE)).unwrap();
    assert_eq!((job.state, job.attempt), (JobState::Failed, MOST_LOSSES));
    assert_eq!(job.fault.unwrap().code, "worker_lost");
    assert!(outputs::visible(&home.bucket(), &slow).is_empty());
    home.await_tidiness();

    let quick = Order::new("quick".to_owned(), "media", "in.mp4", &[(Form::Mp4, 1)]);
    let job = runtime.block_on(client.submit(&quick.request())).unwrap();
    let job = runtime.block_on(client.job_ended(&job.id, PATIENCE));
    assert_eq!(job.unwrap().state, JobState::Succeeded);
    outputs::check_all(&home.bucket(), &quick);
}

//! SIGTERM and SIGINT while jobs run.

use std::time::{Duration, Instant};

use reelgate_client::JobState;
use rustix::process::Signal;
use tokio::runtime::Runtime;

use crate::home::{GONE_WITHIN, Home, PATIENCE, clip};
use crate::order::{Form, Order};
use crate::outputs;
use crate::rows::{Row, Rows, State};

/// A service with one running job.
struct Busy {
    runtime: Runtime,
    home: Home,
    order: Order,
    id: String,
}

impl Busy {
    fn new(form: Form, arguments: &[&'static str]) -> Self {
        let runtime = Runtime::new().unwrap();
        let home = Home::new(arguments);
        home.put(&clip(), "in.mp4");
        let order = Order::new("job".to_owned(), "media", "in.mp4", &[(form, 5)]);
        let id = home.encoding(&runtime, &order);
        Self {
            runtime,
            home,
            order,
            id,
        }
    }

    fn signal(&mut self, signal: Signal) {
        self.home.server().signal(signal);
    }

    /// Waits until the first signal was taken: the ready file goes. Two that come sooner count as one.
    fn await_stopping(&self) {
        let begun = Instant::now();
        while self.home.is_said_to_be_ready() {
            assert!(begun.elapsed() < PATIENCE, "the ready file stays");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits for the service to end well, and returns what the store says of the job.
    fn ended_well(&mut self) -> Row {
        let status = self.home.ended(PATIENCE);
        assert_eq!(status.code(), Some(0), "{status}");
        assert_eq!(self.home.engines(), []);
        assert!(
            self.home.leftovers().is_empty(),
            "{:?}",
            self.home.leftovers()
        );
        Rows::read(&self.home.data).jobs[&self.id].clone()
    }

    /// Starts the service again and waits until the job's next attempt runs; then it has seen enough.
    fn runs_again(mut self, losses: u32) {
        self.home.start();
        self.home.await_encoder(&self.order, &self.id);
        let client = self.home.client();
        self.runtime.block_on(async {
            assert_eq!(client.job(&self.id).await.unwrap().attempt, 2);
            client.cancel(&self.id, false).await.unwrap();
            let job = client.job_ended(&self.id, PATIENCE).await.unwrap();
            assert_eq!(job.state, JobState::Cancelled);
        });
        self.signal(Signal::TERM);
        let row = self.ended_well();
        let counted = (row.state, row.attempt, row.losses);
        assert_eq!(counted, (State::Cancelled, 2, losses));
        assert!(outputs::visible(&self.home.bucket(), &self.order).is_empty());
    }
}

#[test]
fn a_job_that_outlasts_the_grace_time_is_handed_back_and_costs_no_loss() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut busy = Busy::new(Form::Slow, &["--shutdown-grace", "1"]);
        let told = Instant::now();
        busy.signal(signal);
        let row = busy.ended_well();
        let took = told.elapsed();
        assert!(
            took >= Duration::from_secs(1),
            "{took:?}: no grace was given"
        );
        let counted = (row.state, row.attempt, row.losses);
        assert_eq!(counted, (State::Queued, 1, 0));
        assert!(outputs::visible(&busy.home.bucket(), &busy.order).is_empty());
        busy.runs_again(0);
    }
}

#[test]
fn a_job_that_ends_within_the_grace_time_is_finished() {
    let mut busy = Busy::new(Form::Ts, &["--shutdown-grace", "50"]);
    busy.signal(Signal::TERM);
    let row = busy.ended_well();
    assert_eq!((row.state, row.attempt), (State::Succeeded, 1));
    outputs::check_all(&busy.home.bucket(), &busy.order);
}

#[test]
fn a_second_signal_ends_the_service_at_once_and_leaves_no_process() {
    for second in [Signal::TERM, Signal::INT] {
        let mut busy = Busy::new(Form::Slow, &["--shutdown-grace", "50"]);
        busy.signal(Signal::TERM);
        busy.await_stopping();
        let told = Instant::now();
        busy.signal(second);
        let status = busy.home.ended(PATIENCE);
        let took = told.elapsed();
        assert!(took < GONE_WITHIN, "{took:?}");
        assert!(
            !status.success(),
            "it left its work undone and says {status}"
        );
        while !busy.home.engines().is_empty() {
            let living = busy.home.engines();
            assert!(told.elapsed() < 2 * GONE_WITHIN, "{living:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
        let row = &Rows::read(&busy.home.data).jobs[&busy.id];
        let losses = match row.state {
            State::Queued => 0,
            State::Running => 1,
            other => panic!("{other:?}"),
        };
        busy.runs_again(losses);
    }
}

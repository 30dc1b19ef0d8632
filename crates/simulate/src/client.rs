//! Those who call: they know what they were told and nothing else.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reelgate_domain::access::Once;
use reelgate_domain::job::kind::transcode::{OutputSpec, Settings, TranscodeSpec};
use reelgate_domain::job::{CancelPolicy, JobSpec, Priority, StopMode};
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{JobId, ObjectKey, ObjectRef, PipelineId, PipelineState};
use reelgate_service::{
    Caller, CancelDecision, ErrorKind, RetryDecision, Service, ServiceError, Submission, SubmitJob,
};
use reelgate_testkit::{FixedClock, object};
use tokio::time::sleep;

use crate::bench::MISSING_INPUT;
use crate::node::Node;
use crate::record::{Asked, Call, Told};
use crate::world::{World, lock};

/// What all clients know.
pub(crate) struct Town {
    pub(crate) world: Arc<World>,
    pub(crate) nodes: Vec<Arc<Node>>,
    pub(crate) caller: Caller,
    pub(crate) pipelines: Vec<PipelineId>,
    pub(crate) settings: Settings,
    /// Jobs that somebody was told of.
    pub(crate) known: Mutex<Vec<JobId>>,
}

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(4);

impl Town {
    /// One client's calls, as long as things go wrong.
    pub(crate) async fn call_now_and_then(self: Arc<Self>, client: u64) {
        let plan = &self.world.plan;
        for number in 0..plan.calls {
            let pause = self.world.dice(|dice| dice.below(plan.think_ms));
            sleep(Duration::from_millis(pause)).await;
            if !self.world.is_turmoil() {
                return;
            }
            let asked = self.idea(client, number);
            let mut told = self.call(asked.clone()).await;
            // Whoever has heard nothing sends a signed call again, as it was.
            while matches!(asked, Asked::Submit { call: Some(_), .. })
                && !matches!(told, Some(Told::Jobs(_) | Told::Replayed))
                && self.world.is_turmoil()
            {
                sleep(Duration::from_millis(200)).await;
                told = self.call(asked.clone()).await;
            }
            if let Some(Told::Jobs(jobs)) = told
                && self.world.misfortune(plan.regrets)
            {
                self.regret(jobs).await;
            }
        }
    }

    /// Cancels what may be about to start.
    async fn regret(self: &Arc<Self>, jobs: Vec<JobId>) {
        for job in jobs {
            let pause = self.world.dice(|dice| dice.pick(&[0, 0, 50, 300]));
            sleep(Duration::from_millis(pause)).await;
            let policy = CancelPolicy::QueuedOnly;
            let mode = StopMode::Graceful;
            self.call(Asked::Cancel { job, policy, mode }).await;
        }
    }

    /// What to ask for next.
    fn idea(&self, client: u64, number: u64) -> Asked {
        let known = lock(&self.known).clone();
        self.world.dice(|dice| {
            let pipeline = dice.pick(&self.pipelines);
            // Of late ones mostly: others have ended long ago.
            let late = known.len().saturating_sub(6);
            let job = (!known.is_empty()).then(|| match dice.below(4) {
                0 => dice.pick(&known),
                _ => dice.pick(&known[late..]),
            });
            match (dice.below(100), job) {
                (35..60, Some(job)) => Asked::Cancel {
                    job,
                    policy: dice.pick(&[
                        CancelPolicy::QueuedOnly,
                        CancelPolicy::RunningOnly,
                        CancelPolicy::Any,
                    ]),
                    mode: dice.pick(&[StopMode::Graceful, StopMode::Now]),
                },
                (60..70, Some(job)) => Asked::Look { job },
                (70..76, Some(job)) => Asked::Retry { job },
                (76..86, _) => Asked::Pause { pipeline },
                (86..96, _) => Asked::Resume { pipeline },
                (96.., _) => Asked::Limit {
                    pipeline,
                    limit: dice.pick(&[None, Some(1), Some(2)]),
                },
                _ => Asked::Submit {
                    tag: format!("c{client}-{number}"),
                    jobs: dice.pick(&[1, 1, 2, 4]),
                    // Half of them are signed, and can be sent again.
                    call: dice.chance(500).then_some((client, number)),
                },
            }
        })
    }

    /// Asks some node, and notes the answer if it comes in time.
    pub(crate) async fn call(self: &Arc<Self>, asked: Asked) -> Option<Told> {
        let choice = self.world.dice(|dice| dice.below(self.nodes.len() as u64)) as usize;
        let service = self.nodes[choice].service()?;
        let number = {
            let mut record = self.world.record();
            let began = record.step;
            record.calls.push(Call {
                asked: asked.clone(),
                began,
                answered: 0,
                ended: None,
            });
            record.calls.len() - 1
        };
        self.world
            .note(|| format!("call {number} to n{choice}: {asked:?}"));
        let town = Arc::clone(self);
        // The call goes on when its client has gone away.
        let answer = tokio::spawn(async move { town.ask(&service, asked).await });
        let told = match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(told)) => told,
            Ok(Err(panic)) => {
                let mut record = self.world.record();
                record.break_promise("nothing panics", format!("call {number}: {panic}"));
                return None;
            }
            Err(_) => {
                self.world.note(|| format!("call {number} has no answer"));
                return None;
            }
        };
        self.world
            .note(|| format!("call {number} is answered {told:?}"));
        if let Told::Jobs(jobs) = &told {
            lock(&self.known).extend(jobs);
        }
        let mut record = self.world.record();
        let step = record.step;
        record.calls[number].answered = record.moment();
        record.calls[number].ended = Some((step, told.clone()));
        Some(told)
    }

    async fn ask(&self, service: &Service, asked: Asked) -> Told {
        match self.try_ask(service, asked).await {
            Ok(told) => told,
            Err(error) if error.kind == ErrorKind::Replayed => Told::Replayed,
            Err(error) => Told::Failed(format!("{:?}: {}", error.kind, error.message)),
        }
    }

    async fn try_ask(&self, service: &Service, asked: Asked) -> Result<Told, ServiceError> {
        let caller = &self.caller;
        Ok(match asked {
            Asked::Submit { tag, jobs, call } => {
                let submission = self.submission(&tag, jobs);
                let caller = match call {
                    Some(call) => caller.clone().once(self.once(call)),
                    None => caller.clone(),
                };
                let jobs = service.submit(&caller, submission).await?;
                Told::Jobs(jobs.iter().map(|job| job.id).collect())
            }
            Asked::Cancel { job, policy, mode } => {
                let patience = self.world.dice(|dice| dice.pick(&[0, 0, 500, 3000]));
                let patience = Duration::from_millis(patience);
                match service
                    .cancel_job(caller, job, policy, mode, patience)
                    .await?
                {
                    CancelDecision::Cancelled { from, .. } => Told::Cancelled { from },
                    CancelDecision::Stopping { from } => Told::Stopping { from },
                    CancelDecision::Refused { state, started } => Told::Refused { state, started },
                }
            }
            Asked::Look { job } => {
                let job = service.job(caller, job).await?;
                Told::State {
                    state: job.lifecycle.state.name(),
                    attempt: job.lifecycle.attempt,
                }
            }
            Asked::Retry { job } => match service.retry(caller, job).await? {
                RetryDecision::Queued(_) => Told::Queued,
                RetryDecision::Refused(state) => Told::Refused {
                    state,
                    started: true,
                },
                RetryDecision::PipelineDeleted(_) => Told::Failed("no pipeline".to_owned()),
            },
            Asked::Pause { pipeline } => {
                let change = state(PipelineState::Paused);
                service.change_pipeline(caller, pipeline, change).await?;
                Told::Changed
            }
            Asked::Resume { pipeline } => {
                let change = state(PipelineState::Active);
                service.change_pipeline(caller, pipeline, change).await?;
                Told::Changed
            }
            Asked::Limit { pipeline, limit } => {
                let change = PipelineChange {
                    concurrency: Some(limit),
                    ..PipelineChange::default()
                };
                service.change_pipeline(caller, pipeline, change).await?;
                Told::Changed
            }
        })
    }

    /// What is the same whenever this call is sent.
    fn once(&self, (client, number): (u64, u64)) -> Once {
        // Either half tells calls apart.
        let half = (client << 32 | number).to_be_bytes();
        let mut hash = [0; 16];
        hash[..8].copy_from_slice(&half);
        hash[8..].copy_from_slice(&half);
        let until = FixedClock::START.after(Once::KEPT);
        Once {
            hash,
            until,
            note: None,
        }
    }

    fn submission(&self, tag: &str, jobs: usize) -> Submission {
        let (pipeline, priority, input) = self.world.dice(|dice| {
            let pipeline = dice.pick(&self.pipelines);
            let priority = dice.within(1, 10) as u8;
            let input = match dice.below(20) {
                0 => MISSING_INPUT,
                1..10 => "one.mp4",
                _ => "other.mp4",
            };
            (pipeline, priority, input)
        });
        let job = |number| {
            let key = format!("{tag}-{number}.mp4");
            let target = ObjectRef {
                bucket: object("x").bucket,
                key: ObjectKey::new(&key).expect("it is a good key"),
            };
            let outputs = vec![OutputSpec::new(target, self.settings.clone())];
            SubmitJob {
                spec: JobSpec::Transcode(TranscodeSpec {
                    input: object(input),
                    pictures: Vec::new(),
                    outputs,
                }),
                priority: Priority::new(priority).expect("it is 1 to 10"),
                origin: None,
                user_data: Some(tag.to_owned()),
            }
        };
        Submission {
            pipeline: Some(pipeline),
            jobs: (0..jobs).map(job).collect(),
        }
    }
}

fn state(state: PipelineState) -> PipelineChange {
    PipelineChange {
        state: Some(state),
        ..PipelineChange::default()
    }
}

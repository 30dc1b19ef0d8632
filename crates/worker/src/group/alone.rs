//! Jobs of kinds that share nothing with others.

use std::sync::Arc;

use reelgate_domain::job::{Job, JobSpec};

use super::Group;
use crate::ends::first_ended;
use crate::run::Alone;

impl Group {
    /// Runs a job of a kind that shares nothing: it is alone in its group.
    pub(super) async fn make_alone(&mut self) {
        let Some(member) = self.members.first() else {
            return;
        };
        let (job, tally) = (member.job.clone(), Arc::clone(&member.tally));
        let mut printed = None;
        let made = {
            let on_progress = move |result: usize, percent: u8| tally.set(result, percent);
            let making = async {
                let tell = &on_progress;
                match &job.spec {
                    JobSpec::Ingest(spec) => self.alone(&job, spec, 0, tell).make().await,
                    JobSpec::Snapshot(spec) => self.alone(&job, spec, 0, tell).make().await,
                    JobSpec::MediaInfo(spec) => self.alone(&job, spec, 0, tell).make().await,
                    JobSpec::Remux(spec) => self.alone(&job, spec, 1, tell).make().await,
                    JobSpec::Fingerprint(spec) => {
                        let print = self.alone(&job, spec, 0, tell);
                        let (made, print) = print.make(&self.copies).await?;
                        printed = Some(print);
                        Ok(vec![made])
                    }
                    JobSpec::Transcode(_) => {
                        unreachable!("transcodes are made together with their siblings")
                    }
                }
            };
            tokio::select! {
                biased;
                made = making => Some(made),
                _ = first_ended(&self.members) => None,
            }
        };
        self.clear_holdups();
        match made {
            Some(Ok(made)) => {
                if let (Some(printed), Some(member)) = (printed, self.members.first_mut()) {
                    member.will_print(printed);
                }
                for (result, made) in made.into_iter().enumerate() {
                    self.record(job.id, result, made);
                }
                self.conclude_complete();
            }
            Some(Err(fault)) => self.fail_all(&fault),
            // What ran was ended when its future was dropped.
            None => self.end_all_told(true),
        }
    }
    /// `copies` is how many times what the input has is written as well.
    fn alone<'a, S>(
        &'a self,
        job: &'a Job,
        spec: &'a S,
        copies: u64,
        on_progress: &'a (dyn Fn(usize, u8) + Send + Sync),
    ) -> Alone<'a, S> {
        Alone {
            tools: &self.tools,
            opening: self.opening(copies),
            job,
            spec,
            scratch: &self.scratch,
            limits: self.limits(),
            on_progress,
        }
    }
}

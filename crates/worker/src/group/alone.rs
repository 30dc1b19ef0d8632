//! Jobs of kinds that share nothing with others.

use std::sync::Arc;

use reelgate_domain::job::JobSpec;

use super::Group;
use crate::ends::first_ended;
use crate::run::{Ingest, MediaInfo, Print, Remux, Snapshot};

impl Group {
    /// Runs a job of a kind that shares nothing: it is alone in its group.
    pub(super) async fn make_alone(&mut self) {
        let Some(member) = self.members.first() else {
            return;
        };
        let (job, tally) = (member.job.clone(), Arc::clone(&member.tally));
        let capacity = self.capacity();
        let mut printed = None;
        let made = {
            let on_progress = move |result: usize, percent: u8| tally.set(result, percent);
            let making = async {
                match &job.spec {
                    JobSpec::Ingest(spec) => {
                        let ingest = Ingest {
                            tools: &self.tools,
                            config: &self.config,
                            budget: &self.budget,
                            capacity,
                            job: &job,
                            spec,
                            scratch: &self.scratch,
                            limits: self.limits(),
                            on_progress: &on_progress,
                        };
                        ingest.make().await
                    }
                    JobSpec::Snapshot(spec) => {
                        let snapshot = Snapshot {
                            tools: &self.tools,
                            opening: self.opening(0),
                            job: &job,
                            spec,
                            scratch: &self.scratch,
                            limits: self.limits(),
                            on_progress: &on_progress,
                        };
                        snapshot.make().await
                    }
                    JobSpec::MediaInfo(spec) => {
                        let info = MediaInfo {
                            tools: &self.tools,
                            opening: self.opening(0),
                            job: &job,
                            spec,
                            scratch: &self.scratch,
                            limits: self.limits(),
                            on_progress: &on_progress,
                        };
                        info.make().await
                    }
                    JobSpec::Remux(spec) => {
                        let remux = Remux {
                            tools: &self.tools,
                            opening: self.opening(1),
                            job: &job,
                            spec,
                            scratch: &self.scratch,
                            limits: self.limits(),
                            on_progress: &on_progress,
                        };
                        remux.make().await
                    }
                    JobSpec::Fingerprint(spec) => {
                        let print = Print {
                            tools: &self.tools,
                            copies: &self.copies,
                            opening: self.opening(0),
                            job: &job,
                            spec,
                            scratch: &self.scratch,
                            limits: self.limits(),
                            on_progress: &on_progress,
                        };
                        let (made, print) = print.make().await?;
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
}

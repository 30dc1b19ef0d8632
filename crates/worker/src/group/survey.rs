//! What the outputs of a group have to know of their source before they are planned.

use std::collections::HashMap;
use std::sync::Arc;

use reelgate_domain::JobId;
use reelgate_domain::job::Fault;
use reelgate_domain::job::kind::transcode::OutputSpec;
use reelgate_media::{Findings, survey_plans};

use super::Group;
use crate::ends::first_ended;
use crate::run::Source;

/// By job and place of the output.
pub(super) type Found = HashMap<(JobId, usize), Result<Findings, Fault>>;

impl Group {
    /// Looks at the source once for all that are left. Those that are told to end meanwhile report that at once.
    pub(super) async fn survey(&mut self, source: &Source) -> Found {
        loop {
            let (places, specs): (Vec<_>, Vec<_>) = self.wanted().into_iter().unzip();
            let specs: Vec<&OutputSpec> = specs.iter().collect();
            if survey_plans(&specs, &source.facts).is_empty() {
                return Found::new();
            }
            let (bench, limits) = (Arc::clone(&self.tools.bench), self.limits());
            let dir = self.scratch.join("survey");
            let ended = tokio::select! {
                biased;
                found = bench.survey(&specs, source, &dir, &limits) => {
                    return places.into_iter().zip(found).collect();
                }
                ended = first_ended(&self.members) => ended,
            };
            self.end_one(ended);
        }
    }

    fn wanted(&self) -> Vec<((JobId, usize), OutputSpec)> {
        let mut wanted = Vec::new();
        for member in &self.members {
            let outputs = member.job.spec.transcode().map(|spec| &spec.outputs);
            let outputs = outputs.into_iter().flatten().cloned().enumerate();
            wanted.extend(outputs.map(|(index, output)| ((member.job.id, index), output)));
        }
        wanted
    }
}

//! Looks at a source before its outputs are planned.

use std::future::pending;
use std::path::Path;

use reelgate_domain::job::kind::transcode::OutputSpec;
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_media::{
    Engine, Findings, Limits, Runner, Survey, SurveyPlan, TranscodeError, survey_plans,
};

use super::Source;

/// What is looked at, and with what.
pub(crate) struct Look<'a> {
    pub(crate) runner: &'a Runner,
    pub(crate) engine: &'a Engine,
    pub(crate) source: &'a Source,
    /// A directory that does not exist yet.
    pub(crate) dir: &'a Path,
    pub(crate) limits: &'a Limits,
}

impl Look<'_> {
    /// What each of these outputs needs to know. Dropping the future kills the process that runs.
    pub(crate) async fn at_all(self, specs: &[&OutputSpec]) -> Vec<Result<Findings, Fault>> {
        let mut found: Vec<_> = specs.iter().map(|_| Ok(Findings::default())).collect();
        let plans = survey_plans(specs, &self.source.facts);
        for (number, plan) in plans.iter().enumerate() {
            let findings = self.at(plan, &self.dir.join(number.to_string())).await;
            for (place, asked) in plan.outputs.iter().enumerate() {
                found[asked.output] = match &findings {
                    Ok(findings) => Ok(findings[place]),
                    Err(fault) => Err(fault.clone()),
                };
            }
        }
        found
    }

    async fn at(&self, plan: &SurveyPlan, dir: &Path) -> Result<Vec<Findings>, Fault> {
        tokio::fs::create_dir_all(dir).await.map_err(|error| {
            let message = format!("the scratch directory could not be made: {error}");
            Fault::new(FaultCode::StorageFailed, message)
        })?;
        let job = Survey {
            plan,
            input: &self.source.path,
            dir,
            limits: self.limits,
        };
        let found = reelgate_media::survey(self.runner, self.engine, job, pending()).await;
        if let Err(error) = tokio::fs::remove_dir_all(dir).await {
            tracing::warn!(%error, "what a survey left in the scratch directory stays for now");
        }
        found.map_err(|error| match error {
            TranscodeError::Fault(fault) => fault,
            TranscodeError::Stopped(_) => Fault::new(FaultCode::EngineFailed, "it was stopped"),
        })
    }
}

//! From what is asked of a stream to what is run: templates are looked up, and later changes of them change nothing.

use reelgate_domain::stream::{
    EdgeTemplate, PlannedOutput, Stream, StreamOutput, StreamPlan, StreamSpec,
};

use super::StreamError;
use crate::{Caller, Service};

impl Service {
    /// The next plan of a stream that is to run this.
    pub(super) async fn plan(
        &self,
        caller: &Caller,
        stream: &Stream,
        spec: &StreamSpec,
    ) -> Result<StreamPlan, StreamError> {
        let templates = self.templates_of(caller, &spec.outputs).await?;
        let planned = |(output, template): (&StreamOutput, EdgeTemplate)| PlannedOutput {
            target: output.target.clone(),
            settings: template.settings,
        };
        let last = stream.plan.as_ref().map_or(0, |plan| plan.revision);
        Ok(StreamPlan {
            revision: last.saturating_add(1),
            input: spec.input.clone(),
            outputs: spec.outputs.iter().zip(templates).map(planned).collect(),
            on_source_lost: spec.on_source_lost,
            latency: spec.latency,
        })
    }

    /// The templates of these outputs, one for each.
    pub(super) async fn templates_of(
        &self,
        caller: &Caller,
        outputs: &[StreamOutput],
    ) -> Result<Vec<EdgeTemplate>, StreamError> {
        let mut templates = Vec::with_capacity(outputs.len());
        for output in outputs {
            templates.push(self.live_template(caller, output.template).await?);
        }
        Ok(templates)
    }
}

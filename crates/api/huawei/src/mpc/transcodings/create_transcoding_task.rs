//! `POST /transcodings`: one job with all outputs of a task, which are made with one decode.
//!
//! <https://support.huaweicloud.com/intl/en-us/api-mpc/mpc_04_0017.html>

use std::collections::BTreeSet;

use http::StatusCode;
use reelgate_domain::job::JobSpec;
use reelgate_domain::job::kind::transcode::{OutputSpec, Settings, TranscodeSpec};
use reelgate_service::SubmitJob;
use serde_json::json as value;

use super::request::{Made, Request};
use super::watermarks;
use crate::answer::json;
use crate::errors::{ApiError, Outcome};
use crate::mpc::asked::Asked;
use crate::mpc::errors::invalid;
use crate::mpc::pipeline::Lane;
use crate::mpc::{submit, template};

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let request = Request::read(asked.body()?)?;
    let outputs = outputs(asked, &request).await?;
    let origin = request.remembered.into_origin();
    if !origin.fits() {
        return Err(invalid("the body is longer than can be kept with a task"));
    }
    let job = SubmitJob {
        spec: JobSpec::Transcode(TranscodeSpec {
            input: request.input.source()?,
            pictures: request.pictures,
            outputs,
        }),
        priority: request.priority,
        origin: Some(origin),
        user_data: request.user_data,
    };
    let job = submit::task(asked, Lane::Common, job).await?;
    Ok(json(
        StatusCode::ACCEPTED,
        &value!({"task_id": job.number.0}),
    ))
}

async fn outputs(asked: &Asked<'_>, request: &Request) -> Result<Vec<OutputSpec>, ApiError> {
    let ids: Vec<i64> = request
        .wanted
        .iter()
        .filter_map(|wanted| match wanted.made {
            Made::ByTemplate(id) => Some(id),
            Made::By(_) => None,
        })
        .collect();
    let mut found = template::find(asked, &ids).await?.into_iter();
    let settings = request.wanted.iter().map(|wanted| match &wanted.made {
        Made::By(settings) => Some((**settings).clone()),
        Made::ByTemplate(_) => found.next().map(|found| found.settings),
    });
    let missing = || ApiError::internal("a template that was found has no settings");
    let settings: Option<Vec<Settings>> = settings.collect();
    let settings = settings.ok_or_else(missing)?;
    let keeps_frame = request.keeps_frame(&settings);
    let overlays = watermarks::overlays(asked, &request.watermarks, keeps_frame).await?;
    let mut outputs = Vec::with_capacity(settings.len());
    let mut targets = BTreeSet::new();
    for (place, settings) in settings.into_iter().enumerate() {
        let mut spec = request.spec(place, settings)?;
        if spec.settings.video.is_some() {
            spec.overlays.clone_from(&overlays);
        }
        if spec.settings.video.is_some() || !request.draws_subtitles() {
            spec.subtitles.clone_from(&request.subtitles);
        }
        if !targets.insert(spec.object.to_string()) {
            let object = &spec.object;
            return Err(invalid(&format!("two outputs of the task are {object}")));
        }
        outputs.push(spec);
    }
    let has_none = outputs.iter().all(|output| output.settings.video.is_none());
    for (is_given, name) in [
        (!overlays.is_empty(), "watermarks"),
        (request.draws_subtitles(), "subtitle"),
    ] {
        if is_given && has_none {
            return Err(invalid(&format!("{name}: no output has a picture")));
        }
    }
    Ok(outputs)
}

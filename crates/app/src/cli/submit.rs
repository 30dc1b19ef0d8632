//! `reelgate submit`: uploads a file, or takes an object, and has it transcoded.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use reelgate_client::{Client, NewJob, NewOutput};
use reelgate_domain::{BucketName, ObjectKey, ObjectRef};

use super::address;
use super::job::{show, watch};
use super::screen::{Format, remark};
use super::source::{Source, source};

#[derive(Debug, Args)]
pub(crate) struct Submit {
    /// A file on this machine, or an object such as oss://bucket/key.
    #[arg(value_name = "FILE|oss://…", value_parser = source)]
    source: Source,
    /// What to make; `reelgate preset list` shows the names. One output each.
    #[arg(long = "preset", value_name = "NAME", required = true)]
    presets: Vec<String>,
    /// Where an output goes, one for each preset and in their order. By default
    /// outputs/<input's name>/<preset> in the bucket, with the ending that fits.
    #[arg(long = "output", value_name = "BUCKET/KEY", value_parser = address::object)]
    outputs: Vec<ObjectRef>,
    /// The bucket for the uploaded file and for outputs without a place of their own.
    #[arg(long, default_value = "media")]
    bucket: BucketName,
    /// The pipeline, by id or name; `default` when left out.
    #[arg(long)]
    pipeline: Option<String>,
    /// 1 to 10, 10 first.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=10))]
    priority: Option<u8>,
    /// Show progress until the job has ended; the exit code says how (0 only for succeeded).
    #[arg(long)]
    wait: bool,
    /// Text that is kept with the job.
    #[arg(long, value_name = "TEXT")]
    user_data: Option<String>,
}

pub(super) async fn run(client: &Client, wanted: Submit, format: Format) -> Result<ExitCode> {
    if !wanted.outputs.is_empty() && wanted.outputs.len() != wanted.presets.len() {
        let (places, presets) = (wanted.outputs.len(), wanted.presets.len());
        remark(&format!(
            "error: {places} --output for {presets} --preset: give one for each, or none at all"
        ));
        return Ok(ExitCode::from(2));
    }
    // Before the upload, because a preset with a typing error would waste it.
    let suffixes = suffixes(client, &wanted.presets).await?;
    let input = wanted.source.stored(client, &wanted.bucket).await?;
    let outputs = outputs(&wanted, &input, &suffixes)?;
    let job = NewJob {
        input: address::url(&input),
        outputs,
        pipeline: wanted.pipeline,
        priority: wanted.priority,
        user_data: wanted.user_data,
    };
    let job = client.submit(&job).await?;
    if wanted.wait {
        return watch::result(&watch::ended(client, &job.id).await?, format);
    }
    show::one(&job, format)?;
    remark(&format!("follow it with `reelgate job watch {}`", job.id));
    Ok(ExitCode::SUCCESS)
}

/// The ending that fits what each preset makes.
async fn suffixes(client: &Client, presets: &[String]) -> Result<Vec<&'static str>> {
    let known = client.presets().await?.presets;
    presets
        .iter()
        .map(|name| {
            let Some(preset) = known.iter().find(|preset| preset.name == *name) else {
                bail!("there is no preset {name}: `reelgate preset list` shows the names");
            };
            match preset.settings["container"]["format"].as_str() {
                Some("hls") => Ok("m3u8"),
                Some("dash") => Ok("mpd"),
                Some("mp4") => Ok("mp4"),
                other => bail!("preset {name} makes {other:?}, which this client does not know"),
            }
        })
        .collect()
}

fn outputs(wanted: &Submit, input: &ObjectRef, suffixes: &[&str]) -> Result<Vec<NewOutput>> {
    let name = input.key.file_name();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut outputs = Vec::new();
    for (index, (preset, suffix)) in wanted.presets.iter().zip(suffixes).enumerate() {
        let object = match wanted.outputs.get(index) {
            Some(object) => address::url(object),
            None => {
                let key = ObjectKey::new(format!("outputs/{stem}/{preset}.{suffix}"))
                    .with_context(|| format!("{name} cannot name its outputs: give --output"))?;
                format!("oss://{}/{key}", wanted.bucket)
            }
        };
        outputs.push(NewOutput {
            object,
            preset: Some(preset.clone()),
            ..NewOutput::default()
        });
    }
    Ok(outputs)
}

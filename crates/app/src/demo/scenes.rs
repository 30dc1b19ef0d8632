//! What the demo shows, in order: a transcode, a master playlist, and a pause with its cancels.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reelgate_client::{Client, NewPlaylist};
use reelgate_domain::ObjectRef;
use reelgate_service::Credentials;
use serde_json::{Value, json};

use crate::demo::mps::MpsClient;
use crate::demo::progress::Bars;

/// Everything a scene works with.
pub(crate) struct Stage<'a> {
    pub(crate) mps: &'a MpsClient<'a>,
    pub(crate) native: &'a Client,
    pub(crate) credentials: &'a Credentials,
    pub(crate) clip: &'a Path,
}

/// A job of the demo.
#[derive(Clone, Debug)]
pub(crate) struct DemoJob {
    pub(crate) id: String,
    /// What it is, for people.
    pub(crate) label: String,
    /// Whether it makes an HLS rung.
    pub(crate) is_rung: bool,
}

/// The preset, the name and the wanted output of each job of the first scene. The presets have
/// widths of 1280, 848 and 640; 2-second segments with a key frame each let players switch.
const OUTPUTS: [(&str, &str, &str); 4] = [
    ("S00000001-200030", "MP4 1280 wide", "demo/film.mp4"),
    ("S00000001-100030", "HLS 1280 wide", "demo/hls/high"),
    ("S00000001-100020", "HLS 848 wide", "demo/hls/middle"),
    ("S00000001-100010", "HLS 640 wide", "demo/hls/low"),
];

/// How long any scene may take before something must be wrong.
const PATIENCE: Duration = Duration::from_secs(300);

impl Stage<'_> {
    /// One submission makes an MP4 and three HLS rungs of the clip.
    pub(crate) async fn transcode(&self) -> Result<Vec<DemoJob>> {
        let object = ObjectRef {
            bucket: self.credentials.bucket.parse()?,
            key: "demo/clip.mp4".parse()?,
        };
        self.native.upload(&object, self.clip, |_sent| {}).await?;
        println!("\n1. One SubmitJobs call: an MP4 and three HLS rungs");
        let outputs = OUTPUTS.map(|(template, _, object)| {
            let is_rung = template.contains("-1");
            let mut output = json!({ "OutputObject": object, "TemplateId": template });
            if is_rung {
                output["Video"] = json!({ "Gop": "2s" });
                output["MuxConfig"] = json!({ "Segment": { "Duration": "2" } });
            }
            output
        });
        let ids = self.submit(&json!(outputs)).await?;
        let jobs: Vec<_> = ids
            .into_iter()
            .zip(OUTPUTS)
            .map(|(id, (template, label, _))| DemoJob {
                id,
                label: label.to_owned(),
                is_rung: template.contains("-1"),
            })
            .collect();
        self.wait(&jobs).await?;
        Ok(jobs)
    }

    /// The rungs' master playlist, by the native API: the vendor's has no call for one.
    pub(crate) async fn playlist(&self, jobs: &[DemoJob]) -> Result<()> {
        println!("\n2. A master playlist over the rungs, by the native API");
        let rungs: Vec<_> = jobs
            .iter()
            .filter(|job| job.is_rung)
            .map(|job| job.id.clone())
            .collect();
        let bucket = &self.credentials.bucket;
        let object = format!("oss://{bucket}/demo/hls/master.m3u8");
        let written = self
            .native
            .create_playlist(&NewPlaylist {
                jobs: rungs,
                audio: Vec::new(),
                object,
            })
            .await?;
        for rendition in written.renditions {
            let (width, height) = (rendition.width.unwrap_or(0), rendition.height.unwrap_or(0));
            let kbps = rendition.bandwidth / 1000;
            println!(
                "   {:<12} {width}x{height}, peak {kbps} kbit/s",
                rendition.uri
            );
        }
        Ok(())
    }

    /// A paused pipeline keeps what is queued; a queued job can be cancelled, a running one not.
    pub(crate) async fn pause_and_cancel(&self) -> Result<Vec<DemoJob>> {
        println!("\n3. Pause, queue three jobs, cancel one, resume");
        self.set_pipeline("Paused").await?;
        println!("   UpdatePipeline State=Paused: accepted");
        let names = ["first", "second", "third"];
        let outputs = names.map(|name| {
            json!({ "OutputObject": format!("demo/queued/{name}.mp4"), "TemplateId": OUTPUTS[0].0 })
        });
        let ids = self.submit(&json!(outputs)).await?;
        let jobs: Vec<_> = ids
            .into_iter()
            .zip(names)
            .map(|(id, name)| DemoJob {
                id,
                label: format!("{name} queued"),
                is_rung: false,
            })
            .collect();
        for (job, state) in jobs.iter().zip(self.states(&jobs).await?) {
            println!("   {} {:<13} {state}", job.id, job.label);
        }
        self.mps
            .call("CancelJob", &[("JobId", &jobs[1].id)])
            .await?;
        println!("   CancelJob {}: cancelled, it never starts", jobs[1].id);
        self.set_pipeline("Active").await?;
        println!("   UpdatePipeline State=Active: accepted");
        self.refused_cancel(&jobs).await?;
        self.wait(&jobs).await?;
        Ok(jobs)
    }

    /// Waits until one of the jobs runs and shows that it cannot be cancelled any more.
    async fn refused_cancel(&self, jobs: &[DemoJob]) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let states = self.states(jobs).await?;
            if let Some(running) = states.iter().position(|state| state == "Transcoding") {
                let id = &jobs[running].id;
                let Err(refusal) = self.mps.send("CancelJob", &[("JobId", id)]).await? else {
                    bail!("job {id} was running and was cancelled all the same");
                };
                println!("   CancelJob {id}: refused with {refusal}");
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("no job started within {} s", PATIENCE.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn submit(&self, outputs: &Value) -> Result<Vec<String>> {
        let input = json!({
            "Bucket": self.credentials.bucket,
            "Location": "oss-cn-hangzhou",
            "Object": "demo%2Fclip.mp4",
        });
        let answer = self
            .mps
            .call(
                "SubmitJobs",
                &[
                    ("Input", &input.to_string()),
                    ("OutputBucket", &self.credentials.bucket),
                    ("OutputLocation", "oss-cn-hangzhou"),
                    ("Outputs", &outputs.to_string()),
                    ("PipelineId", &self.credentials.pipeline_id),
                ],
            )
            .await?;
        let results = answer["JobResultList"]["JobResult"].as_array();
        let ids = results.into_iter().flatten().map(|result| {
            let id = result["Job"]["JobId"].as_str().map(str::to_owned);
            id.with_context(|| format!("an output was refused: {result}"))
        });
        ids.collect()
    }

    async fn set_pipeline(&self, state: &str) -> Result<()> {
        let pipeline = ("PipelineId", self.credentials.pipeline_id.as_str());
        let params = [pipeline, ("Name", "default"), ("State", state)];
        self.mps.call("UpdatePipeline", &params).await.map(drop)
    }

    async fn states(&self, jobs: &[DemoJob]) -> Result<Vec<String>> {
        let found = query(self.mps, jobs).await?;
        Ok(found.iter().map(|job| text(&job["State"])).collect())
    }

    async fn wait(&self, jobs: &[DemoJob]) -> Result<()> {
        let bars = Bars::new(jobs.iter().map(|job| job.label.as_str()));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut all_ended = true;
            for (index, job) in query(self.mps, jobs).await?.iter().enumerate() {
                let state = text(&job["State"]);
                bars.update(index, job["Percent"].as_u64().unwrap_or(0), &state);
                all_ended &= !matches!(state.as_str(), "Submitted" | "Transcoding");
            }
            if all_ended {
                bars.finish();
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("the jobs did not end within {} s", PATIENCE.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// The jobs as the MPS API shows them, in the order given.
pub(crate) async fn query(mps: &MpsClient<'_>, jobs: &[DemoJob]) -> Result<Vec<Value>> {
    let ids: Vec<_> = jobs.iter().map(|job| job.id.as_str()).collect();
    let answer = mps
        .call("QueryJobList", &[("JobIds", &ids.join(","))])
        .await?;
    let found = answer["JobList"]["Job"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let job = |id: &str| {
        let shown = found.iter().find(|job| job["JobId"] == *id).cloned();
        shown.with_context(|| format!("job {id} is gone"))
    };
    ids.into_iter().map(job).collect()
}

/// A string of an answer, empty if it is absent.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

//! The demo's last word: every job with what it made and how close that is to the source.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use comfy_table::{Cell, CellAlignment, Table, presets};
use reelgate_media::{Engine, Runner, ssim};
use serde_json::Value;

use crate::demo::mps::MpsClient;
use crate::demo::scenes::{DemoJob, query, text};

/// What outputs are compared with, and where they are.
pub(crate) struct Source<'a> {
    pub(crate) runner: &'a Runner,
    pub(crate) engine: &'a Engine,
    pub(crate) clip: &'a Path,
    pub(crate) bucket: PathBuf,
}

/// Prints the table; fails if a job that should have succeeded did not.
pub(crate) async fn print(
    mps: &MpsClient<'_>,
    jobs: &[DemoJob],
    source: &Source<'_>,
) -> Result<()> {
    println!("\n4. What became of it (SSIM 1.0 is identical to the source)");
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header([
        "Job",
        "State",
        "Output",
        "Container",
        "Codecs",
        "Size",
        "Seconds",
        "kbit/s",
        "SSIM",
    ]);
    let mut failed = Vec::new();
    for (job, shown) in jobs.iter().zip(query(mps, jobs).await?) {
        let state = text(&shown["State"]);
        let is_done = shown["Output"]["Properties"].is_object();
        let code = text(&shown["Code"]);
        if !code.is_empty() {
            failed.push(format!(
                "{} ({state}: {code} {})",
                job.label,
                text(&shown["Message"])
            ));
        }
        let row = if is_done {
            made(&shown, job, source).await?
        } else {
            vec!["-".into(); 6]
        };
        let mut cells = vec![Cell::new(&job.id), Cell::new(state), Cell::new(&job.label)];
        for (index, value) in row.into_iter().enumerate() {
            let side = if index < 2 {
                CellAlignment::Left
            } else {
                CellAlignment::Right
            };
            cells.push(Cell::new(value).set_alignment(side));
        }
        table.add_row(cells);
    }
    println!("{table}");
    if !failed.is_empty() {
        bail!("not every job succeeded: {}", failed.join("; "));
    }
    Ok(())
}

/// Container, codecs, size, duration, bitrate and SSIM of a finished job.
async fn made(shown: &Value, job: &DemoJob, source: &Source<'_>) -> Result<Vec<String>> {
    let properties = &shown["Output"]["Properties"];
    let streams = &properties["Streams"];
    let codec = |list: &str, item: &str| text(&streams[list][item][0]["CodecName"]);
    let object = text(&shown["Output"]["OutputFile"]["Object"]);
    let object = if job.is_rung {
        format!("{object}.m3u8")
    } else {
        object
    };
    let file = source.bucket.join(object);
    let similarity = ssim(source.runner, source.engine, source.clip, &file, None).await?;
    let bytes: f64 = text(&properties["FileSize"]).parse().unwrap_or(0.0);
    Ok(vec![
        container(properties),
        [
            codec("VideoStreamList", "VideoStream"),
            codec("AudioStreamList", "AudioStream"),
        ]
        .join(", "),
        format!("{:.0} kB", bytes / 1000.0),
        text(&properties["Format"]["Duration"]),
        text(&properties["Bitrate"]),
        format!("{similarity:.4}"),
    ])
}

/// The best known of the names that the file's format goes by.
fn container(properties: &Value) -> String {
    let names = text(&properties["Format"]["FormatName"]);
    let mut names = names.split(',').peekable();
    let first = names.peek().copied().unwrap_or_default();
    names
        .find(|name| *name == "mp4")
        .unwrap_or(first)
        .to_owned()
}

//! `reelgate job quality`: how much the outputs of a job look like their source.

mod plot;
mod svg;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use reelgate_client::{Client, OutputQuality, WorstMoment};

use crate::cli::screen::{Format, json, line, remark, table, width};

#[derive(Debug, Args)]
pub(crate) struct Wanted {
    id: String,
    /// Only this output, counted from 1 among those that were measured.
    #[arg(long, value_name = "NUMBER")]
    output: Option<usize>,
    /// Write the plot of an output as a picture into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

pub(super) async fn run(client: &Client, wanted: &Wanted, format: Format) -> Result<()> {
    let mut found = client.quality(&wanted.id).await?;
    if let Some(number) = wanted.output {
        let count = found.outputs.len();
        if !(1..=count).contains(&number) {
            bail!("there is no output {number}: {count} were measured");
        }
        found.outputs = vec![found.outputs.swap_remove(number - 1)];
    }
    if let Some(path) = &wanted.svg {
        write_svg(path, &found.outputs)?;
    }
    if format == Format::Json {
        return json(&found);
    }
    for output in &found.outputs {
        show(output)?;
    }
    Ok(())
}

fn write_svg(path: &Path, outputs: &[OutputQuality]) -> Result<()> {
    let [output] = outputs else {
        bail!(
            "{} outputs were measured: say which is to be drawn, with --output",
            outputs.len()
        );
    };
    let drawing = svg::draw(output);
    std::fs::write(path, drawing)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    remark(&format!("the plot is in {}", path.display()));
    Ok(())
}

fn show(output: &OutputQuality) -> Result<()> {
    let quality = &output.quality;
    line(&format!(
        "{}: {}x{}, {} frames at {:.3} a second, {:.0} kbit/s, SSIM {:.4}, PSNR {:.2} dB, {}, {}",
        output.object,
        quality.width,
        quality.height,
        quality.frames,
        quality.fps,
        quality.kbps,
        quality.ssim,
        quality.psnr,
        if_measured("VMAF", quality.vmaf, |it| format!("{it:.2}")),
        if_measured("XPSNR", quality.xpsnr, |it| format!("{it:.2} dB"))
    ))?;
    line(&plot::draw(&quality.series, width()))?;
    table(
        ["WORST AT", "SSIM", "PSNR", "STILL"],
        quality.worst.iter().map(row),
    )
}

/// Not every FFmpeg measures everything.
fn if_measured(name: &str, value: Option<f64>, shown: fn(f64) -> String) -> String {
    match value {
        Some(value) => format!("{name} {}", shown(value)),
        None => format!("{name} not measured"),
    }
}

fn row(moment: &WorstMoment) -> [String; 4] {
    [
        format!("{:.3} s", moment.at_seconds),
        format!("{:.4}", moment.ssim),
        format!("{:.2} dB", moment.psnr),
        moment.still.clone(),
    ]
}

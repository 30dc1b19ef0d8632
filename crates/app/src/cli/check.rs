//! `reelgate check`: whether files and playlists are what professional outputs have to be.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use reelgate_domain::job::kind::transcode::{Clip, ClipLength};
use reelgate_media::{Against, Report, Rule, Runner, Verdict, strict};
use serde_json::{Value, json};

use super::screen::{Format, json as print_json, line, remark, table};
use crate::config::{EarlyArgs, EngineArgs};
use crate::serve;

/// What is judged, and by what.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Files, and HLS playlists with the files they name.
    #[arg(required_unless_present = "rules")]
    files: Vec<PathBuf>,
    /// What the files were made from: they are compared with it.
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// Where in the source they start, in seconds.
    #[arg(long, requires = "source", value_name = "SECONDS", value_parser = seconds)]
    start: Option<u64>,
    /// How much of the source they show, in seconds.
    #[arg(long, requires = "source", value_name = "SECONDS", value_parser = seconds)]
    length: Option<u64>,
    /// How far apart key frames may be, in seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    key_seconds: Option<u64>,
    /// The cap of the picture's rate in kbit/s.
    #[arg(long, value_name = "KBPS")]
    max_rate: Option<u32>,
    /// The integrated loudness asked for, in LUFS.
    #[arg(long, value_name = "LUFS", allow_negative_numbers = true, value_parser = lufs)]
    loudness: Option<f64>,
    /// The least structural similarity to the source, 0 to 1.
    #[arg(long, requires = "source", default_value_t = Against::default().least_ssim, value_parser = share)]
    least_ssim: f64,
    /// Rules that are left out, by their names.
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = rule)]
    except: Vec<Rule>,
    /// List the rules instead.
    #[arg(long)]
    rules: bool,
    /// Tables for people, or JSON for programs.
    #[arg(short = 'o', long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    engine: EngineArgs,
}

/// As milliseconds.
fn seconds(text: &str) -> Result<u64, String> {
    let seconds = text.parse::<f64>().ok();
    let seconds = seconds.filter(|it| (0.001..172_800.0).contains(it) || *it == 0.0);
    let seconds = seconds.ok_or("it is no number of seconds below 172800")?;
    Ok((seconds * 1000.0).round() as u64)
}

/// Nothing is quieter than -70 LUFS, where measuring begins, or louder than 0 for long.
fn lufs(text: &str) -> Result<f64, String> {
    let level = text.parse().ok();
    let level = level.filter(|it| (-70.0..=0.0).contains(it));
    level.ok_or_else(|| "it is no loudness from -70 to 0".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok();
    let share = share.filter(|it| (0.0..=1.0).contains(it));
    share.ok_or_else(|| "it is no number from 0 to 1".to_owned())
}

fn rule(name: &str) -> Result<Rule, String> {
    Rule::named(name).ok_or_else(|| "`reelgate check --rules` lists the rules".to_owned())
}

/// 0 if all files keep all rules, 1 if one does not or cannot be checked.
pub(crate) async fn run(args: CheckArgs, early: &EarlyArgs) -> Result<ExitCode> {
    if early.server.is_some() {
        bail!("check asks no server: leave --server out");
    }
    if args.rules {
        return rules(args.format);
    }
    let runner = Runner::start(tokio::runtime::Handle::current())?;
    let engine = serve::find_engine(&runner, &args.engine).await?;
    let source = args.source.as_deref().map(absolute).transpose()?;
    let clip = clip(&args);
    let against = Against {
        source: source.as_deref(),
        clip: clip.as_ref(),
        key_seconds: args.key_seconds.map(|ms| ms as f64 / 1000.0),
        max_rate_kbps: args.max_rate,
        loudness_lufs: args.loudness,
        least_ssim: args.least_ssim,
        except: &args.except,
    };
    let (mut all_right, mut answers) = (true, Vec::new());
    for file in &args.files {
        let path = absolute(file)?;
        let scratch = Scratch::new()?;
        match strict(&runner, &engine, &scratch.0, &path, &against).await {
            Ok(report) => {
                all_right &= report.is_right();
                match args.format {
                    Format::Table => show(&report)?,
                    Format::Json => answers.push(serde_json::to_value(&report)?),
                }
            }
            Err(error) => {
                all_right = false;
                match args.format {
                    Format::Table => remark(&format!("{} {error}", file.display())),
                    Format::Json => answers.push(failure(file, &error.to_string())),
                }
            }
        }
    }
    if args.format == Format::Json {
        print_json(&answers)?;
    }
    Ok(match all_right {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn clip(args: &CheckArgs) -> Option<Clip> {
    let is_whole = args.start.is_none() && args.length.is_none();
    (!is_whole).then(|| Clip {
        start_ms: args.start.unwrap_or(0),
        length: args.length.map(ClipLength::DurationMs),
    })
}

/// Processes run in a directory of their own, where a relative path would mean another file.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))
}

fn failure(file: &Path, error: &str) -> Value {
    json!({"file": file.display().to_string(), "error": error})
}

fn rules(format: Format) -> Result<ExitCode> {
    match format {
        Format::Table => {
            let row = |rule: Rule| [rule.name().to_owned(), rule.asks().to_owned()];
            table(["RULE", "WHAT IT ASKS FOR"], Rule::all().map(row))?;
        }
        Format::Json => {
            let rule = |rule: Rule| json!({"rule": rule, "asks": rule.asks()});
            print_json(&Rule::all().map(rule).collect::<Vec<_>>())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(report: &Report) -> Result<()> {
    let word = match report.is_right() {
        true => "right",
        false => "wrong",
    };
    line(&format!("{}: {word}", report.file))?;
    let rows = report.findings.iter().map(|finding| {
        let verdict = match finding.verdict {
            Verdict::Right => "ok",
            Verdict::Wrong => "WRONG",
            Verdict::Unjudged => "unjudged",
        };
        [
            verdict.to_owned(),
            finding.rule.to_string(),
            finding.detail.clone(),
        ]
    });
    table(["VERDICT", "RULE", "FOUND"], rows)?;
    report.renditions.iter().try_for_each(show)
}

/// A directory for what is only needed meanwhile.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let folder = std::env::temp_dir();
        for number in 0..1000 {
            let path = folder.join(format!("reelgate-check-{}-{number}", std::process::id()));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("create {}", path.display()));
                }
            }
        }
        bail!(
            "{} is full of directories of earlier checks",
            folder.display()
        )
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It holds links and short playlists alone; what stays harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_with_milliseconds() {
        assert_eq!(seconds("1.5"), Ok(1500));
        assert_eq!(seconds("0"), Ok(0));
        for text in ["-1", "x", "NaN", "inf", "200000"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    /// Every file would be wrong.
    #[test]
    fn what_no_file_can_keep_is_refused() {
        assert_eq!((lufs("-16.5"), lufs("0")), (Ok(-16.5), Ok(0.0)));
        assert_eq!((share("0"), share("0.95")), (Ok(0.0), Ok(0.95)));
        for text in ["nan", "inf", "-inf", "2", "x", ""] {
            assert!(lufs(text).is_err() && share(text).is_err(), "{text}");
        }
        assert!(lufs("-71").is_err() && share("-0.1").is_err());
    }

    #[test]
    fn rules_that_nobody_knows_are_refused() {
        assert_eq!(rule("upright"), Ok(Rule::Upright));
        assert!(rule("downright").unwrap_err().contains("--rules"));
    }
}

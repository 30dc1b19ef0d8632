//! Checks that a machine has what the service needs, and says how to get what it lacks.

#![expect(clippy::print_stdout, reason = "findings are for the screen")]

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use reelgate_media::{Component, Engine, Runner, SandboxLevel};
use reelgate_service::{Clock, SystemClock};
use rustix::fs::statvfs;

use crate::config::DoctorArgs;
use crate::serve;
use crate::serve::tls::Files;

/// Free space below which a server will soon be in trouble.
const LOW_SPACE_BYTES: u64 = 1 << 30;

/// One finding.
struct Finding {
    what: &'static str,
    verdict: Verdict,
    /// What was found and, if that is not good, what to do.
    detail: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    /// The service works, and could work better.
    Weak,
    Bad,
}

impl Verdict {
    fn good_if(is_good: bool) -> Self {
        match is_good {
            true => Self::Good,
            false => Self::Bad,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Weak => "weak",
            Self::Bad => "FAIL",
        }
    }
}

/// Prints every finding; fails if one of them keeps the service from working.
pub(crate) async fn run(args: DoctorArgs) -> Result<ExitCode> {
    let runner = Runner::start(tokio::runtime::Handle::current())?;
    let mut findings = match serve::find_engine(&runner, &args.engine).await {
        Ok(engine) => engine_findings(&engine),
        Err(error) => vec![Finding {
            what: "FFmpeg",
            verdict: Verdict::Bad,
            detail: error.to_string(),
        }],
    };
    findings.extend(sandbox(runner.sandbox()));
    findings.extend(space(&args.data));
    findings.extend(
        Files::of(&args.tls)
            .map(|files| tls(&files))
            .unwrap_or_default(),
    );
    let mut is_fit = true;
    for Finding {
        what,
        verdict,
        detail,
    } in findings
    {
        is_fit &= verdict != Verdict::Bad;
        println!("{:<4} {what:<12} {detail}", verdict.word());
    }
    Ok(if is_fit {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn engine_findings(engine: &Engine) -> Vec<Finding> {
    let capabilities = engine.capabilities();
    let found = Finding {
        what: "FFmpeg",
        verdict: Verdict::Good,
        detail: format!("{} at {}", capabilities.version, engine.ffmpeg().display()),
    };
    let missing: Vec<_> = capabilities
        .missing()
        .iter()
        .map(Component::to_string)
        .collect();
    let parts = Finding {
        what: "its parts",
        verdict: Verdict::good_if(missing.is_empty()),
        detail: if missing.is_empty() {
            "everything the service uses is built in".to_owned()
        } else {
            format!(
                "{} missing: install a complete FFmpeg (apt-get install ffmpeg)",
                missing.join(", ")
            )
        },
    };
    vec![found, parts]
}

/// What holds, and a line for each part that is missing.
fn sandbox(level: &SandboxLevel) -> Vec<Finding> {
    let what = "sandbox";
    let advice = level.advice();
    let verdict = match advice.is_empty() {
        true => Verdict::Good,
        false => Verdict::Weak,
    };
    let mut findings = vec![Finding {
        what,
        verdict,
        detail: level.to_string(),
    }];
    findings.extend(advice.into_iter().map(|detail| Finding {
        what,
        verdict,
        detail,
    }));
    findings
}

/// Whether a server could show its certificate, and what clients will not like about it.
fn tls(files: &Files) -> Vec<Finding> {
    let what = "TLS";
    let finding = |verdict, detail| Finding {
        what,
        verdict,
        detail,
    };
    let facts = match files.identity() {
        Ok(identity) => identity.facts,
        Err(error) => return vec![finding(Verdict::Bad, format!("{error:#}"))],
    };
    let now = SystemClock.now();
    let verdict = match facts.is_valid_at(now) {
        true => Verdict::Weak,
        false => Verdict::Bad,
    };
    let advice: Vec<_> = facts.advice(now);
    if advice.is_empty() {
        let (names, until) = (facts.names(), facts.valid_until());
        let detail = format!("certificate and key for {names}, valid until {until}");
        return vec![finding(Verdict::Good, detail)];
    }
    advice
        .into_iter()
        .map(|advice| finding(verdict, advice))
        .collect()
}

/// One finding, or two if scratch files are on a disk of their own.
fn space(data: &Path) -> Vec<Finding> {
    let scratch = data.join("scratch");
    let device = |path: &Path| existing(path).metadata().map(|meta| meta.dev()).ok();
    if device(data) == device(&scratch) {
        return vec![free("disk space", data, "data and scratch files")];
    }
    vec![
        free("disk space", data, "data"),
        free("scratch", &scratch, "scratch files"),
    ]
}

/// The deepest directory on the way that is there already.
fn existing(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let found = absolute.ancestors().find(|path| path.exists());
    found.unwrap_or(Path::new("/")).to_owned()
}

fn free(what: &'static str, path: &Path, content: &str) -> Finding {
    let (verdict, detail) = match statvfs(existing(path)) {
        Err(error) => {
            let detail = format!("{} cannot be looked at: {error}", path.display());
            (Verdict::Bad, detail)
        }
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let is_good = free >= LOW_SPACE_BYTES;
            let advice = match is_good {
                true => "",
                false => ": free some, or use another --data",
            };
            let gigabytes = free as f64 / 1e9;
            let place = path.display();
            let detail = format!("{gigabytes:.1} GB free for {content} in {place}{advice}");
            (Verdict::good_if(is_good), detail)
        }
    };
    Finding {
        what,
        verdict,
        detail,
    }
}

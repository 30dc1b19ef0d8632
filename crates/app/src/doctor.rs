//! Checks that a machine has what the service needs, and says how to get what it lacks.

#![expect(clippy::print_stdout, reason = "findings are for the screen")]

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use reelgate_media::{Component, Engine, Runner};
use rustix::fs::statvfs;

use crate::config::DoctorArgs;
use crate::serve;

/// Free space below which a server will soon be in trouble.
const LOW_SPACE_BYTES: u64 = 1 << 30;

/// One finding.
struct Finding {
    what: &'static str,
    is_good: bool,
    /// What was found and, if that is not good, what to do.
    detail: String,
}

/// Prints every finding; fails if one of them keeps the service from working.
pub(crate) async fn run(args: DoctorArgs) -> Result<ExitCode> {
    let runner = Runner::start(tokio::runtime::Handle::current())?;
    let mut findings = match serve::find_engine(&runner, &args.engine).await {
        Ok(engine) => engine_findings(&engine),
        Err(error) => vec![Finding {
            what: "FFmpeg",
            is_good: false,
            detail: error.to_string(),
        }],
    };
    findings.push(space(&args.data));
    let mut is_fit = true;
    for Finding {
        what,
        is_good,
        detail,
    } in findings
    {
        is_fit &= is_good;
        println!(
            "{} {what:<12} {detail}",
            if is_good { "ok  " } else { "FAIL" }
        );
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
        is_good: true,
        detail: format!("{} at {}", capabilities.version, engine.ffmpeg().display()),
    };
    let missing: Vec<_> = capabilities.missing().iter().map(Component::to_string).collect();
    let parts = Finding {
        what: "its parts",
        is_good: missing.is_empty(),
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

fn space(data: &Path) -> Finding {
    let what = "disk space";
    let absolute = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    let existing = absolute
        .ancestors()
        .find(|path| path.exists())
        .unwrap_or(Path::new("/"));
    match statvfs(existing) {
        Err(error) => Finding {
            what,
            is_good: false,
            detail: format!("{} cannot be looked at: {error}", existing.display()),
        },
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let is_good = free >= LOW_SPACE_BYTES;
            let advice = if is_good {
                ""
            } else {
                ": free some, or use another --data"
            };
            let detail = format!(
                "{:.1} GB free for {}{advice}",
                free as f64 / 1e9,
                data.display()
            );
            Finding {
                what,
                is_good,
                detail,
            }
        }
    }
}

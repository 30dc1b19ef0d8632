//! The program with the calls that are about streams, and the processes that run them.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::latency::processes;
use crate::program::{Engine, Program};

/// Longer than anything takes that is not broken.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Streams come from this machine and go to it.
pub(super) const LOOPBACK: [&str; 2] = ["--allow-private-network", "127.0.0.0/8"];

pub(super) struct Edge {
    pub(super) program: Program,
}

impl Edge {
    pub(super) fn start(data: &Path, engine: &Engine) -> Result<Self> {
        let mut program = Program::start(data, engine, &LOOPBACK)?;
        lift_limits(&mut program)?;
        Ok(Self { program })
    }

    /// A stream from one address to another, which does not run; its id.
    pub(super) fn create(
        &mut self,
        (from, to): (&str, &str),
        template: &str,
        frozen: Duration,
    ) -> Result<String> {
        create(&mut self.program, "default", (from, to), template, frozen)
    }

    pub(super) fn start_stream(&mut self, id: &str) -> Result<Value> {
        let path = format!("/streams/{id}/start");
        self.program.api.call("POST", &path, None)
    }

    pub(super) fn stop_stream(&mut self, id: &str) -> Result<Value> {
        let path = format!("/streams/{id}/stop");
        self.program.api.call("POST", &path, None)
    }

    /// Waits until the stream is in this state.
    pub(super) fn wait_for(&mut self, id: &str, state: &str) -> Result<Value> {
        wait_for(&mut self.program, id, state)
    }

    /// When the newest thing of a kind has happened to a stream, since the epoch.
    pub(super) fn last(&mut self, id: &str, what: &str) -> Result<Duration> {
        let path = format!("/streams/{id}/notes?limit=20");
        let told = self.program.api.call("GET", &path, None)?;
        let notes = told["notes"].as_array().context("notes are a list")?;
        let found = notes.iter().find(|note| note["what"] == what);
        let at = found.and_then(|note| note["at"].as_str());
        let at = at.with_context(|| format!("it was never {what}: {told}"))?;
        since_epoch(at)
    }

    /// The FFmpeg of the program that has these words in its command line.
    pub(super) fn engine_of(&self, words: &str) -> Result<u32> {
        engine_of(self.program.node.id(), words)
    }
}

pub(super) fn create(
    program: &mut Program,
    cluster: &str,
    (from, to): (&str, &str),
    template: &str,
    frozen: Duration,
) -> Result<String> {
    let body = json!({
        "name": "bench", "cluster": cluster,
        "input": {"address": from, "frozen_after_ms": frozen.as_millis()},
        "outputs": [{"target": {"to": "push", "address": to}, "template": template}],
    });
    let made = program.api.call("POST", "/streams", Some(&body))?;
    Ok(made["id"]
        .as_str()
        .context("a stream has an id")?
        .to_owned())
}

pub(super) fn wait_for(program: &mut Program, id: &str, state: &str) -> Result<Value> {
    let until = Instant::now() + PATIENCE;
    loop {
        let found = program.api.call("GET", &format!("/streams/{id}"), None)?;
        if found["state"] == state {
            return Ok(found);
        }
        ensure!(Instant::now() < until, "a stream is not {state}: {found}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What is measured is how fast calls are, not how many an account may make.
pub(super) fn lift_limits(program: &mut Program) -> Result<()> {
    let account = program.credentials.account_id.clone();
    let path = format!("/accounts/{account}/limits");
    let told = program.api.call("GET", &path, None)?;
    let limits = told["limits"].as_array().context("limits are a list")?;
    for limit in limits {
        let action = limit["action"].as_str().context("a limit has an action")?;
        let unlimited = json!({"limit": "unlimited"});
        let path = format!("{path}/{action}");
        program.api.call("PUT", &path, Some(&unlimited))?;
    }
    Ok(())
}

/// The processes below this one, and what their command lines say.
pub(super) fn below(process: u32) -> Vec<(u32, String)> {
    let parent = |id: u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
    };
    let all: Vec<(u32, u32)> = processes()
        .into_iter()
        .filter_map(|id| Some((id, parent(id)?)))
        .collect();
    let mut found = vec![process];
    let mut next = 0;
    while let Some(&one) = found.get(next) {
        found.extend(all.iter().filter(|(_, of)| *of == one).map(|(id, _)| *id));
        next += 1;
    }
    found.remove(0);
    found.into_iter().map(|id| (id, line_of(id))).collect()
}

pub(super) fn line_of(process: u32) -> String {
    let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

/// Whether a process is FFmpeg and not the guard beside it, which knows FFmpeg's arguments too.
pub(super) fn is_engine(process: u32) -> bool {
    fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.trim() == "ffmpeg")
}

/// The FFmpeg below a process that has these words in its command line, once it is there.
pub(super) fn engine_of(process: u32, words: &str) -> Result<u32> {
    let until = Instant::now() + PATIENCE;
    loop {
        let mut all = below(process).into_iter();
        if let Some((id, _)) = all.find(|(id, line)| line.contains(words) && is_engine(*id)) {
            return Ok(id);
        }
        ensure!(Instant::now() < until, "no FFmpeg of {words} is running");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A time such as `2026-01-31T12:00:00.123Z`.
fn since_epoch(text: &str) -> Result<Duration> {
    let number = |range: std::ops::Range<usize>| -> Result<u64> {
        let digits = text
            .get(range)
            .with_context(|| format!("no time: {text}"))?;
        digits.parse().with_context(|| format!("no time: {text}"))
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    // Days of years that begin with March, so that a leap day is the last.
    let (year, month) = match month {
        3.. => (year, month - 3),
        _ => (year - 1, month + 9),
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468).context("the epoch is in 1970")?;
    let seconds = days * 86_400 + number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?;
    let millis = match text.get(19..20) {
        Some(".") => number(20..23)?,
        _ => 0,
    };
    Ok(Duration::from_millis(seconds * 1000 + millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_fractions() {
        let read = |text| since_epoch(text).unwrap().as_millis();
        assert_eq!(read("1970-01-01T00:00:00Z"), 0);
        assert_eq!(read("2000-02-29T12:34:56.789Z"), 951_827_696_789);
        assert_eq!(read("2026-11-22T07:00:00.001Z"), 1_795_330_800_001);
        assert!(since_epoch("yesterday").is_err());
    }
}

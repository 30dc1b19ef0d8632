//! Rules that only decoding tells of: all of it once, every picture and every sample of each stream.

use std::time::Duration;

use reelgate_domain::media::{StreamDetail, StreamFacts};

use super::read::last_error;
use super::{CheckError, Findings, Judging, Measured, Rule};
use crate::argv::Args;
use crate::run::Ended;

/// Decoding says something twice a second while it gets on.
const PATIENCE: Duration = Duration::from_secs(60);
const LOUDNESS_SLACK: f64 = 0.5;
const MOST_TRUE_PEAK: f64 = -1.0;
/// Share of the pictures that may look interlaced, and how many always may: still ones mislead.
const FIELDS_SHARE: f64 = 0.01;
const FIELDS: f64 = 2.0;

pub(super) async fn judge(judging: &mut Judging<'_, '_>) -> Result<(), CheckError> {
    let (check, media, subject) = (judging.check, judging.media, judging.subject);
    let (findings, measured) = (&mut *judging.findings, &mut judging.measured);
    let mut args = Args::default();
    args.add(&["-nostdin", "-hide_banner", "-nostats"])
        .add(&["-loglevel", "level+info", "-xerror"])
        .add(&["-progress", "pipe:1", "-stats_period", "0.5"]);
    subject.open(&mut args);
    // The first picture and the first sound are measured, and all others are decoded beside them.
    for stream in &media.facts.streams {
        if is_decoded(stream) {
            args.pair("-map", format!("0:{}", stream.index));
        }
    }
    if media.facts.video().is_some() {
        args.add(&["-filter:v:0", "idet", "-fps_mode", "passthrough"]);
    }
    if media.facts.audio().is_some() {
        args.add(&["-filter:a:0", "ebur128=peak=true:framelog=verbose"]);
    }
    args.add(&["-f", "null", "-"]);
    let tools = &check.tools;
    let ffmpeg = tools.engine.ffmpeg();
    let captured = tools.run(ffmpeg, args.0, subject, PATIENCE).await?;
    let log = &captured.log_tail;
    let error = last_error(log);
    let is_whole = captured.ended == Ended::Exited(0) && error.is_empty();
    let detail = match (is_whole, error.is_empty()) {
        (true, _) => "without an error".to_owned(),
        (false, false) => error,
        (false, true) => format!("FFmpeg ended with {}", captured.ended),
    };
    findings.holds(Rule::Decodes, is_whole, detail);
    if media.facts.video().is_some() {
        progressive(findings, log);
    }
    if media.facts.audio().is_some() {
        measured.integrated_lufs = value(log, "I:", "LUFS");
        measured.true_peak_dbtp = value(log, "Peak:", "dBFS");
        if let Some(target) = check.against.loudness_lufs {
            loudness(findings, measured, target);
        }
    }
    Ok(())
}

/// Cover art is no part of what is played.
fn is_decoded(stream: &StreamFacts) -> bool {
    match &stream.detail {
        StreamDetail::Video(video) => !video.is_picture,
        StreamDetail::Audio(_) => true,
        _ => false,
    }
}

/// `Multi frame detection: TFF: 0 BFF: 0 Progressive: 130 Undetermined: 2`.
fn progressive(findings: &mut Findings<'_>, log: &str) {
    let Some((_, counts)) = log.rsplit_once("Multi frame detection:") else {
        return findings.unjudged(Rule::Progressive, "no picture was looked at");
    };
    let count = |name: &str| -> f64 {
        let (_, rest) = counts.split_once(name).unwrap_or_default();
        let number = rest.split_whitespace().next();
        number.and_then(|it| it.parse().ok()).unwrap_or(0.0)
    };
    let (fields, whole) = (count("TFF:") + count("BFF:"), count("Progressive:"));
    let detail = format!("{fields} of {} pictures show two fields", fields + whole);
    let holds = fields <= FIELDS.max((fields + whole) * FIELDS_SHARE);
    findings.holds(Rule::Progressive, holds, detail);
}

fn loudness(findings: &mut Findings<'_>, measured: &Measured, target: f64) {
    match measured.integrated_lufs {
        None => findings.unjudged(Rule::Loudness, "the loudness could not be measured"),
        Some(found) => {
            let detail = format!("{found:.1} LUFS, {target:.1} asked for");
            findings.holds(
                Rule::Loudness,
                (found - target).abs() <= LOUDNESS_SLACK,
                detail,
            );
        }
    }
    match measured.true_peak_dbtp {
        None => findings.unjudged(Rule::TruePeak, "there is no sound to be heard"),
        Some(found) => {
            let detail = format!("{found:.1} dBTP");
            findings.holds(Rule::TruePeak, found <= MOST_TRUE_PEAK, detail);
        }
    }
}

/// The number between a name and its unit in the summary that ends the log; none of `-inf`.
fn value(log: &str, name: &str, unit: &str) -> Option<f64> {
    let (_, summary) = log.rsplit_once("Summary:")?;
    let mut lines = summary.lines().filter_map(|line| {
        let number = line.trim().strip_prefix(name)?.trim().strip_suffix(unit)?;
        number.trim().parse::<f64>().ok()
    });
    lines.next().filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    const LOG: &str = "[Parsed_ebur128_0 @ 0x1] [info] Summary:\n\n  Integrated loudness:\n    I:         -23.4 LUFS\n    Threshold: -33.4 LUFS\n\n  True peak:\n    Peak:       -4.2 dBFS\n";

    #[test]
    fn the_summary_is_read() {
        assert_eq!(value(LOG, "I:", "LUFS"), Some(-23.4));
        assert_eq!(value(LOG, "Peak:", "dBFS"), Some(-4.2));
        let silent = LOG.replace("-4.2", "-inf");
        assert_eq!(value(&silent, "Peak:", "dBFS"), None);
    }

    #[test]
    fn a_hundredth_of_fields_is_too_much() {
        let judged = |fields: u32| {
            let log = format!(
                "[info] Multi frame detection: TFF:     {fields} BFF:     0 Progressive:   400 Undetermined:     2\n"
            );
            let mut findings = Findings::new(&[]);
            progressive(&mut findings, &log);
            findings.list[0].verdict
        };
        assert_eq!(
            [judged(0), judged(4), judged(5)],
            [Verdict::Right, Verdict::Right, Verdict::Wrong]
        );
    }
}

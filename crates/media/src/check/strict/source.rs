//! Rules that compare an output with its source.

use std::path::Path;

use reelgate_domain::job::kind::transcode::Clip;
use reelgate_domain::media::VideoFacts;

use super::file::is_high_range;
use super::read::{Media, Packet, Subject, Tools, median, span};
use super::sound::{self, offset};
use super::{Check, CheckError, Findings, Measured, Rule};
use crate::check::ssim;
use crate::plan::{Window, display_size, window_of};

const FRAMES_SHARE: f64 = 0.005;
const SHAPE_SHARE: f64 = 0.02;
const MOST_OFFSET_MS: f64 = 5.0;
/// Sound that is less alike than this is other sound.
const LEAST_LIKENESS: f64 = 0.3;

/// What an output was made from.
pub(super) struct Source<'a> {
    path: &'a Path,
    clip: Option<&'a Clip>,
    window: Window,
    media: Media,
}

impl<'a> Source<'a> {
    pub(super) async fn open(
        tools: &Tools<'_>,
        path: &'a Path,
        clip: Option<&'a Clip>,
    ) -> Result<Self, CheckError> {
        let media = tools.media(&Subject::file(path)).await?;
        let window = window_of(clip, &media.facts);
        Ok(Self {
            path,
            clip,
            window,
            media,
        })
    }

    pub(super) async fn judge(
        &self,
        check: &Check<'_>,
        findings: &mut Findings<'_>,
        made: &Media,
        subject: &Subject,
        measured: &mut Measured,
    ) -> Result<(), CheckError> {
        self.lengths(findings, made);
        if let (Some((_, source)), Some((_, picture))) =
            (self.media.facts.video(), made.facts.video())
        {
            picture_of(findings, source, picture);
            self.likeness(check, findings, made, subject, measured)
                .await?;
        }
        if let (Some((source, _)), Some((stream, _))) =
            (self.media.facts.audio(), made.facts.audio())
        {
            if let Some(language) = &source.language {
                let found = stream.language.as_deref();
                let detail = format!("{}, of a source in {language}", found.unwrap_or("none"));
                // FFmpeg does not tell languages of what it reads through a playlist.
                if subject.is_playlist && found.is_none() {
                    findings.unjudged(Rule::Language, detail);
                } else {
                    findings.holds(Rule::Language, found == Some(language), detail);
                }
            }
            if findings.wants(Rule::Sync) {
                let streams = (stream.index, source.index);
                let begins = picture_begins(made);
                self.sync(check, findings, subject, (streams, begins), measured)
                    .await?;
            }
        }
        Ok(())
    }

    /// How long a stream of the source goes on in the window.
    fn length(&self, packets: &[Packet]) -> Option<f64> {
        let (_, end) = span(packets)?;
        let origin = self.media.facts.format.start_seconds.unwrap_or(0.0);
        let left = end - origin - self.window.start_ms as f64 / 1000.0;
        let most = self
            .window
            .length_ms
            .map_or(f64::INFINITY, |ms| ms as f64 / 1000.0);
        Some(left.min(most))
    }

    fn lengths(&self, findings: &mut Findings<'_>, made: &Media) {
        let frames = [&self.media, made].map(Media::frame_seconds);
        let packet = |media: &Media| {
            let packets = media.audio_packets().iter();
            median(packets.map(|packet| packet.seconds).collect())
        };
        let sounds = [&self.media, made].map(packet);
        let picture = (
            self.media.video_packets(),
            made.video_packets(),
            frames[0].max(frames[1]),
        );
        // The last packet of a codec is filled up, and the first one may be kept.
        let sound = (
            self.media.audio_packets(),
            made.audio_packets(),
            sounds[0] + 3.0 * sounds[1],
        );
        for (what, (of_source, of_made, slack)) in [("picture", picture), ("sound", sound)] {
            let (Some(wanted), Some((start, end))) = (self.length(of_source), span(of_made)) else {
                continue;
            };
            let found = end - start;
            let detail = format!("the {what} has {found:.3} s of {wanted:.3} s");
            let holds = (found - wanted).abs() <= slack + 0.002;
            findings.holds(Rule::Duration, holds, detail);
        }
        if let Some(wanted) = self
            .length(self.media.video_packets())
            .filter(|_| frames[1] > 0.0)
        {
            let (found, wanted) = (made.video_packets().len() as f64, wanted / frames[1]);
            let detail = format!("{found} frames of {wanted:.1}");
            let slack = (wanted * FRAMES_SHARE).max(1.0 + frames[0] / frames[1]);
            findings.holds(Rule::FrameCount, (found - wanted).abs() <= slack, detail);
        }
    }

    async fn likeness(
        &self,
        check: &Check<'_>,
        findings: &mut Findings<'_>,
        made: &Media,
        subject: &Subject,
        measured: &mut Measured,
    ) -> Result<(), CheckError> {
        if !findings.wants(Rule::Likeness) {
            return Ok(());
        }
        let mut reach = subject.reach();
        reach.push(self.path);
        let sides = [
            (self.path, &self.media.facts),
            (subject.path.as_path(), &made.facts),
        ];
        let (runner, engine) = (check.tools.runner, check.tools.engine);
        match ssim::compared(runner, engine, sides, &reach, self.clip).await {
            Ok(found) => {
                measured.ssim = Some(found);
                let least = check.against.least_ssim;
                let detail = format!("SSIM {found:.4}, at least {least} asked for");
                findings.holds(Rule::Likeness, found >= least, detail);
            }
            Err(error) => findings.judge(Rule::Likeness, Err(error.to_string())),
        }
        Ok(())
    }

    async fn sync(
        &self,
        check: &Check<'_>,
        findings: &mut Findings<'_>,
        subject: &Subject,
        ((made, source), begins): ((u32, u32), f64),
        measured: &mut Measured,
    ) -> Result<(), CheckError> {
        let own = Subject::file(self.path);
        let heard = sound::samples(&check.tools, subject, made, begins).await?;
        let start = self.window.start_ms as f64 / 1000.0;
        let wanted = sound::samples(&check.tools, &own, source, start).await?;
        let Some(found) = offset(&heard, &wanted) else {
            findings.unjudged(
                Rule::Sync,
                "the beginning is silent or too short to compare",
            );
            return Ok(());
        };
        measured.sound_offset_ms = Some(found.ms);
        let detail = format!("{:+.2} ms, alike by {:.2}", found.ms, found.likeness);
        let holds = found.ms.abs() <= MOST_OFFSET_MS && found.likeness >= LEAST_LIKENESS;
        findings.holds(Rule::Sync, holds, detail);
        Ok(())
    }
}

/// Containers without edit lists begin with the priming of the sound, so that the picture tells
/// where both of them start.
fn picture_begins(made: &Media) -> f64 {
    let origin = made.facts.format.start_seconds.unwrap_or(0.0);
    span(made.video_packets()).map_or(0.0, |(start, _)| start - origin)
}

fn picture_of(findings: &mut Findings<'_>, source: &VideoFacts, made: &VideoFacts) {
    let size = display_size(source);
    let (wanted, found) = (
        f64::from(size.width) / f64::from(size.height.max(1)),
        f64::from(made.width) / f64::from(made.height.max(1)),
    );
    let detail = format!("{}x{} of a source of {size}", made.width, made.height);
    // A side may have been rounded to two pixels.
    let slack = SHAPE_SHARE + 2.0 / f64::from(made.width.min(made.height).max(1));
    findings.holds(
        Rule::Shape,
        (found / wanted - 1.0).abs() <= slack,
        detail.clone(),
    );
    let is_within = made.width <= size.width + 1 && made.height <= size.height + 1;
    findings.holds(Rule::Upscale, is_within, detail);
    findings.judge(Rule::SourceColours, colours(source, made));
}

fn colours(source: &VideoFacts, made: &VideoFacts) -> Result<String, String> {
    let is_brought_down = is_high_range(source) && !is_high_range(made);
    let pairs = [
        ("transfer", &source.color_transfer, &made.color_transfer),
        ("primaries", &source.color_primaries, &made.color_primaries),
        ("matrix", &source.color_space, &made.color_space),
    ];
    for (what, wanted, found) in pairs {
        let wanted = match is_brought_down {
            true => Some("bt709"),
            false => wanted.as_deref().filter(|it| *it != "gbr"),
        };
        // What a source does not say may be said or not.
        if let Some(wanted) = wanted.filter(|it| found.as_deref() != Some(it)) {
            let found = found.as_deref().unwrap_or("unknown");
            return Err(format!("the {what} is {found} instead of {wanted}"));
        }
    }
    Ok(if is_brought_down {
        "brought down to BT.709"
    } else {
        "kept"
    }
    .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_kept_or_brought_down() {
        let of = |transfer: &str, primaries: &str| VideoFacts {
            color_transfer: Some(transfer.to_owned()),
            color_primaries: Some(primaries.to_owned()),
            color_space: Some("bt709".to_owned()),
            ..VideoFacts::default()
        };
        let (sdr, hdr) = (of("bt709", "bt709"), of("smpte2084", "bt2020"));
        assert!(colours(&sdr, &sdr).is_ok());
        assert!(colours(&hdr, &sdr).is_ok());
        assert!(colours(&hdr, &hdr).is_ok());
        assert!(colours(&sdr, &VideoFacts::default()).is_err());
        assert!(colours(&hdr, &of("bt709", "bt2020")).is_err());
        assert!(colours(&VideoFacts::default(), &sdr).is_ok());
    }
}

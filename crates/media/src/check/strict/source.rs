//! Rules that compare an output with its source.

use std::path::Path;

use reelgate_domain::job::kind::transcode::Clip;
use reelgate_domain::media::{MediaFacts, StreamFacts, VideoFacts};
use tokio::sync::OnceCell;

use super::file::is_high_range;
use super::read::{Media, Packet, Subject, Tools, median, span};
use super::sound::{self, offset};
use super::{CheckError, Findings, Judging, Rule};
use crate::check::ssim;
use crate::plan::window::window;
use crate::plan::{Seek, Window, display_size};

const FRAMES_SHARE: f64 = 0.005;
const SHAPE_SHARE: f64 = 0.02;
const MOST_OFFSET_MS: f64 = 5.0;
/// Sound that is less alike than this is other sound.
const LEAST_LIKENESS: f64 = 0.3;
/// Containers that do not tell which of the sound is priming.
const WITHOUT_PRIMING: [&str; 4] = ["aac", "mpegts", "flv", "hls"];

/// What an output was made from.
pub(super) struct Source<'a> {
    path: &'a Path,
    clip: Option<&'a Clip>,
    window: Window,
    media: Media,
    /// The first seconds of its sound, which all renditions of a master playlist are compared with.
    heard: OnceCell<Vec<f32>>,
}

impl<'a> Source<'a> {
    pub(super) async fn open(
        tools: &Tools<'_>,
        path: &'a Path,
        clip: Option<&'a Clip>,
    ) -> Result<Self, CheckError> {
        let media = tools.media(&Subject::file(path)).await;
        let media = media.map_err(|error| CheckError::Source(Box::new(error)))?;
        let window = window(clip, &media.facts).map_err(|fault| CheckError::Clip(fault.message))?;
        Ok(Self {
            path,
            clip,
            window,
            media,
            heard: OnceCell::new(),
        })
    }

    /// What the source has is in one of `made` at least.
    pub(super) fn kept(&self, made: &[&Media]) -> Result<String, String> {
        kept(&self.media.facts, made)
    }

    pub(super) async fn judge(&self, judging: &mut Judging<'_, '_>) -> Result<(), CheckError> {
        let made = judging.media;
        self.lengths(judging.findings, made);
        if let (Some((_, source)), Some((_, picture))) =
            (self.media.facts.video(), made.facts.video())
        {
            picture_of(judging.findings, source, picture);
            self.likeness(judging).await?;
        }
        if let (Some((source, _)), Some((stream, _))) =
            (self.media.facts.audio(), made.facts.audio())
        {
            language(judging, source, stream);
            self.sync(judging, [stream, source].map(|it| it.index))
                .await?;
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

    async fn likeness(&self, judging: &mut Judging<'_, '_>) -> Result<(), CheckError> {
        if !judging.findings.wants(Rule::Likeness) {
            return Ok(());
        }
        let (check, made, subject) = (judging.check, judging.media, judging.subject);
        let mut reach = subject.reach();
        reach.push(self.path);
        let sides = [
            (self.path, &self.media.facts),
            (subject.path.as_path(), &made.facts),
        ];
        let (runner, engine) = (check.tools.runner, check.tools.engine);
        match ssim::compared(runner, engine, sides, &reach, self.clip).await {
            Ok(found) => {
                judging.measured.ssim = Some(found);
                let least = check.against.least_ssim;
                let detail = format!("SSIM {found:.4}, at least {least} asked for");
                let findings = &mut *judging.findings;
                findings.holds(Rule::Likeness, found >= least, detail);
            }
            Err(error) => judging
                .findings
                .judge(Rule::Likeness, Err(error.to_string())),
        }
        Ok(())
    }

    async fn sync(
        &self,
        judging: &mut Judging<'_, '_>,
        [made, source]: [u32; 2],
    ) -> Result<(), CheckError> {
        if !judging.findings.wants(Rule::Sync) {
            return Ok(());
        }
        let tools = &judging.check.tools;
        let begins = picture_begins(judging.media);
        let heard = sound::samples(tools, judging.subject, made, begins, Seek::Decode).await?;
        let (own, Window { start_ms, seek, .. }) = (Subject::file(self.path), self.window);
        let start = start_ms as f64 / 1000.0;
        let wanted = || sound::samples(tools, &own, source, start, seek);
        let wanted = self.heard.get_or_try_init(wanted).await?;
        let Some(found) = offset(&heard, wanted) else {
            judging.findings.unjudged(
                Rule::Sync,
                "the beginning is silent or too short to compare",
            );
            return Ok(());
        };
        judging.measured.sound_offset_ms = Some(found.ms);
        let detail = format!("{:+.2} ms, alike by {:.2}", found.ms, found.likeness);
        let is_in_step = primings_ms(judging.media)
            .iter()
            .any(|late| (found.ms - late).abs() <= MOST_OFFSET_MS);
        let holds = is_in_step && found.likeness >= LEAST_LIKENESS;
        judging.findings.holds(Rule::Sync, holds, detail);
        Ok(())
    }
}

fn kept(source: &MediaFacts, made: &[&Media]) -> Result<String, String> {
    type Has = fn(&MediaFacts) -> bool;
    let kinds: [(&str, Has); 2] = [
        ("a picture", |facts| facts.video().is_some()),
        ("sound", |facts| facts.audio().is_some()),
    ];
    for (what, has) in kinds {
        if has(source) && !made.iter().any(|media| has(&media.facts)) {
            return Err(format!("the source has {what} and this has none"));
        }
    }
    Ok("nothing is missing".to_owned())
}

fn language(judging: &mut Judging<'_, '_>, source: &StreamFacts, made: &StreamFacts) {
    let Some(language) = &source.language else {
        return;
    };
    let found = made.language.as_deref();
    let detail = format!("{}, of a source in {language}", found.unwrap_or("none"));
    // FFmpeg does not tell languages of what it reads through a playlist.
    if judging.subject.is_playlist && found.is_none() {
        judging.findings.unjudged(Rule::Language, detail);
    } else {
        let holds = found == Some(language);
        judging.findings.holds(Rule::Language, holds, detail);
    }
}

/// Containers without edit lists begin with the priming of the sound, so that the picture tells
/// where both of them start.
fn picture_begins(made: &Media) -> f64 {
    let origin = made.facts.format.start_seconds.unwrap_or(0.0);
    span(made.video_packets()).map_or(0.0, |(start, _)| start - origin)
}

/// How late the sound may seem for what its encoder put before it, in milliseconds: where neither a picture nor the
/// container tells where it begins, its priming is heard.
fn primings_ms(made: &Media) -> Vec<f64> {
    let mut late = vec![0.0];
    let (Some((stream, audio)), []) = (made.facts.audio(), made.video_packets()) else {
        return late;
    };
    if !WITHOUT_PRIMING.iter().any(|format| made.is_of(format)) {
        return late;
    }
    let packets = made.audio_packets().iter();
    let packet = median(packets.map(|packet| packet.seconds).collect()) * 1000.0;
    let samples =
        |count: f64| count * 1000.0 / f64::from(audio.sample_rate.unwrap_or(48_000).max(1));
    match stream.codec_name.as_deref() {
        Some("aac" | "mp3") => late.extend([packet, 2.0 * packet]),
        Some("ac3" | "eac3") => late.push(samples(256.0)),
        Some("opus") => late.push(samples(312.0)),
        _ => {}
    }
    late
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
    use reelgate_domain::media::{AudioFacts, StreamDetail};

    use super::*;

    #[test]
    fn picture_and_sound_may_be_apart_and_not_away() {
        let of = |details: Vec<StreamDetail>| {
            let stream = |detail| StreamFacts {
                detail,
                ..StreamFacts::default()
            };
            let mut media = Media::default();
            media.facts.streams = details.into_iter().map(stream).collect();
            media
        };
        let video = || StreamDetail::Video(VideoFacts::default());
        let audio = || StreamDetail::Audio(AudioFacts::default());
        let (picture, sound) = (of(vec![video()]), of(vec![audio()]));
        let both = of(vec![video(), audio()]);
        assert!(kept(&both.facts, &[&both]).is_ok());
        assert!(kept(&both.facts, &[&picture, &sound]).is_ok());
        assert!(kept(&picture.facts, &[&both]).is_ok());
        assert!(
            kept(&both.facts, &[&picture])
                .unwrap_err()
                .contains("sound")
        );
        assert!(
            kept(&both.facts, &[&sound])
                .unwrap_err()
                .contains("picture")
        );
    }

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

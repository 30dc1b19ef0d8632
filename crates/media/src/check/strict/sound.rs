//! Whether the sound of two files is in step, by correlating the beginnings.

use std::time::Duration;

use super::CheckError;
use super::read::{Subject, Tools, failed};
use crate::argv::Args;
use crate::plan::Seek;
use crate::run::Ended;

/// Samples a second of what is compared: a quarter of a millisecond is fine enough.
const RATE: usize = 4000;
const SECONDS: u64 = 4;
/// As far as sound is looked for in either direction, in samples.
const REACH: usize = RATE / 10;
const PATIENCE: Duration = Duration::from_secs(30);
/// Below this mean square, of samples from -1 to 1, there is nothing to hear.
const SILENCE: f64 = 1e-7;

/// How one sound lies to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Offset {
    /// How much later the first one is.
    pub(super) ms: f64,
    /// 0 for unrelated sounds to 1 for the same.
    pub(super) likeness: f64,
}

/// The first seconds of a stream's sound after `start` seconds, by the clock that begins with the file.
pub(super) async fn samples(
    tools: &Tools<'_>,
    subject: &Subject,
    stream: u32,
    start: f64,
    seek: Seek,
) -> Result<Vec<f32>, CheckError> {
    let args = heard(subject, stream, start, seek);
    let captured = tools
        .run(tools.engine.ffmpeg(), args.0, subject, PATIENCE)
        .await?;
    if captured.ended != Ended::Exited(0) {
        return Err(failed(&captured));
    }
    let pairs = captured.stdout.chunks_exact(2);
    Ok(pairs
        .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0)
        .collect())
}

fn heard(subject: &Subject, stream: u32, start: f64, seek: Seek) -> Args {
    let mut args = Args::default();
    args.add(&["-nostdin", "-hide_banner", "-nostats"])
        .add(&["-loglevel", "level+error"]);
    let mut start = start.max(0.0);
    // After hours that nobody wants to hear it would be given up before its first sample.
    if seek == Seek::Index && start > 0.0 {
        args.pair("-ss", format!("{start:.6}"));
        start = 0.0;
    }
    subject.open(&mut args);
    let filter = format!(
        "atrim=start={start:.6},asetpts=PTS-{start:.6}/TB,aresample={RATE}:async=1:first_pts=0"
    );
    args.pair("-map", format!("0:{stream}"))
        .pair("-filter:a", filter)
        .pair("-t", SECONDS.to_string())
        .add(&["-ac", "1", "-f", "s16le", "-"]);
    args
}

/// None where one of the two is silent or too short.
pub(super) fn offset(made: &[f32], source: &[f32]) -> Option<Offset> {
    let length = made.len().min(source.len());
    let core = REACH..length.checked_sub(REACH).filter(|end| *end > 3 * REACH)?;
    let power = |samples: &[f32]| -> f64 {
        samples
            .iter()
            .map(|sample| f64::from(sample * sample))
            .sum()
    };
    let wanted = &source[core.clone()];
    let wanted_power = power(wanted);
    if wanted_power / (wanted.len() as f64) < SILENCE || power(made) / (made.len() as f64) < SILENCE
    {
        return None;
    }
    // What has been heard of up to each sample: the power of any stretch is a difference of two.
    let mut heard = vec![0.0];
    let mut sum = 0.0;
    heard.extend(made.iter().map(|sample| {
        sum += f64::from(sample * sample);
        sum
    }));
    let score = |lag: usize| -> f64 {
        let end = lag + wanted.len();
        let product = made[lag..end].iter().zip(wanted).map(|(a, b)| a * b);
        let powers = (heard[end] - heard[lag]).max(0.0) * wanted_power;
        f64::from(product.sum::<f32>()) / powers.sqrt().max(f64::MIN_POSITIVE)
    };
    let scores: Vec<f64> = (0..=2 * REACH).map(score).collect();
    let best = scores.iter().copied().fold(0.0, f64::max);
    // Tones are alike at many places; the nearest is meant.
    let alike = (0..scores.len()).filter(|lag| scores[*lag] >= best * 0.999);
    let lag = alike.min_by_key(|lag| lag.abs_diff(REACH))?;
    Some(Offset {
        ms: (lag as f64 - REACH as f64) * 1000.0 / RATE as f64,
        likeness: best,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise that is the same in each run.
    fn noise(length: usize) -> Vec<f32> {
        let mut state = 1_u32;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as f32 / 65_536.0 - 0.5
        };
        (0..length).map(next).collect()
    }

    #[test]
    fn far_moments_are_looked_up_where_there_is_an_index() {
        let line = |start, seek| {
            let args = heard(&Subject::file("/film.mkv".as_ref()), 1, start, seek).0;
            let args: Vec<String> = args.iter().map(|it| it.to_string_lossy().into()).collect();
            args.join(" ")
        };
        let far = line(14_400.0, Seek::Index);
        let (before, after) = far.split_once(" -i ").unwrap();
        assert!(before.contains("-ss 14400.000000"), "{far}");
        assert!(after.contains("atrim=start=0.000000"), "{far}");
        for line in [line(14_400.0, Seek::Decode), line(0.0, Seek::Index)] {
            assert!(!line.contains("-ss"), "{line}");
        }
        assert!(line(14_400.0, Seek::Decode).contains("atrim=start=14400.000000"));
    }

    #[test]
    fn a_shift_is_found_and_quieter_sound_is_the_same() {
        let source = noise(4000);
        let late: Vec<f32> = [vec![0.0; 40], source.clone()].concat();
        let late: Vec<f32> = late.iter().map(|sample| sample / 3.0).collect();
        let found = offset(&late, &source).unwrap();
        assert_eq!(found.ms, 10.0);
        assert!(found.likeness > 0.99, "{found:?}");
        let found = offset(&source[40..], &source).unwrap();
        assert_eq!(found.ms, -10.0);
    }

    #[test]
    fn silence_and_strangers_are_told() {
        let source = noise(8000);
        assert_eq!(offset(&[0.0; 8000], &source), None);
        assert_eq!(offset(&source[..100], &source), None);
        let backwards: Vec<f32> = source.iter().rev().copied().collect();
        assert!(offset(&backwards, &source).unwrap().likeness < 0.3);
    }
}

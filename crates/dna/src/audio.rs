//! From samples to terms of sound: what is stored, and a query's variants for sound that runs faster or slower.

use rusty_chromaprint::{Configuration, Fingerprinter};

use crate::params::{SAMPLES_PER_SECOND, SOUND_SPEEDS};

/// The terms of a piece of sound as they are stored, one in `TERM_SECONDS`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AudioPrint {
    pub terms: Vec<u32>,
    /// How long the sound was, in milliseconds.
    pub millis: u64,
}

/// The terms of a query, for each speed that was tried.
#[derive(Clone, Debug, Default)]
pub struct AudioQuery {
    /// How fast the query's own time passes beside that of the terms, and the terms.
    pub variants: Vec<(f32, Vec<u32>)>,
    pub millis: u64,
}

/// Takes samples, in order: mono, 16 bits, `SAMPLES_PER_SECOND`.
pub struct AudioExtractor {
    samples: u64,
    variants: Vec<Variant>,
}

struct Variant {
    speed: f32,
    fingerprinter: Fingerprinter,
    /// Where the next sample is taken, counted from the one before the last three kept.
    at: f64,
    last: Vec<i16>,
    ready: Vec<i16>,
}

impl AudioExtractor {
    /// For storing, and for searching by sound that was not played faster or slower.
    pub fn to_store() -> Self {
        Self::with_speeds(&[1.0])
    }

    /// For searching, and for storing as well.
    pub fn to_search() -> Self {
        Self::with_speeds(&SOUND_SPEEDS)
    }

    fn with_speeds(speeds: &[f32]) -> Self {
        let variant = |speed: &f32| {
            let mut fingerprinter = Fingerprinter::new(&Configuration::preset_test2());
            fingerprinter
                .start(SAMPLES_PER_SECOND, 1)
                .expect("the library's own rate and one channel are taken");
            Variant {
                speed: *speed,
                fingerprinter,
                at: 1.0,
                last: vec![0],
                ready: Vec::new(),
            }
        };
        Self {
            samples: 0,
            variants: speeds.iter().map(variant).collect(),
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[i16]) {
        self.samples += samples.len() as u64;
        for variant in &mut self.variants {
            variant.push(samples);
        }
    }

    pub fn finish(self) -> (AudioPrint, AudioQuery) {
        let millis = self.samples * 1_000 / u64::from(SAMPLES_PER_SECOND);
        let variants: Vec<(f32, Vec<u32>)> = self
            .variants
            .into_iter()
            .map(|mut variant| {
                variant.fingerprinter.finish();
                (variant.speed, variant.fingerprinter.fingerprint().to_vec())
            })
            .collect();
        let terms = variants[0].1.clone();
        (
            AudioPrint { terms, millis },
            AudioQuery { variants, millis },
        )
    }
}

impl Variant {
    fn push(&mut self, samples: &[i16]) {
        if self.speed == 1.0 {
            self.fingerprinter.consume(samples);
            return;
        }
        // A curve through four samples at a time: above 4 kHz, where it errs most, the terms do not look.
        self.last.extend_from_slice(samples);
        self.ready.clear();
        while let Some(around) = self.last.get(self.at as usize - 1..self.at as usize + 3) {
            let [a, b, c, d] = [0, 1, 2, 3].map(|n: usize| f64::from(around[n]));
            let x = self.at.fract();
            let curve = b + 0.5
                * x
                * (c - a + x * (2.0 * a - 5.0 * b + 4.0 * c - d + x * (3.0 * (b - c) + d - a)));
            self.ready
                .push(curve.round().clamp(-32_768.0, 32_767.0) as i16);
            self.at += f64::from(self.speed);
        }
        let used = (self.at as usize - 1).min(self.last.len());
        self.last.drain(..used);
        self.at -= used as f64;
        self.fingerprinter.consume(&self.ready);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Notes that change, so that terms do.
    fn tune(seconds: f64, speed: f64) -> Vec<i16> {
        let rate = f64::from(SAMPLES_PER_SECOND);
        let sample = |at: usize| {
            let time = at as f64 / rate * speed;
            let note = |step: f64| {
                let number = (time / step) as u64;
                let pitch = (number.wrapping_mul(0x9E37_79B9) >> 7) % 24;
                (time * 220.0 * 2_f64.powf(pitch as f64 / 12.0) * std::f64::consts::TAU).sin()
            };
            ((note(0.31) + note(0.47) + 0.5 * note(0.83)) * 9_000.0) as i16
        };
        (0..(seconds * rate / speed) as usize).map(sample).collect()
    }

    fn wrong_bits(a: &[u32], b: &[u32]) -> f64 {
        let wrong: u32 = a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum();
        f64::from(wrong) / a.len().min(b.len()) as f64
    }

    #[test]
    fn samples_may_come_in_any_pieces() {
        let samples = tune(8.0, 1.0);
        let mut whole = AudioExtractor::with_speeds(&[1.0, 0.97]);
        whole.push(&samples);
        let mut pieces = AudioExtractor::with_speeds(&[1.0, 0.97]);
        for piece in samples.chunks(777) {
            pieces.push(piece);
        }
        let ((print, query), (same, pieced)) = (whole.finish(), pieces.finish());
        assert_eq!((&print, query.variants), (&same, pieced.variants));
        assert_eq!(print.millis, 8_000);
        assert!(
            (38..=48).contains(&print.terms.len()),
            "{}",
            print.terms.len()
        );
    }

    #[test]
    fn sound_that_was_sped_up_is_like_the_original_at_the_speed_that_undoes_it() {
        let mut plain = AudioExtractor::to_store();
        plain.push(&tune(12.0, 1.0));
        let original = plain.finish().0.terms;
        let mut fast = AudioExtractor::with_speeds(&[1.0, 0.96]);
        fast.push(&tune(12.0, 1.0 / 0.96));
        let variants = fast.finish().1.variants;
        let undone = wrong_bits(&variants[1].1, &original);
        assert!(undone < 4.0, "{undone}");
        assert!(wrong_bits(&variants[0].1, &original) > undone + 2.0);
    }

    #[test]
    fn silence_and_nothing_are_no_error() {
        let mut silent = AudioExtractor::to_store();
        silent.push(&[0; 40_000]);
        assert!(silent.finish().0.terms.len() > 5);
        let (print, query) = AudioExtractor::to_search().finish();
        assert!(print.terms.is_empty() && query.variants.len() == 11);
    }
}

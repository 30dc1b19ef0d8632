//! What makes a sound as loud as it is to be. Pure.

use reelgate_domain::job::kind::transcode::Volume;

use super::Loudness;

/// What is done to a sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    pub gain_db: f64,
    /// What no peak may be above, in dBTP, where the gain alone would put some there.
    pub limit_dbtp: Option<f64>,
}

/// What encoders of lossy sound put on top of peaks, at most of the time.
const HEADROOM_DB: f64 = 1.0;
/// A gain that amplifies noise only.
const MOST_GAIN_DB: f64 = 60.0;
/// No sample of it is another than zero.
const SILENT_DB: f64 = -100.0;
/// As close as it has to be.
const CLOSE_LU: f64 = 0.2;
const CLOSE_DB: f64 = 0.1;
/// The lowest limit that the limiter takes: a sixteenth of full scale.
const LEAST_LIMIT_DB: f64 = -24.0;

impl Level {
    const fn plain(gain_db: f64) -> Self {
        Self {
            gain_db,
            limit_dbtp: None,
        }
    }
}

/// The level to begin with for a sound of this loudness; none for silence, which stays what it is. With a limit, the
/// sound may come out less loud than it is to be.
pub(crate) fn first_level(volume: Volume, found: Loudness) -> Option<Level> {
    match volume {
        Volume::Gain { db } => Some(Level::plain(db)),
        // What is too short or too still to have a loudness has a peak.
        Volume::Peak { level } => (found.true_peak > SILENT_DB)
            .then(|| Level::plain((decibels(level) - found.true_peak).min(MOST_GAIN_DB))),
        Volume::Loudness {
            integrated,
            true_peak,
        } => {
            let gain_db = (integrated - found.integrated?).min(MOST_GAIN_DB);
            let most = (true_peak - HEADROOM_DB).max(LEAST_LIMIT_DB);
            Some(Level {
                gain_db,
                limit_dbtp: (found.true_peak + gain_db > most).then_some(most),
            })
        }
    }
}

/// Whether what this level makes has to be measured: a limit takes some away, and a low peak is told in coarse steps.
pub(crate) fn is_certain(volume: Volume, level: Level, found: Loudness) -> bool {
    match volume {
        Volume::Gain { .. } => true,
        Volume::Peak { .. } => found.true_peak > -20.0,
        Volume::Loudness { .. } => level.limit_dbtp.is_none(),
    }
}

/// The next level to try where this one made a sound of this loudness; none if it is close enough.
pub(crate) fn next_level(volume: Volume, tried: Level, found: Loudness) -> Option<Level> {
    let (lacking, close) = match volume {
        Volume::Gain { .. } => return None,
        Volume::Peak { level } => (decibels(level) - found.true_peak, CLOSE_DB),
        // The more is added, the more a limit takes away.
        Volume::Loudness { integrated, .. } => {
            (1.3 * (integrated - found.integrated?), 1.3 * CLOSE_LU)
        }
    };
    let gain_db = (tried.gain_db + lacking).min(MOST_GAIN_DB);
    (lacking.abs() > close && gain_db != tried.gain_db).then_some(Level { gain_db, ..tried })
}

/// A share of full scale in dB.
pub(crate) fn decibels(share: f64) -> f64 {
    20.0 * share.max(1e-6).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Volume = Volume::Loudness {
        integrated: -16.0,
        true_peak: -1.0,
    };

    fn sound(integrated: f64, true_peak: f64) -> Loudness {
        Loudness {
            integrated: Some(integrated),
            true_peak,
        }
    }

    #[test]
    fn peaks_are_limited_only_where_the_gain_would_put_them_too_high() {
        let level = |found| first_level(TARGET, found);
        assert_eq!(level(sound(-20.0, -8.0)), Some(Level::plain(4.0)));
        assert_eq!(level(sound(-10.0, 0.5)), Some(Level::plain(-6.0)));
        let limited = level(sound(-20.0, -5.0)).unwrap();
        assert_eq!((limited.gain_db, limited.limit_dbtp), (4.0, Some(-2.0)));
        let silence = Loudness {
            integrated: None,
            true_peak: -120.0,
        };
        assert_eq!(level(silence), None);
        assert_eq!(first_level(Volume::Peak { level: 0.5 }, silence), None);
        let blip = Loudness {
            integrated: None,
            true_peak: -18.0,
        };
        let level = first_level(Volume::Peak { level: 1.0 }, blip);
        assert_eq!(level, Some(Level::plain(18.0)), "too short for a loudness");
        let peak = first_level(Volume::Peak { level: 1.0 }, sound(-20.0, -3.0));
        assert_eq!(peak, Some(Level::plain(3.0)));
    }

    #[test]
    fn what_a_limit_takes_off_is_made_up_for() {
        let tried = Level {
            gain_db: 8.0,
            limit_dbtp: Some(-2.0),
        };
        let next = next_level(TARGET, tried, sound(-17.0, -2.0)).unwrap();
        assert!((next.gain_db - 9.3).abs() < 1e-9);
        assert_eq!(next.limit_dbtp, Some(-2.0));
        assert_eq!(next_level(TARGET, tried, sound(-16.1, -2.0)), None);
        assert!(!is_certain(TARGET, tried, sound(-20.0, -5.0)));
    }

    #[test]
    fn low_peaks_are_measured_again() {
        let volume = Volume::Peak { level: 1.0 };
        let quiet = sound(-60.0, -46.0);
        let tried = first_level(volume, quiet).unwrap();
        assert!(!is_certain(volume, tried, quiet));
        let next = next_level(volume, tried, sound(-15.0, -1.5)).unwrap();
        assert!((next.gain_db - 47.5).abs() < 1e-9);
        assert_eq!(next_level(volume, tried, sound(-15.0, -0.05)), None);
    }
}

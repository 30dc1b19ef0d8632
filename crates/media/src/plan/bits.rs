//! The rates that follow from the source's own.

use reelgate_domain::job::kind::transcode::{
    AboveSource, AudioSettings, RateControl, VideoSettings,
};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{MediaFacts, StreamDetail, StreamFacts};

/// The rates that encoders are given.
const LEAST_KBPS: u32 = 10;
const MOST_KBPS: u32 = 50_000;

/// kbit/s of the source's moving picture: what the stream tells, or what the file has beyond its sound.
pub(super) fn video_kbps(facts: &MediaFacts, stream: &StreamFacts) -> Option<u32> {
    let rest = || {
        let mut others = facts
            .streams
            .iter()
            .filter(|other| other.index != stream.index);
        let sound: u64 = others.try_fold(0, |sum: u64, other| match &other.detail {
            StreamDetail::Audio(_) => Some(sum + other.bit_rate?),
            // Another picture may have any share of the whole.
            StreamDetail::Video(video) if !video.is_picture => None,
            _ => Some(sum),
        })?;
        facts.format.bit_rate?.checked_sub(sound)
    };
    kilo(stream.bit_rate.or_else(rest))
}

/// kbit/s of the source's sound; of the file, where there is nothing else in it.
pub(super) fn audio_kbps(facts: &MediaFacts, stream: &StreamFacts) -> Option<u32> {
    let is_alone = facts.streams.len() == 1;
    let whole = || facts.format.bit_rate.filter(|_| is_alone);
    kilo(stream.bit_rate.or_else(whole))
}

fn kilo(bits: Option<u64>) -> Option<u32> {
    let kbps = bits.filter(|bits| *bits > 0)?.div_ceil(1000);
    u32::try_from(kbps).ok()
}

/// The rate control of a picture, in numbers of its own.
pub(super) fn video_rate(
    wanted: &VideoSettings,
    facts: &MediaFacts,
    stream: &StreamFacts,
) -> Result<RateControl, Fault> {
    let source = video_kbps(facts, stream);
    let rate = match (wanted.rate, source) {
        (
            RateControl::Source {
                least_kbps,
                most_kbps,
                cap,
            },
            Some(kbps),
        ) => RateControl::Average {
            kbps: kbps.clamp(
                least_kbps.unwrap_or(LEAST_KBPS),
                most_kbps.unwrap_or(MOST_KBPS),
            ),
            cap,
        },
        (RateControl::Source { .. }, None) => {
            return Err(unfit(
                "the source's picture is to keep its rate, and nothing tells it".to_owned(),
            ));
        }
        (rate, _) => rate,
    };
    let asked = match rate {
        RateControl::Average { kbps, .. } | RateControl::Constant { kbps } => kbps,
        // A quality has no rate that could be compared.
        _ => return Ok(rate),
    };
    let Some(source) = source.filter(|source| *source < asked) else {
        return Ok(rate);
    };
    let lower = source.max(LEAST_KBPS);
    match (wanted.above_source, rate) {
        (AboveSource::Keep, rate) => Ok(rate),
        (AboveSource::Lower, RateControl::Average { cap, .. }) => {
            Ok(RateControl::Average { kbps: lower, cap })
        }
        (AboveSource::Lower, _) => Ok(RateControl::Constant { kbps: lower }),
        (AboveSource::Fail, _) => Err(above("picture", asked, source)),
    }
}

/// The kbit/s of sound, at a rate of samples that was chosen for those asked for.
pub(super) fn sound_kbps(
    wanted: &AudioSettings,
    hz: u32,
    facts: &MediaFacts,
    stream: &StreamFacts,
) -> Result<u32, Fault> {
    let source = audio_kbps(facts, stream);
    let Some(source) = source.filter(|source| *source < wanted.kbps) else {
        return Ok(wanted.kbps);
    };
    match wanted.above_source {
        AboveSource::Keep => Ok(wanted.kbps),
        AboveSource::Fail => Err(above("sound", wanted.kbps, source)),
        AboveSource::Lower => {
            // Frames of some codecs have few rates: the next below, or the lowest there is.
            let holds = |kbps: &u32| wanted.codec.holds(*kbps, wanted.channels, hz);
            let below = (8..=source).rev().find(holds);
            Ok(below
                .or_else(|| (8..=wanted.kbps).find(holds))
                .unwrap_or(wanted.kbps))
        }
    }
}

fn above(what: &str, asked: u32, source: u32) -> Fault {
    unfit(format!(
        "{asked} kbit/s are asked for, and the source's {what} has {source}"
    ))
}

fn unfit(message: String) -> Fault {
    Fault::new(FaultCode::SpecUnfit, message)
}

#[cfg(test)]
mod tests {
    use reelgate_domain::job::kind::transcode::AudioCodec;

    use super::*;
    use crate::fixtures::facts;

    fn of_film(wanted: &VideoSettings) -> Result<RateControl, Fault> {
        let facts = facts("bbb_720p25_aac51");
        let (stream, _) = facts.video().unwrap();
        video_rate(wanted, &facts, stream)
    }

    fn own() -> u32 {
        let facts = facts("bbb_720p25_aac51");
        video_kbps(&facts, facts.video().unwrap().0).unwrap()
    }

    fn asked(kbps: u32, above_source: AboveSource) -> Result<RateControl, Fault> {
        of_film(&VideoSettings {
            rate: RateControl::Average { kbps, cap: None },
            above_source,
            ..VideoSettings::default()
        })
    }

    #[test]
    fn a_rate_above_the_sources_is_kept_or_lowered_or_refused() {
        let average = |kbps| RateControl::Average { kbps, cap: None };
        let own = own();
        assert_eq!(asked(own + 9, AboveSource::Keep), Ok(average(own + 9)));
        assert_eq!(asked(own + 9, AboveSource::Lower), Ok(average(own)));
        assert_eq!(asked(own - 9, AboveSource::Lower), Ok(average(own - 9)));
        assert_eq!(asked(own, AboveSource::Fail), Ok(average(own)));
        let fault = asked(own + 1, AboveSource::Fail).unwrap_err();
        assert_eq!(fault.code, FaultCode::SpecUnfit);
        assert!(fault.message.contains("kbit/s are asked for"));
    }

    #[test]
    fn the_sources_rate_is_kept_between_bounds() {
        let of = |least_kbps, most_kbps| {
            let rate = of_film(&VideoSettings {
                rate: RateControl::Source {
                    least_kbps,
                    most_kbps,
                    cap: None,
                },
                ..VideoSettings::default()
            });
            match rate.unwrap() {
                RateControl::Average { kbps, cap: None } => kbps,
                other => panic!("{other:?}"),
            }
        };
        let own = own();
        assert_eq!(of(None, None), own);
        assert_eq!(of(Some(own + 5), None), own + 5);
        assert_eq!(of(None, Some(own - 5)), own - 5);
    }

    #[test]
    fn what_no_stream_tells_follows_from_the_file() {
        let mut facts = facts("bbb_720p25_aac51");
        for stream in &mut facts.streams {
            stream.bit_rate = match stream.detail {
                StreamDetail::Audio(_) => Some(64_000),
                _ => None,
            };
        }
        facts.format.bit_rate = Some(564_000);
        let stream = facts.video().unwrap().0.clone();
        assert_eq!(video_kbps(&facts, &stream), Some(500));
        let sound = facts.audio().unwrap().0.index as usize;
        facts.streams[sound].bit_rate = None;
        assert_eq!(video_kbps(&facts, &stream), None);
    }

    #[test]
    fn sound_is_lowered_to_a_rate_that_its_frames_have() {
        let mut facts = facts("bbb_720p25_aac51");
        let sound = facts.audio().unwrap().0.index as usize;
        facts.streams[sound].bit_rate = Some(100_000);
        let lowered = |codec| {
            let wanted = AudioSettings {
                codec,
                kbps: 192,
                above_source: AboveSource::Lower,
                ..AudioSettings::default()
            };
            sound_kbps(&wanted, 44_100, &facts, &facts.streams[sound]).unwrap()
        };
        assert_eq!(lowered(AudioCodec::Aac), 100);
        assert_eq!(lowered(AudioCodec::Mp3), 96);
        assert_eq!(lowered(AudioCodec::Ac3), 96);
    }
}

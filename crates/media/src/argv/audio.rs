//! The filters of a sound.

use super::cut_start;
use crate::plan::{AudioPlan, Mix, Window};

pub(super) fn filters(audio: &AudioPlan, window: &Window) -> String {
    let mut chain = unchanged(audio, window);
    chain.extend(gain(audio));
    chain.join(",")
}

/// Those that come before its volume is changed.
pub(super) fn unchanged(audio: &AudioPlan, window: &Window) -> Vec<String> {
    let cut = cut_start(window, "a").into_iter();
    cut.chain([mixed(audio.mix, audio.channels)]).collect()
}

/// Those that change its volume.
pub(super) fn gain(audio: &AudioPlan) -> Option<String> {
    let level = audio.level?;
    let gain = format!("volume={}dB:precision=float", level.gain_db);
    let Some(limit) = level.limit_dbtp else {
        return Some(gain);
    };
    // Peaks between samples show at four times the rate.
    let limit = 10_f64.powf(limit / 20.0).clamp(0.0625, 1.0);
    let rate = audio.sample_rate;
    Some(format!(
        "{gain},aresample=192000,alimiter=limit={limit:.5}:level=0:latency=1,aresample={rate}"
    ))
}

/// Gaps become silence, so that sound never runs ahead of the picture.
pub(super) fn mixed(mix: Mix, channels: u32) -> String {
    const PLAIN: &str = "aresample=async=1";
    match mix {
        Mix::Spread => PLAIN.to_owned(),
        // The channels may change midway.
        Mix::Double => {
            format!("{PLAIN},aformat=channel_layouts=mono,pan=stereo|c0=c0|c1=c0")
        }
        Mix::Down => {
            format!("{PLAIN}:rematrix_maxval=1,aformat=channel_layouts={channels}c")
        }
    }
}

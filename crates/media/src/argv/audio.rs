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

/// The one that changes its volume.
pub(super) fn gain(audio: &AudioPlan) -> Option<String> {
    let db = audio.gain_db?;
    Some(format!("volume={db}dB:precision=float"))
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

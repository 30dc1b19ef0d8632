//! The filters of a sound.

use super::cut_start;
use crate::plan::{AudioPlan, Mix, Window};

pub(super) fn filters(audio: &AudioPlan, window: &Window) -> String {
    let mut chain: Vec<String> = cut_start(window, "a").into_iter().collect();
    chain.push(mixed(audio));
    if let Some(db) = audio.gain_db {
        chain.push(format!("volume={db}dB:precision=float"));
    }
    chain.join(",")
}

/// Gaps become silence, so that sound never runs ahead of the picture.
fn mixed(audio: &AudioPlan) -> String {
    const PLAIN: &str = "aresample=async=1";
    match audio.mix {
        Mix::Spread => PLAIN.to_owned(),
        // The channels may change midway.
        Mix::Double => {
            format!("{PLAIN},aformat=channel_layouts=mono,pan=stereo|c0=c0|c1=c0")
        }
        Mix::Down => format!(
            "{PLAIN}:rematrix_maxval=1,aformat=channel_layouts={}c",
            audio.channels
        ),
    }
}

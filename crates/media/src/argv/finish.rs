//! Filters of the last change of an output's frames.

use reelgate_domain::job::kind::transcode::GifColours;

use crate::plan::{Finish, VideoPlan};

/// What follows the filters before, with the comma between them; names of what is in between are those of the output
/// at place `part` of its process.
pub(super) fn filters(video: &VideoPlan, part: usize) -> String {
    // The scaler would take what is untagged for standard definition.
    let scaled = format!(
        ",scale=flags=bicubic+accurate_rnd:in_color_matrix={}:in_range=tv",
        video.matrix_name()
    );
    match video.finish {
        Finish::None => String::new(),
        Finish::Fields => ",interlace=scan=tff:lowpass=linear".to_owned(),
        Finish::Webp => {
            format!("{scaled}:out_color_matrix=smpte170m:out_range=tv,format=yuv420p")
        }
        Finish::Colours(GifColours::General) => format!("{scaled},format=bgr8"),
        Finish::Colours(GifColours::Sierra) => with_palettes(&scaled, part, "sierra2_4a"),
        Finish::Colours(GifColours::Bayer) => with_palettes(&scaled, part, "bayer"),
    }
}

/// Each picture gets a palette of its own, at once: one for all would be known when all of them are in memory.
fn with_palettes(scaled: &str, part: usize, dither: &str) -> String {
    format!(
        "{scaled},format=bgra,split[q{part}a][q{part}b];[q{part}a]palettegen=stats_mode=single[q{part}p];\
         [q{part}b][q{part}p]paletteuse=new=1:dither={dither}"
    )
}

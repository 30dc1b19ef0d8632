//! The filters that take, turn and place a picture.

use reelgate_domain::job::kind::transcode::Fill;

use crate::plan::{Framing, Padding, Size, Turn};

/// What comes before the scaler.
pub(super) fn before_scaling(framing: &Framing) -> Vec<String> {
    let mut chain = Vec::new();
    if let Some(area) = framing.crop {
        // Where colours are at every second pixel, odd corners would be moved.
        chain.push(format!(
            "crop=w={}:h={}:x={}:y={}:exact=1",
            area.width, area.height, area.left, area.top
        ));
    }
    match framing.turn {
        Turn::None => {}
        Turn::Clockwise => chain.push("transpose=clock".to_owned()),
        Turn::Half => chain.push("hflip,vflip".to_owned()),
        Turn::CounterClockwise => chain.push("transpose=cclock".to_owned()),
        Turn::By {
            degrees,
            square,
            around,
            fill,
        } => chain.push(format!(
            "scale=w={}:h={}:flags=bicubic+accurate_rnd,setsar=1,\
             rotate=a={degrees}*PI/180:ow={}:oh={}:c={}",
            square.width,
            square.height,
            around.width,
            around.height,
            colour(fill)
        )),
    }
    chain
}

/// What comes after it.
pub(super) fn after_scaling(framing: &Framing) -> Option<String> {
    let cut = |Size { width, height }| format!("crop=w={width}:h={height}");
    let pad = |pad: Padding| {
        format!(
            "pad=w={}:h={}:x={}:y={}:color={}",
            pad.size.width,
            pad.size.height,
            pad.left,
            pad.top,
            colour(pad.fill)
        )
    };
    framing.cut.map(cut).or(framing.pad.map(pad))
}

const fn colour(fill: Fill) -> &'static str {
    match fill {
        Fill::Black => "black",
        Fill::White => "white",
    }
}

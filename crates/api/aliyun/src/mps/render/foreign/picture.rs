//! What becomes of the picture of another dialect's job, and what is laid over it.

use reelgate_domain::job::kind::transcode::{
    AboveSource, Area, Corner, Fit, GifColours, Mark, Overlay, PixelFormat, RateControl, Scan,
    Upscale, VideoSettings,
};
use serde_json::{Map, Value, json};

use super::{file, put};

/// The members of `Video` that say how frames are made; defaults are left out. The answer has none for
/// `LongShortMode` and `Hdr2sdr`.
pub(super) fn frames(members: &mut Map<String, Value>, settings: &VideoSettings) {
    if let Some(width) = settings.width {
        put(members, "Width", width.to_string());
    }
    if let Some(height) = settings.height {
        put(members, "Height", height.to_string());
    }
    if let Some(fps) = settings.fps {
        put(members, "Fps", fps.to_string());
    }
    if let Some(fps) = settings.max_fps {
        put(members, "MaxFps", fps.to_string());
    }
    if let Some(pad) = settings.pad {
        put(members, "Pad", area(pad));
    }
    match settings.crop {
        Some(crop) => put(members, "Crop", area(crop)),
        None if settings.crop_borders => put(members, "Crop", "border"),
        None => {}
    }
    match settings.scan {
        Scan::AsTagged => {}
        Scan::Auto => put(members, "ScanMode", "auto"),
        Scan::Interlaced => put(members, "ScanMode", "interlaced"),
    }
    if settings.pixel_format != PixelFormat::default() {
        put(members, "PixFmt", settings.pixel_format.to_string());
    }
}

fn area(area: Area) -> String {
    let Area {
        width,
        height,
        left,
        top,
    } = area;
    format!("{width}:{height}:{left}:{top}")
}

/// Bounds of a rate that is the source's.
pub(super) fn bounds(members: &mut Map<String, Value>, rate: RateControl) {
    let RateControl::Source {
        least_kbps,
        most_kbps,
        ..
    } = rate
    else {
        return;
    };
    let mut bounds = Map::new();
    for (name, kbps) in [("Max", most_kbps), ("Min", least_kbps)] {
        if let Some(kbps) = kbps {
            put(&mut bounds, name, kbps.to_string());
        }
    }
    if !bounds.is_empty() {
        put(members, "BitrateBnd", bounds);
    }
}

/// The members of `TransConfig` that say how sizes are reached.
pub(super) fn resizing(members: &mut Map<String, Value>, video: &VideoSettings) {
    match video.fit {
        Fit::Stretch => {}
        Fit::Crop => put(members, "AdjDarMethod", "crop"),
        Fit::Pad => put(members, "AdjDarMethod", "pad"),
    }
    match video.upscale {
        Upscale::Allow => {}
        Upscale::KeepSize => put(members, "IsCheckReso", "true"),
        Upscale::Fail => put(members, "IsCheckResoFail", "true"),
    }
}

/// The flag that says what becomes of rates above the source's.
pub(super) fn above(
    members: &mut Map<String, Value>,
    above: AboveSource,
    [lower, fail]: [&str; 2],
) {
    match above {
        AboveSource::Keep => {}
        AboveSource::Lower => put(members, lower, "true"),
        AboveSource::Fail => put(members, fail, "true"),
    }
}

/// `MuxConfig.Gif`, in the numbers that this product counts in.
pub(super) fn gif(plays: u32, final_delay_cs: Option<u32>, colours: GifColours) -> Value {
    let again = match plays {
        0 => 0,
        1 => -1,
        plays => i64::from(plays) - 1,
    };
    let mut members = Map::new();
    put(&mut members, "Loop", again.to_string());
    if let Some(delay) = final_delay_cs {
        put(&mut members, "FinalDelay", delay.to_string());
    }
    let (is_custom, mode) = match colours {
        GifColours::Sierra => ("true", Some("sierra")),
        GifColours::Bayer => ("true", Some("bayer")),
        GifColours::General => ("false", None),
    };
    put(&mut members, "IsCustomPalette", is_custom);
    if let Some(mode) = mode {
        put(&mut members, "DitherMode", mode);
    }
    Value::Object(members)
}

/// Pictures that are laid over in corners; the answer has no place for others and for texts.
pub(super) fn marks(overlays: &[Overlay]) -> Option<Value> {
    let marks: Vec<Value> = overlays.iter().filter_map(mark).collect();
    (!marks.is_empty()).then(|| json!({"WaterMark": marks}))
}

fn mark(overlay: &Overlay) -> Option<Value> {
    let Mark::Picture(picture) = &overlay.mark else {
        return None;
    };
    let corner = match overlay.corner {
        // The product has none for it.
        Corner::Center => return None,
        Corner::TopLeft => "TopLeft",
        Corner::TopRight => "TopRight",
        Corner::BottomLeft => "BottomLeft",
        Corner::BottomRight => "BottomRight",
    };
    Some(json!({"Type": "Image", "InputFile": file(&picture.object), "ReferPos": corner}))
}

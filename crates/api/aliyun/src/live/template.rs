//! Templates as this product shows them.

use reelgate_api_kit::time::format_utc;
use reelgate_domain::stream::{
    EdgeTemplate, Follow, LiveCodec, LiveGop, LiveSettings, Side, TemplateKind,
};
use serde_json::{Value, json};

/// The type of all that there is here.
pub(super) const COMMON: &str = "common";
/// As the source is.
const AS_SOURCE: &str = "ws";

/// The words for codecs. The vendor has none for what is not encoded.
pub(super) const fn codec_word(codec: LiveCodec) -> &'static str {
    match codec {
        LiveCodec::H264 => "H.264",
        LiveCodec::H265 => "H.265",
        LiveCodec::Copy => "copy",
    }
}

/// All of it as texts, as the vendor has it.
pub(super) fn shown(template: &EdgeTemplate) -> Value {
    let settings = &template.settings;
    json!({
        "TemplateId": template.id.to_string(),
        "Name": template.name,
        "Type": match template.kind { TemplateKind::Common => COMMON },
        "Codec": codec_word(settings.codec),
        "Resolution": resolution(settings),
        "Bitrate": followed(settings.video_kbps, |kbps| kbps.to_string()),
        "Fps": followed(settings.milli_fps, thousandths),
        "Gop": followed(settings.gop, |gop| match gop {
            LiveGop::Frames(frames) => frames.to_string(),
            LiveGop::Millis(millis) => format!("{}s", thousandths(millis)),
        }),
        "CreateTime": format_utc(template.created_at.as_millis()),
    })
}

fn resolution(settings: &LiveSettings) -> String {
    let side = |side| match side {
        Side::Source => AS_SOURCE.to_owned(),
        // Even, as the vendor's number for it means in encoders.
        Side::Ratio => "-2".to_owned(),
        Side::Pixels(pixels) => pixels.to_string(),
    };
    match (settings.width, settings.height) {
        (Side::Source, Side::Source) => AS_SOURCE.to_owned(),
        (width, height) => format!("{}*{}", side(width), side(height)),
    }
}

fn followed<T>(value: Follow<T>, text: impl FnOnce(T) -> String) -> String {
    match value {
        Follow::Source => AS_SOURCE.to_owned(),
        Follow::Fixed(value) => text(value),
    }
}

/// A number of thousandths without needless digits.
fn thousandths(value: u32) -> String {
    let (whole, rest) = (value / 1000, value % 1000);
    let text = format!("{whole}.{rest:03}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use reelgate_service::built_in_templates;

    use super::*;

    #[test]
    fn templates_are_shown_in_the_vendors_words() {
        let check = |name: &str, expected: [&str; 5]| {
            let all = built_in_templates();
            let shown = shown(all.iter().find(|it| it.name == name).unwrap());
            let fields = ["Codec", "Resolution", "Bitrate", "Fps", "Gop"];
            assert_eq!(fields.map(|field| shown[field].as_str().unwrap()), expected);
            crate::vod::shapes::LIVE.check("GetEdgeTranscodeTemplate", &json!({"Template": shown}));
        };
        check("720p-h264", ["H.264", "-2*720", "2500", "ws", "2s"]);
        check("source-h265", ["H.265", "ws", "ws", "ws", "2s"]);
        check("copy", ["copy", "ws", "ws", "ws", "ws"]);
    }

    #[test]
    fn the_page_has_the_templates_that_ship_with_the_program() {
        let page = include_str!("../../../../../docs/dialects/aliyun-live.md");
        for template in built_in_templates() {
            let shown = shown(&template);
            let fields = [
                "Name",
                "TemplateId",
                "Codec",
                "Resolution",
                "Bitrate",
                "Fps",
                "Gop",
            ];
            let cells = fields.map(|field| format!(" `{}` |", shown[field].as_str().unwrap()));
            let row = format!("\n|{}\n", cells.concat());
            assert!(page.contains(&row), "the page should have{row}");
        }
    }

    #[test]
    fn thousandths_have_no_more_digits_than_they_need() {
        for (value, text) in [
            (30_000, "30"),
            (29_970, "29.97"),
            (500, "0.5"),
            (1_001, "1.001"),
        ] {
            assert_eq!(thousandths(value), text);
        }
    }
}

//! Pictures of HDR10 that stay what they are.

use serde_json::json;

use crate::support::{facts, generate, make, spec};

#[test]
fn how_a_picture_was_mastered_is_kept_in_ten_bits_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let display = "G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L(10000000,50)";
    let colours = "-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc";
    let source = generate(
        folder.path(),
        "hdr10.mkv",
        &format!(
            "-f lavfi -i testsrc2=s=320x180:d=1 -pix_fmt yuv420p10le {colours} -c:v libx265 -preset ultrafast \
             -x265-params log-level=error:hdr10=1:master-display={display}:max-cll=1000,400"
        ),
    );
    let known = facts(&source).unwrap();
    let known = known.video().unwrap().1;
    let mastering = known
        .mastering
        .expect("the frames say how they were mastered");
    assert_eq!(
        (mastering.red, mastering.white),
        ([35_400, 14_600], [15_635, 16_450])
    );
    assert_eq!(
        (mastering.most_luminance, mastering.least_luminance),
        (10_000_000, 50)
    );
    assert_eq!(known.light.unwrap().most, 1000);
    let video = json!({"codec": "h265", "profile": "main", "pixel_format": "yuv420p10", "preset": "veryfast"});
    for container in [
        json!({"format": "mp4"}),
        json!({"format": "ts"}),
        json!({"format": "mkv"}),
        json!({"format": "hls", "segments": "fmp4", "segment_seconds": 1}),
    ] {
        let settings = json!({"container": container, "video": video});
        let made = make(&source, &spec("film.m3u8", settings));
        let (_, told) = made.video();
        assert_eq!(
            (told.mastering, told.light),
            (known.mastering, known.light),
            "{container}"
        );
        assert_eq!(
            told.color_transfer.as_deref(),
            Some("smpte2084"),
            "{container}"
        );
        assert_eq!(
            told.color_primaries.as_deref(),
            Some("bt2020"),
            "{container}"
        );
    }
    let settings = json!({"container": {"format": "mp4"}, "video": {"preset": "veryfast"}});
    let made = make(&source, &spec("film.mp4", settings));
    let standard = facts(&made.main()).unwrap();
    let (_, standard) = standard.video().unwrap();
    assert_eq!((standard.mastering, standard.light), (None, None));
    assert_eq!(standard.color_transfer.as_deref(), Some("bt709"));
}

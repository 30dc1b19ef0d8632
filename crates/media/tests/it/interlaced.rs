//! Frames of two fields that are made, measured by the filter that looks for them.

use std::path::Path;

use reelgate_domain::job::FaultCode;
use reelgate_domain::job::kind::transcode::OutputSpec;
use serde_json::json;

use crate::support::{ENGINE, command, entries, generate, likeness, make, mp4, try_make};

fn fields(fps: f64) -> OutputSpec {
    let mut spec = mp4(
        json!({"scan": "interlaced", "fps": fps, "preset": "veryfast", "gop": {"seconds": 1.0}}),
    );
    spec.settings.audio = None;
    spec
}

/// Frames whose upper field is first, whose lower one is, and those of one moment, as most of those around say.
fn seen(file: &Path) -> [u32; 3] {
    let args = ["-hide_banner", "-nostdin", "-i", file.to_str().unwrap()];
    let tail = ["-vf", "idet", "-f", "null", "-"];
    let log = command(ENGINE.ffmpeg()).args(args).args(tail).output();
    let log = String::from_utf8(log.unwrap().stderr).unwrap();
    let (_, counts) = log.rsplit_once("Multi frame detection:").unwrap();
    ["TFF:", "BFF:", "Progressive:"].map(|name| {
        let (_, rest) = counts.split_once(name).unwrap();
        rest.split_whitespace().next().unwrap().parse().unwrap()
    })
}

#[test]
fn two_pictures_become_the_fields_of_one_frame() {
    let folder = tempfile::tempdir().unwrap();
    let args = "-f lavfi -i testsrc2=s=320x180:r=50:d=2 -c:v libx264 -preset ultrafast -qp 5";
    let source = generate(folder.path(), "moves.mp4", args);
    for container in ["mp4", "mov", "mkv", "ts", "flv"] {
        let mut spec = fields(25.0);
        spec.settings.container = serde_json::from_value(json!({"format": container})).unwrap();
        let made = make(&source, &spec);
        let (stream, video) = made.video();
        assert_eq!(stream.frames, Some(50), "{container}");
        let order = video.field_order.as_deref();
        assert!(matches!(order, Some("tt" | "tb")), "{container}: {order:?}");
        let [top, bottom, whole] = seen(&made.main());
        assert!(
            top >= 48 && bottom + whole <= 2,
            "{container}: {top} {bottom} {whole}"
        );
        // Each of them has the moment of its own: taken apart, they are the source's pictures again.
        if container == "mp4" {
            let apart = generate(
                folder.path(),
                "apart.mkv",
                &format!(
                    "-i {} -vf bwdif=send_field -c:v ffv1",
                    made.main().display()
                ),
            );
            assert_eq!(entries(&apart, "v", "packet=pts_time").len(), 100);
            let alike = likeness(&apart, &source, &[], "null");
            assert!(alike > 0.8, "{alike}");
        }
    }
}

#[test]
fn fields_of_the_source_are_fields_of_the_output() {
    let folder = tempfile::tempdir().unwrap();
    let args = "-f lavfi -i testsrc2=s=320x180:r=50:d=2 -vf interlace=lowpass=off -c:v libx264 -preset ultrafast \
        -qp 5 -flags:v +ilme+ildct";
    let source = generate(folder.path(), "fields.mp4", args);
    let [top, ..] = seen(&source);
    assert!(top >= 48);
    let mut spec = fields(25.0);
    // Scaled by fields: lines of both would be mixed else.
    spec.settings.video.as_mut().unwrap().height = Some(120);
    let made = make(&source, &spec);
    let [top, bottom, whole] = seen(&made.main());
    assert!(top >= 48 && bottom + whole <= 2, "{top} {bottom} {whole}");
}

#[test]
fn a_height_without_room_for_colours_of_both_fields_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let args = "-f lavfi -i testsrc2=s=320x182:r=25:d=0.4 -c:v libx264 -preset ultrafast";
    let source = generate(folder.path(), "odd.mp4", args);
    let fault = try_make(&source, &fields(25.0)).map(|_| ()).unwrap_err();
    assert_eq!(fault.code, FaultCode::SpecUnfit);
    assert!(fault.message.contains("320x182"), "{}", fault.message);
}

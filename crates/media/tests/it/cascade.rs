//! A ladder that asks for it is scaled from rung to rung, and nothing else about it changes.

use std::path::{Path, PathBuf};

use reelgate_domain::job::kind::transcode::OutputSpec;
use reelgate_media::Limits;
use serde_json::{Value, json};

use crate::support::{
    Made, clip, entries, generate, key_frames, likeness, make_together, mean, mp4, planned, spec,
};

fn made_together(source: &Path, specs: &[OutputSpec]) -> Vec<Made> {
    let plans = specs.iter().map(|spec| planned(source, spec).unwrap());
    let results = make_together(source, plans.collect(), &Limits::default()).unwrap();
    results.into_iter().map(Result::unwrap).collect()
}

/// Silent, with next to no loss of its own.
fn rung(height: u32, cascade: bool) -> OutputSpec {
    let mut video = json!({"height": height, "preset": "veryfast", "rate": {"mode": "crf", "crf": 2.0},
        "gop": {"seconds": 1.0}});
    if cascade {
        video["cascade"] = json!(true);
    }
    of(video)
}

fn of(video: Value) -> OutputSpec {
    spec(
        "film.mp4",
        json!({"container": {"format": "mp4"}, "video": video}),
    )
}

/// A second of fine lines that move.
fn fine(folder: &Path) -> PathBuf {
    let args = "-f lavfi -i testsrc2=s=1280x720:r=25:d=1 -vf format=yuv420p -c:v ffv1";
    generate(folder, "fine.mkv", args)
}

/// SSIM with what scaling the source by these steps gives.
fn like(made: &Made, source: &Path, steps: &[&str]) -> f64 {
    let steps: Vec<String> = steps
        .iter()
        .map(|size| format!("scale={size}:flags=bicubic+accurate_rnd"))
        .collect();
    likeness(&made.main(), source, &[], &steps.join(","))
}

#[test]
fn a_rung_is_what_scaling_the_one_above_gives() {
    let folder = tempfile::tempdir().unwrap();
    let source = fine(folder.path());
    // The smallest first: their order does not matter.
    let rungs = [180, 540, 360];
    let plain = made_together(&source, &rungs.map(|height| rung(height, false)));
    let cascaded = made_together(&source, &rungs.map(|height| rung(height, true)));
    let down = ["960:540", "640:360", "320:180"];
    let (direct, further) = (&down[2..], &down[..]);
    let found = [&plain[0], &cascaded[0]].map(|made| {
        let alike = [direct, further].map(|steps| like(made, &source, steps));
        (alike[0], alike[1])
    });
    let [(plain_direct, plain_further), (made_direct, made_further)] = found;
    // Which of the two ways a picture has gone is told by which one it is less unlike.
    let unlike = |likeness: f64| 1.0 - likeness;
    assert!(
        unlike(plain_further) > 1.2 * unlike(plain_direct),
        "{found:?}"
    );
    assert!(
        unlike(made_direct) > 1.2 * unlike(made_further),
        "{found:?}"
    );
    assert!(plain_direct > 0.99 && made_further > 0.99, "{found:?}");
    let (middle, largest) = (&cascaded[2], &cascaded[1]);
    assert!(like(middle, &source, &down[..2]) > like(middle, &source, &down[1..2]));
    // What nothing is above is made as ever.
    let bytes = |made: &Made| std::fs::read(made.main()).unwrap();
    assert!(bytes(largest) == bytes(&plain[1]));
    for (with, without) in cascaded.iter().zip(&plain) {
        let facts = |made: &Made| {
            let video = made.video().1;
            (video.width, video.height, video.sar.clone())
        };
        assert_eq!(facts(with), facts(without));
        assert_eq!(
            entries(&with.main(), "v", "packet=pts").len(),
            entries(&without.main(), "v", "packet=pts").len()
        );
        assert_eq!(key_frames(&with.main()), key_frames(&without.main()));
    }
}

/// What it costs is published; it must not come to more.
#[test]
fn a_ladder_of_a_real_clip_loses_little() {
    let source = clip("bbb_720p25_aac51.mp4");
    let make = |cascade: bool| {
        let rungs = [480, 360, 240].map(|height| {
            let mut video = json!({"height": height, "preset": "veryfast"});
            video["cascade"] = json!(cascade);
            let mut spec = of(video);
            spec.clip = serde_json::from_value(json!({"length": {"duration_ms": 1000}})).unwrap();
            spec
        });
        made_together(&source, &rungs)
    };
    for (with, without) in make(true).iter().zip(&make(false)) {
        let video = without.video().1;
        let size = format!("{}:{}", video.width, video.height);
        let [with, without] = [with, without].map(|made| like(made, &source, &[&size]));
        assert!(with > without - 0.01, "{size}: {with} after {without}");
        assert!(without > 0.9, "{without}");
    }
}

#[test]
fn lengths_shapes_and_what_is_laid_over_stay_those_of_one_rung() {
    let folder = tempfile::tempdir().unwrap();
    let args = "-f lavfi -i color=gray:s=1280x720:r=25:d=2 -f lavfi -i sine=d=2 -c:v libx264 \
                -preset ultrafast -c:a aac";
    let source = generate(folder.path(), "gray.mp4", args);
    let mut marked = mp4(json!({"height": 540, "preset": "veryfast", "cascade": true}));
    marked.overlays = serde_json::from_value(json!([{"mark": {"text": {"text": "\u{2588}\u{2588}",
        "font": "DejaVu Sans", "size": 300, "color": "#ff0000"}}, "corner": "top_left"}]))
    .unwrap();
    let mut short = mp4(json!({"height": 360, "preset": "veryfast", "cascade": true}));
    short.clip = serde_json::from_value(json!({"length": {"duration_ms": 400}})).unwrap();
    let square = of(
        json!({"width": 240, "height": 240, "fit": "pad", "fill": "white",
        "preset": "veryfast", "fps": 10.0, "cascade": true}),
    );
    let small = rung(120, true);
    let made = made_together(&source, &[marked, short, square, small]);
    let counts = made
        .iter()
        .map(|made| entries(&made.main(), "v", "packet=pts").len());
    assert_eq!(counts.collect::<Vec<_>>(), [50, 10, 20, 50]);
    let is_red = |place: usize, area| {
        let [red, green, _] = mean(&made[place].main(), 0.2, area);
        red > green + 100.0
    };
    assert!(is_red(0, (20, 60, 60, 60)));
    assert!(!is_red(1, (14, 40, 40, 40)));
    assert!(!is_red(3, (5, 14, 12, 12)));
    // The square one has its own borders, and the one that is scaled from it has none.
    let white = mean(&made[2].main(), 1.0, (100, 4, 40, 30));
    assert!(white.iter().all(|value| *value > 240.0), "{white:?}");
    let gray = mean(&made[3].main(), 1.0, (60, 1, 40, 6));
    assert!(gray.iter().all(|value| *value < 160.0), "{gray:?}");
}

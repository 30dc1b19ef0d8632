//! What becomes of picture and sound beside their encoding.

use reelgate_domain::job::kind::transcode::{Area, Fit, PixelFormat, Scan, Sides, Upscale, Volume};

use super::*;

#[test]
fn pictures_are_cropped_turned_and_fitted_as_they_are_asked_to_be() {
    let own = json!({
        "Rotate": "90",
        "Video": {"Height": "720", "LongShortMode": "true", "MaxFps": "30", "PixFmt": "yuv444p",
            "Hdr2sdr": "true"},
        "TransConfig": {"AdjDarMethod": "pad", "IsCheckReso": true},
    });
    let expected = VideoSettings {
        height: Some(720),
        sides: Sides::LongShort,
        fit: Fit::Pad,
        upscale: Upscale::KeepSize,
        rotate: 90,
        max_fps: Some(30.0),
        pixel_format: PixelFormat::Yuv444p,
        hdr_to_sdr: true,
        ..video(json!({}))
    };
    assert_eq!(settings(own).video, Some(expected));
    let area = |text: &str| {
        let video = video(json!({"Crop": text, "Pad": text}));
        assert_eq!(video.crop, video.pad);
        video.crop
    };
    let expected = Area {
        width: 1280,
        height: 600,
        left: 0,
        top: 60,
    };
    assert_eq!(area("1280:600:0:60"), Some(expected));
    let seen = video(json!({"Crop": "border", "ScanMode": "auto"}));
    assert_eq!(
        (seen.crop_borders, seen.crop, seen.scan),
        (true, None, Scan::Auto)
    );
    assert_eq!(video(json!({"ScanMode": "progressive"})).scan, Scan::Auto);
    // The method counts for a width and a height only, and here is no height.
    let alone = json!({"TransConfig": {"AdjDarMethod": "crop", "IsCheckResoFail": "true"}});
    let video = settings(alone).video.unwrap();
    assert_eq!((video.fit, video.upscale), (Fit::Stretch, Upscale::Fail));
    for (own, code, about) in [
        (json!({"Rotate": 360}), Code::OutOfRange, "Rotate"),
        (
            json!({"Video": {"Crop": "1:2:3"}}),
            Code::Format,
            "Video.Crop",
        ),
        (
            json!({"Video": {"Crop": "100:100:-1:0"}}),
            Code::Format,
            "Video.Crop",
        ),
        (
            json!({"Video": {"Pad": "10:100:0:0"}}),
            Code::OutOfRange,
            "Video.Pad",
        ),
        (
            json!({"Video": {"PixFmt": "yuv422p", "Profile": "main"}}),
            Code::OutOfRange,
            "Video.PixFmt",
        ),
        (
            json!({"Video": {"MaxFps": "0"}}),
            Code::OutOfRange,
            "Video.MaxFps",
        ),
        (
            json!({"TransConfig": {"AdjDarMethod": "scale"}}),
            Code::NotSupported,
            "TransConfig.AdjDarMethod",
        ),
        (
            json!({"Video": {"Height": 360, "Crop": "100:100:0:0"}, "TransConfig": {"AdjDarMethod": "pad"}}),
            Code::Invalid,
            "TransConfig.AdjDarMethod",
        ),
        (
            json!({"Video": {"Pad": "100:100:0:0"}, "TransConfig": {"IsCheckReso": "true"}}),
            Code::Invalid,
            "TransConfig.IsCheckReso",
        ),
    ] {
        refused(own, code, about);
    }
}

#[test]
fn the_volume_is_changed_by_decibels() {
    let volume = |own: Value| {
        settings(json!({"Audio": {"Volume": own}}))
            .audio
            .unwrap()
            .volume
    };
    let gain = |db| Some(Volume::Gain { db });
    assert_eq!(
        volume(json!({"Method": "linear", "Level": "-6.5"})),
        gain(-6.5)
    );
    assert_eq!(volume(json!({"Method": "Linear"})), gain(-20.0));
    let loudness = |integrated, true_peak| {
        Some(Volume::Loudness {
            integrated,
            true_peak,
        })
    };
    assert_eq!(volume(json!({"Method": "dynamic"})), loudness(-6.0, -1.0));
    let own = json!({"Method": "dynamic", "IntegratedLoudnessTarget": "-23", "TruePeak": -2,
        "LoudnessRangeTarget": "8", "PeakLevel": ""});
    assert_eq!(volume(own), loudness(-23.0, -2.0));
    assert_eq!(volume(json!({"Method": "auto"})), loudness(-16.0, -1.0));
    assert_eq!(
        volume(json!({"Method": "adaptive"})),
        Some(Volume::Peak { level: 0.9 })
    );
    for (name, value) in [
        ("IntegratedLoudnessTarget", "-4"),
        ("TruePeak", "1"),
        ("LoudnessRangeTarget", "21"),
        ("PeakLevel", "1.1"),
    ] {
        let own = json!({"Audio": {"Volume": {"Method": "dynamic", name: value}}});
        refused(own, Code::OutOfRange, &format!("Audio.Volume.{name}"));
    }
    let own = json!({"Audio": {"Volume": {"Method": "linear", "Level": 21}}});
    refused(own, Code::OutOfRange, "Audio.Volume.Level");
    let own = json!({"Audio": {"Volume": {"Level": 2}}});
    refused(own, Code::NullValue, "Audio.Volume.Method");
}

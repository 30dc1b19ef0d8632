//! How bits are spent.

use super::*;

#[test]
fn a_quality_puts_the_bitrate_aside() {
    let rate = video(json!({"Crf": "26", "Maxrate": 3000, "Bufsize": 4000})).rate;
    let cap = Some(RateCap {
        maxrate_kbps: 3000,
        bufsize_kbit: 4000,
    });
    assert_eq!(rate, RateControl::Crf { crf: 26.0, cap });
    let rate = video(json!({"Bufsize": "6000"})).rate;
    assert_eq!(
        rate,
        RateControl::Average {
            kbps: 1800,
            cap: None
        }
    );
}

#[test]
fn a_constant_rate_is_one_number() {
    let constant = |own: Value| json!({"Video": own, "TransConfig": {"TransMode": "CBR"}});
    for own in [
        json!({"Bitrate": "800"}),
        json!({"Bitrate": 800, "Maxrate": "800", "Bufsize": "800"}),
    ] {
        let rate = settings(constant(own)).video.unwrap().rate;
        assert_eq!(rate, RateControl::Constant { kbps: 800 });
    }
    let unequal = constant(json!({"Maxrate": "2000"}));
    refused(unequal, Code::OutOfRange, "Video.Maxrate");
    let unequal = constant(json!({"Bufsize": "6000"}));
    refused(unequal, Code::OutOfRange, "Video.Bufsize");
    refused(
        constant(json!({"Crf": 20})),
        Code::NotSupported,
        "Video.Crf",
    );
}

#[test]
fn a_rate_follows_the_source_or_stays_between_bounds() {
    let source = |least_kbps, most_kbps| RateControl::Source {
        least_kbps,
        most_kbps,
        cap: None,
    };
    let average = |kbps| RateControl::Average { kbps, cap: None };
    let rate = |own: Value| video(own).rate;
    assert_eq!(rate(json!({"Bitrate": "-1"})), source(None, None));
    let bounded = json!({"Bitrate": -1, "BitrateBnd": "{\"Max\": \"900\", \"Min\": 300}"});
    assert_eq!(rate(bounded), source(Some(300), Some(900)));
    let bounded = json!({"Bitrate": 1000, "BitrateBnd": {"Max": 900}});
    assert_eq!(rate(bounded), average(900));
    let bounded = json!({"Bitrate": 100, "BitrateBnd": {"Min": "300"}});
    assert_eq!(rate(bounded), average(300));
    let video = |own: Value| json!({"Video": own});
    let crossed = video(json!({"BitrateBnd": {"Max": 10, "Min": 11}}));
    refused(crossed, Code::OutOfRange, "Video.BitrateBnd.Min");
    let wide = video(json!({"BitrateBnd": {"Max": 50_001}}));
    refused(wide, Code::OutOfRange, "Video.BitrateBnd.Max");
    let quality = video(json!({"Crf": 30, "BitrateBnd": {"Max": 900}}));
    refused(quality, Code::NotSupported, "Video.BitrateBnd");
}

#[test]
fn modes_spend_bits_in_their_ways() {
    let mode =
        |mode: &str, video: Value| json!({"Video": video, "TransConfig": {"TransMode": mode}});
    let twice = settings(mode("twopass", json!({"Bitrate": 700})))
        .video
        .unwrap();
    assert!(twice.two_pass);
    assert_eq!(
        twice.rate,
        RateControl::Average {
            kbps: 700,
            cap: None
        }
    );
    let fixed = settings(mode("fixCRF", json!({"Bitrate": 700, "Crf": 28})))
        .video
        .unwrap();
    assert!(!fixed.two_pass);
    assert_eq!(
        fixed.rate,
        RateControl::Crf {
            crf: 28.0,
            cap: None
        }
    );
    let fixed = settings(mode("fixCRF", json!({"Codec": "H.265"})))
        .video
        .unwrap();
    assert_eq!(
        fixed.rate,
        RateControl::Crf {
            crf: 26.0,
            cap: None
        }
    );
    let twice = mode("twopass", json!({"Crf": 28}));
    refused(twice, Code::NotSupported, "Video.Crf");
    let twice = mode("twopass", json!({"Codec": "AV1"}));
    refused(twice, Code::NotSupported, "TransConfig.TransMode");
    assert_eq!(
        video(json!({"Qscale": "30"})).rate,
        RateControl::Quantizer { qp: 30 }
    );
    for own in [
        json!({"Crf": 30}),
        json!({"Maxrate": 900}),
        json!({"Codec": "H.265"}),
    ] {
        let mut own = own;
        own["Qscale"] = json!(30);
        refused(json!({"Video": own}), Code::NotSupported, "Video.Qscale");
    }
}

#[test]
fn rates_are_checked_against_the_source_where_that_is_asked_for() {
    let checked = |checks: Value| {
        let settings = settings(json!({"TransConfig": checks}));
        (
            settings.video.unwrap().above_source,
            settings.audio.unwrap().above_source,
        )
    };
    use AboveSource::{Fail, Keep, Lower};
    assert_eq!(checked(json!({})), (Keep, Keep));
    assert_eq!(
        checked(json!({"IsCheckVideoBitrate": "true"})),
        (Lower, Keep)
    );
    assert_eq!(checked(json!({"IsCheckAudioBitrate": true})), (Keep, Lower));
    let both = json!({"IsCheckVideoBitrate": "true", "IsCheckVideoBitrateFail": "true", "IsCheckAudioBitrateFail": true});
    assert_eq!(checked(both), (Fail, Fail));
}

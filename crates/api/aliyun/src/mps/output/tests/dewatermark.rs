//! Places that are painted over.

use reelgate_domain::job::kind::transcode::{Erasing, Spot};

use super::*;

#[test]
fn places_are_read_in_the_order_of_their_times() {
    let own = json!({"DeWatermark": {
        "5000": [], "0": [{"l": 10, "t": "10", "w": 0.1, "h": 50}],
        "128000": [{"l": 0.01, "t": 0, "w": 1, "h": 1}, {"l": 2, "t": 3, "w": 4, "h": 5}],
    }});
    let spot = |left, top, width, height| Spot {
        left,
        top,
        width,
        height,
    };
    let expected = [
        Erasing {
            from_ms: 0,
            places: vec![spot(10.0, 10.0, 0.1, 50.0)],
        },
        Erasing {
            from_ms: 5000,
            places: Vec::new(),
        },
        Erasing {
            from_ms: 128_000,
            places: vec![spot(0.01, 0.0, 1.0, 1.0), spot(2.0, 3.0, 4.0, 5.0)],
        },
    ];
    assert_eq!(settings(own.clone()).video.unwrap().erase, expected);
    let text = json!({"DeWatermark": own["DeWatermark"].to_string()});
    assert_eq!(settings(text).video.unwrap().erase, expected);
}

#[test]
fn what_is_no_place_or_no_time_is_named() {
    for (value, code, about) in [
        (
            json!({"x": [{"l": 1}]}),
            Code::NumberFormat,
            "DeWatermark.x",
        ),
        (
            json!({"86400000": [{"l": 1}]}),
            Code::OutOfRange,
            "DeWatermark.86400000",
        ),
        (json!({"0": {"l": 1}}), Code::Format, "DeWatermark.0"),
        (json!({"0": [1]}), Code::Format, "DeWatermark.0[0]"),
        (
            json!({"0": [{"l": 1, "t": 1, "w": 1}]}),
            Code::NullValue,
            "DeWatermark.0[0].h",
        ),
        (
            json!({"0": [{"l": -1, "t": 1, "w": 1, "h": 1}]}),
            Code::OutOfRange,
            "DeWatermark.0[0].l",
        ),
        (
            json!({"0": [{"l": 1, "t": 1, "w": 0, "h": 1}]}),
            Code::OutOfRange,
            "DeWatermark.0[0].w",
        ),
        (
            json!({"0": [{"l": 1, "t": 1, "w": 1, "h": 1, "x": 1}]}),
            Code::NotSupported,
            "DeWatermark.0[0].x",
        ),
        (
            json!({"1": [{"l": 1, "t": 1, "w": 1, "h": 1}], "01": []}),
            Code::Format,
            "DeWatermark",
        ),
    ] {
        refused(json!({"DeWatermark": value}), code, about);
    }
    let alone = json!({"Video": {"Remove": "true"}, "DeWatermark": {"0": [{"l": 1, "t": 1, "w": 1, "h": 1}]}});
    refused(alone, Code::NotSupported, "DeWatermark");
}

//! Live streams: lines are a source and a target, parameters of product live, a playlist or not, then FFmpeg's words.
//!
//! The first two lines are addresses, the third one is pairs of a query, the fourth one is a window and a playlist with
//! bars for its line ends. All the rest is read as a log and as reports of progress.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reelgate_api_aliyun::live::fuzz::{create, lists, update};
use reelgate_api_aliyun::rpc::{ApiError, Params};
use reelgate_domain::stream::{HostPattern, HostRules, StreamAddress, StreamPlan};
use reelgate_fuzz::lines;
use reelgate_media::fuzz::{live_log, live_speeds};
use reelgate_media::live::LiveSign;
use reelgate_worker::fuzz::go_on;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let [source, target, params, playlist, log] = lines::<5>(data);
    let text = |line| std::str::from_utf8(line).unwrap_or_default();
    let (source, target) = (text(source), text(target));
    check_address(source);
    check_address(target);
    check_params(source, target, text(params));
    if let Some((window, playlist)) = text(playlist).split_once(' ') {
        check_playlist(&playlist.replace('|', "\n"), window.parse().unwrap_or(0));
    }
    check_log(source, target, log);
    let speeds = live_speeds(log, log.len());
    assert_eq!(speeds, live_speeds(log, 3));
    assert!(
        speeds
            .into_iter()
            .flatten()
            .all(|it| it.is_finite() && it >= 0.0)
    );
});

fn check_address(text: &str) {
    if let Ok(pattern) = HostPattern::new(text) {
        let written = pattern.to_string();
        assert_eq!(HostPattern::new(&written), Ok(pattern), "{written}");
    }
    let Ok(address) = StreamAddress::new(text) else {
        return;
    };
    assert_eq!(address.expose(), text);
    assert!(!address.host().is_empty());
    // What is shown leads to the same host and port: rules go by these.
    let shown = address.to_string();
    let again =
        StreamAddress::new(shown.replace('…', "path")).expect("what is shown is an address");
    assert_eq!(
        (again.scheme(), again.host(), again.port()),
        (address.scheme(), address.host(), address.port())
    );
    assert_eq!(again.to_string(), shown);
    if let Ok(only_this) = HostPattern::new(&address.host()) {
        let rules = HostRules {
            pull: vec![only_this],
            ..HostRules::default()
        };
        assert!(rules.may_pull(&address), "{shown}");
    }
}

fn check_params(source: &str, target: &str, query: &str) {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.chain([("StreamInput", source), ("StreamOutput", target)]);
    let Ok(params) = Params::from_pairs(pairs) else {
        return;
    };
    match create(&params) {
        Ok(spec) => {
            let written = serde_json::to_string(&spec).expect("a stream can be written");
            let read = serde_json::from_str(&written).expect("a written stream reads back");
            assert_eq!(spec, read);
        }
        Err(error) => check_error(&error),
    }
    for error in [update(&params).err(), lists(&params).err()]
        .into_iter()
        .flatten()
    {
        check_error(&error);
    }
}

fn check_error(error: &ApiError) {
    assert!(error.status.is_client_error(), "{error}");
    assert!(!error.code.is_empty() && !error.message.is_empty());
    assert!(error.message.len() < 8192, "a refusal repeats only so much");
}

fn check_playlist(text: &str, window: usize) {
    let Some([again, longer, ended]) = go_on(text, window) else {
        return;
    };
    let [written, _, _] = go_on(&again, window).expect("what was written is read");
    assert_eq!(written, again);
    assert!(longer.ends_with("next.ts\n"), "{longer}");
    assert!(ended.ends_with("#EXT-X-ENDLIST\n"), "{ended}");
    let names = longer.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<&str> = names.collect();
    assert!(window == 0 || names.len() <= window);
    // A name is a file beside the playlist.
    assert!(
        names
            .iter()
            .all(|name| !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.'))
    );
}

fn check_log(source: &str, target: &str, log: &[u8]) {
    let outputs = [target, "rtmp://push.example/live/0f8c5d"].map(|address| {
        json!({"target": {"to": "push", "address": address}, "settings": {"codec": "copy"}})
    });
    let plan = json!({
        "revision": 1,
        "input": {"address": source, "frozen_after_ms": 5000},
        "outputs": outputs,
        "on_source_lost": "keep_trying",
        "latency": "low",
    });
    let Ok(plan) = serde_json::from_value::<StreamPlan>(plan) else {
        return;
    };
    let read = live_log(&plan, log, log.len());
    assert_eq!(read, live_log(&plan, log, 5));
    let (signs, end) = read;
    let texts = signs.iter().filter_map(|sign| match sign {
        LiveSign::Said { text, .. } => Some(text),
        LiveSign::Output(sign) => Some(&sign.text),
        _ => None,
    });
    for text in texts.chain([&end.1]) {
        assert!(!text.contains("0f8c5d"), "{text}");
        assert!(text.len() < 1024, "{text}");
    }
    assert!(signs.len() <= log.len());
}

//! What is told of logs as FFmpeg 5.1 writes them, shortened.

use super::*;

/// What is told of a log of a stream from one server to these.
fn told(pushes: &[&str], log: &str) -> Vec<LiveSign> {
    read(pushes, log).0
}

/// The same, with the reader as it is after it.
fn read(pushes: &[&str], log: &str) -> (Vec<LiveSign>, LogReader) {
    let outputs = pushes.iter().map(|address| {
        serde_json::json!({"target": {"to": "push", "address": address}, "settings": {"codec": "copy"}})
    });
    let plan: StreamPlan = serde_json::from_value(serde_json::json!({
        "revision": 1,
        "input": {"address": "rtmps://pull.example/live/secret", "frozen_after_ms": 5000},
        "outputs": outputs.collect::<Vec<_>>(),
        "on_source_lost": "keep_trying",
        "latency": "low",
    }))
    .unwrap();
    let mut reader = LogReader::new(&plan);
    let mut signs = Vec::new();
    reader.push(log.as_bytes(), |sign| signs.push(sign));
    (signs, reader)
}

#[test]
fn a_certificate_that_is_not_trusted_is_told_of_by_the_end_that_has_it() {
    let source = "[tls @ 0x1] [error] Peer certificate failed verification\n\
        [error] rtmps://pull.example/live/secret: Input/output error\n";
    let signs = told(&["rtmps://push.example/live/key"], source);
    let [LiveSign::Said { cause, text }] = &signs[..] else {
        panic!("{signs:?}");
    };
    assert_eq!(*cause, LiveCause::Untrusted(Side::Source));
    assert!(
        text.contains("pull.example") && !text.contains("secret"),
        "{text}"
    );

    let opened = "[info] Input #0, flv, from 'a':\n[info] Output #0, tee, to 'b':\n";
    let output = "[tls @ 0x1] [error] The certificate's owner does not match hostname push.example\n\
        [fifo @ 0x2] [error] Error opening rtmp://other.example/live/key: Input/output error\n\
        [fifo @ 0x3] [error] Error opening rtmps://push.example/live/key: Input/output error\n";
    let pushes = [
        "rtmp://other.example/live/key",
        "rtmps://push.example/live/key",
    ];
    let signs = told(&pushes, &format!("{opened}{output}"));
    let lost = signs.iter().filter_map(|sign| match sign {
        LiveSign::Output(sign) => Some((sign.output, sign.text.contains("is not trusted"))),
        _ => None,
    });
    assert_eq!(
        lost.collect::<Vec<_>>(),
        [(Some(0), false), (Some(1), true)]
    );
}

const PUSH: &str = "rtmp://push.example/live/key";
const OTHER: &str = "rtmp://other.example/live/key";

const SOURCE: &str = "[info] Input #0, flv, from 'rtmps://pull.example/live/secret':\n\
    [info]   Metadata:\n\
    [info]     encoder         : Lavf59.27.100\n\
    [info]   Duration: 00:00:00.00, start: 0.000000, bitrate: 366 kb/s\n\
    [info]   Stream #0:0: Video: h264 (High), yuv420p(tv, bt709), 1280x720 [SAR 1:1 DAR 16:9], 2500 kb/s, 29.97 fps, 29.97 tbr, 1k tbn\n\
    [info]   Stream #0:1: Audio: aac (LC), 44100 Hz, stereo, fltp, 69 kb/s\n\
    [info]   Stream #0:2: Video: mjpeg, yuvj420p, 64x64\n";
const MAPPING: &str = "[info] Output #0, flv, to 'rtmp://push.example/live/key':\n\
    [info]   Stream #0:0: Video: h264, yuv420p, 640x360, q=2-31, 25 fps\n\
    [info] Stream mapping:\n\
    [info]   Stream #0:0 -> #0:0 (copy)\n";

fn causes(signs: &[LiveSign]) -> Vec<LiveCause> {
    let said = signs.iter().filter_map(|sign| match sign {
        LiveSign::Said { cause, .. } => Some(*cause),
        _ => None,
    });
    said.collect()
}

#[test]
fn what_a_source_consists_of_is_told_once() {
    let signs = told(&[PUSH], &format!("{SOURCE}{MAPPING}"));
    let facts = SourceFacts {
        format: "flv".to_owned(),
        video: Some(SourceVideo {
            codec: "h264".to_owned(),
            width: 1280,
            height: 720,
            milli_fps: Some(29_970),
            kbps: Some(2500),
        }),
        audio: Some(SourceAudio {
            codec: "aac".to_owned(),
            sample_rate: 44_100,
        }),
    };
    assert_eq!(signs, [LiveSign::Source(facts)]);
}

#[test]
fn lines_are_read_across_chunks_and_endings() {
    let log = format!("{SOURCE}{MAPPING}").replace('\n', "\r\n");
    let whole = told(&[PUSH], &log);
    let (_, mut reader) = read(&[PUSH], "");
    let mut signs = Vec::new();
    for byte in log.as_bytes() {
        reader.push(&[*byte], |sign| signs.push(sign));
    }
    assert_eq!(signs, whole);
    assert_eq!(signs.len(), 1);
}

#[test]
fn keyframes_are_told_with_their_times() {
    let frame = |seconds: &str, is_key: u8| {
        format!(
            "[Parsed_showinfo_1 @ 0x1] [info] n: 1 pts: 1 pts_time:{seconds} fmt:yuv420p iskey:{is_key} type:I \n"
        )
    };
    let frames = [
        ("0.023", 1),
        ("0.063", 0),
        ("1.023", 1),
        ("-1.5", 1),
        ("nan", 1),
        ("1e300", 1),
    ];
    let frames: String = frames
        .iter()
        .map(|(at, is_key)| frame(at, *is_key))
        .collect();
    let signs = told(&[PUSH], &format!("{SOURCE}{MAPPING}{frames}"));
    let at = |millis| LiveSign::KeyFrame(Duration::from_millis(millis));
    assert_eq!(signs[1..], [at(23), at(1023)]);
}

#[test]
fn what_keeps_a_source_from_being_opened_is_told_without_its_secrets() {
    use LiveCause::{Denied, Frozen, Garbage, Lacks, Refused, Unknown};
    let address = "rtmps://pull.example/live/secret";
    for (log, cause) in [
        (
            "[tcp @ 0x1] [error] Connection to tcp://pull.example:1935?tcp_nodelay=0 failed: Connection refused\n",
            Refused(Side::Source),
        ),
        (
            "[tcp @ 0x1] [error] Failed to resolve hostname pull.example: Name or service not known\n",
            Unknown(Side::Source),
        ),
        (
            "[rtmp @ 0x1] [error] Server error: No such stream\n",
            Denied(Side::Source),
        ),
        (
            "[https @ 0x1] [error] HTTP error 404 Not Found\n[error] ADDRESS: Server returned 404 Not Found\n",
            Denied(Side::Source),
        ),
        (
            "[error] ADDRESS: Connection timed out\n",
            Frozen(Side::Source),
        ),
        (
            "[error] ADDRESS: Invalid data found when processing input\n",
            Garbage,
        ),
        ("[error] ADDRESS: Protocol not found\n", Lacks),
    ] {
        let (signs, reader) = read(&[PUSH], &log.replace("ADDRESS", address));
        assert_eq!(causes(&signs), [cause], "{log}");
        let (last, text) = reader.cause(Some(1));
        assert_eq!(last, cause, "{log}");
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn the_first_exact_word_counts_until_the_outputs_are_there() {
    let early = "[tcp @ 0x1] [error] Connection reset by peer\n\
        [error] rtmps://pull.example/live/secret: Connection timed out\n\
        [error] rtmps://pull.example/live/secret: Input/output error\n";
    let (signs, reader) = read(&[PUSH], early);
    let frozen = LiveCause::Frozen(Side::Source);
    assert_eq!(causes(&signs), [LiveCause::Closed(Side::Source), frozen]);
    assert_eq!(reader.cause(Some(1)).0, frozen);
    let (_, reader) = read(&[PUSH], &format!("{early}{SOURCE}{MAPPING}"));
    assert_eq!(reader.cause(Some(0)).0, LiveCause::Closed(Side::Source));
    assert_eq!(reader.cause(Some(1)).0, LiveCause::Other);
}

#[test]
fn an_end_without_a_word_is_explained_by_how_far_it_came() {
    let cause = |log: &str, code| read(&[PUSH], log).1.cause(code).0;
    assert_eq!(cause("", Some(1)), LiveCause::Refused(Side::Source));
    assert_eq!(cause("", None), LiveCause::Refused(Side::Source));
    assert_eq!(cause(SOURCE, Some(1)), LiveCause::Refused(Side::Source));
    let whole = format!("{SOURCE}{MAPPING}");
    assert_eq!(cause(&whole, Some(0)), LiveCause::Closed(Side::Source));
    assert_eq!(cause(&whole, Some(234)), LiveCause::Other);
}

#[test]
fn what_an_output_says_is_about_that_output() {
    let opening = format!("{SOURCE}[error] {PUSH}: Connection refused\n");
    let (signs, reader) = read(&[PUSH], &opening);
    assert_eq!(causes(&signs), [LiveCause::Refused(Side::Output)]);
    let (_, text) = reader.cause(Some(1));
    assert!(text.ends_with("rtmp://push.example:1935/…"), "{text}");

    let running = format!("{SOURCE}{MAPPING}[error] av_interleaved_write_frame(): Broken pipe\n");
    let signs = told(&[PUSH], &running);
    assert_eq!(causes(&signs), [LiveCause::Closed(Side::Output)]);

    let unfit = format!(
        "{SOURCE}[flv @ 0x1] [error] Video codec mpeg2video not compatible with flv\n\
         [error] Could not write header for output file #0 (incorrect codec parameters ?): Function not implemented\n"
    );
    assert_eq!(causes(&told(&[PUSH], &unfit)), [LiveCause::Codec]);
}

/// Threads try again each second, and say so each time.
#[test]
fn one_output_of_several_is_told_of_when_it_goes_and_when_it_is_back() {
    let refused = format!(
        "[tcp @ 0x9] [error] Connection to tcp://other.example:1935?tcp_nodelay=0 failed: Connection refused\n\
         [fifo @ 0x2] [error] Error opening {OTHER}: Connection refused\n"
    );
    let back = "[fifo @ 0x2] [info] Recovery successful\n";
    let log = format!("{SOURCE}{MAPPING}{refused}{refused}{back}{refused}");
    let signs = told(&[PUSH, OTHER], &log);
    assert_eq!(causes(&signs), [], "{signs:?}");
    let outputs = signs.iter().filter_map(|sign| match sign {
        LiveSign::Output(sign) => Some((sign.output, sign.lost)),
        _ => None,
    });
    let lost_and_back = [(Some(1), true), (Some(1), false), (Some(1), true)];
    assert_eq!(outputs.collect::<Vec<_>>(), lost_and_back);
    assert!(!format!("{signs:?}").contains("key"), "{signs:?}");
}

#[test]
fn warnings_and_lines_without_an_end_say_nothing() {
    let log = "[warning] Connection refused\n[info] Connection refused\nConnection refused\n\
        [error] Something that nobody has heard of\n[error] Connection refused";
    assert_eq!(told(&[PUSH], log), []);
    let endless = "x".repeat(3 * MOST_LINE);
    let signs = told(
        &[PUSH],
        &format!("[error] {endless} Connection refused\n[error] Connection refused\n"),
    );
    assert_eq!(signs.len(), 1);
}

//! Where the packets of one group go.

use reelgate_domain::stream::{PlannedOutput, StreamTarget};

use super::{Container, Group, Live, is_fragmented, verifying};
use crate::argv::Args;
use crate::engine::Part;
use crate::live::{PLAYLIST, RECORDING};

/// How threads of their own push: they connect again once a second, whatever went wrong, and drop what does not fit
/// into their queue, which holds some seconds.
const FIFO: &str = "attempt_recovery=1:recover_any_error=1:recovery_wait_time=1:\
drop_pkts_on_overflow=1:restart_with_keyframe=1:queue_size=600";
/// The most segments that stay behind those that the playlist names, for whoever is still about to take them. FFmpeg
/// keeps none for longer than the playlist is long.
const SEGMENTS_BEHIND: &str = "16";

/// One muxer with its options.
struct Muxer {
    name: &'static str,
    options: Vec<(&'static str, String)>,
    place: String,
    pushes: bool,
}

pub(super) fn parts(group: &Group<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    for (_, output) in &group.outputs {
        match (Container::of(&output.target), &output.target) {
            (_, StreamTarget::Hls { .. }) => parts.push(Part::Muxer("hls")),
            (Container::Ts, _) => parts.extend([Part::Muxer("mpegts"), Part::Protocol("srt")]),
            (Container::Matroska, _) => parts.push(Part::Muxer("matroska")),
            (Container::Flv, StreamTarget::Push { address }) => {
                let protocol = match address.scheme().word() {
                    "rtmps" => "rtmps",
                    _ => "rtmp",
                };
                parts.extend([Part::Muxer("flv"), Part::Protocol(protocol)]);
            }
            (Container::Flv, _) => {}
        }
    }
    parts
}

pub(super) fn add(args: &mut Args, group: &Group<'_>, live: Live<'_>, is_alone: bool) {
    let muxers = group.outputs.iter();
    let muxers: Vec<Muxer> = muxers.map(|(index, it)| muxer(*index, it, live)).collect();
    if group.outputs.iter().any(|(_, it)| is_fragmented(live, it)) {
        args.add(&["-tag:v", "hvc1"]);
    }
    match &muxers[..] {
        [muxer] if is_alone || !muxer.pushes => {
            args.pair("-f", muxer.name);
            for (option, value) in &muxer.options {
                args.pair(&format!("-{option}"), value);
            }
            args.0.push(muxer.place.clone().into());
        }
        _ => {
            let slaves: Vec<String> = muxers.iter().map(slave).collect();
            args.add(&["-f", "tee", "-use_fifo", "1", "-fifo_options", FIFO])
                .0
                .push(slaves.join("|").into());
        }
    }
}

fn muxer(index: usize, output: &PlannedOutput, live: Live<'_>) -> Muxer {
    let text = str::to_owned;
    match &output.target {
        StreamTarget::Push { address } => {
            let container = Container::of(&output.target);
            let mut options = vec![("flush_packets", text("1"))];
            let name = match container {
                Container::Ts => "mpegts",
                _ => {
                    options.push(("flvflags", text("no_duration_filesize")));
                    "flv"
                }
            };
            let verifying = verifying(address).iter();
            options.extend(verifying.map(|(option, value)| (*option, text(value))));
            Muxer {
                name,
                options,
                place: text(address.expose()),
                pushes: true,
            }
        }
        StreamTarget::Recording { .. } => Muxer {
            name: "matroska",
            // A cluster is written when it is complete.
            options: vec![
                ("cluster_time_limit", text("1000")),
                ("flush_packets", text("1")),
            ],
            place: format!("{index}/{RECORDING}"),
            pushes: false,
        },
        StreamTarget::Hls {
            segment_seconds,
            window,
            ..
        } => {
            let mut flags = text("independent_segments+temp_file+program_date_time");
            if *window > 0 {
                flags.push_str("+delete_segments");
            }
            let mut options = vec![
                ("hls_time", segment_seconds.to_string()),
                ("hls_list_size", window.to_string()),
                ("hls_delete_threshold", text(SEGMENTS_BEHIND)),
                ("hls_flags", flags),
                ("start_number", live.first_segment.to_string()),
            ];
            let ending = match is_fragmented(live, output) {
                false => "ts",
                true => {
                    let init = format!("init-{}.mp4", live.first_segment);
                    options.push(("hls_segment_type", text("fmp4")));
                    options.push(("hls_fmp4_init_filename", init));
                    "m4s"
                }
            };
            options.push(("hls_segment_filename", format!("{index}/%08d.{ending}")));
            Muxer {
                name: "hls",
                options,
                place: format!("{index}/{PLAYLIST}"),
                pushes: false,
            }
        }
    }
}

/// One target as the tee muxer reads it. No value above holds what would have to be escaped within the brackets.
fn slave(muxer: &Muxer) -> String {
    let mut options = vec![format!("f={}", muxer.name)];
    options.push(match muxer.pushes {
        true => "onfail=ignore".to_owned(),
        false => "use_fifo=0".to_owned(),
    });
    let own = muxer.options.iter();
    options.extend(own.map(|(option, value)| format!("{option}={value}")));
    // An address has neither backslashes nor bars.
    let place = muxer.place.replace('\'', "\\'");
    format!("[{}]{place}", options.join(":"))
}

//! When the pictures of a stream are shown: read from its packets, without decoding.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;

use super::COUNT_TIME;
use crate::argv::Args;
use crate::engine::Engine;
use crate::plan::{Moment, Moments};
use crate::run::{Access, Capture, Ended, Limits, Runner};

/// Days of film; what has more is made in one go.
const MOST_BYTES: usize = 64 << 20;
const MEMORY: u64 = 2 << 30;

/// The moments of a stream, and a digest of what its packets are like, by which its content is known again.
pub(crate) async fn moments(
    runner: &Runner,
    engine: &Engine,
    path: &Path,
    stream: u32,
) -> Result<(Moments, u64), String> {
    let mut args = Args::default();
    args.open_source(path);
    args.add(&["-hide_banner", "-loglevel", "level+error"])
        .pair("-select_streams", stream.to_string())
        .add(&["-show_entries", "stream=time_base:packet=pts,size,flags"])
        .add(&["-of", "csv"])
        .input(path);
    let limits = Limits {
        max_run_time: COUNT_TIME,
        resident_bytes: Some(MEMORY),
        address_space_bytes: Some(2 * MEMORY),
        ..Limits::default()
    };
    let capture = Capture {
        program: engine.ffprobe(),
        args: args.0,
        cwd: Path::new("/"),
        access: Access {
            read: &[path],
            write: None,
        },
        limits: &limits,
        max_bytes: MOST_BYTES,
    };
    let captured = runner.capture(capture).await;
    let captured = captured.map_err(|error| error.to_string())?;
    match captured.ended {
        Ended::Exited(0) => {}
        ended => return Err(format!("its packets could not be listed: {ended}")),
    }
    let text = String::from_utf8_lossy(&captured.stdout);
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let moments = parse(&text).ok_or("its packets have no times")?;
    Ok((moments, hasher.finish()))
}

/// Lines `packet,pts,size,flags` and one `stream,num/den`.
fn parse(text: &str) -> Option<Moments> {
    let mut moments = Moments::default();
    for line in text.lines() {
        let mut fields = line.split(',');
        match fields.next() {
            Some("packet") => {
                let ticks = fields.next()?.parse().ok()?;
                let flags = fields.nth(1).unwrap_or_default();
                // Those that are decoded and not shown.
                if !flags.contains('D') {
                    let is_key = flags.starts_with('K');
                    moments.shown.push(Moment { ticks, is_key });
                }
            }
            Some("stream") => {
                let (num, den) = fields.next()?.split_once('/')?;
                moments.tick = (num.parse().ok()?, den.parse().ok()?);
            }
            _ => {}
        }
    }
    moments.shown.sort_by_key(|moment| moment.ticks);
    (!moments.shown.is_empty()).then_some(moments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_in_the_order_they_are_shown() {
        let text =
            "packet,-1,9,KD_\npacket,0,900,K__\npacket,3,80,__\npacket,1,70,___\nstream,1/25\n";
        let shown = [(0, true), (1, false), (3, false)];
        let expected = Moments {
            tick: (1, 25),
            shown: shown
                .map(|(ticks, is_key)| Moment { ticks, is_key })
                .to_vec(),
        };
        assert_eq!(parse(text), Some(expected));
        assert_eq!(parse("packet,N/A,900,K__\nstream,1/25\n"), None);
        assert_eq!(parse("stream,1/25\n"), None);
    }
}

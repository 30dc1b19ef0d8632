//! What a check knows of a file: facts, and every packet.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reelgate_domain::media::{MediaFacts, StreamDetail};

use super::CheckError;
use crate::argv::{self, Args};
use crate::engine::Engine;
use crate::probe::{self, OWN_FORMATS, VIEW_CPU_SECONDS};
use crate::run::classify::SIGXCPU;
use crate::run::{Access, Capture, Captured, Ended, Limits, Runner, SpawnError};

/// A file that tells of no packet for so long is broken, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(30);
const MOST_TIME: Duration = Duration::from_secs(6 * 3600);
/// Two days of pictures and sound take less.
const PACKET_BYTES: usize = 512 << 20;

/// The programs, and a directory to write down in what they are to open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tools<'a> {
    pub(super) runner: &'a Runner,
    pub(super) engine: &'a Engine,
    pub(super) scratch: &'a Path,
}

/// What FFmpeg opens.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) path: PathBuf,
    /// All that has to be readable for it.
    pub(super) reach: Vec<PathBuf>,
    pub(super) is_playlist: bool,
    /// Of all that is played.
    pub(super) bytes: u64,
}

/// A packet of a stream, in seconds and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Packet {
    pub(super) pts: f64,
    pub(super) dts: Option<f64>,
    pub(super) seconds: f64,
    pub(super) bytes: u64,
    /// Where it starts in the file, or in all segments of a playlist one after another; where packets are
    /// stored together, the first one alone has it.
    pub(super) at_byte: Option<u64>,
    pub(super) is_key: bool,
    /// An edit list hides it: the priming of sound.
    pub(super) is_hidden: bool,
}

/// A file as far as it can be known without decoding.
#[derive(Clone, Debug, Default)]
pub(super) struct Media {
    pub(super) facts: MediaFacts,
    /// By the index of the stream, in the order they are stored in.
    pub(super) packets: BTreeMap<u32, Vec<Packet>>,
}

impl Media {
    pub(super) fn video_packets(&self) -> &[Packet] {
        self.of(self.facts.video().map(|(stream, _)| stream.index))
    }

    pub(super) fn audio_packets(&self) -> &[Packet] {
        self.of(self.facts.audio().map(|(stream, _)| stream.index))
    }

    fn of(&self, stream: Option<u32>) -> &[Packet] {
        let packets = stream.and_then(|index| self.packets.get(&index));
        packets.map_or(&[], Vec::as_slice)
    }

    /// The time from one picture to the next, as most of them have it.
    pub(super) fn frame_seconds(&self) -> f64 {
        median(steps(self.video_packets()))
    }

    pub(super) fn is_of(&self, format: &str) -> bool {
        self.facts.format.name.split(',').any(|it| it == format)
    }

    /// Whether a stream is there but none of its packets.
    pub(super) fn is_empty(&self) -> bool {
        let media = self.facts.streams.iter().filter(|stream| {
            matches!(
                stream.detail,
                StreamDetail::Video(_) | StreamDetail::Audio(_)
            )
        });
        media
            .filter_map(|stream| self.packets.get(&stream.index))
            .all(Vec::is_empty)
    }
}

/// From when to when packets show something.
pub(super) fn span(packets: &[Packet]) -> Option<(f64, f64)> {
    let shown = || packets.iter().filter(|packet| !packet.is_hidden);
    let start = shown().map(|packet| packet.pts).min_by(f64::total_cmp)?;
    let end = shown().map(|packet| packet.pts + packet.seconds);
    Some((start, end.max_by(f64::total_cmp)?))
}

/// The times between pictures, in the order they are shown in.
pub(super) fn steps(packets: &[Packet]) -> Vec<f64> {
    let shown = packets.iter().filter(|packet| !packet.is_hidden);
    let mut times: Vec<f64> = shown.map(|packet| packet.pts).collect();
    times.sort_by(f64::total_cmp);
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// 0 where there is nothing.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

impl Subject {
    pub(super) fn file(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            reach: vec![path.to_owned()],
            is_playlist: false,
            bytes: path.metadata().map_or(0, |meta| meta.len()),
        }
    }

    /// The options before it is named, and its name.
    pub(super) fn open(&self, args: &mut Args) {
        if self.is_playlist {
            args.add(&["-protocol_whitelist", argv::PROTOCOLS])
                .add(&["-format_whitelist", OWN_FORMATS])
                .input(&self.path);
        } else {
            args.open_source(&self.path).input(&self.path);
        }
    }

    pub(super) fn reach(&self) -> Vec<&Path> {
        self.reach.iter().map(PathBuf::as_path).collect()
    }
}

impl Tools<'_> {
    /// All of `subject` that can be known without decoding.
    pub(super) async fn media(&self, subject: &Subject) -> Result<Media, CheckError> {
        let facts = probe::probe_view(
            self.runner,
            self.engine,
            &subject.path,
            &subject.reach(),
            subject.is_playlist,
        )
        .await?;
        let packets = self.packets(subject).await?;
        Ok(Media { facts, packets })
    }

    async fn packets(&self, subject: &Subject) -> Result<BTreeMap<u32, Vec<Packet>>, CheckError> {
        let mut args = Args::default();
        args.add(&["-hide_banner", "-loglevel", "level+error"]);
        args.add(&["-of", "csv=p=0", "-show_entries"]);
        args.add(&["packet=stream_index,pts_time,dts_time,duration_time,size,pos,flags"]);
        subject.open(&mut args);
        let program = self.engine.ffprobe();
        let limits = Limits {
            cpu_seconds: Some(cpu_seconds(subject.bytes)),
            ..patient(PATIENCE)
        };
        let captured = self.run_within(program, args.0, subject, &limits).await?;
        if captured.ended != Ended::Exited(0) {
            return Err(failed(&captured));
        }
        let mut packets: BTreeMap<u32, Vec<Packet>> = BTreeMap::new();
        for line in String::from_utf8_lossy(&captured.stdout).lines() {
            if let Some((stream, packet)) = packet(line) {
                packets.entry(stream).or_default().push(packet);
            }
        }
        Ok(packets)
    }

    /// Runs one of the programs on `subject`; what it writes is wanted whole.
    pub(super) async fn run(
        &self,
        program: &Path,
        args: Vec<OsString>,
        subject: &Subject,
        patience: Duration,
    ) -> Result<Captured, CheckError> {
        let limits = patient(patience);
        self.run_within(program, args, subject, &limits).await
    }

    async fn run_within(
        &self,
        program: &Path,
        args: Vec<OsString>,
        subject: &Subject,
        limits: &Limits,
    ) -> Result<Captured, CheckError> {
        let captured = self
            .runner
            .capture(Capture {
                program,
                args,
                cwd: Path::new("/"),
                access: Access {
                    read: &subject.reach(),
                    write: None,
                },
                limits,
                max_bytes: PACKET_BYTES,
            })
            .await
            .map_err(|SpawnError(error)| CheckError::Engine {
                ended: error.to_string(),
                log: String::new(),
            })?;
        match captured.ended {
            Ended::Stalled(_) | Ended::TimedOut(_) | Ended::Signalled(SIGXCPU) => {
                Err(CheckError::Stuck)
            }
            _ => Ok(captured),
        }
    }
}

fn patient(patience: Duration) -> Limits {
    Limits {
        max_run_time: MOST_TIME,
        stall: Some(patience),
        ..Limits::default()
    }
}

/// What reading the packets of so many bytes may cost, in seconds of a processor. One takes ffprobe some 15 µs, and
/// the smallest have a few bytes.
const fn cpu_seconds(bytes: u64) -> u64 {
    VIEW_CPU_SECONDS + (bytes >> 16)
}

pub(super) fn failed(captured: &Captured) -> CheckError {
    CheckError::Engine {
        ended: captured.ended.to_string(),
        log: last_error(&captured.log_tail),
    }
}

/// The last line that tells of an error, without addresses in memory.
pub(super) fn last_error(log: &str) -> String {
    let is_error = |line: &&str| line.contains("[error]") || line.contains("[fatal]");
    let line = log.lines().rfind(is_error).unwrap_or_default();
    let (_, words) = line.rsplit_once("] ").unwrap_or(("", line));
    words.trim().to_owned()
}

/// `0,0.021016,0.021016,0.040000,22457,48,K_`, with `N/A` for what is not known.
fn packet(line: &str) -> Option<(u32, Packet)> {
    let mut fields = line.split(',');
    let stream = fields.next()?.parse().ok()?;
    let mut number = || fields.next()?.parse::<f64>().ok();
    let (pts, dts, seconds) = (number(), number(), number());
    let bytes = number().unwrap_or(0.0) as u64;
    let at_byte = fields.next().and_then(|it| it.parse().ok());
    let flags = fields.next().unwrap_or_default();
    let packet = Packet {
        pts: pts.or(dts)?,
        dts,
        seconds: seconds.unwrap_or(0.0),
        bytes,
        at_byte,
        is_key: flags.starts_with('K'),
        is_hidden: flags.contains('D'),
    };
    Some((stream, packet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_read_with_all_that_may_be_missing() {
        let (stream, read) = packet("1,-0.021333,-0.021333,0.021333,23,1024,KD,").unwrap();
        assert_eq!((stream, read.pts, read.bytes), (1, -0.021_333, 23));
        assert!(read.is_key && read.is_hidden);
        assert_eq!(read.at_byte, Some(1024));
        let (_, read) = packet("0,N/A,0.5,N/A,10,N/A,__").unwrap();
        assert_eq!(read.at_byte, None);
        assert_eq!((read.pts, read.seconds, read.is_key), (0.5, 0.0, false));
        assert_eq!(packet("0,N/A,N/A,N/A,10,0,__"), None);
        assert_eq!(packet(""), None);
    }

    #[test]
    fn what_is_hidden_counts_for_no_time() {
        let at = |pts, is_hidden| Packet {
            pts,
            seconds: 0.5,
            is_hidden,
            ..Packet::default()
        };
        let packets = [at(-0.5, true), at(0.5, false), at(0.0, false)];
        assert_eq!(span(&packets), Some((0.0, 1.0)));
        assert_eq!(steps(&packets), [0.5]);
        assert_eq!(span(&[]), None);
    }

    #[test]
    fn errors_are_told_without_what_nobody_understands() {
        let log = "[h264 @ 0x55] [error] error while decoding MB 1 2\n[info] end\n";
        assert_eq!(last_error(log), "error while decoding MB 1 2");
        assert_eq!(last_error("fine"), "");
    }
}

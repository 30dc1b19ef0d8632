//! The one place where a live FFmpeg's log is read: what its source is, what goes wrong and at which end.
//!
//! No text of FFmpeg's reaches anybody, for it has addresses with their secrets in it: what is told is the cause,
//! and the address as it may be shown.

#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;
use std::time::Duration;

use reelgate_domain::stream::{StreamPlan, StreamTarget};

use self::words::{classify, rank};
use super::{LiveCause, LiveSign, OutputSign, Side, SourceAudio, SourceFacts, SourceVideo};

/// Longer lines hold nothing that is looked for.
const MOST_LINE: usize = 8192;

/// How far FFmpeg has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The source is being opened.
    Opening,
    /// Its streams are being listed.
    Listing,
    /// Outputs are being opened.
    Outputs,
    Running,
}

/// Reads the log of one process.
#[derive(Debug)]
pub(crate) struct LogReader {
    line: Vec<u8>,
    phase: Phase,
    facts: SourceFacts,
    source: Named,
    pushes: Vec<(usize, Named)>,
    /// Which push a thread of FFmpeg's tends, by the name it has in the log.
    threads: HashMap<String, usize>,
    lost: Vec<usize>,
    /// Certificates that threads have refused and not told of yet.
    untrusted: usize,
    /// The cause that was said last, with whom it was about.
    last: Option<(LiveCause, String)>,
}

/// An address as FFmpeg writes it, and as it may be shown.
#[derive(Debug)]
struct Named {
    text: String,
    shown: String,
}

impl LogReader {
    pub(crate) fn new(plan: &StreamPlan) -> Self {
        let named = |address: &reelgate_domain::stream::StreamAddress| Named {
            text: address.expose().to_owned(),
            shown: address.to_string(),
        };
        let pushes = plan.outputs.iter().enumerate();
        let pushes = pushes.filter_map(|(index, output)| match &output.target {
            StreamTarget::Push { address } => Some((index, named(address))),
            _ => None,
        });
        Self {
            line: Vec::new(),
            phase: Phase::Opening,
            facts: SourceFacts::default(),
            source: named(&plan.input.address),
            pushes: pushes.collect(),
            threads: HashMap::new(),
            lost: Vec::new(),
            untrusted: 0,
            last: None,
        }
    }

    pub(crate) fn push(&mut self, chunk: &[u8], mut tell: impl FnMut(LiveSign)) {
        for &byte in chunk {
            if byte != b'\n' && byte != b'\r' {
                if self.line.len() < MOST_LINE {
                    self.line.push(byte);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            self.read(&String::from_utf8_lossy(&line), &mut tell);
        }
    }

    /// The most likely cause of an end that nobody asked for, with a text for people.
    pub(crate) fn cause(&self, code: Option<i32>) -> (LiveCause, String) {
        match (&self.last, code, self.phase) {
            (Some((cause, text)), ..) => (*cause, text.clone()),
            // The source was there, and said that this is all.
            (None, Some(0), _) => self.said(LiveCause::Closed(Side::Source)),
            (None, _, Phase::Opening | Phase::Listing) => {
                self.said(LiveCause::Refused(Side::Source))
            }
            (None, ..) => self.said(LiveCause::Other),
        }
    }

    fn read(&mut self, line: &str, tell: &mut impl FnMut(LiveSign)) {
        let Line {
            context,
            level,
            text,
        } = Line::of(line);
        if self.phase == Phase::Listing && !text.starts_with(' ') && !level.is_empty() {
            self.phase = Phase::Outputs;
            tell(LiveSign::Source(self.facts.clone()));
        }
        match level {
            "info" => self.read_info(context, text, tell),
            "warning" | "error" | "fatal" | "panic" => {
                self.read_trouble(context, text, level, tell);
            }
            _ => {}
        }
    }

    fn read_info(&mut self, context: &str, text: &str, tell: &mut impl FnMut(LiveSign)) {
        if let (Phase::Opening, Some(input)) = (self.phase, text.strip_prefix("Input #0, ")) {
            self.phase = Phase::Listing;
            let format = input.split(", from ").next().unwrap_or_default();
            self.facts.format = format.to_owned();
        } else if self.phase == Phase::Listing {
            self.read_stream(text);
        } else if text.starts_with("Output #0") || text.starts_with("Stream mapping") {
            // Trouble with what was tried before is over.
            self.phase = Phase::Running;
            self.last = None;
        } else if context.contains("showinfo") {
            let seconds = text.split("pts_time:").nth(1);
            let seconds = seconds.and_then(|rest| rest.split_whitespace().next());
            let seconds: Option<f64> = seconds.and_then(|seconds| seconds.parse().ok());
            let time = seconds.and_then(|it| Duration::try_from_secs_f64(it).ok());
            if let Some(time) = time.filter(|_| text.contains("iskey:1")) {
                tell(LiveSign::KeyFrame(time));
            }
        } else if context.starts_with("fifo") && text.contains("Recovery successful") {
            let output = self.threads.get(context).copied();
            self.lost.retain(|it| Some(*it) != output);
            tell(LiveSign::Output(OutputSign {
                output,
                lost: false,
                text: "the output is connected again".to_owned(),
            }));
        }
    }

    fn read_stream(&mut self, text: &str) {
        let Some(stream) = text.trim_start().strip_prefix("Stream #0:") else {
            return;
        };
        if let (None, Some((_, video))) = (&self.facts.video, stream.split_once(": Video: ")) {
            let size = video.split([' ', ',']).find_map(|word| {
                let (width, height) = word.split_once('x')?;
                Some((width.parse().ok()?, height.parse().ok()?))
            });
            let (width, height) = size.unwrap_or_default();
            let fps: Option<f64> = before(video, " fps");
            self.facts.video = Some(SourceVideo {
                codec: first_word(video),
                width,
                height,
                milli_fps: fps.map(|fps| (fps * 1000.0).round() as u32),
                kbps: before(video, " kb/s"),
            });
        } else if let (None, Some((_, audio))) = (&self.facts.audio, stream.split_once(": Audio: "))
        {
            self.facts.audio = Some(SourceAudio {
                codec: first_word(audio),
                sample_rate: before(audio, " Hz").unwrap_or_default(),
            });
        }
    }

    fn read_trouble(
        &mut self,
        context: &str,
        text: &str,
        level: &str,
        tell: &mut impl FnMut(LiveSign),
    ) {
        let lower = text.to_lowercase();
        if let Some(output) = self.output_of_thread(context, text) {
            let is_untrusted = self.take_untrusted(&lower, output);
            if self.lost.contains(&output) || level == "warning" {
                return;
            }
            self.lost.push(output);
            let cause = match is_untrusted {
                true => LiveCause::Untrusted(Side::Output),
                false => classify(&lower, Side::Output).unwrap_or(LiveCause::Closed(Side::Output)),
            };
            tell(LiveSign::Output(OutputSign {
                output: Some(output),
                lost: true,
                text: self.about(cause, output),
            }));
            return;
        }
        // A source has shown its certificate before there are outputs.
        let is_of_output = matches!(self.phase, Phase::Outputs | Phase::Running);
        if is_of_output
            && classify(&lower, Side::Output) == Some(LiveCause::Untrusted(Side::Output))
        {
            self.untrusted += 1;
            if self.phase == Phase::Running {
                return;
            }
        }
        // What threads of FFmpeg's say on the way to their own line is about one output of several.
        let is_of_thread = self.pushes.len() > 1 || !self.threads.is_empty();
        let says_protocol = ["tcp", "rtmp", "tls", "srt"];
        let says_protocol = says_protocol.iter().any(|it| context.starts_with(it));
        if self.phase == Phase::Running && is_of_thread && says_protocol {
            return;
        }
        let side = self.side(&lower, text);
        let Some(cause) = classify(&lower, side).filter(|_| level != "warning") else {
            return;
        };
        // The first word about something is the most exact one.
        if self.last.is_some() && cause == LiveCause::Other {
            return;
        }
        let known = self.last.as_ref().is_some_and(|(last, _)| *last == cause);
        let worse = self
            .last
            .as_ref()
            .is_some_and(|(last, _)| rank(*last) > rank(cause));
        if known || worse {
            return;
        }
        let (_, text) = self.said(cause);
        self.last = Some((cause, text.clone()));
        tell(LiveSign::Said { cause, text });
    }

    /// Which output a line of a thread that pushes is about.
    fn output_of_thread(&mut self, context: &str, text: &str) -> Option<usize> {
        if !context.starts_with("fifo") {
            return None;
        }
        let named = self
            .pushes
            .iter()
            .find(|(_, named)| text.contains(&named.text));
        if let Some((index, _)) = named {
            self.threads.insert(context.to_owned(), *index);
        }
        self.threads.get(context).copied()
    }

    /// Whether a thread's line is the end of a connection whose certificate was refused: the line itself says no more
    /// than that it failed.
    fn take_untrusted(&mut self, lower: &str, output: usize) -> bool {
        let mut pushes = self.pushes.iter();
        let is_tls = pushes.any(|(index, it)| *index == output && it.text.starts_with("rtmps:"));
        if self.untrusted == 0 || !is_tls || !lower.contains("input/output error") {
            return false;
        }
        self.untrusted -= 1;
        true
    }

    fn side(&self, lower: &str, text: &str) -> Side {
        let names = |named: &Named| text.contains(&named.text);
        match self.phase {
            Phase::Opening | Phase::Listing => Side::Source,
            Phase::Outputs => Side::Output,
            Phase::Running if names(&self.source) || lower.contains("demuxing") => Side::Source,
            Phase::Running if self.pushes.iter().any(|(_, named)| names(named)) => Side::Output,
            Phase::Running if lower.contains("write_frame") || lower.contains("mux") => {
                Side::Output
            }
            Phase::Running => Side::Source,
        }
    }

    fn said(&self, cause: LiveCause) -> (LiveCause, String) {
        use LiveCause::{Closed, Denied, Frozen, Garbage, Refused, Unknown, Untrusted};
        let text = match cause {
            Refused(Side::Output)
            | Denied(Side::Output)
            | Unknown(Side::Output)
            | Untrusted(Side::Output)
            | Closed(Side::Output)
            | Frozen(Side::Output) => match &self.pushes[..] {
                [(index, _)] => self.about(cause, *index),
                _ => cause.to_string(),
            },
            Refused(_) | Denied(_) | Unknown(_) | Untrusted(_) | Closed(_) | Frozen(_)
            | Garbage => {
                format!("{cause}: {}", self.source.shown)
            }
            _ => cause.to_string(),
        };
        (cause, text)
    }

    fn about(&self, cause: LiveCause, output: usize) -> String {
        let named = self.pushes.iter().find(|(index, _)| *index == output);
        match named {
            Some((_, named)) => format!("{cause}: {}", named.shown),
            None => cause.to_string(),
        }
    }
}

/// The parts of `[flv @ 0x55] [error] text`.
struct Line<'a> {
    context: &'a str,
    level: &'a str,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Self {
        let mut context = "";
        let mut rest = line;
        while let Some((word, after)) = rest.strip_prefix('[').and_then(|it| it.split_once("] ")) {
            rest = after;
            if ["info", "warning", "error", "fatal", "panic", "verbose"].contains(&word) {
                return Self {
                    context,
                    level: word,
                    text: rest,
                };
            }
            context = word;
        }
        Self {
            context,
            level: "",
            text: rest,
        }
    }
}

fn first_word(text: &str) -> String {
    let end = text.find([' ', ',']).unwrap_or(text.len());
    text[..end].to_owned()
}

/// The number before a unit.
fn before<T: std::str::FromStr>(text: &str, unit: &str) -> Option<T> {
    let number = &text[..text.find(unit)?];
    let begin = number.rfind([' ', ',']).map_or(0, |at| at + 1);
    number[begin..].parse().ok()
}

//! Subtitles: the process that reads them, the filter that draws them, and the streams that hold them.

use std::ffi::OsString;
use std::path::Path;

use super::{Args, PROTOCOLS};
use crate::plan::{Plan, TextCodec, Words, WordsPlan};

/// The name of the file that subtitles lie in, in the directory that the process runs in.
pub(crate) fn words_file(part: usize, place: usize, words: &WordsPlan) -> String {
    format!("words-{part}-{place}.{}", ending(words))
}

const fn ending(words: &WordsPlan) -> &'static str {
    match &words.becomes {
        Words::Drawn { .. } => "ass",
        Words::Stream { codec, .. } => match codec {
            TextCodec::Ass => "ass",
            TextCodec::MovText | TextCodec::SubRip => "srt",
            TextCodec::WebVtt => "vtt",
        },
        Words::Beside { .. } => "vtt",
    }
}

/// What of FFmpeg's writes and reads files of ASS and of SubRip: encoders and formats.
const ASS: [&str; 2] = ["ass", "ass"];
const SUBRIP: [&str; 2] = ["subrip", "srt"];

/// The arguments of the process that writes a stream of subtitles to a file, as ASS or as SubRip; `charset` is what its
/// bytes are in.
pub(crate) fn words_args(
    path: &Path,
    stream: u32,
    charset: Option<&str>,
    (is_ass, file): (bool, &str),
) -> Vec<OsString> {
    let mut args = Args::default();
    args.add(&["-nostdin", "-hide_banner", "-nostats"])
        .add(&["-loglevel", "level+warning"])
        .add(&["-progress", "pipe:1", "-y"])
        // None that cannot be decoded is left out in silence.
        .add(&["-max_error_rate", "0"]);
    if let Some(charset) = charset {
        args.add(&["-sub_charenc", charset]);
    }
    let [encoder, format] = if is_ass { ASS } else { SUBRIP };
    args.open_source(path).input(path);
    args.pair("-map", format!("0:{stream}"))
        .add(&["-c:s", encoder, "-f", format, file]);
    args.0
}

/// What makes the frame rate, and then draws the subtitles of the output at place `part` of its process.
pub(super) fn filters(rate: String, plan: &Plan, part: usize) -> String {
    let all = plan.words.iter().enumerate();
    let drawn = all.filter(|(_, words)| matches!(words.becomes, Words::Drawn { .. }));
    drawn.fold(rate, |chain, (place, words)| {
        let file = words_file(part, place, words);
        // The filter of this name takes its file for ASS, whatever the file's header looks like.
        format!("{chain},ass=filename={file}")
    })
}

/// Opens a file that [`words_file`] names. It may be empty, so that what it is has to be said.
pub(super) fn open(args: &mut Args, plan: &Plan, (part, place): (usize, usize), codec: TextCodec) {
    let format = match codec {
        TextCodec::Ass => "ass",
        TextCodec::MovText | TextCodec::SubRip => "srt",
        TextCodec::WebVtt => "webvtt",
    };
    args.add(&["-protocol_whitelist", PROTOCOLS])
        .add(&["-format_whitelist", format, "-f", format])
        .pair(
            "-i",
            format!("file:{}", words_file(part, place, &plan.words[place])),
        );
}

/// The streams, each from the input of its number.
pub(super) fn add_streams(args: &mut Args, plan: &Plan, numbers: &[usize]) {
    let streams = plan.word_streams().zip(numbers).enumerate();
    for (stream, ((_, codec, language), number)) in streams {
        let encoder = match codec {
            TextCodec::MovText => codec.name(),
            TextCodec::SubRip | TextCodec::Ass | TextCodec::WebVtt => "copy",
        };
        args.pair("-map", format!("{number}:0"))
            .pair(&format!("-c:s:{stream}"), encoder)
            .pair(&format!("-disposition:s:{stream}"), "0");
        if let Some(language) = language {
            args.pair(
                &format!("-metadata:s:s:{stream}"),
                format!("language={language}"),
            );
        }
    }
}

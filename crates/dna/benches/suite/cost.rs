//! What extraction costs beside the decode, and how many bytes an hour takes.

use std::io::Read;
use std::process::Stdio;

use reelgate_dna::{AudioExtractor, Change, Fingerprint, Index, VideoExtractor};

use crate::Options;
use crate::clips::{self, Clip, Way, command, frames, samples};
use crate::stats::{on_processor, processor, quantile};

/// How often each is measured, in turns.
const ROUNDS: usize = 15;

/// Shorter clips are decoded again and again until they have been this many seconds, so that starting FFmpeg does not count.
const LEAST_SECONDS: f64 = 20.0;

pub(crate) fn print(options: &Options) {
    let all = clips::all(&options.folders);
    println!("\nbytes in an hour, as stored and in an index of nothing else");
    for clip in all
        .iter()
        .filter(|clip| clip.has_video && clip.seconds > 4.0)
    {
        size(options, clip);
    }
    println!("\nprocessor time of extraction beside that of FFmpeg's decode of the same streams");
    for clip in all
        .iter()
        .filter(|clip| clip.has_video && clip.seconds > 4.0)
    {
        extraction(clip);
    }
}

fn size(options: &Options, clip: &Clip) {
    let mut video = VideoExtractor::to_store();
    for frame in frames(
        &options.cache,
        clip,
        clip.from,
        clip.seconds,
        &Way::default(),
        1,
    ) {
        video.push(frame).expect("FFmpeg gives whole frames");
    }
    let mut audio = AudioExtractor::to_store();
    if clip.has_audio {
        audio.push(&samples(
            &options.cache,
            clip,
            clip.from,
            clip.seconds,
            &Way::default(),
        ));
    }
    let video = video.finish().0;
    let kept = video.starts.len() as f64 / f64::from(video.frames);
    let print = Fingerprint {
        video: Some(video),
        audio: Some(audio.finish().0),
        text: None,
    };
    let hour = |bytes: usize| bytes as f64 * 3_600.0 / clip.seconds / 1e6;
    let stored = hour(print.encode().len());
    let index = Index::in_memory();
    index.apply(1, vec![Change::Add(1, Box::new(print))]);
    println!(
        "{:<44} {stored:.2} MB stored, {:.2} MB in an index, {:.0} % of frames kept",
        clip.name(),
        hour(index.bytes()),
        kept * 100.0
    );
}

/// The decode alone and with extraction, in turns.
///
/// Whatever else the machine does only adds to a processor time, so that the least of each is nearest to what it takes.
fn extraction(clip: &Clip) {
    let seconds = clip.seconds * f64::from(repeats(clip) + 1);
    let (mut decodes, mut extractions) = (Vec::new(), Vec::new());
    let (mut hashing, mut hearing) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = processor();
        let mut plain = decode(clip);
        plain.args(["-map", "0:v:0", "-map", "0:a:0?", "-f", "null", "-"]);
        assert!(plain.status().expect("ffmpeg starts").success());
        decodes.push(processor().1 - before.1);
        let before = processor();
        let (pictures, sound) = extract(clip);
        let after = processor();
        extractions.push(after.0 + after.1 - before.0 - before.1);
        hashing.push(pictures / seconds);
        hearing.push(sound / seconds);
    }
    let mut ratios: Vec<f64> = extractions
        .iter()
        .zip(&decodes)
        .map(|(ours, plain)| ours / plain)
        .collect();
    let least = |times: &mut [f64]| quantile(times, 0.0);
    println!(
        "{:<44} least of {ROUNDS}: {:.3} times the decode of {:.1} ms a second; ratios of turns {:.3}, {:.3} to {:.3}; {:.0} times real time; of a second of media {:.2} ms are hashing, {:.2} ms terms of sound",
        clip.name(),
        least(&mut extractions) / least(&mut decodes),
        least(&mut decodes) * 1e3 / seconds,
        quantile(&mut ratios, 0.5),
        quantile(&mut ratios, 0.0),
        quantile(&mut ratios, 1.0),
        seconds / least(&mut extractions),
        least(&mut hashing),
        least(&mut hearing),
    );
}

fn repeats(clip: &Clip) -> u32 {
    ((LEAST_SECONDS / clip.seconds).ceil() as u32).saturating_sub(1)
}

/// FFmpeg with a clip, as often as needed, as its input.
fn decode(clip: &Clip) -> std::process::Command {
    let mut command = command("ffmpeg");
    command
        .args(["-v", "error", "-nostdin", "-threads", "1", "-stream_loop"])
        .arg(repeats(clip).to_string())
        .arg("-i")
        .arg(&clip.path);
    command
}

/// Milliseconds of this thread that pictures and sound took; what FFmpeg takes is in its own account.
fn extract(clip: &Clip) -> (f64, f64) {
    let (mut pictures, mut sound) = (0.0, 0.0);
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut child = decode(clip);
    child.args([
        "-map",
        "0:v:0",
        "-vf",
        "fps=4,scale=128:128:flags=area,format=gray",
        "-f",
        "rawvideo",
        "-",
    ]);
    if clip.has_audio {
        child
            .args([
                "-map", "0:a:0", "-ac", "1", "-ar", "11025", "-f", "s16le", "-y",
            ])
            .arg(file.path());
    }
    let mut child = child.stdout(Stdio::piped()).spawn().expect("ffmpeg starts");
    let mut out = child.stdout.take().expect("its output is a pipe");
    let mut video = VideoExtractor::to_store();
    let mut frame = vec![0; 128 * 128];
    while out.read_exact(&mut frame).is_ok() {
        let before = on_processor();
        video
            .push(frame.clone())
            .expect("FFmpeg gives whole frames");
        pictures += on_processor() - before;
    }
    assert!(child.wait().expect("ffmpeg ends").success());
    let mut audio = AudioExtractor::to_store();
    let bytes = std::fs::read(file.path()).expect("the samples are there");
    let samples: Vec<i16> = bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| i16::from_le_bytes(*pair))
        .collect();
    let before = on_processor();
    audio.push(&samples);
    let audio = audio.finish().0;
    sound += on_processor() - before;
    let before = on_processor();
    let video = video.finish().0;
    pictures += on_processor() - before;
    let print = Fingerprint {
        video: Some(video),
        audio: Some(audio),
        text: None,
    };
    assert!(!print.encode().is_empty());
    (pictures, sound)
}

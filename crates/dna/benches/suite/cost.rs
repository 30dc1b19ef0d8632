//! What extraction costs beside the decode, and how many bytes an hour takes.

use std::io::Read;
use std::process::Stdio;

use reelgate_dna::{AudioExtractor, Change, Fingerprint, Index, VideoExtractor};

use crate::Options;
use crate::clips::{self, Clip, Way, command, frames, samples};
use crate::stats::{on_processor, processor, quantile};

/// How often each is measured, in turns.
const ROUNDS: usize = 5;

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
        .filter(|clip| clip.has_video && clip.seconds > 10.0)
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
fn extraction(clip: &Clip) {
    let mut ratios = Vec::new();
    let (mut hashing, mut hearing) = (Vec::new(), Vec::new());
    let mut speed = 0.0;
    for _ in 0..ROUNDS {
        let before = processor();
        let mut plain = command("ffmpeg");
        plain
            .args(["-v", "error", "-nostdin", "-threads", "1", "-i"])
            .arg(&clip.path);
        plain.args(["-map", "0:v:0", "-map", "0:a:0?", "-f", "null", "-"]);
        assert!(plain.status().expect("ffmpeg starts").success());
        let decode = processor().1 - before.1;
        let before = processor();
        let (pictures, sound) = extract(clip);
        hashing.push(pictures / clip.seconds);
        hearing.push(sound / clip.seconds);
        let after = processor();
        let ours = after.0 + after.1 - before.0 - before.1;
        ratios.push(ours / decode);
        speed = clip.seconds / ours;
    }
    println!(
        "{:<44} {:.3} times the decode at the median of {ROUNDS} ({:.3} to {:.3}), {speed:.0} times real time; of a second of media {:.2} ms are hashing, {:.2} ms terms of sound",
        clip.name(),
        quantile(&mut ratios, 0.5),
        quantile(&mut ratios, 0.0),
        quantile(&mut ratios, 1.0),
        quantile(&mut hashing, 0.5),
        quantile(&mut hearing, 0.5),
    );
}

/// Milliseconds of this thread that pictures and sound took; what FFmpeg takes is in its own account.
fn extract(clip: &Clip) -> (f64, f64) {
    let (mut pictures, mut sound) = (0.0, 0.0);
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut child = command("ffmpeg");
    child
        .args(["-v", "error", "-nostdin", "-threads", "1", "-i"])
        .arg(&clip.path);
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

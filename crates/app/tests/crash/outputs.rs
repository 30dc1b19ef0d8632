//! What lies under final names: each file is read and counted, by ffprobe and not by the service.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::order::{Order, Output};

/// How far a length may be off, in seconds: sound is cut at the ends of its frames.
const TOLERANCE: f64 = 0.1;

/// What tells whether a file was written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Print {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

/// The files of an order that are visible, by key.
pub(crate) fn visible(bucket: &Path, order: &Order) -> BTreeMap<String, Print> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(bucket.join(&order.tag)) else {
        return found;
    };
    for entry in entries {
        let entry = entry.unwrap();
        let key = format!("{}/{}", order.tag, entry.file_name().to_string_lossy());
        let meta = entry.metadata().unwrap();
        let print = Print {
            inode: meta.ino(),
            bytes: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
        };
        found.insert(key, print);
    }
    found
}

/// Fails unless every file of the order is there, complete, and nothing else.
pub(crate) fn check_all(bucket: &Path, order: &Order) {
    let keys: BTreeSet<String> = visible(bucket, order).into_keys().collect();
    assert_eq!(keys, order.key_set(), "the files of {}", order.tag);
    check_visible(bucket, order);
}

/// Fails if a visible file is not complete, or came before one that it needs.
pub(crate) fn check_visible(bucket: &Path, order: &Order) {
    let there: BTreeSet<String> = visible(bucket, order).into_keys().collect();
    let strange: Vec<_> = there.difference(&order.key_set()).cloned().collect();
    assert!(strange.is_empty(), "nobody asked for {strange:?}");
    for output in &order.outputs {
        if there.contains(&output.key()) {
            let missing: Vec<_> = output
                .keys()
                .into_iter()
                .filter(|key| !there.contains(key))
                .collect();
            assert!(
                missing.is_empty(),
                "{} came before {missing:?}",
                output.key()
            );
            check_whole(bucket, output);
        } else {
            check_parts(bucket, output, &there);
        }
    }
}

/// Reads a whole output as a player would.
fn check_whole(bucket: &Path, output: &Output) {
    let path = bucket.join(output.key());
    if output.segments() > 0 {
        let text = fs::read_to_string(&path).unwrap();
        let named: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let expected: Vec<_> = (1..=output.segments())
            .map(|number| output.segment_key(number))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|key| key.rsplit('/').next().unwrap())
            .collect();
        assert_eq!(named, expected, "the segments that {} names", output.key());
        assert!(text.trim_end().ends_with("#EXT-X-ENDLIST"), "{text}");
    }
    let read = Read::of(path.into_os_string());
    read.check(&output.key(), output.pictures(), output.seconds as f64);
}

/// Reads the segments of an output whose playlist is not there yet.
fn check_parts(bucket: &Path, output: &Output, there: &BTreeSet<String>) {
    for number in 1..=output.segments() {
        let key = output.segment_key(number);
        if !there.contains(&key) {
            continue;
        }
        let path = bucket.join(&key).into_os_string();
        let source = match output.head_key() {
            None => path,
            Some(head) => {
                assert!(there.contains(&head), "{key} came before {head}");
                let mut source = OsString::from("concat:");
                source.push(bucket.join(head));
                source.push("|");
                source.push(path);
                source
            }
        };
        let read = Read::of(source);
        assert_eq!(
            read.pictures,
            output.pictures_of_segment(),
            "pictures of {key}"
        );
        assert!(read.sounds > 0, "{key} is silent");
    }
}

/// What decoding a file from its start to its end came to.
struct Read {
    seconds: f64,
    pictures: u64,
    sounds: u64,
}

impl Read {
    fn of(source: OsString) -> Self {
        let name = source.to_string_lossy().into_owned();
        #[expect(
            clippy::disallowed_methods,
            reason = "what the service made is judged by a program it did not start"
        )]
        let output = Command::new("ffprobe")
            .args([
                "-v",
                "error",
                "-count_frames",
                "-of",
                "json",
                "-show_entries",
            ])
            .arg("format=duration:stream=codec_type,nb_read_frames")
            .arg(source)
            .output()
            .expect("ffprobe is installed");
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && complaints.is_empty(),
            "{name} cannot be read: {complaints}"
        );
        let facts: Value = serde_json::from_slice(&output.stdout).unwrap();
        let count = |kind: &str| {
            let streams = facts["streams"].as_array().unwrap();
            let counts = streams
                .iter()
                .filter(|stream| stream["codec_type"] == kind)
                .map(|stream| stream["nb_read_frames"].as_str().unwrap_or("0"));
            counts.map(|frames| frames.parse::<u64>().unwrap()).sum()
        };
        let seconds = facts["format"]["duration"].as_str().unwrap_or("0");
        Self {
            seconds: seconds.parse().unwrap(),
            pictures: count("video"),
            sounds: count("audio"),
        }
    }

    fn check(&self, key: &str, pictures: u64, seconds: f64) {
        assert_eq!(self.pictures, pictures, "pictures of {key}");
        let off = (self.seconds - seconds).abs();
        assert!(off < TOLERANCE, "{key} lasts {} s", self.seconds);
        // A frame of sound has 1024 samples, of which there are 22050 a second.
        let expected = seconds * 22050.0 / 1024.0;
        let off = (self.sounds as f64 - expected).abs();
        assert!(off <= 3.0, "{key} has {} frames of sound", self.sounds);
    }
}

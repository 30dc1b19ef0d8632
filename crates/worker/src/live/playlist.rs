//! The playlist of a stream in its bucket: what is read of one that is there, what a new segment changes, and
//! how it is written. Pure.
//!
//! A playlist outlives processes, attempts and starts: whoever goes on with a stream reads the one that is in
//! the bucket, goes on counting where it ends, and marks the break as a discontinuity. So players that are
//! looking go on too. The playlist also names, in comments, what has left its window and is not removed yet;
//! nothing else has to be remembered for it to be removed.

use std::collections::VecDeque;
use std::fmt::Write as _;

/// Begins a comment that names a segment which is to be removed.
const RETIRED: &str = "#reelgate-retired:";

/// Far more segments than a stream ever has.
const MOST_COUNTED: u64 = 1 << 53;

/// One segment of a playlist.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    /// The file beside the playlist.
    pub(crate) name: String,
    pub(crate) seconds: f64,
    /// What follows is not the continuation of what was before.
    pub(crate) is_break: bool,
    /// The file that a player needs before this one, where the segments are of a kind that has such.
    pub(crate) map: Option<String>,
}

/// A playlist.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Playlist {
    /// The number of the first segment that is named.
    sequence: u64,
    /// How many breaks are before it.
    breaks: u64,
    target_seconds: u64,
    segments: VecDeque<Segment>,
    /// What players may still fetch although it is not named any more, oldest first.
    retired: VecDeque<String>,
    is_over: bool,
}

impl Playlist {
    /// Reads what [`Self::text`] or FFmpeg has written. Nothing of what is not a playlist of segments beside it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        if lines.next() != Some("#EXTM3U") {
            return None;
        }
        let mut playlist = Self::default();
        let (mut seconds, mut is_break, mut map) = (None, false, None);
        for line in lines {
            if let Some(rest) = line.strip_prefix("#EXTINF:") {
                let number = rest.split(',').next().unwrap_or_default();
                let number: f64 = number.trim().parse().ok()?;
                seconds = Some(number).filter(|it| it.is_finite() && *it >= 0.0);
                seconds?;
            } else if let Some(rest) = line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:") {
                playlist.sequence = count(rest)?;
            } else if let Some(rest) = line.strip_prefix("#EXT-X-DISCONTINUITY-SEQUENCE:") {
                playlist.breaks = count(rest)?;
            } else if let Some(rest) = line.strip_prefix("#EXT-X-TARGETDURATION:") {
                playlist.target_seconds = rest.parse().ok()?;
            } else if let Some(rest) = line.strip_prefix("#EXT-X-MAP:URI=\"") {
                let name = rest.split('"').next().filter(|name| is_name(name))?;
                map = Some(name.to_owned());
            } else if line == "#EXT-X-DISCONTINUITY" {
                is_break = true;
            } else if line == "#EXT-X-ENDLIST" {
                playlist.is_over = true;
            } else if let Some(name) = line.strip_prefix(RETIRED) {
                let name = Some(name).filter(|name| is_name(name))?;
                playlist.retired.push_back(name.to_owned());
            } else if !line.is_empty() && !line.starts_with('#') {
                let name = Some(line).filter(|name| is_name(name))?;
                playlist.segments.push_back(Segment {
                    name: name.to_owned(),
                    seconds: seconds.take()?,
                    is_break: std::mem::take(&mut is_break),
                    map: map.clone(),
                });
            }
        }
        Some(playlist)
    }

    /// Takes in a segment behind the others. Of more than `window` the oldest are named no more (0: all stay).
    pub(crate) fn push(&mut self, segment: Segment, window: usize) {
        // A number may be rounded either way; a player waits for so long before it looks again.
        let whole = segment.seconds.round().clamp(1.0, 3600.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is a whole number of at most 3600"
        )]
        let whole = whole as u64;
        self.target_seconds = self.target_seconds.max(whole);
        self.is_over = false;
        self.segments.push_back(segment);
        while window > 0 && self.segments.len() > window {
            let Some(oldest) = self.segments.pop_front() else {
                break;
            };
            self.sequence += 1;
            // A break counts as passed once the segment that it stands before is gone.
            self.breaks += u64::from(oldest.is_break);
            self.retired.push_back(oldest.name);
            let goes_with_it = oldest.map.filter(|map| {
                let needs = |it: &Segment| it.map.as_ref() == Some(map);
                !self.segments.iter().any(needs)
            });
            self.retired.extend(goes_with_it);
        }
    }

    /// What players can have no use for any more: it has been out of the playlist for as long as it was in it.
    /// It is named as retired until [`Self::removed`], so that whoever goes on can see to it.
    pub(crate) fn due(&self, window: usize) -> Vec<String> {
        let surplus = self.retired.len().saturating_sub(window);
        self.retired.iter().take(surplus).cloned().collect()
    }

    pub(crate) fn removed(&mut self, name: &str) {
        self.retired.retain(|retired| retired != name);
    }

    /// It is a live one whose longest segment is at least this long.
    pub(crate) fn at_least(&mut self, target_seconds: u64) {
        self.target_seconds = self.target_seconds.max(target_seconds);
    }

    /// Nothing follows.
    pub(crate) fn end(&mut self) {
        self.is_over = true;
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    pub(crate) fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.segments.iter()
    }

    /// Whether it names this file, or did so lately.
    pub(crate) fn knows(&self, name: &str) -> bool {
        let is_it = |it: &Segment| it.name == name || it.map.as_deref() == Some(name);
        self.segments.iter().any(is_it) || self.retired.iter().any(|retired| retired == name)
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::from("#EXTM3U\n");
        let has_maps = self.segments.iter().any(|it| it.map.is_some());
        // Writing into a string cannot fail.
        let _ = writeln!(text, "#EXT-X-VERSION:{}", if has_maps { 7 } else { 3 });
        let _ = writeln!(text, "#EXT-X-TARGETDURATION:{}", self.target_seconds.max(1));
        let _ = writeln!(text, "#EXT-X-MEDIA-SEQUENCE:{}", self.sequence);
        let _ = writeln!(text, "#EXT-X-DISCONTINUITY-SEQUENCE:{}", self.breaks);
        for name in &self.retired {
            let _ = writeln!(text, "{RETIRED}{name}");
        }
        let mut map = None;
        for segment in &self.segments {
            if segment.is_break {
                text.push_str("#EXT-X-DISCONTINUITY\n");
            }
            if segment.map.is_some() && (segment.is_break || segment.map != map) {
                let name = segment.map.as_deref().unwrap_or_default();
                let _ = writeln!(text, "#EXT-X-MAP:URI=\"{name}\"");
            }
            map.clone_from(&segment.map);
            let Segment { seconds, name, .. } = segment;
            let _ = writeln!(text, "#EXTINF:{seconds:.6},\n{name}");
        }
        if self.is_over {
            text.push_str("#EXT-X-ENDLIST\n");
        }
        text
    }
}

/// A number that is counted on from. Others can write to a bucket: one that leaves no room is none of ours.
fn count(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number| *number <= MOST_COUNTED)
}

/// Whether it names a file beside the playlist and nothing else.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'\\' | b'"');
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(name: &str) -> Segment {
        Segment {
            name: name.to_owned(),
            seconds: 2.0,
            is_break: false,
            map: None,
        }
    }

    #[test]
    fn a_playlist_is_read_as_it_was_written() {
        let mut playlist = Playlist::default();
        playlist.at_least(4);
        for n in 0..9 {
            let mut new = segment(&format!("a-{n}.ts"));
            new.is_break = n % 4 == 3;
            playlist.push(new, 3);
        }
        playlist.end();
        let text = playlist.text();
        assert_eq!(Playlist::read(&text), Some(playlist));
        assert_eq!(
            text.lines().collect::<Vec<_>>()[..5],
            [
                "#EXTM3U",
                "#EXT-X-VERSION:3",
                "#EXT-X-TARGETDURATION:4",
                "#EXT-X-MEDIA-SEQUENCE:6",
                "#EXT-X-DISCONTINUITY-SEQUENCE:1"
            ]
        );
        assert!(text.ends_with("#EXTINF:2.000000,\na-8.ts\n#EXT-X-ENDLIST\n"));
    }

    /// A player may have read the playlist just before a segment left it, and then takes as long to fetch it.
    #[test]
    fn what_left_the_window_is_removed_a_window_later() {
        let mut playlist = Playlist::default();
        for n in 0..6 {
            playlist.push(segment(&format!("{n}.ts")), 3);
            assert!(playlist.due(3).is_empty());
        }
        playlist.push(segment("6.ts"), 3);
        playlist.push(segment("7.ts"), 3);
        assert_eq!(playlist.due(3), ["0.ts", "1.ts"]);
        // Whoever goes on after a crash finds out what is left to do.
        let mut again = Playlist::read(&playlist.text()).unwrap();
        assert_eq!(again.due(3), ["0.ts", "1.ts"]);
        again.removed("0.ts");
        again.removed("1.ts");
        assert!(again.due(3).is_empty());
        assert!(again.knows("2.ts") && again.knows("7.ts") && !again.knows("1.ts"));
        let mut all = Playlist::default();
        for n in 0..100 {
            all.push(segment(&format!("{n}.ts")), 0);
        }
        assert!(all.due(0).is_empty());
        assert_eq!(all.segments().count(), 100);
    }

    #[test]
    fn whoever_goes_on_counts_on_and_marks_the_break() {
        let mut before = Playlist::default();
        for n in 0..5 {
            before.push(segment(&format!("a-{n}.ts")), 3);
        }
        before.end();
        let mut after = Playlist::read(&before.text()).unwrap();
        let mut first = segment("b-0.ts");
        first.is_break = true;
        after.push(first, 3);
        assert!(!after.is_over());
        let text = after.text();
        assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:3\n"), "{text}");
        assert!(
            text.contains("a-4.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:2.000000,\nb-0.ts\n"),
            "{text}"
        );
        for n in 1..4 {
            after.push(segment(&format!("b-{n}.ts")), 3);
        }
        let text = after.text();
        assert!(text.contains("#EXT-X-DISCONTINUITY-SEQUENCE:1\n"), "{text}");
        assert!(!text.contains("#EXT-X-DISCONTINUITY\n"), "{text}");
    }

    #[test]
    fn what_ffmpeg_writes_is_read() {
        let text = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n\
                    #EXT-X-INDEPENDENT-SEGMENTS\n#EXTINF:2.000000,\n0.ts\n#EXTINF:1.960000,\n1.ts\n";
        let playlist = Playlist::read(text).unwrap();
        let found: Vec<_> = playlist
            .segments()
            .map(|it| (&*it.name, it.seconds))
            .collect();
        assert_eq!(found, [("0.ts", 2.0), ("1.ts", 1.96)]);
    }

    #[test]
    fn segments_with_a_header_keep_it_as_long_as_one_needs_it() {
        let with = |name: &str, map: &str| Segment {
            map: Some(map.to_owned()),
            ..segment(name)
        };
        let mut playlist = Playlist::default();
        for (n, map) in ["a", "a", "b", "b"].into_iter().enumerate() {
            let mut new = with(&format!("{n}.m4s"), &format!("{map}.mp4"));
            new.is_break = n == 2;
            playlist.push(new, 3);
        }
        let text = playlist.text();
        assert_eq!(text.matches("a.mp4").count(), 1, "{text}");
        assert_eq!(Playlist::read(&text), Some(playlist.clone()));
        playlist.push(with("4.m4s", "b.mp4"), 3);
        assert!(playlist.text().contains("#reelgate-retired:a.mp4\n"));
        assert!(playlist.knows("a.mp4"));
    }

    /// Callers can write to their bucket. What is none of ours is not gone on with, and never leads to the removal
    /// of what lies elsewhere.
    #[test]
    fn what_names_anything_but_files_beside_it_is_none() {
        for text in [
            "",
            "not a playlist",
            "#EXTM3U\n#EXTINF:2,\n../a.ts\n",
            "#EXTM3U\n#EXTINF:2,\nhttps://elsewhere.example/a.ts\n",
            "#EXTM3U\n#reelgate-retired:/etc/x\n",
            "#EXTM3U\n#EXTINF:-1,\na.ts\n",
            "#EXTM3U\n#EXTINF:NaN,\na.ts\n",
            "#EXTM3U\na.ts\n",
            "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:x\n",
            "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n",
            "#EXTM3U\n#EXT-X-DISCONTINUITY-SEQUENCE:18446744073709551615\n",
        ] {
            assert_eq!(Playlist::read(text), None, "{text:?}");
        }
    }
}

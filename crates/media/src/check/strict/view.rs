//! Playlists as FFmpeg can open them: it takes no addresses with `%`, and one segment alone needs a
//! playlist of its own.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use super::read::Subject;
use super::{CheckError, Tools};
use crate::mp4;
use crate::playlist::MediaPlaylist;

/// Far more than descriptions of two streams take.
const MOST_INIT_BYTES: u64 = 1 << 20;

/// The files of a media playlist, and a directory of links to them.
#[derive(Debug)]
pub(super) struct View {
    pub(super) playlist: MediaPlaylist,
    pub(super) segments: Vec<PathBuf>,
    /// The folder of the playlist, which is all that may be read besides.
    home: PathBuf,
    folder: PathBuf,
    init: Option<String>,
    init_bytes: u64,
    names: Vec<String>,
}

impl View {
    /// The files that `text`, the playlist at `path`, names.
    pub(super) fn of(tools: &Tools<'_>, path: &Path, text: &str) -> Result<Self, CheckError> {
        let playlist = MediaPlaylist::parse(text)?;
        refuse(text)?;
        let home = path.parent().unwrap_or(Path::new("/")).to_owned();
        let folder = folder(tools.scratch)?;
        let link = |uri: &str, stem: &str| -> Result<(PathBuf, String), CheckError> {
            let file = resolved(&home, uri)?;
            let name = format!("{stem}{}", ending(&file));
            symlink(&file, folder.join(&name))?;
            Ok((file, name))
        };
        let (init_bytes, init) = match &playlist.init {
            Some(uri) => {
                let (file, name) = link(uri, "init")?;
                (file.metadata()?.len(), Some(name))
            }
            None => (0, None),
        };
        let (mut segments, mut names) = (Vec::new(), Vec::new());
        for (index, segment) in playlist.segments.iter().enumerate() {
            let (file, name) = link(&segment.uri, &format!("s{index}"))?;
            segments.push(file);
            names.push(name);
        }
        Ok(Self {
            playlist,
            segments,
            home,
            folder,
            init,
            init_bytes,
            names,
        })
    }

    /// The names of the codecs, where segments have a header that tells of them.
    pub(super) fn codecs(&self) -> Option<String> {
        let init = self.folder.join(self.init.as_ref()?);
        let mut bytes = Vec::new();
        File::open(init)
            .and_then(|file| file.take(MOST_INIT_BYTES).read_to_end(&mut bytes))
            .ok()?;
        mp4::codecs(&mp4::tracks(&bytes)?)
    }

    /// Of the init segment, 0 where there is none, and of each segment.
    pub(super) fn bytes(&self) -> io::Result<Vec<u64>> {
        let size = |file: &PathBuf| file.metadata().map(|meta| meta.len());
        let segments = self.segments.iter().map(size);
        [Ok(self.init_bytes)].into_iter().chain(segments).collect()
    }

    /// All segments one after another.
    pub(super) fn whole(&self) -> io::Result<Subject> {
        self.written("all.m3u8", 0..self.names.len())
    }

    /// One segment with nothing before it.
    pub(super) fn alone(&self, index: usize) -> io::Result<Subject> {
        self.written("one.m3u8", index..index + 1)
    }

    fn written(&self, name: &str, range: std::ops::Range<usize>) -> io::Result<Subject> {
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{}\n#EXT-X-PLAYLIST-TYPE:VOD\n",
            self.playlist.target_seconds
        );
        if let Some(init) = &self.init {
            text.push_str(&format!("#EXT-X-MAP:URI=\"{init}\"\n"));
        }
        let mut bytes = self.init_bytes;
        for index in range {
            bytes += self.segments[index].metadata()?.len();
            let seconds = self.playlist.segments[index].seconds;
            text.push_str(&format!("#EXTINF:{seconds:.6},\n{}\n", self.names[index]));
        }
        text.push_str("#EXT-X-ENDLIST\n");
        let path = self.folder.join(name);
        std::fs::write(&path, text)?;
        Ok(Subject {
            path,
            bytes,
            reach: vec![self.folder.clone(), self.home.clone()],
            is_playlist: true,
        })
    }
}

/// What a playlist of links would leave out, or nobody here can read.
fn refuse(text: &str) -> Result<(), CheckError> {
    let mut init = None;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#EXT-X-KEY:") && !line.contains("METHOD=NONE") {
            return Err(CheckError::Encrypted);
        }
        let map = line.strip_prefix("#EXT-X-MAP:");
        if line.starts_with("#EXT-X-BYTERANGE:") || map.is_some_and(|it| it.contains("BYTERANGE="))
        {
            return Err(CheckError::Parts("parts of files as segments"));
        }
        if line == "#EXT-X-DISCONTINUITY" {
            return Err(CheckError::Parts("discontinuities"));
        }
        // One that is said again is still the same.
        if map.is_some_and(|map| init.replace(map).is_some_and(|before| before != map)) {
            return Err(CheckError::Parts("several init segments"));
        }
    }
    Ok(())
}

/// A new directory in `scratch`.
fn folder(scratch: &Path) -> io::Result<PathBuf> {
    for number in 0..10_000 {
        let folder = scratch.join(format!("view-{number}"));
        match std::fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            done => return done.map(|()| folder),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// FFmpeg goes by the endings of segments.
fn ending(file: &Path) -> String {
    let ending = file.extension().and_then(|ending| ending.to_str());
    let plain = ending.filter(|it| it.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    plain.map_or(String::new(), |ending| format!(".{ending}"))
}

/// The file that an address in a playlist means: one in its folder or below.
pub(super) fn resolved(home: &Path, uri: &str) -> Result<PathBuf, CheckError> {
    let outside = || CheckError::Outside {
        uri: uri.to_owned(),
    };
    let name = decoded(uri).ok_or_else(outside)?;
    let relative = Path::new(&name);
    let is_plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if name.contains("://") || name.is_empty() || !relative.components().all(is_plain) {
        return Err(outside());
    }
    let file = home.join(relative);
    let meta = std::fs::symlink_metadata(&file)
        .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
    match meta.is_file() {
        true => Ok(file),
        false => Err(outside()),
    }
}

/// None of what is no text when its `%` are taken away.
fn decoded(uri: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(after.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &after[2..];
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.contains(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_links_cannot_show_is_refused() {
        let refused = |text: &str| refuse(text).map_err(|error| error.to_string());
        let map = "#EXT-X-MAP:URI=\"a.mp4\"\n";
        assert_eq!(
            refused(&format!("#EXT-X-KEY:METHOD=NONE\n{map}{map}")),
            Ok(())
        );
        assert_eq!(refused("#EXT-X-DISCONTINUITY-SEQUENCE:1\n"), Ok(()));
        for (text, word) in [
            ("#EXT-X-DISCONTINUITY\r\n", "discontinuities"),
            (
                "#EXT-X-MAP:URI=\"a.mp4\"\n#EXT-X-MAP:URI=\"b.mp4\"\n",
                "init segments",
            ),
            (
                "#EXT-X-MAP:URI=\"a.mp4\",BYTERANGE=\"700@0\"\n",
                "parts of files",
            ),
            ("#EXT-X-BYTERANGE:700@0\n", "parts of files"),
            ("#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n", "encrypted"),
        ] {
            assert!(refused(text).unwrap_err().contains(word), "{text}");
        }
    }

    #[test]
    fn only_files_below_the_playlist_are_meant() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        std::fs::create_dir_all(home.join("low")).unwrap();
        for name in ["home/a b.ts", "home/low/a.ts", "secret.ts"] {
            std::fs::write(folder.path().join(name), "1").unwrap();
        }
        symlink(folder.path().join("secret.ts"), home.join("link.ts")).unwrap();
        assert_eq!(resolved(&home, "a%20b.ts").unwrap(), home.join("a b.ts"));
        assert!(resolved(&home, "low/a.ts").is_ok());
        let absolute = folder.path().join("secret.ts").display().to_string();
        let names = [
            "../secret.ts",
            "%2e%2e/secret.ts",
            "link.ts",
            "low",
            "",
            "a%0Ab",
            "a%zz",
        ];
        for name in names
            .into_iter()
            .chain([absolute.as_str(), "http://a.example/x.ts"])
        {
            let refused = resolved(&home, name);
            assert!(
                matches!(refused, Err(CheckError::Outside { .. })),
                "{name}: {refused:?}"
            );
        }
        assert!(matches!(resolved(&home, "none.ts"), Err(CheckError::Io(_))));
    }
}

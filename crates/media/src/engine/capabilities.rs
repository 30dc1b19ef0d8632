//! What an FFmpeg can do, read from its own listings.

use std::collections::BTreeSet;

use super::fonts::Fonts;

/// The parts of an FFmpeg that outputs may need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The first line of `ffmpeg -version`.
    pub version: String,
    pub libavcodec: (u32, u32),
    pub encoders: BTreeSet<String>,
    pub muxers: BTreeSet<String>,
    pub filters: BTreeSet<String>,
    pub protocols: BTreeSet<String>,
    /// Of the machine, for texts in pictures.
    pub fonts: Fonts,
    /// How many processors the machine has for us.
    pub processors: u32,
}

/// A part that transcoding needs, as `doctor` lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Encoder(&'static str),
    Muxer(&'static str),
    Filter(&'static str),
    Protocol(&'static str),
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Encoder(name) => write!(f, "encoder {name}"),
            Self::Muxer(name) => write!(f, "muxer {name}"),
            Self::Filter(name) => write!(f, "filter {name}"),
            Self::Protocol(name) => write!(f, "protocol {name}"),
        }
    }
}

impl Capabilities {
    /// Everything that some output of today may need.
    pub const WANTED: [Part; 89] = [
        Part::Encoder("libx264"),
        Part::Encoder("libx265"),
        Part::Encoder("aac"),
        Part::Encoder("libmp3lame"),
        Part::Encoder("libvpx-vp9"),
        Part::Encoder("libsvtav1"),
        Part::Encoder("libopus"),
        Part::Encoder("libvorbis"),
        Part::Encoder("flac"),
        Part::Encoder("ac3"),
        Part::Encoder("pcm_s16le"),
        Part::Encoder("gif"),
        Part::Encoder("libwebp_anim"),
        Part::Encoder("mjpeg"),
        Part::Encoder("png"),
        Part::Muxer("image2"),
        Part::Muxer("mp4"),
        Part::Muxer("hls"),
        Part::Muxer("mpegts"),
        Part::Muxer("mp3"),
        Part::Muxer("adts"),
        Part::Muxer("mov"),
        Part::Muxer("ipod"),
        Part::Muxer("matroska"),
        Part::Muxer("webm"),
        Part::Muxer("flv"),
        Part::Muxer("ogg"),
        Part::Muxer("flac"),
        Part::Muxer("wav"),
        Part::Muxer("gif"),
        Part::Muxer("webp"),
        // For segments that begin at chosen moments.
        Part::Muxer("segment"),
        // For pieces of pictures.
        Part::Muxer("ivf"),
        Part::Filter("scale"),
        Part::Filter("fps"),
        Part::Filter("trim"),
        Part::Filter("setpts"),
        Part::Filter("setsar"),
        Part::Filter("setparams"),
        Part::Filter("aresample"),
        Part::Filter("ssim"),
        Part::Filter("psnr"),
        Part::Filter("settb"),
        Part::Filter("select"),
        Part::Filter("split"),
        Part::Filter("tile"),
        Part::Filter("signalstats"),
        Part::Filter("metadata"),
        Part::Filter("overlay"),
        Part::Filter("drawtext"),
        Part::Filter("colorchannelmixer"),
        Part::Filter("color"),
        Part::Filter("hue"),
        // For interlaced sources; without it their pictures show both fields.
        Part::Filter("bwdif"),
        Part::Filter("interlace"),
        // For the colours of a GIF.
        Part::Filter("palettegen"),
        Part::Filter("paletteuse"),
        // For pictures that are cropped, turned and padded.
        Part::Filter("crop"),
        Part::Filter("pad"),
        Part::Filter("transpose"),
        Part::Filter("hflip"),
        Part::Filter("vflip"),
        Part::Filter("rotate"),
        // For high dynamic range that becomes standard range.
        Part::Filter("zscale"),
        Part::Filter("tonemap"),
        // For volume and channels.
        Part::Filter("aformat"),
        Part::Filter("pan"),
        Part::Filter("volume"),
        Part::Filter("ebur128"),
        // For files that are joined, and sounds that are mixed.
        Part::Filter("concat"),
        Part::Filter("atrim"),
        Part::Filter("anullsrc"),
        Part::Filter("blend"),
        Part::Filter("amix"),
        Part::Filter("alimiter"),
        Part::Filter("anullsink"),
        Part::Filter("null"),
        // For subtitles.
        Part::Filter("ass"),
        Part::Encoder("ass"),
        Part::Encoder("subrip"),
        Part::Encoder("mov_text"),
        Part::Muxer("ass"),
        Part::Muxer("srt"),
        Part::Filter("ametadata"),
        // For what is looked at before it is planned.
        Part::Filter("cropdetect"),
        Part::Filter("idet"),
        // For places that are painted over.
        Part::Filter("delogo"),
        Part::Protocol("file"),
        Part::Protocol("pipe"),
    ];

    pub(super) fn from_listings(
        version: &str,
        encoders: &str,
        muxers: &str,
        filters: &str,
        protocols: &str,
    ) -> Self {
        Self {
            version: first_line(version),
            libavcodec: libavcodec(version).unwrap_or_default(),
            encoders: second_words(encoders),
            muxers: second_words(muxers),
            filters: second_words(filters),
            protocols: protocols
                .lines()
                .map(|line| line.trim().to_owned())
                .collect(),
            fonts: Fonts::default(),
            processors: 1,
        }
    }

    /// An engine that has every part wanted today, for tests of plans.
    pub fn complete() -> Self {
        let mut all = Self {
            version: "ffmpeg version 5.1".to_owned(),
            libavcodec: (59, 37),
            ..Self::default()
        };
        for part in Self::WANTED {
            let (set, name) = match part {
                Part::Encoder(name) => (&mut all.encoders, name),
                Part::Muxer(name) => (&mut all.muxers, name),
                Part::Filter(name) => (&mut all.filters, name),
                Part::Protocol(name) => (&mut all.protocols, name),
            };
            set.insert(name.to_owned());
        }
        all
    }

    pub fn has(&self, part: Part) -> bool {
        match part {
            Part::Encoder(name) => self.encoders.contains(name),
            Part::Muxer(name) => self.muxers.contains(name),
            Part::Filter(name) => self.filters.contains(name),
            Part::Protocol(name) => self.protocols.contains(name),
        }
    }

    /// The wanted parts this FFmpeg was built without.
    pub fn missing(&self) -> Vec<Part> {
        let lacking = |part: &Part| !self.has(*part);
        Self::WANTED.into_iter().filter(lacking).collect()
    }
}

pub(super) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

/// The version of the library in use, from a line such as `libavcodec     59. 37.100 / 59. 37.100`.
pub(super) fn libavcodec(version: &str) -> Option<(u32, u32)> {
    let line = version
        .lines()
        .find_map(|line| line.trim().strip_prefix("libavcodec"))?;
    let linked = line.split('/').next_back()?;
    let mut numbers = linked.split('.').map(|part| part.trim().parse::<u32>());
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// The names in a listing whose lines are flags, a name and a description.
fn second_words(listing: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let mut words = line.split_whitespace();
        let _flags = words.next()?;
        words.next().map(str::to_owned)
    };
    listing.lines().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linked_library_counts_not_the_one_compiled_against() {
        let text = "ffmpeg version 7\nlibavcodec     59. 37.100 / 61. 3.100\n";
        assert_eq!(libavcodec(text), Some((61, 3)));
        assert_eq!(libavcodec("ffmpeg version x"), None);
    }

    #[test]
    fn names_are_the_second_word_of_each_line() {
        let text = "Encoders:\n V..... = Video\n ------\n V....D libx264   libx264 H.264\n";
        assert!(second_words(text).contains("libx264"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut capabilities = Capabilities::complete();
        capabilities.encoders.remove("libx264");
        assert_eq!(capabilities.missing(), [Part::Encoder("libx264")]);
    }
}

//! What a file is, as far as its name and the library tell.

use clap::ValueEnum;
use reelgate_client::{DnaMedia, DnaModel};

/// What a file is, as it is written on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Media {
    Video,
    Audio,
    Image,
    /// Plain text in UTF-8.
    Text,
    /// What speech recognition has made of a recording: JSON with times.
    Asr,
}

/// Endings of names that pictures have.
const PICTURES: [&str; 10] = [
    "avif", "bmp", "gif", "heic", "jpeg", "jpg", "png", "tif", "tiff", "webp",
];

impl Media {
    pub(super) const fn media(self) -> DnaMedia {
        match self {
            Self::Video => DnaMedia::Video,
            Self::Audio => DnaMedia::Audio,
            Self::Image => DnaMedia::Image,
            Self::Text => DnaMedia::Text,
            Self::Asr => DnaMedia::Asr,
        }
    }

    /// What a file is unless somebody says otherwise: what the library is made of, or a picture that is looked for in
    /// films.
    pub(super) fn of(model: DnaModel, name: &str) -> Self {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let ending = ending.to_ascii_lowercase();
        match model {
            DnaModel::Video if PICTURES.contains(&ending.as_str()) => Self::Image,
            DnaModel::Video => Self::Video,
            DnaModel::Audio => Self::Audio,
            DnaModel::Image => Self::Image,
            DnaModel::Text => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_the_library_is_made_of_and_pictures_are_looked_for_in_films() {
        for (model, name, expected) in [
            (DnaModel::Video, "a.mp4", Media::Video),
            (DnaModel::Video, "a.PNG", Media::Image),
            (DnaModel::Video, "png", Media::Video),
            (DnaModel::Audio, "a.mp4", Media::Audio),
            (DnaModel::Image, "a", Media::Image),
            (DnaModel::Text, "a.json", Media::Text),
        ] {
            assert_eq!(Media::of(model, name), expected, "{name}");
        }
    }
}

//! The fonts of this machine, by their names, and which characters each has.

mod file;

use std::fs;
use std::path::{Path, PathBuf};

use file::Font;

/// Where distributions and administrators put fonts.
const FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];
const ENDINGS: [&str; 4] = ["ttf", "otf", "ttc", "otc"];
/// Folders in folders.
const MOST_DEPTH: u32 = 8;
const MOST_FONTS: usize = 5000;
/// What a message lists.
const MOST_LISTED: usize = 20;
/// Styles that a family's name alone stands for.
const PLAIN_STYLES: [&str; 5] = ["regular", "book", "roman", "normal", "medium"];

/// The fonts that were there at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fonts(Vec<Font>);

/// Why there is no font for a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FontError {
    #[error("font {name} is not installed where the job ran; fonts there: {there}")]
    NoSuch { name: String, there: String },
    #[error("font {name} has no {character:?}: choose another one")]
    Lacks { name: String, character: char },
    #[error("no font where the job ran has all of the text; fonts there: {there}")]
    NoneHas { there: String },
}

impl Fonts {
    /// Reads what is in the usual folders; what cannot be read there is no font.
    pub(super) fn of_this_machine() -> Self {
        let mut paths = Vec::new();
        for folder in FOLDERS {
            collect(Path::new(folder), MOST_DEPTH, &mut paths);
        }
        Self::of(&paths)
    }

    fn of(paths: &[PathBuf]) -> Self {
        let mut fonts: Vec<Font> = paths.iter().filter_map(|path| Font::read(path)).collect();
        fonts.sort_by(|a, b| (a.family(), &a.path).cmp(&(b.family(), &b.path)));
        Self(fonts)
    }

    /// The file of a font that has all of the text: of the one so named, or else of the first.
    pub(crate) fn find(&self, name: Option<&str>, text: &str) -> Result<PathBuf, FontError> {
        self.font(name, text).map(|font| font.path.clone())
    }

    /// What a font for subtitles is found by: the name that was asked for, or else the family of one that has all of
    /// the text. That is one without serifs, if there is any: fonts of formulas have lines so high that what is drawn by
    /// their height is too small to read.
    pub(crate) fn name(&self, name: Option<&str>, text: &str) -> Result<String, FontError> {
        if let Some(name) = name {
            return self.font(Some(name), text).map(|_| name.to_owned());
        }
        let is_sans = |font: &&Font| {
            let family = font.family();
            family.contains("Sans") && !family.contains("Mono")
        };
        let plain = self.0.iter().filter(|font| font.is_of(&PLAIN_STYLES));
        let mut sans = plain.filter(is_sans);
        let found = sans.find(|font| font.lacks(text).is_none());
        let found = found.map_or_else(|| self.font(None, text), Ok)?;
        Ok(found.family().to_owned())
    }

    fn font(&self, name: Option<&str>, text: &str) -> Result<&Font, FontError> {
        let Some(name) = name else {
            let plain = self.0.iter().filter(|font| font.is_of(&PLAIN_STYLES));
            let mut all = plain.chain(&self.0);
            let found = all.find(|font| font.lacks(text).is_none());
            let none = || FontError::NoneHas { there: self.list() };
            return found.ok_or_else(none);
        };
        let named: Vec<&Font> = self.0.iter().filter(|font| font.is_named(name)).collect();
        let plain = named.iter().find(|font| font.is_of(&PLAIN_STYLES));
        let Some(font) = plain.or(named.first()) else {
            return Err(FontError::NoSuch {
                name: name.to_owned(),
                there: self.list(),
            });
        };
        match font.lacks(text) {
            None => Ok(font),
            Some(character) => Err(FontError::Lacks {
                name: name.to_owned(),
                character,
            }),
        }
    }

    fn list(&self) -> String {
        let mut families: Vec<&str> = self.0.iter().map(Font::family).collect();
        families.dedup();
        if families.is_empty() {
            return "none".to_owned();
        }
        families.truncate(MOST_LISTED);
        families.join(", ")
    }
}

fn collect(folder: &Path, depth: u32, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if paths.len() >= MOST_FONTS {
            return;
        }
        let ending = path.extension().and_then(|end| end.to_str());
        let is_font =
            ending.is_some_and(|end| ENDINGS.iter().any(|it| end.eq_ignore_ascii_case(it)));
        if is_font {
            // The sandbox lets files in by where they are, not by links to them.
            paths.extend(path.canonicalize().ok().filter(|path| is_plain(path)));
        } else if depth > 0 && path.is_dir() && !path.is_symlink() {
            collect(&path, depth - 1, paths);
        }
    }
}

/// Whether a path can stand between the quotes of a filter's option as it is.
fn is_plain(path: &Path) -> bool {
    path.to_str().is_some_and(|path| {
        !path.contains(|char: char| char.is_control() || matches!(char, '\'' | '\\' | ':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Fonts {
        let fonts = Fonts::of_this_machine();
        assert!(!fonts.0.is_empty(), "these tests need fonts-dejavu-core");
        fonts
    }

    #[test]
    fn fonts_are_found_by_family_and_by_full_name() {
        let fonts = here();
        let name = |name: &str| {
            let path = fonts.find(Some(name), "Reelgate").unwrap();
            path.file_name().unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(name("DejaVu Sans"), "DejaVuSans.ttf");
        assert_eq!(name("dejavu sans"), "DejaVuSans.ttf");
        assert_eq!(name("DejaVu Sans Bold"), "DejaVuSans-Bold.ttf");
    }

    #[test]
    fn a_font_that_is_not_there_is_refused_with_those_that_are() {
        let error = here().find(Some("No Such Font"), "a").unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("No Such Font") && message.contains("DejaVu Sans"),
            "{message}"
        );
    }

    #[test]
    fn a_font_without_a_character_is_refused() {
        let fonts = here();
        let lacks = fonts.find(Some("DejaVu Sans"), "ab\u{6c34}c").unwrap_err();
        let expected = FontError::Lacks {
            name: "DejaVu Sans".to_owned(),
            character: '\u{6c34}',
        };
        assert_eq!(lacks, expected);
        // A private use character that no font of a distribution has.
        let nowhere = fonts.find(None, "\u{10fffd}").unwrap_err();
        assert!(matches!(nowhere, FontError::NoneHas { .. }));
        assert!(fonts.find(None, "plain text\nof two lines").is_ok());
    }
}

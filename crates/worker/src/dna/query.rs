//! What is looked for, ready to be looked for again: a library may grow before what is new can be stored.

use std::io;

use reelgate_dna::{AudioQuery, Found, Index, PictureQuery, Query, TextPrint, VideoQuery};

use super::frames::Window;
use super::join;

/// A query. Of a video it is in files, and no more than one window of it in memory at a time.
pub struct PreparedQuery {
    pub(super) windows: Vec<Window>,
    /// What is not of a video.
    rest: Query,
}

impl PreparedQuery {
    pub(super) fn of_windows(windows: Vec<Window>) -> Self {
        Self {
            windows,
            rest: Query::default(),
        }
    }

    pub fn of_picture(picture: PictureQuery) -> Self {
        Self::of(Query {
            picture: Some(picture),
            ..Query::default()
        })
    }

    pub fn of_sound(audio: AudioQuery) -> Self {
        Self::of(Query {
            audio: Some(audio),
            ..Query::default()
        })
    }

    pub fn of_text(text: TextPrint) -> Self {
        Self::of(Query {
            text: Some(text),
            ..Query::default()
        })
    }

    fn of(rest: Query) -> Self {
        Self {
            windows: Vec::new(),
            rest,
        }
    }

    /// The text that is looked for, if it is one.
    pub(super) fn text(&self) -> Option<&TextPrint> {
        self.rest.text.as_ref()
    }

    /// Looks for it in an index; it may take long. The best comes first.
    pub(crate) fn search(&self, index: &Index) -> io::Result<Vec<Found>> {
        let mut parts = Vec::with_capacity(self.windows.len());
        for window in &self.windows {
            let bytes = std::fs::read(&window.path)?;
            let video = VideoQuery::from_bytes(&bytes).ok_or(io::ErrorKind::InvalidData)?;
            let query = Query {
                video: Some(video),
                ..Query::default()
            };
            parts.push((window.seconds, index.search(&query)));
        }
        match parts.len() {
            0 => Ok(index.search(&self.rest)),
            _ => Ok(join::windows(parts)),
        }
    }
}

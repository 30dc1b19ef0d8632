//! What the engine found, in the words of the domain: entries by their keys, places in seconds or characters.

use reelgate_dna as engine;
use reelgate_dna::{Fingerprint, Found, Passage, TextPrint, Token};
use reelgate_domain::dna::{
    Channel, EntryMatch, LibraryId, MatchedText, Matches, PrimaryKey, Segment, Span,
};
use reelgate_store::{LibraryChange, Result, Store};

use super::query::PreparedQuery;

/// Which library was searched, and how far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Searched {
    pub(crate) library: LibraryId,
    pub(crate) version: u64,
    /// What is less alike is not told.
    pub(crate) min_similarity: f64,
}

/// Names what was found. Entries that have been deleted meanwhile, or came later, are left out.
pub(crate) async fn matches(
    store: &dyn Store,
    searched: Searched,
    query: &PreparedQuery,
    found: Vec<Found>,
) -> Result<Matches> {
    let Searched {
        library,
        version,
        min_similarity,
    } = searched;
    let mut entries = Vec::new();
    for found in found {
        if found.similarity < min_similarity || found.id > version {
            continue;
        }
        let Some((key, fingerprint)) = entry(store, library, found.id).await? else {
            continue;
        };
        let has_words = found.segments.iter().any(|it| it.passage.is_some());
        let reference = has_words.then(|| Fingerprint::decode(&fingerprint).ok()?.text);
        let texts = query.text().zip(reference.flatten());
        let texts = texts.as_ref().map(|(query, reference)| (*query, reference));
        let segments = found.segments.iter().map(|it| segment(it, texts));
        entries.push(EntryMatch {
            key,
            number: found.id,
            similarity: found.similarity.clamp(0.0, 1.0),
            segments: segments.collect(),
        });
    }
    Ok(Matches {
        library,
        version,
        entries,
    })
}

/// The key and the fingerprint of an entry that is still there.
async fn entry(
    store: &dyn Store,
    library: LibraryId,
    wanted: u64,
) -> Result<Option<(PrimaryKey, Vec<u8>)>> {
    let changes = store.library_changes(library, wanted.saturating_sub(1), 1);
    let first = changes.await?.changes.into_iter().next();
    Ok(match first {
        Some(LibraryChange::Added {
            number,
            key,
            fingerprint,
        }) if number == wanted => Some((key, fingerprint)),
        _ => None,
    })
}

fn segment(found: &engine::Segment, texts: Option<(&TextPrint, &TextPrint)>) -> Segment {
    let span = |(start, end): (f64, f64)| Span { start, end };
    let (mut input, mut reference) = (span(found.query), span(found.reference));
    let mut text = None;
    if let (
        Some(Passage {
            query,
            reference: there,
        }),
        Some((own, stored)),
    ) = (&found.passage, texts)
    {
        input = place(own, query);
        reference = place(stored, there);
        text = Some(MatchedText {
            input: own.between(&query.0, &query.1),
            reference: stored.between(&there.0, &there.1),
        });
    }
    Segment {
        channel: match found.channel {
            engine::Channel::Video => Channel::Video,
            engine::Channel::Picture => Channel::Image,
            engine::Channel::Audio => Channel::Audio,
            engine::Channel::Text => Channel::Text,
        },
        input,
        reference,
        similarity: found.similarity.clamp(0.0, 1.0),
        speed: found.speed,
        mirrored: found.mirrored,
        text,
    }
}

/// Where words are: in seconds if their lines have times, else in characters, where lines are joined by spaces.
fn place(print: &TextPrint, (first, last): &(Token, Token)) -> Span {
    let piece = |token: &Token| print.pieces.get(token.piece as usize);
    let times = |token: &Token| piece(token).and_then(|piece| piece.millis);
    if let (Some((start, _)), Some((_, end))) = (times(first), times(last)) {
        return Span {
            start: start as f64 / 1000.0,
            end: end as f64 / 1000.0,
        };
    }
    let characters = |token: &Token, byte: u32| {
        let before = print.pieces.iter().take(token.piece as usize);
        let before: usize = before.map(|piece| piece.text.chars().count() + 1).sum();
        let inside = piece(token).and_then(|piece| piece.text.get(..byte as usize));
        (before + inside.map_or(0, |text| text.chars().count())) as f64
    };
    Span {
        start: characters(first, first.from),
        end: characters(last, last.to),
    }
}

#[cfg(test)]
mod tests {
    use reelgate_dna::Piece;

    use super::*;

    fn check(print: &TextPrint, words: (usize, usize), expected: (f64, f64)) {
        let tokens = print.tokens();
        let span = place(print, &(tokens[words.0], tokens[words.1]));
        assert_eq!((span.start, span.end), expected, "{words:?}");
    }

    #[test]
    fn words_have_places_in_characters_or_in_the_times_of_their_lines() {
        let plain = TextPrint::plain("Größe über alles");
        check(&plain, (0, 0), (0.0, 5.0));
        check(&plain, (1, 2), (6.0, 16.0));
        let line = |text: &str, millis| Piece {
            millis,
            text: text.to_owned(),
        };
        let lines = TextPrint {
            pieces: vec![line("one two", None), line("thrée", None)],
        };
        check(&lines, (1, 2), (4.0, 13.0));
        let timed = TextPrint {
            pieces: vec![
                line("one two", Some((500, 1_500))),
                line("three", Some((2_000, 2_250))),
            ],
        };
        check(&timed, (1, 2), (0.5, 2.25));
    }
}

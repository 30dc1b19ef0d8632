//! From text to tokens and to the terms that are looked up, so that every shared passage has one.

use crate::params::{TEXT_WINDOW, TOKENS_PER_TERM};

/// A text as it is stored, in pieces that may have times, as a transcript's lines do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextPrint {
    pub pieces: Vec<Piece>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Begin and end in milliseconds, if the text has times.
    pub millis: Option<(u64, u64)>,
    pub text: String,
}

/// A word, or one character of a script without spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub hash: u32,
    /// The piece it is in, and its bytes there.
    pub piece: u32,
    pub from: u32,
    pub to: u32,
}

impl TextPrint {
    /// A text without times.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            pieces: vec![Piece {
                millis: None,
                text: text.into(),
            }],
        }
    }

    /// Its tokens, in order: letters and digits without case; what stands between them does not count.
    pub fn tokens(&self) -> Vec<Token> {
        let mut tokens = Vec::new();
        for (number, piece) in (0..).zip(&self.pieces) {
            let mut word: Option<(usize, u64)> = None;
            let mut end = |word: &mut Option<(usize, u64)>, to: usize| {
                if let Some((from, hash)) = word.take() {
                    tokens.push(Token {
                        hash: (hash ^ (hash >> 32)) as u32,
                        piece: number,
                        from: from as u32,
                        to: to as u32,
                    });
                }
            };
            for (at, letter) in piece.text.char_indices() {
                if !letter.is_alphanumeric() {
                    // An apostrophe within a word is written in several ways, or not at all.
                    if !matches!(letter, '\'' | '’') {
                        end(&mut word, at);
                    }
                    continue;
                }
                if stands_alone(letter) {
                    end(&mut word, at);
                }
                let (_, hash) = word.get_or_insert((at, 0xCBF2_9CE4_8422_2325));
                for lower in letter.to_lowercase() {
                    *hash = mix(*hash, u64::from(u32::from(lower)));
                }
                if stands_alone(letter) {
                    end(&mut word, at + letter.len_utf8());
                }
            }
            end(&mut word, piece.text.len());
        }
        tokens
    }

    /// The text from one token to another, both included; pieces are joined by spaces.
    pub fn between(&self, first: &Token, last: &Token) -> String {
        let mut text = String::new();
        for number in first.piece..=last.piece {
            let Some(piece) = self.pieces.get(number as usize) else {
                break;
            };
            let from = if number == first.piece {
                first.from as usize
            } else {
                0
            };
            let to = if number == last.piece {
                last.to as usize
            } else {
                piece.text.len()
            };
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(piece.text.get(from..to).unwrap_or_default());
        }
        text
    }
}

/// Whether each character is a word of its own: Chinese, Japanese, Thai and their neighbours.
fn stands_alone(letter: char) -> bool {
    matches!(
        u32::from(letter),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF
    )
}

fn mix(hash: u64, value: u64) -> u64 {
    let mixed = (hash ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 29)
}

/// The terms of a row of tokens with the number of the token each begins at. Of every `TEXT_WINDOW` terms in a row the
/// smallest is kept, so that two texts that share `TOKENS_PER_TERM + TEXT_WINDOW - 1` tokens share a term.
pub(crate) fn winnow(tokens: &[u32]) -> Vec<(u32, u32)> {
    let terms: Vec<u32> = tokens
        .windows(TOKENS_PER_TERM)
        .map(|window| {
            let hash = window
                .iter()
                .fold(1, |hash, token| mix(hash, u64::from(*token)));
            (hash ^ (hash >> 32)) as u32
        })
        .collect();
    let mut kept: Vec<(u32, u32)> = Vec::new();
    for from in 0..terms
        .len()
        .saturating_sub(TEXT_WINDOW - 1)
        .max(usize::from(!terms.is_empty()))
    {
        let window = &terms[from..(from + TEXT_WINDOW).min(terms.len())];
        let smallest = (from..)
            .zip(window)
            .min_by_key(|(at, term)| (**term, usize::MAX - at));
        let (at, term) = smallest.expect("a window has at least one term");
        if kept.last() != Some(&(*term, at as u32)) {
            kept.push((*term, at as u32));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tokens_know_where_they_stand() {
        let text = TextPrint::plain("Don’t PANIC, 你好 x");
        let tokens = text.tokens();
        let same = TextPrint::plain("dont panic 你好 X").tokens();
        let hashes = |tokens: &[Token]| tokens.iter().map(|token| token.hash).collect::<Vec<_>>();
        assert_eq!(hashes(&tokens), hashes(&same));
        assert_eq!(text.between(&tokens[1], &tokens[3]), "PANIC, 你好");
    }

    #[test]
    fn a_passage_may_go_over_several_pieces() {
        let piece = |text: &str| Piece {
            millis: Some((0, 1)),
            text: text.to_owned(),
        };
        let text = TextPrint {
            pieces: vec![piece("one two"), piece("three"), piece("four five")],
        };
        let tokens = text.tokens();
        assert_eq!(text.between(&tokens[1], &tokens[3]), "two three four");
    }

    proptest! {
        #[test]
        fn texts_that_share_a_passage_share_a_term(
            before in proptest::collection::vec(any::<u32>(), 0..20),
            shared in proptest::collection::vec(any::<u32>(), TOKENS_PER_TERM + TEXT_WINDOW - 1..30),
            after in proptest::collection::vec(any::<u32>(), 0..20),
        ) {
            let longer: Vec<u32> = [&before[..], &shared, &after].concat();
            let own = winnow(&shared);
            let theirs = winnow(&longer);
            let offset = before.len() as u32;
            prop_assert!(own.iter().any(|(term, at)| theirs.contains(&(*term, at + offset))));
        }
    }
}

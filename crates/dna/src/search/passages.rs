//! Text in text: passages that share terms, grown over single words that differ and joined over those that are missing.

use std::collections::HashSet;

use super::{Channel, Library, Passage, Segment};
use crate::align::grow::{Limit, Pair, grow};
use crate::align::seeds::Line;
use crate::index::{Lists, Live};
use crate::params::MIN_TOKENS;
use crate::text::{TextPrint, Token, winnow};

/// A word that differs costs two thirds of what an equal one brings; ten in a row end a passage.
const LIMIT: Limit = Limit {
    even: 0.6,
    drop: 4.0,
};
/// Words that may be missing or added between two parts of a passage.
const GAP: usize = 12;

struct Words<'a> {
    query: &'a [u32],
    stored: &'a [[u8; 4]],
}

impl Pair for Words<'_> {
    fn query_len(&self) -> usize {
        self.query.len()
    }

    fn reference_len(&self) -> usize {
        self.stored.len()
    }

    fn distance(&self, query: usize, reference: usize) -> Option<f32> {
        let differs = self.query[query] != u32::from_le_bytes(self.stored[reference]);
        Some(f32::from(u8::from(differs)))
    }
}

/// A passage in tokens, ends exclusive.
#[derive(Clone, Copy)]
struct Piece {
    query: (usize, usize),
    reference: (usize, usize),
    equal: usize,
}

pub(super) fn search(library: Library<'_>, query: &TextPrint) -> Vec<(u64, Segment)> {
    let tokens = query.tokens();
    let hashes: Vec<u32> = tokens.iter().map(|token| token.hash).collect();
    let terms = winnow(&hashes);
    let mut told = Vec::new();
    for (_, live) in library.segments() {
        let stored = &live.segment;
        let mut seeds: Vec<(usize, i64, usize)> = Vec::new();
        for (term, at) in &terms {
            for place in stored.places(Lists::Text, *term) {
                let place = u32::from_le_bytes(*place);
                let part = stored.part_of_token(place);
                let there = i64::from(place - stored.entry(part).first_token);
                if !live.dead[part] {
                    seeds.push((part, there - i64::from(*at), *at as usize));
                }
            }
        }
        seeds.sort_unstable();
        for group in seeds.chunk_by(|a, b| a.0 == b.0) {
            let part = group[0].0;
            let words = Words {
                query: &hashes,
                stored: stored.tokens(part),
            };
            let pieces = joined(pieces(&words, group));
            let id = stored.entry(part).id;
            let long = pieces
                .into_iter()
                .filter(|piece| piece.query.1 - piece.query.0 >= MIN_TOKENS);
            told.extend(long.map(|piece| (id, segment(live, part, &tokens, &piece))));
        }
    }
    told
}

fn pieces(words: &Words<'_>, seeds: &[(usize, i64, usize)]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut seen = HashSet::new();
    let mut last: Option<(i64, usize)> = None;
    for (_, offset, at) in seeds {
        // Within the run that its neighbour on the same line has found.
        if last.is_some_and(|(line, end)| line == *offset && *at < end) {
            continue;
        }
        let line = Line {
            speed: 1.0,
            offset: *offset as f32,
        };
        let Some(run) = grow(words, line, *at, LIMIT) else {
            continue;
        };
        last = Some((*offset, run.query.1));
        let piece = Piece {
            query: run.query,
            reference: run.reference(),
            equal: run.len() - (run.mean * run.len() as f32).round() as usize,
        };
        if seen.insert((piece.query, piece.reference)) {
            pieces.push(piece);
        }
    }
    pieces
}

/// Joins what goes on after some words that only one side has, the longest first where they overlap.
fn joined(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.sort_by_key(|piece| (piece.query.0, std::cmp::Reverse(piece.query.1)));
    let mut kept: Vec<Piece> = Vec::new();
    for piece in pieces {
        let before = kept.iter_mut().rev().find(|other| {
            let follows = |a: (usize, usize), b: (usize, usize)| {
                b.0 + GAP >= a.1 && b.0 <= a.1 + GAP && b.1 > a.1
            };
            follows(other.query, piece.query) && follows(other.reference, piece.reference)
        });
        match before {
            Some(other) => {
                let overlap = other.query.1.saturating_sub(piece.query.0);
                let overlap = overlap.max(other.reference.1.saturating_sub(piece.reference.0));
                other.query.1 = piece.query.1;
                other.reference.1 = piece.reference.1;
                other.equal += piece.equal.saturating_sub(overlap);
            }
            None => kept.push(piece),
        }
    }
    kept
}

fn segment(live: &Live, part: usize, tokens: &[Token], piece: &Piece) -> Segment {
    let stored = &live.segment;
    let there = |at: usize| {
        let [number, from, to] = stored.token_place(part, at);
        Token {
            hash: u32::from_le_bytes(stored.tokens(part)[at]),
            piece: number,
            from,
            to,
        }
    };
    let longer = (piece.query.1 - piece.query.0).max(piece.reference.1 - piece.reference.0);
    let range = |(from, to): (usize, usize)| (from as f64, to as f64);
    Segment {
        channel: Channel::Text,
        query: range(piece.query),
        reference: range(piece.reference),
        similarity: piece.equal.min(longer) as f64 / longer as f64,
        speed: 1.0,
        mirrored: false,
        is_tie: false,
        passage: Some(Passage {
            query: (tokens[piece.query.0], tokens[piece.query.1 - 1]),
            reference: (there(piece.reference.0), there(piece.reference.1 - 1)),
        }),
    }
}

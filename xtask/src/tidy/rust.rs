//! Reads Rust source as far as the checks need: without comments, literals and test code, and as paths.

/// A Rust file in three readings whose bytes and lines stand at the same places.
pub(super) struct Source {
    pub(super) path: String,
    /// The file as it is.
    pub(super) text: String,
    /// Without comments, strings, characters and test modules.
    pub(super) code: String,
    /// Without comments and test modules.
    pub(super) words: String,
}

impl Source {
    pub(super) fn new(path: &str, text: String) -> Source {
        let (mut code, mut words) = blank_comments_and_literals(&text);
        for range in test_items(&code) {
            blank(&mut code, range.clone());
            blank(&mut words, range);
        }
        let read = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Source {
            path: path.to_owned(),
            code: read(&code),
            words: read(&words),
            text,
        }
    }

    /// Whether nothing in the file ships: tests, benches, the test kit and development tasks.
    pub(super) fn is_for_tests(&self) -> bool {
        let path = self.path.as_str();
        path.starts_with("crates/testkit/")
            || path.starts_with("xtask/")
            || path
                .split('/')
                .any(|part| part == "tests" || part == "benches")
            || path.ends_with("/tests.rs")
            || path.ends_with("_tests.rs")
    }
}

/// The line, counted from 1, of a byte position.
pub(super) fn line_at(text: &str, position: usize) -> usize {
    1 + text.as_bytes()[..position]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
}

/// Positions where the word stands alone, not as a part of a longer identifier.
pub(super) fn find_word(text: &str, word: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    text.match_indices(word)
        .map(|(start, _)| start)
        .filter(|start| {
            let after = start + word.len();
            (*start == 0 || !is_identifier(bytes[start - 1]))
                && (after == bytes.len() || !is_identifier(bytes[after]))
        })
        .collect()
}

/// A path such as `std::fs::read`, also one written inside the braces of a `use`.
#[derive(Debug, PartialEq)]
pub(super) struct CodePath {
    pub(super) line: usize,
    pub(super) segments: Vec<String>,
}

impl CodePath {
    /// Whether the segments of `part` (`process::Command`) stand in this path one after the other.
    pub(super) fn contains(&self, part: &str) -> bool {
        let wanted: Vec<&str> = part.split("::").collect();
        self.segments
            .windows(wanted.len())
            .any(|window| window == wanted.as_slice())
    }

    pub(super) fn starts_with(&self, part: &str) -> bool {
        let wanted: Vec<&str> = part.split("::").collect();
        self.segments.len() >= wanted.len() && self.segments[..wanted.len()] == *wanted
    }
}

/// All paths in code that went through [`Source::new`].
pub(super) fn paths(code: &str) -> Vec<CodePath> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        at = if let Token::Word(_) = tokens[at].0 {
            read_path(&tokens, at, &[], &mut found)
        } else {
            at + 1
        };
    }
    found
}

#[derive(Clone, Copy, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    Separator,
    Open,
    Close,
    Other,
}

fn tokens(code: &str) -> Vec<(Token<'_>, usize)> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let start = at;
        at += 1;
        let token = match bytes[start] {
            b'\n' => {
                line += 1;
                continue;
            }
            b':' if bytes.get(at) == Some(&b':') => {
                at += 1;
                Token::Separator
            }
            b'{' => Token::Open,
            b'}' => Token::Close,
            byte if is_identifier(byte) => {
                while at < bytes.len() && is_identifier(bytes[at]) {
                    at += 1;
                }
                Token::Word(&code[start..at])
            }
            byte if byte.is_ascii_whitespace() => continue,
            _ => Token::Other,
        };
        found.push((token, line));
    }
    found
}

/// Reads the path that begins at `at`, with the groups below it, and returns where it ends.
fn read_path(
    tokens: &[(Token<'_>, usize)],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<CodePath>,
) -> usize {
    let line = tokens[at].1;
    let mut segments = prefix.to_vec();
    while let Some((Token::Word(word), _)) = tokens.get(at) {
        segments.push((*word).to_owned());
        at += 1;
        if tokens.get(at).map(|token| token.0) != Some(Token::Separator) {
            break;
        }
        at += 1;
    }
    if let Some((Token::Open, _)) = tokens.get(at)
        && tokens[at - 1].0 == Token::Separator
    {
        at += 1;
        while at < tokens.len() && tokens[at].0 != Token::Close {
            at = if let Token::Word(_) = tokens[at].0 {
                read_path(tokens, at, &segments, found)
            } else {
                at + 1
            };
        }
        return at + 1;
    }
    found.push(CodePath { line, segments });
    at
}

fn is_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// Replaces everything but line ends by spaces.
fn blank(bytes: &mut [u8], range: std::ops::Range<usize>) {
    for byte in &mut bytes[range] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// The text without comments and literals, and the text without comments only.
fn blank_comments_and_literals(text: &str) -> (Vec<u8>, Vec<u8>) {
    let bytes = text.as_bytes();
    let (mut code, mut words) = (bytes.to_vec(), bytes.to_vec());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let after_word = at > 0 && is_identifier(bytes[at - 1]);
        if rest.starts_with(b"//") || rest.starts_with(b"/*") {
            let end = at + comment_length(rest);
            blank(&mut code, at..end);
            blank(&mut words, at..end);
            at = end;
        } else if let Some(length) = literal_length(rest, after_word) {
            blank(&mut code, at..at + length);
            at += length;
        } else {
            at += 1;
        }
    }
    (code, words)
}

fn comment_length(rest: &[u8]) -> usize {
    if rest.starts_with(b"//") {
        return rest
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(rest.len());
    }
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of the string or character that begins here, if one does. `after_word` tells that the
/// byte before belongs to an identifier, whose last letter is then no prefix of a raw string.
fn literal_length(rest: &[u8], after_word: bool) -> Option<usize> {
    match rest[0] {
        b'"' => Some(quoted_length(rest, b'"')),
        b'\'' => character_length(rest),
        b'r' if !after_word || rest.starts_with(b"r\"") => {
            let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
            if rest.get(1 + hashes) != Some(&b'"') {
                return None;
            }
            let mut end = vec![b'"'];
            end.extend(std::iter::repeat_n(b'#', hashes));
            let body = 2 + hashes;
            let length = rest[body..]
                .windows(end.len())
                .position(|window| window == end);
            Some(length.map_or(rest.len(), |length| body + length + end.len()))
        }
        // The b of `br"…"` and the c of `cr"…"`; what they precede is read in its own turn.
        _ => None,
    }
}

fn quoted_length(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// `None` for a lifetime or a label, which begin with the same mark.
fn character_length(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        return Some(quoted_length(rest, b'\''));
    }
    let text = std::str::from_utf8(&rest[1..rest.len().min(6)]);
    let text = match &text {
        Ok(text) => text,
        // The cut after five bytes may fall into a character behind the one looked at.
        Err(error) => std::str::from_utf8(&rest[1..=error.valid_up_to()]).ok()?,
    };
    let length = text.chars().next()?.len_utf8();
    (rest.get(1 + length) == Some(&b'\'')).then_some(length + 2)
}

/// Ranges of the items under `#[cfg(test)]` in code without literals.
fn test_items(code: &[u8]) -> Vec<std::ops::Range<usize>> {
    const MARKS: [&[u8]; 2] = [b"#[cfg(test)]", b"#[cfg(all(test"];
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let Some(mark) = MARKS.iter().find(|mark| code[at..].starts_with(mark)) else {
            at += 1;
            continue;
        };
        let start = at;
        at += mark.len();
        let mut depth = 0_usize;
        while at < code.len() {
            let byte = code[at];
            at += 1;
            match byte {
                b'{' => depth += 1,
                b'}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                b';' if depth == 0 => break,
                _ => {}
            }
        }
        ranges.push(start..at);
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("crates/store/src/lib.rs", text.to_owned())
    }

    fn path_names(text: &str) -> Vec<String> {
        paths(&source(text).code)
            .into_iter()
            .map(|path| path.segments.join("::"))
            .collect()
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        let text =
            "a /* x /* y */ z */ b // c\n\"d \\\" e\" r#\"f \" g\"# 'h' '\\'' 'é' i<'j> br\"k\" l";
        let code = source(text).code;
        let left: Vec<&str> = code.split_whitespace().collect();
        assert_eq!(left, ["a", "b", "i<'j>", "b", "l"]);
        assert_eq!(code.len(), text.len());
    }

    #[test]
    fn words_keep_strings_but_no_comments() {
        let words = source("a(\"TranscodeFail\"); // TranscodeSuccess").words;
        assert!(words.contains("TranscodeFail") && !words.contains("TranscodeSuccess"));
    }

    #[test]
    fn test_modules_are_no_code() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\"; }\n}\nfn c() {}\n\
                    #[cfg(test)]\nuse d::{e};\nfn f() {}";
        let code = source(text).code;
        assert!(code.contains("fn a") && code.contains("fn c") && code.contains("fn f"));
        assert!(!code.contains("fn b") && !code.contains("d::"));
    }

    #[test]
    fn paths_come_out_of_nested_use_groups() {
        let names = path_names("use std::{fs, process::{self, Command}};\ntokio::fs::read(a);");
        for name in [
            "std::fs",
            "std::process::self",
            "std::process::Command",
            "tokio::fs::read",
        ] {
            assert!(
                names.iter().any(|found| found == name),
                "{name} in {names:?}"
            );
        }
    }

    #[test]
    fn a_path_knows_its_line_and_parts() {
        let found = paths("\nuse std::process::Command;");
        let path = found
            .iter()
            .find(|path| path.segments.len() == 3)
            .expect("three segments");
        assert_eq!(path.line, 2);
        assert!(path.contains("process::Command") && path.starts_with("std::process"));
        assert!(!path.contains("std::Command") && !path.starts_with("process"));
    }

    #[test]
    fn a_block_after_a_path_is_no_group() {
        let names = path_names("match a::B { C => D { e } }");
        assert!(names.contains(&"a::B".to_owned()) && names.contains(&"C".to_owned()));
    }

    #[test]
    fn words_are_found_alone_only() {
        assert_eq!(find_word("eprintln!() println!()", "println"), [12]);
    }
}

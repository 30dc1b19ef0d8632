//! The last bytes of an endless text.

use std::collections::VecDeque;

/// Keeps the last `capacity` bytes of what is pushed.
#[derive(Debug)]
pub(crate) struct Tail {
    bytes: VecDeque<u8>,
    capacity: usize,
    cut: bool,
}

impl Tail {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            bytes: VecDeque::with_capacity(capacity),
            capacity,
            cut: false,
        }
    }

    pub(crate) fn push(&mut self, chunk: &[u8]) {
        let kept = &chunk[chunk.len().saturating_sub(self.capacity)..];
        let surplus = (self.bytes.len() + kept.len()).saturating_sub(self.capacity);
        self.cut |= surplus > 0 || kept.len() < chunk.len();
        self.bytes.drain(..surplus);
        self.bytes.extend(kept);
    }

    /// The text kept; a first line that lost its beginning is left out.
    pub(crate) fn text(&self) -> String {
        let bytes: Vec<u8> = self.bytes.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let whole = match (self.cut, text.split_once('\n')) {
            (true, Some((_, rest))) if !rest.is_empty() => rest,
            _ => &text,
        };
        whole.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_bytes_are_kept_and_lines_stay_whole() {
        let mut tail = Tail::new(16);
        tail.push(b"first line\n");
        assert_eq!(tail.text(), "first line");
        tail.push(b"second\nthird\n");
        assert_eq!(tail.text(), "second\nthird");
    }

    #[test]
    fn a_chunk_larger_than_the_capacity_is_cut() {
        let mut tail = Tail::new(4);
        tail.push(&[b'x'; 100]);
        tail.push(b"ab");
        assert_eq!(tail.text(), "xxab");
    }
}

//! Lines of what a process writes, out of chunks of any size.

/// Longer lines do not occur; this bounds what a mad process can make us keep.
const MAX_LINE: usize = 4096;

/// What has come of a line that has not ended yet.
#[derive(Debug, Default)]
pub(crate) struct Lines(Vec<u8>);

impl Lines {
    /// The lines that end in `chunk`. What is no text is passed over.
    pub(crate) fn ended(&mut self, chunk: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for &byte in chunk {
            if byte == b'\n' {
                lines.extend(String::from_utf8(std::mem::take(&mut self.0)));
            } else if self.0.len() < MAX_LINE {
                self.0.push(byte);
            }
        }
        lines
    }
}

/// The moment that the filters `metadata` and `showinfo` begin a frame with, such as
/// `frame:0    pts:-500    pts_time:-0.0005`; 0 where it is not known.
pub(crate) fn pts_seconds(line: &str) -> Option<f64> {
    let (_, time) = line.split_once("pts_time:")?;
    Some(time.trim().parse().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_from_chunks_and_bounded() {
        let mut lines = Lines::default();
        assert_eq!(lines.ended(b"one\ntw"), ["one"]);
        assert_eq!(lines.ended(b"o\n\xff\n\nfour"), ["two", ""]);
        assert!(lines.ended(&[b'x'; 3 * MAX_LINE]).is_empty());
        let long = lines.ended(b"\nnext\n");
        assert_eq!((long[0].len(), long[1].as_str()), (MAX_LINE, "next"));
    }

    #[test]
    fn moments_are_read_from_lines_that_have_one() {
        assert_eq!(
            pts_seconds("frame:0    pts:-500    pts_time:-0.0005"),
            Some(-0.0005)
        );
        assert_eq!(
            pts_seconds("frame:0    pts:NOPTS   pts_time:NOPTS"),
            Some(0.0)
        );
        assert_eq!(pts_seconds("lavfi.blackframe.pblack=3"), None);
    }
}

//! Boxes within bytes, and the numbers in them.

/// What is left of a box to read, from its beginning.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn skip(&mut self, bytes: usize) -> Option<&mut Self> {
        self.take(bytes)?;
        Some(self)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_be_bytes)
    }
}

/// The boxes in `bytes`, each by its kind and body. A body ends where the bytes end; what has no valid length ends all.
pub(super) fn boxes(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let mut fields = Fields(rest);
        let (short, kind) = (fields.u32()?, fields.take(4)?);
        let (length, head) = match short {
            0 => (rest.len() as u64, 8),
            1 => (fields.u64()?, 16),
            length => (u64::from(length), 8),
        };
        let end = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(rest.len());
        let body = rest.get(head..end)?;
        rest = &rest[end..];
        Some((kind, body))
    })
}

pub(super) fn children<'a>(bytes: &'a [u8], kind: &'a [u8; 4]) -> impl Iterator<Item = &'a [u8]> {
    boxes(bytes).filter_map(move |(found, body)| (found == kind).then_some(body))
}

pub(super) fn child<'a>(bytes: &'a [u8], kind: &'a [u8; 4]) -> Option<&'a [u8]> {
    children(bytes, kind).next()
}

/// The box that lies in boxes of these kinds, each in the one before.
pub(super) fn path<'a>(bytes: &'a [u8], kinds: &[&'a [u8; 4]]) -> Option<&'a [u8]> {
    kinds
        .iter()
        .try_fold(bytes, |within, kind| child(within, kind))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::mp4) fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 8).unwrap();
        [&length.to_be_bytes()[..], kind, body].concat()
    }

    /// A box with a version.
    pub(in crate::mp4) fn full(kind: &[u8; 4], version: u8, body: &[u8]) -> Vec<u8> {
        boxed(kind, &[&[version, 0, 0, 0][..], body].concat())
    }

    #[test]
    fn boxes_are_found_whatever_their_lengths_are_written_as() {
        let long = [
            &1_u32.to_be_bytes()[..],
            b"long",
            &18_u64.to_be_bytes(),
            b"ab",
        ]
        .concat();
        let last = [&0_u32.to_be_bytes()[..], b"last", b"cd"].concat();
        let all = [boxed(b"shrt", b"x"), long, last].concat();
        let found: Vec<_> = boxes(&all).collect();
        let expected: [(&[u8], &[u8]); 3] = [(b"shrt", b"x"), (b"long", b"ab"), (b"last", b"cd")];
        assert_eq!(found, expected);
        // Shorter than its own head.
        assert_eq!(boxes(b"\0\0\0\x07badbad").count(), 0);
        assert_eq!(
            path(
                &boxed(b"a\0\0\0", &boxed(b"b\0\0\0", b"x")),
                &[b"a\0\0\0", b"b\0\0\0"]
            ),
            Some(&b"x"[..])
        );
    }
}

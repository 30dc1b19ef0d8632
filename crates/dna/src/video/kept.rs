//! A query's frames as bytes: those of long videos wait on a disk, piece by piece, until they are looked for.

use super::{VideoQuery, WAYS, WIDE_WAYS};
use crate::code::Code;
use crate::params::WIDE_EVERY;

impl VideoQuery {
    /// What [`VideoQuery::from_bytes`] reads: the number of frames, which crops each has, and their hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let codes = self.codes.iter().chain(&self.wide);
        let length = 4 + self.crops.len() + (self.codes.len() + self.wide.len()) * 32;
        let mut bytes = Vec::with_capacity(length);
        bytes.extend((self.crops.len() as u32).to_le_bytes());
        bytes.extend(&self.crops);
        bytes.extend(codes.flat_map(|code| code.to_bytes()));
        bytes
    }

    /// `None` if it is not all there.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (count, rest) = bytes.split_first_chunk::<4>()?;
        let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
        let (crops, rest) = rest.split_at_checked(count)?;
        let (codes, []) = rest.as_chunks::<32>() else {
            return None;
        };
        let mut firsts = Vec::with_capacity(count);
        let mut next = 0_usize;
        for has in crops {
            firsts.push(u32::try_from(next).ok()?);
            next += has.count_ones() as usize * WAYS;
        }
        let (codes, wide) = codes.split_at_checked(next)?;
        let read = |codes: &[[u8; 32]]| codes.iter().map(Code::from_bytes).collect();
        (wide.len() == count.div_ceil(WIDE_EVERY) * WIDE_WAYS).then(|| Self {
            codes: read(codes),
            firsts,
            crops: crops.to_vec(),
            wide: read(wide),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_back_whole_or_not_at_all() {
        let codes = [Code([1, 2, 3, 4]), Code::default(), Code([9, 8, 7, 6])];
        let query = VideoQuery::of_codes(codes);
        let bytes = query.to_bytes();
        let read = VideoQuery::from_bytes(&bytes).unwrap();
        assert_eq!((read.frames(), &read.firsts), (3, &query.firsts));
        assert_eq!((&read.codes, &read.crops), (&query.codes, &query.crops));
        assert_eq!(read.wide, query.wide);
        for length in 0..bytes.len() {
            assert!(
                VideoQuery::from_bytes(&bytes[..length]).is_none(),
                "{length}"
            );
        }
        let none = VideoQuery::default().to_bytes();
        assert!(VideoQuery::from_bytes(&none).unwrap().is_empty());
    }
}

//! Bit rates of a rendition, measured on its segments.

use super::MediaPlaylist;

/// Bits a second of a rendition as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// The highest over any run of segments that lasts about a target duration (RFC 8216, 4.3.4.2:
    /// half of it to one and a half).
    pub peak: u64,
    pub average: u64,
}

/// Measures a rendition; `bytes` are the sizes of its segments, in their order. None if the numbers
/// of segments differ.
pub fn rates(playlist: &MediaPlaylist, bytes: &[u64]) -> Option<Rates> {
    if bytes.len() != playlist.segments.len() {
        return None;
    }
    let seconds: Vec<f64> = playlist.segments.iter().map(|s| s.seconds).collect();
    let total = playlist.seconds();
    let average = rate(bytes.iter().sum(), total);
    let target = f64::from(playlist.target_seconds);
    let mut peak = average;
    for first in 0..bytes.len() {
        let (mut run_bytes, mut run_seconds) = (0, 0.0);
        for (size, length) in bytes[first..].iter().zip(&seconds[first..]) {
            run_bytes += size;
            run_seconds += length;
            if run_seconds > 1.5 * target {
                break;
            }
            if run_seconds >= 0.5 * target {
                peak = peak.max(rate(run_bytes, run_seconds));
            }
        }
    }
    Some(Rates { peak, average })
}

fn rate(bytes: u64, seconds: f64) -> u64 {
    if seconds > 0.0 {
        (bytes as f64 * 8.0 / seconds).ceil() as u64
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playlist::Segment;

    fn playlist(seconds: &[f64]) -> MediaPlaylist {
        MediaPlaylist {
            target_seconds: 4,
            init: None,
            segments: seconds
                .iter()
                .map(|&seconds| Segment {
                    uri: String::new(),
                    seconds,
                })
                .collect(),
        }
    }

    #[test]
    fn the_peak_is_the_worst_segment_of_full_length() {
        let rates = rates(&playlist(&[4.0, 4.0, 4.0]), &[1000, 3000, 2000]).unwrap();
        assert_eq!(
            rates,
            Rates {
                peak: 6000,
                average: 4000
            }
        );
    }

    #[test]
    fn a_short_last_segment_counts_only_with_its_neighbour() {
        // 0.5 s at 16 kbit/s would be the peak if it counted alone.
        let rates = rates(&playlist(&[4.0, 0.5]), &[1000, 1000]).unwrap();
        assert_eq!(rates.peak, 3556);
    }

    #[test]
    fn sizes_must_match_segments() {
        assert_eq!(rates(&playlist(&[4.0]), &[]), None);
    }
}

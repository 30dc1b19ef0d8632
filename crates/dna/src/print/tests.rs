//! What is stored is read back as it was, or not at all.

use proptest::prelude::*;

use super::*;
use crate::audio::AudioPrint;
use crate::params::FRAMES_PER_SECOND;

fn codes() -> impl Strategy<Value = [Code; VIEWS]> {
    let code = any::<[u64; 4]>().prop_map(|words| match words[0] % 5 {
        0 => Code([1, 0, words[1] % 4, 0]),
        _ => Code([words[0] | 1, words[1], words[2], words[3]]),
    });
    prop_oneof![
        4 => proptest::array::uniform3(code),
        1 => Just([Code::default(); VIEWS]),
    ]
}

fn fingerprint() -> impl Strategy<Value = Fingerprint> {
    let video = proptest::collection::vec(codes(), 0..20).prop_map(|frames| {
        let mut print = VideoPrint::default();
        frames.into_iter().for_each(|codes| print.push(codes));
        print
    });
    let audio = (proptest::collection::vec(any::<u32>(), 0..20), any::<u32>()).prop_map(
        |(terms, millis)| AudioPrint {
            terms,
            millis: u64::from(millis),
        },
    );
    let piece = (
        proptest::option::of((0..9_u64, 0..u64::from(u32::MAX))),
        ".{0,12}",
    )
        .prop_map(|(millis, text)| Piece { millis, text });
    let text = proptest::collection::vec(piece, 0..5).prop_map(|pieces| TextPrint { pieces });
    (
        proptest::option::of(video),
        proptest::option::of(audio),
        proptest::option::of(text),
    )
        .prop_map(|(video, audio, text)| Fingerprint { video, audio, text })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(print in fingerprint()) {
        prop_assert_eq!(Fingerprint::decode(&print.encode()), Ok(print));
    }

    #[test]
    fn damage_is_noticed(print in fingerprint(), at in any::<usize>(), bit in 0..8_u8, cut in any::<usize>()) {
        let bytes = print.encode();
        let mut flipped = bytes.clone();
        flipped[at % bytes.len()] ^= 1 << bit;
        prop_assert!(Fingerprint::decode(&flipped).is_err());
        prop_assert!(Fingerprint::decode(&bytes[..cut % bytes.len()]).is_err());
    }

    #[test]
    fn any_bytes_under_a_right_checksum_are_read_or_refused(noise in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut bytes = [&MAGIC[..], &[VERSION], &noise].concat();
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        if let Ok(print) = Fingerprint::decode(&bytes) {
            prop_assert_eq!(Fingerprint::decode(&print.encode()), Ok(print));
        }
    }
}

#[test]
fn other_forms_are_told_apart() {
    assert_eq!(Fingerprint::decode(b"hello"), Err(DecodeError::Foreign));
    let mut bytes = Fingerprint::default().encode();
    bytes[5] = 9;
    assert_eq!(Fingerprint::decode(&bytes), Err(DecodeError::Version(9)));
}

#[test]
fn an_hour_of_unrelated_frames_and_sound_stays_far_below_a_megabyte_and_a_half() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut video = VideoPrint::default();
    for _ in 0..3_600 * FRAMES_PER_SECOND {
        video.push([0; VIEWS].map(|_: i32| Code([0; 4].map(|_: i32| random.u64(..)))));
    }
    let audio = AudioPrint {
        terms: (0..29_077).map(|_| random.u32(..)).collect(),
        millis: 3_600_000,
    };
    let print = Fingerprint {
        video: Some(video),
        audio: Some(audio),
        text: None,
    };
    let bytes = print.encode().len();
    // Frames that have nothing to do with each other are the worst there is.
    assert!(bytes < 1_100_000, "{bytes}");
}

//! What a level of H.264 leaves of what is asked for. The encoder would write down any level, whatever it makes.

use reelgate_domain::job::kind::transcode::{H264Level, RateCap, RateControl, VideoProfile};
use reelgate_domain::job::{Fault, FaultCode};

use super::{FrameRate, Size};

/// The rate control that a decoder of this level can follow; a fault if picture, pictures a second or an
/// average go beyond it.
pub(super) fn held(
    level: H264Level,
    profile: VideoProfile,
    size: Size,
    fps: FrameRate,
    rate: RateControl,
) -> Result<RateControl, Fault> {
    if !level.holds(size.width, size.height) {
        return Err(beyond(level, &format!("pictures of {size}")));
    }
    if !level.keeps_up(size.width, size.height, fps.as_f64()) {
        return Err(beyond(level, &format!("{fps} pictures of {size} a second")));
    }
    let most = level.cap(profile);
    let too_many = |kbps: u32| beyond(level, &format!("{kbps} kbit/s"));
    Ok(match rate {
        RateControl::Constant { kbps } | RateControl::Average { kbps, .. }
            if kbps > most.maxrate_kbps =>
        {
            return Err(too_many(kbps));
        }
        // The buffer of a constant rate holds a second, which no level has less of.
        RateControl::Constant { kbps } => RateControl::Constant { kbps },
        RateControl::Average { kbps, cap } => RateControl::Average {
            kbps,
            cap: Some(lower(cap, most)),
        },
        RateControl::Crf { crf, cap } => RateControl::Crf {
            crf,
            cap: Some(lower(cap, most)),
        },
        // The settings refuse the one, and the source's rate is a number by now.
        other @ (RateControl::Quantizer { .. } | RateControl::Source { .. }) => other,
    })
}

fn lower(cap: Option<RateCap>, most: RateCap) -> RateCap {
    cap.map_or(most, |cap| RateCap {
        maxrate_kbps: cap.maxrate_kbps.min(most.maxrate_kbps),
        bufsize_kbit: cap.bufsize_kbit.min(most.bufsize_kbit),
    })
}

fn beyond(level: H264Level, what: &str) -> Fault {
    Fault::new(
        FaultCode::SpecUnfit,
        format!("level {level} of H.264 has no room for {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const AVERAGE: RateControl = RateControl::Average {
        kbps: 3000,
        cap: None,
    };

    fn at(
        level: u32,
        width: u32,
        height: u32,
        fps: u32,
        rate: RateControl,
    ) -> Result<RateControl, Fault> {
        held(
            H264Level::tenfold(level).unwrap(),
            VideoProfile::High,
            Size { width, height },
            FrameRate::new(fps, 1).unwrap(),
            rate,
        )
    }

    #[test]
    fn what_a_level_has_no_room_for_is_refused() {
        assert!(at(40, 1920, 1080, 30, AVERAGE).is_ok());
        let said = |result: Result<RateControl, Fault>| {
            let fault = result.unwrap_err();
            assert_eq!(fault.code, FaultCode::SpecUnfit);
            fault.message
        };
        assert_eq!(
            said(at(31, 1920, 1080, 30, AVERAGE)),
            "level 3.1 of H.264 has no room for pictures of 1920x1080"
        );
        assert_eq!(
            said(at(40, 1920, 1080, 60, AVERAGE)),
            "level 4.0 of H.264 has no room for 60/1 pictures of 1920x1080 a second"
        );
        assert_eq!(
            said(at(12, 320, 240, 15, AVERAGE)),
            "level 1.2 of H.264 has no room for 3000 kbit/s"
        );
        // 99 blocks, but a side of at most 28.
        assert!(at(10, 448, 48, 5, RateControl::default()).is_ok());
        assert!(at(10, 464, 48, 5, RateControl::default()).is_err());
    }

    #[test]
    fn bits_are_held_to_the_level() {
        let cap = |maxrate_kbps, bufsize_kbit| {
            Some(RateCap {
                maxrate_kbps,
                bufsize_kbit,
            })
        };
        let average = |cap| RateControl::Average { kbps: 3000, cap };
        let held = |given| at(30, 640, 360, 30, average(given)).unwrap();
        assert_eq!(held(None), average(cap(12_500, 12_500)));
        assert_eq!(held(cap(800_000, 4000)), average(cap(12_500, 4000)));
        assert_eq!(held(cap(4000, 800_000)), average(cap(4000, 12_500)));
    }
}

//! `video_process`: how pictures and HLS files are made, for all outputs of a task.

use reelgate_domain::job::kind::transcode::{
    Container, Fill, Fit, SegmentFormat, Settings, Upscale, VideoCodec,
};

use crate::errors::ApiError;
use crate::mpc::errors::invalid;
use crate::mpc::fields::Fields;

/// What of it can be honoured and is not done anyway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct VideoProcess {
    segments: Option<SegmentFormat>,
    /// Whether picture and sound share the segments of HLS.
    together: Option<bool>,
    /// Degrees clockwise.
    rotate: u32,
    fit: Fit,
    fill: Fill,
    upscale: Upscale,
}

impl VideoProcess {
    /// Takes it out of the body.
    pub(super) fn take(body: &mut Fields) -> Result<Self, ApiError> {
        let Some(mut process) = body.object("video_process")? else {
            return Ok(Self::default());
        };
        if process.integer("hls_init_count", 0..=10)?.unwrap_or(0) > 0 {
            let why = "must be 0: all segments have the same length";
            return Err(process.refuse("hls_init_count", why));
        }
        // The length of segments of which there are none.
        process.integer("hls_init_interval", 2..=10)?;
        let together = match process.text("hls_storage_type")?.as_deref() {
            None => None,
            Some("composite") => Some(true),
            Some("separate") => Some(false),
            Some(_) => {
                let why = "must be composite or separate";
                return Err(process.refuse("hls_storage_type", why));
            }
        };
        let segments = match process.text("hls_segment_type")?.as_deref() {
            None => None,
            Some("mpegts") => Some(SegmentFormat::Ts),
            Some("fmp4") => Some(SegmentFormat::Fmp4),
            Some(_) => return Err(process.refuse("hls_segment_type", "must be mpegts or fmp4")),
        };
        let quarters = process.integer("rotate", 0..=3)?.unwrap_or(0);
        only(&mut process, "adaptation", "NONE", &["SHORT", "LONG"])?;
        let (fit, fill) = match process.text("fill_type")?.as_deref() {
            None | Some("stretch") => (Fit::Stretch, Fill::Black),
            Some("black") => (Fit::Pad, Fill::Black),
            Some("white") => (Fit::Pad, Fill::White),
            Some(_) => {
                let why = "must be stretch, black or white: gauss cannot be honoured yet";
                return Err(process.refuse("fill_type", why));
            }
        };
        let upscale = match process.integer("upsample", 0..=1)? {
            Some(0) => Upscale::KeepSize,
            _ => Upscale::Allow,
        };
        process.finish()?;
        Ok(Self {
            segments,
            together,
            rotate: u32::try_from(quarters).unwrap_or_default() * 90,
            fit,
            fill,
            upscale,
        })
    }

    /// Whether it leaves places on the source's picture, as shares, where they are.
    pub(super) fn keeps_frame(self) -> bool {
        self.rotate == 0 && self.fit != Fit::Pad
    }

    pub(super) fn turns(self) -> bool {
        self.rotate != 0
    }

    /// Refuses, by its name in the task, what segments of HLS in this container cannot be.
    pub(super) fn check(self, container: Container) -> Result<(), ApiError> {
        let (is_together, segments) = match container {
            Container::Hls { .. } => (true, None),
            Container::Dash { hls: true, .. } => (false, Some(SegmentFormat::Fmp4)),
            _ => return Ok(()),
        };
        if self.together.is_some_and(|wanted| wanted != is_together) {
            return Err(invalid(match is_together {
                true => "video_process.hls_storage_type must be composite for pack_type 1",
                false => "video_process.hls_storage_type must be separate for pack_type 3",
            }));
        }
        match (segments, self.segments) {
            (Some(held), Some(wanted)) if held != wanted => Err(invalid(
                "video_process.hls_segment_type must be fmp4 for pack_type 3",
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn apply(self, settings: &mut Settings) {
        if let (Container::Hls { segments, .. }, Some(wanted)) =
            (&mut settings.container, self.segments)
        {
            *segments = wanted;
        }
        if let Some(video) = &mut settings.video {
            // A copy is as large as its source.
            if video.codec == VideoCodec::Copy {
                return;
            }
            video.rotate = self.rotate;
            video.upscale = self.upscale;
            // Of one side alone nothing is left over.
            if video.width.is_some() && video.height.is_some() {
                (video.fit, video.fill) = (self.fit, self.fill);
            }
        }
    }
}

/// Of several words the one that says what is done.
fn only(process: &mut Fields, name: &str, done: &str, others: &[&str]) -> Result<(), ApiError> {
    match process.text(name)? {
        None => Ok(()),
        Some(word) if word == done => Ok(()),
        Some(word) if others.contains(&word.as_str()) => Err(process.refuse(
            name,
            &format!("must be {done}: {word} cannot be honoured yet"),
        )),
        Some(_) => Err(process.refuse(name, &format!("must be {done}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(text: &str) -> Result<VideoProcess, ApiError> {
        VideoProcess::take(&mut Fields::body(text.as_bytes())?)
    }

    #[test]
    fn what_is_done_anyway_is_honoured_and_the_rest_is_refused_by_name() {
        for text in [
            "{}",
            r#"{"video_process":{}}"#,
            r#"{"video_process":{"hls_init_count":0,"hls_init_interval":3,"rotate":0,"adaptation":"NONE","fill_type":"stretch","upsample":1}}"#,
        ] {
            assert_eq!(take(text).unwrap(), VideoProcess::default(), "{text}");
        }
        for (member, name) in [
            (r#""hls_init_count":1"#, "hls_init_count"),
            (r#""hls_init_interval":1"#, "hls_init_interval"),
            (r#""hls_storage_type":"apart""#, "hls_storage_type"),
            (r#""rotate":4"#, "rotate"),
            (r#""rotate":"0""#, "rotate"),
            (r#""adaptation":"SHORT""#, "adaptation"),
            (r#""fill_type":"gauss""#, "fill_type"),
            (r#""upsample":2"#, "upsample"),
            (r#""hls_segment_type":"ts""#, "hls_segment_type"),
            (r#""x":1"#, "x"),
        ] {
            let error = take(&format!(r#"{{"video_process":{{{member}}}}}"#)).unwrap_err();
            let begin = format!("Invalid request parameter, video_process.{name} ");
            assert!(error.message().starts_with(&begin), "{error}");
        }
    }

    #[test]
    fn pictures_are_turned_filled_and_kept_small() {
        let process = r#"{"video_process":{"rotate":3,"fill_type":"white","upsample":0}}"#;
        let wanted = take(process).unwrap();
        let apply = |video: &str| {
            let text = format!(r#"{{"container":{{"format":"mp4"}},"video":{video}}}"#);
            let mut settings: Settings = serde_json::from_str(&text).unwrap();
            wanted.apply(&mut settings);
            settings.video.unwrap()
        };
        let both = apply(r#"{"width":640,"height":640}"#);
        assert_eq!((both.rotate, both.upscale), (270, Upscale::KeepSize));
        assert_eq!((both.fit, both.fill), (Fit::Pad, Fill::White));
        assert_eq!(apply(r#"{"width":640}"#).fit, Fit::Stretch);
    }

    #[test]
    fn segments_of_hls_are_what_their_format_allows() {
        let hls = Container::Hls {
            segments: SegmentFormat::Ts,
            segment_seconds: 5,
        };
        let dash = |hls| Container::Dash {
            segment_seconds: 5,
            hls,
        };
        for (member, container, refused) in [
            (r#""hls_storage_type":"composite""#, hls, None),
            (
                r#""hls_storage_type":"separate""#,
                hls,
                Some("hls_storage_type must be composite"),
            ),
            (r#""hls_storage_type":"separate""#, dash(true), None),
            (
                r#""hls_storage_type":"composite""#,
                dash(true),
                Some("hls_storage_type must be separate"),
            ),
            (r#""hls_storage_type":"composite""#, dash(false), None),
            (r#""hls_storage_type":"separate""#, Container::Mp4, None),
            (r#""hls_segment_type":"fmp4""#, dash(true), None),
            (
                r#""hls_segment_type":"mpegts""#,
                dash(true),
                Some("hls_segment_type must be fmp4"),
            ),
            (r#""hls_segment_type":"mpegts""#, dash(false), None),
        ] {
            let process = take(&format!(r#"{{"video_process":{{{member}}}}}"#)).unwrap();
            let found = process.check(container).err();
            match (found, refused) {
                (None, None) => {}
                (Some(error), Some(why)) => {
                    let begin = format!("Invalid request parameter, video_process.{why}");
                    assert!(error.message().starts_with(&begin), "{error}");
                }
                (found, _) => panic!("{member} {container:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn segments_are_of_the_format_that_is_asked_for() {
        let wanted = take(r#"{"video_process":{"hls_segment_type":"fmp4"}}"#).unwrap();
        let mut settings: Settings =
            serde_json::from_str(r#"{"container":{"format":"hls"},"audio":{}}"#).unwrap();
        wanted.apply(&mut settings);
        let expected =
            serde_json::json!({"format": "hls", "segments": "fmp4", "segment_seconds": 10});
        assert_eq!(serde_json::to_value(settings.container).unwrap(), expected);
    }
}

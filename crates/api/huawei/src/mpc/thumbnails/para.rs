//! `ThumbnailPara`: which pictures are wanted, and how large.

use reelgate_domain::job::kind::snapshot::{
    Moments, Naming, NotBlack, PictureFormat, SnapshotSpec,
};
use reelgate_domain::{ObjectKey, ObjectRef};

use crate::errors::ApiError;
use crate::mpc::address::{Address, check_file_name};
use crate::mpc::errors::{PATH, detailed};
use crate::mpc::fields::Fields;

/// The latest moment that a picture can be taken at, in seconds: 48 hours.
const MOST_SECONDS: i64 = 172_800;

/// The documented number of moments.
const MOST_DOTS: usize = 10;

/// What is wanted of a video.
#[derive(Debug)]
pub(in crate::mpc) struct Para {
    moments: Moments,
    width: Option<u32>,
    height: Option<u32>,
    long_side: Option<u32>,
    file_name: Option<String>,
    not_black: Option<NotBlack>,
    /// The only moment, as it was given.
    pub(in crate::mpc) only: Option<i64>,
    /// Whether it was given in milliseconds, which is for pictures that are wanted at once.
    pub(in crate::mpc) is_in_ms: bool,
}

/// Where the pictures go.
pub(in crate::mpc) struct Target<'a> {
    pub(in crate::mpc) input: ObjectRef,
    pub(in crate::mpc) address: &'a Address,
    /// The folder, without a slash at either end.
    pub(in crate::mpc) folder: &'a str,
    /// Whether they are packed into one file.
    pub(in crate::mpc) is_packed: bool,
}

impl Para {
    pub(in crate::mpc) fn read(mut fields: Fields) -> Result<Self, ApiError> {
        let kind = fields.text("type")?.unwrap_or_else(|| "TIME".to_owned());
        let time = fields.integer("time", 1..=100)?;
        let start = fields.integer("start_time", 0..=MOST_SECONDS)?;
        let duration = fields.integer("duration", 0..=MOST_SECONDS)?;
        let dots = fields.integers("dots")?;
        let dots_ms = fields.integers("dots_ms")?;
        let own: &[&str] = match kind.as_str() {
            "TIME" => &["time", "start_time", "duration"],
            "DOTS" => &["dots"],
            "DOTS_MS" => &["dots_ms"],
            _ => return Err(fields.refuse("type", "must be TIME, DOTS or DOTS_MS")),
        };
        let given = [
            ("time", time.is_some()),
            ("start_time", start.is_some()),
            ("duration", duration.is_some()),
            ("dots", dots.is_some()),
            ("dots_ms", dots_ms.is_some()),
        ];
        if let Some((name, _)) = given.iter().find(|(name, is)| *is && !own.contains(name)) {
            return Err(fields.refuse(name, &format!("is not for type {kind}")));
        }
        let millis = |seconds: i64| seconds.cast_unsigned() * 1000;
        let mut only = None;
        let moments = match kind.as_str() {
            "TIME" => Moments::Through {
                first_ms: millis(start.unwrap_or(0)),
                step_ms: millis(time.unwrap_or(12)),
                length_ms: duration.filter(|it| *it > 0).map(millis),
                closing: true,
            },
            "DOTS" => {
                let dots = dots_of(&fields, "dots", dots, MOST_DOTS, MOST_SECONDS)?;
                only = (dots.len() == 1).then(|| dots[0]);
                Moments::At(dots.into_iter().map(millis).collect())
            }
            _ => {
                let dots = dots_of(&fields, "dots_ms", dots_ms, 1, MOST_SECONDS * 1000)?;
                only = dots.first().copied();
                Moments::At(dots.into_iter().map(i64::cast_unsigned).collect())
            }
        };
        let (width, height, long_side) = sides(&mut fields)?;
        let not_black = not_black(&mut fields)?;
        fields.integer("format", 1..=1)?;
        let file_name = fields.text("output_filename")?;
        if let Some(name) = &file_name {
            check_file_name(name, &fields.path("output_filename"))?;
        }
        let is_in_ms = kind == "DOTS_MS";
        fields.finish()?;
        Ok(Self {
            moments,
            width,
            height,
            long_side,
            file_name,
            not_black,
            only,
            is_in_ms,
        })
    }

    /// The pictures of an input, in a folder.
    pub(in crate::mpc) fn spec(&self, target: &Target<'_>) -> Result<SnapshotSpec, ApiError> {
        let stem = self.file_name.as_deref();
        let stem = stem.map(|name| without_ending(name, ".jpg"));
        let text = stem.map(|stem| format!("{stem}_")).unwrap_or_default();
        let alone = match (self.only, stem) {
            (Some(_), Some(stem)) => Some(format!("{stem}.jpg")),
            // Seconds alone would not tell these apart.
            (Some(at), None) if self.is_in_ms => Some(format!("{at}.jpg")),
            _ => None,
        };
        let archive = target.is_packed.then(|| {
            let source = target.input.key.file_name();
            let source = source.rsplit_once('.').map_or(source, |(stem, _)| stem);
            let given = self.file_name.as_deref();
            let given = given.map(|name| without_ending(name, ".tar"));
            format!("{}.tar", given.unwrap_or(source))
        });
        let first = alone.clone().unwrap_or_else(|| format!("{text}0.jpg"));
        let name = archive.as_deref().unwrap_or(&first);
        let key = match target.folder {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        let key = ObjectKey::new(key).map_err(|error| detailed(PATH, &error.to_string()))?;
        Ok(SnapshotSpec {
            input: target.input.clone(),
            output: ObjectRef {
                bucket: target.address.bucket.clone(),
                key,
            },
            moments: self.moments.clone(),
            width: self.width,
            height: self.height,
            long_side: self.long_side,
            format: PictureFormat::Jpeg,
            sprite: None,
            naming: Naming::Seconds { text, alone },
            archive,
            key_frames: false,
            not_black: self.not_black,
        })
    }
}

/// Moments, in their order and each once.
fn dots_of(
    fields: &Fields,
    name: &str,
    dots: Option<Vec<i64>>,
    most: usize,
    largest: i64,
) -> Result<Vec<i64>, ApiError> {
    let mut dots = dots.unwrap_or_default();
    if dots.is_empty() || dots.len() > most {
        let why = match most {
            1 => "must have one moment".to_owned(),
            most => format!("must have 1 to {most} moments"),
        };
        return Err(fields.refuse(name, &why));
    }
    if !dots.iter().all(|dot| (0..=largest).contains(dot)) {
        return Err(fields.refuse(name, &format!("must be moments of 0 to {largest}")));
    }
    dots.sort_unstable();
    dots.dedup();
    Ok(dots)
}

/// What the first picture must not be; one number alone has the other's default.
fn not_black(fields: &mut Fields) -> Result<Option<NotBlack>, ApiError> {
    let amount = fields.integer("amount", 1..=100)?;
    let threshold = fields.integer("threshold", 0..=255)?;
    if amount.is_none() && threshold.is_none() {
        return Ok(None);
    }
    let default = NotBlack::default();
    let number = |given: Option<i64>| given.and_then(|it| u32::try_from(it).ok());
    Ok(Some(NotBlack {
        percent: number(amount).unwrap_or(default.percent),
        luma: number(threshold).unwrap_or(default.luma),
    }))
}

type Sides = (Option<u32>, Option<u32>, Option<u32>);

/// Width and height together come before the longest side; without either the source's size stays.
fn sides(fields: &mut Fields) -> Result<Sides, ApiError> {
    let mut side = |name: &str, most: i64| match fields.integer(name, 0..=most)? {
        None | Some(0) => Ok(None),
        Some(side) if side > 96 => Ok(u32::try_from(side).ok()),
        Some(_) => Err(fields.refuse(name, &format!("must be 0 or 97 to {most}"))),
    };
    let (width, height) = (side("width", 3840)?, side("height", 2160)?);
    let long = fields.integer("max_length", 240..=3840)?;
    match (width, height) {
        (Some(_), Some(_)) => Ok((width, height, None)),
        // Only both together come before the longer side.
        (None, None) => Ok((None, None, long.and_then(|side| u32::try_from(side).ok()))),
        _ if long.is_some() => Ok((None, None, long.and_then(|side| u32::try_from(side).ok()))),
        (Some(_), None) => Err(fields.refuse("height", "is missing beside the width")),
        (None, Some(_)) => Err(fields.refuse("width", "is missing beside the height")),
    }
}

fn without_ending<'a>(name: &'a str, ending: &str) -> &'a str {
    let cut = name.len().checked_sub(ending.len());
    let cut = cut.filter(|cut| *cut > 0 && name.is_char_boundary(*cut));
    match cut.map(|cut| name.split_at(cut)) {
        Some((stem, end)) if end.eq_ignore_ascii_case(ending) => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Para, ApiError> {
        Para::read(Fields::body(text.as_bytes()).unwrap())
    }

    fn spec(text: &str, is_packed: bool) -> SnapshotSpec {
        let address = r#"{"bucket":"out-bucket","location":"x","object":"a/b/"}"#;
        let address = Address::read(Fields::body(address.as_bytes()).unwrap()).unwrap();
        let input = ObjectRef {
            bucket: address.bucket.clone(),
            key: ObjectKey::new("in/film.mp4").unwrap(),
        };
        let target = Target {
            input,
            address: &address,
            folder: "a/b",
            is_packed,
        };
        let spec = read(text).unwrap().spec(&target).unwrap();
        spec.validate().unwrap();
        spec
    }

    #[test]
    fn the_first_those_at_distances_and_the_last_are_taken_by_default() {
        let spec = spec("{}", false);
        let expected = Moments::Through {
            first_ms: 0,
            step_ms: 12_000,
            length_ms: None,
            closing: true,
        };
        assert_eq!(spec.moments, expected);
        assert_eq!(spec.output.key.as_str(), "a/b/0.jpg");
        assert_eq!(
            (spec.width, spec.height, spec.long_side),
            (None, None, None)
        );
    }

    #[test]
    fn names_follow_what_is_asked_for() {
        let name = |text: &str, second, is_alone| {
            let spec = spec(text, false);
            let key = spec.at_second(second, is_alone).unwrap().unwrap();
            key.file_name().to_owned()
        };
        let named = r#"{"type":"DOTS","dots":[7,3,3],"output_filename":"shot.jpg"}"#;
        assert_eq!(name(named, 7, false), "shot_7.jpg");
        assert_eq!(name(r#"{"type":"DOTS","dots":[7]}"#, 7, true), "7.jpg");
        for text in ["shot", "shot.jpg", "shot.JPG"] {
            let one = format!(r#"{{"type":"DOTS","dots":[7],"output_filename":"{text}"}}"#);
            assert_eq!(name(&one, 7, true), "shot.jpg", "{text}");
        }
        let exact = r#"{"type":"DOTS_MS","dots_ms":[1500]}"#;
        assert_eq!(name(exact, 1, true), "1500.jpg");
        assert_eq!(spec(named, false).moments, Moments::At(vec![3000, 7000]));
        let packed = |text| spec(text, true).archive.unwrap();
        assert_eq!(packed("{}"), "film.tar");
        assert_eq!(packed(r#"{"output_filename":"all.tar"}"#), "all.tar");
        assert_eq!(packed(r#"{"output_filename":"all"}"#), "all.tar");
    }

    #[test]
    fn width_and_height_come_before_the_longest_side() {
        let sides = |text: &str| {
            let para = read(text).unwrap();
            (para.width, para.height, para.long_side)
        };
        let both = r#"{"width":640,"height":360,"max_length":480}"#;
        assert_eq!(sides(both), (Some(640), Some(360), None));
        assert_eq!(sides(r#"{"max_length":480}"#), (None, None, Some(480)));
        let zeros = r#"{"width":0,"height":0,"max_length":300}"#;
        assert_eq!(sides(zeros), (None, None, Some(300)));
    }

    #[test]
    fn a_first_picture_is_not_black_where_that_is_asked_for() {
        let not_black = |text: &str| spec(text, false).not_black;
        let black = |percent, luma| Some(NotBlack { percent, luma });
        assert_eq!(not_black("{}"), None);
        assert_eq!(not_black(r#"{"amount":60}"#), black(60, 30));
        assert_eq!(not_black(r#"{"threshold":0}"#), black(100, 0));
        assert_eq!(not_black(r#"{"amount":1,"threshold":255}"#), black(1, 255));
    }

    #[test]
    fn what_is_out_of_range_or_not_done_is_refused_by_name() {
        for (text, name) in [
            (r#"{"type":"ALL"}"#, "type"),
            (r#"{"time":0}"#, "time"),
            (r#"{"time":101}"#, "time"),
            (r#"{"time":"12"}"#, "time"),
            (r#"{"duration":-1}"#, "duration"),
            (r#"{"duration":"ToEND"}"#, "duration"),
            (r#"{"dots":[1]}"#, "dots"),
            (r#"{"type":"DOTS"}"#, "dots"),
            (r#"{"type":"DOTS","dots":[]}"#, "dots"),
            (r#"{"type":"DOTS","dots":[-1]}"#, "dots"),
            (r#"{"type":"DOTS","dots":[1],"time":5}"#, "time"),
            (r#"{"type":"DOTS","dots":[0,1,2,3,4,5,6,7,8,9,10]}"#, "dots"),
            (r#"{"type":"DOTS_MS","dots_ms":[1,2]}"#, "dots_ms"),
            (r#"{"format":2}"#, "format"),
            (r#"{"width":96,"height":100}"#, "width"),
            (r#"{"width":640}"#, "height"),
            (r#"{"height":360}"#, "width"),
            (r#"{"max_length":239}"#, "max_length"),
            (r#"{"amount":0}"#, "amount"),
            (r#"{"amount":101}"#, "amount"),
            (r#"{"threshold":256}"#, "threshold"),
            (r#"{"output_filename":"a/b"}"#, "output_filename"),
            (r#"{"percent":1}"#, "percent"),
        ] {
            let refused = read(text).unwrap_err();
            assert_eq!(refused.code(), "MPC.10202", "{text}");
            let begin = format!("Invalid request parameter, {name} ");
            assert!(refused.message().starts_with(&begin), "{text}: {refused}");
        }
    }
}

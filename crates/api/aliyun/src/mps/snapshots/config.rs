//! `SnapshotConfig`: which pictures, how large, where to.

use reelgate_api_kit::json;
use reelgate_domain::ObjectRef;
use reelgate_domain::job::kind::snapshot::{
    Moments, Naming, NotBlack, PictureFormat, SnapshotSpec,
};
use serde_json::{Map, Value};

use super::names::Files;
use super::tiles::Tiles;
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::{Fields, scalar};

const NAME: &str = "SnapshotConfig";
/// The latest moment, in milliseconds.
const LATEST_MS: u32 = SnapshotSpec::LATEST_MS as u32;
/// Seconds between pictures where the caller does not say it.
const DEFAULT_INTERVAL: u32 = 10;

/// What is to be made.
pub(super) struct Config {
    pub(super) spec: SnapshotSpec,
    /// Whether the call is answered when the picture is there.
    pub(super) is_awaited: bool,
    /// The configuration as received.
    pub(super) echo: Map<String, Value>,
}

impl Config {
    pub(super) fn parse(text: &str, source: &ObjectRef) -> Result<Self, Refusal> {
        let members = match json::parse(text) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(Refusal::new(Code::JsonObjectFormat, NAME)),
            Err(_) => return Err(Refusal::new(Code::JsonFormat, NAME)),
        };
        let mut fields = Fields::new(NAME, &members);
        let Taken {
            moments,
            are_many,
            is_awaited,
        } = taken(&mut fields)?;
        let (width, height) = (
            fields.integer("Width", 8..=4096)?,
            fields.integer("Height", 8..=4096)?,
        );
        let key_frames = takes_key_frames(&mut fields)?;
        let not_black = not_black(&mut fields, &moments, are_many)?;
        let tiles = Tiles::read(&mut fields, source)?;
        cues(&mut fields, tiles.is_some())?;
        let pictures = pictures(&mut fields, source, tiles.as_ref())?;
        fields.finish()?;
        let files = pictures
            .as_ref()
            .or(tiles.as_ref().map(|tiles| &tiles.files));
        let Some(files) = files else {
            return Err(Refusal::new(Code::NullValue, "SnapshotConfig.OutputFile"));
        };
        if let Some(pictures) = &pictures
            && are_many
            && !pictures.are_many()
        {
            return Err(Refusal::new(Code::ObjectKey, &pictures.pattern));
        }
        let format = match files.is_png() {
            true => PictureFormat::Png,
            false => PictureFormat::Jpeg,
        };
        let naming = Naming::Pattern {
            picture: pictures.as_ref().map(|files| files.pattern.clone()),
            sheet: tiles.as_ref().map(|tiles| tiles.files.pattern.clone()),
        };
        let spec = SnapshotSpec {
            input: source.clone(),
            output: files.first.clone(),
            moments,
            width,
            height,
            long_side: None,
            format,
            sprite: tiles.map(|tiles| tiles.sprite),
            naming,
            archive: None,
            key_frames,
            not_black,
        };
        // Every range is checked above, under the name the caller knows; this is the net below.
        spec.validate()
            .map_err(|error| Refusal::new(Code::OutOfRange, error.field))?;
        Ok(Self {
            spec,
            is_awaited,
            echo: members,
        })
    }
}

/// Where the pictures go; nowhere if there are sheets and the pictures on them are not kept.
fn pictures(
    fields: &mut Fields<'_>,
    source: &ObjectRef,
    tiles: Option<&Tiles>,
) -> Result<Option<Files>, Refusal> {
    let pictures = match fields.object("OutputFile")? {
        Some(file) => Some(Files::pictures(file, source)?),
        None => None,
    };
    let Some(tiles) = tiles else {
        return Ok(pictures);
    };
    if !tiles.sprite.keep_pictures {
        return Ok(None);
    }
    match pictures {
        None => fields.refuse(Code::NullValue, "OutputFile"),
        // All files of a job lie in one folder, and are of one format.
        Some(files)
            if !files.are_beside(&tiles.files) || files.is_png() != tiles.files.is_png() =>
        {
            fields.refuse(Code::NotSupported, "TileOutputFile")
        }
        Some(files) if files.pattern == tiles.files.pattern => {
            Err(Refusal::new(Code::ObjectKey, files.pattern))
        }
        files => Ok(files),
    }
}

struct Taken {
    moments: Moments,
    are_many: bool,
    is_awaited: bool,
}

/// Single moments if there are any; else one, or those that follow it, so far apart or spread evenly.
fn taken(fields: &mut Fields<'_>) -> Result<Taken, Refusal> {
    if let Some(times) = times(fields)? {
        for name in ["Time", "Interval", "Num"] {
            if fields.text(name)?.is_some() {
                return fields.refuse(Code::NotSupported, name);
            }
        }
        return Ok(Taken {
            are_many: times.len() > 1,
            is_awaited: false,
            moments: Moments::At(times),
        });
    }
    let Some(first) = fields.integer("Time", 0..=LATEST_MS)? else {
        return fields.refuse(Code::NullValue, "Time");
    };
    let first_ms = u64::from(first);
    let interval = fields.integer("Interval", 0..=LATEST_MS / 1000)?;
    let most = fields.integer("Num", 1..=SnapshotSpec::MAX_THROUGH)?;
    let single = |is_awaited| Taken {
        moments: Moments::At(vec![first_ms]),
        are_many: false,
        is_awaited,
    };
    let many = |moments| Taken {
        moments,
        are_many: true,
        is_awaited: false,
    };
    let step_ms = |seconds: u32| u64::from(seconds) * 1000;
    Ok(match (most, interval) {
        (None, None) => single(true),
        (Some(1), _) => single(false),
        (None, Some(0)) => return fields.refuse(Code::NullValue, "Num"),
        (Some(count), Some(0)) if count > SnapshotSpec::MAX_PICTURES => {
            return fields.refuse(Code::OutOfRange, "Num");
        }
        (Some(count), Some(0)) => many(Moments::Spread { first_ms, count }),
        (Some(most), interval) if most <= SnapshotSpec::MAX_PICTURES => many(Moments::Every {
            first_ms,
            step_ms: step_ms(interval.unwrap_or(DEFAULT_INTERVAL)),
            most,
        }),
        (most, interval) => {
            let step_ms = step_ms(interval.unwrap_or(DEFAULT_INTERVAL));
            let length = most.map(|most| u64::from(most) * step_ms);
            many(Moments::Through {
                first_ms,
                step_ms,
                length_ms: length.map(|length| length.min(SnapshotSpec::LATEST_MS)),
                closing: false,
            })
        }
    })
}

/// `TimeArray`, rising: a list, or an object with one as answers have it.
fn times(fields: &mut Fields<'_>) -> Result<Option<Vec<u64>>, Refusal> {
    const TIMES: &str = "TimeArray";
    let items = match fields.value(TIMES) {
        None => return Ok(None),
        Some(Value::Array(items)) => items,
        Some(Value::Object(members)) => match members.get("TimePointList") {
            Some(Value::Array(items)) if members.len() == 1 => items,
            _ => return fields.refuse(Code::Format, TIMES),
        },
        Some(_) => return fields.refuse(Code::Format, TIMES),
    };
    let mut times = Vec::with_capacity(items.len());
    for item in items {
        match scalar(item).and_then(|text| text.trim().parse::<u64>().ok()) {
            Some(time) if time <= SnapshotSpec::LATEST_MS => times.push(time),
            Some(_) => return fields.refuse(Code::OutOfRange, TIMES),
            None => return fields.refuse(Code::NumberFormat, TIMES),
        }
    }
    times.sort_unstable();
    times.dedup();
    if times.len() > SnapshotSpec::MAX_PICTURES as usize {
        return fields.refuse(Code::ListSizeExceed, TIMES);
    }
    Ok(Some(times))
}

/// Where nothing is said, a picture is what is shown at its moment: whoever wants another one says so.
fn takes_key_frames(fields: &mut Fields<'_>) -> Result<bool, Refusal> {
    let word = fields.text("FrameType")?;
    match word.map(|word| word.to_ascii_lowercase()).as_deref() {
        None | Some("normal") => Ok(false),
        Some("intra") => Ok(true),
        Some(_) => fields.refuse(Code::NotSupported, "FrameType"),
    }
}

/// What keeps the first of several pictures from being black, which only one from the very beginning can be kept from.
fn not_black(
    fields: &mut Fields<'_>,
    moments: &Moments,
    are_many: bool,
) -> Result<Option<NotBlack>, Refusal> {
    const NAMES: [&str; 2] = ["BlackLevel", "PixelBlackThreshold"];
    let percent = fields.integer(NAMES[0], 30..=100)?;
    let luma = fields.integer(NAMES[1], 0..=255)?;
    let name = match (percent, luma) {
        (None, None) => return Ok(None),
        (Some(_), _) => NAMES[0],
        (None, Some(_)) => NAMES[1],
    };
    let first_ms = match moments {
        Moments::Every { first_ms, .. }
        | Moments::Spread { first_ms, .. }
        | Moments::Through { first_ms, .. } => Some(*first_ms),
        Moments::At(_) | Moments::Shares { .. } => None,
    };
    if !are_many || first_ms != Some(0) {
        return fields.refuse(Code::NotSupported, name);
    }
    let default = NotBlack::default();
    Ok(Some(NotBlack {
        percent: percent.unwrap_or(default.percent),
        luma: luma.unwrap_or(default.luma),
    }))
}

/// The file that says when which part of a sheet is shown lies beside the sheets in any case.
fn cues(fields: &mut Fields<'_>, has_sheets: bool) -> Result<(), Refusal> {
    fields.only("Format", "vtt")?;
    if fields.text("Format")?.is_some() && !has_sheets {
        return fields.refuse(Code::NotSupported, "Format");
    }
    if let Some(mut sub) = fields.object("SubOut")? {
        sub.only("IsSptFrag", "true")?;
        sub.finish()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use reelgate_domain::job::kind::transcode::Color;
    use reelgate_domain::{BucketName, ObjectKey};
    use serde_json::json;

    use super::*;

    fn parse(more: Value) -> Result<Config, Refusal> {
        parse_of("in/clip.mp4", more)
    }

    fn parse_of(source: &str, more: Value) -> Result<Config, Refusal> {
        let source = ObjectRef {
            bucket: BucketName::new("media").unwrap(),
            key: ObjectKey::new(source).unwrap(),
        };
        let file = |object: &str| json!({"Bucket": "media", "Location": "x", "Object": object});
        let mut config = json!({"OutputFile": file("out/{Count}.jpg"), "Time": "0"});
        for (name, value) in more.as_object().unwrap() {
            config[name] = match value.as_str() {
                Some(object) if name.ends_with("OutputFile") => file(object),
                _ => value.clone(),
            };
        }
        Config::parse(&config.to_string(), &source)
    }

    fn moments(more: Value) -> (Moments, bool) {
        let config = parse(more).unwrap();
        (config.spec.moments, config.is_awaited)
    }

    #[test]
    fn moments_are_one_a_row_or_a_list() {
        let every = |step_ms, most| Moments::Every {
            first_ms: 500,
            step_ms,
            most,
        };
        let at = |times: &[u64]| Moments::At(times.to_vec());
        let spread = Moments::Spread {
            first_ms: 0,
            count: 5,
        };
        let through = |length_ms| Moments::Through {
            first_ms: 0,
            step_ms: 2000,
            length_ms,
            closing: false,
        };
        let cases = [
            (json!({}), at(&[0]), true),
            (
                json!({"Time": 700, "Num": 1, "Interval": 3}),
                at(&[700]),
                false,
            ),
            (json!({"Time": 500, "Num": "4"}), every(10_000, 4), false),
            (
                json!({"Time": 500, "Num": 4, "Interval": 2}),
                every(2000, 4),
                false,
            ),
            (json!({"Num": 5, "Interval": "0"}), spread, false),
            (json!({"Interval": 2}), through(None), false),
            (
                json!({"Interval": 2, "Num": 400}),
                through(Some(800_000)),
                false,
            ),
            (
                json!({"Time": "", "TimeArray": [9, "3", 9]}),
                at(&[3, 9]),
                false,
            ),
            (
                json!({"Time": "", "TimeArray": {"TimePointList": [4]}}),
                at(&[4]),
                false,
            ),
        ];
        for (more, expected, is_awaited) in cases {
            assert_eq!(moments(more.clone()), (expected, is_awaited), "{more}");
        }
    }

    #[test]
    fn pictures_may_be_key_frames_and_the_first_not_black() {
        let spec = |more| parse(more).unwrap().spec;
        assert!(!spec(json!({})).key_frames);
        assert!(!spec(json!({"FrameType": "normal"})).key_frames);
        assert!(spec(json!({"FrameType": "Intra"})).key_frames);
        let not_black = |percent, luma| Some(NotBlack { percent, luma });
        for (more, expected) in [
            (json!({"Num": 2}), None),
            (json!({"Num": 2, "BlackLevel": "40"}), not_black(40, 30)),
            (
                json!({"Interval": 1, "PixelBlackThreshold": 70}),
                not_black(100, 70),
            ),
        ] {
            assert_eq!(spec(more.clone()).not_black, expected, "{more}");
        }
    }

    #[test]
    fn names_may_have_the_moment_in_them() {
        let spec = spec_named("out/{SnapshotTime}.jpg");
        let key = spec.at_moment(1, 12_000).unwrap().unwrap();
        assert_eq!(key.as_str(), "out/12000.jpg");
        let both = spec_named("out/%7BCount%7D_{SnapshotTime}.jpg");
        let key = both.at_moment(2, 500).unwrap().unwrap();
        assert_eq!(key.as_str(), "out/00002_500.jpg");
    }

    fn spec_named(object: &str) -> SnapshotSpec {
        parse(json!({"OutputFile": object, "Num": 2})).unwrap().spec
    }

    #[test]
    fn names_have_numbers_where_the_placeholder_is() {
        let spec =
            parse(json!({"OutputFile": "{ObjectPrefix}%7BFileName%7D_{Count}.jpg", "Num": 2}));
        let spec = spec.unwrap().spec;
        let key = |number| spec.numbered(number).unwrap().to_string();
        assert_eq!(
            (key(1), key(12)),
            ("in/clip_00001.jpg".into(), "in/clip_00012.jpg".into())
        );
        let single = parse(json!({"OutputFile": "out/a.png"})).unwrap().spec;
        assert_eq!(single.numbered(1).unwrap().as_str(), "out/a.png");
        assert_eq!(single.format, PictureFormat::Png);
    }

    #[test]
    fn sheets_need_a_name_of_their_own() {
        let tiled = |layout: Value| json!({"Num": 4, "TileOut": layout, "TileOutputFile": "out/s{TileCount}.jpg"});
        let kept = parse(tiled(json!({"Lines": 2, "Columns": 3, "Padding": 4})))
            .unwrap()
            .spec;
        let sprite = kept.sprite.unwrap();
        assert_eq!(
            (sprite.rows, sprite.columns, sprite.keep_pictures),
            (2, 3, true)
        );
        let colored = |color: &str| {
            let layout = json!({"Color": color, "CellSelStep": "3"});
            parse(tiled(layout)).unwrap().spec.sprite.unwrap()
        };
        assert_eq!((colored("#FF8000").every, sprite.every), (3, 1));
        assert_eq!(colored("#FF8000").color, Color([255, 128, 0]));
        assert_eq!(colored("Gold").color, Color([255, 215, 0]));
        assert_eq!(colored("random").color, colored("random").color);
        assert_eq!(kept.sheet(2).unwrap().as_str(), "out/s00002.jpg");
        assert_eq!(kept.cell(2).unwrap().as_str(), "out/00002.jpg");
        let alone = parse(tiled(json!({"IsKeepCellPic": "false"})))
            .unwrap()
            .spec;
        assert_eq!(alone.output.key.as_str(), "out/s00001.jpg");
        assert!(!alone.sprite.unwrap().keep_pictures);
    }

    #[test]
    fn what_cannot_be_done_is_refused_by_name() {
        let cases = [
            (json!({"Time": ""}), Code::NullValue, "SnapshotConfig.Time"),
            (json!({"Time": -1}), Code::OutOfRange, "SnapshotConfig.Time"),
            (json!({"Num": 0}), Code::OutOfRange, "SnapshotConfig.Num"),
            (
                json!({"Interval": 0}),
                Code::NullValue,
                "SnapshotConfig.Num",
            ),
            (
                json!({"Interval": 0, "Num": 301}),
                Code::OutOfRange,
                "SnapshotConfig.Num",
            ),
            (
                json!({"Width": 7}),
                Code::OutOfRange,
                "SnapshotConfig.Width",
            ),
            (
                json!({"FrameType": "inter"}),
                Code::NotSupported,
                "SnapshotConfig.FrameType",
            ),
            (
                json!({"BlackLevel": 40}),
                Code::NotSupported,
                "SnapshotConfig.BlackLevel",
            ),
            (
                json!({"Time": 1, "Num": 2, "PixelBlackThreshold": 40}),
                Code::NotSupported,
                "SnapshotConfig.PixelBlackThreshold",
            ),
            (
                json!({"Num": 2, "BlackLevel": 29}),
                Code::OutOfRange,
                "SnapshotConfig.BlackLevel",
            ),
            (
                json!({"Format": "vtt"}),
                Code::NotSupported,
                "SnapshotConfig.Format",
            ),
            (
                json!({"TimeArray": [1]}),
                Code::NotSupported,
                "SnapshotConfig.Time",
            ),
            (
                json!({"OutputFile": "out/a.jpg", "Num": 2}),
                Code::ObjectKey,
                "a.jpg",
            ),
            (
                json!({"OutputFile": "{Count}/a.jpg"}),
                Code::ObjectKey,
                "{Count}/a.jpg",
            ),
            (
                json!({"OutputFile": "{RunId}.jpg"}),
                Code::NotSupported,
                "SnapshotConfig.OutputFile.Object",
            ),
            (
                json!({"OutputFile": null}),
                Code::NullValue,
                "SnapshotConfig.OutputFile",
            ),
            (
                json!({"TileOut": {"Lines": 2}}),
                Code::NullValue,
                "SnapshotConfig.TileOutputFile",
            ),
            (
                json!({"TileOutputFile": "out/s.jpg"}),
                Code::ObjectKey,
                "s.jpg",
            ),
            (
                json!({"TileOutputFile": "other/{TileCount}.jpg"}),
                Code::NotSupported,
                "SnapshotConfig.TileOutputFile",
            ),
            (
                json!({"TileOutputFile": "out/{TileCount}.jpg"}),
                Code::ObjectKey,
                "{count}.jpg",
            ),
            (
                json!({"TileOutputFile": "out/s{TileCount}.jpg", "TileOut": {"Lines": 101}}),
                Code::OutOfRange,
                "SnapshotConfig.TileOut.Lines",
            ),
            (
                json!({"TileOutputFile": "out/s{TileCount}.jpg", "TileOut": {"Color": "any colour"}}),
                Code::NotSupported,
                "SnapshotConfig.TileOut.Color",
            ),
        ];
        for (more, code, about) in cases {
            let refusal = parse(more.clone()).err();
            assert_eq!(refusal, Some(Refusal::new(code, about)), "{more}");
        }
    }

    /// The service put numbers and moments into the source's own name.
    #[test]
    fn names_of_sources_that_would_be_numbered_are_refused() {
        for (source, object) in [
            ("in/{time}.mp4", "{FileName}{Count}.jpg"),
            ("in/{count}.mp4", "{FileName}.jpg"),
        ] {
            let refusal = parse_of(source, json!({"OutputFile": object})).err();
            let expected = Refusal::new(Code::ObjectKey, object);
            assert_eq!(refusal, Some(expected), "{source}");
        }
        // What is no name of ours is one of the source's like any other.
        let plain = parse_of("in/{Count}.mp4", json!({"OutputFile": "{FileName}.jpg"})).unwrap();
        assert_eq!(plain.spec.output.key.as_str(), "{Count}.jpg");
    }
}

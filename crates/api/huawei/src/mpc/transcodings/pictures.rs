//! Pictures that a transcoding task takes of its input: `thumbnail`, `thumbnails` and `image_sprites`.

use reelgate_domain::job::kind::snapshot::{Moments, Naming, PictureFormat, SnapshotSpec, Sprite};
use reelgate_domain::{ObjectKey, ObjectRef};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::errors::ApiError;
use crate::mpc::address::{Address, check_file_name};
use crate::mpc::common::switch;
use crate::mpc::errors::{PATH, detailed, invalid};
use crate::mpc::fields::Fields;
use crate::mpc::thumbnails::{Para, Target};

/// The documented number of sets of either sort.
const MOST_SETS: usize = 20;
/// The documented number of pictures on a sheet.
const MOST_CELLS: i64 = 100;
const MOST_SECONDS: i64 = 360_000;

/// Which member a set of pictures was asked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Member {
    Thumbnail,
    Thumbnails,
    ImageSprites,
}

/// What answers repeat of a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptSet {
    pub(super) member: Member,
    pub(super) output: Map<String, Value>,
}

/// A set of pictures.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) spec: SnapshotSpec,
    pub(super) kept: KeptSet,
}

/// Takes the members out of the body. Pictures go to where the task's outputs go unless they have a place of their own.
pub(super) fn take(
    body: &mut Fields,
    input: &Address,
    output: &Address,
) -> Result<Vec<Set>, ApiError> {
    let input = input.source()?;
    let mut sets = Vec::new();
    if let Some(thumbnail) = body.object("thumbnail")? {
        sets.push(thumbnails(thumbnail, Member::Thumbnail, &input, output)?);
    }
    for thumbnail in few(body, "thumbnails")? {
        sets.push(thumbnails(thumbnail, Member::Thumbnails, &input, output)?);
    }
    for (id, sprite) in few(body, "image_sprites")?.into_iter().enumerate() {
        sets.push(sheets(sprite, id, &input, output)?);
    }
    for (place, set) in sets.iter().enumerate() {
        let meets = |other: &&Set| {
            let (one, other) = (&set.spec, &other.spec);
            let folder = |spec: &SnapshotSpec| {
                (
                    spec.output.bucket.clone(),
                    spec.output.key.folder().to_owned(),
                )
            };
            folder(one) == folder(other)
                && match (&one.archive, &other.archive) {
                    (Some(one), Some(other)) => one == other,
                    (None, None) => have_same_names(&one.naming, &other.naming),
                    _ => false,
                }
        };
        if sets[..place].iter().any(|other| meets(&other)) {
            let why = "two sets of pictures of the task would have the same names";
            return Err(invalid(why));
        }
    }
    Ok(sets)
}

/// Whether pictures of both would have a name in common.
fn have_same_names(one: &Naming, other: &Naming) -> bool {
    match (one, other) {
        (
            Naming::Sheets {
                before,
                after,
                cues,
            },
            Naming::Sheets {
                before: its_before,
                after: its_after,
                cues: its_cues,
            },
        ) => cues == its_cues || (before == its_before && after == its_after),
        _ => one == other,
    }
}

fn few(body: &mut Fields, name: &str) -> Result<Vec<Fields>, ApiError> {
    let sets = body.objects(name)?.unwrap_or_default();
    match sets.len() > MOST_SETS {
        true => Err(body.refuse(name, &format!("has more than {MOST_SETS} sets"))),
        false => Ok(sets),
    }
}

fn place(fields: &mut Fields, name: &str, output: &Address) -> Result<Address, ApiError> {
    let own = fields.object(name)?.map(Address::read).transpose()?;
    if own.as_ref().is_some_and(|own| own.file_name.is_some()) {
        let name = format!("{name}.file_name");
        return Err(fields.refuse(&name, "has no effect on pictures"));
    }
    Ok(own.unwrap_or_else(|| {
        let mut output = output.clone();
        output.file_name = None;
        output.echo.remove("file_name");
        output
    }))
}

fn thumbnails(
    mut fields: Fields,
    member: Member,
    input: &ObjectRef,
    output: &Address,
) -> Result<Set, ApiError> {
    let address = place(&mut fields, "out", output)?;
    let is_packed = !switch(&mut fields, "tar", 1)?;
    let para = Para::read(fields.needed_object("params")?)?;
    if para.is_in_ms {
        return Err(fields.refuse("params.type", "of DOTS_MS is for tasks of pictures alone"));
    }
    fields.finish()?;
    let spec = para.spec(&Target {
        input: input.clone(),
        address: &address,
        folder: address.object.trim_matches('/'),
        is_packed,
    })?;
    let kept = KeptSet {
        member,
        output: address.echo,
    };
    Ok(Set { spec, kept })
}

fn sheets(
    mut fields: Fields,
    id: usize,
    input: &ObjectRef,
    output: &Address,
) -> Result<Set, ApiError> {
    let address = place(&mut fields, "output", output)?;
    let mut params = fields.needed_object("params")?;
    let moments = moments(&mut params)?;
    let mut count = |name: &str| {
        let count = params.integer(name, 1..=MOST_CELLS)?;
        count.ok_or_else(|| params.refuse(name, "is missing"))
    };
    let (rows, columns) = (count("row_count")?, count("column_count")?);
    if rows * columns > MOST_CELLS {
        let why = format!("times row_count must be at most {MOST_CELLS}");
        return Err(params.refuse("column_count", &why));
    }
    let mut side = |name: &str| match params.integer(name, 0..=4096)? {
        None | Some(0) => Ok(None),
        Some(side) if side >= 96 => Ok(u32::try_from(side).ok()),
        Some(_) => Err(params.refuse(name, "must be 0 or 96 to 4096")),
    };
    let (cell_width, cell_height) = (side("width")?, side("height")?);
    match params.text("resolution_adaptive")?.as_deref() {
        None | Some("close") => {}
        Some("open") => {
            let why = "cannot be honoured: width is that of the picture, however it is turned";
            return Err(params.refuse("resolution_adaptive", why));
        }
        Some(_) => return Err(params.refuse("resolution_adaptive", "must be open or close")),
    }
    match params.text("fill_type")?.as_deref() {
        None | Some("stretch") => {}
        // With one side alone there is nothing to fill.
        Some("black" | "white") if cell_width.is_none() || cell_height.is_none() => {}
        Some("black" | "white") => {
            let why = "cannot be honoured: pictures are stretched where both sides are given";
            return Err(params.refuse("fill_type", why));
        }
        Some(_) => return Err(params.refuse("fill_type", "must be stretch, black or white")),
    }
    let (format, extension) = match params.text("format")?.as_deref() {
        None | Some("jpg") => (PictureFormat::Jpeg, "jpg"),
        Some("png") => (PictureFormat::Png, "png"),
        Some(_) => return Err(params.refuse("format", "must be jpg or png")),
    };
    params.finish()?;
    let source = input.key.file_name();
    let source = source.rsplit_once('.').map_or(source, |(stem, _)| stem);
    let mut name = |member: &str| {
        let name = fields.text(member)?;
        if let Some(name) = &name {
            check_file_name(name, &fields.path(member))?;
        }
        Ok::<_, ApiError>(name)
    };
    let (sheet, cues) = (name("output_object_name")?, name("webvtt_object_name")?);
    fields.finish()?;
    let default = format!("{source}_imageSprite_{id}_{NUMBER}.{extension}");
    let (before, after) = around_number(&sheet.unwrap_or(default), extension);
    let cues = cues.unwrap_or_else(|| format!("{source}_imageSprite_{id}.vtt"));
    let first = match address.object.trim_matches('/') {
        "" => format!("{before}0{after}"),
        folder => format!("{folder}/{before}0{after}"),
    };
    let key = ObjectKey::new(first).map_err(|error| detailed(PATH, &error.to_string()))?;
    let narrow = |count: i64| u32::try_from(count).unwrap_or(1);
    let spec = SnapshotSpec {
        input: input.clone(),
        output: ObjectRef {
            bucket: address.bucket.clone(),
            key,
        },
        moments,
        width: None,
        height: None,
        long_side: None,
        format,
        sprite: Some(Sprite {
            columns: narrow(columns),
            rows: narrow(rows),
            cell_width,
            cell_height,
            padding: 0,
            margin: 0,
            keep_pictures: false,
            ..Sprite::default()
        }),
        naming: Naming::Sheets {
            before,
            after,
            cues,
        },
        archive: None,
        key_frames: false,
        not_black: None,
    };
    let kept = KeptSet {
        member: Member::ImageSprites,
        output: address.echo,
    };
    Ok(Set { spec, kept })
}

fn moments(params: &mut Fields) -> Result<Moments, ApiError> {
    let kind = params.needed_text("sample_type")?;
    let most = match kind.as_str() {
        "PERCENT" => 100,
        "TIME" => MOST_SECONDS,
        _ => return Err(params.refuse("sample_type", "must be PERCENT or TIME")),
    };
    let interval = params.integer("sample_interval", 1..=most)?;
    let interval = interval.ok_or_else(|| params.refuse("sample_interval", "is missing"))?;
    Ok(match kind.as_str() {
        "PERCENT" => Moments::Shares {
            step_ppm: u32::try_from(interval * 10_000).unwrap_or(1_000_000),
        },
        // Of what is longer than pictures are taken of there is the first in either case.
        _ => Moments::Through {
            first_ms: 0,
            step_ms: (interval.cast_unsigned() * 1000).min(SnapshotSpec::LATEST_MS),
            length_ms: None,
            closing: false,
        },
    })
}

const NUMBER: &str = "{number}";

/// What is before and after the number in a sheet's name; one without it gets it before its extension.
fn around_number(name: &str, extension: &str) -> (String, String) {
    if let Some((before, after)) = name.split_once(NUMBER) {
        return (before.to_owned(), after.to_owned());
    }
    match name.rsplit_once('.') {
        Some((stem, end)) if !stem.is_empty() => (format!("{stem}_"), format!(".{end}")),
        _ => (format!("{name}_"), format!(".{extension}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> Result<Vec<Set>, ApiError> {
        let address = |object: &str| {
            let text = format!(r#"{{"bucket":"some-bucket","location":"x","object":"{object}"}}"#);
            Address::read(Fields::body(text.as_bytes()).unwrap()).unwrap()
        };
        let mut body = Fields::body(text.as_bytes()).unwrap();
        let sets = take(&mut body, &address("in/film.mp4"), &address("out"))?;
        body.finish()?;
        Ok(sets)
    }

    const SHEET: &str = r#"{"params":{"sample_type":"PERCENT","sample_interval":20,"row_count":2,"column_count":5}}"#;

    #[test]
    fn each_set_has_a_place_and_names_of_its_own() {
        let text = format!(
            r#"{{"thumbnail":{{"tar":0,"params":{{}}}},
                "thumbnails":[{{"out":{{"bucket":"other","location":"x","object":"shots"}},"params":{{"type":"DOTS","dots":[3]}}}}],
                "image_sprites":[{SHEET},{SHEET}]}}"#
        );
        let sets = taken(&text).unwrap();
        let keys: Vec<_> = sets.iter().map(|set| set.spec.output.to_string()).collect();
        assert_eq!(
            keys,
            [
                "some-bucket/out/film.tar",
                "other/shots/0.jpg",
                "some-bucket/out/film_imageSprite_0_0.jpg",
                "some-bucket/out/film_imageSprite_1_0.jpg",
            ]
        );
        for set in &sets {
            set.spec.validate().unwrap();
        }
        assert_eq!(sets[2].spec.moments, Moments::Shares { step_ppm: 200_000 });
        assert_eq!(
            sets[3].spec.cues().unwrap().file_name(),
            "film_imageSprite_1.vtt"
        );
    }

    #[test]
    fn sheets_are_numbered_where_their_name_says_or_before_its_extension() {
        for (name, expected) in [
            ("a{number}b.jpg", "a7b.jpg"),
            ("a.png", "a_7.png"),
            ("a", "a_7.jpg"),
        ] {
            let (before, after) = around_number(name, "jpg");
            assert_eq!(format!("{before}7{after}"), expected);
        }
    }

    #[test]
    fn what_is_wrong_or_not_done_is_refused_by_name() {
        let sheet = |more: &str| {
            let params = format!(
                r#""sample_type":"TIME","sample_interval":5,"row_count":2,"column_count":5{more}"#
            );
            format!(r#"{{"image_sprites":[{{"params":{{{params}}}}}]}}"#)
        };
        for (text, name) in [
            (r#"{"thumbnail":{}}"#.to_owned(), "thumbnail.params "),
            (
                r#"{"thumbnail":{"params":{"time":0}}}"#.to_owned(),
                "thumbnail.params.time ",
            ),
            (
                r#"{"thumbnail":{"params":{"type":"DOTS_MS","dots_ms":[1]}}}"#.to_owned(),
                "thumbnail.params.type ",
            ),
            (
                r#"{"thumbnails":[{"params":{}},{"params":{}}]}"#.to_owned(),
                "two sets ",
            ),
            (
                format!(
                    r#"{{"image_sprites":[{{"output_object_name":"a.jpg",{params}}},{{"output_object_name":"a.jpg",{params}}}]}}"#,
                    params = r#""params":{"sample_type":"TIME","sample_interval":5,"row_count":2,"column_count":5}"#
                ),
                "two sets ",
            ),
            (
                r#"{"image_sprites":[{}]}"#.to_owned(),
                "image_sprites[0].params ",
            ),
            (sheet(r#","width":95"#), "image_sprites[0].params.width "),
            (
                sheet(r#","width":100,"height":100,"fill_type":"black""#),
                "image_sprites[0].params.fill_type ",
            ),
            (
                sheet(r#","resolution_adaptive":"open""#),
                "image_sprites[0].params.resolution_adaptive ",
            ),
            (
                sheet(r#","format":"gif""#),
                "image_sprites[0].params.format ",
            ),
        ] {
            let refused = taken(&text).err().unwrap();
            let begin = format!("Invalid request parameter, {name}");
            assert!(refused.message().starts_with(&begin), "{text}: {refused}");
        }
        let many = format!(r#"{{"image_sprites":[{}]}}"#, [SHEET; 21].join(","));
        assert!(taken(&many).is_err());
        assert_eq!(
            taken(&sheet(r#","width":160,"fill_type":"black""#))
                .unwrap()
                .len(),
            1
        );
    }
}

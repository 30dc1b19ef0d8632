//! How pictures are tiled on sheets: `TileOut`, and the files that the sheets are.

use reelgate_domain::job::kind::snapshot::{SnapshotSpec, Sprite};
use reelgate_domain::job::kind::transcode::Color;
use reelgate_domain::{ObjectKey, ObjectRef};

use super::names::Files;
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

pub(super) struct Tiles {
    pub(super) sprite: Sprite,
    pub(super) files: Files,
}

impl Tiles {
    /// Reads both members of the configuration, which belong together.
    pub(super) fn read(
        config: &mut Fields<'_>,
        source: &ObjectRef,
    ) -> Result<Option<Self>, Refusal> {
        let (layout, file) = (config.object("TileOut")?, config.object("TileOutputFile")?);
        // Without a layout the defaults hold.
        let Some(file) = file else {
            return match layout {
                Some(_) => config.refuse(Code::NullValue, "TileOutputFile"),
                None => Ok(None),
            };
        };
        let files = Files::sheets(file, source)?;
        if !files.are_many() {
            return Err(Refusal::new(Code::ObjectKey, files.pattern));
        }
        let sprite = match layout {
            Some(layout) => sprite(layout, &files.first.key)?,
            None => Sprite {
                columns: 10,
                rows: 10,
                keep_pictures: true,
                ..Sprite::default()
            },
        };
        Ok(Some(Self { sprite, files }))
    }
}

/// Lines and columns may be 10000 for the vendor; a sheet of more than 100 of either is larger than any picture here.
fn sprite(mut layout: Fields<'_>, first: &ObjectKey) -> Result<Sprite, Refusal> {
    let keep_pictures = match layout.text("IsKeepCellPic")? {
        None => true,
        Some(_) => layout.flag("IsKeepCellPic")?,
    };
    let most = SnapshotSpec::MAX_THROUGH;
    let sprite = Sprite {
        columns: layout.integer("Columns", 1..=100)?.unwrap_or(10),
        rows: layout.integer("Lines", 1..=100)?.unwrap_or(10),
        cell_width: layout.integer("CellWidth", 8..=4096)?,
        cell_height: layout.integer("CellHeight", 8..=4096)?,
        padding: layout.integer("Padding", 0..=1000)?.unwrap_or(0),
        margin: layout.integer("Margin", 0..=1000)?.unwrap_or(0),
        keep_pictures,
        every: layout.integer("CellSelStep", 1..=most)?.unwrap_or(1),
        color: color(&mut layout, first)?,
    };
    layout.finish()?;
    Ok(sprite)
}

/// A word, `#RRGGBB`, or any: then each name of sheets has one of its own, so that a job that is repeated makes the
/// same again.
fn color(layout: &mut Fields<'_>, first: &ObjectKey) -> Result<Color, Refusal> {
    const COLOR: &str = "Color";
    let Some(word) = layout.text(COLOR)? else {
        return Ok(Color::default());
    };
    if word.trim().eq_ignore_ascii_case("random") {
        let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
        let hash = first.as_str().bytes().fold(2_166_136_261, mix);
        let [_, red, green, blue] = hash.to_be_bytes();
        return Ok(Color([red, green, blue]));
    }
    match Color::parse(word.trim()) {
        Some(color) => Ok(color),
        None => layout.refuse(Code::NotSupported, COLOR),
    }
}

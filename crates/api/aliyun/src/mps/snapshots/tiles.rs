//! How pictures are tiled on sheets: `TileOut`, and the files that the sheets are.

use reelgate_domain::ObjectRef;
use reelgate_domain::job::kind::snapshot::Sprite;

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
        let files = Files::read(file, source, "TileCount")?;
        if !files.are_many() {
            return Err(Refusal::new(Code::ObjectKey, files.pattern));
        }
        let sprite = match layout {
            Some(layout) => sprite(layout)?,
            None => Sprite {
                columns: 10,
                rows: 10,
                cell_width: None,
                cell_height: None,
                padding: 0,
                margin: 0,
                keep_pictures: true,
            },
        };
        Ok(Some(Self { sprite, files }))
    }
}

/// Lines and columns may be 10000 for the vendor; a sheet of more than 100 of either is larger than any picture here.
fn sprite(mut layout: Fields<'_>) -> Result<Sprite, Refusal> {
    let keep_pictures = match layout.text("IsKeepCellPic")? {
        None => true,
        Some(_) => layout.flag("IsKeepCellPic")?,
    };
    layout.only("Color", "black")?;
    layout.only("CellSelStep", "1")?;
    let sprite = Sprite {
        columns: layout.integer("Columns", 1..=100)?.unwrap_or(10),
        rows: layout.integer("Lines", 1..=100)?.unwrap_or(10),
        cell_width: layout.integer("CellWidth", 8..=4096)?,
        cell_height: layout.integer("CellHeight", 8..=4096)?,
        padding: layout.integer("Padding", 0..=1000)?.unwrap_or(0),
        margin: layout.integer("Margin", 0..=1000)?.unwrap_or(0),
        keep_pictures,
    };
    layout.finish()?;
    Ok(sprite)
}

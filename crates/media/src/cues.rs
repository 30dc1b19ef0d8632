//! WebVTT cues that say when which part of which sheet is shown.

use std::fmt::Write as _;

use crate::plan::SheetPlan;

/// The text of a file beside the sheets, for pictures of these moments, which rise. Each is shown until
/// the next, the last one until `ends_ms`, or for as long as the one before where that is not known.
pub fn cues(sheets: &SheetPlan, moments: &[u64], ends_ms: Option<u64>) -> String {
    let mut text = "WEBVTT\n".to_owned();
    for (index, at) in moments.iter().enumerate() {
        let before = index.checked_sub(1).map_or(0, |before| moments[before]);
        let length = if index == 0 { 1000 } else { at - before };
        let last_end = ends_ms.filter(|end| end > at).unwrap_or(at + length);
        let until = moments.get(index + 1).copied().unwrap_or(last_end);
        // From the beginning on there is something to show.
        let from = if index == 0 { 0 } else { *at };
        let (sheet, place) = (index / sheets.cells(), index % sheets.cells());
        let Some(name) = sheets.names.get(sheet) else {
            break;
        };
        let sprite = &sheets.sprite;
        let columns = sprite.columns as usize;
        let offset = |steps: usize, cell: u32| {
            u64::from(sprite.margin) + steps as u64 * u64::from(cell + sprite.padding)
        };
        // Writing to a text does not fail.
        let _ = write!(
            text,
            "\n{} --> {}\n{}#xywh={},{},{},{}\n",
            clock(from),
            clock(until),
            escaped(name),
            offset(place % columns, sheets.cell.width),
            offset(place / columns, sheets.cell.height),
            sheets.cell.width,
            sheets.cell.height,
        );
    }
    text
}

/// A moment as WebVTT has it.
pub(crate) fn clock(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        milliseconds % 1000
    )
}

/// A file's name as a reference to it, from what lies beside it.
fn escaped(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use reelgate_domain::job::kind::snapshot::{PictureFormat, Sprite};

    use super::*;
    use crate::plan::Size;

    #[test]
    fn each_picture_is_shown_until_the_next() {
        let sheets = SheetPlan {
            sprite: Sprite {
                columns: 2,
                rows: 1,
                cell_width: None,
                cell_height: None,
                padding: 4,
                margin: 10,
                keep_pictures: false,
                ..Sprite::default()
            },
            format: PictureFormat::Jpeg,
            cell: Size {
                width: 160,
                height: 90,
            },
            sheet: Size {
                width: 344,
                height: 110,
            },
            names: vec!["a b-00001.jpg".to_owned(), "a b-00002.jpg".to_owned()],
            cues: "a b.vtt".to_owned(),
        };
        let moments = [500, 3_600_000, 3_661_001];
        insta::assert_snapshot!(cues(&sheets, &moments, Some(3_700_000)), @r"
        WEBVTT

        00:00:00.000 --> 01:00:00.000
        a%20b-00001.jpg#xywh=10,10,160,90

        01:00:00.000 --> 01:01:01.001
        a%20b-00001.jpg#xywh=174,10,160,90

        01:01:01.001 --> 01:01:40.000
        a%20b-00002.jpg#xywh=10,10,160,90
        ");
        let alone = cues(&sheets, &[2000], None);
        assert!(alone.contains("00:00:00.000 --> 00:00:03.000"), "{alone}");
    }
}

//! The filter that paints over a place of a picture.

use super::seconds;
use crate::plan::Erased;

pub(super) fn filter(erased: &Erased) -> String {
    let area = erased.area;
    let from = format!("gte(t,{})", seconds(erased.from_ms));
    let when = match erased.until_ms {
        Some(until) => format!("{from}*lt(t,{})", seconds(until)),
        None => from,
    };
    format!(
        "delogo=x={}:y={}:w={}:h={}:enable='{when}'",
        area.left, area.top, area.width, area.height
    )
}

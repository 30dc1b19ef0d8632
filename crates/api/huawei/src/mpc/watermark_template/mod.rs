//! Watermark templates: kept, shown, and used by tasks.

mod body;
pub(super) mod create_watermark_template;
pub(super) mod delete_watermark_template;
pub(super) mod list_watermark_template;
pub(super) mod update_watermark_template;

use reelgate_domain::document::Document;

pub(super) use body::{check_place, own_members};

/// The name that a stored template has, if it has one.
fn name_of(document: &Document) -> Option<&str> {
    document.body["template_name"].as_str()
}

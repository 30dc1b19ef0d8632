//! Whether the table is whole, and says what the vendor documents.

use super::*;
use crate::mps::shapes;

#[test]
fn the_table_holds_exactly_the_documented_actions() {
    let documented = shapes::actions();
    let table: Vec<_> = ROWS.iter().map(|row| row.action.to_owned()).collect();
    assert_eq!(documented.len(), 97);
    assert_eq!(table, documented);
}

#[test]
fn the_table_is_sound() {
    assert_eq!(PRODUCT.faults(), [""; 0]);
}

#[test]
fn each_action_has_its_page_and_its_documented_limit() {
    for (action, served) in PRODUCT.served() {
        let page = format!("/api-mts-2014-06-18-{}", action.to_ascii_lowercase());
        assert!(served.documentation.ends_with(&page), "{action}");
        let expected = match action {
            "QueryFpFileDeleteJobList" => "500/s",
            "SubmitFpFileDeleteJob" => "10/s",
            "SubmitFpShotJob" => "150/s",
            "SubmitMediaInfoJob" | "SubmitSnapshotJob" => "50/s",
            "SubmitFpDBDeleteJob" => "",
            _ => "100/s",
        };
        let limit = served.limit.map(|limit| limit.to_string());
        assert_eq!(limit.unwrap_or_default(), expected, "{action}");
    }
}

//! `docs/mps.md` says of every action what the table of operations says.

use reelgate_api_aliyun::mps::operations::PRODUCT;
use reelgate_api_kit::operation::Handling;

const PAGE: &str = include_str!("../../../../docs/mps.md");

/// Fails with the text that the page should have.
fn expect_on_page(wanted: &str) {
    assert!(
        PAGE.contains(wanted),
        "docs/mps.md differs from the table of operations; it should say:\n\n{wanted}"
    );
}

fn in_backticks<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[test]
fn the_page_shows_every_served_action_with_access_limit_and_errors() {
    let mut table = String::from(
        "| Action | Access | Limit | Often needed with | Errors of its own |\n|---|---|---|---|---|\n",
    );
    for (action, served) in PRODUCT.served() {
        let limit = served.limit.map(|limit| limit.to_string());
        table.push_str(&format!(
            "| `{action}` | {} | {} | {} | {} |\n",
            served.access,
            limit.unwrap_or_default(),
            in_backticks(served.associated.iter().copied()),
            in_backticks(served.errors.iter().copied())
        ));
    }
    expect_on_page(&table);
}

#[test]
fn the_page_shows_every_refused_action_under_its_reason() {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in PRODUCT.operations {
        let Handling::Refused(reason) = row.handling else {
            continue;
        };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, actions)) => actions.push(row.action),
            None => reasons.push((reason, vec![row.action])),
        }
    }
    let mut table = String::from("| Reason, as the error says it | Actions |\n|---|---|\n");
    for (reason, actions) in reasons {
        table.push_str(&format!("| {reason} | {} |\n", in_backticks(actions)));
    }
    expect_on_page(&table);
}

#[test]
fn the_page_counts_the_actions() {
    let served = PRODUCT.served().count();
    let all = PRODUCT.operations.len();
    expect_on_page(&format!("{served} of the {all} actions"));
}

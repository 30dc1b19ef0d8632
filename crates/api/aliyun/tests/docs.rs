//! The pages of products say of every action what the tables of operations say.

use reelgate_api_aliyun::{ice, live, mps, vod};
use reelgate_api_kit::operation::{Handling, Product};

const PAGES: [(&str, &str, &Product); 4] = [
    (
        "docs/mps.md",
        include_str!("../../../../docs/mps.md"),
        &mps::operations::PRODUCT,
    ),
    (
        "docs/dialects/aliyun-vod.md",
        include_str!("../../../../docs/dialects/aliyun-vod.md"),
        &vod::operations::PRODUCT,
    ),
    (
        "docs/dialects/aliyun-live.md",
        include_str!("../../../../docs/dialects/aliyun-live.md"),
        &live::operations::PRODUCT,
    ),
    (
        "docs/dialects/aliyun-ice.md",
        include_str!("../../../../docs/dialects/aliyun-ice.md"),
        &ice::operations::PRODUCT,
    ),
];

/// Fails with the text that a page should have.
fn expect_on_pages(wanted: impl Fn(&Product) -> String) {
    for (name, page, product) in PAGES {
        let wanted = wanted(product);
        assert!(
            page.contains(&wanted),
            "{name} differs from the table of operations; it should say:\n\n{wanted}"
        );
    }
}

fn in_backticks<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[test]
fn the_pages_show_every_served_action_with_access_limit_and_errors() {
    expect_on_pages(|product| {
        let mut table = String::from(
            "| Action | Access | Limit | Often needed with | Errors of its own |\n|---|---|---|---|---|\n",
        );
        for (action, served) in product.served() {
            let limit = served.limit.map(|limit| limit.to_string());
            table.push_str(&format!(
                "| `{action}` | {} | {} | {} | {} |\n",
                served.access,
                limit.unwrap_or_default(),
                in_backticks(served.associated.iter().copied()),
                in_backticks(served.errors.iter().copied())
            ));
        }
        table
    });
}

#[test]
fn the_pages_show_every_refused_action_under_its_reason() {
    expect_on_pages(|product| {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for row in product.operations {
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
        table
    });
}

#[test]
fn the_pages_count_the_actions() {
    expect_on_pages(|product| {
        let served = product.served().count();
        let all = product.operations.len();
        format!("{served} of the {all} actions")
    });
}

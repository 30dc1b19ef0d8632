//! `docs/api.md` says of every route and code what the tables say.

use reelgate_api_native::routes;

const PAGE: &str = include_str!("../../../../docs/api.md");

/// Fails with the text that the page should have.
fn expect_on_page(wanted: &str) {
    assert!(
        PAGE.contains(wanted),
        "docs/api.md differs from the table of routes; it should say:\n\n{wanted}"
    );
}

#[test]
fn the_page_shows_every_route_with_its_action() {
    let mut table = String::from("| Route | Action | Access | Does |\n|---|---|---|---|\n");
    for route in routes::all() {
        let section = route.served.documentation;
        let anchor = section.strip_prefix("docs/api.md").unwrap_or(section);
        let path = route.path.replace("{*", "{");
        let who = if route.operators_only {
            "; for operators"
        } else {
            ""
        };
        table.push_str(&format!(
            "| [`{} {path}`]({anchor}) | `{}` | {} | {}{who} |\n",
            route.method, route.action, route.served.access, route.summary,
        ));
    }
    expect_on_page(&table);
}

#[test]
fn every_section_that_a_route_names_is_there() {
    for route in routes::all() {
        let section = route.served.documentation;
        let Some((_, anchor)) = section.split_once('#') else {
            panic!("{} names no section", route.action);
        };
        let is_heading = |line: &str| {
            let Some(title) = line.strip_prefix('#') else {
                return false;
            };
            let title = title.trim_start_matches('#').trim().to_lowercase();
            title.replace(' ', "-") == anchor
        };
        assert!(PAGE.lines().any(is_heading), "{}: {section}", route.action);
    }
}

#[test]
fn the_page_shows_every_resource_type() {
    let mut table = String::from("| Resource | Actions |\n|---|---|\n");
    let mut seen: Vec<(&str, Vec<&str>)> = Vec::new();
    for route in routes::all() {
        for resource in route.served.resources {
            match seen.iter_mut().find(|(arn, _)| *arn == resource.arn) {
                Some((_, actions)) => actions.push(route.action),
                None => seen.push((resource.arn, vec![route.action])),
            }
        }
    }
    for (arn, actions) in seen {
        let actions: Vec<_> = actions.iter().map(|name| format!("`{name}`")).collect();
        table.push_str(&format!("| `{arn}` | {} |\n", actions.join(", ")));
    }
    expect_on_page(&table);
}

#[test]
fn the_page_says_with_which_calls_a_key_is_kept() {
    let of = |wanted: fn(&routes::Repeats) -> bool| {
        let found = routes::all().iter().filter(|route| wanted(&route.repeats));
        let names: Vec<_> = found.map(|route| format!("`{}`", route.action)).collect();
        names.join(", ")
    };
    let kept = of(|repeats| matches!(repeats, routes::Repeats::Kept(_)));
    expect_on_page(&format!("| {kept} | kept |\n"));
    let refused = of(|repeats| matches!(repeats, routes::Repeats::Unsafe));
    expect_on_page(&format!("| {refused} | refused with 501"));
}

#[test]
fn the_page_shows_every_code_with_its_status() {
    let product = routes::product();
    for error in product.shared_errors.iter().chain(product.errors) {
        let rows = PAGE.lines().filter(|line| line.starts_with("| "));
        let status = format!("| {} |", error.status);
        let code = format!("`{}`", error.code);
        let is_shown = rows
            .clone()
            .any(|line| line.starts_with(&status) && line.contains(&code));
        assert!(is_shown, "{} {}", error.status, error.code);
    }
}

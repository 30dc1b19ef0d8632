//! Rules about files other than code: machine paths, links, crate manifests, clips and their licences, the changelog.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;
use super::rust::line_at;

const SOURCES: &str = "media/SOURCES.md";
const CHANGELOG: &str = "CHANGELOG.md";

/// Directories of one person's machine. Put together here so that this file does not contain them.
const MACHINE_DIRECTORIES: [&str; 3] = [
    concat!("/", "work"),
    concat!("/", "Users"),
    concat!("/root", "/."),
];

/// Absolute paths that exist on the author's machine only.
pub(super) fn machine_paths(path: &str, text: &str) -> Vec<Finding> {
    let bytes = text.as_bytes();
    let belongs_to_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let mut findings = Vec::new();
    for directory in MACHINE_DIRECTORIES {
        for (start, _) in text.match_indices(directory) {
            let end = start + directory.len();
            let begins = start == 0
                || !(belongs_to_name(bytes[start - 1]) || b"/*})]>".contains(&bytes[start - 1]));
            let ends =
                directory.ends_with('.') || end == bytes.len() || !belongs_to_name(bytes[end]);
            if begins && ends {
                let message =
                    format!("{directory} exists on one machine only; use a relative path");
                findings.push(Finding::new(
                    "machine-paths",
                    path,
                    line_at(text, start),
                    message,
                ));
            }
        }
    }
    findings
}

/// Relative links of Markdown files lead somewhere. Other links, and places inside a file, are not looked at.
pub(super) fn links(path: &str, text: &str, exists: impl Fn(&Path) -> bool) -> Vec<Finding> {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let dead = |(at, _): (usize, &str)| {
        let (target, _) = text[at + 2..].split_once(')')?;
        let file = target.split('#').next().unwrap_or_default();
        let is_relative = !file.is_empty() && !file.contains("://");
        (is_relative && !exists(&folder.join(file))).then(|| {
            let message = format!("links to {file}, which is not there");
            Finding::new("links", path, line_at(text, at), message)
        })
    };
    text.match_indices("](").filter_map(dead).collect()
}

/// Every crate takes the lints of the workspace.
pub(super) fn shared_lints(path: &str, text: &str) -> Vec<Finding> {
    let is_package = text.lines().any(|line| line.trim() == "[package]");
    let mut in_lints = text
        .lines()
        .skip_while(|line| line.trim() != "[lints]")
        .skip(1);
    let takes_them = in_lints
        .by_ref()
        .take_while(|line| !line.starts_with('['))
        .any(|line| line.split_whitespace().eq(["workspace", "=", "true"]));
    if is_package && !takes_them {
        let message = "needs `[lints]` with `workspace = true`";
        return vec![Finding::new("lints", path, 0, message)];
    }
    vec![]
}

/// Every clip has its section with a licence line and the right size, and every section its clip.
pub(super) fn media(root: &Path, listed: &[String]) -> Result<Vec<Finding>> {
    let mut clips = BTreeMap::new();
    for path in listed
        .iter()
        .filter(|path| path.starts_with("media/") && *path != SOURCES)
    {
        let file = fs::metadata(root.join(path)).with_context(|| format!("look at {path}"))?;
        clips.insert(path["media/".len()..].to_owned(), file.len());
    }
    let text = fs::read_to_string(root.join(SOURCES)).with_context(|| format!("read {SOURCES}"))?;
    Ok(clip_sections(&clips, &text))
}

fn clip_sections(clips: &BTreeMap<String, u64>, sources: &str) -> Vec<Finding> {
    let finding = |message: String| Finding::new("media", SOURCES, 0, message);
    let mut findings = Vec::new();
    let mut described = Vec::new();
    for section in sources.split("\n## ").skip(1) {
        let name = section.lines().next().unwrap_or_default().trim();
        described.push(name);
        let Some(size) = clips.get(name) else {
            findings.push(finding(format!("describes {name}, which is not there")));
            continue;
        };
        let value_of = |key: &str| {
            section
                .lines()
                .find_map(|line| line.strip_prefix(key))
                .map(str::trim)
        };
        if value_of("- licence:").is_none_or(str::is_empty) {
            findings.push(finding(format!("{name} has no `- licence:` line")));
        }
        let stated = value_of("- size:").and_then(|value| value.split(' ').next());
        if stated != Some(size.to_string().as_str()) {
            findings.push(finding(format!(
                "{name} has {size} bytes, its `- size:` differs"
            )));
        }
    }
    let missing = clips
        .keys()
        .filter(|name| !described.contains(&name.as_str()));
    findings.extend(missing.map(|name| finding(format!("{name} has no section with its licence"))));
    findings
}

/// User-visible changes have a place to be written down.
pub(super) fn changelog(root: &Path) -> Option<Finding> {
    let text = fs::read_to_string(root.join(CHANGELOG)).unwrap_or_default();
    if has_unreleased(&text) {
        return None;
    }
    Some(Finding::new(
        "changelog",
        CHANGELOG,
        0,
        "needs a section `## [Unreleased]`",
    ))
}

fn has_unreleased(text: &str) -> bool {
    text.lines()
        .any(|line| line.trim_end() == "## [Unreleased]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_paths_are_reported() {
        let [directory, users, home] = MACHINE_DIRECTORIES;
        let none: [usize; 0] = [];
        let lines = |text: String| {
            machine_paths("docs/x.md", &text)
                .into_iter()
                .map(|found| found.line)
                .collect::<Vec<_>>()
        };
        assert_eq!(lines(format!("a\nsee {directory}/main/README.md")), [2]);
        assert_eq!(lines(format!("\"{directory}\"")), [1]);
        assert_eq!(lines(format!("{users}/me/x, {home}cargo")).len(), 2);
        assert_eq!(
            lines(format!("crates{directory}er/src, {directory}er")),
            none
        );
        assert_eq!(
            lines(format!("target{directory}/x and $TMP{directory}/x")),
            none
        );
    }

    #[test]
    fn a_link_that_leads_nowhere_is_reported() {
        let text = "[a](a.md#x) [b](#b)\n[c](http://example.com/c) [d](../d.md)";
        let dead = |there: &str| links("docs/x.md", text, |path| path == Path::new(there));
        assert_eq!(dead("docs/a.md").len(), 1);
        assert_eq!(dead("docs/../d.md")[0].line, 1);
    }

    #[test]
    fn a_crate_without_the_shared_lints_is_reported() {
        let good = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n\n[dependencies]\n";
        assert_eq!(shared_lints("Cargo.toml", good), []);
        assert_eq!(
            shared_lints("Cargo.toml", &good.replace("true", "false")).len(),
            1
        );
        assert_eq!(
            shared_lints("Cargo.toml", "[package]\n[lints]\n[x]\nworkspace = true").len(),
            1
        );
        assert_eq!(shared_lints("Cargo.toml", "[workspace]\nmembers = []"), []);
    }

    fn clip_messages(clips: &[(&str, u64)], sources: &str) -> Vec<String> {
        let clips = clips
            .iter()
            .map(|(name, size)| ((*name).to_owned(), *size))
            .collect();
        clip_sections(&clips, sources)
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn a_clip_needs_a_section_with_licence_and_size() {
        let good = "# Clips\n\n## a.mp4\n- licence: CC-BY 3.0 (c) someone\n- size: 7 bytes\n";
        assert_eq!(clip_messages(&[("a.mp4", 7)], good), [] as [&str; 0]);
        assert_eq!(clip_messages(&[("a.mp4", 7), ("b.mp4", 1)], good).len(), 1);
        assert_eq!(clip_messages(&[("a.mp4", 8)], good).len(), 1);
        assert_eq!(
            clip_messages(&[], good),
            ["describes a.mp4, which is not there"]
        );
        let unlicensed = good.replace(" CC-BY 3.0 (c) someone", "");
        assert_eq!(
            clip_messages(&[("a.mp4", 7)], &unlicensed),
            ["a.mp4 has no `- licence:` line"]
        );
    }

    #[test]
    fn the_changelog_needs_an_unreleased_section() {
        assert!(has_unreleased("# Changelog\n\n## [Unreleased]\n"));
        assert!(!has_unreleased(
            "# Changelog\n\n## 0.1.0\nNothing is [Unreleased].\n"
        ));
    }
}

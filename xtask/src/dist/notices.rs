//! The licences of the libraries that the program is linked with, which have to go wherever it goes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::output_of;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    repository: Option<String>,
    manifest_path: PathBuf,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// Absent for what is linked; `dev` or `build` otherwise.
    kind: Option<String>,
}

pub(super) fn of_libraries(root: &Path) -> Result<String> {
    let platform = host()?;
    let text = output_of(
        Command::new("cargo")
            .args(["metadata", "--locked", "--format-version", "1"])
            .args(["--filter-platform", &platform])
            .current_dir(root),
    )?;
    let metadata: Metadata =
        serde_json::from_str(&text).context("understand the output of cargo metadata")?;
    let linked = linked(&metadata, "reelgate").context("the program is not in the workspace")?;
    let mut packages: Vec<&Package> = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_some() && linked.contains(package.id.as_str()))
        .collect();
    packages.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));

    let mut notices = String::from(
        "Libraries that are part of this program, with their licences. Where a licence gives a choice, the\n\
         terms taken are those of MIT or Apache-2.0.\n\n",
    );
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages {
        let title = format!("{} {}", package.name, package.version);
        let license = package.license.as_deref().unwrap_or("see its text below");
        let place = package.repository.as_deref().unwrap_or_default();
        notices.push_str(&format!("{title}: {license} {place}\n"));
        for text in license_texts(package)? {
            texts.entry(text).or_default().push(title.clone());
        }
    }
    for (text, titles) in &texts {
        let rule = "=".repeat(100);
        notices.push_str(&format!(
            "\n{rule}\n{}\n{rule}\n\n{text}\n",
            titles.join(", ")
        ));
    }
    Ok(notices)
}

/// What is linked into a program: its dependencies and theirs, without those of tests and builds.
fn linked<'a>(metadata: &'a Metadata, program: &str) -> Option<BTreeSet<&'a str>> {
    let program = metadata
        .packages
        .iter()
        .find(|package| package.name == program && package.source.is_none())?;
    let nodes: BTreeMap<&str, &Node> = metadata
        .resolve
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node))
        .collect();
    let (mut found, mut open) = (BTreeSet::new(), vec![program.id.as_str()]);
    while let Some(id) = open.pop() {
        if !found.insert(id) {
            continue;
        }
        let is_linked =
            |dependency: &&Dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none());
        let dependencies = nodes.get(id).map_or(&[][..], |node| &node.deps);
        open.extend(
            dependencies
                .iter()
                .filter(is_linked)
                .map(|dependency| dependency.pkg.as_str()),
        );
    }
    Some(found)
}

fn license_texts(package: &Package) -> Result<Vec<String>> {
    let folder = package
        .manifest_path
        .parent()
        .context("a manifest is in a folder")?;
    let entries = fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let tells = ["LICEN", "COPYING", "NOTICE", "COPYRIGHT"];
        if tells.iter().any(|word| name.starts_with(word)) && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    let read = |file: &PathBuf| {
        let bytes = fs::read(file).with_context(|| format!("read {}", file.display()))?;
        Ok(String::from_utf8_lossy(&bytes).trim().replace('\r', ""))
    };
    files.iter().map(read).collect()
}

fn host() -> Result<String> {
    let text = output_of(Command::new("rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not tell its host")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_tests_and_builds_use_is_not_linked() {
        let text = r#"{
            "packages": [{"id": "p", "name": "reelgate", "version": "1", "license": null,
                          "repository": null, "manifest_path": "Cargo.toml", "source": null}],
            "resolve": {"nodes": [
                {"id": "p", "deps": [{"pkg": "a", "dep_kinds": [{"kind": null}]},
                                     {"pkg": "t", "dep_kinds": [{"kind": "dev"}]},
                                     {"pkg": "b", "dep_kinds": [{"kind": "build"}]}]},
                {"id": "a", "deps": [{"pkg": "c", "dep_kinds": [{"kind": "build"}, {"kind": null}]}]},
                {"id": "c", "deps": []}, {"id": "t", "deps": []}, {"id": "b", "deps": []}]}}"#;
        let metadata: Metadata = serde_json::from_str(text).unwrap();
        let found = linked(&metadata, "reelgate").unwrap();
        assert_eq!(found, BTreeSet::from(["p", "a", "c"]));
    }
}

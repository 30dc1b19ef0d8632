//! The crate edges: which crate of the workspace may depend on which other one.

use serde::Deserialize;

use super::Finding;

const RULE: &str = "edges";
const TESTKIT: &str = "reelgate-testkit";
/// What ships in nothing.
const FOR_TESTS: &[&str] = &[TESTKIT, "reelgate-s3server"];

/// Features with which a crate offers tests to others, or opens itself to them; only they may bring the test kit.
const FEATURES_FOR_TESTS: &[&str] = &["conformance", "fuzzing", "mutants", "simulation"];

/// What a crate may name in `[dependencies]`, among the crates of this workspace.
enum May {
    Use(&'static [&'static str]),
    /// Any but the test kit, which ships in nothing.
    UseAnything,
    /// Any, the test kit too: the crate itself is for tests or figures only.
    UseEvenTestkit,
}

/// The one table of edges. Dependencies point down: app → api, worker → service → store, objects → domain.
const TABLE: &[(&str, May)] = &[
    ("reelgate-domain", May::Use(&[])),
    ("reelgate-store", May::Use(&["reelgate-domain"])),
    ("reelgate-objects", May::Use(&["reelgate-domain"])),
    ("reelgate-media", May::Use(&["reelgate-domain"])),
    ("reelgate-fetch", May::Use(&[])),
    ("reelgate-dna", May::Use(&[])),
    ("reelgate-client", May::Use(&["reelgate-domain"])),
    (
        "reelgate-service",
        May::Use(&[
            "reelgate-domain",
            "reelgate-store",
            "reelgate-objects",
            "reelgate-media",
            "reelgate-fetch",
        ]),
    ),
    (
        "reelgate-worker",
        May::Use(&[
            "reelgate-domain",
            "reelgate-dna",
            "reelgate-fetch",
            "reelgate-store",
            "reelgate-objects",
            "reelgate-media",
            "reelgate-service",
        ]),
    ),
    ("reelgate-api-kit", May::Use(&["reelgate-domain"])),
    (
        "reelgate-api-aliyun",
        May::Use(&["reelgate-api-kit", "reelgate-domain", "reelgate-service"]),
    ),
    (
        "reelgate-api-huawei",
        May::Use(&["reelgate-api-kit", "reelgate-domain", "reelgate-service"]),
    ),
    (
        "reelgate-api-native",
        May::Use(&["reelgate-api-kit", "reelgate-domain", "reelgate-service"]),
    ),
    ("reelgate", May::UseAnything),
    ("reelgate-bench", May::UseEvenTestkit),
    ("reelgate-simulate", May::UseEvenTestkit),
    ("reelgate-s3server", May::Use(&[])),
    (TESTKIT, May::UseEvenTestkit),
    ("xtask", May::Use(&[])),
];

/// Libraries that would bring IO, a clock, randomness or a protocol into the domain.
const NOT_IN_DOMAIN: &[&str] = &[
    "async-trait",
    "axum",
    "futures-util",
    "getrandom",
    "http",
    "hyper",
    "libc",
    "rand",
    "reqwest",
    "ring",
    "rusqlite",
    "rustix",
    "tokio",
    "tokio-util",
    "tower",
    "tracing",
];

/// The parts of `cargo metadata` that are read.
#[derive(Deserialize)]
pub(super) struct Metadata {
    pub(super) packages: Vec<Package>,
}

#[derive(Deserialize)]
pub(super) struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `None` for `[dependencies]`, else `dev` or `build`.
    kind: Option<String>,
    optional: bool,
    features: Vec<String>,
}

pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    let ours = |name: &str| metadata.packages.iter().any(|package| package.name == name);
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let Some((_, may)) = TABLE.iter().find(|(name, _)| *name == package.name) else {
            let message = "the crate is missing in the table of edges (xtask/src/tidy/edges.rs)";
            findings.push(Finding::new(RULE, &package.name, 0, message));
            continue;
        };
        for dependency in &package.dependencies {
            if ours(&dependency.name) {
                findings.extend(own_edge(&package.name, may, dependency));
            } else if package.name == "reelgate-domain"
                && !dependency.is_for_tests()
                && NOT_IN_DOMAIN.contains(&dependency.name.as_str())
            {
                findings.push(refusal(&package.name, dependency));
            }
        }
    }
    findings
}

impl Dependency {
    fn is_for_tests(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

/// Judges a dependency on another crate of the workspace.
fn own_edge(package: &str, may: &May, dependency: &Dependency) -> Option<Finding> {
    let name = dependency.name.as_str();
    if dependency.is_for_tests() {
        return (!may_in_tests(package, name)).then(|| refusal(package, dependency));
    }
    // The features are checked below, so an optional test kit gets into nothing that ships.
    let is_optional_testkit = name == TESTKIT && dependency.optional;
    if !may_use(may, name) && !is_optional_testkit {
        return Some(refusal(package, dependency));
    }
    let ships = !matches!(may, May::UseEvenTestkit);
    let feature = dependency
        .features
        .iter()
        .find(|feature| ships && FEATURES_FOR_TESTS.contains(&feature.as_str()))?;
    let message = format!("may turn on the feature {feature} of {name} in dev-dependencies only");
    Some(Finding::new(RULE, package, 0, message))
}

fn refusal(package: &str, dependency: &Dependency) -> Finding {
    let section = if dependency.is_for_tests() {
        "dev-dependencies"
    } else {
        "dependencies"
    };
    let message = format!("may not have {} in its {section}", dependency.name);
    Finding::new(RULE, package, 0, message)
}

fn may_use(may: &May, name: &str) -> bool {
    match may {
        May::Use(allowed) => allowed.contains(&name),
        May::UseAnything => !FOR_TESTS.contains(&name),
        May::UseEvenTestkit => true,
    }
}

/// Tests may use the test kit, the crate itself with other features, and whatever it reaches anyway
/// through those it depends on.
fn may_in_tests(package: &str, name: &str) -> bool {
    FOR_TESTS.contains(&name)
        || name == package
        || TABLE
            .iter()
            .filter(|(crate_name, _)| *crate_name == package)
            .any(|(_, may)| match may {
                May::Use(allowed) => {
                    allowed.contains(&name) || allowed.iter().any(|next| may_in_tests(next, name))
                }
                May::UseAnything | May::UseEvenTestkit => true,
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks one crate with one dependency in a workspace that has all known crates.
    fn messages_of(package: &str, dependency: Dependency) -> Vec<String> {
        let mut packages: Vec<Package> = TABLE
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| *name != package)
            .map(|name| Package {
                name: name.to_owned(),
                dependencies: vec![],
            })
            .collect();
        packages.push(Package {
            name: package.to_owned(),
            dependencies: vec![dependency],
        });
        check(&Metadata { packages })
            .into_iter()
            .map(|finding| finding.to_string())
            .collect()
    }

    fn dependency(name: &str, kind: Option<&str>) -> Dependency {
        let kind = kind.map(str::to_owned);
        Dependency {
            name: name.to_owned(),
            kind,
            optional: false,
            features: vec![],
        }
    }

    fn messages(package: &str, name: &str, kind: Option<&str>) -> Vec<String> {
        messages_of(package, dependency(name, kind))
    }

    fn allowed(package: &str, dependency: &str, kind: Option<&str>) -> bool {
        messages(package, dependency, kind).is_empty()
    }

    #[test]
    fn refuses_an_edge_that_points_up_or_sideways() {
        assert_eq!(
            messages("reelgate-domain", "reelgate-store", None),
            ["reelgate-domain: [edges] may not have reelgate-store in its dependencies"]
        );
        assert!(!allowed("reelgate-api-aliyun", "reelgate-store", None));
        assert!(!allowed("reelgate-api-aliyun", "reelgate-api-native", None));
        assert!(!allowed("reelgate-worker", "reelgate-api-kit", None));
        assert!(!allowed(
            "reelgate-store",
            "reelgate-service",
            Some("build")
        ));
        assert!(!allowed("xtask", "reelgate-domain", None));
    }

    #[test]
    fn allows_the_edges_of_the_table() {
        assert!(allowed("reelgate-worker", "reelgate-media", None));
        assert!(allowed("reelgate-api-native", "reelgate-service", None));
        assert!(allowed("reelgate", "reelgate-api-aliyun", None));
        assert!(allowed("reelgate-bench", "reelgate-store", None));
        assert!(allowed("reelgate-store", "rusqlite", None));
    }

    #[test]
    fn keeps_the_test_kit_out_of_what_ships() {
        assert!(!allowed("reelgate", "reelgate-testkit", None));
        assert!(!allowed("reelgate-store", "reelgate-testkit", None));
        assert!(allowed("reelgate-store", "reelgate-testkit", Some("dev")));
    }

    #[test]
    fn an_offered_suite_reaches_tests_only() {
        let testkit = Dependency {
            optional: true,
            ..dependency("reelgate-testkit", None)
        };
        assert!(messages_of("reelgate-store", testkit).is_empty());
        let with_suite = |kind| Dependency {
            features: vec!["conformance".to_owned()],
            ..dependency("reelgate-store", kind)
        };
        assert!(messages_of("reelgate-store", with_suite(Some("dev"))).is_empty());
        assert!(messages_of("reelgate-bench", with_suite(None)).is_empty());
        assert_eq!(
            messages_of("reelgate-service", with_suite(None)),
            [
                "reelgate-service: [edges] may turn on the feature conformance of reelgate-store in \
              dev-dependencies only"
            ]
        );
    }

    #[test]
    fn tests_may_use_what_their_crate_reaches_anyway() {
        assert!(allowed(
            "reelgate-api-aliyun",
            "reelgate-store",
            Some("dev")
        ));
        assert!(!allowed(
            "reelgate-api-aliyun",
            "reelgate-worker",
            Some("dev")
        ));
        assert!(!allowed("reelgate-domain", "reelgate-store", Some("dev")));
    }

    #[test]
    fn keeps_io_libraries_out_of_the_domain() {
        assert!(!allowed("reelgate-domain", "tokio", None));
        assert!(!allowed("reelgate-domain", "rand", None));
        assert!(allowed("reelgate-domain", "serde", None));
        assert!(allowed("reelgate-domain", "proptest", Some("dev")));
    }

    #[test]
    fn a_crate_that_the_table_does_not_know_is_reported() {
        assert_eq!(
            messages("reelgate-new", "serde", None),
            [
                "reelgate-new: [edges] the crate is missing in the table of edges (xtask/src/tidy/edges.rs)"
            ]
        );
    }
}

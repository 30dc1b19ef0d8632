//! The operations of this API: one row per route, from which the router, policies, limits and docs are made.

use std::sync::{Arc, LazyLock};

use axum::routing::{MethodFilter, MethodRouter};
use reelgate_api_kit::operation::{
    AccessLevel, Change, Handling, Operation, Permission, Product, ResourceType, Served,
};
use reelgate_domain::access::CallLimit;

pub use crate::http::Repeats;
use crate::http::{Again, Answer, Answering, OWN, SHARED};
use crate::{
    NativeApi, access, buckets, catalogue, dna, jobs, keeping, nodes, notify, objects, pipelines,
    playlists, presets, streams,
};

pub(crate) type Handler = MethodRouter<Arc<NativeApi>>;

/// A route and the operation that it is.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub method: &'static str,
    /// Below `/api/v1`, with its parameters in braces.
    pub path: &'static str,
    pub action: &'static str,
    pub served: Served,
    /// What it does, as the table of routes says it.
    pub summary: &'static str,
    /// Whether it concerns the whole installation.
    pub operators_only: bool,
    /// Whether `?account=` may name the account that it is about.
    pub takes_account: bool,
    /// Whether it changes who may do what: such calls are in the audit log before they are answered.
    pub changes_access: bool,
    /// Whether only its handler finds out what it acts on, and asks for permission itself. Before it is reached, the
    /// caller has to be allowed the action on some resource.
    pub asks_itself: bool,
    /// What a repeat of it does, and so what `Idempotency-Key` means to it.
    pub repeats: Repeats,
    pub(crate) handler: fn(MethodFilter) -> Handler,
}

const SINCE_FIRST: &[Change] = &[Change {
    date: "2026-11-21",
    what: "First served.",
}];

impl Route {
    pub(crate) const fn new(
        method: &'static str,
        path: &'static str,
        action: &'static str,
        handler: fn(MethodFilter) -> Handler,
    ) -> Self {
        Self {
            method,
            path,
            action,
            served: Served {
                access: AccessLevel::Write,
                resources: &[],
                permission: Permission::Needed,
                condition_keys: &[],
                associated: &[],
                limit: None,
                errors: &[],
                documentation: "docs/api.md",
                history: SINCE_FIRST,
            },
            summary: "",
            operators_only: false,
            takes_account: false,
            changes_access: false,
            asks_itself: false,
            repeats: Repeats::Harmless,
            handler,
        }
    }

    /// Whether the table says that a call may be answered with this code.
    pub(crate) fn answers(&self, code: &str) -> bool {
        let shared = SHARED.iter().any(|error| error.code == code);
        shared || self.served.errors.contains(&code)
    }

    /// A sentence's part for the table of routes, and the section that says more.
    pub(crate) const fn does(mut self, summary: &'static str, section: &'static str) -> Self {
        self.summary = summary;
        self.served.documentation = section;
        self
    }

    pub(crate) const fn reads(mut self) -> Self {
        self.served.access = AccessLevel::Read;
        self
    }

    pub(crate) const fn lists(mut self) -> Self {
        self.served.access = AccessLevel::List;
        self
    }

    /// On what the path names.
    pub(crate) const fn on(mut self, resources: &'static [ResourceType]) -> Self {
        self.served.resources = resources;
        self
    }

    /// On what the handler finds and asks about, by [`Permission`](crate::http::Permission).
    pub(crate) const fn on_found(mut self, resources: &'static [ResourceType]) -> Self {
        self.asks_itself = true;
        self.on(resources)
    }

    /// How often an account may call it, unless an operator says otherwise.
    pub(crate) const fn at_most(mut self, limit: CallLimit) -> Self {
        self.served.limit = Some(limit);
        self
    }

    pub(crate) const fn errors(mut self, errors: &'static [&'static str]) -> Self {
        self.served.errors = errors;
        self
    }

    pub(crate) const fn with(mut self, associated: &'static [&'static str]) -> Self {
        self.served.associated = associated;
        self
    }

    pub(crate) const fn for_operators(mut self) -> Self {
        self.operators_only = true;
        self
    }

    pub(crate) const fn in_account(mut self) -> Self {
        self.takes_account = true;
        self
    }

    pub(crate) const fn changes_access(mut self) -> Self {
        self.changes_access = true;
        self
    }

    /// Repeated it would act twice: with a key it is made once, and a repeat is answered by this.
    pub(crate) const fn kept(mut self, answer: fn(Again) -> Answering) -> Self {
        self.repeats = Repeats::Kept(Answer(answer));
        self
    }

    /// Repeated it acts twice, and no key can keep it from that.
    pub(crate) const fn without_keys(mut self) -> Self {
        self.repeats = Repeats::Unsafe;
        self
    }

    /// The operation's name in policies, limits and the audit log.
    pub fn policy_action(&self) -> String {
        product().policy_action(self.action)
    }

    pub(crate) fn filter(&self) -> MethodFilter {
        match self.method {
            "GET" => MethodFilter::GET,
            "HEAD" => MethodFilter::HEAD,
            "PUT" => MethodFilter::PUT,
            "POST" => MethodFilter::POST,
            "PATCH" => MethodFilter::PATCH,
            "DELETE" => MethodFilter::DELETE,
            other => unreachable!("{other} is in no row of the table"),
        }
    }
}

/// Every route below `/api/v1`, in the order of the docs.
pub fn all() -> &'static [Route] {
    static ALL: LazyLock<Vec<Route>> = LazyLock::new(|| {
        let tables = [
            jobs::ROUTES,
            pipelines::ROUTES,
            buckets::ROUTES,
            objects::ROUTES,
            playlists::ROUTES,
            presets::ROUTES,
            streams::ROUTES,
            dna::ROUTES,
            notify::ROUTES,
            nodes::ROUTES,
            access::ROUTES,
            keeping::ROUTES,
            catalogue::ROUTES,
        ];
        tables.concat()
    });
    &ALL
}

/// The methods of a path, as the header `Allow` lists them; what can be read has HEAD as well.
pub(crate) fn methods_of(path: &str) -> Option<String> {
    let path = path.strip_prefix("/api/v1")?;
    let of_path = all().iter().filter(|route| route.path == path);
    let mut methods: Vec<_> = of_path.map(|route| route.method).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.dedup();
    (!methods.is_empty()).then(|| methods.join(","))
}

/// The operations as a product, for the catalogue of all of them.
pub fn product() -> &'static Product {
    static PRODUCT: LazyLock<Product> = LazyLock::new(|| {
        let rows = all().iter().map(|route| Operation {
            action: route.action,
            handling: Handling::Served(route.served),
        });
        let mut operations: Vec<_> = rows.collect();
        operations.sort_unstable_by_key(|operation| operation.action);
        Product {
            name: "Reelgate",
            title: "Reelgate's native API",
            version: "v1",
            ram_code: "reelgate",
            policy_name: "Reelgate",
            dialect: NativeApi::NAME,
            // Made once and as long as the program runs.
            operations: Vec::leak(operations),
            errors: OWN,
            shared_errors: SHARED,
        }
    });
    &PRODUCT
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_sound() {
        assert_eq!(product().faults(), [] as [String; 0]);
    }

    #[test]
    fn every_row_says_what_it_does_and_where_that_is_described() {
        for route in all() {
            let (action, summary) = (route.action, route.summary);
            assert!(!summary.is_empty() && !summary.ends_with('.'), "{action}");
            let section = route.served.documentation;
            assert!(section.starts_with("docs/"), "{action}: {section}");
        }
    }

    #[test]
    fn what_only_reads_is_a_get() {
        for route in all() {
            let reads = route.served.access != AccessLevel::Write;
            // Asking what policies come to has a body.
            let is_safe = matches!(route.method, "GET" | "HEAD") || route.action == "CheckPolicy";
            assert_eq!(reads, is_safe, "{}", route.action);
        }
    }

    /// A resource is made from the path, so all that its template names has to be there, unless the handler asks.
    #[test]
    fn resources_are_named_by_the_path() {
        for route in all() {
            let in_path = placeholders(route.path);
            for resource in route.served.resources {
                let mut named = placeholders(resource.arn);
                assert!(named.remove("accountId"), "{}", resource.arn);
                let is_in_path = named.is_subset(&in_path);
                assert_ne!(is_in_path, route.asks_itself, "{}", route.action);
                assert_eq!(resource.required, is_in_path, "{}", route.action);
            }
        }
    }

    /// Who asks itself asks about one thing.
    #[test]
    fn a_handler_that_asks_has_one_resource_to_ask_about() {
        for route in all().iter().filter(|route| route.asks_itself) {
            let [resource] = route.served.resources else {
                panic!("{}", route.action);
            };
            assert_eq!(placeholders(resource.arn).len(), 2, "{}", resource.arn);
        }
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        let parts = text.split('{').skip(1);
        parts
            .filter_map(|part| part.split_once('}'))
            .map(|(name, _)| name.trim_start_matches('*'))
            .collect()
    }
}

//! How this API shows a worker.

use reelgate_domain::node::{Kinds, NodeState};
use serde::Serialize;

use crate::http::format_time;

/// `{"id", "name", "state", "serves", "cluster", "kinds", "slots", "slots_taken", "leases", "draining",
/// "last_error", "version", "started_at", "last_seen_at"}`; `state` is `live`, `draining` or `lost`.
#[derive(Serialize)]
pub(super) struct WorkerJson<'a> {
    id: &'a str,
    name: &'a str,
    state: &'static str,
    serves: bool,
    cluster: Option<&'a str>,
    kinds: Vec<&'static str>,
    slots: u32,
    slots_taken: u32,
    leases: u32,
    draining: bool,
    last_error: Option<ErrorJson<'a>>,
    version: &'a str,
    started_at: String,
    last_seen_at: String,
}

/// `{"at", "message"}`.
#[derive(Serialize)]
struct ErrorJson<'a> {
    at: String,
    message: &'a str,
}

impl<'a> WorkerJson<'a> {
    pub(super) fn of((state, is_live): &'a (NodeState, bool)) -> Self {
        let NodeState {
            node,
            taken,
            trouble,
            draining,
            seen_at,
            leases,
        } = state;
        // What is lost runs nothing, whatever it said last.
        let taken = if *is_live { *taken } else { 0 };
        let runs: Kinds = match node.slots {
            0 => Kinds::NONE,
            _ => node.kinds,
        };
        Self {
            id: &node.id.0,
            name: node.name.as_str(),
            state: match (is_live, draining) {
                (false, _) => "lost",
                (true, true) => "draining",
                (true, false) => "live",
            },
            serves: node.serves,
            cluster: node.cluster.as_ref().map(|cluster| cluster.as_str()),
            kinds: runs.words(),
            slots: node.slots,
            slots_taken: taken,
            leases: *leases,
            draining: *draining,
            last_error: trouble.as_ref().map(|trouble| ErrorJson {
                at: format_time(trouble.at),
                message: &trouble.message,
            }),
            version: &node.version,
            started_at: format_time(node.started_at),
            last_seen_at: format_time(*seen_at),
        }
    }
}

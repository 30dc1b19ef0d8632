//! Policies: requests name no domain, so the domains of a job are the hosts of its addresses, and all of them have to
//! be allowed.

use std::collections::HashMap;

use reelgate_domain::stream::{StreamSpec, StreamTarget};
use reelgate_service::{Denial, Principal, Service};

use super::errors::forbidden;
use crate::rpc::{ApiError, Call, denied as denials};

/// Fails unless the caller may use the action on the domains of a job.
pub(super) fn require(
    service: &Service,
    call: &Call<'_>,
    spec: &StreamSpec,
) -> Result<(), ApiError> {
    for host in hosts(spec) {
        let principal = &call.caller.principal;
        decide(service, call, &host).map_err(|denial| denied(principal, &denial))?;
    }
    Ok(())
}

/// Says of one job after the other whether the caller may use the action on it.
pub(super) struct Sieve<'a> {
    service: &'a Service,
    call: &'a Call<'a>,
    /// What was decided of hosts before.
    known: HashMap<String, bool>,
}

impl<'a> Sieve<'a> {
    /// Nothing, if the caller may use the action on everything.
    pub(super) fn of(service: &'a Service, call: &'a Call<'a>) -> Option<Self> {
        let action = super::operations::PRODUCT.policy_action(call.action);
        let all = service.may_use_everywhere(&call.caller.principal, &action, call.context);
        (!all).then(|| Self {
            service,
            call,
            known: HashMap::new(),
        })
    }

    pub(super) fn passes(&mut self, spec: &StreamSpec) -> bool {
        hosts(spec).into_iter().all(|host| {
            let (service, call) = (self.service, self.call);
            let decided = self.known.entry(host);
            *decided.or_insert_with_key(|host| decide(service, call, host).is_ok())
        })
    }
}

fn decide(service: &Service, call: &Call<'_>, host: &str) -> Result<(), Denial> {
    let action = super::operations::PRODUCT.policy_action(call.action);
    let domain = format!("acs:live:*:{}:domain/{host}", call.caller.account);
    service.authorise(&call.caller.principal, &action, &domain, call.context)
}

/// The hosts of all addresses, each once.
fn hosts(spec: &StreamSpec) -> Vec<String> {
    let pushed = spec
        .outputs
        .iter()
        .filter_map(|output| match &output.target {
            StreamTarget::Push { address } => Some(address.host()),
            StreamTarget::Hls { .. } | StreamTarget::Recording { .. } => None,
        });
    let mut hosts: Vec<_> = pushed.chain([spec.input.address.host()]).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// How this product words that policies refuse a call.
pub(super) fn denied(principal: &Principal, denial: &Denial) -> ApiError {
    let error = forbidden("the caller is not authorized for the operation");
    error
        .refusing(denial.to_string())
        .denied(denials::detail(principal, denial))
}

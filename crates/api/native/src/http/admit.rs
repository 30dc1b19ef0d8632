//! What stands before every handler: who calls is found out, held to the limits and asked for permission, and what
//! came of the call is noted in the audit log.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, LOCATION, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri};
use reelgate_api_kit::RequestId;
use reelgate_api_kit::serve::Transport;
use reelgate_domain::AccountId;
use reelgate_domain::access::AuditRecord;
use reelgate_service::{CallContext, Caller, Service, Throttled};

use super::caller::{Admitted, bearer, not_valid};
use super::idempotency;
use super::permission::{Ruling, filled, forbidden};
use super::problem::shortened;
use super::{Code, Problem, Query};
use crate::NativeApi;
use crate::routes::{Route, product};

/// What failed attempts are counted under: what a stranger sends as a key says nothing.
const ANY_API_KEY: &str = "api-key";

/// Lets a call through to its handler, or refuses it.
pub(crate) async fn admit(
    State((api, route)): State<(Arc<NativeApi>, &'static Route)>,
    request: Request,
    next: Next,
) -> Response {
    // A body can be shared with nobody, so it would keep this from waiting for anything.
    let (mut parts, body) = request.into_parts();
    let context = circumstances(&parts);
    let caller = match authenticate(&api.service, &parts.headers, context.source).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    let mut entry = Entry::new(&api, route, &caller, context.source, &parts);
    let admission = Admission {
        api: &api,
        route,
        caller: &caller,
        context: &context,
    };
    let response = match admission.ask(&mut parts, &mut entry.record).await {
        Err(problem) => problem.into_response(),
        Ok(account) => {
            entry.record.allowed = true;
            let call = Admitted {
                caller,
                account,
                context,
                route,
                ruling: entry.ruling.clone(),
            };
            let mut response = run(&api, call, parts, body, next).await;
            if route.changes_access {
                // Some of these answers hold secrets, and none is worth keeping.
                let headers = response.headers_mut();
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
            response
        }
    };
    entry.answered(route, &response);
    // What was refused has changed nothing, and may come as often as somebody likes.
    if route.changes_access && entry.record.allowed {
        entry.write_now().await;
    }
    response
}

/// Runs the handler. A call with a key that was made before is answered as then.
async fn run(
    api: &Arc<NativeApi>,
    mut call: Admitted,
    mut parts: Parts,
    body: Body,
    next: Next,
) -> Response {
    let read = idempotency::keyed(api, &mut call, &parts, body).await;
    let (keyed, body) = match read {
        Ok(read) => read,
        Err(problem) => return problem.into_response(),
    };
    parts.extensions.insert(call);
    let response = next.run(Request::from_parts(parts, body)).await;
    match keyed {
        Some(keyed) => keyed.answer(response).await,
        None => response,
    }
}

fn circumstances(parts: &Parts) -> CallContext {
    let transport = parts.extensions.get::<Transport>();
    CallContext {
        source: transport.map(|transport| transport.peer.ip().to_canonical()),
        secure: transport.is_some_and(|transport| transport.secure),
    }
}

async fn authenticate(
    service: &Service,
    headers: &HeaderMap,
    source: Option<IpAddr>,
) -> Result<Caller, Problem> {
    let key = bearer(headers)?;
    if let Some(caller) = service.api_key_caller(key).await? {
        return Ok(caller);
    }
    // Only now, so that nobody who comes from the same address is kept out by keys that are none.
    service
        .may_try(ANY_API_KEY, source)
        .map_err(|throttled| too_many("too many calls with invalid keys", throttled))?;
    service.failed_signature(ANY_API_KEY, source);
    Err(not_valid())
}

fn too_many(what: &str, throttled: Throttled) -> Problem {
    let wait = throttled.retry_after;
    // Whole seconds, so that whoever waits for them is not refused again.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let detail = format!("{what}: try again in {seconds} s");
    Problem::new(Code::Throttled, detail).header(RETRY_AFTER, seconds.max(1).into())
}

/// A call whose caller is known.
struct Admission<'a> {
    api: &'a NativeApi,
    route: &'static Route,
    caller: &'a Caller,
    context: &'a CallContext,
}

impl Admission<'_> {
    /// The account that the call names, if it may be made.
    async fn ask(
        &self,
        parts: &mut Parts,
        record: &mut AuditRecord,
    ) -> Result<Option<AccountId>, Problem> {
        let caller = self.caller;
        let limit = self.route.served.limit;
        let throttled = self
            .api
            .service
            .throttle(caller.account, &record.action, limit);
        throttled.map_err(|throttled| {
            let why = format!("the account calls {} too often", record.action);
            let problem = too_many(&why, throttled);
            record.reason = Some(why);
            problem
        })?;
        if self.route.operators_only && !caller.operator {
            return Err(self.forbidden(record, "only operators may call it"));
        }
        let named = self.named_account(&parts.uri, record).await?;
        let account = named.unwrap_or(caller.account);
        let resources = self.resources(parts, account).await?;
        let about = match is_told_by_path(self.route) {
            true => at_path(account, parts.uri.path()),
            false => resources.join(", "),
        };
        record.resource = Some(shortened(about));
        for resource in &resources {
            self.policies_allow(record, resource)?;
        }
        Ok(named)
    }

    fn policies_allow(&self, record: &mut AuditRecord, resource: &str) -> Result<(), Problem> {
        let (service, context) = (&self.api.service, self.context);
        let principal = &*self.caller.principal;
        let asked = match self.route.asks_itself {
            true => service.may_use(principal, &record.action, context),
            false => service.authorise(principal, &record.action, resource, context),
        };
        asked.map_err(|denial| {
            record.resource = Some(shortened(resource));
            record.reason = Some(shortened(denial.to_string()));
            forbidden(principal, &denial, resource)
        })
    }

    /// The account in `?account=`, which only operators may name, by id or by name.
    async fn named_account(
        &self,
        uri: &Uri,
        record: &mut AuditRecord,
    ) -> Result<Option<AccountId>, Problem> {
        if !self.route.takes_account {
            return Ok(None);
        }
        let query = Query::any(uri)?;
        let Some(name) = query.one("account")? else {
            return Ok(None);
        };
        if !self.caller.operator {
            return Err(self.forbidden(record, "only operators may name an account"));
        }
        let account = self.api.service.find_account(self.caller, name).await?;
        Ok(Some(account.id))
    }

    /// What the call acts on, by its path; everything of the API in the account where policies cannot say more.
    async fn resources(
        &self,
        parts: &mut Parts,
        account: AccountId,
    ) -> Result<Vec<String>, Problem> {
        let resources = self.route.served.resources;
        if resources.is_empty() {
            return Ok(vec![product().all_resources(account)]);
        }
        let params = RawPathParams::from_request_parts(parts, &()).await;
        let params = params.map_err(|rejection| Problem::invalid(rejection.body_text()))?;
        let value = |name: &str| match name {
            "accountId" => account.to_string(),
            _ if self.route.asks_itself => "*".to_owned(),
            name => params
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.to_owned())
                .expect("a test looks up each template's names in its path"),
        };
        let arns = resources.iter().map(|resource| resource.arn);
        Ok(arns.map(|arn| filled(arn, value)).collect())
    }

    fn forbidden(&self, record: &mut AuditRecord, why: &str) -> Problem {
        let principal = self.caller.principal.arn();
        record.reason = Some(why.to_owned());
        let detail = format!("{principal} may not call {}: {why}", record.action);
        Problem::new(Code::Forbidden, detail).member("action", record.action.as_str())
    }
}

/// Whether the log tells by its path what a call is about: where the names in that are no resources to policies.
fn is_told_by_path(route: &Route) -> bool {
    route.served.resources.is_empty() || route.asks_itself
}

/// What lies at a path below the API's, written as a resource is.
fn at_path(account: AccountId, path: &str) -> String {
    let everything = product().all_resources(account);
    let prefix = everything.strip_suffix('*').unwrap_or(&everything);
    format!("{prefix}{}", path.trim_start_matches('/'))
}

/// The call's line in the audit log. A call whose client goes away before it is answered gets one too: what it did
/// stays done.
struct Entry {
    service: Arc<Service>,
    record: AuditRecord,
    ruling: Ruling,
    is_written: bool,
}

/// In place of a status where nobody waited for one, as web servers log it.
const CLIENT_LEFT: u16 = 499;

impl Entry {
    fn new(
        api: &NativeApi,
        route: &Route,
        caller: &Caller,
        source: Option<IpAddr>,
        parts: &Parts,
    ) -> Self {
        let id = parts.extensions.get::<RequestId>();
        let record = AuditRecord {
            at: api.service.now(),
            account: Some(caller.account),
            principal: caller.principal.arn(),
            key_id: Some(caller.principal.key_id.clone()),
            dialect: NativeApi::NAME.to_owned(),
            action: route.policy_action(),
            resource: None,
            source,
            allowed: false,
            reason: None,
            status: CLIENT_LEFT,
            code: None,
            request_id: id.map(RequestId::to_string).unwrap_or_default(),
        };
        Self {
            service: Arc::clone(&api.service),
            record,
            ruling: Ruling::default(),
            is_written: false,
        }
    }

    /// Takes down what came of the call, with what it has made.
    fn answered(&mut self, route: &Route, response: &Response) {
        let made = response.headers().get(LOCATION);
        let made = made.filter(|_| is_told_by_path(route));
        let made = made.and_then(|path| path.to_str().ok()?.strip_prefix("/api/v1/"));
        if let (Some(path), Some(about)) = (made, &mut self.record.resource)
            && let Some((at, _)) = about.match_indices(':').nth(3)
        {
            let made = format!("{}{path}", &about[..=at]);
            // Made in a list, it says more than that; made from another thing, both count.
            *about = match made.starts_with(about.as_str()) {
                true => made,
                false => format!("{about}, {made}"),
            };
        }
        std::mem::take(&mut self.ruling).tell(&mut self.record);
        self.record.status = response.status().as_u16();
        let problem = response.extensions().get::<Problem>();
        self.record.code = problem.map(|problem| problem.code().to_owned());
        debug_assert!(
            self.record
                .code
                .as_deref()
                .is_none_or(|code| route.answers(code)),
            "{} answers {:?}, which its row does not name",
            route.action,
            self.record.code
        );
    }

    /// Writes the entry where the log has to know of the call before its caller does.
    async fn write_now(mut self) {
        // From here on it is the service's, whether anybody waits for it or not.
        self.is_written = true;
        self.service.audit_change(self.record.clone()).await;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.is_written {
            return;
        }
        let mut record = self.record.clone();
        self.ruling.tell(&mut record);
        match record.code.as_deref() == Some(Code::Throttled.word()) {
            true => self.service.audit_throttled(record),
            false => self.service.audit(record),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_as_told_waits_long_enough() {
        for (millis, seconds) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2")] {
            let retry_after = std::time::Duration::from_millis(millis);
            let problem = too_many("x", Throttled { retry_after });
            let response = problem.clone().into_response();
            let mut rendered = response;
            problem.render(RequestId::random(), &mut rendered);
            assert_eq!(rendered.headers()[RETRY_AFTER], seconds, "{millis}");
        }
    }
}

//! One request for some of the content, sent on where the server says.

use std::error::Error;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, IF_RANGE, LOCATION, RANGE};
use http::{HeaderValue, StatusCode};
use reqwest::{Response, Url};
use rustls::{AlertDescription, ClientConfig};

use crate::client::{Lookup, Resolver, Unresolved};
use crate::guard::{Guard, Refused};
use crate::pull::fault::PullFault;
use crate::pull::limits::PullLimits;
use crate::pull::slots::{Slot, Slots};

/// As many as a chain of a site, its CDN and a store of objects needs, and some.
pub(super) const MOST_REDIRECTS: usize = 8;

/// Asks servers, one hop at a time.
#[derive(Debug)]
pub(super) struct Asker {
    http: reqwest::Client,
    guard: Guard,
    slots: Slots,
    connect: Duration,
    stall: Duration,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) url: Url,
    /// Without one, for all. `u64::MAX` stands for the end of the content.
    pub(super) range: Option<Range<u64>>,
    /// Of which version the range has to be.
    pub(super) condition: Option<String>,
}

/// An answer that is no redirect.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) response: Response,
    /// Where it came from.
    pub(super) url: Url,
    pub(super) slot: Slot,
}

impl Asker {
    pub(super) fn new(
        guard: Guard,
        limits: &PullLimits,
        tls: ClientConfig,
        lookup: Lookup,
    ) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(Resolver::new(guard.clone(), lookup)))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(limits.connect)
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(limits.connections_per_host)
            .user_agent(concat!("reelgate/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            http,
            guard,
            slots: Slots::new(limits.connections, limits.connections_per_host),
            connect: limits.connect,
            stall: limits.stall,
        })
    }

    pub(super) async fn enter(&self, url: &Url) -> Slot {
        self.slots.enter(host(url)).await
    }

    pub(super) fn try_enter(&self, url: &Url) -> Option<Slot> {
        self.slots.try_enter(host(url))
    }

    /// Asks, and follows wherever it is sent. The guard judges each address.
    pub(super) async fn ask(
        &self,
        question: &Question,
        slot: Option<Slot>,
    ) -> Result<Answered, PullFault> {
        let mut slot = slot;
        let mut url = question.url.clone();
        let mut seen = vec![url.clone()];
        loop {
            let here = slot.take().filter(|slot| slot.is_for(host(&url)));
            let here = match here {
                Some(here) => here,
                None => self.enter(&url).await,
            };
            let response = self.hop(&url, question).await?;
            if !is_redirect(response.status()) {
                return Ok(Answered {
                    response,
                    url,
                    slot: here,
                });
            }
            let next = self.next(&url, &response)?;
            if seen.contains(&next) {
                let host = host(&url).to_owned();
                return Err(PullFault::RedirectLoop { host });
            }
            if seen.len() > MOST_REDIRECTS {
                let (host, most) = (host(&url).to_owned(), MOST_REDIRECTS);
                return Err(PullFault::TooManyRedirects { host, most });
            }
            seen.push(next.clone());
            url = next;
            slot = Some(here);
        }
    }

    async fn hop(&self, url: &Url, question: &Question) -> Result<Response, PullFault> {
        let refused = |refused| PullFault::Address {
            host: host(url).to_owned(),
            refused,
        };
        self.guard.check(url).map_err(refused)?;
        let mut request = self
            .http
            .get(url.clone())
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(Range { start, end }) = &question.range {
            let range = match *end {
                u64::MAX => format!("bytes={start}-"),
                end => format!("bytes={start}-{}", end - 1),
            };
            request = request.header(RANGE, range);
            if let Some(condition) = &question.condition {
                request = request.header(IF_RANGE, condition);
            }
        }
        let patience = self.connect + self.stall;
        match tokio::time::timeout(patience, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(fault(host(url), error, self.connect)),
            Err(_) => Err(PullFault::Stalled {
                host: host(url).to_owned(),
                after: patience,
            }),
        }
    }

    fn next(&self, url: &Url, response: &Response) -> Result<Url, PullFault> {
        let location = response.headers().get(LOCATION);
        // Some send UTF-8 as it is.
        let location = location.and_then(|it| std::str::from_utf8(it.as_bytes()).ok());
        let next = location
            .filter(|location| !location.trim().is_empty())
            .and_then(|location| url.join(location.trim()).ok());
        let Some(mut next) = next else {
            let host = host(url).to_owned();
            return Err(PullFault::BadRedirect { host });
        };
        next.set_fragment(None);
        Ok(next)
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

pub(super) fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// What went wrong on the way, without the address.
pub(super) fn fault(host: &str, error: reqwest::Error, connect: Duration) -> PullFault {
    let host = host.to_owned();
    let error = error.without_url();
    let mut last = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(refused) = inner.downcast_ref::<Refused>() {
            let refused = refused.clone();
            return PullFault::Address { host, refused };
        }
        if let Some(Unresolved(cause)) = inner.downcast_ref::<Unresolved>() {
            let passing = cause.contains("emporary failure");
            let cause = cause.clone();
            return PullFault::Unresolved {
                host,
                cause,
                passing,
            };
        }
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            let cause = tls.to_string();
            return match is_hiccup(tls) {
                true => PullFault::Broken { host, cause },
                false => PullFault::Tls { host, cause },
            };
        }
        last = inner.to_string();
        cause = behind(inner);
    }
    if error.is_connect() && error.is_timeout() {
        let cause = format!("nobody answered within {} seconds", connect.as_secs());
        return PullFault::Unreachable { host, cause };
    }
    if error.is_connect() {
        return PullFault::Unreachable { host, cause: last };
    }
    PullFault::Broken { host, cause: last }
}

/// Whether something between here and there has failed, and not the two sides to understand or trust each other.
fn is_hiccup(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::DecryptError
            | rustls::Error::AlertReceived(
                AlertDescription::InternalError | AlertDescription::BadRecordMac
            )
    )
}

/// What is behind an error. One of the system hides what it carries from `source`.
pub(super) fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let system = error.downcast_ref::<std::io::Error>();
    match system.and_then(std::io::Error::get_ref) {
        Some(carried) => Some(carried),
        None => error.source(),
    }
}

//! TLS of a server: its certificate, replaced by a new one from the same files while connections are open.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use reelgate_api_kit::serve::TlsSettings;
use reelgate_domain::Timestamp;
use reelgate_service::Clock;
use ring::digest::{SHA256, digest};
use rustls::ServerConfig;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::config::TlsArgs;

mod identity;

pub(crate) use identity::Files;
use identity::{Content, Facts};

/// How often the files are looked at. A change counts once two looks have seen the same, since certificate and key are
/// two files and are written one after the other.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How often a certificate that nears its end is warned of.
const ADVISE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// The certificate in use and what watches over its files.
pub(super) struct Tls {
    files: Files,
    clock: Arc<dyn Clock>,
    hangups: Signal,
    settings: watch::Sender<Arc<ServerConfig>>,
    pub(super) sha256: [u8; 32],
    facts: Facts,
    advised_at: Timestamp,
    looks: Looks,
}

/// What the files were seen to hold: digests, of what was wrong if they could not be read.
struct Looks {
    in_use: [u8; 32],
    last: [u8; 32],
    refused: Option<[u8; 32]>,
}

impl Looks {
    fn new(in_use: [u8; 32]) -> Self {
        Self {
            in_use,
            last: in_use,
            refused: None,
        }
    }

    /// Whether what is seen now is to be tried.
    fn is_new(&mut self, seen: [u8; 32]) -> bool {
        let is_settled = std::mem::replace(&mut self.last, seen) == seen;
        if seen == self.in_use {
            self.refused = None;
            return false;
        }
        is_settled && self.refused != Some(seen)
    }
}

impl Tls {
    /// Takes the certificate from its files; `None` if none is configured. From here on SIGHUP ends the process no
    /// more.
    pub(super) fn load(args: &TlsArgs, clock: Arc<dyn Clock>) -> Result<Option<Self>> {
        let Some(files) = Files::of(args) else {
            return Ok(None);
        };
        let content = files.read()?;
        let identity = files.identity_of(&content)?;
        let advised_at = clock.now();
        tell(&identity.facts, advised_at);
        Ok(Some(Self {
            files,
            clock,
            facts: identity.facts,
            advised_at,
            hangups: signal(SignalKind::hangup())?,
            settings: watch::Sender::new(identity.config),
            sha256: identity.sha256,
            looks: Looks::new(content.digest()),
        }))
    }

    /// What connections are secured with.
    pub(super) fn settings(&self) -> TlsSettings {
        self.settings.subscribe()
    }

    /// Looks after the files as long as somebody uses the settings; `replaced` is told each new certificate's SHA-256.
    pub(super) async fn keep_up(mut self, replaced: impl Fn([u8; 32])) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_asked = tokio::select! {
                () = self.settings.closed() => return,
                Some(()) = self.hangups.recv() => true,
                _ = looks.tick() => false,
            };
            if is_asked {
                tracing::info!("SIGHUP: reading the certificate anew");
            }
            let files = self.files.clone();
            // The files may lie on a disk that hangs.
            let read = tokio::task::spawn_blocking(move || files.read()).await;
            let content = read.context("reading panicked").flatten();
            if let Some(sha256) = self.look(content, is_asked) {
                replaced(sha256);
            }
            let now = self.clock.now();
            if now.since(self.advised_at) >= ADVISE_EVERY {
                self.advised_at = now;
                advise(&self.facts, now);
            }
        }
    }

    /// Puts what was read to use if it is good and new; a pair that is not leaves the old one in use.
    fn look(&mut self, content: Result<Content>, is_asked: bool) -> Option<[u8; 32]> {
        let seen = match &content {
            Ok(content) => content.digest(),
            Err(error) => {
                let text = format!("{error:#}");
                let digest = digest(&SHA256, text.as_bytes()).as_ref().try_into();
                digest.expect("SHA-256 has 32 bytes")
            }
        };
        if !self.looks.is_new(seen) && !is_asked {
            return None;
        }
        match content.and_then(|content| self.files.identity_of(&content)) {
            Ok(identity) => {
                self.advised_at = self.clock.now();
                tell(&identity.facts, self.advised_at);
                self.looks = Looks::new(seen);
                self.sha256 = identity.sha256;
                self.facts = identity.facts;
                self.settings.send_replace(identity.config);
                Some(identity.sha256)
            }
            Err(error) => {
                self.looks.refused = Some(seen);
                tracing::error!("the certificate in use stays: {error:#}");
                None
            }
        }
    }
}

/// What clients get to see, and what they will not like about it.
fn tell(facts: &Facts, now: Timestamp) {
    let (names, until) = (facts.names(), facts.valid_until());
    tracing::info!("TLS with a certificate for {names}, valid until {until}");
    advise(facts, now);
}

fn advise(facts: &Facts, now: Timestamp) {
    for advice in facts.advice(now) {
        tracing::warn!("TLS: {advice}");
    }
}

#[cfg(test)]
mod tests;

//! Calls that count once, in transactions of their own; batches note theirs together.

use reelgate_domain::access::{Made, Note, Once};

use super::connect::{Param, Session};
use super::error::{Answer, Failure};
use super::sql::access::{DELETE_KEYED_CALL, KEYED_CALL};
use super::sql::jobs::{SPEND, SPEND_KEYED};
use crate::contract::StoreError;
use crate::outcome::Outcome;
use crate::stored::corrupt;

/// Runs the effect of a call, and notes the call in the same transaction before that.
pub(super) async fn counted<T: Outcome>(
    session: &Session,
    once: Option<Once>,
    effect: impl Future<Output = Answer<T>>,
) -> Answer<T> {
    let Some(once) = once else {
        return effect.await;
    };
    spend(session, &once).await?;
    let outcome = effect.await?;
    if once.note.is_some() && !outcome.is_done() {
        let hash = once.hash.as_slice();
        session.execute(DELETE_KEYED_CALL, &[&hash]).await?;
    }
    Ok(outcome)
}

async fn spend(session: &Session, once: &Once) -> Answer<()> {
    let (hashes, untils) = ([once.hash.as_slice()], [once.until.as_millis()]);
    let (hashes, untils) = (hashes.as_slice(), untils.as_slice());
    let noted = match &once.note {
        None => session.all(SPEND, &[&hashes, &untils]).await?,
        Some(note) => {
            let (requests, made) = ([note.request.as_slice()], [note.made.as_str()]);
            let (requests, made) = (requests.as_slice(), made.as_slice());
            let call: [Param<'_>; 4] = [&hashes, &untils, &requests, &made];
            session.all(SPEND_KEYED, &call).await?
        }
    };
    match noted.is_empty() {
        true => Err(Failure::Ours(StoreError::Replayed)),
        false => Ok(()),
    }
}

/// What was kept of a call that is answered again.
pub(super) async fn noted(session: &Session, hash: &[u8; 16]) -> Answer<Option<Note>> {
    let Some(row) = session.one(KEYED_CALL, &[&hash.as_slice()]).await? else {
        return Ok(None);
    };
    let (request, made): (&[u8], &str) = (row.get(0), row.get(1));
    let why = "it has not 16 bytes";
    let request = request
        .try_into()
        .map_err(|_| corrupt("keyed_calls", "request", "?", why))?;
    Ok(Some(Note {
        request,
        made: Made::new(made),
    }))
}

//! The audit: who called what, and what came of it.
//!
//! Calls put their records into a queue and go on; whoever keeps house writes them, many in one
//! transaction. Changes of access wait until theirs is written.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reelgate_domain::access::{AuditEntry, AuditRecord};
use reelgate_store::{AuditFilter, Store, StoreError};
use tokio::sync::Notify;

use super::caller::Caller;
use crate::{Service, ServiceError};

/// Records that wait to be written; some 30 MB. A store that hangs for long costs records, not memory.
const MOST_WAITING: usize = 1 << 16;

/// Records written in one transaction.
const MOST_AT_ONCE: usize = 4096;

/// Records on their way to the store.
pub(super) struct AuditQueue {
    waiting: Mutex<Waiting>,
    most: usize,
    /// Whoever keeps house waits for it.
    arrived: Notify,
    /// One writes at a time, so that records are numbered in the order they came.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    records: VecDeque<AuditRecord>,
    /// How many had no room since this was last told.
    lost: u64,
}

impl Default for AuditQueue {
    fn default() -> Self {
        Self::with_room(MOST_WAITING)
    }
}

impl AuditQueue {
    fn with_room(most: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            most,
            arrived: Notify::new(),
            writing: tokio::sync::Mutex::default(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, record: AuditRecord) {
        let mut waiting = self.waiting();
        if waiting.records.len() < self.most {
            waiting.records.push_back(record);
        } else {
            waiting.lost += 1;
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Completes when a record has come since this was last asked.
    pub(super) async fn arrival(&self) {
        self.arrived.notified().await;
    }

    /// For a record that somebody waits for: it has room, because its call does nothing else meanwhile.
    fn push_awaited(&self, record: AuditRecord) {
        self.waiting().records.push_back(record);
        self.arrived.notify_one();
    }

    fn len(&self) -> usize {
        self.waiting().records.len()
    }

    fn take(&self, most: usize) -> Vec<AuditRecord> {
        let mut waiting = self.waiting();
        let many = waiting.records.len().min(most);
        waiting.records.drain(..many).collect()
    }

    /// Writes the records that wait by now, in their order. What cannot be written waits on.
    async fn write(&self, store: &dyn Store) -> Result<(), StoreError> {
        let _writing = self.writing.lock().await;
        let mut left = self.len();
        let mut outcome = Ok(());
        while left > 0 && outcome.is_ok() {
            let batch = self.take(left.min(MOST_AT_ONCE));
            // Somebody else has trimmed the queue.
            if batch.is_empty() {
                break;
            }
            left -= batch.len();
            outcome = store.record(batch.clone()).await;
            if outcome.is_err() {
                self.put_back(batch);
            }
        }
        let lost = self.take_lost();
        if lost > 0 {
            tracing::error!(
                lost,
                "{lost} calls are missing in the audit: the store is too slow"
            );
        }
        outcome
    }

    /// Puts what could not be written back in front, as far as there is room: the newest go.
    fn put_back(&self, records: Vec<AuditRecord>) {
        let mut waiting = self.waiting();
        for record in records.into_iter().rev() {
            waiting.records.push_front(record);
        }
        while waiting.records.len() > self.most {
            waiting.records.pop_back();
            waiting.lost += 1;
        }
    }

    fn take_lost(&self) -> u64 {
        std::mem::take(&mut self.waiting().lost)
    }
}

impl Service {
    /// Notes a call. Never waits: what finds no room is counted and logged.
    pub fn audit(&self, record: AuditRecord) {
        self.access.audit.push(record);
    }

    /// Notes a call that came too often. Only a few of them in a second: refusing a call must cost no write, and
    /// one account's flood must not push the records of others out.
    pub fn audit_throttled(&self, record: AuditRecord) {
        if self.access.throttled.passes(record.account, record.at) {
            self.audit(record);
        }
    }

    /// Notes a call by somebody who is only claimed to have made it. Only a few of them in a second: whoever
    /// guesses does so often.
    pub fn audit_unproven(&self, record: AuditRecord) {
        if self.access.unproven.passes(record.account, record.at) {
            self.audit(record);
        }
    }

    /// Notes a call that has handed out, changed or ended access: the record and those before it are on disk when
    /// this returns, or it cannot be written and waits with the others. That the audit is behind fails no call: what
    /// was done is done, and its answer may hold a secret that nobody can ask for again.
    pub async fn audit_change(&self, record: AuditRecord) {
        let (id, action) = (record.request_id.clone(), record.action.clone());
        self.access.audit.push_awaited(record);
        if let Err(error) = self.flush_audit().await {
            tracing::error!(%error, request.id = %id, "request {id}: {action} is done, and the audit is behind");
        }
    }

    /// Writes the records that wait, also when whoever asks for it goes away.
    pub async fn flush_audit(&self) -> Result<(), ServiceError> {
        let (access, store) = (Arc::clone(&self.access), Arc::clone(&self.store));
        let writing = tokio::spawn(async move { access.audit.write(&*store).await });
        let written = writing.await.map_err(ServiceError::internal)?;
        Ok(written?)
    }

    /// Recorded calls, newest first. Only an operator sees those of other accounts.
    pub async fn audited(
        &self,
        caller: &Caller,
        mut filter: AuditFilter,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, ServiceError> {
        match filter.account {
            Some(account) if account != caller.account => {
                self.account_for(caller, Some(account)).await?;
            }
            None if caller.operator => {}
            _ => filter.account = Some(caller.account),
        }
        // A call that asks sees the calls that were answered before it.
        self.flush_audit().await?;
        Ok(self.store.audit(filter, limit.clamp(1, 1000)).await?)
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::Timestamp;

    use super::*;

    fn record(number: usize) -> AuditRecord {
        AuditRecord {
            at: Timestamp::from_millis(0),
            account: None,
            principal: String::new(),
            key_id: None,
            dialect: "native".to_owned(),
            action: "reelgate:ListKeys".to_owned(),
            resource: None,
            source: None,
            allowed: true,
            reason: None,
            status: 200,
            code: None,
            request_id: number.to_string(),
        }
    }

    fn numbers(queue: &AuditQueue) -> Vec<String> {
        queue
            .take(usize::MAX)
            .into_iter()
            .map(|record| record.request_id)
            .collect()
    }

    #[test]
    fn what_has_no_room_is_counted_and_what_waits_stays() {
        let queue = AuditQueue::with_room(3);
        // Also while a write hangs.
        let _writing = queue.writing.try_lock().unwrap();
        (0..5).for_each(|number| queue.push(record(number)));
        assert_eq!(queue.take_lost(), 2);
        assert_eq!(numbers(&queue), ["0", "1", "2"]);
        assert_eq!(queue.take_lost(), 0);
    }

    #[test]
    fn what_could_not_be_written_comes_back_before_what_came_later() {
        let queue = AuditQueue::with_room(3);
        (0..2).for_each(|number| queue.push(record(number)));
        let batch = queue.take(2);
        (2..4).for_each(|number| queue.push(record(number)));
        queue.put_back(batch);
        assert_eq!(queue.take_lost(), 1);
        assert_eq!(numbers(&queue), ["0", "1", "2"]);
    }
}

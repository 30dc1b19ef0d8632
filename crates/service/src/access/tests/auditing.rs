//! The audit as it is written and read.

use reelgate_domain::access::AuditRecord;
use reelgate_store::AuditFilter;
use tokio::sync::watch;

use super::*;

impl House {
    fn record(&self, request: &str) -> AuditRecord {
        AuditRecord {
            at: self.clock.now(),
            account: Some(self.account),
            principal: self.root().principal.arn(),
            key_id: Some(self.made.access_key_id.clone()),
            dialect: "aliyun".to_owned(),
            action: "mts:CancelJob".to_owned(),
            resource: None,
            source: Some(SOURCE.parse().unwrap()),
            allowed: true,
            reason: None,
            status: 200,
            code: None,
            request_id: request.to_owned(),
        }
    }

    /// What is stored, oldest first.
    async fn stored(&self) -> Vec<String> {
        let stored = self.store.audit(AuditFilter::default(), 100).await.unwrap();
        stored
            .into_iter()
            .rev()
            .map(|entry| entry.record.request_id)
            .collect()
    }
}

#[tokio::test]
async fn a_record_that_is_waited_for_is_stored_after_those_before_it() {
    let house = House::new().await;
    for request in ["1", "2"] {
        house.service.audit(house.record(request));
    }
    assert!(house.stored().await.is_empty());
    house.service.audit_change(house.record("3")).await;
    assert_eq!(house.stored().await, ["1", "2", "3"]);
}

#[tokio::test]
async fn whoever_keeps_house_writes_the_records_and_the_last_ones_before_leaving() {
    let house = House::new().await;
    let (stop, stopped) = watch::channel(false);
    house.service.audit(house.record("1"));
    let until_stored = async {
        while house.stored().await != ["1"] {
            tokio::task::yield_now().await;
        }
        house.service.audit(house.record("2"));
        stop.send_replace(true);
    };
    tokio::join!(house.service.keep_house(stopped), until_stored);
    assert_eq!(house.stored().await, ["1", "2"]);
}

/// Ten thousand calls a second found no room while a minute's old records were removed.
#[tokio::test]
async fn records_are_written_while_old_ones_are_removed() {
    let house = House::new().await;
    let old = (0..2_500).map(|number| house.record(&number.to_string()));
    house.store.record(old.collect()).await.unwrap();
    house.clock.advance(hours(24 * 30 - 1));
    house.service.tidy().await;
    assert!(!house.stored().await.is_empty());
    house.clock.advance(hours(2));
    house.service.audit(house.record("new"));
    house.service.tidy().await;
    assert_eq!(house.stored().await, ["new"]);
}

#[tokio::test]
async fn callers_see_the_calls_of_their_account_and_operators_all() {
    let house = House::new().await;
    let mut strange = house.record("theirs");
    let stranger = AccountId::from_random(7);
    strange.account = Some(stranger);
    house.service.audit(strange);
    house.service.audit(house.record("ours"));
    let seen = async |caller: &Caller, account: Option<AccountId>| {
        let filter = AuditFilter {
            account,
            ..AuditFilter::default()
        };
        let entries = house.service.audited(caller, filter, 10).await;
        entries.map(|entries| -> Vec<_> {
            entries
                .into_iter()
                .map(|entry| entry.record.request_id)
                .collect()
        })
    };
    assert_eq!(
        seen(&house.operator, None).await.unwrap(),
        ["ours", "theirs"]
    );
    assert_eq!(seen(house.root(), None).await.unwrap(), ["ours"]);
    assert_eq!(
        seen(house.root(), Some(house.account)).await.unwrap(),
        ["ours"]
    );
    let theirs = seen(house.root(), Some(stranger)).await;
    assert_eq!(theirs.unwrap_err().kind, crate::ErrorKind::NotFound);
}

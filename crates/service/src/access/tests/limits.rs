//! Limits as callers meet them.

use super::*;

const ACTION: &str = "mts:CancelJob";

impl House {
    /// How many calls pass at once after the key was looked up.
    async fn burst(&self, default: &str) -> usize {
        let caller: Caller = {
            let found = self.credential(&self.made.access_key_id).await.unwrap();
            Arc::clone(&found.principal).into()
        };
        let default = Some(default.parse().unwrap());
        (0..10_000)
            .take_while(|_| {
                self.service
                    .throttle(caller.account, ACTION, default)
                    .is_ok()
            })
            .count()
    }

    async fn limit(&self, rule: Option<&str>) {
        let rule = rule.map(|rule| rule.parse().unwrap());
        let set = self
            .service
            .set_limit(&self.operator, self.account, ACTION, rule);
        set.await.unwrap();
    }
}

#[tokio::test]
async fn a_limit_that_is_set_holds_for_the_next_call_and_after_a_restart() {
    let house = House::new().await;
    assert_eq!(house.burst("100/s").await, 100);
    house.limit(Some("3/min")).await;
    assert_eq!(house.burst("100/s").await, 3);
    let next = house.started_again();
    next.credential(&house.made.access_key_id, None)
        .await
        .unwrap();
    let default = Some("100/s".parse().unwrap());
    let passed = (0..100).take_while(|_| next.throttle(house.account, ACTION, default).is_ok());
    assert_eq!(passed.count(), 3);
    house.limit(Some("unlimited")).await;
    assert_eq!(house.burst("100/s").await, 10_000);
    house.limit(None).await;
    assert_eq!(house.burst("50/s").await, 50);
    let limits = house
        .service
        .limits(house.root(), house.account)
        .await
        .unwrap();
    assert!(limits.is_empty());
}

#[tokio::test]
async fn keys_that_fail_too_often_have_to_wait_at_their_address_only() {
    let house = House::new().await;
    let (service, here) = (&house.service, Some(SOURCE.parse().unwrap()));
    let there = Some("2001:db8::1".parse().unwrap());
    for _ in 0..1000 {
        service.may_try("a", here).unwrap();
        service.failed_signature("a", here);
    }
    let refused = service.may_try("a", here).unwrap_err();
    assert_eq!(refused.retry_after, Duration::from_millis(60));
    service.may_try("b", here).unwrap();
    service.may_try("a", there).unwrap();
    // Many keys of one address count together.
    for number in 0..9000 {
        service.failed_signature(&number.to_string(), here);
    }
    service.may_try("b", here).unwrap_err();
    service.may_try("b", there).unwrap();
    house.clock.advance(Duration::from_millis(60));
    service.may_try("b", here).unwrap();
}

//! Accounts: the first one, later ones, and that they do not see each other.

use reelgate_domain::access::{AccountName, Feature, User};

use super::*;
use crate::ErrorKind;

fn name(name: &str) -> AccountName {
    AccountName::new(name).unwrap()
}

#[tokio::test]
async fn a_later_account_is_complete_like_the_first_and_no_operator() {
    let house = House::new().await;
    let service = &house.service;
    let (account, made) = service
        .create_account(&house.operator, name("studio"))
        .await
        .unwrap();
    assert_eq!(made.account_id, account.id.to_string());
    assert!(account.features.is_empty());
    let first = service
        .account(&house.operator, house.account)
        .await
        .unwrap();
    assert_eq!(
        (first.name, first.features.len()),
        (name("main"), Feature::ALL.len())
    );

    let caller = service
        .api_key_caller(&made.api_key)
        .await
        .unwrap()
        .unwrap();
    assert!(!caller.operator && caller.account == account.id);
    let signed = house.credential(&made.access_key_id).await.unwrap();
    assert_eq!(signed.secret.expose(), made.access_key_secret);
    let admin = house
        .store
        .user(account.id, &user_name(User::ADMIN))
        .await
        .unwrap()
        .unwrap();
    assert!(admin.has_password);
    let project = &service.projects(&caller, None).await.unwrap()[0];
    assert_eq!(
        (project.id.to_string(), project.name.as_str()),
        (made.project_id, "default")
    );
    for pipeline in ["default".to_owned(), format!("mpc-{}", project.id)] {
        service.pipeline_named(&caller, &pipeline).await.unwrap();
    }
    let bucket = "media".parse().unwrap();
    assert!(service.bucket_exists(&caller, &bucket).await.unwrap());

    let again = service
        .create_account(&house.operator, name("studio"))
        .await;
    assert_eq!(again.map(drop).unwrap_err().kind, ErrorKind::Conflict);
    // Nothing was made for it.
    let buckets = house.dir.path().join("buckets");
    assert_eq!(std::fs::read_dir(buckets).unwrap().count(), 2);
    // It would stand for the account of this id.
    let posing = service
        .create_account(&house.operator, name(&made.account_id))
        .await;
    assert_eq!(posing.map(drop).unwrap_err().kind, ErrorKind::Invalid);
    assert!(
        !service
            .create_first_account(&service.invent_credentials())
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn only_operators_manage_accounts_and_see_others() {
    let house = House::new().await;
    let service = &house.service;
    let (account, made) = service
        .create_account(&house.operator, name("studio"))
        .await
        .unwrap();
    let caller = service
        .api_key_caller(&made.api_key)
        .await
        .unwrap()
        .unwrap();
    let denied = [
        service
            .create_account(&caller, name("more"))
            .await
            .map(drop),
        service
            .set_feature(&caller, account.id, Feature::Edge, true)
            .await
            .map(drop),
        service
            .set_limit(&caller, account.id, "mts:CancelJob", None)
            .await,
        service.rotate_master_key(&caller).await.map(drop),
    ];
    for outcome in denied {
        assert_eq!(outcome.unwrap_err().kind, ErrorKind::Denied);
    }
    let ids = async |caller: &Caller| -> Vec<_> {
        let accounts = service.accounts(caller, None, 10).await.unwrap();
        accounts.into_iter().map(|account| account.id).collect()
    };
    assert_eq!(ids(&caller).await, [account.id]);
    assert_eq!(ids(&house.operator).await.len(), 2);

    assert!(!service.has_feature(&caller, Feature::Edge).await.unwrap());
    service
        .set_feature(&house.operator, account.id, Feature::Edge, true)
        .await
        .unwrap();
    assert!(service.has_feature(&caller, Feature::Edge).await.unwrap());
    // An operator acts in another account by naming it.
    let there = Some(account.id);
    let key = service
        .create_access_key(&house.operator, there, None)
        .await
        .unwrap();
    assert_eq!(house.caller(&key).await.account, account.id);
}

//! Policies: what users may do, and that changes hold for the next call.

use reelgate_domain::access::PolicyRef;

use super::*;
use crate::ErrorKind;

#[tokio::test]
async fn a_user_may_do_what_the_policies_say_and_changes_hold_for_the_next_call() {
    let house = House::new().await;
    let (service, root) = (&house.service, house.root());
    let ada = house.user("ada", &allow("mts:Query*")).await;
    let may = async |action| house.may(&house.caller(&ada).await, action);
    assert!(may("mts:QueryJobList").await && !may("mts:CancelJob").await);

    house.put_policy("ada", &allow("mts:CancelJob")).await;
    assert!(!may("mts:QueryJobList").await && may("mts:CancelJob").await);

    house.put_policy("NoCancel", &deny("mts:Cancel*")).await;
    house.attach("ada", "NoCancel").await;
    assert!(!may("mts:CancelJob").await);
    let grantee = Grantee::User(user_name("ada"));
    service
        .detach_policy(root, None, &grantee, "NoCancel")
        .await
        .unwrap();
    assert!(may("mts:CancelJob").await);
    service
        .detach_policy(root, None, &grantee, "ada")
        .await
        .unwrap();
    assert!(!may("mts:CancelJob").await);

    house.attach("ada", super::super::ADMINISTRATOR).await;
    assert!(may("mts:CancelJob").await);
    let attached = service
        .attached_policies(root, None, &grantee)
        .await
        .unwrap();
    assert_eq!(
        attached,
        [PolicyRef::System(super::super::ADMINISTRATOR.to_owned())]
    );
    assert!(house.may(root, "anything:AtAll"));
}

#[tokio::test]
async fn a_denial_names_action_resource_and_statement() {
    let house = House::new().await;
    let both = format!("{},{}", allow("mts:*"), deny("mts:Cancel*"));
    let ada = house.user("ada", &both).await;
    let ada = house.caller(&ada).await;
    let context = CallContext::default();
    let denied = |action| {
        let denied = house
            .service
            .authorise(&ada.principal, action, "*", &context);
        denied.unwrap_err().to_string()
    };
    assert_eq!(
        denied("mts:CancelJob"),
        "mts:CancelJob on * is denied by Statement[1] of ada"
    );
    assert_eq!(
        denied("ice:Any"),
        "ice:Any on * is allowed by no statement of the policies in force"
    );
    let unusable = house
        .service
        .may_use(&ada.principal, "mts:CancelJob", &context);
    assert_eq!(
        unusable.unwrap_err().to_string(),
        "mts:CancelJob on any resource is allowed by no statement of the policies in force"
    );
    assert!(
        house
            .service
            .may_use(&ada.principal, "mts:ListJob", &context)
            .is_ok()
    );

    let check = async |action| {
        let user = user_name("ada");
        let checked = house
            .service
            .check_policy(house.root(), None, &user, action, "*", &context);
        let verdict = checked.await.unwrap();
        (verdict.allowed, verdict.policy, verdict.statement)
    };
    let ada = Some("ada".to_owned());
    assert_eq!(check("mts:CancelJob").await, (false, ada.clone(), Some(1)));
    assert_eq!(check("mts:ListJob").await, (true, ada, Some(0)));
    assert_eq!(check("ice:Any").await, (false, None, None));
}

/// A check of `*` said what became of no call: those of operations without resources of their own act on all of the
/// product's in the account.
#[tokio::test]
async fn a_check_of_all_resources_says_what_calls_meet() {
    let house = House::new().await;
    let account = house.account;
    let all = format!("acs:mts:*:{account}:*");
    let statements = format!(
        r#"{{"Effect":"Allow","Action":"mts:*","Resource":"acs:mts:*:*:*"}},
           {{"Effect":"Deny","Action":"mts:ListJob","Resource":"{all}"}}"#
    );
    let ada = house.user("ada", &statements).await;
    let ada = house.caller(&ada).await;
    let (user, context) = (user_name("ada"), CallContext::default());
    for (action, allowed) in [("mts:CancelJob", true), ("mts:ListJob", false)] {
        let service = &house.service;
        let met = service.authorise(&ada.principal, action, &all, &context);
        assert_eq!(met.is_ok(), allowed, "{action}");
        let checked = service.check_policy(house.root(), None, &user, action, "*", &context);
        assert_eq!(checked.await.unwrap().allowed, allowed, "{action}");
    }
}

#[tokio::test]
async fn conditions_see_the_address_and_the_transport_of_the_call() {
    let house = House::new().await;
    let inside = r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{
        "IpAddress":{"acs:SourceIp":"192.0.2.0/24"},"Bool":{"acs:SecureTransport":"true"}}}"#;
    let ada = house.user("ada", inside).await;
    let ada = house.caller(&ada).await;
    let may = |source: &str, secure| {
        let source = Some(source.parse().unwrap());
        let context = CallContext { source, secure };
        house
            .service
            .authorise(&ada.principal, "mts:ListJob", "*", &context)
            .is_ok()
    };
    assert!(may(SOURCE, true));
    assert!(!may(SOURCE, false));
    assert!(!may("198.51.100.1", true));
}

#[tokio::test]
async fn a_document_that_makes_no_sense_is_refused_with_what_is_wrong() {
    let house = House::new().await;
    let put = async |name: &str, document: &str| {
        let name = PolicyName::new(name).unwrap();
        let put = house.service.put_policy(house.root(), None, name, document);
        let refused = put.await.map(drop).unwrap_err();
        (refused.kind, refused.to_string())
    };
    let (kind, message) = put("a", &policy(r#"{"Effect":"Permit"}"#)).await;
    assert_eq!(kind, ErrorKind::Invalid);
    assert!(message.starts_with("Statement[0].Effect"), "{message}");
    let unknown = r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{
        "StringEquals":{"live:Domain":"a.example"}}}"#;
    let (kind, message) = put("a", &policy(unknown)).await;
    assert_eq!(kind, ErrorKind::Invalid);
    assert!(message.contains("live:domain"), "{message}");
    let (kind, _) = put(super::super::ADMINISTRATOR, &policy(&allow("*"))).await;
    assert_eq!(kind, ErrorKind::Conflict);
}

#[tokio::test]
async fn a_policy_that_is_attached_stays_and_the_answer_says_to_whom() {
    let house = House::new().await;
    let (service, root) = (&house.service, house.root());
    house.user("ada", &allow("*")).await;
    let name = PolicyName::new("ada").unwrap();
    let refused = service.delete_policy(root, None, &name).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert_eq!(refused.to_string(), "policy ada is attached to user ada");
    service
        .delete_user(root, None, &user_name("ada"))
        .await
        .unwrap();
    service.delete_policy(root, None, &name).await.unwrap();
    let names: Vec<_> = service.policies(root, None).await.unwrap();
    let names: Vec<_> = names.iter().map(|policy| &*policy.name).collect();
    assert_eq!(names, [super::super::ADMINISTRATOR]);
}

#[tokio::test]
async fn users_policies_and_roles_of_another_account_do_not_exist() {
    let house = House::new().await;
    house.user("ada", &allow("*")).await;
    let stranger = Caller::root(AccountId::from_random(7));
    let (service, there) = (&house.service, Some(house.account));
    let ada = user_name("ada");
    let grantee = Grantee::User(ada.clone());
    let name = PolicyName::new("ada").unwrap();
    let context = CallContext::default();
    let kinds = [
        service.user(&stranger, None, &ada).await.map(drop),
        service.user(&stranger, there, &ada).await.map(drop),
        service.users(&stranger, there).await.map(drop),
        service.delete_user(&stranger, None, &ada).await,
        service.policy(&stranger, None, "ada").await.map(drop),
        service.delete_policy(&stranger, there, &name).await,
        service
            .attach_policy(&stranger, None, &grantee, "ada")
            .await,
        service
            .detach_policy(&stranger, None, &grantee, "ada")
            .await,
        service.set_user_password(&stranger, None, &ada, None).await,
        service
            .check_policy(&stranger, None, &ada, "a:B", "*", &context)
            .await
            .map(drop),
        service.roles(&stranger, there).await.map(drop),
        service.projects(&stranger, there).await.map(drop),
        service.limits(&stranger, house.account).await.map(drop),
        service.account(&stranger, house.account).await.map(drop),
    ];
    for (number, outcome) in kinds.into_iter().enumerate() {
        assert_eq!(
            outcome.unwrap_err().kind,
            ErrorKind::NotFound,
            "number {number}"
        );
    }
}

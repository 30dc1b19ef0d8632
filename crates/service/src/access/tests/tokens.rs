//! Tokens for passwords, and temporary keys made with them.

use std::time::Duration;

use reelgate_domain::access::ProjectName;

use super::*;
use crate::ErrorKind;
use crate::access::{
    IssuedToken, Secret, TokenError, TokenHolder, TokenRefusal, TokenRequest, TokenScope,
};

pub(super) const PASSWORD: &str = "correct horse";

impl House {
    pub(super) async fn with_ada() -> Self {
        let house = Self::new().await;
        house.user("ada", &allow("mpc:*")).await;
        house.set_password(PASSWORD).await;
        house
    }

    pub(super) async fn set_password(&self, password: &str) {
        let (ada, password) = (user_name("ada"), Some(Secret::new(password)));
        let set = self
            .service
            .set_user_password(self.root(), None, &ada, password);
        set.await.unwrap();
    }

    pub(super) async fn ask(
        &self,
        set: impl FnOnce(&mut TokenRequest),
    ) -> Result<IssuedToken, TokenRefusal> {
        let mut ask = TokenRequest {
            domain: "main".to_owned(),
            user: "ada".to_owned(),
            password: Secret::new(PASSWORD),
            scope: TokenScope::Account,
            source: Some(SOURCE.parse().unwrap()),
        };
        set(&mut ask);
        let proven = self.service.check_password(ask).await?;
        self.service.issue_token(proven).await
    }

    async fn scoped(&self, scope: TokenScope) -> Result<Option<String>, TokenRefusal> {
        let issued = self.ask(|ask| ask.scope = scope).await?;
        let holder = self.holder(&issued).await.unwrap();
        assert_eq!(holder.project, issued.project);
        Ok(issued.project.map(|project| project.id.to_string()))
    }

    async fn holder(&self, issued: &IssuedToken) -> Result<Arc<TokenHolder>, TokenError> {
        self.service.token_caller(issued.token.expose()).await
    }
}

#[tokio::test]
async fn a_token_is_its_users_for_a_day() {
    let house = House::with_ada().await;
    let issued = house.ask(|_| {}).await.unwrap();
    let holder = house.holder(&issued).await.unwrap();
    assert_eq!(
        holder.caller.principal.arn(),
        format!("acs:ram::{}:user/ada", house.account)
    );
    assert!(house.may(&holder.caller, "mpc:CreateTranscodings"));
    assert!(!house.may(&holder.caller, "mts:CancelJob"));
    assert_eq!(
        (holder.domain.id, &*holder.domain.name.to_string()),
        (house.account, "main")
    );
    assert_eq!(issued.expires_at.since(issued.issued_at), hours(24));

    house.clock.advance(hours(24) - Duration::from_millis(1));
    house.holder(&issued).await.unwrap();
    house.clock.advance(Duration::from_millis(1));
    let expired = house.holder(&issued).await.unwrap_err();
    assert!(matches!(expired, TokenError::Expired { at } if at == issued.expires_at));
}

#[tokio::test]
async fn whatever_is_wrong_about_a_login_is_answered_alike() {
    let house = House::with_ada().await;
    house
        .service
        .create_user(house.root(), None, user_name("bob"), None)
        .await
        .unwrap();
    let refused = async |domain: &str, user: &str, password: &str| {
        let asked = house.ask(|ask| {
            (ask.domain, ask.user) = (domain.to_owned(), user.to_owned());
            ask.password = Secret::new(password);
        });
        asked.await.map(drop).unwrap_err().to_string()
    };
    let wrong = refused("main", "ada", "wrong horse").await;
    for (domain, user, password) in [
        ("main", "ada", ""),
        ("main", "nobody", PASSWORD),
        ("main", "no such name", PASSWORD),
        ("nowhere", "ada", PASSWORD),
        ("no where", "ada", PASSWORD),
        ("1000000000000007", "ada", PASSWORD),
        // Has no password.
        ("main", "bob", ""),
    ] {
        assert_eq!(
            refused(domain, user, password).await,
            wrong,
            "{domain} {user}"
        );
    }
    let id = house.account.to_string();
    assert!(house.ask(|ask| ask.domain = id).await.is_ok());
}

#[tokio::test]
async fn a_token_is_good_for_what_it_was_asked_for() {
    let house = House::with_ada().await;
    let first = house.made.project_id.clone();
    let by_id = |id: &str| TokenScope::ProjectId(id.to_owned());
    let by_name = |name: &str| TokenScope::ProjectName(name.to_owned());
    let domain = |name: &str| TokenScope::Domain(name.to_owned());
    assert_eq!(house.scoped(TokenScope::Account).await.unwrap(), None);
    assert_eq!(house.scoped(domain("main")).await.unwrap(), None);
    assert_eq!(
        house
            .scoped(domain(&house.account.to_string()))
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        house.scoped(by_id(&first)).await.unwrap(),
        Some(first.clone())
    );
    // The only project answers to any name.
    for name in ["default", "cn-north-4"] {
        assert_eq!(
            house.scoped(by_name(name)).await.unwrap(),
            Some(first.clone())
        );
    }
    let second = ProjectName::new("second").unwrap();
    let second = house
        .service
        .create_project(house.root(), None, second)
        .await
        .unwrap();
    assert_eq!(
        house.scoped(by_name("second")).await.unwrap(),
        Some(second.id.to_string())
    );
    assert_eq!(house.scoped(by_name("default")).await.unwrap(), Some(first));
    for unknown in [
        by_name("cn-north-4"),
        by_id("0123456789abcdef0123456789abcdef"),
        by_id("x"),
        domain("other"),
    ] {
        let refused = house.scoped(unknown.clone()).await;
        assert!(
            matches!(refused, Err(TokenRefusal::UnknownScope)),
            "{unknown:?}"
        );
    }
}

#[tokio::test]
async fn a_token_ends_when_it_is_revoked_its_password_changes_or_its_user_is_gone() {
    let house = House::with_ada().await;
    let (service, root) = (&house.service, house.root());
    let is_unknown =
        async |issued: &IssuedToken| matches!(house.holder(issued).await, Err(TokenError::Unknown));
    let revoked = house.ask(|_| {}).await.unwrap();
    let other = house.ask(|_| {}).await.unwrap();
    house.holder(&revoked).await.unwrap();
    assert!(service.revoke_token(revoked.token.expose()).await.unwrap());
    assert!(!service.revoke_token(revoked.token.expose()).await.unwrap());
    assert!(is_unknown(&revoked).await && !is_unknown(&other).await);

    house.set_password("another horse").await;
    assert!(is_unknown(&other).await);
    assert!(matches!(
        house.ask(|_| {}).await,
        Err(TokenRefusal::WrongPassword)
    ));
    let last = house
        .ask(|ask| ask.password = Secret::new("another horse"))
        .await
        .unwrap();
    let detached = Grantee::User(user_name("ada"));
    house.holder(&last).await.unwrap();
    service
        .detach_policy(root, None, &detached, "ada")
        .await
        .unwrap();
    let holder = house.holder(&last).await.unwrap();
    assert!(!house.may(&holder.caller, "mpc:CreateTranscodings"));
    service
        .delete_user(root, None, &user_name("ada"))
        .await
        .unwrap();
    assert!(is_unknown(&last).await);
    assert!(matches!(
        service.token_caller("").await,
        Err(TokenError::Unknown)
    ));
}

/// They went on for a day, and nothing but a new master key could end those of the account itself.
#[tokio::test]
async fn a_temporary_key_ends_with_what_it_was_made_with() {
    let house = House::with_ada().await;
    let (service, root) = (&house.service, house.root());
    let made_by = async |caller: &Caller| service.temporary_key(caller, hours(24)).await.unwrap();
    let is_gone = async |key: &TemporaryKey| {
        matches!(house.session(key).await, Err(CredentialError::Unknown))
    };

    let lasting = service.create_access_key(root, None, None).await.unwrap();
    let id = &*lasting.view.id;
    let key = made_by(&house.caller(&lasting).await).await;
    assert!(house.session(&key).await.is_ok());
    let switch = async |on| service.set_key_active(root, None, id, on).await.unwrap();
    switch(false).await;
    assert!(is_gone(&key).await);
    switch(true).await;
    assert!(house.session(&key).await.is_ok());
    service.rotate_key(root, None, id, hours(1)).await.unwrap();
    assert!(house.session(&key).await.is_ok());
    house.clock.advance(hours(1));
    assert!(matches!(
        house.session(&key).await,
        Err(CredentialError::TokenExpired)
    ));
    service.delete_key(root, None, id).await.unwrap();
    assert!(is_gone(&key).await);

    let issued = house.ask(|_| {}).await.unwrap();
    let key = made_by(&house.holder(&issued).await.unwrap().caller).await;
    service.revoke_token(issued.token.expose()).await.unwrap();
    assert!(is_gone(&key).await);
    let issued = house.ask(|_| {}).await.unwrap();
    let key = made_by(&house.holder(&issued).await.unwrap().caller).await;
    assert!(house.session(&key).await.is_ok());
    house.set_password("another horse").await;
    assert!(is_gone(&key).await);
}

/// The store forgets tokens, but not while a temporary key may hang on them.
#[tokio::test]
async fn a_temporary_key_outlasts_the_time_of_its_token() {
    let house = House::with_ada().await;
    let issued = house.ask(|_| {}).await.unwrap();
    house.clock.advance(hours(24) - Duration::from_millis(1));
    let holder = house.holder(&issued).await.unwrap();
    let key = house.service.temporary_key(&holder.caller, hours(24));
    let key = key.await.unwrap();
    house.clock.advance(hours(24) - Duration::from_millis(1));
    house.service.tidy().await;
    assert!(house.session(&key).await.is_ok());
}

#[tokio::test]
async fn a_temporary_key_is_its_users_until_its_time_or_the_user_ends() {
    let house = House::with_ada().await;
    let holder = house
        .holder(&house.ask(|_| {}).await.unwrap())
        .await
        .unwrap();
    let make = async |seconds| {
        let duration = Duration::from_secs(seconds);
        house.service.temporary_key(&holder.caller, duration).await
    };
    for seconds in [0, 899, 86_401] {
        assert_eq!(make(seconds).await.unwrap_err().kind, ErrorKind::Invalid);
    }
    let key = make(900).await.unwrap();
    assert!(key.access.starts_with("HST") && key.access.len() == 20);
    let caller = house.session(&key).await.unwrap();
    assert_eq!(caller.principal.arn(), holder.caller.principal.arn());
    assert!(house.may(&caller, "mpc:CreateTranscodings") && !house.may(&caller, "mts:CancelJob"));
    // It makes no other, which would make it last for ever.
    let again = house
        .service
        .temporary_key(&caller, Duration::from_secs(900))
        .await;
    assert_eq!(again.unwrap_err().kind, ErrorKind::Denied);

    house.clock.advance(Duration::from_secs(900));
    assert!(matches!(
        house.session(&key).await,
        Err(CredentialError::TokenExpired)
    ));
    let key = make(86_400).await.unwrap();
    house.session(&key).await.unwrap();
    house
        .service
        .delete_user(house.root(), None, &user_name("ada"))
        .await
        .unwrap();
    assert!(matches!(
        house.session(&key).await,
        Err(CredentialError::Unknown)
    ));
    house.user("ada", &allow("*")).await;
    assert!(matches!(
        house.session(&key).await,
        Err(CredentialError::Unknown)
    ));
}

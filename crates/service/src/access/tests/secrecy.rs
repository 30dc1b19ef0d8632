//! Secrets are in what is handed out once, and nowhere else.

use std::fmt::Debug;
use std::io;
use std::sync::MutexGuard;

use reelgate_domain::access::RoleName;

use super::*;
use crate::access::{AssumeRole, Secret, TokenRequest, TokenScope};

/// Everything that may be shown to somebody, as text.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl Shown {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap()
    }

    fn add(&self, what: &impl Debug) {
        let text = format!("{what:?}\n{what:#?}\n");
        self.bytes().extend(text.into_bytes());
    }

    fn add_error(&self, error: &dyn std::error::Error) {
        self.add(&error);
        let mut cause = Some(error);
        while let Some(error) = cause {
            self.bytes().extend(format!("{error}\n").into_bytes());
            cause = error.source();
        }
    }

    fn holds(&self, secret: &str) -> bool {
        let bytes = self.bytes();
        let mut windows = bytes.windows(secret.len());
        windows.any(|window| window == secret.as_bytes())
    }
}

impl io::Write for Shown {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.bytes().extend(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_in_any_debug_text_error_log_or_file() {
    let shown = Shown::default();
    let log = shown.clone();
    let lines = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || log.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(lines);

    let house = House::new().await;
    let (service, root) = (&house.service, house.root());
    const PASSWORD: &str = "a password of somebody's";
    let password = || Secret::new(PASSWORD);
    let ada = user_name("ada");
    let made = service
        .create_user(root, None, ada.clone(), Some(password()))
        .await;
    shown.add(&made.unwrap());
    let access = service
        .create_access_key(root, None, Some(ada.clone()))
        .await
        .unwrap();
    let api = service
        .create_api_key(root, None, Some(ada), false)
        .await
        .unwrap();
    let temporary = service.temporary_key(root, hours(1)).await.unwrap();
    let trust = format!(
        r#"{{"Effect":"Allow","Principal":{{"RAM":"acs:ram::{}:root"}},"Action":"sts:AssumeRole"}}"#,
        house.account
    );
    let role = RoleName::new("queue").unwrap();
    service
        .put_role(root, None, role, &policy(&trust), None)
        .await
        .unwrap();
    let ask = AssumeRole {
        role_arn: format!("acs:ram::{}:role/queue", house.account),
        session_name: "shift".to_owned(),
        duration: None,
        policy: None,
    };
    let session = service
        .assume_role(root, ask, &CallContext::default())
        .await
        .unwrap();
    let ask = TokenRequest {
        domain: "main".to_owned(),
        user: "ada".to_owned(),
        password: password(),
        scope: TokenScope::Account,
        source: None,
    };
    shown.add(&ask);
    let proven = service.check_password(ask.clone()).await.unwrap();
    let issued = service.issue_token(proven).await.unwrap();

    shown.add(&(&access, &api, &temporary, &session, &issued));
    shown.add(&house.credential(&access.view.id).await.unwrap());
    shown.add(&service.token_caller(issued.token.expose()).await.unwrap());
    shown.add(&service.api_key_caller(api.secret.expose()).await.unwrap());
    shown.add(&service.keys(root, None).await.unwrap());
    shown.add(&house.store.access_key(&access.view.id).await.unwrap());
    shown.add(&house.store.sealed_secrets(None, 10).await.unwrap());
    shown.add(&service.access.keyring);
    service.rotate_master_key(&house.operator).await.unwrap();

    let token = temporary.security_token.expose();
    let mismatch = service.credential(&session.key.access, Some(token)).await;
    shown.add_error(&mismatch.unwrap_err());
    let wrong = TokenRequest {
        user: "eve".to_owned(),
        ..ask
    };
    shown.add_error(&service.check_password(wrong).await.unwrap_err());
    let stranger = service_with_another_key(&house);
    shown.add_error(
        &stranger
            .credential(&access.view.id, None)
            .await
            .unwrap_err(),
    );
    shown.add_error(&stranger.unlock().await.unwrap_err());
    let bad = Secret::new(format!("{PASSWORD}\n"));
    let refused = service
        .create_user(root, None, user_name("bob"), Some(bad))
        .await;
    shown.add_error(&refused.unwrap_err());

    let master = std::fs::read_to_string(key_file(house.dir.path())).unwrap();
    let secrets = [
        PASSWORD,
        access.secret.expose(),
        api.secret.expose(),
        temporary.secret.expose(),
        token,
        session.key.secret.expose(),
        session.key.security_token.expose(),
        issued.token.expose(),
        &house.made.access_key_secret,
        &house.made.api_key,
        &house.made.iam_password,
        master.lines().rfind(|line| !line.starts_with('#')).unwrap(),
    ];
    assert!(shown.holds("no such key") || shown.holds("another key"));
    for (number, secret) in secrets.iter().enumerate() {
        assert!(
            secret.len() >= 17 && !shown.holds(secret),
            "secret {number} is shown"
        );
        for entry in std::fs::read_dir(house.dir.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && path != key_file(house.dir.path()) {
                let bytes = std::fs::read(&path).unwrap();
                let mut windows = bytes.windows(secret.len());
                let is_there = windows.any(|window| window == secret.as_bytes());
                assert!(!is_there, "secret {number} is in {}", path.display());
            }
        }
    }
}

fn service_with_another_key(house: &House) -> Service {
    let other = Keyring::passing(&RandomIds::default());
    service(&house.store, &house.clock, house.dir.path(), other)
}

//! Tokens and temporary keys: asked for, used, looked at, ended.

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn with(mut request: Value, path: &str, value: Value) -> Value {
    *request.pointer_mut(path).unwrap() = value;
    request
}

#[tokio::test]
async fn a_token_for_a_project_is_answered_as_documented() {
    let world = World::new().await;
    let request = world.token_request();
    let call = world
        .plain("POST", "/v3/auth/tokens")
        .query("nocatalog=true")
        .json(&request);
    let answer = world.send(call).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let domain = json!({"id": world.made.account_id, "name": "main"});
    let user_id = answer.body["token"]["user"]["id"].as_str().unwrap();
    assert_eq!(user_id.len(), 32);
    let expected = json!({"token": {
        "catalog": [],
        "expires_at": "2026-01-16T08:30:00.000000Z",
        "issued_at": "2026-01-15T08:30:00.000000Z",
        "methods": ["password"],
        "project": {"domain": domain, "id": world.made.project_id, "name": "default"},
        "roles": [],
        "user": {"domain": domain, "id": user_id, "name": "admin", "password_expires_at": ""},
    }});
    assert_eq!(answer.body, expected);
    let token = answer.headers["x-subject-token"].to_str().unwrap();
    let looked = world.plain("GET", "/v3/auth/tokens").query("nocatalog=1");
    let looked = looked
        .header("x-auth-token", token)
        .header("x-subject-token", token);
    let looked = world.send(looked).await;
    assert_eq!((looked.status, looked.body), (200, expected));
    assert_eq!(looked.headers["x-subject-token"], token);
}

#[tokio::test]
async fn the_catalogue_says_where_to_use_a_token() {
    let world = World::new().await;
    for query in ["", "nocatalog="] {
        let call = world.plain("POST", "/v3/auth/tokens").query(query);
        let answer = world.send(call.json(&world.token_request())).await;
        let catalog = answer.body["token"]["catalog"].as_array().unwrap();
        let urls: Vec<_> = catalog
            .iter()
            .map(|entry| entry["endpoints"][0]["url"].as_str().unwrap())
            .collect();
        let mpc = format!("http://{HOST}/v1/{}", world.made.project_id);
        assert_eq!(urls, [&format!("http://{HOST}/v3"), &mpc]);
    }
}

#[tokio::test]
async fn scopes_and_accounts_go_by_name_or_id() {
    let world = World::new().await;
    let (account, project) = (&world.made.account_id, &world.made.project_id);
    let scope = |scope: Value| with(world.token_request(), "/auth/scope", scope);
    let domain = "/auth/identity/password/user/domain";
    let mut unscoped = world.token_request();
    unscoped["auth"].as_object_mut().unwrap().remove("scope");
    for (request, is_for_project) in [
        (scope(json!({"project": {"id": project}})), true),
        // The only project answers to the name of any region.
        (scope(json!({"project": {"name": "cn-north-4"}})), true),
        (
            scope(json!({"project": {"name": "default", "domain": {"name": account}}})),
            true,
        ),
        (
            scope(json!({"project": {"id": project}, "domain": {"name": "main"}})),
            true,
        ),
        (scope(json!({"domain": {"id": account}})), false),
        (scope(json!({"domain": {"name": "main"}})), false),
        (unscoped, false),
        (
            with(world.token_request(), domain, json!({"name": "main"})),
            true,
        ),
        (
            with(world.token_request(), domain, json!({"id": account})),
            true,
        ),
    ] {
        let call = world.plain("POST", "/v3/auth/tokens").json(&request);
        let answer = world.send(call).await;
        assert_eq!(answer.status, 201, "{request} {}", answer.body);
        let token = answer.headers["x-subject-token"].to_str().unwrap();
        assert_eq!(
            answer.body["token"].get("project").is_some(),
            is_for_project,
            "{request}"
        );
        assert_eq!(
            answer.body["token"].get("domain").is_some(),
            !is_for_project
        );
        // Media processing wants a project; the account's own calls do not.
        let call = Call {
            is_signed: false,
            ..world.request()
        };
        let answer = world.send(call.header("x-auth-token", token)).await;
        let expected = if is_for_project {
            "404 APIGW.0101"
        } else {
            "401 MPC.10208"
        };
        assert_eq!(answer.summary(), expected, "{request}");
        let list = world
            .plain("GET", "/v3/projects")
            .header("x-auth-token", token);
        assert_eq!(world.send(list).await.status, 200);
    }
}

#[tokio::test]
async fn nobody_gets_a_token_who_is_not_who_they_say() {
    let world = World::new().await;
    let user = "/auth/identity/password/user";
    let request = world.token_request();
    for (path, value) in [
        ("name", "nobody"),
        ("password", "wrong"),
        ("name", "no such name"),
    ] {
        let request = with(request.clone(), &format!("{user}/{path}"), value.into());
        let answer = world
            .send(world.plain("POST", "/v3/auth/tokens").json(&request))
            .await;
        assert_eq!(answer.summary(), "401 iam Unauthorized");
        assert_eq!(answer.message(), "The username or password is wrong.");
    }
    for name in ["other", "1000000000000001", ""] {
        let request = with(request.clone(), &format!("{user}/domain/name"), name.into());
        let answer = world
            .send(world.plain("POST", "/v3/auth/tokens").json(&request))
            .await;
        assert_eq!(answer.summary(), "401 iam Unauthorized", "{name}");
    }
    let operator = world.operator();
    let (_, second) = world
        .service
        .create_account(&operator, "second".parse().unwrap())
        .await
        .unwrap();
    for scope in [
        json!({"project": {"id": second.project_id}}),
        json!({"project": {"id": "x"}}),
        json!({"domain": {"name": "second"}}),
    ] {
        let request = with(request.clone(), "/auth/scope", scope);
        let answer = world
            .send(world.plain("POST", "/v3/auth/tokens").json(&request))
            .await;
        assert_eq!(answer.summary(), "403 iam Forbidden", "{request}");
    }
    let records = world.audited().await;
    assert_eq!(records[0].3, "401 401");
    assert_eq!(records[0].0, "");
    assert!(records.iter().all(|record| !record.2));
}

#[tokio::test]
async fn passwords_are_tried_so_often_only() {
    let world = World::new().await;
    let path = "/auth/identity/password/user/password";
    let wrong = with(world.token_request(), path, "wrong".into());
    let send = async |request: &Value| {
        world
            .send(world.plain("POST", "/v3/auth/tokens").json(request))
            .await
    };
    for _ in 0..30 {
        assert_eq!(send(&wrong).await.status, 401);
    }
    let answer = send(&world.token_request()).await;
    assert_eq!(answer.summary(), "429 APIGW.0308");
    assert_eq!(answer.headers["retry-after"], "2");
    world.advance(Duration::from_secs(2));
    assert_eq!(send(&world.token_request()).await.status, 201);
}

#[tokio::test]
async fn bodies_that_are_not_understood_are_refused_without_showing_them() {
    let world = World::new().await;
    let good = world.token_request();
    let user = "/auth/identity/password/user";
    let mut bodies: Vec<Vec<u8>> = [
        json!({}),
        json!([]),
        json!({"auth": {}}),
        json!({"auth": {"identity": {"methods": ["password"]}}}),
        with(good.clone(), "/auth/identity/methods", json!(["token"])),
        with(good.clone(), "/auth/identity/methods", json!([])),
        with(good.clone(), "/auth/identity/methods", json!("password")),
        with(good.clone(), &format!("{user}/password"), json!(["hush"])),
        with(good.clone(), &format!("{user}/domain"), json!({"hint": 1})),
        with(good.clone(), &format!("{user}/domain"), json!({})),
        with(
            good.clone(),
            &format!("{user}/domain"),
            json!({"id": "1", "name": "2"}),
        ),
        with(good.clone(), "/auth/scope", json!({"hint": 1})),
        with(good.clone(), "/auth/scope", json!({})),
        with(good.clone(), "/auth/scope", json!({"project": {}})),
        with(
            good.clone(),
            "/auth/scope",
            json!({"project": {"id": "1", "name": "2"}}),
        ),
        with(
            good.clone(),
            "/auth/scope",
            json!({"project": {"id": "1", "domain": {"name": "x"}}}),
        ),
    ]
    .iter()
    .map(|body| serde_json::to_vec(body).unwrap())
    .collect();
    bodies.extend([
        b"".to_vec(),
        b"{".to_vec(),
        b"\xff".to_vec(),
        b"hush".to_vec(),
    ]);
    bodies.push([b"[".repeat(10_000), b"]".repeat(10_000)].concat());
    bodies.push(br#"{"auth": {}, "auth": {}}"#.to_vec());
    let spaces = vec![b' '; 64 * 1024];
    bodies.push([serde_json::to_vec(&good).unwrap(), spaces].concat());
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let call = Call {
            body,
            ..world.plain("POST", "/v3/auth/tokens")
        };
        let answer = world.send(call).await;
        assert_eq!(answer.summary(), "400 iam Bad Request", "{shown}");
        let message = answer.message();
        assert!(
            message.starts_with("The request body is invalid: "),
            "{message}"
        );
        assert!(!message.contains("hush"), "{message}");
    }
    let call = world
        .plain("POST", "/v3/auth/tokens")
        .query("catalog=1")
        .json(&good);
    assert_eq!(world.send(call).await.summary(), "400 iam Bad Request");
}

#[tokio::test]
async fn tokens_end_after_a_day_and_when_they_are_revoked() {
    let world = World::new().await;
    let first = world.token(&world.token_request()).await;
    world.advance(Duration::from_secs(3600));
    let second = world.token(&world.token_request()).await;
    let use_of = async |token: &str| {
        let call = Call {
            is_signed: false,
            ..world.request()
        };
        world.send(call.header("x-auth-token", token)).await
    };
    for token in [&first, &second] {
        assert_eq!(use_of(token).await.summary(), "404 APIGW.0101");
    }
    world.advance(DAY - Duration::from_secs(3600));
    let answer = use_of(&first).await;
    assert_eq!(answer.summary(), "401 APIGW.0301");
    let expected = "Incorrect IAM authentication information: token expires, expires_at: 2026-01-16T08:30:00.000000Z";
    assert_eq!(answer.message(), expected);
    let revoke = world
        .plain("DELETE", "/v3/auth/tokens")
        .header("x-auth-token", &second);
    let expired = world
        .send(revoke.clone().header("x-subject-token", &first))
        .await;
    assert_eq!(expired.summary(), "404 iam Not Found");
    assert_eq!(
        world.send(revoke.clone()).await.summary(),
        "400 iam Bad Request"
    );
    let answer = world.send(revoke.header("x-subject-token", &second)).await;
    assert_eq!((answer.status, answer.body), (204, Value::Null));
    assert!(
        use_of(&second)
            .await
            .message()
            .ends_with("decrypt token fail")
    );
}

#[tokio::test]
async fn a_token_of_another_account_does_not_exist() {
    let world = World::new().await;
    let operator = world.operator();
    let (_, second) = world
        .service
        .create_account(&operator, "second".parse().unwrap())
        .await
        .unwrap();
    let own = world.token(&world.token_request()).await;
    let theirs = with(
        world.token_request(),
        "/auth/scope",
        json!({"project": {"id": second.project_id}}),
    );
    let theirs = with(
        theirs,
        "/auth/identity/password/user",
        json!({
            "name": second.iam_user, "password": second.iam_password, "domain": {"name": "second"},
        }),
    );
    let theirs = world.token(&theirs).await;
    for method in ["GET", "DELETE"] {
        let call = world
            .plain(method, "/v3/auth/tokens")
            .header("x-auth-token", &own);
        let answer = world.send(call.header("x-subject-token", &theirs)).await;
        assert_eq!(answer.summary(), "404 iam Not Found");
    }
    // It is good for their project, and for no other.
    let call = Call {
        is_signed: false,
        ..world.request()
    }
    .header("x-auth-token", &theirs);
    assert_eq!(world.send(call).await.summary(), "401 MPC.10208");
}

fn temporary(token: Value) -> Value {
    json!({"auth": {"identity": {"methods": ["token"], "token": token}}})
}

const SECURITY_TOKENS: &str = "/v3.0/OS-CREDENTIAL/securitytokens";

#[tokio::test]
async fn temporary_keys_sign_until_they_end() {
    let world = World::new().await;
    let token = world.token(&world.token_request()).await;
    let plain = world.plain("POST", SECURITY_TOKENS);
    let in_header = plain.clone().header("x-auth-token", &token);
    let key = (&world.made.access_key_id, &world.made.access_key_secret);
    let both = json!({"id": token, "duration_seconds": 900});
    for call in [
        plain.clone().json(&temporary(json!({"id": token}))),
        in_header
            .clone()
            .json(&temporary(json!({"duration_seconds": 900}))),
        in_header.clone().json(&temporary(both)),
        in_header.json(&json!({"auth": {"identity": {"methods": ["token"]}}})),
        plain.key(key.0, key.1).json(&temporary(json!({}))),
    ] {
        let answer = world.send(call).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let made = &answer.body["credential"];
        assert_eq!(made["expires_at"], "2026-01-15T08:45:00.000000Z");
        let [access, secret, security_token] =
            ["access", "secret", "securitytoken"].map(|name| made[name].as_str().unwrap());
        let call = world.request().key(access, secret);
        let good = call.clone().header("x-security-token", security_token);
        assert_eq!(world.send(good.clone()).await.summary(), "404 APIGW.0101");
        // The token need not be signed.
        let authorization = call.authorization();
        let unsigned = Call {
            is_signed: false,
            ..good
        }
        .header("authorization", &authorization);
        assert_eq!(world.send(unsigned).await.summary(), "404 APIGW.0101");
        let missing = world.send(call.clone()).await;
        assert!(missing.message().contains("x-security-token not found"));
        let broken = format!("{security_token}A");
        let answer = world.send(call.header("x-security-token", &broken)).await;
        assert!(answer.message().ends_with("decrypt token fail"));
    }
}

#[tokio::test]
async fn a_temporary_key_reaches_no_project_but_its_tokens() {
    let world = World::new().await;
    let other = world
        .service
        .create_project(&world.operator(), None, "other".parse().unwrap())
        .await
        .unwrap();
    let token = world.token(&world.token_request()).await;
    let calls = [
        world
            .plain("POST", SECURITY_TOKENS)
            .json(&temporary(json!({"id": token}))),
        // By a lasting key: good for all projects, as that is.
        world
            .plain("POST", SECURITY_TOKENS)
            .key(&world.made.access_key_id, &world.made.access_key_secret)
            .json(&temporary(json!({}))),
    ];
    for (call, elsewhere) in calls.into_iter().zip(["401 MPC.10208", "404 APIGW.0101"]) {
        let made = world.send(call).await.body;
        let made = |name: &str| made["credential"][name].as_str().unwrap().to_owned();
        let call = |project: &str| {
            let path = format!("/v1/{project}/nothing");
            world
                .plain("GET", &path)
                .header("x-security-token", &made("securitytoken"))
                .key(&made("access"), &made("secret"))
        };
        let own = world.send(call(&world.made.project_id)).await;
        assert_eq!(own.summary(), "404 APIGW.0101");
        let answer = world.send(call(&other.id.to_string())).await;
        assert_eq!(answer.summary(), elsewhere);
    }
}

#[tokio::test]
async fn an_expired_temporary_key_has_to_be_renewed() {
    let world = World::new().await;
    let token = world.token(&world.token_request()).await;
    let body = temporary(json!({"id": token, "duration_seconds": 900}));
    let made = world
        .send(world.plain("POST", SECURITY_TOKENS).json(&body))
        .await
        .body;
    let made = |name: &str| made["credential"][name].as_str().unwrap().to_owned();
    world.advance(Duration::from_secs(900));
    let call = world
        .request()
        .header("x-security-token", &made("securitytoken"));
    let answer = world.send(call.key(&made("access"), &made("secret"))).await;
    assert_eq!(answer.summary(), "401 APIGW.0307");
    assert_eq!(answer.message(), "The token must be updated.");
}

#[tokio::test]
async fn temporary_keys_are_made_for_whom_the_token_is() {
    let world = World::new().await;
    let token = world.token(&world.token_request()).await;
    let other = world.token(&world.token_request()).await;
    let plain = world.plain("POST", SECURITY_TOKENS);
    let key = (&world.made.access_key_id, &world.made.access_key_secret);
    let duration = |seconds: Value| temporary(json!({"id": token, "duration_seconds": seconds}));
    for (call, expected) in [
        (
            plain.clone().json(&duration(899.into())),
            "400 iam Bad Request",
        ),
        (
            plain.clone().json(&duration(86_401.into())),
            "400 iam Bad Request",
        ),
        (
            plain.clone().json(&duration("900".into())),
            "400 iam Bad Request",
        ),
        (plain.clone().json(&duration(86_400.into())), "201"),
        (
            plain.clone().json(&temporary(json!({"id": "x"}))),
            "401 APIGW.0301",
        ),
        (plain.clone().json(&temporary(json!({}))), "401 APIGW.0301"),
        (plain.clone().json(&json!({})), "400 iam Bad Request"),
        (
            plain
                .clone()
                .json(&temporary(json!({"id": other})))
                .header("x-auth-token", &token),
            "400 iam Bad Request",
        ),
        (
            plain
                .clone()
                .json(&temporary(json!({"id": token})))
                .key(key.0, key.1),
            "400 iam Bad Request",
        ),
        (
            plain.query("a=b").json(&temporary(json!({"id": token}))),
            "400 iam Bad Request",
        ),
    ] {
        let body = String::from_utf8_lossy(&call.body).into_owned();
        assert_eq!(world.send(call).await.summary(), expected, "{body}");
    }
    // One does not lead to the next.
    let made = world
        .send(
            world
                .plain("POST", SECURITY_TOKENS)
                .json(&duration(900.into())),
        )
        .await
        .body;
    let made = |name: &str| made["credential"][name].as_str().unwrap().to_owned();
    let again = world
        .plain("POST", SECURITY_TOKENS)
        .json(&temporary(json!({})));
    let again = again.header("x-security-token", &made("securitytoken"));
    let answer = world
        .send(again.key(&made("access"), &made("secret")))
        .await;
    assert_eq!(answer.summary(), "403 iam Forbidden");
}

#[tokio::test]
async fn a_call_is_in_the_audit_although_its_caller_has_left() {
    let world = World::new().await;
    let token = world.token(&world.token_request()).await;
    let revoke = world
        .plain("DELETE", "/v3/auth/tokens")
        .header("x-auth-token", &token)
        .header("x-subject-token", &token);
    {
        // It waits for the store when its caller goes away.
        let mut call = std::pin::pin!(world.send(revoke));
        let first =
            std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context)));
        assert!(first.await.is_pending());
    }
    let (_, action, is_allowed, status, _) = world.audited().await.pop().unwrap();
    let left = ("iam:KeystoneRevokeToken", true, "499");
    assert_eq!((&*action, is_allowed, &*status), left);
}

#[tokio::test]
async fn what_hands_out_access_is_recorded_before_it_is_answered() {
    let world = World::new().await;
    let token = world.token(&world.token_request()).await;
    let body = temporary(json!({"id": token}));
    world
        .send(world.plain("POST", SECURITY_TOKENS).json(&body))
        .await;
    let revoke = world
        .plain("DELETE", "/v3/auth/tokens")
        .header("x-auth-token", &token);
    world.send(revoke.header("x-subject-token", &token)).await;
    let user = format!("acs:ram::{}:user/admin", world.made.account_id);
    let row = |action: &str, status: &str| {
        (
            user.clone(),
            format!("iam:{action}"),
            true,
            status.to_owned(),
            String::new(),
        )
    };
    let expected = [
        row("KeystoneCreateUserTokenByPassword", "201"),
        row("CreateTemporaryAccessKeyByToken", "201"),
        row("KeystoneRevokeToken", "204"),
    ];
    assert_eq!(world.stored().await, expected);
}

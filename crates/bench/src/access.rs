//! What a signed call pays before it may do anything, beside the check of its signature alone.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, anyhow, ensure};
use futures_util::FutureExt;
use reelgate_domain::access::{CallLimit, Grantee, Period, UserName};
use reelgate_service::{CallContext, Clock, SystemClock, signed_call};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::figure::{Figure, Goal};
use crate::house::House;
use crate::rounds::in_turns;
use crate::signature;

const CALLS: u32 = 2_000;
const ROUNDS: usize = 50;
const STATEMENTS: usize = 20;

pub(crate) fn figures(runtime: &Runtime, dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    tell(runtime.block_on(admission(dir))?);
    Ok(())
}

/// The steps of the gateway, on a user's key: find it, check the signature, count the call, look for
/// a replay, ask the policies.
async fn admission(dir: &Path) -> Result<Figure> {
    let house = House::build(dir).await?;
    let (service, caller) = (&house.service, &house.caller);
    let user: UserName = "bench".parse()?;
    let grantee = Grantee::User(user.clone());
    service
        .create_user(caller, None, user.clone(), None)
        .await?;
    service
        .put_policy(caller, None, "bench".parse()?, &policy())
        .await?;
    service
        .attach_policy(caller, None, &grantee, "bench")
        .await?;
    let key = service.create_access_key(caller, None, Some(user)).await?;
    let (id, secret) = (key.view.id.as_str(), key.secret.expose());
    let query = signature::signed_query(id, secret)?;

    let context = CallContext {
        source: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        secure: false,
    };
    // So many that none is refused.
    let limit = CallLimit {
        calls: u32::MAX,
        per: Period::Second,
    };
    let resource = format!("acs:mts:*:{}:*", caller.account);
    let mut nonces = 0_u64;
    let mut admitted = async || -> Result<()> {
        let credential = service.credential(id, None).await?;
        signature::check(black_box(&query), credential.secret.expose())?;
        let principal = &credential.principal;
        service.throttle(principal.account, "mts:SubmitJobs", Some(limit))?;
        nonces += 1;
        let once = signed_call(id, &format!("{nonces:032x}"), SystemClock.now());
        ensure!(service.read_once(&once), "the nonce is new");
        service.authorise(principal, "mts:SubmitJobs", &resource, &context)?;
        Ok(())
    };
    admitted().await?;
    let denied = service.authorise(
        &service.credential(id, None).await?.principal,
        "mts:DeletePipeline",
        &resource,
        &context,
    );
    ensure!(denied.is_err(), "the policy allows too much");
    let pair = in_turns(
        ROUNDS,
        || {
            let started = Instant::now();
            for _ in 0..CALLS {
                let done = admitted().now_or_never();
                done.ok_or_else(|| anyhow!("the key is looked up again"))??;
            }
            Ok(micros(started))
        },
        || {
            let started = Instant::now();
            for _ in 0..CALLS {
                signature::check(black_box(&query), secret)?;
            }
            Ok(micros(started))
        },
    )?;
    let name = format!("admission of a call, {STATEMENTS} statements / its V1 signature check");
    Ok(Figure::beside(name, "us", pair, Goal::Most(5.0)))
}

/// Of all statements only the last allows what is asked, so that each has to be looked at.
fn policy() -> String {
    let others = (1..STATEMENTS).map(|number| -> Value {
        json!({
            "Effect": if number % 4 == 0 { "Deny" } else { "Allow" },
            "Action": ["mts:Query*", "mts:Submit*"],
            "Resource": format!("acs:mts:*:*:pipeline/{number}*"),
            "Condition": { "IpAddress": { "acs:SourceIp": "10.0.0.0/8" } },
        })
    });
    let last = json!({
        "Effect": "Allow",
        "Action": ["mts:Submit*", "mts:QueryJobList"],
        "Resource": "acs:mts:*:*:*",
        "Condition": {
            "IpAddress": { "acs:SourceIp": ["10.0.0.0/8", "127.0.0.0/8"] },
            "DateLessThan": { "acs:CurrentTime": "2099-01-01T00:00:00Z" },
        },
    });
    let statements: Vec<_> = others.chain([last]).collect();
    json!({ "Version": "1", "Statement": statements }).to_string()
}

fn micros(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS)
}

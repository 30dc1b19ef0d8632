//! Policies, roles, and which policy is attached to whom.

use reelgate_domain::AccountId;
use reelgate_domain::access::{
    Grant, Grantee, NamedPolicy, PolicyName, PolicyRef, Role, RoleId, RoleName,
};
use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::{Cells, account_key};
use super::super::sql::access as sql;
use super::{count, users};
use crate::contract::{Attach, DeletePolicy, Put, Result};

pub(super) async fn put(session: &Session, policy: &NamedPolicy) -> Answer<Put> {
    let (account, name) = (policy.account, policy.name.as_str());
    let outcome = may_put(session, account, name, &POLICIES).await?;
    if matches!(outcome, Put::Created | Put::Replaced) {
        let stored: [Param<'_>; 5] = [
            &account_key(account),
            &name,
            &policy.document,
            &policy.created_at.as_millis(),
            &policy.updated_at.as_millis(),
        ];
        session.execute(sql::PUT_POLICY, &stored).await?;
    }
    Ok(outcome)
}

/// What is counted and looked up before something is put.
struct Kind {
    exists: &'static str,
    count: &'static str,
    most: u32,
}

const POLICIES: Kind = Kind {
    exists: sql::POLICY_EXISTS,
    count: sql::COUNT_POLICIES,
    most: NamedPolicy::MOST,
};

const ROLES: Kind = Kind {
    exists: sql::ROLE_EXISTS,
    count: sql::COUNT_ROLES,
    most: Role::MOST,
};

async fn may_put(session: &Session, account: AccountId, name: &str, kind: &Kind) -> Answer<Put> {
    let key = account_key(account);
    if !super::lock(session, account).await? {
        return Ok(Put::OwnerMissing);
    }
    if session.holds(kind.exists, &[&key, &name]).await? {
        return Ok(Put::Replaced);
    }
    Ok(
        match count(session, kind.count, &[&key]).await? >= kind.most {
            true => Put::TooMany,
            false => Put::Created,
        },
    )
}

pub(super) async fn get(
    session: &Session,
    account: AccountId,
    name: &PolicyName,
) -> Answer<Option<NamedPolicy>> {
    let key: [Param<'_>; 2] = [&account_key(account), &name.as_str()];
    super::one(session, sql::POLICY, &key, read).await
}

pub(super) async fn list(session: &Session, account: AccountId) -> Answer<Vec<NamedPolicy>> {
    super::list(session, sql::POLICIES, &[&account_key(account)], read).await
}

fn read(row: &Row) -> Result<NamedPolicy> {
    let cells = Cells::of(row, "policies", row.get::<_, &str>(1));
    Ok(NamedPolicy {
        account: cells.account(0)?,
        name: cells.word(1, "name")?,
        document: cells.get(2, "document")?,
        created_at: cells.time(3, "created_at")?,
        updated_at: cells.time(4, "updated_at")?,
    })
}

pub(super) async fn delete(
    session: &Session,
    account: AccountId,
    name: &PolicyName,
) -> Answer<DeletePolicy> {
    super::lock(session, account).await?;
    let key: [Param<'_>; 2] = [&account_key(account), &name.as_str()];
    if !session.holds(sql::POLICY_EXISTS, &key).await? {
        return Ok(DeletePolicy::Missing);
    }
    let attached = super::list(session, sql::ATTACHED_TO, &key, |row| {
        let cells = Cells::of(row, "attachments", name);
        Ok(match cells.get::<i16>(0, "kind")? {
            0 => Grantee::User(cells.word(1, "grantee")?),
            1 => Grantee::Role(cells.word(1, "grantee")?),
            other => return Err(cells.corrupt("kind", format!("{other} is no kind"))),
        })
    });
    let attached = attached.await?;
    if !attached.is_empty() {
        return Ok(DeletePolicy::Attached(attached));
    }
    session.execute(sql::DELETE_POLICY, &key).await?;
    Ok(DeletePolicy::Deleted)
}

pub(super) async fn put_role(session: &Session, role: &Role) -> Answer<Put> {
    let (account, name) = (role.account, role.name.as_str());
    let outcome = may_put(session, account, name, &ROLES).await?;
    if matches!(outcome, Put::Created | Put::Replaced) {
        let stored: [Param<'_>; 6] = [
            &account_key(account),
            &name,
            &&role.id.as_bytes()[..],
            &role.trust,
            &i64::from(role.max_session),
            &role.created_at.as_millis(),
        ];
        session.execute(sql::PUT_ROLE, &stored).await?;
    }
    Ok(outcome)
}

pub(super) async fn role(
    session: &Session,
    account: AccountId,
    name: &RoleName,
) -> Answer<Option<Role>> {
    let key: [Param<'_>; 2] = [&account_key(account), &name.as_str()];
    super::one(session, sql::ROLE, &key, read_role).await
}

pub(super) async fn roles(session: &Session, account: AccountId) -> Answer<Vec<Role>> {
    super::list(session, sql::ROLES, &[&account_key(account)], read_role).await
}

fn read_role(row: &Row) -> Result<Role> {
    let cells = Cells::of(row, "roles", row.get::<_, &str>(1));
    Ok(Role {
        account: cells.account(0)?,
        name: cells.word(1, "name")?,
        id: RoleId::from_bytes(cells.bytes(2, "id")?),
        trust: cells.get(3, "trust")?,
        max_session: cells.number::<i64, _>(4, "max_session")?,
        created_at: cells.time(5, "created_at")?,
    })
}

pub(super) async fn delete_role(
    session: &Session,
    account: AccountId,
    name: &RoleName,
) -> Answer<bool> {
    super::lock(session, account).await?;
    let key: [Param<'_>; 2] = [&account_key(account), &name.as_str()];
    if session.execute(sql::DELETE_ROLE, &key).await? == 0 {
        return Ok(false);
    }
    detach_all(session, account, &Grantee::Role(name.clone())).await?;
    Ok(true)
}

/// A user or role as it is stored.
fn stored(grantee: &Grantee) -> (i16, &str) {
    match grantee {
        Grantee::User(name) => (0, name.as_str()),
        Grantee::Role(name) => (1, name.as_str()),
    }
}

fn is_custom(policy: &PolicyRef) -> bool {
    matches!(policy, PolicyRef::Custom(_))
}

async fn exists(session: &Session, account: AccountId, grantee: &Grantee) -> Answer<bool> {
    match grantee {
        Grantee::User(name) => users::exists(session, account, name).await,
        Grantee::Role(name) => {
            let key: [Param<'_>; 2] = [&account_key(account), &name.as_str()];
            session.holds(sql::ROLE_EXISTS, &key).await
        }
    }
}

pub(super) async fn attach(
    session: &Session,
    account: AccountId,
    grantee: &Grantee,
    policy: &PolicyRef,
) -> Answer<Attach> {
    super::lock(session, account).await?;
    let (key, (kind, name)) = (account_key(account), stored(grantee));
    if !exists(session, account, grantee).await? {
        return Ok(Attach::GranteeMissing);
    }
    if let PolicyRef::Custom(policy) = policy {
        let custom: [Param<'_>; 2] = [&key, &policy.as_str()];
        if !session.holds(sql::POLICY_EXISTS, &custom).await? {
            return Ok(Attach::PolicyMissing);
        }
    }
    let row: [Param<'_>; 5] = [&key, &kind, &name, &is_custom(policy), &policy.name()];
    if session.holds(sql::IS_ATTACHED, &row).await? {
        return Ok(Attach::Attached);
    }
    let theirs: [Param<'_>; 3] = [&key, &kind, &name];
    if count(session, sql::COUNT_ATTACHMENTS, &theirs).await? >= Grantee::MOST_POLICIES {
        return Ok(Attach::TooMany);
    }
    session.execute(sql::INSERT_ATTACHMENT, &row).await?;
    Ok(Attach::Attached)
}

pub(super) async fn detach(
    session: &Session,
    account: AccountId,
    grantee: &Grantee,
    policy: &PolicyRef,
) -> Answer<bool> {
    let (kind, name) = stored(grantee);
    let row: [Param<'_>; 5] = [
        &account_key(account),
        &kind,
        &name,
        &is_custom(policy),
        &policy.name(),
    ];
    Ok(session.execute(sql::DELETE_ATTACHMENT, &row).await? == 1)
}

pub(super) async fn detach_all(
    session: &Session,
    account: AccountId,
    grantee: &Grantee,
) -> Answer<()> {
    let (kind, name) = stored(grantee);
    let key: [Param<'_>; 3] = [&account_key(account), &kind, &name];
    session.execute(sql::DELETE_ATTACHMENTS, &key).await?;
    Ok(())
}

/// In one statement, so that a user and what is attached to it are of one moment.
pub(super) async fn grants(
    session: &Session,
    account: AccountId,
    grantee: &Grantee,
) -> Answer<Option<Vec<Grant>>> {
    let (_, name) = stored(grantee);
    let key: [Param<'_>; 2] = [&account_key(account), &name];
    let query = match grantee {
        Grantee::User(_) => sql::GRANTS_OF_USER,
        Grantee::Role(_) => sql::GRANTS_OF_ROLE,
    };
    let rows = session.all(query, &key).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut grants = Vec::with_capacity(rows.len());
    for row in &rows {
        let cells = Cells::of(row, "attachments", name);
        let policy = match cells.get(0, "custom")? {
            None => continue,
            Some(true) => PolicyRef::Custom(cells.word(1, "policy")?),
            Some(false) => PolicyRef::System(cells.get(1, "policy")?),
        };
        let document: Option<String> = cells.get(2, "document")?;
        if is_custom(&policy) && document.is_none() {
            // Whoever is allowed by omission of a refusal must not be.
            let gone = cells.corrupt("policy", format!("{} is gone", policy.name()));
            return Err(gone.into());
        }
        grants.push(Grant { policy, document });
    }
    Ok(Some(grants))
}

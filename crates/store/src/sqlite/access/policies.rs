//! Policies, roles, and which policy is attached to whom.

use reelgate_domain::AccountId;
use reelgate_domain::access::{
    Grant, Grantee, NamedPolicy, PolicyName, PolicyRef, Role, RoleId, RoleName,
};
use rusqlite::{Connection, Row, params};

use super::super::rows::{Cells, account_key, all, cell, execute, one};
use super::super::sql::access as sql;
use super::{accounts, holds, users};
use crate::contract::{Attach, DeletePolicy, Put, Result};

pub(super) fn put(connection: &Connection, policy: &NamedPolicy) -> Result<Put> {
    let (account, name) = (policy.account, policy.name.as_str());
    let outcome = may_put(connection, account, name, &POLICIES)?;
    if matches!(outcome, Put::Created | Put::Replaced) {
        execute(
            connection,
            sql::PUT_POLICY,
            params![
                account_key(account),
                name,
                policy.document,
                policy.created_at.as_millis(),
                policy.updated_at.as_millis(),
            ],
        )?;
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

fn may_put(connection: &Connection, account: AccountId, name: &str, kind: &Kind) -> Result<Put> {
    let key = account_key(account);
    if !accounts::exists(connection, account)? {
        return Ok(Put::OwnerMissing);
    }
    if holds(connection, kind.exists, params![key, name])? {
        return Ok(Put::Replaced);
    }
    let count: Option<u32> = cell(connection, kind.count, [key])?;
    Ok(match count >= Some(kind.most) {
        true => Put::TooMany,
        false => Put::Created,
    })
}

pub(super) fn get(
    connection: &Connection,
    account: AccountId,
    name: &PolicyName,
) -> Result<Option<NamedPolicy>> {
    let key = params![account_key(account), name.as_str()];
    one(connection, sql::POLICY, key, read)
}

pub(super) fn list(connection: &Connection, account: AccountId) -> Result<Vec<NamedPolicy>> {
    all(connection, sql::POLICIES, [account_key(account)], read)
}

fn read(row: &Row<'_>) -> Result<NamedPolicy> {
    let cells = Cells::of(row, "policies", row.get::<_, String>(1)?);
    Ok(NamedPolicy {
        account: cells.account(0)?,
        name: cells.word(1, "name")?,
        document: cells.get(2, "document")?,
        created_at: cells.time(3, "created_at")?,
        updated_at: cells.time(4, "updated_at")?,
    })
}

pub(super) fn delete(
    connection: &Connection,
    account: AccountId,
    name: &PolicyName,
) -> Result<DeletePolicy> {
    let key = params![account_key(account), name.as_str()];
    if !holds(connection, sql::POLICY_EXISTS, key)? {
        return Ok(DeletePolicy::Missing);
    }
    let attached = all(connection, sql::ATTACHED_TO, key, |row| {
        let cells = Cells::of(row, "attachments", name);
        Ok(match cells.get::<i64>(0, "kind")? {
            0 => Grantee::User(cells.word(1, "grantee")?),
            1 => Grantee::Role(cells.word(1, "grantee")?),
            other => return Err(cells.corrupt("kind", format!("{other} is no kind"))),
        })
    })?;
    if !attached.is_empty() {
        return Ok(DeletePolicy::Attached(attached));
    }
    execute(connection, sql::DELETE_POLICY, key)?;
    Ok(DeletePolicy::Deleted)
}

pub(super) fn put_role(connection: &Connection, role: &Role) -> Result<Put> {
    let (account, name) = (role.account, role.name.as_str());
    let outcome = may_put(connection, account, name, &ROLES)?;
    if matches!(outcome, Put::Created | Put::Replaced) {
        execute(
            connection,
            sql::PUT_ROLE,
            params![
                account_key(account),
                name,
                role.id.as_bytes(),
                role.trust,
                role.max_session,
                role.created_at.as_millis(),
            ],
        )?;
    }
    Ok(outcome)
}

pub(super) fn role(
    connection: &Connection,
    account: AccountId,
    name: &RoleName,
) -> Result<Option<Role>> {
    let key = params![account_key(account), name.as_str()];
    one(connection, sql::ROLE, key, read_role)
}

pub(super) fn roles(connection: &Connection, account: AccountId) -> Result<Vec<Role>> {
    all(connection, sql::ROLES, [account_key(account)], read_role)
}

fn read_role(row: &Row<'_>) -> Result<Role> {
    let cells = Cells::of(row, "roles", row.get::<_, String>(1)?);
    Ok(Role {
        account: cells.account(0)?,
        name: cells.word(1, "name")?,
        id: RoleId::from_bytes(cells.get(2, "id")?),
        trust: cells.get(3, "trust")?,
        max_session: cells.number(4, "max_session")?,
        created_at: cells.time(5, "created_at")?,
    })
}

pub(super) fn delete_role(
    connection: &Connection,
    account: AccountId,
    name: &RoleName,
) -> Result<bool> {
    let key = params![account_key(account), name.as_str()];
    if execute(connection, sql::DELETE_ROLE, key)? == 0 {
        return Ok(false);
    }
    detach_all(connection, account, &Grantee::Role(name.clone()))?;
    Ok(true)
}

/// A user or role as it is stored.
fn stored(grantee: &Grantee) -> (i64, &str) {
    match grantee {
        Grantee::User(name) => (0, name.as_str()),
        Grantee::Role(name) => (1, name.as_str()),
    }
}

fn is_custom(policy: &PolicyRef) -> bool {
    matches!(policy, PolicyRef::Custom(_))
}

fn exists(connection: &Connection, account: AccountId, grantee: &Grantee) -> Result<bool> {
    match grantee {
        Grantee::User(name) => users::exists(connection, account, name),
        Grantee::Role(name) => {
            let key = params![account_key(account), name.as_str()];
            holds(connection, sql::ROLE_EXISTS, key)
        }
    }
}

pub(super) fn attach(
    connection: &Connection,
    account: AccountId,
    grantee: &Grantee,
    policy: &PolicyRef,
) -> Result<Attach> {
    let (key, (kind, name)) = (account_key(account), stored(grantee));
    if !exists(connection, account, grantee)? {
        return Ok(Attach::GranteeMissing);
    }
    if let PolicyRef::Custom(policy) = policy
        && !holds(
            connection,
            sql::POLICY_EXISTS,
            params![key, policy.as_str()],
        )?
    {
        return Ok(Attach::PolicyMissing);
    }
    let row = params![key, kind, name, is_custom(policy), policy.name()];
    if holds(connection, sql::IS_ATTACHED, row)? {
        return Ok(Attach::Attached);
    }
    let count: Option<u32> = cell(connection, sql::COUNT_ATTACHMENTS, params![key, kind, name])?;
    if count >= Some(Grantee::MOST_POLICIES) {
        return Ok(Attach::TooMany);
    }
    execute(connection, sql::INSERT_ATTACHMENT, row)?;
    Ok(Attach::Attached)
}

pub(super) fn detach(
    connection: &Connection,
    account: AccountId,
    grantee: &Grantee,
    policy: &PolicyRef,
) -> Result<bool> {
    let (kind, name) = stored(grantee);
    let row = params![
        account_key(account),
        kind,
        name,
        is_custom(policy),
        policy.name()
    ];
    Ok(execute(connection, sql::DELETE_ATTACHMENT, row)? == 1)
}

pub(super) fn detach_all(
    connection: &Connection,
    account: AccountId,
    grantee: &Grantee,
) -> Result<()> {
    let (kind, name) = stored(grantee);
    let key = params![account_key(account), kind, name];
    execute(connection, sql::DELETE_ATTACHMENTS, key)?;
    Ok(())
}

pub(super) fn grants(
    connection: &Connection,
    account: AccountId,
    grantee: &Grantee,
) -> Result<Option<Vec<Grant>>> {
    if !exists(connection, account, grantee)? {
        return Ok(None);
    }
    let (kind, name) = stored(grantee);
    let key = params![account_key(account), kind, name];
    let grants = all(connection, sql::GRANTS, key, |row| {
        let cells = Cells::of(row, "attachments", name);
        let document: Option<String> = cells.get(2, "document")?;
        let policy = match cells.get(0, "custom")? {
            true => PolicyRef::Custom(cells.word(1, "policy")?),
            false => PolicyRef::System(cells.get(1, "policy")?),
        };
        if is_custom(&policy) && document.is_none() {
            // Whoever is allowed by omission of a refusal must not be.
            return Err(cells.corrupt("policy", format!("{} is gone", policy.name())));
        }
        Ok(Grant { policy, document })
    })?;
    Ok(Some(grants))
}

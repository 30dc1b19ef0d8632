//! Accounts, their features, limits and projects.

use std::collections::{BTreeMap, BTreeSet};

use reelgate_domain::AccountId;
use reelgate_domain::access::{
    Account, AccountName, Feature, Grantee, LimitRule, Project, ProjectId,
};
use rusqlite::{Connection, Row, params};

use super::super::rows::{Cells, account_key, all, cell, execute, one};
use super::super::sql::access as sql;
use super::super::writer::Tx;
use super::super::{buckets, pipelines};
use super::{holds, keys, policies, users};
use crate::contract::{Create, CreateAccount, NewAccount, NewPipeline, Result, StoreError};

pub(super) fn create(tx: &Tx<'_>, new: &NewAccount) -> Result<CreateAccount> {
    let connection = tx.connection();
    if new.only_first && any(connection)? {
        return Ok(CreateAccount::NotFirst);
    }
    let name = new.account.name.as_str();
    if holds(connection, sql::ACCOUNT_NAME_EXISTS, [name])? {
        return Ok(CreateAccount::NameTaken);
    }
    let (id, key) = (new.account.id, account_key(new.account.id));
    let created_at = new.account.created_at.as_millis();
    execute(
        connection,
        sql::INSERT_ACCOUNT,
        params![key, name, created_at],
    )?;
    for feature in &new.account.features {
        execute(
            connection,
            sql::INSERT_FEATURE,
            params![key, feature.word()],
        )?;
    }
    is_new(insert_project(connection, &new.project)?, "project")?;
    let hash = new.password_hash.as_deref();
    is_new(users::insert(connection, &new.user, hash)?, "user")?;
    let user = Grantee::User(new.user.name.clone());
    for policy in &new.policies {
        policies::attach(connection, id, &user, policy)?;
    }
    let key = &new.access_key;
    is_new(keys::insert_access_key(connection, key)?, "access key")?;
    is_new(keys::insert_api_key(connection, &new.api_key)?, "API key")?;
    for pipeline in &new.pipelines {
        pipelines::create(tx, pipeline)?;
    }
    if let Some(bucket) = &new.bucket {
        is_new(buckets::create(tx, bucket)?, "bucket")?;
    }
    Ok(CreateAccount::Created)
}

/// All that comes with a new account has an id that was just made up, or is the first of its name.
fn is_new(stored: bool, what: &str) -> Result<()> {
    if stored {
        return Ok(());
    }
    let why = format!("there already is a {what} with the new one's name or id");
    Err(StoreError::Unavailable(why))
}

pub(super) fn any(connection: &Connection) -> Result<bool> {
    holds(connection, sql::HAS_ACCOUNTS, [])
}

pub(in crate::sqlite) fn exists(connection: &Connection, account: AccountId) -> Result<bool> {
    holds(connection, sql::ACCOUNT_EXISTS, [account_key(account)])
}

pub(super) fn get(connection: &Connection, id: AccountId) -> Result<Option<Account>> {
    one(connection, sql::ACCOUNT, [account_key(id)], read)
}

pub(super) fn named(connection: &Connection, name: &AccountName) -> Result<Option<Account>> {
    one(connection, sql::ACCOUNT_NAMED, [name.as_str()], read)
}

pub(super) fn list(
    connection: &Connection,
    after: Option<AccountId>,
    limit: u32,
) -> Result<Vec<Account>> {
    let after = after.map_or(0, account_key);
    all(connection, sql::ACCOUNTS, params![after, limit], read)
}

fn read(row: &Row<'_>) -> Result<Account> {
    let cells = Cells::of(row, "accounts", row.get::<_, i64>(0)?);
    let features: Option<String> = cells.get(3, "features")?;
    let features = features.as_deref().unwrap_or_default().split(',');
    let features = features.filter(|word| !word.is_empty()).map(|word| {
        let feature = word.parse::<Feature>();
        feature.map_err(|error| cells.corrupt("features", error))
    });
    Ok(Account {
        id: cells.account(0)?,
        name: cells.word(1, "name")?,
        created_at: cells.time(2, "created_at")?,
        features: features.collect::<Result<BTreeSet<_>>>()?,
    })
}

pub(super) fn set_feature(
    connection: &Connection,
    account: AccountId,
    feature: Feature,
    on: bool,
) -> Result<bool> {
    if !exists(connection, account)? {
        return Ok(false);
    }
    let set = if on {
        sql::INSERT_FEATURE
    } else {
        sql::DELETE_FEATURE
    };
    execute(
        connection,
        set,
        params![account_key(account), feature.word()],
    )?;
    Ok(true)
}

pub(super) fn set_limit(
    connection: &Connection,
    account: AccountId,
    action: &str,
    rule: Option<LimitRule>,
) -> Result<bool> {
    if !exists(connection, account)? {
        return Ok(false);
    }
    let key = account_key(account);
    match rule {
        Some(rule) => execute(
            connection,
            sql::PUT_LIMIT,
            params![key, action, rule.to_string()],
        )?,
        None => execute(connection, sql::DELETE_LIMIT, params![key, action])?,
    };
    Ok(true)
}

pub(super) fn limits(
    connection: &Connection,
    account: AccountId,
) -> Result<BTreeMap<String, LimitRule>> {
    let rules = all(connection, sql::LIMITS, [account_key(account)], |row| {
        let action: String = row.get(0)?;
        let rule = Cells::of(row, "limits", &action).word(1, "rule")?;
        Ok((action, rule))
    })?;
    Ok(rules.into_iter().collect())
}

pub(super) fn create_project(
    tx: &Tx<'_>,
    project: &Project,
    pipeline: &NewPipeline,
) -> Result<Create> {
    let connection = tx.connection();
    if !exists(connection, project.account)? {
        return Ok(Create::OwnerMissing);
    }
    let count: Option<u32> = cell(
        connection,
        sql::COUNT_PROJECTS,
        [account_key(project.account)],
    )?;
    if count >= Some(Project::MOST) {
        return Ok(Create::TooMany);
    }
    if !insert_project(connection, project)? {
        return Ok(Create::Taken);
    }
    pipelines::create(tx, pipeline)?;
    Ok(Create::Created)
}

fn insert_project(connection: &Connection, project: &Project) -> Result<bool> {
    let stored = execute(
        connection,
        sql::INSERT_PROJECT,
        params![
            project.id.to_string(),
            account_key(project.account),
            project.name.as_str(),
            project.created_at.as_millis(),
        ],
    )?;
    Ok(stored == 1)
}

pub(super) fn projects(connection: &Connection, account: AccountId) -> Result<Vec<Project>> {
    all(
        connection,
        sql::PROJECTS,
        [account_key(account)],
        read_project,
    )
}

pub(super) fn project(connection: &Connection, id: ProjectId) -> Result<Option<Project>> {
    one(connection, sql::PROJECT, [id.to_string()], read_project)
}

fn read_project(row: &Row<'_>) -> Result<Project> {
    let cells = Cells::of(row, "projects", row.get::<_, String>(0)?);
    Ok(Project {
        id: cells.word(0, "id")?,
        account: cells.account(1)?,
        name: cells.word(2, "name")?,
        created_at: cells.time(3, "created_at")?,
    })
}

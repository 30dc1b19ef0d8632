//! Accounts, their features, limits and projects.

use std::collections::{BTreeMap, BTreeSet};

use reelgate_domain::AccountId;
use reelgate_domain::access::{
    Account, AccountName, Feature, Grantee, LimitRule, Project, ProjectId,
};
use tokio_postgres::Row;

use super::super::connect::{Param, Session};
use super::super::error::Answer;
use super::super::rows::{Cells, account_key, storable};
use super::super::sql::access as sql;
use super::super::{buckets, pipelines};
use super::{count, keys, policies, users};
use crate::contract::{Create, CreateAccount, NewAccount, NewPipeline, Result, StoreError};

pub(super) async fn create(session: &Session, new: &NewAccount) -> Answer<CreateAccount> {
    session.one(sql::LOCK_ACCOUNTS, &[]).await?;
    if new.only_first && any(session).await? {
        return Ok(CreateAccount::NotFirst);
    }
    let name = new.account.name.as_str();
    if session.holds(sql::ACCOUNT_NAME_EXISTS, &[&name]).await? {
        return Ok(CreateAccount::NameTaken);
    }
    let (id, key) = (new.account.id, account_key(new.account.id));
    let stored: [Param<'_>; 3] = [&key, &name, &new.account.created_at.as_millis()];
    session.execute(sql::INSERT_ACCOUNT, &stored).await?;
    for feature in &new.account.features {
        let feature = feature.word();
        session
            .execute(sql::INSERT_FEATURE, &[&key, &feature])
            .await?;
    }
    is_new(insert_project(session, &new.project).await?, "project")?;
    let hash = new.password_hash.as_deref();
    is_new(users::insert(session, &new.user, hash).await?, "user")?;
    let user = Grantee::User(new.user.name.clone());
    for policy in &new.policies {
        policies::attach(session, id, &user, policy).await?;
    }
    let key = &new.access_key;
    is_new(keys::insert_access_key(session, key).await?, "access key")?;
    let key = &new.api_key;
    is_new(keys::insert_api_key(session, key).await?, "API key")?;
    for pipeline in &new.pipelines {
        pipelines::insert(session, pipeline).await?;
    }
    if let Some(bucket) = &new.bucket {
        is_new(buckets::create(session, bucket).await?, "bucket")?;
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

pub(super) async fn any(session: &Session) -> Answer<bool> {
    session.holds(sql::HAS_ACCOUNTS, &[]).await
}

pub(super) async fn get(session: &Session, id: AccountId) -> Answer<Option<Account>> {
    super::one(session, sql::ACCOUNT, &[&account_key(id)], read).await
}

pub(super) async fn named(session: &Session, name: &AccountName) -> Answer<Option<Account>> {
    super::one(session, sql::ACCOUNT_NAMED, &[&name.as_str()], read).await
}

pub(super) async fn list(
    session: &Session,
    after: Option<AccountId>,
    limit: u32,
) -> Answer<Vec<Account>> {
    let key: [Param<'_>; 2] = [&after.map_or(0, account_key), &i64::from(limit)];
    super::list(session, sql::ACCOUNTS, &key, read).await
}

fn read(row: &Row) -> Result<Account> {
    let cells = Cells::of(row, "accounts", row.get::<_, i64>(0));
    let features: Option<&str> = cells.get(3, "features")?;
    let features = features.unwrap_or_default().split(',');
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

pub(super) async fn set_feature(
    session: &Session,
    account: AccountId,
    feature: Feature,
    on: bool,
) -> Answer<bool> {
    if !super::lock(session, account).await? {
        return Ok(false);
    }
    let set = if on {
        sql::INSERT_FEATURE
    } else {
        sql::DELETE_FEATURE
    };
    let key: [Param<'_>; 2] = [&account_key(account), &feature.word()];
    session.execute(set, &key).await?;
    Ok(true)
}

pub(super) async fn set_limit(
    session: &Session,
    account: AccountId,
    action: &str,
    rule: Option<LimitRule>,
) -> Answer<bool> {
    if !super::lock(session, account).await? {
        return Ok(false);
    }
    let (key, action) = (account_key(account), storable(action));
    match rule.map(|rule| rule.to_string()) {
        Some(rule) => {
            let row: [Param<'_>; 3] = [&key, &action, &rule];
            session.execute(sql::PUT_LIMIT, &row).await?
        }
        None => {
            let row: [Param<'_>; 2] = [&key, &action];
            session.execute(sql::DELETE_LIMIT, &row).await?
        }
    };
    Ok(true)
}

pub(super) async fn limits(
    session: &Session,
    account: AccountId,
) -> Answer<BTreeMap<String, LimitRule>> {
    let key = account_key(account);
    let rows = super::list(session, sql::LIMITS, &[&key], |row| {
        let action: String = row.get(0);
        let rule = Cells::of(row, "limits", &action).word(1, "rule")?;
        Ok((action, rule))
    })
    .await?;
    Ok(rows.into_iter().collect())
}

pub(super) async fn create_project(
    session: &Session,
    project: &Project,
    pipeline: &NewPipeline,
) -> Answer<Create> {
    if !super::lock(session, project.account).await? {
        return Ok(Create::OwnerMissing);
    }
    let account = account_key(project.account);
    if count(session, sql::COUNT_PROJECTS, &[&account]).await? >= Project::MOST {
        return Ok(Create::TooMany);
    }
    if !insert_project(session, project).await? {
        return Ok(Create::Taken);
    }
    pipelines::insert(session, pipeline).await?;
    Ok(Create::Created)
}

async fn insert_project(session: &Session, project: &Project) -> Answer<bool> {
    let stored: [Param<'_>; 4] = [
        &project.id.to_string(),
        &account_key(project.account),
        &project.name.as_str(),
        &project.created_at.as_millis(),
    ];
    Ok(session.execute(sql::INSERT_PROJECT, &stored).await? == 1)
}

pub(super) async fn projects(session: &Session, account: AccountId) -> Answer<Vec<Project>> {
    let key = account_key(account);
    super::list(session, sql::PROJECTS, &[&key], read_project).await
}

pub(super) async fn project(session: &Session, id: ProjectId) -> Answer<Option<Project>> {
    super::one(session, sql::PROJECT, &[&id.to_string()], read_project).await
}

fn read_project(row: &Row) -> Result<Project> {
    let cells = Cells::of(row, "projects", row.get::<_, &str>(0));
    Ok(Project {
        id: cells.word(0, "id")?,
        account: cells.account(1)?,
        name: cells.word(2, "name")?,
        created_at: cells.time(3, "created_at")?,
    })
}

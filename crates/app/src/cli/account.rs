//! `reelgate account`: create accounts, turn their features on and off, set their call limits and for how
//! long they keep what is over.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{CommandFactory, Subcommand, error::ErrorKind};
use reelgate_client::{Account, AccountQuery, Client, Credentials, Limit, NewAccount};

use super::input::shown_once;
use super::screen::{Format, json, line, remark, table};
use crate::catalogue::catalogue;

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Create an account; its keys and password are shown this once.
    Create { name: String },
    /// List accounts, by id.
    List {
        /// Go on where an earlier page ended.
        #[arg(long)]
        cursor: Option<String>,
        /// How many accounts, 1 to 100.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Turn a feature of an account on or off: `[ACCOUNT] FEATURE on|off`.
    #[command(override_usage = "reelgate account feature [OPTIONS] [ACCOUNT] <FEATURE> <on|off>")]
    Feature {
        /// The account by id or name, one's own if left out; the feature; on or off.
        #[arg(num_args = 2..=3, required = true, value_names = ["ACCOUNT", "FEATURE", "on|off"])]
        what: Vec<String>,
    },
    /// Show how often an account may call what, or set it for one action: `[ACCOUNT] [ACTION] [LIMIT]`.
    #[command(override_usage = "reelgate account limit [OPTIONS] [ACCOUNT] [ACTION [LIMIT]]")]
    Limit {
        /// The account by id or name, one's own if left out; an action such as mts:CancelJob; a limit such as 100/s,
        /// 6000/min, 10/h or 200000/d, `unlimited`, or `default` to go back to that.
        #[arg(num_args = 0..=3, value_names = ["ACCOUNT", "ACTION", "LIMIT"])]
        what: Vec<String>,
    },
    /// Show for how long an account keeps what is over, or set it for one kind: `[ACCOUNT] [WHAT DAYS]`.
    #[command(override_usage = "reelgate account retention [OPTIONS] [ACCOUNT] [WHAT DAYS]")]
    Retention {
        /// The account by id or name, one's own if left out; jobs, events, deliveries, audit or attempts; a number
        /// of days, or `default` to go back to that.
        #[arg(num_args = 0..=3, value_names = ["ACCOUNT", "WHAT", "DAYS"])]
        what: Vec<String>,
    },
}

/// How the server calls the account that asks.
const OWN: &str = "@self";

pub(super) async fn run(
    client: &Client,
    command: AccountCommand,
    format: Format,
) -> Result<ExitCode> {
    match command {
        AccountCommand::Create { name } => create(client, name, format).await?,
        AccountCommand::List { cursor, limit } => list(client, cursor, limit, format).await?,
        AccountCommand::Feature { what } => {
            let (of, feature, state) = match what.as_slice() {
                [of, feature, state] => (of.as_str(), feature, state),
                [feature, state] => (OWN, feature, state),
                _ => misread("a feature and on or off are wanted"),
            };
            let enabled = match state.as_str() {
                "on" => true,
                "off" => false,
                other => misread(&format!("a feature is turned on or off, not {other:?}")),
            };
            let account = client.set_feature(of, feature, enabled).await?;
            match format {
                Format::Json => json(&account)?,
                Format::Table => show(&[account])?,
            }
        }
        AccountCommand::Limit { what } => {
            let mut what = what.into_iter().peekable();
            // Actions have a colon, and accounts have none.
            let of = what.next_if(|first| !first.contains(':'));
            let (action, limit) = (what.next(), what.next());
            if what.next().is_some() {
                misread("after an action stands one limit");
            }
            limits(client, of.as_deref().unwrap_or(OWN), action, limit, format).await?;
        }
        AccountCommand::Retention { what } => {
            let (of, set) = match what.as_slice() {
                [] => (OWN, None),
                [of] => (of.as_str(), None),
                [what, days] => (OWN, Some((what, days))),
                [of, what, days] => (of.as_str(), Some((what, days))),
                _ => misread("an account, what is kept and a number of days are wanted"),
            };
            retention(client, of, set, format).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends the program as a command line does that makes no sense.
fn misread(why: &str) -> ! {
    let mut command = crate::CommandLine::command();
    command.error(ErrorKind::ValueValidation, why).exit()
}

async fn create(client: &Client, name: String, format: Format) -> Result<()> {
    let opened = client.create_account(&NewAccount { name }).await?;
    match format {
        Format::Json => json(&opened)?,
        Format::Table => credentials(&opened.credentials)?,
    }
    shown_once("the keys and the password");
    Ok(())
}

fn credentials(made: &Credentials) -> Result<()> {
    let rows = [
        ("ACCOUNT", made.account_id.as_str()),
        ("ACCESS KEY", &made.access_key_id),
        ("ACCESS KEY SECRET", made.access_key_secret.expose()),
        ("API KEY", made.api_key.expose()),
        ("USER", &made.iam_user),
        ("PASSWORD", made.iam_password.expose()),
        ("PROJECT", &made.project_id),
        ("PIPELINE", &made.pipeline_id),
        ("BUCKET", &made.bucket),
    ];
    rows.into_iter()
        .try_for_each(|(name, value)| line(&format!("{name:<18} {value}")))
}

async fn list(client: &Client, cursor: Option<String>, limit: u32, format: Format) -> Result<()> {
    let query = AccountQuery {
        cursor,
        limit: Some(limit),
    };
    let page = client.accounts(&query).await?;
    if format == Format::Json {
        return json(&page);
    }
    show(&page.accounts)?;
    if let Some(cursor) = page.next_cursor {
        remark(&format!("there are more: add --cursor {cursor}"));
    }
    Ok(())
}

async fn limits(
    client: &Client,
    account: &str,
    action: Option<String>,
    limit: Option<String>,
    format: Format,
) -> Result<()> {
    if let (Some(action), Some(limit)) = (&action, limit) {
        if limit == "default" {
            client.reset_limit(account, action).await?;
        } else {
            client.set_limit(account, action, &limit).await?;
        }
    }
    let mut found = client.limits(account).await?;
    if let Some(action) = &action {
        found.limits.retain(|limit| limit.action == *action);
        if found.limits.is_empty() {
            if catalogue().find(action).is_none() {
                bail!("no API has the action {action}: see `reelgate policy actions`");
            }
            found.limits.push(Limit {
                action: action.clone(),
                limit: "unlimited".to_owned(),
                default: "unlimited".to_owned(),
                is_set: false,
            });
        }
    }
    match format {
        Format::Json => json(&found),
        Format::Table => table(
            ["ACTION", "LIMIT", "DEFAULT"],
            found
                .limits
                .into_iter()
                .map(|limit| [limit.action, limit.limit, limit.default]),
        ),
    }
}

async fn retention(
    client: &Client,
    account: &str,
    set: Option<(&String, &String)>,
    format: Format,
) -> Result<()> {
    if let Some((what, days)) = set {
        match days.as_str() {
            "default" => client.reset_retention(account, what).await?,
            days => {
                let Ok(days) = days.parse() else {
                    misread("a number of days is wanted, or default");
                };
                client.set_retention(account, what, days).await?;
            }
        }
    }
    let mut found = client.retention(account).await?;
    if let Some((what, _)) = set {
        found.retention.retain(|kept| kept.what == *what);
    }
    match format {
        Format::Json => json(&found),
        Format::Table => table(
            ["WHAT", "DAYS", "DEFAULT"],
            found
                .retention
                .into_iter()
                .map(|kept| [kept.what, kept.days.to_string(), kept.default.to_string()]),
        ),
    }
}

fn show(accounts: &[Account]) -> Result<()> {
    let rows = accounts.iter().map(|account| {
        [
            account.id.clone(),
            account.name.clone(),
            match account.features.as_slice() {
                [] => "-".to_owned(),
                features => features.join(", "),
            },
            account.created_at.clone(),
        ]
    });
    table(["ID", "NAME", "FEATURES", "CREATED"], rows)
}

//! `reelgate key`: create, list, disable, enable, rotate and delete keys.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use reelgate_client::{InAccount, Key, KeyKind, KeyQuery, NewKey, OpenedKey};

use super::input::shown_once;
use super::screen::{Format, json, line, or_dash, remark, table};

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Create a key; its secret is shown this once.
    Create(Create),
    /// List keys, without their secrets.
    List {
        /// Only keys of this user.
        #[arg(long)]
        user: Option<String>,
        /// Only keys of this kind.
        #[arg(long)]
        kind: Option<Kind>,
    },
    /// Refuse every call with a key from now on.
    Disable { id: String },
    /// Accept a disabled key again.
    Enable { id: String },
    /// Put a new key in the place of one; its secret is shown this once.
    Rotate {
        id: String,
        /// How long the old key still counts, in seconds.
        #[arg(long, value_name = "SECONDS")]
        overlap: Option<u64>,
    },
    /// Delete a key.
    Delete { id: String },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// `access`: id and secret for signed calls. `api`: a bearer key of the native API.
    #[arg(long, default_value = "access")]
    kind: Kind,
    /// Whose key it is; without it the account's own, which may do everything in the account.
    #[arg(long)]
    user: Option<String>,
    /// An API key that may do what concerns the whole installation; for operators.
    #[arg(long)]
    operator: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    Access,
    Api,
}

impl From<Kind> for KeyKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Access => Self::Access,
            Kind::Api => Self::Api,
        }
    }
}

pub(super) async fn run(
    account: InAccount<'_>,
    command: KeyCommand,
    format: Format,
) -> Result<ExitCode> {
    match command {
        KeyCommand::Create(wanted) => {
            let new = NewKey {
                kind: wanted.kind.into(),
                user: wanted.user,
                operator: wanted.operator,
            };
            let made = account.create_key(&new).await?;
            match format {
                Format::Json => json(&made)?,
                Format::Table => opened(&made)?,
            }
            shown_once("id and secret");
        }
        KeyCommand::List { user, kind } => {
            let kind = kind.map(KeyKind::from);
            let found = account.keys(&KeyQuery { user, kind }).await?;
            match format {
                Format::Json => json(&found)?,
                Format::Table => show(&found.keys)?,
            }
        }
        KeyCommand::Disable { id } => change(account, &id, false, format).await?,
        KeyCommand::Enable { id } => change(account, &id, true, format).await?,
        KeyCommand::Rotate { id, overlap } => {
            let rotated = account.rotate_key(&id, overlap).await?;
            match format {
                Format::Json => json(&rotated)?,
                Format::Table => opened(&rotated.new)?,
            }
            shown_once("id and secret");
            let until = rotated.replaces.and_then(|old| old.expires_at);
            if let Some(until) = until {
                remark(&format!("key {id} counts until {until}"));
            }
        }
        KeyCommand::Delete { id } => {
            account.delete_key(&id).await?;
            remark(&format!("key {id} is deleted"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn change(account: InAccount<'_>, id: &str, active: bool, format: Format) -> Result<()> {
    let key = account.set_key_active(id, active).await?;
    match format {
        Format::Json => json(&key),
        Format::Table => show(&[key]),
    }
}

fn opened(made: &OpenedKey) -> Result<()> {
    line(&format!("{:<7} {}", "ID", made.key.id))?;
    line(&format!("{:<7} {}", "SECRET", made.secret.expose()))
}

fn show(keys: &[Key]) -> Result<()> {
    let header = ["ID", "KIND", "OF", "STATE", "EXPIRES", "CREATED"];
    table(header, keys.iter().map(row))
}

fn row(key: &Key) -> [String; 6] {
    let mut of = match &key.user {
        None => "account".to_owned(),
        Some(user) => format!("user {user}"),
    };
    if key.operator {
        of.push_str(", operator");
    }
    [
        key.id.clone(),
        key.kind.to_string(),
        of,
        if key.active { "active" } else { "disabled" }.to_owned(),
        or_dash(key.expires_at.as_ref()),
        key.created_at.clone(),
    ]
}

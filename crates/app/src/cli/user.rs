//! `reelgate user`: create users, set their passwords, attach policies to them.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use reelgate_client::{InAccount, NewUser, Secret, User};

use super::input;
use super::policy::{self, Attachment};
use super::screen::{Format, json, line, remark, table};

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Create a user, who may do nothing until a policy is attached.
    Create(Create),
    /// List users.
    List,
    /// Show a user and what is attached to it.
    Show { name: String },
    /// Delete a user with its keys, tokens and attachments.
    Delete { name: String },
    /// Attach a policy; with --file, write it first.
    AttachPolicy(Attachment),
    /// Detach a policy.
    DetachPolicy { name: String, policy: String },
    /// Set a user's password, which ends the tokens that the old one got.
    SetPassword {
        name: String,
        /// A file with the password, `-` for the standard input; without it a terminal asks.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    name: String,
    /// A file with a password, `-` for the standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Ask for a password on the terminal.
    #[arg(long, conflicts_with = "password_file")]
    ask_password: bool,
}

pub(super) async fn run(
    account: InAccount<'_>,
    command: UserCommand,
    format: Format,
) -> Result<ExitCode> {
    match command {
        UserCommand::Create(wanted) => {
            let new = NewUser {
                password: wanted.password()?,
                name: wanted.name,
            };
            one(&account.create_user(&new).await?, format)?;
        }
        UserCommand::List => {
            let found = account.users().await?;
            match format {
                Format::Json => json(&found)?,
                Format::Table => show(&found.users)?,
            }
        }
        UserCommand::Show { name } => one(&account.user(&name).await?, format)?,
        UserCommand::Delete { name } => {
            account.delete_user(&name).await?;
            remark(&format!("user {name} is deleted"));
        }
        UserCommand::AttachPolicy(wanted) => {
            wanted.write_policy(account).await?;
            let (name, policy) = (&wanted.name, &wanted.policy);
            account.attach_to_user(name, policy).await?;
            remark(&format!("policy {policy} is attached to user {name}"));
        }
        UserCommand::DetachPolicy { name, policy } => {
            account.detach_from_user(&name, &policy).await?;
            remark(&format!("policy {policy} is detached from user {name}"));
        }
        UserCommand::SetPassword {
            name,
            password_file,
        } => {
            let password = input::password(password_file.as_deref())?;
            account.set_password(&name, &password).await?;
            remark(&format!("user {name} has a new password"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Create {
    fn password(&self) -> Result<Option<Secret>> {
        if self.password_file.is_none() && !self.ask_password {
            return Ok(None);
        }
        input::password(self.password_file.as_deref()).map(Some)
    }
}

fn one(user: &User, format: Format) -> Result<()> {
    if format == Format::Json {
        return json(user);
    }
    show(std::slice::from_ref(user))?;
    match &user.policies {
        None => Ok(()),
        Some(policies) => line(&policy::attached(policies)),
    }
}

fn show(users: &[User]) -> Result<()> {
    let rows = users.iter().map(|user| {
        [
            user.name.clone(),
            user.id.clone(),
            if user.has_password { "yes" } else { "no" }.to_owned(),
            user.created_at.clone(),
        ]
    });
    table(["NAME", "ID", "PASSWORD", "CREATED"], rows)
}

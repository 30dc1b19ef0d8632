//! `reelgate role`: create roles that others may assume, attach policies to them.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Subcommand;
use reelgate_client::{InAccount, NewRole, Role};

use super::input;
use super::policy::{self, Attachment};
use super::screen::{Format, json, line, remark, table};

#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// Create a role, or put a new trust policy in its place.
    Create {
        name: String,
        /// The JSON of the policy that says who may assume it; `-` for the standard input.
        #[arg(long, value_name = "FILE")]
        trust_file: PathBuf,
        /// The longest that a session may last, 900 to 43200.
        #[arg(long, value_name = "SECONDS")]
        max_session: Option<u32>,
    },
    /// List roles.
    List,
    /// Show a role, its trust policy and what is attached to it.
    Show { name: String },
    /// Delete a role, which ends its sessions.
    Delete { name: String },
    /// Attach a policy; with --file, write it first.
    AttachPolicy(Attachment),
    /// Detach a policy.
    DetachPolicy { name: String, policy: String },
}

pub(super) async fn run(
    account: InAccount<'_>,
    command: RoleCommand,
    format: Format,
) -> Result<ExitCode> {
    match command {
        RoleCommand::Create {
            name,
            trust_file,
            max_session,
        } => {
            let trust = serde_json::from_str(&input::text(&trust_file)?)
                .with_context(|| format!("{} is not JSON", trust_file.display()))?;
            let new = NewRole {
                trust,
                max_session_seconds: max_session,
            };
            let role = account.put_role(&name, &new).await?;
            match format {
                Format::Json => json(&role)?,
                Format::Table => show(&[role])?,
            }
        }
        RoleCommand::List => {
            let found = account.roles().await?;
            match format {
                Format::Json => json(&found)?,
                Format::Table => show(&found.roles)?,
            }
        }
        RoleCommand::Show { name } => one(&account.role(&name).await?, format)?,
        RoleCommand::Delete { name } => {
            account.delete_role(&name).await?;
            remark(&format!("role {name} is deleted"));
        }
        RoleCommand::AttachPolicy(wanted) => {
            wanted.write_policy(account).await?;
            let (name, policy) = (&wanted.name, &wanted.policy);
            account.attach_to_role(name, policy).await?;
            remark(&format!("policy {policy} is attached to role {name}"));
        }
        RoleCommand::DetachPolicy { name, policy } => {
            account.detach_from_role(&name, &policy).await?;
            remark(&format!("policy {policy} is detached from role {name}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn one(role: &Role, format: Format) -> Result<()> {
    if format == Format::Json {
        return json(role);
    }
    show(std::slice::from_ref(role))?;
    if let Some(policies) = &role.policies {
        line(&policy::attached(policies))?;
    }
    json(&role.trust)
}

fn show(roles: &[Role]) -> Result<()> {
    let rows = roles.iter().map(|role| {
        [
            role.name.clone(),
            role.arn.clone(),
            format!("{} s", role.max_session_seconds),
            role.created_at.clone(),
        ]
    });
    table(["NAME", "ARN", "LONGEST SESSION", "CREATED"], rows)
}

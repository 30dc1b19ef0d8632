//! `reelgate policy`: write policies, ask what they come to, list the actions that they can name.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use reelgate_api_native::{OperationView, operations_view};
use reelgate_client::{GrantedPolicy, InAccount, PolicyQuestion, PolicySummary};

use super::input;
use super::screen::{Format, json, line, or_dash, remark, table};
use crate::catalogue::catalogue;

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Create a policy, or put a new document in its place.
    Create {
        name: String,
        /// The policy's JSON; `-` for the standard input.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// List policies, those that come with the program last.
    List,
    /// Print a policy's document.
    Show { name: String },
    /// Delete a policy that is attached to nobody.
    Delete { name: String },
    /// Ask whether a user may do something, and which statement decides; 0 for yes, 1 for no.
    Check(Check),
    /// List the actions that policies can name; asks no server.
    Actions {
        /// Only those of this product, such as mts.
        #[arg(long)]
        product: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[arg(long)]
    user: String,
    /// Such as mts:SubmitJobs.
    #[arg(long)]
    action: String,
    /// Such as acs:reelgate:*:1234567890123456:bucket/media/in.mp4, or * for everything.
    #[arg(long)]
    resource: String,
    /// The address that the call would come from.
    #[arg(long, value_name = "ADDRESS")]
    source_ip: Option<String>,
    /// Whether it would come over TLS.
    #[arg(long, value_name = "true|false")]
    secure: Option<bool>,
}

/// A policy for a user or a role.
#[derive(Debug, Args)]
pub(crate) struct Attachment {
    pub(super) name: String,
    pub(super) policy: String,
    /// The policy's JSON, which is written under its name first; `-` for the standard input.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Attachment {
    pub(super) async fn write_policy(&self, account: InAccount<'_>) -> Result<()> {
        if let Some(file) = &self.file {
            account
                .put_policy(&self.policy, &input::text(file)?)
                .await?;
        }
        Ok(())
    }
}

pub(super) async fn run(
    account: InAccount<'_>,
    command: PolicyCommand,
    format: Format,
) -> Result<ExitCode> {
    match command {
        PolicyCommand::Create { name, file } => {
            let policy = account.put_policy(&name, &input::text(&file)?).await?;
            match format {
                Format::Json => json(&policy)?,
                Format::Table => show(&[policy.summary])?,
            }
        }
        PolicyCommand::List => {
            let found = account.policies().await?;
            match format {
                Format::Json => json(&found)?,
                Format::Table => show(&found.policies)?,
            }
        }
        PolicyCommand::Show { name } => {
            let policy = account.policy(&name).await?;
            match format {
                Format::Json => json(&policy)?,
                Format::Table => json(&policy.document)?,
            }
        }
        PolicyCommand::Delete { name } => {
            account.delete_policy(&name).await?;
            remark(&format!("policy {name} is deleted"));
        }
        PolicyCommand::Check(wanted) => return check(account, wanted, format).await,
        PolicyCommand::Actions { product } => return actions(product.as_deref(), format),
    }
    Ok(ExitCode::SUCCESS)
}

async fn check(account: InAccount<'_>, wanted: Check, format: Format) -> Result<ExitCode> {
    let question = PolicyQuestion {
        user: wanted.user,
        action: wanted.action,
        resource: wanted.resource,
        source_ip: wanted.source_ip,
        secure: wanted.secure,
    };
    let verdict = account.check_policy(&question).await?;
    let action = &question.action;
    if catalogue().find(action).is_none() {
        remark(&format!(
            "no API of this program has the action {action}: see `reelgate policy actions`"
        ));
    }
    match format {
        Format::Json => json(&verdict)?,
        Format::Table => {
            let word = if verdict.allowed { "allowed" } else { "denied" };
            line(&format!("{word}: {}", verdict.reason))?;
        }
    }
    Ok(if verdict.allowed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The actions of this very program.
pub(super) fn actions(product: Option<&str>, format: Format) -> Result<ExitCode> {
    let found = operations_view(&catalogue(), product);
    if let Some(name) = product
        && found.products.is_empty()
    {
        bail!("there is no product {name} here; leave --product out to see all");
    }
    match format {
        Format::Json => json(&found)?,
        Format::Table => {
            let operations = found
                .products
                .iter()
                .flat_map(|product| &product.operations);
            table(
                ["ACTION", "ACCESS", "LIMIT", "RESOURCES"],
                operations.map(action),
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn action(operation: &OperationView) -> [String; 4] {
    let resources: Vec<_> = operation
        .resources
        .iter()
        .map(|resource| match resource.required {
            true => resource.arn.to_owned(),
            false => format!("{} (if given)", resource.arn),
        })
        .collect();
    [
        operation.action.clone(),
        operation.access.to_owned(),
        or_dash(operation.limit.as_ref()),
        match resources.as_slice() {
            [] => "all".to_owned(),
            some => some.join(", "),
        },
    ]
}

/// What is attached to somebody, in a line.
pub(super) fn attached(policies: &[GrantedPolicy]) -> String {
    let names: Vec<_> = policies
        .iter()
        .map(|policy| format!("{} ({})", policy.name, policy.kind))
        .collect();
    match names.as_slice() {
        [] => "no policies are attached".to_owned(),
        some => format!("attached: {}", some.join(", ")),
    }
}

fn show(policies: &[PolicySummary]) -> Result<()> {
    let rows = policies.iter().map(|policy| {
        [
            policy.name.clone(),
            policy.kind.to_string(),
            or_dash(policy.updated_at.as_ref()),
        ]
    });
    table(["NAME", "KIND", "CHANGED"], rows)
}

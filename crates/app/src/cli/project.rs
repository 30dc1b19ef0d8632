//! `reelgate project`: create and list projects.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use reelgate_client::{InAccount, NewProject, Project};

use super::screen::{Format, json, table};

#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// Create a project, with a pipeline of its own; for operators.
    Create { name: String },
    /// List projects.
    List,
}

pub(super) async fn run(
    account: InAccount<'_>,
    command: ProjectCommand,
    format: Format,
) -> Result<ExitCode> {
    match command {
        ProjectCommand::Create { name } => {
            let project = account.create_project(&NewProject { name }).await?;
            match format {
                Format::Json => json(&project)?,
                Format::Table => show(&[project])?,
            }
        }
        ProjectCommand::List => {
            let found = account.projects().await?;
            match format {
                Format::Json => json(&found)?,
                Format::Table => show(&found.projects)?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(projects: &[Project]) -> Result<()> {
    let rows = projects.iter().map(|project| {
        [
            project.id.clone(),
            project.name.clone(),
            project.account.clone(),
            project.created_at.clone(),
        ]
    });
    table(["ID", "NAME", "ACCOUNT", "CREATED"], rows)
}

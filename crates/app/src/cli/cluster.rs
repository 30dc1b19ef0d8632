//! `reelgate cluster`: groups of workers, such as those of a data centre.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use reelgate_client::{Client, Cluster};

use super::screen::{Format, json, remark, table};

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Create a cluster, for workers to be started with --cluster.
    Create { name: String },
    /// List clusters, by name.
    List,
    /// Delete a cluster in which no worker stands.
    Delete { name: String },
}

pub(super) async fn run(
    client: &Client,
    command: ClusterCommand,
    format: Format,
) -> Result<ExitCode> {
    match command {
        ClusterCommand::Create { name } => {
            let cluster = client.create_cluster(&name).await?;
            match format {
                Format::Json => json(&cluster)?,
                Format::Table => show(&[cluster])?,
            }
        }
        ClusterCommand::List => {
            let found = client.clusters().await?;
            match format {
                Format::Json => json(&found)?,
                Format::Table => show(&found.clusters)?,
            }
        }
        ClusterCommand::Delete { name } => {
            client.delete_cluster(&name).await?;
            remark(&format!("cluster {name} is deleted"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(clusters: &[Cluster]) -> Result<()> {
    let rows = clusters
        .iter()
        .map(|cluster| [cluster.name.clone(), cluster.created_at.clone()]);
    table(["NAME", "CREATED"], rows)
}

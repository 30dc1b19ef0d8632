//! `reelgate job history`: what has happened to a job.

use anyhow::Result;
use reelgate_client::{Client, JobEvent};
use serde_json::Value;

use crate::cli::screen::{Format, json, table};

pub(super) async fn run(client: &Client, id: &str, format: Format) -> Result<()> {
    let history = client.history(id).await?;
    if format == Format::Json {
        return json(&history);
    }
    let header = ["AT", "ATTEMPT", "EVENT", "DETAIL"];
    table(header, history.events.iter().map(row))
}

fn row(event: &JobEvent) -> [String; 4] {
    let details = event.more.iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name}: {text}"),
        value => format!("{name}: {value}"),
    });
    [
        event.at.clone(),
        event.attempt.to_string(),
        event.event.clone(),
        details.collect::<Vec<_>>().join(", "),
    ]
}

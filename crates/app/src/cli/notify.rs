//! `reelgate events`, `webhook`, `topic` and `delivery`: what happens to jobs, and who is told of it.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use reelgate_client::{
    Client, Delivery, DeliveryQuery, Destination, Event, EventQuery, NewWebhook, WebhookChange,
};

use super::screen::{Format, json, line, line_of_many, or_dash, remark, table};

/// Shows what has happened to jobs.
#[derive(Debug, Args)]
pub(crate) struct EventsCommand {
    /// Go on with what happens from now on, or after --after.
    #[arg(short, long)]
    follow: bool,
    /// Only what came after this event's id; 0 is the beginning.
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// Only these events, such as job.succeeded; repeat it or use commas.
    #[arg(long = "name", value_name = "NAME", value_delimiter = ',')]
    names: Vec<String>,
    /// Only those of a job.
    #[arg(long, value_name = "ID")]
    job: Option<String>,
    /// Only those of a pipeline, by id or name.
    #[arg(long, value_name = "PIPELINE")]
    pipeline: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Have events sent to a URL; shows the secret that signs them, this once.
    Create {
        url: String,
        /// Only these events; repeat it or use commas.
        #[arg(long = "event", value_name = "NAME", value_delimiter = ',')]
        events: Vec<String>,
    },
    /// List webhooks.
    List,
    /// Send events to a webhook again.
    Enable { id: String },
    /// Send a webhook nothing; what is unsent waits.
    Disable { id: String },
    /// Give a webhook a new secret; the old one signs beside it for a day.
    Rotate { id: String },
    /// Delete a webhook.
    Delete { id: String },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TopicCommand {
    /// Say where the messages of a topic or queue go that MPS pipelines name.
    Set { name: String, url: String },
    /// List topics.
    List,
    /// Take a topic its receiver.
    Delete { name: String },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeliveryCommand {
    /// List deliveries, newest first.
    List {
        /// Only those of a webhook or topic.
        #[arg(long, value_name = "ID")]
        destination: Option<String>,
        /// Only those of a job.
        #[arg(long, value_name = "ID")]
        job: Option<String>,
        /// waiting, sending, delivered, dead or withdrawn.
        #[arg(long)]
        state: Option<String>,
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
    },
    /// Show a delivery.
    Show { id: String },
    /// Send a delivery again that has ended.
    Replay { id: String },
}

pub(super) async fn events(
    client: &Client,
    command: EventsCommand,
    format: Format,
) -> Result<ExitCode> {
    let mut query = EventQuery {
        after: command.after,
        name: (!command.names.is_empty()).then(|| command.names.join(",")),
        job: command.job,
        pipeline: command.pipeline,
    };
    if command.follow {
        let mut following = client.follow_events_on(query).await?;
        loop {
            let event = following.next(|error, pause| {
                let seconds = pause.as_secs();
                remark(&format!("{error}; trying again in {seconds} s"));
            });
            if !show_event(&event.await?, format)? {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
    loop {
        let page = client.events(&query).await?;
        for event in &page.events {
            if !show_event(event, format)? {
                return Ok(ExitCode::SUCCESS);
            }
        }
        if !page.more {
            return Ok(ExitCode::SUCCESS);
        }
        query.after = Some(page.next);
    }
}

/// One line each, because there may be no end of them; whether anybody still reads.
fn show_event(event: &Event, format: Format) -> Result<bool> {
    match format {
        Format::Json => line_of_many(&serde_json::to_string(event)?),
        Format::Table => {
            let data = &event.data;
            let why = data
                .fault
                .as_ref()
                .map(|fault| format!("  {}", fault.message));
            line_of_many(&format!(
                "{}  {:<13}  {}  attempt {}{}",
                event.timestamp,
                event.name,
                data.job_id,
                data.attempt,
                why.unwrap_or_default()
            ))
        }
    }
}

pub(super) async fn webhook(
    client: &Client,
    command: WebhookCommand,
    format: Format,
) -> Result<ExitCode> {
    let switched = |enabled| WebhookChange {
        enabled: Some(enabled),
        ..WebhookChange::default()
    };
    let shown = match command {
        WebhookCommand::Create { url, events } => {
            let events = (!events.is_empty()).then_some(events);
            client.create_webhook(&NewWebhook { url, events }).await?
        }
        WebhookCommand::List => {
            let found = client.webhooks().await?;
            match format {
                Format::Json => json(&found)?,
                Format::Table => show(&found.webhooks)?,
            }
            return Ok(ExitCode::SUCCESS);
        }
        WebhookCommand::Enable { id } => client.change_webhook(&id, &switched(true)).await?,
        WebhookCommand::Disable { id } => client.change_webhook(&id, &switched(false)).await?,
        WebhookCommand::Rotate { id } => client.rotate_webhook(&id).await?,
        WebhookCommand::Delete { id } => {
            client.delete_webhook(&id).await?;
            remark(&format!("webhook {id} is deleted"));
            return Ok(ExitCode::SUCCESS);
        }
    };
    show_one(&shown, format)
}

pub(super) async fn topic(
    client: &Client,
    command: TopicCommand,
    format: Format,
) -> Result<ExitCode> {
    match command {
        TopicCommand::Set { name, url } => show_one(&client.put_topic(&name, &url).await?, format),
        TopicCommand::List => {
            let found = client.topics().await?;
            match format {
                Format::Json => json(&found)?,
                Format::Table => show(&found.topics)?,
            }
            Ok(ExitCode::SUCCESS)
        }
        TopicCommand::Delete { name } => {
            client.delete_topic(&name).await?;
            remark(&format!("topic {name} is deleted"));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn show_one(destination: &Destination, format: Format) -> Result<ExitCode> {
    match format {
        Format::Json => json(destination)?,
        Format::Table => {
            show(std::slice::from_ref(destination))?;
            if let Some(secret) = &destination.secret {
                line(&format!("secret, shown this once: {secret}"))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(destinations: &[Destination]) -> Result<()> {
    let rows = destinations.iter().map(|it| {
        let events = it.events.as_ref().map(|events| events.join(" "));
        [
            it.id.clone(),
            it.url.clone(),
            it.topic.clone().or(events).unwrap_or_default(),
            if it.enabled { "on" } else { "off" }.to_owned(),
            it.created_at.clone(),
        ]
    });
    table(["ID", "URL", "WHAT", "STATE", "CREATED"], rows)
}

pub(super) async fn delivery(
    client: &Client,
    command: DeliveryCommand,
    format: Format,
) -> Result<ExitCode> {
    let one = match command {
        DeliveryCommand::List {
            destination,
            job,
            state,
            limit,
        } => {
            let query = DeliveryQuery {
                destination,
                job,
                state,
                cursor: None,
                limit: Some(limit),
            };
            let found = client.deliveries(&query).await?;
            match format {
                Format::Json => json(&found)?,
                Format::Table => show_deliveries(&found.deliveries)?,
            }
            return Ok(ExitCode::SUCCESS);
        }
        DeliveryCommand::Show { id } => client.delivery(&id).await?,
        DeliveryCommand::Replay { id } => client.replay_delivery(&id).await?,
    };
    match format {
        Format::Json => json(&one)?,
        Format::Table => show_deliveries(&[one])?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show_deliveries(deliveries: &[Delivery]) -> Result<()> {
    let rows = deliveries.iter().map(|it| {
        let answer = it.last_status.map(|status| status.to_string());
        [
            it.id.clone(),
            it.event.name.clone(),
            it.event.data.job_id.clone(),
            it.state.clone(),
            it.tries.to_string(),
            or_dash(it.last_error.clone().or(answer)),
            or_dash(it.next_try_at.clone()),
        ]
    });
    table(
        ["ID", "EVENT", "JOB", "STATE", "TRIES", "LAST", "NEXT"],
        rows,
    )
}

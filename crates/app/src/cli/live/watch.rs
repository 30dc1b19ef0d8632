//! `reelgate live watch`: follows a stream until it is stopped.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use reelgate_client::{Client, Error, StreamSign, StreamState};

use super::find;
use super::signs::Seen;
use crate::cli::screen::{Format, line, line_of_many, remark};

pub(super) async fn run(client: &Client, stream: &str, format: Format) -> Result<ExitCode> {
    let id = find::id(client, stream).await?;
    let mut signs = client.follow_stream(&id).await?;
    let mut seen = Seen::new(client.stream(&id).await?);
    let mut screen = Screen::open(format)?;
    if format == Format::Table {
        screen.first(&seen)?;
    }
    loop {
        let sign = signs.next(again).await?;
        let deleted = sign == StreamSign::Deleted;
        let is_read = match format {
            Format::Json => {
                let text = serde_json::to_string(&sign)?;
                seen.take(sign);
                line_of_many(&text)?
            }
            Format::Table => {
                let told = seen.take(sign);
                screen.show(&seen, told)?
            }
        };
        if deleted || !is_read {
            screen.close();
            return Ok(ExitCode::SUCCESS);
        }
        let stream = seen.stream();
        if !stream.state.is_wanted() && stream.state != StreamState::Stopping {
            screen.close();
            return Ok(match &stream.ended {
                None => ExitCode::SUCCESS,
                Some(ended) => {
                    remark(&format!("{}: {}", ended.reason, ended.message));
                    ExitCode::FAILURE
                }
            });
        }
    }
}

/// Says that the connection is away, and when it is made again.
fn again(error: &Error, pause: Duration) {
    let seconds = pause.as_secs();
    remark(&format!("{error}; trying again in {seconds} s"));
}

/// Lines that change on a terminal, and lines that follow each other elsewhere.
struct Screen {
    changing: Option<ProgressBar>,
}

impl Screen {
    fn open(format: Format) -> Result<Self> {
        if format == Format::Json || !io::stdout().is_terminal() || !io::stderr().is_terminal() {
            return Ok(Self { changing: None });
        }
        let changing = ProgressBar::new_spinner();
        changing.set_style(ProgressStyle::with_template("{msg}")?);
        Ok(Self {
            changing: Some(changing),
        })
    }

    fn first(&self, seen: &Seen) -> Result<()> {
        match &self.changing {
            Some(changing) => {
                changing.set_message(seen.screen());
                Ok(())
            }
            None => line(&seen.now()),
        }
    }

    /// False once whoever reads has had enough.
    fn show(&self, seen: &Seen, told: Option<String>) -> Result<bool> {
        match (&self.changing, told) {
            (Some(changing), _) => {
                changing.set_message(seen.screen());
                Ok(true)
            }
            (None, Some(text)) => line_of_many(&text),
            (None, None) => Ok(true),
        }
    }

    fn close(&mut self) {
        if let Some(changing) = self.changing.take() {
            changing.abandon();
        }
    }
}

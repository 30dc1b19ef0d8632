//! `reelgate live template`: how live streams are encoded.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use reelgate_client::{
    Client, LiveGop, LiveSettings, LiveSide, NewStreamTemplate, StreamTemplate,
    StreamTemplateChange,
};

use super::show::settings;
use crate::cli::screen::{Format, json, line, table};

#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// List the templates that ship with the program, and the account's.
    List,
    /// Show one, by id or name.
    Get { template: String },
    /// Create a template; what is not said is as the source has it.
    Create {
        name: String,
        /// What the video becomes.
        #[arg(long, value_parser = ["h264", "h265", "copy"], default_value = "h264")]
        codec: String,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// Change a template of the account; streams that run go on as they were started.
    Update {
        template: String,
        /// Call it this.
        #[arg(long)]
        name: Option<String>,
        /// What the video becomes.
        #[arg(long, value_parser = ["h264", "h265", "copy"])]
        codec: Option<String>,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// Delete a template of the account; streams that run go on as they were started.
    Delete { template: String },
}

#[derive(Debug, Args)]
pub(crate) struct SettingsArgs {
    /// Pixels, `ratio` to follow the other side, or `source`.
    #[arg(long, value_name = "PIXELS|ratio|source", value_parser = side)]
    width: Option<Side>,
    /// Pixels, `ratio` to follow the other side, or `source`.
    #[arg(long, value_name = "PIXELS|ratio|source", value_parser = side)]
    height: Option<Side>,
    /// Bitrate of the video, 1 to 100000, or 0 for the source's.
    #[arg(long, value_name = "KBPS")]
    video_kbps: Option<u32>,
    /// Frames per second, 1 to 240, or 0 for the source's.
    #[arg(long)]
    fps: Option<f64>,
    /// Seconds from keyframe to keyframe, 0.1 to 60, or 0 for the source's.
    #[arg(long, value_name = "SECONDS", conflicts_with = "gop_frames")]
    gop_seconds: Option<f64>,
    /// Frames from keyframe to keyframe, 1 to 3000.
    #[arg(long, value_name = "N")]
    gop_frames: Option<u32>,
    /// Bitrate of the audio as AAC, 8 to 512, or 0 to pass it through.
    #[arg(long, value_name = "KBPS")]
    audio_kbps: Option<u32>,
}

/// A side as it is said: none is the source's.
#[derive(Clone, Copy, Debug)]
struct Side(Option<LiveSide>);

fn side(text: &str) -> Result<Side, String> {
    Ok(Side(match text {
        "source" => None,
        "ratio" => Some(LiveSide::RATIO),
        pixels => {
            let pixels = pixels.parse();
            let pixels = pixels.map_err(|_| "write pixels, ratio or source".to_owned())?;
            Some(LiveSide::Pixels(pixels))
        }
    }))
}

impl SettingsArgs {
    fn is_empty(&self) -> bool {
        let Self {
            width,
            height,
            video_kbps,
            fps,
            gop_seconds,
            gop_frames,
            audio_kbps,
        } = self;
        width.is_none()
            && height.is_none()
            && video_kbps.is_none()
            && fps.is_none()
            && gop_seconds.is_none()
            && gop_frames.is_none()
            && audio_kbps.is_none()
    }

    /// These settings with what is said here in place of theirs.
    fn over(&self, mut base: LiveSettings) -> LiveSettings {
        if let Some(Side(width)) = self.width {
            base.width = width;
        }
        if let Some(Side(height)) = self.height {
            base.height = height;
        }
        if let Some(kbps) = self.video_kbps {
            base.video_kbps = (kbps > 0).then_some(kbps);
        }
        if let Some(fps) = self.fps {
            base.fps = (fps != 0.0).then_some(fps);
        }
        if let Some(seconds) = self.gop_seconds {
            base.gop = (seconds != 0.0).then_some(LiveGop::Seconds(seconds));
        }
        if let Some(frames) = self.gop_frames {
            base.gop = Some(LiveGop::Frames(frames));
        }
        if let Some(kbps) = self.audio_kbps {
            base.audio_kbps = (kbps > 0).then_some(kbps);
        }
        base
    }
}

fn as_source(codec: String) -> LiveSettings {
    LiveSettings {
        codec,
        width: None,
        height: None,
        video_kbps: None,
        fps: None,
        gop: None,
        audio_kbps: None,
    }
}

pub(super) async fn run(client: &Client, command: TemplateCommand, format: Format) -> Result<()> {
    let shown = match command {
        TemplateCommand::List => {
            let found = client.stream_templates().await?;
            return match format {
                Format::Json => json(&found),
                Format::Table => show(&found.templates),
            };
        }
        TemplateCommand::Get { template } => client.stream_template(&template).await?,
        TemplateCommand::Create {
            name,
            codec,
            settings,
        } => {
            let settings = settings.over(as_source(codec));
            let new = NewStreamTemplate { name, settings };
            client.create_stream_template(&new).await?
        }
        TemplateCommand::Update {
            template,
            name,
            codec,
            settings,
        } => {
            let settings = match codec.is_none() && settings.is_empty() {
                true => None,
                false => {
                    let mut base = client.stream_template(&template).await?.settings;
                    if let Some(codec) = codec {
                        base.codec = codec;
                    }
                    Some(settings.over(base))
                }
            };
            if name.is_none() && settings.is_none() {
                bail!("nothing is to change: see `reelgate live template update --help`");
            }
            let change = StreamTemplateChange { name, settings };
            client.change_stream_template(&template, &change).await?
        }
        TemplateCommand::Delete { template } => {
            client.delete_stream_template(&template).await?;
            return line(&format!("template {template} is deleted"));
        }
    };
    match format {
        Format::Json => json(&shown),
        Format::Table => show(&[shown]),
    }
}

fn show(templates: &[StreamTemplate]) -> Result<()> {
    let rows = templates.iter().map(|template| {
        [
            template.id.clone(),
            template.name.clone(),
            match template.builtin {
                true => "built in".to_owned(),
                false => "account".to_owned(),
            },
            settings(&template.settings),
        ]
    });
    table(["ID", "NAME", "FROM", "SETTINGS"], rows)
}

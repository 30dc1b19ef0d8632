//! `reelgate dna create`.

use anyhow::Result;
use clap::{Args, ValueEnum};
use reelgate_client::{Client, DnaModel, NewLibrary};

use super::show;
use crate::cli::screen::{Format, json};

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// 1 to 128 characters.
    name: String,
    /// What its fingerprints are made of.
    #[arg(long, value_enum, default_value_t)]
    model: Model,
    /// What it is for, at most 1024 characters.
    #[arg(long)]
    description: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Model {
    /// The pictures of films.
    #[default]
    Video,
    /// Sound, also that of films.
    Audio,
    /// Single pictures.
    Image,
    /// Text, also what speech recognition has made.
    Text,
}

impl Model {
    const fn model(self) -> DnaModel {
        match self {
            Self::Video => DnaModel::Video,
            Self::Audio => DnaModel::Audio,
            Self::Image => DnaModel::Image,
            Self::Text => DnaModel::Text,
        }
    }
}

pub(super) async fn run(client: &Client, wanted: Create, format: Format) -> Result<()> {
    let new = NewLibrary {
        name: wanted.name,
        model: wanted.model.model(),
        description: wanted.description,
    };
    let library = client.create_library(&new).await?;
    match format {
        Format::Json => json(&library),
        Format::Table => show::libraries(&[library]),
    }
}

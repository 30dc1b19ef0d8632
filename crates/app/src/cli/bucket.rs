//! `reelgate bucket`: create buckets, list, store and fetch objects.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use reelgate_client::{
    Bucket, Client, NewBucket, NewS3Place, ObjectEntry, ObjectQuery, Secret, StoredObject,
};
use reelgate_domain::ObjectRef;

use super::address::{self, Prefix};
use super::input::secret_key;
use super::progress::Transfer;
use super::screen::{Format, json, line, or_dash, remark, size, table};
use crate::config;

#[derive(Debug, Subcommand)]
pub(crate) enum BucketCommand {
    /// Create a bucket.
    Create {
        name: String,
        /// Directory on the server's machine that holds its objects; only operators may choose it.
        #[arg(long, value_name = "DIR", conflicts_with = "endpoint")]
        path: Option<PathBuf>,
        #[command(flatten)]
        s3: S3Args,
    },
    /// List buckets, or a bucket's objects.
    Ls {
        #[arg(value_name = "BUCKET[/PREFIX]", value_parser = address::prefix)]
        objects: Option<Prefix>,
        /// Only objects after this key.
        #[arg(long, value_name = "KEY")]
        after: Option<String>,
        /// How many objects, 1 to 1000.
        #[arg(long, default_value_t = 1000)]
        limit: u32,
    },
    /// Store a file as an object.
    Put {
        file: PathBuf,
        /// A key, or a folder with a slash at its end.
        #[arg(value_name = "BUCKET/KEY")]
        target: String,
    },
    /// Fetch an object into a file, or to standard output with `-`.
    Get {
        #[arg(value_name = "BUCKET/KEY", value_parser = address::object)]
        object: ObjectRef,
        /// By default the last part of the key, in the current directory.
        file: Option<PathBuf>,
    },
    /// Print an address by which anybody can read an object for a while.
    Link {
        #[arg(value_name = "BUCKET/KEY", value_parser = address::object)]
        object: ObjectRef,
        /// How long it is good for, 1 to 604800.
        #[arg(long, default_value_t = 3600)]
        seconds: u64,
    },
    /// Delete an object.
    Rm {
        #[arg(value_name = "BUCKET/KEY", value_parser = address::object)]
        object: ObjectRef,
    },
}

/// A bucket on an object store that speaks S3.
#[derive(Debug, Args)]
pub(crate) struct S3Args {
    /// Keep the objects on an object store that speaks S3: its address without the bucket; only
    /// operators may choose it.
    #[arg(id = "endpoint", long = "s3", value_name = "URL", requires_all = ["s3_bucket", "access_key_id"])]
    endpoint: Option<String>,
    /// The bucket's name there.
    #[arg(long, value_name = "NAME", requires = "endpoint")]
    s3_bucket: Option<String>,
    /// The folder there that has the objects. Default: the whole bucket.
    #[arg(long, value_name = "FOLDER", requires = "endpoint")]
    prefix: Option<String>,
    /// The region that signatures name. Default: what the endpoint says, else us-east-1.
    #[arg(long, requires = "endpoint")]
    region: Option<String>,
    /// Whether the bucket is named in the path or in the host name. Default: what the vendor has.
    #[arg(long, value_parser = ["path", "virtual"], requires = "endpoint")]
    style: Option<String>,
    /// The access key's id. Its secret is read from --secret-file, or asked for on a terminal.
    #[arg(long, value_name = "ID", requires = "endpoint")]
    access_key_id: Option<String>,
    /// A file with the access key's secret, `-` for the standard input. Default: REELGATE_S3_SECRET,
    /// else a terminal is asked.
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    secret_file: Option<PathBuf>,
}

impl S3Args {
    fn place(self) -> Result<Option<NewS3Place>> {
        let (Some(endpoint), Some(bucket), Some(access_key_id)) =
            (self.endpoint, self.s3_bucket, self.access_key_id)
        else {
            return Ok(None);
        };
        let given = config::s3_secret().filter(|_| self.secret_file.is_none());
        let secret = match given {
            Some(secret) => Secret::new(secret),
            None => secret_key(self.secret_file.as_deref())?,
        };
        Ok(Some(NewS3Place {
            endpoint,
            bucket,
            prefix: self.prefix,
            region: self.region,
            style: self.style,
            access_key_id,
            secret_access_key: secret.expose().to_owned(),
        }))
    }
}

pub(super) async fn run(
    client: &Client,
    command: BucketCommand,
    format: Format,
) -> Result<ExitCode> {
    match command {
        BucketCommand::Create { name, path, s3 } => {
            let s3 = s3.place()?;
            create(client, name, path, s3, format).await?;
        }
        BucketCommand::Ls { objects: None, .. } => list_buckets(client, format).await?,
        BucketCommand::Ls {
            objects: Some(prefix),
            after,
            limit,
        } => {
            list_objects(client, prefix, after, limit, format).await?;
        }
        BucketCommand::Put { file, target } => put(client, &file, &target, format).await?,
        BucketCommand::Get { object, file } => get(client, &object, file).await?,
        BucketCommand::Link { object, seconds } => {
            let link = client.link(&object, seconds).await?;
            match format {
                Format::Json => json(&link)?,
                Format::Table => line(&link.url)?,
            }
        }
        BucketCommand::Rm { object } => {
            client.delete_object(&object).await?;
            remark(&format!("{object} is deleted"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(
    client: &Client,
    name: String,
    path: Option<PathBuf>,
    s3: Option<NewS3Place>,
    format: Format,
) -> Result<()> {
    let path = path.map(|path| {
        // The server has a working directory of its own.
        let absolute = std::path::absolute(&path)
            .with_context(|| format!("{} is not a path", path.display()))?;
        let text = absolute.into_os_string().into_string();
        text.map_err(|path| anyhow!("{} is not UTF-8", path.display()))
    });
    let path = path.transpose()?;
    let bucket = client.create_bucket(&NewBucket { name, path, s3 }).await?;
    match format {
        Format::Json => json(&bucket),
        Format::Table => show_buckets(&[bucket]),
    }
}

async fn list_buckets(client: &Client, format: Format) -> Result<()> {
    let found = client.buckets().await?;
    match format {
        Format::Json => json(&found),
        Format::Table => show_buckets(&found.buckets),
    }
}

fn show_buckets(buckets: &[Bucket]) -> Result<()> {
    let row = |bucket: &Bucket| {
        let s3 = bucket.s3.as_ref().map(|s3| {
            let folder = s3.prefix.trim_end_matches('/');
            let slash = if folder.is_empty() { "" } else { "/" };
            format!("{}/{}{slash}{folder}", s3.endpoint, s3.bucket)
        });
        let place = or_dash(bucket.path.as_ref().or(s3.as_ref()));
        [bucket.name.clone(), bucket.created_at.clone(), place]
    };
    table(["NAME", "CREATED", "PLACE"], buckets.iter().map(row))
}

async fn list_objects(
    client: &Client,
    Prefix { bucket, prefix }: Prefix,
    after: Option<String>,
    limit: u32,
    format: Format,
) -> Result<()> {
    let query = ObjectQuery {
        prefix: (!prefix.is_empty()).then_some(prefix),
        after,
        limit: Some(limit),
    };
    let page = client.objects(&bucket, &query).await?;
    if format == Format::Json {
        return json(&page);
    }
    let row = |object: &ObjectEntry| {
        [
            object.key.clone(),
            size(object.bytes),
            object.last_modified.clone(),
        ]
    };
    table(["KEY", "SIZE", "MODIFIED"], page.objects.iter().map(row))?;
    if let Some(after) = page.next_after {
        remark(&format!("there are more: add --after '{after}'"));
    }
    Ok(())
}

async fn put(client: &Client, file: &Path, target: &str, format: Format) -> Result<()> {
    let object = address::target(target, file_name(file)?).map_err(|error| anyhow!(error))?;
    let stored = upload(client, file, &object).await?;
    match format {
        Format::Json => json(&stored),
        Format::Table => line(&format!("{object}  {}", size(stored.bytes))),
    }
}

/// Uploads a file with its progress on the screen.
pub(super) async fn upload(
    client: &Client,
    file: &Path,
    object: &ObjectRef,
) -> Result<StoredObject> {
    let known =
        std::fs::metadata(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let bytes = known.len();
    let shown = Transfer::start(&format!("uploading {}", file.display()), bytes);
    let sending = shown.clone();
    let stored = client
        .upload(object, file, move |sent| sending.at(sent, bytes))
        .await?;
    shown.finish();
    Ok(stored)
}

async fn get(client: &Client, object: &ObjectRef, file: Option<PathBuf>) -> Result<()> {
    let file = file.unwrap_or_else(|| object.key.file_name().into());
    if file.as_os_str() == "-" {
        let own = std::io::stdout().as_fd().try_clone_to_owned()?;
        let mut out = tokio::fs::File::from_std(std::fs::File::from(own));
        client.download_into(object, &mut out, |_, _| {}).await?;
        return Ok(());
    }
    let shown = Transfer::start(&format!("fetching {object}"), 0);
    let bytes = client
        .download(object, &file, |got, total| shown.at(got, total))
        .await?;
    shown.finish();
    remark(&format!("{} holds {}", file.display(), size(bytes)));
    Ok(())
}

/// The name that a file keeps as an object.
pub(super) fn file_name(file: &Path) -> Result<&str> {
    let name = file.file_name().and_then(|name| name.to_str());
    name.with_context(|| format!("{} has no file name in UTF-8", file.display()))
}

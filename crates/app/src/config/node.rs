//! What a node is among others that share its store, and how a process runs that only works.

use std::path::{Path, PathBuf};

use clap::Args;
use reelgate_domain::job::JobKind;
use reelgate_domain::node::{ClusterName, Kinds, NodeName};

use super::{DEFAULT_DATA, EngineArgs, LiveArgs, OutboundArgs, StoreArgs, WorkArgs};

/// What a node is among others.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct NodeArgs {
    /// What the node is called. Default: the machine's name.
    #[arg(long, env = "REELGATE_NAME", value_name = "NAME")]
    name: Option<NodeName>,
    /// The cluster that the node stands in, such as a data centre; see `reelgate cluster create`.
    #[arg(long, env = "REELGATE_CLUSTER", value_name = "CLUSTER")]
    cluster: Option<ClusterName>,
    /// The kinds of jobs that the node runs, with commas between them; live streams are switched by
    /// --live-streams. Default: all.
    #[arg(
        long,
        env = "REELGATE_KINDS",
        value_name = "KINDS",
        value_delimiter = ',',
        value_parser = kind
    )]
    kinds: Vec<JobKind>,
    /// Directory of buckets that every node sees at this path, such as a network file system. Without
    /// a value it is `buckets` in the data directory.
    #[arg(
        long,
        env = "REELGATE_SHARED_BUCKETS",
        value_name = "DIR",
        num_args = 0..=1,
        default_missing_value = "yes"
    )]
    shared_buckets: Option<String>,
}

/// How a process runs that only works.
#[derive(Clone, Debug, Args)]
pub(crate) struct WorkerArgs {
    /// Directory of the worker's own files, such as scratch space; made if missing. No other process
    /// may have it.
    #[arg(long, env = "REELGATE_DATA", default_value = DEFAULT_DATA, value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// Jobs that run at once. Default: half the processors, at least 2.
    #[arg(
        long,
        env = "REELGATE_SLOTS",
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) slots: Option<u32>,
    /// Address on which /livez, /readyz and /metrics are answered, over plain HTTP and to everybody;
    /// port 0 picks a free one. Default: none.
    #[arg(long, env = "REELGATE_HEALTH_LISTEN", value_name = "HOST:PORT")]
    pub(crate) listen: Option<String>,
    /// File to write once jobs are claimed: JSON with `id` and, with --listen, `address`.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// The largest object that may be stored, in bytes.
    #[arg(
        long,
        env = "REELGATE_MAX_OBJECT_BYTES",
        default_value_t = 100 << 30,
        value_name = "BYTES"
    )]
    pub(crate) max_object_bytes: u64,
    /// File of the master keys, a copy of the servers'; its owner alone may read it. Default:
    /// master.key in the data directory. REELGATE_MASTER_KEY gives keys without a file.
    #[arg(long, env = "REELGATE_MASTER_KEY_FILE", value_name = "FILE")]
    pub(crate) master_key_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
    #[command(flatten)]
    pub(crate) live: LiveArgs,
    #[command(flatten)]
    pub(crate) outbound: OutboundArgs,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

impl NodeArgs {
    /// What the node is called: what was said, or the machine's name as far as it is one.
    pub(crate) fn name(&self) -> NodeName {
        let of_machine = || {
            let machine = rustix::system::uname();
            let name = machine.nodename().to_string_lossy().into_owned();
            NodeName::new(name).ok()
        };
        let named = self.name.clone().or_else(of_machine);
        named.unwrap_or_else(|| NodeName::new("node").expect("it is made of letters"))
    }

    /// The cluster that the node stands in, unless it is the one that is always there.
    pub(crate) fn named_cluster(&self) -> Option<ClusterName> {
        let named = self.cluster.clone();
        named.filter(|cluster| *cluster != ClusterName::default())
    }

    pub(crate) fn kinds(&self) -> Kinds {
        match self.kinds.as_slice() {
            [] => Kinds::ALL,
            some => some
                .iter()
                .fold(Kinds::NONE, |kinds, kind| kinds.and(*kind)),
        }
    }

    /// Where buckets are that all nodes see, if there is such a place.
    pub(crate) fn shared_buckets(&self, data: &Path) -> Option<PathBuf> {
        match self.shared_buckets.as_deref()? {
            "no" | "false" | "0" | "" => None,
            "yes" | "true" | "1" => Some(data.join("buckets")),
            directory => Some(directory.into()),
        }
    }
}

fn kind(word: &str) -> Result<JobKind, String> {
    let known = JobKind::ALL.iter().find(|kind| kind.word() == word);
    known.copied().ok_or_else(|| {
        let words: Vec<_> = JobKind::ALL.iter().map(|kind| kind.word()).collect();
        format!("the kinds of jobs are {}", words.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        node: NodeArgs,
    }

    fn node(arguments: &[&str]) -> Result<NodeArgs, String> {
        let line = Line::try_parse_from([&["serve"], arguments].concat());
        line.map(|line| line.node)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_node_says_what_it_is() {
        let plain = node(&[]).unwrap();
        assert!(plain.kinds().is_all());
        assert!(!plain.name().as_str().is_empty());
        let given = ["--name", "a", "--cluster", "east", "--kinds", "transcode"];
        let given = node(&given).unwrap();
        assert_eq!(given.name().as_str(), "a");
        assert_eq!(given.named_cluster(), ClusterName::new("east").ok());
        let default = node(&["--cluster", "default"]).unwrap();
        assert_eq!(default.named_cluster(), None);
        assert_eq!(given.kinds().words(), ["transcode"]);
        let refused = node(&["--kinds", "cooking"]).unwrap_err();
        assert!(refused.contains("transcode"), "{refused}");
        assert!(node(&["--cluster", "a b"]).is_err());
    }

    #[test]
    fn shared_buckets_are_beside_the_others_or_where_it_is_said() {
        let shared = |arguments: &[&str]| {
            let args = node(arguments).unwrap();
            args.shared_buckets(Path::new("/data"))
        };
        assert_eq!(shared(&[]), None);
        assert_eq!(shared(&["--shared-buckets"]), Some("/data/buckets".into()));
        let elsewhere = shared(&["--shared-buckets", "/mnt/media"]);
        assert_eq!(elsewhere, Some("/mnt/media".into()));
    }
}

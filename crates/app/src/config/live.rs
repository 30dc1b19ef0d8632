//! Which live streams a node runs, and how.

use clap::Args;

/// How many streams run at once, unless told otherwise.
const DEFAULT_STREAMS: u32 = 16;

/// Which live streams a node runs.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct LiveArgs {
    /// Live streams that run at once, of the node's cluster, or of the cluster `default` if it stands in none;
    /// beside the jobs, whatever --kinds says. 0 runs none. Default: 16; 0 with --slots 0.
    #[arg(long, env = "REELGATE_LIVE_STREAMS", value_name = "N")]
    live_streams: Option<u32>,
    /// Let streams wait for SRT connections (`srt://…?mode=listener`): ports of this machine are open then to
    /// whoever reaches it, and whoever knows one can send or take the stream.
    #[arg(
        long,
        env = "REELGATE_LIVE_SRT_LISTENER",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub(crate) live_srt_listener: bool,
}

impl LiveArgs {
    /// How many streams run at once on a node that runs jobs in so many slots.
    pub(crate) fn streams(&self, slots: u32) -> u32 {
        let default = if slots == 0 { 0 } else { DEFAULT_STREAMS };
        self.live_streams.unwrap_or(default)
    }

    /// Of a server that runs no streams.
    pub(crate) fn none() -> Self {
        Self {
            live_streams: Some(0),
            live_srt_listener: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        live: LiveArgs,
    }

    #[test]
    fn a_node_that_runs_jobs_runs_streams_and_one_that_serves_only_does_not_unless_told() {
        let streams = |arguments: &[&str], slots| {
            let line = Line::try_parse_from([&["serve"], arguments].concat()).unwrap();
            line.live.streams(slots)
        };
        assert_eq!(streams(&[], 2), 16);
        assert_eq!(streams(&[], 0), 0);
        assert_eq!(streams(&["--live-streams", "3"], 0), 3);
        assert_eq!(streams(&["--live-streams", "0"], 2), 0);
    }
}

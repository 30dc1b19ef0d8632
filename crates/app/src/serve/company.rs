//! Whether a node goes with those that use the same store already.

use reelgate_domain::node::{Node, NodeState};

/// Why it does not, and what to do.
///
/// `in_directories` are the names of buckets that are directories.
pub(super) fn objection(
    me: &Node,
    others: &[NodeState],
    in_directories: &[&str],
) -> Option<String> {
    others.iter().map(|other| &other.node).find_map(|other| {
        let named = format!("{} ({})", other.name, other.id);
        release(me, other)
            .or_else(|| master_key(me, other))
            .or_else(|| buckets(me, other, in_directories))
            .map(|why| format!("node {named} uses this store, and {why}"))
    })
}

/// Releases next to each other work together, so that nodes can be replaced one by one.
fn release(me: &Node, other: &Node) -> Option<String> {
    let (mine, its) = (parsed(&me.version)?, parsed(&other.version)?);
    let is_next = mine.0 == its.0 && mine.1.abs_diff(its.1) <= 1;
    if is_next {
        return None;
    }
    let (mine_word, its_word) = (&me.version, &other.version);
    Some(match mine < its {
        true => format!(
            "it is of release {its_word}, for which {mine_word} is too old: start this node with the same release"
        ),
        false => format!(
            "it is of release {its_word}, too old for {mine_word}: bring all nodes to the release in between first"
        ),
    })
}

fn parsed(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split(['.', '-', '+']);
    let mut next = || parts.next()?.parse().ok();
    Some((next()?, next()?))
}

/// Whatever one seals the other has to open.
fn master_key(me: &Node, other: &Node) -> Option<String> {
    let missing = |newest: Option<&String>, among: &[String]| match newest {
        Some(key) if !among.contains(key) => Some(key.clone()),
        _ => None,
    };
    if let Some(key) = missing(other.master_keys.first(), &me.master_keys) {
        return Some(format!(
            "its master key {key} is not among this node's: give this node the same key, by a copy of that node's \
             master key file (--master-key-file) or in REELGATE_MASTER_KEY"
        ));
    }
    let key = missing(me.master_keys.first(), &other.master_keys)?;
    Some(format!(
        "it does not know this node's newest master key {key}: put that behind the older one on every node, start \
         them again one by one, and then bring it to the front on each"
    ))
}

/// What lies in a directory of one machine is not on the others.
fn buckets(me: &Node, other: &Node, in_directories: &[&str]) -> Option<String> {
    match (&me.shared_buckets, &other.shared_buckets) {
        (Some(mine), Some(its)) if mine == its => None,
        (Some(_), Some(_)) => Some(
            "its --shared-buckets is another directory than this node's: mount the same file system on both".to_owned(),
        ),
        (None, None) if in_directories.is_empty() => None,
        (None, None) => Some(format!(
            "there are buckets in directories, which other machines do not see ({}): mount one file system at the \
             same place on every node and start each with --shared-buckets DIR, or begin with a store whose buckets \
             are all on S3",
            some_of(in_directories)
        )),
        (Some(_), None) => Some(
            "it was started without --shared-buckets: start it again with the directory that all nodes share"
                .to_owned(),
        ),
        (None, Some(_)) => Some(
            "its buckets are in a directory that all nodes share: mount it here too and start this node with \
             --shared-buckets DIR"
                .to_owned(),
        ),
    }
}

fn some_of(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let mut shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN {
        shown.push_str(", …");
    }
    shown
}

#[cfg(test)]
mod tests {
    use reelgate_domain::node::{Kinds, NodeName};
    use reelgate_domain::{Timestamp, WorkerId};

    use super::*;

    fn node(change: impl FnOnce(&mut Node)) -> Node {
        let mut node = Node {
            id: WorkerId("a-1".to_owned()),
            name: NodeName::new("a").unwrap(),
            home: "a".to_owned(),
            serves: true,
            cluster: None,
            kinds: Kinds::ALL,
            slots: 1,
            version: "0.4.2".to_owned(),
            master_keys: vec!["k1".to_owned()],
            shared_buckets: None,
            started_at: Timestamp::from_millis(0),
        };
        change(&mut node);
        node
    }

    fn state(node: Node) -> NodeState {
        NodeState {
            node,
            taken: 0,
            trouble: None,
            draining: false,
            seen_at: Timestamp::from_millis(0),
            leases: 0,
        }
    }

    #[track_caller]
    fn refused(me: Node, other: Node, in_directories: &[&str], fix: &str) {
        let why = objection(&me, &[state(other)], in_directories).unwrap();
        assert!(why.starts_with("node a (a-1)"), "{why}");
        assert!(why.contains(fix), "{why}");
    }

    #[test]
    fn nodes_that_are_alike_go_together_and_one_goes_with_nobody_at_all() {
        let other = state(node(|_| ()));
        assert_eq!(objection(&node(|_| ()), &[other], &[]), None);
        assert_eq!(objection(&node(|_| ()), &[], &["films"]), None);
    }

    #[test]
    fn releases_next_to_each_other_go_together() {
        let of = |version: &str| node(|node| node.version = version.to_owned());
        for fine in ["0.4.0", "0.5.9", "0.3.0-rc.1"] {
            assert_eq!(objection(&of(fine), &[state(of("0.4.2"))], &[]), None);
        }
        refused(of("0.2.9"), of("0.4.2"), &[], "too old: start this node");
        refused(of("0.6.0"), of("0.4.2"), &[], "release in between");
        refused(of("1.4.0"), of("0.4.2"), &[], "release in between");
    }

    #[test]
    fn what_one_node_seals_the_others_can_open() {
        let with = |keys: &[&str]| {
            node(|node| node.master_keys = keys.iter().map(|&key| key.to_owned()).collect())
        };
        // A rotation, node by node.
        for fine in [["k1", "k2"], ["k2", "k1"]] {
            let other = state(with(&["k1", "k2"]));
            assert_eq!(objection(&with(&fine), &[other], &[]), None);
        }
        refused(with(&["k2"]), with(&["k1"]), &[], "--master-key-file");
        refused(with(&["k2", "k1"]), with(&["k1"]), &[], "one by one");
    }

    #[test]
    fn directories_of_buckets_are_shared_by_all_or_there_is_one_node() {
        let with =
            |shared: Option<&str>| node(|node| node.shared_buckets = shared.map(str::to_owned));
        let same = state(with(Some("x")));
        assert_eq!(objection(&with(Some("x")), &[same], &["films"]), None);
        let apart = state(with(None));
        assert_eq!(objection(&with(None), &[apart], &[]), None);
        let apart = || (with(None), with(None));
        refused(apart().0, apart().1, &["films"], "--shared-buckets DIR");
        let many = ["a", "b", "c", "d", "e", "f"];
        refused(apart().0, apart().1, &many, "(a, b, c, d, e, …)");
        // Whatever there is now, buckets to come would be seen by some only.
        for names in [&["films"][..], &[]] {
            refused(with(Some("x")), with(None), names, "start it again");
            refused(with(None), with(Some("x")), names, "mount it here too");
            refused(with(Some("x")), with(Some("y")), names, "same file system");
        }
    }
}

//! Listings of live streams.

use std::time::Duration;

use reelgate_domain::node::{Cluster, ClusterName};
use reelgate_domain::stream::{Stream, StreamId};
use reelgate_testkit::account;

use super::Home;
use super::studio::{Studio, done, push};
use crate::{NewStream, StreamFilter, StreamPage};

impl Studio {
    async fn page(&self, filter: StreamFilter, limit: u32) -> StreamPage {
        let page = self.store.list_streams(self.account, filter, limit);
        page.await.expect("list_streams")
    }
}

/// Twelve streams, a second apart: every third in another cluster, every fourth to run, some touched later.
async fn some(it: &Studio) -> Vec<Stream> {
    let name = ClusterName::new("east").expect("a name");
    let (cluster, created_at) = (name.clone(), it.now());
    let made = it.store.create_cluster(Cluster { name, created_at }, None);
    assert!(made.await.expect("create_cluster"));
    let mut all = Vec::new();
    for number in 0..12 {
        let name = format!("stream_{number}%");
        let place = [push(&format!("p-{number}"))];
        let mut new = it.new_stream(&name.replace('%', "-Küche"), place.to_vec());
        if number % 3 == 0 {
            new.cluster = cluster.clone();
        }
        let id = done(it.create(new).await).id;
        it.clock.advance(Duration::from_secs(1));
        if number % 4 == 0 {
            done(it.start(id).await);
        }
        all.push(it.stream(id).await);
    }
    let of_another = NewStream {
        account: account(9),
        ..it.new_stream("stream_x", vec![push("x")])
    };
    done(it.create(of_another).await);
    let gone = it.simple("stream_gone").await;
    done(it.delete(gone).await);
    all
}

pub async fn every_combination_of_stream_filters_agrees_with_a_plain_filter(home: &dyn Home) {
    let it = Studio::new(home).await;
    let all = some(&it).await;
    let east = ClusterName::new("east").expect("a name");
    let id = all[5].id.to_string();
    let since = all[6].created_at;
    let keywords = [
        "stream_1",
        "Küche",
        "küche",
        "stream%",
        "",
        id.as_str(),
        "no'such",
    ];
    let keywords = keywords.map(|it| Some(it.to_owned()));
    for cluster in [None, Some(ClusterName::default()), Some(east)] {
        for wanted in [None, Some(true), Some(false)] {
            for keyword in [&[None], &keywords[..]].concat() {
                for since in [None, Some(since)] {
                    let filter = StreamFilter {
                        cluster: cluster.clone(),
                        wanted,
                        keyword: keyword.clone(),
                        since,
                        ..StreamFilter::default()
                    };
                    check(&it, &all, filter).await;
                }
            }
        }
    }
}

async fn check(it: &Studio, all: &[Stream], filter: StreamFilter) {
    let matches = |stream: &&Stream| {
        let keyword = filter.keyword.as_ref();
        filter
            .cluster
            .as_ref()
            .is_none_or(|it| *it == stream.cluster)
            && filter.wanted.is_none_or(|it| it == stream.standing.wanted)
            && keyword.is_none_or(|it| {
                *it == stream.id.to_string() || stream.name.as_str().contains(it.as_str())
            })
            && filter
                .since
                .is_none_or(|it| it <= stream.created_at && it <= stream.touched_at)
    };
    let mut expected: Vec<Stream> = all.iter().filter(matches).cloned().collect();
    for oldest_first in [true, false] {
        if !oldest_first {
            expected.reverse();
        }
        let filter = StreamFilter {
            oldest_first,
            ..filter.clone()
        };
        let page = it.page(filter.clone(), 100).await;
        assert_eq!(page.streams, expected, "{filter:?}");
        assert_eq!(page.total, expected.len() as u64, "{filter:?}");
    }
}

pub async fn pages_of_streams_follow_each_other(home: &dyn Home) {
    let it = Studio::new(home).await;
    let all: Vec<StreamId> = some(&it).await.iter().map(|it| it.id).collect();
    for (cluster, of_it) in [
        (None, all.clone()),
        (
            Some(ClusterName::new("east").expect("a name")),
            all.iter().copied().step_by(3).collect(),
        ),
    ] {
        for (oldest_first, limit) in [(true, 5), (false, 5), (false, 1), (true, 12)] {
            let mut seen = Vec::new();
            loop {
                let filter = StreamFilter {
                    cluster: cluster.clone(),
                    oldest_first,
                    offset: seen.len() as u64,
                    ..StreamFilter::default()
                };
                let page = it.page(filter, limit).await;
                assert_eq!(page.total, of_it.len() as u64);
                if page.streams.is_empty() {
                    break;
                }
                seen.extend(page.streams.iter().map(|it| it.id));
            }
            if !oldest_first {
                seen.reverse();
            }
            assert_eq!(seen, of_it);
        }
    }
    let beyond = StreamFilter {
        offset: u64::MAX,
        ..StreamFilter::default()
    };
    assert_eq!(it.page(beyond, 9).await.streams, []);
    assert_eq!(it.page(StreamFilter::default(), 0).await.total, 12);
}

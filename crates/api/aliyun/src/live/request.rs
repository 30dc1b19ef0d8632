//! Reading the parameters of calls.

use std::ops::RangeInclusive;

use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{StreamAddress, StreamId, StreamName, TemplateId};
use reelgate_service::Service;

use super::errors::{About, Refusal, stream_error};
use crate::rpc::{ApiError, Params};

/// An optional parameter; an empty one is absent.
pub(super) fn optional<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params.get(name).filter(|text| !text.is_empty())
}

pub(super) fn required<'a>(params: &'a Params, name: &'static str) -> Result<&'a str, Refusal> {
    optional(params, name).ok_or(Refusal::Missing(name))
}

/// The cluster of a call; none if there can be no cluster of this name.
pub(super) fn cluster(params: &Params) -> Result<Option<ClusterName>, Refusal> {
    let text = required(params, "ClusterId")?;
    Ok(ClusterName::new(text).ok())
}

/// Fails unless there is such a cluster; for calls that name no job.
pub(super) async fn known(
    service: &Service,
    cluster: Option<ClusterName>,
) -> Result<ClusterName, ApiError> {
    let cluster = cluster.ok_or_else(Refusal::no_cluster)?;
    let known = service.knows_cluster(&cluster).await;
    match known.map_err(|error| stream_error(About::Other, error))? {
        true => Ok(cluster),
        false => Err(Refusal::no_cluster().into()),
    }
}

/// The job of a call; none if there can be no job of this id.
pub(super) fn job(params: &Params) -> Result<Option<StreamId>, Refusal> {
    Ok(required(params, "JobId")?.parse().ok())
}

pub(super) fn name(text: &str) -> Result<StreamName, Refusal> {
    StreamName::new(text).map_err(|why| Refusal::Invalid("Name", why.to_string()))
}

/// One that can be none does not exist.
pub(super) fn template(text: &str) -> Result<TemplateId, Refusal> {
    text.parse().map_err(|_invalid| Refusal::TemplateNotFound)
}

pub(super) fn source(text: &str) -> Result<StreamAddress, Refusal> {
    StreamAddress::new(text).map_err(|why| Refusal::Invalid("StreamInput", why.to_string()))
}

pub(super) fn target(text: &str) -> Result<StreamAddress, Refusal> {
    const NAME: &str = "StreamOutput";
    let address =
        StreamAddress::new(text).map_err(|why| Refusal::Invalid(NAME, why.to_string()))?;
    if address.scheme().takes_streams() {
        return Ok(address);
    }
    let why = "a stream goes to an rtmp, rtmps or srt address".to_owned();
    Err(Refusal::Invalid(NAME, why))
}

/// One of the words that a parameter may be.
pub(super) fn word<T: Copy>(
    params: &Params,
    name: &'static str,
    words: &[(&str, T)],
) -> Result<Option<T>, Refusal> {
    let Some(text) = optional(params, name) else {
        return Ok(None);
    };
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(Some(*meaning));
    }
    let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    Err(Refusal::Invalid(
        name,
        format!("it is one of {}", words.join(", ")),
    ))
}

/// Whether a list may hold anything: all that there is here is of the type `common`.
pub(super) fn lists_ours(params: &Params) -> Result<bool, Refusal> {
    const TYPES: [(&str, bool); 3] = [("common", true), ("nbhd-2", false), ("ultra-hd", false)];
    Ok(word(params, "Type", &TYPES)?.unwrap_or(true))
}

pub(super) fn oldest_first(params: &Params) -> Result<bool, Refusal> {
    Ok(word(params, "SortBy", &[("desc", false), ("asc", true)])?.unwrap_or(false))
}

/// A page by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    number: u32,
    pub(super) size: u32,
}

impl Page {
    pub(super) fn read(params: &Params) -> Result<Self, Refusal> {
        Ok(Self {
            number: number(params, "PageNo", 1..=i32::MAX as u32)?.unwrap_or(1),
            size: number(params, "PageSize", 1..=100)?.unwrap_or(10),
        })
    }

    /// How many entries come before the page.
    pub(super) fn offset(self) -> u64 {
        u64::from(self.number - 1) * u64::from(self.size)
    }

    /// Those of the entries that are on the page.
    pub(super) fn of<T>(self, entries: impl Iterator<Item = T>) -> Vec<T> {
        let offset = usize::try_from(self.offset()).unwrap_or(usize::MAX);
        entries.skip(offset).take(self.size as usize).collect()
    }
}

/// A whole number inside the range.
fn number(
    params: &Params,
    name: &'static str,
    range: RangeInclusive<u32>,
) -> Result<Option<u32>, Refusal> {
    let Some(text) = optional(params, name) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(Some(number)),
        _ => {
            let why = format!("it is a number from {} to {}", range.start(), range.end());
            Err(Refusal::Invalid(name, why))
        }
    }
}

/// What a call is about, as the audit names it: never an address, which may give access.
pub(super) fn subject(params: &Params) -> Option<String> {
    const MOST_CHARS: usize = 64;
    let named = |(parameter, kind)| {
        let text = optional(params, parameter)?;
        let text: String = text.chars().take(MOST_CHARS).collect();
        Some(format!("{kind}/{text}"))
    };
    [
        ("JobId", "job"),
        ("TemplateId", "template"),
        ("ClusterId", "cluster"),
    ]
    .into_iter()
    .find_map(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params {
        Params::parse(query.as_bytes(), None).unwrap()
    }

    #[test]
    fn what_is_needed_and_empty_is_missing() {
        assert_eq!(job(&params("JobId=")), Err(Refusal::Missing("JobId")));
        assert_eq!(cluster(&params("")), Err(Refusal::Missing("ClusterId")));
        assert_eq!(job(&params("JobId=no")), Ok(None));
        assert_eq!(cluster(&params("ClusterId=a/b")), Ok(None));
    }

    #[test]
    fn pages_and_words_are_what_they_may_be() {
        let page = Page::read(&params("PageNo=3&PageSize=100")).unwrap();
        assert_eq!(page.offset(), 200);
        assert_eq!(Page::read(&params("PageNo=")).unwrap().size, 10);
        for bad in [
            "PageNo=0",
            "PageNo=-1",
            "PageNo=x",
            "PageSize=101",
            "PageSize=1.0",
        ] {
            assert!(Page::read(&params(bad)).is_err(), "{bad}");
        }
        assert_eq!(lists_ours(&params("")), Ok(true));
        assert_eq!(lists_ours(&params("Type=ultra-hd")), Ok(false));
        assert!(lists_ours(&params("Type=Common")).is_err());
        assert_eq!(oldest_first(&params("SortBy=asc")), Ok(true));
        assert!(oldest_first(&params("SortBy=up")).is_err());
    }

    #[test]
    fn streams_come_from_more_schemes_than_they_go_to() {
        for text in [
            "rtmp://d/app/s1",
            "rtmps://d/app/s1",
            "srt://d:9000?streamid=x",
        ] {
            source(text).unwrap();
            target(text).unwrap();
        }
        for text in ["http://d/a.flv", "https://d/a.m3u8", "rtsp://d/s"] {
            source(text).unwrap();
            assert!(matches!(
                target(text),
                Err(Refusal::Invalid("StreamOutput", _))
            ));
        }
        for text in [
            "file:///etc/passwd",
            "rtmp://",
            "rtmp://d",
            "udp://d:1/x",
            "d/app",
        ] {
            assert!(source(text).is_err(), "{text}");
        }
    }
}

//! `SubmitSnapshotJob`: pictures of moments of a video, or sheets of them.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-submitsnapshotjob>

use reelgate_api_kit::json as strict_json;
use reelgate_domain::asset::AssetState;
use reelgate_domain::job::kind::snapshot::{Moments, SnapshotSpec, Sprite};
use reelgate_service::{Caller, Pictures, Service};
use serde_json::{Map, Value, json};

use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal, service_error};
use crate::vod::origin::{self, Snapshot};
use crate::vod::status::mezzanine_word;
use crate::vod::{media, request, user_data};

const MOST_MOMENTS: usize = 30;
/// The latest first one, in milliseconds.
const LATEST_MS: u32 = SnapshotSpec::LATEST_MS as u32;
const SPRITE: &str = "SpriteSnapshotConfig";
const TIMES: &str = "SpecifiedOffsetTimes";

pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    request::unserved(params, &["SnapshotTemplateId"])?;
    let sprite = sprite(params)?;
    let side = |name: &str| match request::optional(params, name) {
        None => Ok(None),
        Some(_) => request::number(params, name, 8..=4096, 8).map(Some),
    };
    let (width, height) = (side("Width")?, side("Height")?);
    let user_data = user_data::read_of_work(service, params)?;
    let moments = moments(params)?;
    let video = media::one(service, caller, params).await?;
    let AssetState::Ready { facts, .. } = &video.state else {
        let word = mezzanine_word(&video.state);
        return Err(Refusal::new(Code::IllegalStatusOfSource, word).into());
    };
    if facts.video().is_none() {
        return Err(Refusal::new(Code::NoneStream, "").into());
    }
    let wish = Pictures {
        moments,
        width,
        height,
        sprite,
        origin: origin::ours(&Snapshot {
            user_data: user_data.map(str::to_owned),
        }),
    };
    let job = service.picture_asset(caller, &video, wish).await;
    let job = job.map_err(service_error)?;
    Ok(json!({"SnapshotJob": {"JobId": job.id.to_string()}}))
}

/// Single moments, if there are any, or the first and those that follow: so far apart, or spread evenly.
fn moments(params: &Params) -> Result<Moments, Refusal> {
    let mut times = times(params)?;
    if !times.is_empty() {
        let is_late = |at: &u64| *at > SnapshotSpec::LATEST_MS;
        if times.len() > MOST_MOMENTS || times.iter().any(is_late) {
            return Err(Refusal::parameter(TIMES));
        }
        times.sort_unstable();
        times.dedup();
        return Ok(Moments::At(times));
    }
    let count = request::number(params, "Count", 1..=SnapshotSpec::MAX_PICTURES, 1)?;
    let first = request::number(params, "SpecifiedOffsetTime", 0..=LATEST_MS, 0)?;
    let interval = request::number(params, "Interval", 0..=24 * 3600, 1)?;
    Ok(match interval {
        0 => Moments::Spread {
            first_ms: first.into(),
            count,
        },
        seconds => Moments::Every {
            first_ms: first.into(),
            step_ms: u64::from(seconds) * 1000,
            most: count,
        },
    })
}

/// The parameter is a JSON list, or a parameter for each item.
fn times(params: &Params) -> Result<Vec<u64>, Refusal> {
    let bad = || Refusal::parameter(TIMES);
    if let Some(text) = request::optional(params, TIMES) {
        let Ok(Value::Array(items)) = strict_json::parse(text) else {
            return Err(bad());
        };
        let times = items.iter().map(|item| match item {
            Value::Number(number) => number.as_u64().ok_or_else(bad),
            Value::String(text) => text.parse().map_err(|_invalid| bad()),
            _ => Err(bad()),
        });
        return times.collect();
    }
    let one = |at: usize| params.get(&format!("{TIMES}.{at}"));
    let given = (1..=MOST_MOMENTS + 1).map_while(one);
    given
        .map(|text| text.parse().map_err(|_invalid| bad()))
        .collect()
}

fn sprite(params: &Params) -> Result<Option<Sprite>, Refusal> {
    let Some(text) = request::optional(params, SPRITE) else {
        return Ok(None);
    };
    let members = request::object(SPRITE, text)?;
    if members.is_empty() {
        return Ok(None);
    }
    const KNOWN: [&str; 7] = [
        "CellWidth",
        "CellHeight",
        "Columns",
        "Lines",
        "Padding",
        "Margin",
        "KeepCellPic",
    ];
    if let Some(name) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Refusal::member(format!("{SPRITE}.{name}")));
    }
    let keep_pictures = match request::text(&members, SPRITE, "KeepCellPic")?.as_deref() {
        None | Some("keep") => true,
        Some("delete") => false,
        Some(_) => return Err(Refusal::member(format!("{SPRITE}.KeepCellPic"))),
    };
    Ok(Some(Sprite {
        columns: member(&members, "Columns", 1..=100)?.unwrap_or(10),
        rows: member(&members, "Lines", 1..=100)?.unwrap_or(10),
        cell_width: member(&members, "CellWidth", 8..=4096)?,
        cell_height: member(&members, "CellHeight", 8..=4096)?,
        padding: member(&members, "Padding", 0..=1000)?.unwrap_or(0),
        margin: member(&members, "Margin", 0..=1000)?.unwrap_or(0),
        keep_pictures,
        ..Sprite::default()
    }))
}

fn member(
    members: &Map<String, Value>,
    name: &str,
    range: std::ops::RangeInclusive<u32>,
) -> Result<Option<u32>, Refusal> {
    let Some(text) = request::text(members, SPRITE, name)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(Some(number)),
        _ => Err(Refusal::member(format!("{SPRITE}.{name}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Moments, Refusal> {
        moments(&Params::from_pairs(pairs.iter().copied()).unwrap())
    }

    #[test]
    fn moments_are_single_ones_or_a_row() {
        let at = Moments::At(vec![0, 500, 7000]);
        assert_eq!(
            read(&[(TIMES, "[7000,0,\"500\",0]"), ("Count", "9")]),
            Ok(at.clone())
        );
        let flat = [
            (format!("{TIMES}.1"), "7000"),
            (format!("{TIMES}.2"), "500"),
            (format!("{TIMES}.3"), "0"),
        ];
        let flat: Vec<_> = flat
            .iter()
            .map(|(name, text)| (name.as_str(), *text))
            .collect();
        assert_eq!(read(&flat), Ok(at));
        let every = Moments::Every {
            first_ms: 0,
            step_ms: 1000,
            most: 1,
        };
        assert_eq!(read(&[]), Ok(every));
        let spread = Moments::Spread {
            first_ms: 40,
            count: 3,
        };
        let pairs = [
            ("Count", "3"),
            ("Interval", "0"),
            ("SpecifiedOffsetTime", "40"),
        ];
        assert_eq!(read(&pairs), Ok(spread));
        let many = format!(
            "[{}]",
            (0..31).map(|n| n.to_string()).collect::<Vec<_>>().join(",")
        );
        for bad in ["[-1]", "{}", "[1.5]", "x", "[172800001]", &many] {
            assert_eq!(
                read(&[(TIMES, bad)]),
                Err(Refusal::parameter(TIMES)),
                "{bad}"
            );
        }
        for (name, value) in [("Count", "301"), ("SpecifiedOffsetTime", "172800001")] {
            assert_eq!(read(&[(name, value)]), Err(Refusal::parameter(name)));
        }
    }
}

//! How often something may be called.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// So many calls in a period, written `100/s`, `6000/min`, `10/h` or `200000/d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallLimit {
    pub calls: u32,
    pub per: Period,
}

/// The time that a [`CallLimit`] counts over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    Second,
    Minute,
    Hour,
    Day,
}

impl Period {
    pub const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    pub const fn length(self) -> Duration {
        match self {
            Self::Second => Duration::from_secs(1),
            Self::Minute => Duration::from_secs(60),
            Self::Hour => Duration::from_secs(3600),
            Self::Day => Duration::from_secs(24 * 3600),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "min",
            Self::Hour => "h",
            Self::Day => "d",
        }
    }
}

/// The text is not a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a limit is a number of calls from 1 and a period, such as 100/s, 6000/min, 10/h or 9/d")]
pub struct InvalidLimit;

impl fmt::Display for CallLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.calls, self.per.word())
    }
}

impl FromStr for CallLimit {
    type Err = InvalidLimit;

    fn from_str(text: &str) -> Result<Self, InvalidLimit> {
        let (calls, per) = text.split_once('/').ok_or(InvalidLimit)?;
        let per = Period::ALL
            .into_iter()
            .find(|period| period.word() == per)
            .ok_or(InvalidLimit)?;
        // A number's own parser would take a sign.
        if !calls.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidLimit);
        }
        let calls: NonZeroU32 = calls.parse().map_err(|_| InvalidLimit)?;
        let calls = calls.get();
        Ok(Self { calls, per })
    }
}

impl TryFrom<String> for CallLimit {
    type Error = InvalidLimit;

    fn try_from(text: String) -> Result<Self, InvalidLimit> {
        text.parse()
    }
}

impl From<CallLimit> for String {
    fn from(limit: CallLimit) -> Self {
        limit.to_string()
    }
}

/// What an account has been given in place of an action's documented limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitRule {
    /// Written `unlimited`.
    Unlimited,
    Limit(CallLimit),
}

const UNLIMITED: &str = "unlimited";

impl fmt::Display for LimitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str(UNLIMITED),
            Self::Limit(limit) => limit.fmt(f),
        }
    }
}

impl FromStr for LimitRule {
    type Err = InvalidLimit;

    fn from_str(text: &str) -> Result<Self, InvalidLimit> {
        if text == UNLIMITED {
            return Ok(Self::Unlimited);
        }
        text.parse().map(Self::Limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_reads_back_what_it_printed() {
        for text in ["1/s", "100/s", "6000/min", "10/h", "4294967295/d"] {
            assert_eq!(text.parse::<CallLimit>().unwrap().to_string(), text);
            assert_eq!(text.parse::<LimitRule>().unwrap().to_string(), text);
        }
        assert_eq!("unlimited".parse(), Ok(LimitRule::Unlimited));
        assert_eq!(LimitRule::Unlimited.to_string(), "unlimited");
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for text in [
            "",
            "100",
            "/s",
            "0/s",
            "-1/s",
            "+1/s",
            " 1/s",
            "1/S",
            "1/sec",
            "1/s/s",
            "1.5/s",
            "4294967296/s",
            "Unlimited",
        ] {
            assert_eq!(text.parse::<LimitRule>(), Err(InvalidLimit), "{text:?}");
        }
    }

    #[test]
    fn periods_have_their_length() {
        let lengths = Period::ALL.map(|it| it.length().as_secs());
        assert_eq!(lengths, [1, 60, 3600, 86_400]);
    }
}

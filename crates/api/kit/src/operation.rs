//! What a product says of each of its operations, in one table: documentation, limits, policies and the error centre are
//! all read from it.

use std::fmt;

use reelgate_domain::access::CallLimit;

/// What conditions of any policy may ask for, whatever the operation; rows name only keys beyond these.
pub const COMMON_CONDITION_KEYS: &[&str] = &[
    "acs:CurrentTime",
    "acs:MFAPresent",
    "acs:SecureTransport",
    "acs:SourceIp",
];

/// A product of a dialect, in one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// The code that clients know it by, such as `Mts`.
    pub name: &'static str,
    /// For people, such as `ApsaraVideo Media Processing`.
    pub title: &'static str,
    pub version: &'static str,
    /// What its actions begin with in policies, such as `mts` in `mts:CancelJob`.
    pub ram_code: &'static str,
    /// What the names of its system policies begin with, such as `AliyunMTS` in `AliyunMTSFullAccess`.
    pub policy_name: &'static str,
    /// Name of the dialect that speaks it.
    pub dialect: &'static str,
    /// Every documented operation, sorted by name.
    pub operations: &'static [Operation],
    /// Codes of its own.
    pub errors: &'static [ErrorCode],
    /// Codes that every product of the dialect answers; one table that they all point to.
    pub shared_errors: &'static [ErrorCode],
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Its name; names are case-sensitive.
    pub action: &'static str,
    pub handling: Handling,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    Served(Served),
    /// Documented by the vendor and not served, with the reason for the caller.
    Refused(&'static str),
}

/// A served operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    pub access: AccessLevel,
    pub permission: Permission,
    /// What policies can name. Without any, the operation is allowed on all resources or not at all.
    pub resources: &'static [ResourceType],
    /// What conditions may ask for beyond [`COMMON_CONDITION_KEYS`].
    pub condition_keys: &'static [&'static str],
    /// Operations of the same product that are usually needed with this one.
    pub associated: &'static [&'static str],
    /// The documented number of calls of an account with all its users; without one, only what an operator sets counts.
    pub limit: Option<CallLimit>,
    /// Codes it can answer beside the dialect's shared ones, each of them in one of the product's tables.
    pub errors: &'static [&'static str],
    /// The operation's page: the vendor's, or one of ours.
    pub documentation: &'static str,
    /// The oldest first.
    pub history: &'static [Change],
}

/// Whether policies are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// One has to allow the operation.
    Needed,
    /// None needs to allow it, and one can deny it: it gives a caller nothing that it could not do before.
    UnlessDenied,
    /// Everybody may call it, whatever policies say: a refusal would tell as much as the answer.
    NeverAsked,
}

impl Permission {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Needed => "needed",
            Self::UnlessDenied => "unless_denied",
            Self::NeverAsked => "never_asked",
        }
    }
}

/// What a policy that opens an operation gives away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Shows things by their names.
    Read,
    /// Changes something.
    Write,
    /// Shows what there is.
    List,
}

impl AccessLevel {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::List => "list",
        }
    }
}

impl fmt::Display for AccessLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A kind of thing that policies can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceType {
    /// Such as `Domain`.
    pub name: &'static str,
    /// With placeholders, such as `acs:live:*:{accountId}:domain/{DomainName}`.
    pub arn: &'static str,
    /// Whether each call has one of it.
    pub required: bool,
}

/// A change that callers of an operation notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// As in `2026-11-21`.
    pub date: &'static str,
    /// A sentence.
    pub what: &'static str,
}

/// A code that calls can be answered with. One code may have several rows, each with a status of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode {
    /// May hold one name that depends on the call, such as `Missing{Name}`.
    pub code: &'static str,
    pub status: u16,
    /// What it says of the call: a sentence.
    pub meaning: &'static str,
    /// What its caller can do: a sentence.
    pub advice: &'static str,
}

/// A row of a table of codes.
pub const fn row(
    code: &'static str,
    status: u16,
    meaning: &'static str,
    advice: &'static str,
) -> ErrorCode {
    ErrorCode {
        code,
        status,
        meaning,
        advice,
    }
}

impl ErrorCode {
    /// Whether this is the code's row. A placeholder stands for any name of letters and digits.
    pub fn is_for(&self, code: &str) -> bool {
        let Some((before, rest)) = self.code.split_once('{') else {
            return self.code == code;
        };
        let (_, after) = rest.split_once('}').unwrap_or_default();
        let named = code.strip_prefix(before);
        let name = named.and_then(|rest| rest.strip_suffix(after));
        name.is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    }

    /// Whether the code holds a name that depends on the call.
    pub fn has_placeholder(&self) -> bool {
        self.code.contains('{')
    }
}

impl Operation {
    /// The row's particulars, if the operation is served.
    pub const fn served(&self) -> Option<&Served> {
        match &self.handling {
            Handling::Served(served) => Some(served),
            Handling::Refused(_) => None,
        }
    }
}

impl Product {
    /// Looks an operation up; names are case-sensitive.
    pub fn find(&self, action: &str) -> Option<&'static Operation> {
        let found = self
            .operations
            .binary_search_by(|operation| operation.action.cmp(action));
        self.operations.get(found.ok()?)
    }

    /// The operations that are served, by name.
    pub fn served(&self) -> impl Iterator<Item = (&'static str, &'static Served)> + use<> {
        let rows = self.operations.iter();
        rows.filter_map(|row| Some((row.action, row.served()?)))
    }

    /// An operation's name in policies, such as `mts:CancelJob`.
    pub fn policy_action(&self, action: &str) -> String {
        format!("{}:{action}", self.ram_code)
    }

    /// What an operation without resource types is checked against: everything of the product in the account.
    pub fn all_resources(&self, account: impl fmt::Display) -> String {
        format!("acs:{}:*:{account}:*", self.ram_code)
    }

    /// The rows of a code: its own before one with a placeholder, the product's before the shared ones.
    pub fn errors(&self, code: &str) -> Vec<&'static ErrorCode> {
        let all = self.errors.iter().chain(self.shared_errors);
        let mut rows: Vec<_> = all.filter(|row| row.is_for(code)).collect();
        if rows.iter().any(|row| !row.has_placeholder()) {
            rows.retain(|row| !row.has_placeholder());
        }
        rows
    }

    /// What is wrong with the tables: each product's tests expect nothing.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for pair in self.operations.windows(2) {
            if pair[0].action >= pair[1].action {
                faults.push(format!("{} is out of order", pair[1].action));
            }
        }
        for row in self.operations {
            let complaints = match &row.handling {
                Handling::Served(served) => self.complaints(row.action, served),
                Handling::Refused(reason) if is_sentence(reason) => Vec::new(),
                Handling::Refused(_) => vec!["its reason is no sentence".to_owned()],
            };
            let about = complaints.into_iter();
            faults.extend(about.map(|complaint| format!("{}: {complaint}", row.action)));
        }
        for (table, errors) in [("own", self.errors), ("shared", self.shared_errors)] {
            let bad = errors.iter().filter(|row| !row.is_sound());
            faults.extend(bad.map(|row| format!("{table} error {} is incomplete", row.code)));
            let repeated = errors.iter().enumerate().filter(|(at, row)| {
                let same = |other: &ErrorCode| other.code == row.code && other.status == row.status;
                errors[..*at].iter().any(same)
            });
            faults.extend(repeated.map(|(_, row)| format!("{table} error {} repeats", row.code)));
        }
        faults
    }

    fn complaints(&self, action: &str, served: &Served) -> Vec<String> {
        let mut complaints = Vec::new();
        for code in served.errors {
            if self.errors(code).is_empty() {
                complaints.push(format!("its error {code} is in no table"));
            }
        }
        for other in served.associated {
            let is_served = self.find(other).is_some_and(|row| row.served().is_some());
            if !is_served || *other == action {
                complaints.push(format!("{other} is no other operation that is served"));
            }
        }
        for resource in served.resources {
            // Not always of the product: roles are assumed by way of sts and belong to ram.
            if !resource.arn.starts_with("acs:") || resource.arn.split(':').count() < 5 {
                complaints.push(format!("{} is no ARN", resource.arn));
            }
        }
        if let Some(key) = served
            .condition_keys
            .iter()
            .find(|key| COMMON_CONDITION_KEYS.contains(*key))
        {
            complaints.push(format!("{key} is a condition key of every operation"));
        }
        if served.documentation.is_empty() {
            complaints.push("it has no documentation".to_owned());
        }
        let dates_ascend = served.history.is_sorted_by_key(|change| change.date);
        let are_sound = served.history.iter().all(Change::is_sound);
        if served.history.is_empty() || !dates_ascend || !are_sound {
            complaints.push("its history is empty, unordered or incomplete".to_owned());
        }
        complaints
    }
}

impl Change {
    fn is_sound(&self) -> bool {
        self.date.parse::<jiff::civil::Date>().is_ok() && is_sentence(self.what)
    }
}

impl ErrorCode {
    fn is_sound(&self) -> bool {
        !self.code.is_empty()
            && (400..=599).contains(&self.status)
            && is_sentence(self.meaning)
            && is_sentence(self.advice)
    }
}

fn is_sentence(text: &str) -> bool {
    text.len() > 12 && text.ends_with('.') && text.starts_with(|c: char| !c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests;

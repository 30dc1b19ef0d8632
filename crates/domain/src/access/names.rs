//! Names of accounts, projects, users, roles and policies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccessName {
    #[error(
        "a name is 1 to 64 letters (A-Z, a-z), digits, '.', '_' and '-', and neither '.' nor '..'"
    )]
    Plain,
    #[error(
        "a user name is 1 to 64 letters (A-Z, a-z), digits, '.', '_', '@' and '-', and neither '.' nor '..'"
    )]
    User,
}

fn fits(name: &str, also: &[u8]) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-') || also.contains(&byte)
    };
    // In the path of an address these two mean the place itself and the one above it.
    let is_dots = matches!(name, "." | "..");
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && !is_dots
}

// A macro because the name types share every line but must not be mixed up.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $also:expr, $error:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn new(name: impl Into<String>) -> Result<Self, InvalidAccessName> {
                let name = name.into();
                if fits(&name, $also) {
                    Ok(Self(name))
                } else {
                    Err(InvalidAccessName::$error)
                }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidAccessName;

            fn from_str(text: &str) -> Result<Self, InvalidAccessName> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidAccessName;

            fn try_from(text: String) -> Result<Self, InvalidAccessName> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

name! {
    /// The name of an account, unique in the store.
    AccountName, b"", Plain
}
name! {
    /// The name of a project, unique in its account.
    ProjectName, b"", Plain
}
name! {
    /// The name of a user, unique in its account.
    UserName, b"@", User
}
name! {
    /// The name of a role, unique in its account.
    RoleName, b"", Plain
}
name! {
    /// The name of a policy that an account has written, unique in it.
    PolicyName, b"", Plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_letters_digits_and_a_few_signs() {
        for good in ["a", "main", "A-b_c.9", "...", &"x".repeat(64)] {
            assert_eq!(RoleName::new(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            ".",
            "..",
            "a b",
            "a/b",
            "ä",
            "a:b",
            "a*",
            "a\n",
            &"x".repeat(65),
        ] {
            assert_eq!(RoleName::new(bad), Err(InvalidAccessName::Plain), "{bad:?}");
            assert_eq!(UserName::new(bad), Err(InvalidAccessName::User), "{bad:?}");
        }
    }

    #[test]
    fn only_a_user_name_may_have_an_at_sign() {
        assert!(UserName::new("ada@example.org").is_ok());
        assert!(AccountName::new("ada@example.org").is_err());
        assert!(ProjectName::new("ada@example.org").is_err());
        assert!(RoleName::new("ada@example.org").is_err());
        assert!(PolicyName::new("ada@example.org").is_err());
    }

    #[test]
    fn a_name_that_does_not_fit_is_not_read_from_json() {
        assert_eq!(
            serde_json::from_str::<UserName>("\"ada\"").unwrap(),
            UserName::new("ada").unwrap()
        );
        assert!(serde_json::from_str::<UserName>("\"a b\"").is_err());
    }
}

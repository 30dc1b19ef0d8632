//! How PostgreSQL's errors become the contract's, and which of them are worth another try.

use std::error::Error as _;

use tokio_postgres::error::SqlState;

use crate::contract::StoreError;

/// What comes back from the database.
pub(super) type Answer<T> = Result<T, Failure>;

/// Why something did not come through.
#[derive(Debug)]
pub(super) enum Failure {
    /// The transaction was in another's way and is gone; the same once more may succeed.
    Again(StoreError),
    /// The connection is gone, or its server has become one that cannot write. What was being
    /// committed may have been.
    Lost(StoreError),
    /// The server refused the statement, and would again.
    Refused { state: SqlState, error: StoreError },
    /// What this side makes of it: a row that makes no sense, or a call that was made before.
    Ours(StoreError),
}

impl Failure {
    /// No answer in time: whatever still comes on this connection answers nothing any more.
    pub(super) fn silent(patience: std::time::Duration) -> Self {
        let why = format!("the database has not answered for {} s", patience.as_secs());
        Self::Lost(StoreError::Unavailable(why))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Ours(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Again(error) | Failure::Lost(error) | Failure::Ours(error) => error,
            Failure::Refused { error, .. } => error,
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(database) = error.as_db_error() else {
            // Not from the server: the connection has ended, or what came is not its protocol. Values
            // that cannot be sent leave the connection as it was, but are mistakes of this program.
            return Self::Lost(StoreError::Unavailable(text(&error)));
        };
        let state = database.code().clone();
        let why = format!("{} ({})", database.message(), state.code());
        // No detail: it holds values of the row, and the log is not for them.
        match kind(&state) {
            Kind::Again => Self::Again(StoreError::Unavailable(why)),
            Kind::Lost => Self::Lost(StoreError::Unavailable(why)),
            Kind::Full => Self::Refused {
                state,
                error: StoreError::Full(why),
            },
            Kind::Refused => Self::Refused {
                state,
                error: StoreError::Unavailable(why),
            },
        }
    }
}

#[derive(Debug, PartialEq)]
enum Kind {
    Again,
    Lost,
    Full,
    Refused,
}

fn kind(state: &SqlState) -> Kind {
    match state.code() {
        // Serialization failure, deadlock; a plan, or a prepared statement, that a change of the
        // schema or a pooler between here and the server has made void.
        "40001" | "40P01" | "0A000" | "26000" => Kind::Again,
        "53100" => Kind::Full,
        // The server goes down or comes up, ended this connection, or has become a replica.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25006" => Kind::Lost,
        code if code.starts_with("08") => Kind::Lost,
        _ => Kind::Refused,
    }
}

/// The error and what it comes from, in one line. The driver's own words never hold the password.
pub(super) fn text(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_told_apart_by_what_helps() {
        for (code, expected) in [
            ("40001", Kind::Again),
            ("40P01", Kind::Again),
            ("53100", Kind::Full),
            ("57P01", Kind::Lost),
            ("08006", Kind::Lost),
            ("25006", Kind::Lost),
            ("23505", Kind::Refused),
            ("57014", Kind::Refused),
        ] {
            assert_eq!(kind(&SqlState::from_code(code)), expected, "{code}");
        }
    }
}

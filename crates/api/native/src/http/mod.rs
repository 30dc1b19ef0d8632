//! What every action of this API shares: the exchange around it, who calls, what was sent, and problems.

mod address;
mod admit;
mod body;
mod caller;
mod codes;
mod exchange;
mod idempotency;
mod links;
mod path;
mod permission;
mod problem;
mod query;
mod time;
mod unread;

pub(crate) use address::Address;
pub(crate) use admit::admit;
pub(crate) use body::{JsonBody, OptionalJsonBody, nullable, parse, read as read_body, read_value};
pub(crate) use caller::{Admission, Authorized, Circumstances, InAccount};
pub(crate) use codes::{Code, OWN, SHARED};
pub(crate) use exchange::{exchange, no_such_route, wrong_method};
pub use idempotency::Repeats;
pub(crate) use idempotency::{Again, Answer, Answering};
pub(crate) use links::{created, object_link};
pub(crate) use path::InPath;
pub(crate) use permission::Permission;
pub(crate) use problem::Problem;
pub(crate) use query::Query;
pub(crate) use time::{format_time, parse_time};
pub use unread::{is_asked, refuse_head};

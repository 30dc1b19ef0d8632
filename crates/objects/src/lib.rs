//! Objects: where the files of a bucket are, and how addresses name them.

mod address;
mod directory;
mod error;
mod listing;
mod staging;

pub use address::{AddressError, parse_address};
pub use directory::{ByteRange, Directory, Object, ObjectMeta};
pub use error::ObjectError;
pub use listing::Listing;
pub use staging::Stage;

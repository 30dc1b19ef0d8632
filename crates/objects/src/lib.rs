//! Objects: where the files of a bucket are, and how addresses name them.

mod address;
mod directory;
mod error;
mod listing;
mod space;
mod staging;
mod upload;

pub use address::{AddressError, parse_address};
pub use directory::{ByteRange, Directory, Object, ObjectMeta};
pub use error::ObjectError;
pub use listing::Listing;
pub use space::{free_bytes, total_bytes};
pub use staging::{Stage, StageFolder};
pub use upload::Room;

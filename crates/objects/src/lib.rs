//! Objects: what lies in a bucket, wherever that is, and how addresses name it.

mod address;
mod bucket;
mod directory;
mod error;
mod listing;
mod object;
pub mod s3;
mod space;
mod staging;
mod taking;
mod thumbnails;
mod upload;

pub use address::{AddressError, parse_address};
pub use bucket::{OpenBucket, Readable};
pub use directory::Directory;
pub use error::ObjectError;
pub use listing::Listing;
pub use object::{ByteRange, Content, Object, ObjectMeta};
pub use space::{free_bytes, total_bytes};
pub use staging::{Stage, StageFolder};
pub use upload::Room;

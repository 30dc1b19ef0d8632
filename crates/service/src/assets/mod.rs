//! Assets: files that are brought in or registered, and what is made of them.

mod change;
mod delete;
mod find;
mod ingest;
mod make;
mod register;
mod settle;
mod standing;

pub use delete::Deletion;
pub use find::{AssetPage, AssetQuery, AssetTask};
pub use ingest::{FetchFile, Fetching, Rendition};
pub use make::{Pictures, Renditions};
pub use register::{RegisterFile, Registered, Registering};

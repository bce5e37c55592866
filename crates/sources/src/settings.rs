//! `pagerslack.toml`: what its keys say, with every fault, and no other file looked at.
//!
//! - `file`, `rotation`: what each key means, over `table` and `value`, which know TOML.
//! - The environment stands above some keys; [`listen`], [`store`] and [`api_url`] read it as the file is read.

mod file;
mod rotation;
mod table;
mod value;

pub use file::File;
pub use rotation::{Files, Named, RotationKeys, WeekendKey};

use std::net::SocketAddr;
use std::path::PathBuf;

use toml::de::DeValue;
use url::Url;

/// Where incidents are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    /// An embedded database in a file.
    Sqlite(PathBuf),
}

/// Reads an address to listen on.
///
/// # Errors
/// What it must be, to be said after its name; so do the others.
pub fn listen(text: &str) -> Result<SocketAddr, String> {
    value::listen(&in_quotes(text))
}

/// Reads where incidents are kept.
///
/// # Errors
/// What it must be.
pub fn store(text: &str) -> Result<StoreLocation, String> {
    value::store(&in_quotes(text))
}

/// Reads the Web API's address.
///
/// # Errors
/// What it must be.
pub fn api_url(text: &str) -> Result<Url, String> {
    value::api_url(&in_quotes(text))
}

/// An address as it may be shown: without the name and the password that it may hold.
pub fn without_credentials(text: &str) -> String {
    value::without_credentials(text)
}

fn in_quotes(text: &str) -> DeValue<'_> {
    DeValue::String(text.into())
}

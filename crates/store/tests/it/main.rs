//! The store's promises, kept by each backend.

#[cfg(test)]
mod redis;
#[cfg(test)]
mod sqlite;

//! The store's promises, kept by each backend.

#[cfg(test)]
mod sqlite;

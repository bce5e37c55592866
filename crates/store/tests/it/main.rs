//! The store's promises, kept by each backend.

#[cfg(test)]
mod copy;
#[cfg(test)]
mod redis;
#[cfg(test)]
mod sqlite;

//! The pictures, read back as XML: whatever the values, they are well formed, and nothing in them lies outside.

#![allow(clippy::unwrap_used)]

mod colours;
mod drawing;
mod edges;
mod samples;
mod shapes;

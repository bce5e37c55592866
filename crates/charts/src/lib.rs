//! Pictures of numbers, as SVG that a server writes, each with a table of the same numbers.
//!
//! Pure: values in, markup out. No clock, no zones, no words of the product beyond those that a picture needs to
//! explain itself: whoever draws has named the days and the people already.
//!
//! - What it looks like is said in [`CSS`] alone, by classes and variables, so that it follows a light or dark page,
//!   and a page may forbid every inline style. No element has a colour of its own.
//! - Every picture is drawn twice, for a wide page and for a telephone; the stylesheet shows one of them.
//! - Every picture has a title, a description in a sentence or two, and a table ([`Picture::table`]) for whoever
//!   cannot see it or wants the figures. What is told by colour is told by shape or words, too.
//! - Nothing drawn lies outside the picture, whatever the values: not a number, huge, or none at all.

mod bands;
mod columns;
mod frame;
mod heat;
mod lines;
mod load;
mod number;
mod rows;
mod scale;
mod stacked;
mod strip;
mod table;
mod text;

pub use columns::{Column, Columns};
pub use frame::{Heading, Picture};
pub use heat::Heat;
pub use lines::{Lines, Series};
pub use load::{Load, Person, Spread};
pub use number::{count, seconds};
pub use rows::{Row, Rows};
pub use stacked::{Bucket, Outcomes, Stacked};
pub use strip::{Day, Strip};

/// The stylesheet of every picture and its table. It takes the page's ink and ground for its own.
pub const CSS: &str = include_str!("charts.css");

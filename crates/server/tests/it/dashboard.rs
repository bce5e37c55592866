//! The dashboard: what its pages say, who gets in, and how they look in a real browser.

mod eyes;
mod office;
mod pages;

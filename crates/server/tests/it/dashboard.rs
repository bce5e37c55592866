//! The dashboard: what its pages say, who gets in, and how they look in a real browser.

mod coverage;
mod eyes;
mod gate;
mod live;
mod newcomer;
mod office;
mod pages;
mod reports;
mod visitor;

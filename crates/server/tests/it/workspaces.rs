//! Many workspaces, each of which installs the app: the way there, and that none of them notices the others.

mod grid;
mod installing;
mod over_http;
mod rotation;
mod together;
mod town;

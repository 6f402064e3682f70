//! What the program says over HTTP.

pub mod assets;
pub mod i18n;
pub mod in_app;
pub mod pages;

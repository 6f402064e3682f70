//! Entrypass: a self-hosted, reusable magic-link gateway for iDenfy identity verification.
//!
//! Imports point one way: `cli -> app -> web -> {redeem, asking, erasing, openings, webhooks, share, messages} -> lookup -> {idenfy, store} ->
//! domain`;
//! `oidc` stands beside `store`; `config`, `clock`, `http`, `i18n`, `metrics` and `telemetry` are leaves; `sandbox` imports nothing of the crate.

pub mod app;
pub mod asking;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod erasing;
pub mod http;
pub mod i18n;
pub mod idenfy;
pub mod jitter;
pub mod lookup;
pub mod messages;
pub mod metrics;
pub mod oidc;
pub mod openings;
pub mod redeem;
pub mod sandbox;
pub mod share;
pub mod store;
pub mod sweep;
pub mod telemetry;
pub mod web;
pub mod webhooks;

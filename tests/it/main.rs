//! Black-box tests over HTTP against the real gateway, each on every engine that is there.
//!
//! `cargo test` runs them on SQLite. With `ENTRYPASS_TEST_POSTGRES` naming a PostgreSQL server (as `tests/run.sh` does)
//! they run there too; without it they are listed as ignored, never as passed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests stop at what they did not expect"
)]

mod api_bulk;
mod api_endpoints;
mod api_http;
mod api_idempotency;
mod api_invitations;
mod api_keys;
mod api_links;
mod api_links_create;
mod api_links_refused;
mod api_lists;
mod api_presets;
mod api_sessions;
mod api_stats;
mod api_support;
mod asking;
mod audit;
mod browser;
mod browser_dashboard;
mod browser_kit;
mod browser_oidc;
mod browser_pages;
mod browser_tour;
mod browser_tour_forms;
mod browser_tour_visitors;
mod cli;
mod cli_import;
mod cli_user;
mod clicks;
mod crash;
mod dashboard_auth;
mod dashboard_endpoints;
mod dashboard_guard;
mod dashboard_integrate;
mod dashboard_invitations;
mod dashboard_kit;
mod dashboard_links;
mod dashboard_live;
mod dashboard_messages;
mod dashboard_oidc;
mod dashboard_overview;
mod dashboard_people;
mod dashboard_presets;
mod dashboard_sessions;
mod dashboard_settings;
mod dashboard_share;
mod deliveries;
mod deliveries_lost;
mod erasure;
mod events_stream;
mod exports;
mod faults;
mod fuzz;
mod fuzz_idenfy;
mod fuzz_inputs;
mod harness;
mod idenfy_health;
mod idenfy_ways;
mod imports;
mod invitations_sent;
mod mails;
mod messages_bounced;
mod messages_email;
mod messages_sms;
mod no_trace;
mod nodes;
mod openapi;
mod ops;
mod outage;
mod share;
mod silence;
mod store_audit;
mod store_deliveries;
mod store_events;
mod store_identities;
mod store_imports;
mod store_invitations;
mod store_kit;
mod store_ledger;
mod store_links_made;
mod store_links_told;
mod store_messages;
mod store_people;
mod store_presets;
mod store_questions;
mod store_records;
mod store_rule;
mod store_schema;
mod store_story;
mod stuck_disk;
mod visitor_confirm;
mod visitor_customer;
mod visitor_ignored;
mod visitor_kit;
mod visitor_limit;
mod visitor_redirects;
mod visitor_resume;
mod visitor_sent;
mod visitor_settling;
mod visitor_signed;
mod webhook_in;
mod webhook_in_results;
mod webhook_in_table;

use libtest_mimic::{Arguments, Trial};

#[expect(clippy::too_many_lines, reason = "a list of all areas")]
fn main() {
    let arguments = Arguments::from_args();
    let trials: Vec<Trial> = [
        api_bulk::tests(),
        api_endpoints::tests(),
        api_http::tests(),
        api_idempotency::tests(),
        api_invitations::tests(),
        api_keys::tests(),
        api_links::tests(),
        api_links_create::tests(),
        api_links_refused::tests(),
        api_lists::tests(),
        api_presets::tests(),
        api_sessions::tests(),
        api_stats::tests(),
        asking::tests(),
        audit::tests(),
        browser::tests(),
        browser_dashboard::tests(),
        browser_oidc::tests(),
        browser_pages::tests(),
        cli::tests(),
        cli_import::tests(),
        cli_user::tests(),
        clicks::tests(),
        crash::tests(),
        dashboard_auth::tests(),
        dashboard_guard::tests(),
        dashboard_integrate::tests(),
        dashboard_endpoints::tests(),
        dashboard_invitations::tests(),
        dashboard_links::tests(),
        dashboard_live::tests(),
        dashboard_messages::tests(),
        dashboard_oidc::tests(),
        dashboard_overview::tests(),
        dashboard_people::tests(),
        dashboard_presets::tests(),
        dashboard_sessions::tests(),
        dashboard_settings::tests(),
        dashboard_share::tests(),
        erasure::tests(),
        events_stream::tests(),
        exports::tests(),
        deliveries::tests(),
        deliveries_lost::tests(),
        faults::tests(),
        fuzz::tests(),
        fuzz_idenfy::tests(),
        idenfy_health::tests(),
        idenfy_ways::tests(),
        imports::tests(),
        invitations_sent::tests(),
        mails::tests(),
        messages_bounced::tests(),
        messages_email::tests(),
        messages_sms::tests(),
        no_trace::tests(),
        nodes::tests(),
        ops::tests(),
        outage::tests(),
        openapi::tests(),
        share::tests(),
        silence::tests(),
        store_audit::tests(),
        store_deliveries::tests(),
        store_events::tests(),
        store_identities::tests(),
        store_ledger::tests(),
        store_messages::tests(),
        store_people::tests(),
        store_presets::tests(),
        store_questions::tests(),
        store_imports::tests(),
        store_invitations::tests(),
        store_links_made::tests(),
        store_links_told::tests(),
        store_records::tests(),
        store_rule::tests(),
        store_schema::tests(),
        store_story::tests(),
        stuck_disk::tests(),
        visitor_confirm::tests(),
        visitor_customer::tests(),
        visitor_ignored::tests(),
        visitor_limit::tests(),
        visitor_redirects::tests(),
        visitor_resume::tests(),
        visitor_sent::tests(),
        visitor_settling::tests(),
        visitor_signed::tests(),
        webhook_in::tests(),
        webhook_in_results::tests(),
        webhook_in_table::tests(),
    ]
    .into_iter()
    .flatten()
    .collect();
    harness::explain_what_is_left_out();
    harness::browser::explain_what_is_left_out();
    dashboard_integrate::explain_what_is_left_out();
    browser_pages::explain_what_is_left_out();
    dashboard_oidc::explain_what_is_left_out();
    deliveries_lost::explain_what_is_left_out();
    harness::mail::explain_what_is_left_out();
    harness::allow_open_files();
    harness::engine::drop_old_databases();
    libtest_mimic::run(&arguments, trials).exit();
}

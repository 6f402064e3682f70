//! Prometheus metrics. No slug, clientId or address is ever a label.

use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

/// Upper bounds of the mint duration's buckets, in seconds.
const MINT_BUCKETS: [f64; 11] = [0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 4.0, 7.0, 10.0];

/// Everything that is counted. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    clicks: IntCounterVec,
    /// `started` is counted on the hottest path, so it is looked up once.
    pub started: IntCounter,
    /// How long iDenfy took to answer, in seconds.
    pub mint_duration: Histogram,
    /// Mints under way.
    pub mints_in_flight: IntGauge,
    webhooks: IntCounterVec,
    idenfy_faults: IntGaugeVec,
    deliveries: IntCounterVec,
    messages: IntCounterVec,
    channel_faults: IntGaugeVec,
}

impl Metrics {
    /// Fresh counters.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "all names are fixed, and made in every test"
    )]
    pub fn new() -> Self {
        let counter = |name: &str, help: &str, label: &str| {
            IntCounterVec::new(Opts::new(name, help), &[label]).expect("names are valid")
        };
        let clicks = counter(
            "entrypass_clicks_total",
            "Requests for a link by what became of them.",
            "outcome",
        );
        let webhooks = counter(
            "entrypass_webhooks_total",
            "Webhooks of iDenfy by what became of them.",
            "result",
        );
        let deliveries = counter(
            "entrypass_deliveries_total",
            "Attempts to deliver a result by what became of them.",
            "result",
        );
        let messages = messages();
        let mint_duration = Histogram::with_opts(
            HistogramOpts::new(
                "entrypass_mint_duration_seconds",
                "How long iDenfy took to start a session.",
            )
            .buckets(MINT_BUCKETS.to_vec()),
        )
        .expect("names are valid");
        let mints_in_flight =
            IntGauge::new("entrypass_mints_in_flight", "Calls to iDenfy under way.")
                .expect("names are valid");
        let idenfy_faults = gauge(
            "entrypass_idenfy_fault",
            "Whether iDenfy starts no sessions, by why.",
            "fault",
        );
        let channel_faults = gauge(
            "entrypass_channel_fault",
            "Whether the mail server or the SMS provider takes no messages, by channel.",
            "channel",
        );
        let registry = Registry::new();
        let collectors: [Box<dyn prometheus::core::Collector>; 8] = [
            Box::new(idenfy_faults.clone()),
            Box::new(clicks.clone()),
            Box::new(webhooks.clone()),
            Box::new(deliveries.clone()),
            Box::new(messages.clone()),
            Box::new(channel_faults.clone()),
            Box::new(mint_duration.clone()),
            Box::new(mints_in_flight.clone()),
        ];
        for collector in collectors {
            registry
                .register(collector)
                .expect("each name is registered once");
        }
        let started = clicks.with_label_values(&["started"]);
        for (vec, values) in [
            (
                &clicks,
                &[
                    "resumed",
                    "failed",
                    "ignored",
                    "page",
                    "over",
                    "unknown",
                    "unsigned",
                    "rate_limited",
                ][..],
            ),
            (
                &webhooks,
                &[
                    "applied",
                    "unchanged",
                    "repeat",
                    "not_ours",
                    "refused",
                    "malformed",
                ],
            ),
            (&deliveries, &["delivered", "failed"]),
        ] {
            for value in values {
                vec.with_label_values(&[*value]);
            }
        }
        Self {
            registry,
            clicks,
            started,
            mint_duration,
            mints_in_flight,
            webhooks,
            idenfy_faults,
            deliveries,
            messages,
            channel_faults,
        }
    }

    /// Counts a request for a link, once: `started`, `resumed` (an open session again), `failed` (neither a session
    /// nor a page could be had now), `ignored`, `page` (a confirm page was shown), `over`, `unknown` or `rate_limited`.
    pub fn click(&self, outcome: &'static str) {
        self.clicks.with_label_values(&[outcome]).inc();
    }

    /// Counts a webhook: `applied`, `unchanged`, `repeat`, `not_ours`, `refused` or `malformed`.
    pub fn webhook(&self, result: &'static str) {
        self.webhooks.with_label_values(&[result]).inc();
    }

    /// Shows whether iDenfy has this fault now.
    pub fn idenfy_fault(&self, fault: &'static str, lasts: bool) {
        let gauge = self.idenfy_faults.with_label_values(&[fault]);
        gauge.set(lasts.into());
    }

    /// Shows whether nothing can be sent by `email` or `sms` now.
    pub fn channel_fault(&self, channel: &'static str, lasts: bool) {
        let gauge = self.channel_faults.with_label_values(&[channel]);
        gauge.set(lasts.into());
    }

    /// Counts an attempt to deliver a result: `delivered` or `failed`.
    pub fn delivery(&self, result: &'static str) {
        self.deliveries.with_label_values(&[result]).inc();
    }

    /// Counts what became of a message by `email` or `sms`: `sent`, `delayed`, `failed`, `stopped`,
    /// `delivered` or `bounced`.
    pub fn message(&self, channel: &'static str, result: &'static str) {
        self.messages.with_label_values(&[channel, result]).inc();
    }

    /// The metrics in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory cannot fail, and what cannot be encoded would be missing in a test.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

fn gauge(name: &str, help: &str, label: &str) -> IntGaugeVec {
    IntGaugeVec::new(Opts::new(name, help), &[label]).expect("names are valid")
}

fn messages() -> IntCounterVec {
    let name = "entrypass_messages_total";
    let opts = Opts::new(
        name,
        "Messages to people by channel and what became of them.",
    );
    let messages = IntCounterVec::new(opts, &["channel", "result"]).expect("names are valid");
    for channel in ["email", "sms"] {
        for result in [
            "sent",
            "delayed",
            "failed",
            "stopped",
            "delivered",
            "bounced",
        ] {
            messages.with_label_values(&[channel, result]);
        }
    }
    messages
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

//! What breaks: what people write beside the address.

/// What somebody writes. Where nothing stands, they were in a hurry.
const NOTES: [&str; 32] = [
    "Checkout answers with a 502",
    "Payments are declined for cards from Brazil",
    "Search is slow, the 99th percentile is above 4 s",
    "",
    "Nobody can sign in with SSO",
    "Disk of db-3 is 97 % full",
    "E-mails are two hours late",
    "Uploads larger than 10 MB fail",
    "The queue of invoices grows",
    "",
    "Error rate of the API doubled after the deploy",
    "Replication lag of 40 s on the read replicas",
    "The certificate of cdn.example expires tonight",
    "Webhooks to customers time out",
    "Memory of the workers climbs since noon",
    "Exports are empty",
    "The mobile app shows a blank page after the update",
    "",
    "DNS of the staging zone does not resolve",
    "A customer sees the orders of another",
    "Image thumbnails are missing",
    "Login codes arrive twice",
    "Rate limiter refuses our own health checks",
    "Backups of last night did not finish",
    "The status page says we are down, and we are not",
    "",
    "Latency from Singapore tripled",
    "Cron jobs ran twice",
    "Feature flags do not load in the EU",
    "Prices show in the wrong currency",
    "The import of the partner's catalogue hangs",
    "Chat support cannot open attachments",
];

/// The machine that reports some of it.
pub(super) const MACHINE: &str = "alertmanager";

/// What is written about one of them.
pub(super) fn note(dice: &mut fastrand::Rng) -> &'static str {
    NOTES.get(dice.usize(..NOTES.len())).copied().unwrap_or_default()
}

/// The address of the how manieth it is.
pub(super) fn address(number: usize) -> String {
    format!("https://incident.example/{}", 1_000 + number)
}

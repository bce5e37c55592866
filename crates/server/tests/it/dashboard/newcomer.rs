//! The demo with a year behind it, as a newcomer looks at it.

use pagerslack::demo::{Demo, Wanted};

use super::eyes::DARK;
use super::office;
use crate::browser::Browser;

/// Given the demo with a history, when somebody opens its dashboard, then every page is full, on a desk and on a phone,
/// in a light and in a dark room, and an examiner of accessibility finds nothing wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_finds_every_page_full() {
    let demo = Demo::with(Wanted { history: true, ..Wanted::default() }).await.unwrap();
    let url = |path: &str| format!("{}{path}", demo.dashboard.trim_end_matches('/'));
    demo.slack.with(|world, now| {
        let said = "https://incident.example/checkout Checkout answers with errors";
        world.slash_command(now, "U001", "C0DEMO", "/devoncall", said).unwrap();
    });
    let axe = office::axe();
    for (room, more) in [("light", vec![]), ("dark", vec![DARK])] {
        for on in ["desk", "phone"] {
            let browser = if on == "desk" {
                Browser::with(1200, 1300, &more).await
            } else {
                Browser::phone(&more).await
            };
            for (name, path, css, shows) in [
                ("now", "/", "#open-list", "Asking"),
                ("reports", "/reports?period=year", "h2", "People"),
                ("coverage", "/coverage", "h1", "Coverage"),
                ("queue", "/queue", "table.queue tbody", "siobhan"),
            ] {
                browser.opened(&url(path), css, shows).await;
                browser.picture(&format!("year-{name}-{on}-{room}.png")).await;
                assert!(browser.overflow().await <= 0, "{name} sticks out on a {on}");
                if let Some(axe) = &axe {
                    assert_eq!(browser.faults(axe).await, Vec::<String>::new(), "{name} on a {on}, {room}");
                }
            }
            browser.opened(&url("/"), "#answered-list", "incident.example/").await;
            browser.press("#open-list", "incident.example/checkout", "h3 a").await;
            browser.showing("#timeline", "was chosen").await;
            browser.picture(&format!("year-incident-{on}-{room}.png")).await;
            browser.close().await;
        }
    }
    demo.stop().await;
}

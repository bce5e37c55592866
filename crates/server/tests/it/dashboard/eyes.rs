//! The pages in a real browser: light and dark, on a phone, without a script, kept up to date, and as an examiner of
//! accessibility finds them.
//!
//! The pictures of a run lie in the test's own folder; `cargo xtask screenshots` keeps some for the documents.

use thirtyfour::prelude::*;

use super::office::{self, Office};
use crate::browser::Browser;

/// What is switched on in a dark room.
pub const DARK: &str = "--blink-settings=preferredColorScheme=0";
/// A browser that runs no script of a page.
const NO_SCRIPT: &str = "--blink-settings=scriptEnabled=false";

/// The pages there are, with the names of their pictures.
async fn pages(office: &Office) -> Vec<(&'static str, String)> {
    let incident = office.stage.incidents().await.into_iter().nth(1).unwrap().0;
    vec![
        ("now", "/".to_owned()),
        ("incident", format!("/incidents/T1/{incident}")),
        ("queue", "/queue".to_owned()),
        ("coverage", "/coverage".to_owned()),
        ("reports", "/reports".to_owned()),
    ]
}

impl Browser {
    /// By how many pixels a page sticks out at the side.
    pub async fn overflow(&self) -> i64 {
        let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        self.driver.execute(script, vec![]).await.unwrap().json().as_i64().unwrap()
    }

    /// What an examiner of accessibility finds wrong, a line each.
    pub async fn faults(&self, axe: &str) -> Vec<String> {
        self.driver.execute(axe.to_owned(), vec![]).await.unwrap();
        let run = "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then((it) => \
                   done(it.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target} ${n.failureSummary}`))), \
                   (e) => done(['axe: ' + e]));";
        let found = self.driver.execute_async(run, vec![]).await.unwrap();
        found.convert::<Vec<String>>().unwrap()
    }
}

/// Given a day of incidents, when each page is opened in a light and in a dark room, on a desk and on a phone, then it
/// is there, nothing sticks out at the side, and an examiner finds nothing wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_reads_well_in_light_and_dark_on_a_desk_and_on_a_phone() {
    let office = Office::after_a_morning().await;
    let (axe, door) = (office::axe(), Office::with_a_door().await);
    for (room, more) in [("light", vec![]), ("dark", vec![DARK])] {
        for on in ["desk", "phone"] {
            let browser = if on == "desk" {
                Browser::with(1200, 900, &more).await
            } else {
                Browser::phone(&more).await
            };
            for (name, path) in pages(&office).await {
                let which = format!("{name}-{on}-{room}");
                browser.driver.goto(&office.url(&path)).await.unwrap();
                browser.showing("h1", "").await;
                let ground = browser.find("body").await.css_value("background-color").await.unwrap();
                assert_eq!(ground.contains("23, 24, 26"), room == "dark", "{which}: {ground}");
                browser.picture(&format!("dashboard-{which}.png")).await;
                assert!(browser.overflow().await <= 0, "{which} sticks out");
                if let Some(axe) = &axe {
                    assert_eq!(browser.faults(axe).await, Vec::<String>::new(), "{which}");
                }
            }
            browser.driver.goto(&door.url("/sign-in")).await.unwrap();
            browser.showing("h1", "Sign in").await;
            browser.picture(&format!("dashboard-sign-in-{on}-{room}.png")).await;
            assert!(browser.overflow().await <= 0, "the door sticks out");
            if let Some(axe) = &axe {
                assert_eq!(browser.faults(axe).await, Vec::<String>::new(), "the door on a {on}, {room}");
            }
            browser.close().await;
        }
    }
}

/// Given a dashboard with a door, when somebody opens a page in a browser, then they are led to Slack's page and back
/// to that page, keep up with what happens, and are out once they have signed out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_led_through_the_door_and_out_again() {
    let door = Office::with_a_door().await;
    let browser = Browser::open(1200, 900).await;
    browser.driver.goto(&door.url("/queue")).await.unwrap();
    browser.press(".door", "Sign in with Slack", "a.button").await;
    browser.showing(".who", "ana").await;
    browser.showing("h1", "Queue").await;
    browser.driver.goto(&door.url("/")).await.unwrap();
    browser.showing("#link", "Live").await;
    door.stage.types("U1", "https://incident.example/1 Checkout is down").await;
    browser.showing("#open-list", "Checkout is down").await;
    browser.driver.goto(&door.url("/queue")).await.unwrap();
    browser.press("form.ask", "Ask Slack now", "button").await;
    browser.showing("table.queue tbody", "online and may be disturbed").await;
    browser.press(".who", "Sign out", "button").await;
    browser.showing("h1", "Sign in").await;
    browser.driver.goto(&door.url("/queue")).await.unwrap();
    browser.showing("h1", "Sign in").await;

    browser.press(".door", "With the admin token", "summary").await;
    browser.find("#token").await.send_keys("no such token").await.unwrap();
    browser.press(".door", "Admin token", "form button").await;
    browser.showing(".told", "That is not the admin token.").await;
    browser.press(".door", "With the admin token", "summary").await;
    browser.find("#token").await.send_keys(office::ADMIN_TOKEN).await.unwrap();
    browser.press(".door", "Admin token", "form button").await;
    browser.showing(".who", "Administrator").await;
    browser.close().await;
}

/// Given somebody who looks at what is open, when an incident is reported and then taken, then the page says so without
/// being loaded again, and what they had opened stays open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_page_keeps_up_with_what_happens() {
    let office = Office::open().await;
    let browser = Browser::open(1200, 900).await;
    browser.driver.goto(&office.url("/")).await.unwrap();
    browser.showing("#said", "No open incident.").await;
    browser.showing("#link", "Live").await;
    office.stage.types("U1", "https://incident.example/1 Checkout is down").await;
    browser.showing("#open-list", "Checkout is down").await;
    browser.showing("#said", "1 open incident, which waits for an answer.").await;
    browser.showing(".left", "min").await;
    let page = office.stage.pages().remove(0);
    office.stage.reacts(&page.asks(), &page.ts, "eyes").await;
    browser.showing("#answered-list", "incident.example/1").await;
    browser.showing("#said", "No open incident.").await;

    browser.press("#answered-list", "incident.example/1", "a").await;
    browser.showing("h1", "incident.example/1").await;
    browser.showing("#timeline", "took it with 👀").await;
    browser.close().await;
}

/// Given a browser that runs no script, then every page says all it says otherwise, and people are found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_there_without_a_script() {
    let office = Office::after_a_morning().await;
    let browser = Browser::with(1200, 900, &[NO_SCRIPT]).await;
    browser.driver.goto(&office.url("/")).await.unwrap();
    browser.showing("#open-list", "Nobody can sign in").await;
    browser.showing(".left", "left").await;
    browser.showing("noscript", "Look again").await;
    browser.press("#answered-list", "incident.example/search", "a").await;
    browser.showing("#timeline", "was chosen (page 1)").await;
    browser.driver.goto(&office.url("/queue")).await.unwrap();
    browser.find("#q").await.send_keys("gita").await.unwrap();
    browser.press("form.search", "Find", "button").await;
    browser.showing("table.queue tbody", "gita").await;
    assert!(browser.look("table.queue tbody", "ana").await.is_none());
    browser.picture("dashboard-queue-without-script.png").await;
    browser.close().await;
}

/// Given somebody with a keyboard alone, then the first key leads past the head, and the focus is seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keyboard_leads_everywhere() {
    let office = Office::after_a_morning().await;
    let browser = Browser::open(1200, 900).await;
    browser.driver.goto(&office.url("/")).await.unwrap();
    browser.showing("#open-list", "Nobody can sign in").await;
    let body = browser.find("body").await;
    body.send_keys(Key::Tab + "").await.unwrap();
    let skip = browser.driver.active_element().await.unwrap();
    assert_eq!(skip.text().await.unwrap(), "Skip to the content");
    skip.send_keys(Key::Enter + "").await.unwrap();
    let focused = browser.driver.active_element().await.unwrap();
    assert_eq!(focused.id().await.unwrap().as_deref(), Some("content"));
    focused.send_keys(Key::Tab + "").await.unwrap();
    let link = browser.driver.active_element().await.unwrap();
    assert_eq!(link.text().await.unwrap(), "incident.example/login");
    let outline = link.css_value("outline-width").await.unwrap();
    assert_eq!(outline, "3px", "the focus is seen");
    browser.close().await;
}

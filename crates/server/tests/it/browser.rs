//! The demo in a real browser: somebody reports, the person asked reacts with 👀, the channel says so.
//!
//! Needs Debian's packages `chromium` and `chromium-driver`; `cargo xtask test` installs them.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pagerslack::demo::{Demo, Wanted};
use thirtyfour::prelude::*;

/// A browser of one's own, gone with the value.
pub struct Browser {
    pub driver: WebDriver,
    process: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub async fn open(width: u32, height: u32) -> Self {
        Self::with(width, height, &[]).await
    }

    /// The same with further arguments.
    pub async fn with(width: u32, height: u32, more: &[&str]) -> Self {
        Self::start(width, height, more, None).await
    }

    /// A phone's, 390 pixels wide: no window can be that narrow.
    pub async fn phone(more: &[&str]) -> Self {
        let metrics = serde_json::json!({"width": 390, "height": 844, "pixelRatio": 2.0, "touch": true});
        Self::start(500, 900, more, Some(serde_json::json!({"deviceMetrics": metrics}))).await
    }

    async fn start(width: u32, height: u32, more: &[&str], emulated: Option<serde_json::Value>) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let process = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is not installed: run `cargo xtask test`, or apt-get install chromium chromium-driver");
        let profile = tempfile::tempdir().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        for argument in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--force-color-profile=srgb",
            &format!("--window-size={width},{height}"),
            &format!("--user-data-dir={}", profile.path().display()),
        ] {
            wanted.add_arg(argument).unwrap();
        }
        for argument in more {
            wanted.add_arg(argument).unwrap();
        }
        if let Some(emulated) = emulated {
            wanted.add_experimental_option("mobileEmulation", emulated).unwrap();
        }
        let url = format!("http://127.0.0.1:{port}");
        let mut tries = 0;
        let driver = loop {
            match WebDriver::new(&url, wanted.clone()).await {
                Ok(driver) => break driver,
                Err(error) if tries == 100 => panic!("the browser does not start: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
            tries += 1;
        };
        Self { driver, process, _profile: profile }
    }

    pub async fn close(self) {
        let Self { driver, mut process, _profile } = self;
        driver.quit().await.unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub async fn find(&self, css: &str) -> WebElement {
        self.driver
            .query(By::Css(css))
            .wait(Duration::from_secs(15), Duration::from_millis(50))
            .first()
            .await
            .unwrap()
    }

    /// The element of this kind that shows a text, if one does now. The page draws itself anew at any moment, so an
    /// element may be gone by the time it is looked at.
    pub async fn look(&self, css: &str, text: &str) -> Option<WebElement> {
        for element in self.driver.find_all(By::Css(css)).await.ok()? {
            if element.text().await.is_ok_and(|shown| shown.contains(text)) {
                return Some(element);
            }
        }
        None
    }

    /// What an element of this kind shows, once it shows `text`.
    pub async fn showing(&self, css: &str, text: &str) -> String {
        for _ in 0..150 {
            if let Some(element) = self.look(css, text).await
                && let Ok(shown) = element.text().await
            {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("nothing at {css} shows {text:?}");
    }

    /// Waits until no element of this kind shows `text` any more.
    pub async fn hiding(&self, css: &str, text: &str) {
        for _ in 0..150 {
            if self.look(css, text).await.is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("something at {css} still shows {text:?}");
    }

    /// Presses what stands inside the element of this kind that shows `text`.
    pub async fn press(&self, css: &str, text: &str, inner: &str) {
        for _ in 0..150 {
            if let Some(element) = self.look(css, text).await
                && let Ok(target) = element.find(By::Css(inner)).await
                && target.click().await.is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("nothing at {css} that shows {text:?} lets {inner} be pressed");
    }

    /// Opens a page, time and again until it shows something: the history is read in the background.
    pub async fn opened(&self, url: &str, css: &str, shows: &str) {
        for _ in 0..100 {
            self.driver.goto(url).await.unwrap();
            if self.look(css, shows).await.is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("nothing at {css} of {url} shows {shows:?}: {}", self.driver.source().await.unwrap());
    }

    pub async fn picture(&self, name: &str) -> Vec<u8> {
        let folder = pictures();
        std::fs::create_dir_all(&folder).unwrap();
        let picture = self.driver.screenshot_as_png().await.unwrap();
        std::fs::write(folder.join(name), &picture).unwrap();
        picture
    }
}

/// Where the pictures of a run are kept, to be looked at.
fn pictures() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_is_taken_with_eyes_in_the_browser() {
    let demo = Demo::start(Wanted::default()).await.unwrap();
    let browser = Browser::open(1400, 860).await;
    browser.driver.goto(&demo.url).await.unwrap();

    browser.showing("#people", "aroha").await;
    let composer = browser.find("#composer").await;
    composer.send_keys("/devoncall https://incident.example/42 checkout is down").await.unwrap();
    browser.find("#send").await.click().await.unwrap();
    browser.showing("#messages", "Only visible to you").await;
    browser.showing("#messages", "reports an incident").await;
    let page = browser.showing("[data-ts].reply", "can you take this incident?").await;
    browser.picture("1-paged.png").await;

    let responder = page.split('@').nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let me = browser.find("#as-user").await;
    for option in me.find_all(By::Css("option")).await.unwrap() {
        if option.text().await.unwrap().contains(&format!("(@{responder})")) {
            option.click().await.unwrap();
        }
    }
    // Until the page is that of somebody else, it may draw itself anew under the finger.
    browser.hiding("#messages", "Only visible to you").await;
    browser.press("[data-ts].reply", "can you take this incident?", "[data-react='eyes']").await;
    browser.showing("#messages", &format!("Taken by @{responder}")).await;
    browser.showing("[data-ts].reply", "is on it,").await;

    let frame = browser.find("#frame").await;
    frame.enter_frame().await.unwrap();
    browser.showing(".incident", &format!("Taken by {responder}")).await;
    browser.showing(".incident", "Why").await;
    browser.showing(".queue li:last-child", &responder).await;
    browser.driver.enter_default_frame().await.unwrap();

    let picture = browser.picture("2-taken.png").await;
    assert!(picture.starts_with(b"\x89PNG"), "a picture is taken");
    let overflow = browser
        .driver
        .execute("return document.documentElement.scrollWidth - innerWidth", vec![])
        .await
        .unwrap();
    assert!(overflow.json().as_i64().unwrap() <= 0, "nothing sticks out at the side");
    browser.close().await;
    demo.stop().await;
}

/// The bot posts something that it does not say by itself.
fn bot_posts(demo: &Demo, message: &serde_json::Value) {
    let token = demo.slack.read(|world| world.app().bot_token.clone());
    let request = http::Request::post("/api/chat.postMessage")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(message.to_string().into())
        .unwrap();
    let answer = demo.slack.http(request).response().unwrap();
    assert!(answer.body().starts_with(br#"{"ok":true"#), "{:?}", answer.body());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_narrow_screen_somebody_goes_on_holiday_and_a_click_is_thought_over() {
    let demo = Demo::start(Wanted::default()).await.unwrap();
    let browser = Browser::open(500, 860).await;
    browser.driver.goto(&demo.url).await.unwrap();

    // The people slide in from the side; the name opens what can be set.
    browser.showing("#title", "dev-escalation").await;
    browser.find("#menu").await.click().await.unwrap();
    browser.press("#people li", "lachlan", "[data-person]").await;
    browser.press("#sheet", "Status", "#status option:nth-child(2)").await;
    browser.press("#sheet", "Status", "button[value='save']").await;
    browser.showing("#people li:nth-child(2)", "🌴").await;
    let status = demo.slack.read(|world| world.user("U002").unwrap().status.clone());
    assert_eq!((status.emoji.as_str(), status.text.as_str()), (":palm_tree:", "Vacationing"));

    // What the bot writes to somebody directly is counted until it is read.
    let plain = |text: &str| serde_json::json!({"type": "plain_text", "text": text});
    let button = serde_json::json!({"type": "button", "action_id": "thought_over", "text": plain("Cancel"),
        "confirm": {"title": plain("Really?"), "text": plain("Nobody else is asked."), "confirm": plain("Cancel it"),
            "deny": plain("Keep looking"), "style": "danger"}});
    bot_posts(
        &demo,
        &serde_json::json!({"channel": "U001", "text": "Still looking",
        "blocks": [{"type": "section", "text": plain("Still looking")}, {"type": "actions", "elements": [button]}]}),
    );
    browser.showing("[data-channel='bot'] .unread", "1").await;
    browser.press("#apps", "pagerslack", "[data-channel='bot']").await;

    // The click counts only when confirmed, and the focus comes back.
    browser.press("[data-ts]", "Still looking", "[data-action-id]").await;
    browser.showing("#confirm", "Nobody else is asked.").await;
    browser.picture("3-confirm.png").await;
    browser.find("#confirm button[value='']").await.send_keys(Key::Escape + "").await.unwrap();
    let focused = browser.driver.active_element().await.unwrap();
    assert_eq!(focused.text().await.unwrap(), "Cancel");
    assert!(browser.driver.find(By::Css("#confirm[open]")).await.is_err(), "the dialog is closed");

    // A direct message reaches the bot; a name is picked from the list while typing.
    let composer = browser.find("#composer").await;
    composer.send_keys("hello @lach").await.unwrap();
    browser.showing("#picks", "@lachlan").await;
    composer.send_keys(Key::Enter + "").await.unwrap();
    composer.send_keys(Key::Enter + "").await.unwrap();
    browser.showing("#messages", "hello @lachlan").await;
    let overflow = browser
        .driver
        .execute("return document.documentElement.scrollWidth - innerWidth", vec![])
        .await
        .unwrap();
    assert!(overflow.json().as_i64().unwrap() <= 0, "nothing sticks out at the side");
    browser.close().await;
    demo.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_one_person_saw_is_gone_when_the_page_is_loaded_again() {
    let demo = Demo::start(Wanted::default()).await.unwrap();
    let browser = Browser::open(1400, 860).await;
    browser.driver.goto(&demo.url).await.unwrap();
    browser.find("#composer").await.send_keys("/devoncall nothing").await.unwrap();
    browser.find("#send").await.click().await.unwrap();
    browser.showing("#messages", "Only visible to you").await;
    browser.driver.refresh().await.unwrap();
    browser.showing("#messages", "Nothing here yet").await;
    assert_eq!(demo.slack.read(|world| world.ephemerals("U001").len()), 1, "a test still finds it");
    browser.close().await;
    demo.stop().await;
}

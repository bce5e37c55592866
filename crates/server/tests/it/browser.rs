//! The demo in a real browser: somebody reports, the person asked reacts with 👀, the channel says so.
//!
//! Needs Debian's packages `chromium` and `chromium-driver`; `cargo xtask test` installs them.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pagerslack::demo::Demo;
use thirtyfour::prelude::*;

/// A browser of one's own, gone with the value.
struct Browser {
    driver: WebDriver,
    process: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    async fn open(width: u32, height: u32) -> Self {
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

    async fn close(self) {
        let Self { driver, mut process, _profile } = self;
        driver.quit().await.unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    async fn find(&self, css: &str) -> WebElement {
        self.driver
            .query(By::Css(css))
            .wait(Duration::from_secs(15), Duration::from_millis(50))
            .first()
            .await
            .unwrap()
    }

    /// The element of this kind that shows a text, if one does now. The page draws itself anew at any moment, so an
    /// element may be gone by the time it is looked at.
    async fn look(&self, css: &str, text: &str) -> Option<WebElement> {
        for element in self.driver.find_all(By::Css(css)).await.ok()? {
            if element.text().await.is_ok_and(|shown| shown.contains(text)) {
                return Some(element);
            }
        }
        None
    }

    /// What an element of this kind shows, once it shows `text`.
    async fn showing(&self, css: &str, text: &str) -> String {
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

    /// Presses what stands inside the element of this kind that shows `text`.
    async fn press(&self, css: &str, text: &str, inner: &str) {
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

    async fn picture(&self, name: &str) -> Vec<u8> {
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
    let demo = Demo::start(0, false).await.unwrap();
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

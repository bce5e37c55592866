//! The Reports page: what has happened over a time.

use super::coverage::without_pictures;
use super::office::Office;
use super::pages::words;

/// Given a morning of incidents, then the page tells how many there were, how long people waited, and who bore the load.
#[tokio::test]
async fn a_morning_is_told_in_numbers() {
    let office = Office::after_a_morning().await;
    let (status, page) = office.get("/reports").await;
    assert_eq!(status, 200);
    let said = words(&without_pictures(&page));
    // Days on which nothing happened.
    let said: Vec<&str> = said
        .lines()
        .filter(|line| !line.ends_with("2026 0 0 0 0 0") && !line.ends_with("2026 – –"))
        .collect();
    insta::assert_snapshot!(said.join("\n"));
    assert_eq!(page.matches("role=\"img\"").count(), 14, "seven pictures, wide and narrow");
    assert!(!page.contains("style="), "the policy of content forbids it");
}

/// Given another time and another channel in the address, then that is shown, or it is said what is wrong.
#[tokio::test]
async fn a_time_and_a_channel_can_be_chosen() {
    let office = Office::after_a_morning().await;
    let (_, page) = office.get("/reports?in=T1%2FC1&period=custom&from=2026-11-24&to=2026-11-24").await;
    assert!(page.contains("24 November 2026 to 24 November 2026") && page.contains("<dd>3</dd>"), "{page}");
    let (_, page) = office.get("/reports?in=T1&period=custom&from=2025-01-01&to=2025-01-31").await;
    assert!(page.contains("Nothing happened in this period.") && page.contains("<dd>0</dd>"), "{page}");
    let (status, page) = office.get("/reports?period=custom&from=%22%3E%3Cscript%3E&to=2025-01-31").await;
    assert_eq!(status, 200);
    assert!(page.contains("From must be a day") && !page.contains("<script>"), "{page}");
    for elsewhere in
        ["/reports?in=T2", "/reports?in=T1%2FC2", "/reports/people.csv?in=T2", "/reports/other.csv"]
    {
        assert_eq!(office.get(elsewhere).await.0, 404, "{elsewhere}");
    }
}

/// Given a picture, then its numbers are to be had as a file, of the same incidents.
#[tokio::test]
async fn each_picture_has_its_file() {
    let office = Office::after_a_morning().await;
    let (_, page) = office.get("/reports?period=month").await;
    let links: Vec<String> = page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|link| link.contains(".csv"))
        .map(|link| link.replace("&amp;", "&"))
        .collect();
    assert_eq!(links.len(), 7, "{links:?}");
    let mut all = String::new();
    for link in links {
        let (status, text) = office.get(&link).await;
        assert_eq!(status, 200, "{link}");
        let some = text.lines().filter(|line| !line.ends_with(",0,0,0,0,0") && !line.ends_with(",,,"));
        all += &format!("{link}\n{}\n\n", some.collect::<Vec<_>>().join("\n"));
    }
    insta::assert_snapshot!(all);
}

/// Given a bot that has just begun to read its history, then the page says so.
#[tokio::test]
async fn a_history_that_is_being_read_is_not_shown_by_half() {
    let office = Office::with_a_roster().await;
    let (status, page) = office.get("/reports").await;
    assert_eq!(status, 200);
    assert!(page.contains("The history is being read: look again in a moment."), "{page}");
    assert_eq!(office.get("/reports/people.csv").await.0, 503);
}

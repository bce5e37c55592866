//! What the pages say, and what they keep to themselves.

use super::office::Office;

/// The words of a page, one piece a line.
fn words(page: &str) -> String {
    let main = page.split("<main").nth(1).unwrap_or(page);
    let main = main.split("</main>").next().unwrap_or(main);
    let mut text = String::new();
    for part in main.split('<').skip(1) {
        let (tag, said) = part.split_once('>').unwrap_or((part, ""));
        if ["/p", "/li", "/tr", "/h1", "/h2", "/h3", "/dd", "/summary", "br"].contains(&tag) {
            text.push('\n');
        } else if ["/td", "/th", "/time", "/span", "/dt"].contains(&tag) {
            text.push(' ');
        }
        text.push_str(said);
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Given a morning of incidents, then the first page says what is open and what was answered.
#[tokio::test]
async fn the_first_page_says_what_is_open_and_what_was_answered() {
    let office = Office::after_a_morning().await;
    let (status, page) = office.get("/").await;
    assert_eq!(status, 200);
    insta::assert_snapshot!(words(&page));
}

/// Given an incident for which several people were considered, then its page says for each step why (P7).
#[tokio::test]
async fn an_incidents_page_says_why_somebody_was_asked_and_why_not_the_others() {
    let office = Office::after_a_morning().await;
    let incident = office.stage.incidents().await.into_iter().nth(1).unwrap().0;
    let (status, page) = office.get(&format!("/incidents/T1/{incident}")).await;
    assert_eq!(status, 200);
    insta::assert_snapshot!(words(&page));
}

/// Given a queue, then its page tells the order and how people stand as far as that is known, and asks Slack nothing.
#[tokio::test]
async fn the_queue_is_told_without_asking_slack() {
    let office = Office::after_a_morning().await;
    let calls = || office.stage.slack.read(|world| world.calls().len());
    let before = calls();
    let (status, page) = office.get("/queue").await;
    assert_eq!(status, 200);
    assert_eq!(calls(), before, "Slack is asked nothing");
    insta::assert_snapshot!(words(&page));
    let (_, found) = office.get("/queue?q=GITA").await;
    assert!(found.contains("gita") && !found.contains(">hana<"), "{found}");
    let (_, found) = office.get("/queue?q=%3Cscript%3E").await;
    assert!(found.contains("Nobody here is called that.") && !found.contains("<script>"), "{found}");
}

//! The Coverage page: who could be asked in the hours that come, and who was online.

use super::office::Office;
use super::pages::words;

/// Given a roster of four places, somebody on leave and a holiday in one of the countries, then the page says in which
/// hours there are too few people, and names the holiday.
#[tokio::test]
async fn the_page_says_where_the_coming_week_is_thin() {
    let office = Office::with_a_roster().await;
    let calls = || office.stage.slack.read(|world| world.calls().len());
    let before = calls();
    let (status, page) = office.get("/coverage").await;
    assert_eq!(status, 200);
    assert_eq!(calls(), before, "a page asks Slack nothing");
    insta::assert_snapshot!(words(&without_pictures(&page)));
    assert_eq!(page.matches("role=\"img\"").count(), 4, "the week and the days, wide and narrow");
    assert!(!page.contains("style="), "the policy of content forbids it");
    let (status, _) = office.get("/coverage?rotation=T2%2FC1").await;
    assert_eq!(status, 404, "what is not there is another's");
    let (status, _) = office.get("/coverage?rotation=T1%2FC1").await;
    assert_eq!(status, 200);
}

/// Given that who is online is to be looked up, then it is once an hour, and not while paging needs Slack.
#[tokio::test]
async fn who_is_online_is_looked_up_once_an_hour_out_of_what_paging_leaves() {
    let office = Office::with_a_roster().await;
    let asked = || {
        office
            .stage
            .slack
            .read(|world| world.calls().iter().filter(|call| call.method == "users.getPresence").count())
    };
    office.stage.pass("10 min").await;
    let before = asked();
    office.stage.bot.look_who_is_online().await.unwrap();
    let looked = asked() - before;
    assert!((1..=8).contains(&looked), "{looked}");
    office.stage.bot.look_who_is_online().await.unwrap();
    assert_eq!(asked() - before, looked, "once an hour");
    let (_, page) = office.get("/coverage").await;
    assert!(page.contains("People online") && !page.contains("Nobody has been looked up yet"), "{page}");
    // It is a quarter past twelve on a Tuesday.
    assert!(page.contains("Tuesday 12:00 to 13:00: 8 people"), "{page}");
    office.stage.pass("1 h").await;
    office.stage.bot.look_who_is_online().await.unwrap();
    assert!(asked() - before > looked, "and again in the next");
}

/// A page without what is drawn: that has tests of its own.
pub(super) fn without_pictures(page: &str) -> String {
    let mut kept = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("<svg") {
        kept.push_str(before);
        rest = after.split_once("</svg>").map_or("", |(_, after)| after);
    }
    kept + rest
}

//! A report, a page, an answer.

use crate::harness::Stage;

#[tokio::test]
async fn somebody_reports_one_person_is_paged_and_takes_it() {
    let stage = Stage::with(&["ana", "bo", "chen"]).await;
    let told = stage.types("U1", "https://incident.example/1 database down").await;
    assert!(told.starts_with("On it"), "{told}");
    let paged = stage.paged();
    assert_eq!(paged.len(), 1);
    let page = stage.replies()[0].0.clone();
    stage.pass("72 s").await;
    stage.reacts(&paged[0], &page, "eyes").await;
    stage.pass("10 min").await;
    println!("{}", stage.transcript());
    stage.end().await;
}

//! A few drawings as they stand, so that a change is seen.

use pagerslack_charts::{Bucket, Outcomes, Row, Rows, Stacked};
use roxmltree::Document;

use crate::drawing::texts;
use crate::samples::{self, heading};

#[test]
fn bars_over_two_days() {
    let bucket = |short: &str, by_people, by_nobody| Bucket {
        short: short.to_owned(),
        long: format!("{short}ember 2026"),
        outcomes: Outcomes { by_people, by_managers: 1, by_nobody, cancelled: 0 },
    };
    let buckets = [bucket("1 Nov", 3, 0), bucket("2 Nov", 1, 2)];
    let picture = Stacked { heading: heading("incidents", "Incidents"), buckets: &buckets }.picture();
    insta::assert_snapshot!(lines(&picture.figure.0));
    insta::assert_snapshot!(lines(&picture.table.unwrap().0));
}

#[test]
fn regions() {
    let rows = [("EMEA", 48), ("Americas", 21)].map(|(name, count)| Row { name: name.to_owned(), count });
    let picture =
        Rows { heading: heading("regions", "By region"), what: "Region", counted: "Incidents", rows: &rows };
    insta::assert_snapshot!(lines(&picture.picture().figure.0));
}

#[test]
fn what_each_kind_of_picture_says() {
    let said = samples::all().into_iter().map(|picture| {
        let figure = format!("<div>{}</div>", picture.figure.0);
        let document = Document::parse(&figure).unwrap();
        let named = |name: &str| {
            let node = document.descendants().find(|node| node.tag_name().name() == name);
            node.and_then(|node| node.text()).unwrap_or_default().to_owned()
        };
        format!("{}: {}", named("title"), named("desc"))
    });
    insta::assert_snapshot!(said.collect::<Vec<_>>().join("\n"));
}

#[test]
fn hours_with_too_few_people_are_told_without_colour() {
    let pictures = samples::all();
    let figure = format!("<div>{}</div>", pictures[7].figure.0);
    let document = Document::parse(&figure).unwrap();
    let wide = document.descendants().find(|node| node.tag_name().name() == "svg").unwrap();
    let few = texts(wide)
        .iter()
        .filter(|text| text.class == "number few" && matches!(&*text.text, "0" | "1"))
        .count();
    let hatched = wide.descendants().find(|node| node.attribute("class") == Some("thin")).unwrap();
    assert_eq!(hatched.attribute("d").unwrap().matches('M').count(), few);
    assert!(few > 0 && hatched.attribute("fill").unwrap().starts_with("url(#week-wide-thin)"));
}

/// An element a line.
fn lines(markup: &str) -> String {
    markup.replace("><", ">\n<")
}

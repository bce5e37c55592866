//! Reads a drawing back: its texts with their places, and every coordinate of its marks.

use pagerslack_charts::Picture;
use roxmltree::{Document, Node};

/// A text and the room that it takes, about.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) class: String,
    pub(crate) text: String,
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

/// Checks all that must hold of every picture.
///
/// # Panics
/// When something does not.
pub(crate) fn check(picture: &Picture) {
    let figure = format!("<div>{}</div>", picture.figure.0);
    let document = Document::parse(&figure).unwrap_or_else(|error| panic!("{error}: {figure}"));
    if let Some(table) = &picture.table {
        Document::parse(&table.0).unwrap_or_else(|error| panic!("{error}: {}", table.0));
    }
    for element in document.descendants() {
        for name in ["style", "stroke", "color", "onload"] {
            assert_eq!(element.attribute(name), None, "no style stands in a picture");
        }
        let painted = element.attribute("fill");
        assert!(painted.is_none_or(|fill| fill.starts_with("url(#")), "{painted:?}");
    }
    for svg in document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "svg")))
    {
        check_drawing(svg);
    }
}

fn check_drawing(svg: Node<'_, '_>) {
    assert_eq!(svg.attribute("role"), Some("img"));
    let ids = svg.attribute("aria-labelledby").unwrap().split(' ');
    for id in ids {
        let named = svg.children().find(|child| child.attribute("id") == Some(id));
        assert!(named.is_some_and(|named| named.text().is_some_and(|text| !text.is_empty())), "{id}");
    }
    let size: Vec<f64> =
        svg.attribute("viewBox").unwrap().split(' ').map(|number| number.parse().unwrap()).collect();
    let (width, height) = (size[2], size[3]);
    for (x, y) in svg.descendants().flat_map(points) {
        let inside = (-0.2..=width + 0.2).contains(&x) && (-0.2..=height + 0.2).contains(&y);
        assert!(inside, "a mark at {x}, {y} lies outside of {width} × {height}");
    }
    let texts = texts(svg);
    for text in &texts {
        let inside =
            text.left >= -0.5 && text.right <= width + 0.5 && text.top >= -0.5 && text.bottom <= height + 0.5;
        assert!(inside, "{text:?} lies outside of {width} × {height}");
    }
    for (index, one) in texts.iter().enumerate() {
        for other in &texts[index + 1..] {
            assert!(!overlap(one, other), "{one:?} lies on {other:?}");
        }
    }
}

fn overlap(one: &Text, other: &Text) -> bool {
    let across = one.left < other.right - 0.2 && other.left < one.right - 0.2;
    let down = one.top < other.bottom - 0.2 && other.top < one.bottom - 0.2;
    across && down
}

/// How wide the letters of ordinary fonts are at this size.
fn of_letter(letter: char) -> f64 {
    match letter {
        letter if letter.is_ascii_alphanumeric() && !"iljI".contains(letter) => 6.9,
        letter if letter.is_ascii() => 4.2,
        _ => 9.0,
    }
}

/// Every text of a drawing.
pub(crate) fn texts(svg: Node<'_, '_>) -> Vec<Text> {
    let texts = svg.descendants().filter(|node| node.tag_name().name() == "text");
    texts
        .map(|node| {
            let number = |name| node.attribute(name).unwrap().parse::<f64>().unwrap();
            let text = node.text().unwrap_or_default();
            let width: f64 = text.chars().map(of_letter).sum();
            let left = match node.attribute("text-anchor") {
                Some("middle") => number("x") - width / 2.0,
                Some("end") => number("x") - width,
                _ => number("x"),
            };
            Text {
                class: node.attribute("class").unwrap().to_owned(),
                text: text.to_owned(),
                left,
                right: left + width,
                top: number("y") - 9.5,
                bottom: number("y") + 3.0,
            }
        })
        .collect()
}

/// The corners of a mark.
fn points(node: Node<'_, '_>) -> Vec<(f64, f64)> {
    let number = |name| node.attribute(name).map(|text| text.parse::<f64>().unwrap());
    match node.tag_name().name() {
        // A pattern has coordinates of its own.
        _ if node.ancestors().any(|node| node.tag_name().name() == "pattern") => vec![],
        "line" => vec![
            (number("x1").unwrap(), number("y1").unwrap()),
            (number("x2").unwrap(), number("y2").unwrap()),
        ],
        "rect" => {
            let (x, y) = (number("x").unwrap(), number("y").unwrap());
            let (width, height) = (number("width").unwrap(), number("height").unwrap());
            assert!(width >= 0.0 && height >= 0.0);
            vec![(x, y), (x + width, y + height)]
        }
        "path" => of_path(node.attribute("d").unwrap()),
        _ => vec![],
    }
}

/// Where a path comes by: our paths know `M L H V h v a z`.
fn of_path(path: &str) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    let (mut x, mut y) = (0.0, 0.0);
    let mut rest = path;
    while let Some(command) = rest.chars().next() {
        let end = rest[1..].find(|letter: char| letter.is_ascii_alphabetic()).map_or(rest.len(), |at| at + 1);
        let numbers: Vec<f64> = rest[1..end]
            .split(' ')
            .filter(|text| !text.is_empty())
            .map(|text| text.parse().unwrap())
            .collect();
        match command {
            'M' | 'L' => (x, y) = (numbers[0], numbers[1]),
            'H' => x = numbers[0],
            'V' => y = numbers[0],
            'h' => x += numbers[0],
            'v' => y += numbers[0],
            'a' => (x, y) = (x + numbers[5], y + numbers[6]),
            'z' => {}
            other => panic!("{other} in {path}"),
        }
        points.push((x, y));
        rest = &rest[end..];
    }
    points
}

//! The palette: told from the ground on a light and on a dark page, and one colour from another by whoever does not see
//! red or green.

use std::collections::BTreeMap;

use pagerslack_charts::CSS;

type Rgb = [f64; 3];

/// The variables of the light page, and of the dark.
fn palettes() -> [BTreeMap<String, Rgb>; 2] {
    let dark = CSS.find("@media (prefers-color-scheme: dark)").unwrap();
    let end = dark + CSS[dark..].find("\n}").unwrap();
    let light = read(&CSS[..dark]);
    let mut over = light.clone();
    over.extend(read(&CSS[dark..end]));
    [light, over]
}

fn read(text: &str) -> BTreeMap<String, Rgb> {
    let declared = text.split([';', '{', '}']).filter_map(|part| {
        let (name, value) = part.trim().strip_prefix("--chart-")?.split_once(": #")?;
        let byte = |at: usize| f64::from(u8::from_str_radix(&value[at..at + 2], 16).unwrap()) / 255.0;
        Some((name.to_owned(), [byte(0), byte(2), byte(4)]))
    });
    declared.collect()
}

/// As the Web Content Accessibility Guidelines reckon it.
fn linear(colour: Rgb) -> Rgb {
    colour.map(|part| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) })
}

fn contrast(one: Rgb, other: Rgb) -> f64 {
    let luminance = |colour| {
        let [red, green, blue] = linear(colour);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// How a colour looks to somebody without the cones for red (protanopia) or green (deuteranopia), after Viénot, Brettel
/// and Mollon, "Digital video colourmaps for checking the legibility of displays by dichromats" (1999).
fn without(cones: [[f64; 3]; 3], colour: Rgb) -> Rgb {
    let colour = linear(colour);
    cones.map(|row| row.iter().zip(colour).map(|(share, part)| share * part).sum::<f64>().clamp(0.0, 1.0))
}

const RED: [[f64; 3]; 3] = [[0.1124, 0.8876, 0.0], [0.1124, 0.8876, 0.0], [0.0040, -0.0040, 1.0]];
const GREEN: [[f64; 3]; 3] = [[0.2928, 0.7072, 0.0], [0.2928, 0.7072, 0.0], [-0.0223, 0.0223, 1.0]];

#[test]
fn marks_stand_out_by_three_to_one_and_texts_by_four_and_a_half() {
    for (page, colours) in palettes().iter().enumerate() {
        let ground = colours["ground"];
        for mark in ["people", "managers", "nobody", "thin", "ink", "base"] {
            let found = contrast(colours[mark], ground);
            assert!(found >= 3.0, "page {page}: {mark} has {found:.2}");
        }
        for text in ["ink", "quiet", "people", "managers", "thin"] {
            let found = contrast(colours[text], ground);
            assert!(found >= 4.5, "page {page}: text in {text} has {found:.2}");
        }
        for shade in 0..=5 {
            let on = if shade < 4 { "on-pale" } else { "on-deep" };
            let found = contrast(colours[on], colours[&format!("shade-{shade}")]);
            assert!(found >= 4.5, "page {page}: a number on shade {shade} has {found:.2}");
        }
        let hatched = contrast(colours["over"], colours["nobody"]);
        assert!(hatched >= 3.0, "page {page}: the hatching has {hatched:.2}");
    }
}

#[test]
fn outcomes_are_told_apart_without_red_or_green() {
    for (page, colours) in palettes().iter().enumerate() {
        for cones in [RED, GREEN] {
            let seen = ["people", "managers", "nobody"].map(|name| without(cones, colours[name]));
            for (index, one) in seen.iter().enumerate() {
                for other in &seen[index + 1..] {
                    let apart: f64 = one.iter().zip(other).map(|(a, b)| (a.cbrt() - b.cbrt()).powi(2)).sum();
                    assert!(apart.sqrt() >= 0.15, "page {page}: {:.3}", apart.sqrt());
                }
            }
        }
    }
}

#[test]
fn every_class_of_a_picture_is_in_the_stylesheet() {
    for picture in crate::samples::all() {
        let figure = format!("<div>{}</div>", picture.figure.0);
        let document = roxmltree::Document::parse(&figure).unwrap();
        for class in document.descendants().filter_map(|node| node.attribute("class")) {
            let known = |class: &str| {
                ["value", "name", "line-0", "line-1", "on-0", "on-1", "on-2", "on-3"].contains(&class)
            };
            for class in class.split(' ').filter(|class| !known(class)) {
                assert!(CSS.contains(&format!(".{class}")), "{class}");
            }
        }
    }
}

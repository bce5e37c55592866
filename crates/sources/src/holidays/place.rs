//! Whom a day off is for, by the keys `country`, `region` and `person`.

use pagerslack_core::calendar::Scope;

use super::Reading;
use crate::public;
use crate::yaml::{self, Fields, HINTS, nearest_of, shown};

impl Reading<'_> {
    /// Whom an entry is for: everyone, unless a key says otherwise. Nobody when that key is at fault, so that a slip
    /// does not turn one person's day into everyone's.
    pub(super) fn scopes(&mut self, fields: &Fields<'_>) -> Vec<Scope> {
        let [country, region, person] = ["country", "region", "person"].map(|key| fields.line(key));
        match (country, region, person) {
            (None, None, None) => vec![Scope::Everyone],
            (None, None, Some(_)) => self.people(fields),
            (Some(place), _, Some(person)) | (None, Some(place), Some(person)) => {
                let what = "write either a person or a country or region: a person's day counts everywhere";
                self.faults.add(Some(place.max(person)), what);
                Vec::new()
            }
            (_, region, None) => {
                let words = fields.texts("country", &mut self.faults);
                let countries: Vec<String> =
                    words.iter().filter_map(|(line, word)| self.country(word, *line)).collect();
                if region.is_none() {
                    return countries.into_iter().map(Scope::Country).collect();
                }
                if countries.len() < words.len() || (country.is_some() && words.is_empty()) {
                    return Vec::new();
                }
                let regions = fields.texts("region", &mut self.faults);
                let region = |(line, word): &(usize, String)| self.region(word, *line, &countries);
                regions.iter().filter_map(region).map(Scope::Region).collect()
            }
        }
    }

    fn people(&mut self, fields: &Fields<'_>) -> Vec<Scope> {
        let words = fields.texts("person", &mut self.faults);
        let person = |(line, word): &(usize, String)| {
            yaml::person(word).map_err(|what| self.faults.add(Some(*line), what)).ok()
        };
        words.iter().filter_map(person).map(Scope::Person).collect()
    }

    /// A country's code in capitals.
    fn country(&mut self, word: &str, line: usize) -> Option<String> {
        let code = word.to_ascii_uppercase();
        let formed = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if formed && self.known.is_none_or(|known| known.countries().any(|known| known == code)) {
            return Some(code);
        }
        let near = if self.faults.0.len() < HINTS { public::country_named(word) } else { None };
        let hint = match near {
            Some(near) => format!("did you mean {near}?"),
            None if word.contains(',') => "write several in brackets: [PT, ES]".to_owned(),
            None => "write its code of two letters, such as PT".to_owned(),
        };
        self.faults.add(Some(line), format!("the country {} is not known ({hint})", shown(word)));
        None
    }

    /// A region's code with its country's, in capitals. Beside one country it may lack it: `11` in `PT`.
    fn region(&mut self, word: &str, line: usize, countries: &[String]) -> Option<String> {
        let code = word.to_ascii_uppercase();
        let (country, part) = match (code.split_once('-'), countries) {
            (Some((country, part)), []) => (self.country(country, line)?, part),
            (Some((country, part)), [beside]) if country == beside => (beside.clone(), part),
            (None, [beside]) => (beside.clone(), code.as_str()),
            (Some(_), [beside]) => {
                self.faults.add(Some(line), format!("the region {} is not in {beside}", shown(word)));
                return None;
            }
            (None, []) => {
                let what = format!("the region {} lacks its country: write for example PT-11", shown(word));
                self.faults.add(Some(line), what);
                return None;
            }
            (_, [_, _, ..]) => {
                self.faults.add(
                    Some(line),
                    "a region beside several countries: write only the regions, with theirs",
                );
                return None;
            }
        };
        match self.part_of(&country, part) {
            Ok(()) => Some(format!("{country}-{part}")),
            Err(hint) => {
                self.faults.add(Some(line), format!("the region {} is not known ({hint})", shown(word)));
                None
            }
        }
    }

    /// Whether a country has such a subdivision, or what to write instead. Of a country whose subdivisions the table
    /// does not know, every code of ISO 3166-2's form will do.
    fn part_of(&self, country: &str, part: &str) -> Result<(), String> {
        let known: Vec<String> = self.known.map_or_else(Vec::new, |known| {
            known.subdivisions(country).map(str::to_ascii_uppercase).collect()
        });
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let Some(first) = known.first() else {
            let formed =
                (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let hint = || format!("write its ISO 3166-2 code, such as {country}-01");
            return if formed { Ok(()) } else { Err(hint()) };
        };
        match nearest_of(part, &known, &self.faults) {
            _ if known.contains(&part) => Ok(()),
            Some(near) => Err(format!("did you mean {country}-{near}?")),
            None if known.len() <= 30 => Err(format!("{country} has {}", known.join(", "))),
            None => Err(format!("write for example {country}-{first}")),
        }
    }
}

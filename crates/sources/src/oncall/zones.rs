//! Time zones by their IANA name, and the names that were probably meant.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use pagerslack_core::calendar::zone;

use super::fold::fold;
use crate::fault::nearest;

/// Every name that the bundled database has.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let names =
        TimeZoneDatabase::bundled().available().map(|name| name.as_str().to_owned()).collect::<HashSet<_>>();
    let mut names = Vec::from_iter(names);
    names.sort();
    names
});

/// From a city's name, folded, to the zones that carry it.
static PLACES: LazyLock<HashMap<String, Vec<&'static str>>> = LazyLock::new(|| {
    let mut places: HashMap<String, Vec<&str>> = HashMap::new();
    for name in NAMES.iter() {
        if let Some((_, place)) = name.rsplit_once('/').filter(|(area, _)| *area != "Etc") {
            places.entry(fold(place)).or_default().push(name);
        }
    }
    places
});

/// Cities that many people name and the database does not.
const CITIES: &[(&str, &str)] = &[
    ("austin", "America/Chicago"),
    ("bangalore", "Asia/Kolkata"),
    ("barcelona", "Europe/Madrid"),
    ("beijing", "Asia/Shanghai"),
    ("bengaluru", "Asia/Kolkata"),
    ("boston", "America/New_York"),
    ("cape town", "Africa/Johannesburg"),
    ("chennai", "Asia/Kolkata"),
    ("cologne", "Europe/Berlin"),
    ("delhi", "Asia/Kolkata"),
    ("edinburgh", "Europe/London"),
    ("frankfurt", "Europe/Berlin"),
    ("geneva", "Europe/Zurich"),
    ("hamburg", "Europe/Berlin"),
    ("hyderabad", "Asia/Kolkata"),
    ("krakow", "Europe/Warsaw"),
    ("manchester", "Europe/London"),
    ("milan", "Europe/Rome"),
    ("montreal", "America/Toronto"),
    ("mumbai", "Asia/Kolkata"),
    ("munich", "Europe/Berlin"),
    ("new delhi", "Asia/Kolkata"),
    ("osaka", "Asia/Tokyo"),
    ("porto", "Europe/Lisbon"),
    ("pune", "Asia/Kolkata"),
    ("rio de janeiro", "America/Sao_Paulo"),
    ("san francisco", "America/Los_Angeles"),
    ("seattle", "America/Los_Angeles"),
    ("tel aviv", "Asia/Jerusalem"),
    ("wellington", "Pacific/Auckland"),
];

/// The zone in which a city lies, by the city's own name: `Lisbon`, `São Paulo`, `new york`.
pub(crate) fn of_city(text: &str) -> Option<&'static str> {
    let place = fold(text);
    if let Some((_, name)) = CITIES.iter().find(|(city, _)| *city == place) {
        return Some(name);
    }
    let names = PLACES.get(&place)?;
    let same =
        |name: &&&str| names.first().and_then(|first| zone(first)).is_some_and(|it| same_rules(&it, name));
    // Two names of one zone are as good as one; two zones of one name are not.
    if names.iter().all(|name| same(&name)) { names.first().copied() } else { None }
}

fn same_rules(first: &TimeZone, other: &str) -> bool {
    let at = |year| jiff::civil::date(year, 1, 15).in_tz("UTC").map(|it| it.timestamp());
    let alike = |year, other: &TimeZone| at(year).is_ok_and(|at| first.to_offset(at) == other.to_offset(at));
    zone(other).is_some_and(|other| (2020..2030).all(|year| alike(year, &other)))
}

/// The zone of an IANA name, whatever its case.
pub(crate) fn named(text: &str) -> Option<TimeZone> {
    zone(text).filter(|zone| !zone.is_unknown() && zone.iana_name().is_some())
}

/// Looks zones up, each text once: a roster names few zones many times.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    known: HashMap<String, Result<TimeZone, String>>,
    suggested: usize,
}

/// After so many different misspelt zones no more names are suggested: the file is something else then, and
/// comparing with 600 names takes its time.
const MOST_SUGGESTIONS: usize = 200;

impl Zones {
    /// # Errors
    /// A sentence that names the nearest zone.
    pub(crate) fn find(&mut self, text: &str) -> Result<TimeZone, String> {
        if let Some(found) = self.known.get(text) {
            return found.clone();
        }
        let found = named(text).ok_or_else(|| self.refusal(text));
        self.known.insert(text.to_owned(), found.clone());
        found
    }

    fn refusal(&mut self, text: &str) -> String {
        self.suggested += 1;
        let suggestion = of_city(text).or_else(|| {
            let near = || nearest(text, NAMES.iter().map(String::as_str));
            if self.suggested <= MOST_SUGGESTIONS { near() } else { None }
        });
        match suggestion {
            Some(name) => format!("{text:?} is no IANA time zone (did you mean {name:?}?)"),
            None => format!("{text:?} is no IANA time zone: write for example Europe/Lisbon"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_found_by_its_name_in_any_case() {
        let mut zones = Zones::default();
        assert_eq!(zones.find("europe/lisbon").unwrap().iana_name(), Some("Europe/Lisbon"));
        assert_eq!(zones.find("UTC").unwrap().iana_name(), Some("UTC"));
        for wrong in ["Etc/Unknown", "+01:00", "EST5EDT4", ""] {
            assert!(zones.find(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_nearest_is_named() {
        let told = |text| Zones::default().find(text).unwrap_err();
        assert_eq!(
            told("Europe/Lisbonn"),
            "\"Europe/Lisbonn\" is no IANA time zone (did you mean \"Europe/Lisbon\"?)"
        );
        assert_eq!(told("Lisbon"), "\"Lisbon\" is no IANA time zone (did you mean \"Europe/Lisbon\"?)");
        assert_eq!(
            told("my garden shed"),
            "\"my garden shed\" is no IANA time zone: write for example Europe/Lisbon"
        );
    }

    #[test]
    fn cities_are_found_by_their_own_name() {
        for (city, name) in [
            ("Lisbon", "Europe/Lisbon"),
            ("new york", "America/New_York"),
            ("São Paulo", "America/Sao_Paulo"),
            ("Buenos Aires", "America/Argentina/Buenos_Aires"),
            ("Munich", "Europe/Berlin"),
        ] {
            assert_eq!(of_city(city), Some(name), "{city}");
        }
        assert_eq!(of_city("GMT+1"), None);
    }
}

//! Countries by their ISO 3166-1 code and by their English names.
//!
//! The names are those of `iso3166.tab`, which comes with the time zone database and is in the public domain.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::fold::fold;
use crate::fault::nearest;

/// Code and name, by code.
#[rustfmt::skip]
const COUNTRIES: [(&str, &str); 249] = [
    ("AD", "Andorra"), ("AE", "United Arab Emirates"), ("AF", "Afghanistan"), ("AG", "Antigua & Barbuda"),
    ("AI", "Anguilla"), ("AL", "Albania"), ("AM", "Armenia"), ("AO", "Angola"), ("AQ", "Antarctica"),
    ("AR", "Argentina"), ("AS", "Samoa (American)"), ("AT", "Austria"), ("AU", "Australia"), ("AW", "Aruba"),
    ("AX", "Åland Islands"), ("AZ", "Azerbaijan"), ("BA", "Bosnia & Herzegovina"), ("BB", "Barbados"),
    ("BD", "Bangladesh"), ("BE", "Belgium"), ("BF", "Burkina Faso"), ("BG", "Bulgaria"), ("BH", "Bahrain"),
    ("BI", "Burundi"), ("BJ", "Benin"), ("BL", "St Barthelemy"), ("BM", "Bermuda"), ("BN", "Brunei"),
    ("BO", "Bolivia"), ("BQ", "Caribbean NL"), ("BR", "Brazil"), ("BS", "Bahamas"), ("BT", "Bhutan"),
    ("BV", "Bouvet Island"), ("BW", "Botswana"), ("BY", "Belarus"), ("BZ", "Belize"), ("CA", "Canada"),
    ("CC", "Cocos (Keeling) Islands"), ("CD", "Congo (Dem. Rep.)"), ("CF", "Central African Rep."),
    ("CG", "Congo (Rep.)"), ("CH", "Switzerland"), ("CI", "Côte d'Ivoire"), ("CK", "Cook Islands"),
    ("CL", "Chile"), ("CM", "Cameroon"), ("CN", "China"), ("CO", "Colombia"), ("CR", "Costa Rica"),
    ("CU", "Cuba"), ("CV", "Cape Verde"), ("CW", "Curaçao"), ("CX", "Christmas Island"), ("CY", "Cyprus"),
    ("CZ", "Czech Republic"), ("DE", "Germany"), ("DJ", "Djibouti"), ("DK", "Denmark"), ("DM", "Dominica"),
    ("DO", "Dominican Republic"), ("DZ", "Algeria"), ("EC", "Ecuador"), ("EE", "Estonia"), ("EG", "Egypt"),
    ("EH", "Western Sahara"), ("ER", "Eritrea"), ("ES", "Spain"), ("ET", "Ethiopia"), ("FI", "Finland"),
    ("FJ", "Fiji"), ("FK", "Falkland Islands"), ("FM", "Micronesia"), ("FO", "Faroe Islands"),
    ("FR", "France"), ("GA", "Gabon"), ("GB", "Britain (UK)"), ("GD", "Grenada"), ("GE", "Georgia"),
    ("GF", "French Guiana"), ("GG", "Guernsey"), ("GH", "Ghana"), ("GI", "Gibraltar"), ("GL", "Greenland"),
    ("GM", "Gambia"), ("GN", "Guinea"), ("GP", "Guadeloupe"), ("GQ", "Equatorial Guinea"), ("GR", "Greece"),
    ("GS", "South Georgia & the South Sandwich Islands"), ("GT", "Guatemala"), ("GU", "Guam"),
    ("GW", "Guinea-Bissau"), ("GY", "Guyana"), ("HK", "Hong Kong"), ("HM", "Heard Island & McDonald Islands"),
    ("HN", "Honduras"), ("HR", "Croatia"), ("HT", "Haiti"), ("HU", "Hungary"), ("ID", "Indonesia"),
    ("IE", "Ireland"), ("IL", "Israel"), ("IM", "Isle of Man"), ("IN", "India"),
    ("IO", "British Indian Ocean Territory"), ("IQ", "Iraq"), ("IR", "Iran"), ("IS", "Iceland"),
    ("IT", "Italy"), ("JE", "Jersey"), ("JM", "Jamaica"), ("JO", "Jordan"), ("JP", "Japan"), ("KE", "Kenya"),
    ("KG", "Kyrgyzstan"), ("KH", "Cambodia"), ("KI", "Kiribati"), ("KM", "Comoros"),
    ("KN", "St Kitts & Nevis"), ("KP", "Korea (North)"), ("KR", "Korea (South)"), ("KW", "Kuwait"),
    ("KY", "Cayman Islands"), ("KZ", "Kazakhstan"), ("LA", "Laos"), ("LB", "Lebanon"), ("LC", "St Lucia"),
    ("LI", "Liechtenstein"), ("LK", "Sri Lanka"), ("LR", "Liberia"), ("LS", "Lesotho"), ("LT", "Lithuania"),
    ("LU", "Luxembourg"), ("LV", "Latvia"), ("LY", "Libya"), ("MA", "Morocco"), ("MC", "Monaco"),
    ("MD", "Moldova"), ("ME", "Montenegro"), ("MF", "St Martin (French)"), ("MG", "Madagascar"),
    ("MH", "Marshall Islands"), ("MK", "North Macedonia"), ("ML", "Mali"), ("MM", "Myanmar (Burma)"),
    ("MN", "Mongolia"), ("MO", "Macau"), ("MP", "Northern Mariana Islands"), ("MQ", "Martinique"),
    ("MR", "Mauritania"), ("MS", "Montserrat"), ("MT", "Malta"), ("MU", "Mauritius"), ("MV", "Maldives"),
    ("MW", "Malawi"), ("MX", "Mexico"), ("MY", "Malaysia"), ("MZ", "Mozambique"), ("NA", "Namibia"),
    ("NC", "New Caledonia"), ("NE", "Niger"), ("NF", "Norfolk Island"), ("NG", "Nigeria"),
    ("NI", "Nicaragua"), ("NL", "Netherlands"), ("NO", "Norway"), ("NP", "Nepal"), ("NR", "Nauru"),
    ("NU", "Niue"), ("NZ", "New Zealand"), ("OM", "Oman"), ("PA", "Panama"), ("PE", "Peru"),
    ("PF", "French Polynesia"), ("PG", "Papua New Guinea"), ("PH", "Philippines"), ("PK", "Pakistan"),
    ("PL", "Poland"), ("PM", "St Pierre & Miquelon"), ("PN", "Pitcairn"), ("PR", "Puerto Rico"),
    ("PS", "Palestine"), ("PT", "Portugal"), ("PW", "Palau"), ("PY", "Paraguay"), ("QA", "Qatar"),
    ("RE", "Réunion"), ("RO", "Romania"), ("RS", "Serbia"), ("RU", "Russia"), ("RW", "Rwanda"),
    ("SA", "Saudi Arabia"), ("SB", "Solomon Islands"), ("SC", "Seychelles"), ("SD", "Sudan"),
    ("SE", "Sweden"), ("SG", "Singapore"), ("SH", "St Helena"), ("SI", "Slovenia"),
    ("SJ", "Svalbard & Jan Mayen"), ("SK", "Slovakia"), ("SL", "Sierra Leone"), ("SM", "San Marino"),
    ("SN", "Senegal"), ("SO", "Somalia"), ("SR", "Suriname"), ("SS", "South Sudan"),
    ("ST", "Sao Tome & Principe"), ("SV", "El Salvador"), ("SX", "St Maarten (Dutch)"), ("SY", "Syria"),
    ("SZ", "Eswatini (Swaziland)"), ("TC", "Turks & Caicos Is"), ("TD", "Chad"), ("TF", "French S. Terr."),
    ("TG", "Togo"), ("TH", "Thailand"), ("TJ", "Tajikistan"), ("TK", "Tokelau"), ("TL", "East Timor"),
    ("TM", "Turkmenistan"), ("TN", "Tunisia"), ("TO", "Tonga"), ("TR", "Turkey"), ("TT", "Trinidad & Tobago"),
    ("TV", "Tuvalu"), ("TW", "Taiwan"), ("TZ", "Tanzania"), ("UA", "Ukraine"), ("UG", "Uganda"),
    ("UM", "US minor outlying islands"), ("US", "United States"), ("UY", "Uruguay"), ("UZ", "Uzbekistan"),
    ("VA", "Vatican City"), ("VC", "St Vincent"), ("VE", "Venezuela"), ("VG", "Virgin Islands (UK)"),
    ("VI", "Virgin Islands (US)"), ("VN", "Vietnam"), ("VU", "Vanuatu"), ("WF", "Wallis & Futuna"),
    ("WS", "Samoa (western)"), ("YE", "Yemen"), ("YT", "Mayotte"), ("ZA", "South Africa"), ("ZM", "Zambia"),
    ("ZW", "Zimbabwe"),
];

/// Other names that are in use, folded.
#[rustfmt::skip]
const ALSO: [(&str, &str); 43] = [
    ("america", "US"), ("england", "GB"), ("scotland", "GB"), ("wales", "GB"), ("northern ireland", "GB"),
    ("uk", "GB"), ("united kingdom", "GB"), ("great britain", "GB"), ("usa", "US"),
    ("united states of america", "US"), ("south korea", "KR"), ("republic of korea", "KR"),
    ("north korea", "KP"), ("holland", "NL"), ("the netherlands", "NL"), ("turkiye", "TR"), ("czechia", "CZ"),
    ("uae", "AE"), ("viet nam", "VN"), ("russian federation", "RU"), ("brasil", "BR"), ("espana", "ES"),
    ("deutschland", "DE"), ("osterreich", "AT"), ("schweiz", "CH"), ("italia", "IT"), ("suomi", "FI"),
    ("sverige", "SE"), ("norge", "NO"), ("danmark", "DK"), ("polska", "PL"), ("hong kong sar", "HK"),
    ("bosnia and herzegovina", "BA"), ("bosnia", "BA"), ("macedonia", "MK"), ("ivory coast", "CI"),
    ("cape verde", "CV"), ("swaziland", "SZ"), ("burma", "MM"), ("republic of ireland", "IE"), ("eire", "IE"),
    ("trinidad and tobago", "TT"), ("drc", "CD"),
];

static BY_NAME: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let names = COUNTRIES.iter().map(|(code, name)| (fold(name), *code));
    names.chain(ALSO.iter().map(|(name, code)| ((*name).to_owned(), *code))).collect()
});

/// The code in capitals, if the text is one in any case.
pub(crate) fn of_code(text: &str) -> Option<&'static str> {
    COUNTRIES.iter().map(|(code, _)| *code).find(|code| code.eq_ignore_ascii_case(text))
}

/// The code of a country by its name.
pub(crate) fn of_name(text: &str) -> Option<&'static str> {
    BY_NAME.get(&fold(text)).copied()
}

/// What was probably meant by a name that is none.
pub(crate) fn meant(text: &str) -> Option<&'static str> {
    of_name(text).or_else(|| {
        let near = nearest(text, COUNTRIES.iter().map(|(_, name)| *name))?;
        of_name(near)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_known_by_code_and_by_name() {
        assert_eq!(of_code("pt"), Some("PT"));
        assert_eq!(of_code("UK"), None);
        for (name, code) in
            [("Portugal", "PT"), ("the Netherlands", "NL"), ("UK", "GB"), ("Côte d'Ivoire", "CI")]
        {
            assert_eq!(of_name(name), Some(code), "{name}");
        }
        assert_eq!(of_name("Remote"), None);
        assert_eq!(meant("Portugall"), Some("PT"));
        assert!(ALSO.iter().all(|(name, code)| fold(name) == *name && of_code(code).is_some()));
    }
}

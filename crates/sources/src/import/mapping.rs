//! Which column of a spreadsheet holds what: guessed from common headers, or said.

use std::collections::BTreeMap;

use crate::Faults;
use crate::columns::{Field, key};
use crate::fault::nearest;
use crate::oncall::fold::fold;

/// What a spreadsheet's column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A field of the roster.
    Field(Field),
    /// Whether the person is a manager, as yes or no; `manager`.
    IsManager,
    /// The first part of the name; `first_name`.
    FirstName,
    /// The last part of the name; `last_name`.
    LastName,
}

impl Source {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Field(field) => field.name(),
            Self::IsManager => "manager",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        Field::ALL.into_iter().map(Self::Field).chain([Self::IsManager, Self::FirstName, Self::LastName])
    }

    fn named(name: &str) -> Result<Self, String> {
        let known = Self::all().find(|source| key(source.name()) == key(name));
        known.map_or_else(|| Field::named(name).map(Self::Field), Ok)
    }
}

/// Headers by what they stand for, the likeliest first; folded and without blanks. With a question mark, only a
/// header that ends with one counts: "Manager" names somebody's manager.
const HEADERS: &[(Source, &[&str])] = &[
    (
        Source::Field(Field::SlackId),
        &["slackid", "slackuserid", "slackmemberid", "memberid", "slackuid", "slackuser", "userid"],
    ),
    (
        Source::Field(Field::Email),
        &[
            "email",
            "workemail",
            "emailaddress",
            "workemailaddress",
            "companyemail",
            "slackemail",
            "mail",
            "emailadresse",
            "correo",
            "correoelectronico",
            "courriel",
            "adresseemail",
            "adressemail",
            "enderecodeemail",
            "primaryemail",
        ],
    ),
    (
        Source::Field(Field::Name),
        &[
            "name",
            "fullname",
            "displayname",
            "employeename",
            "employee",
            "preferredname",
            "realname",
            "slackname",
            "person",
            "nombre",
            "nom",
            "nome",
            "nomcomplet",
            "nombrecompleto",
            "nomecompleto",
        ],
    ),
    (Source::FirstName, &["firstname", "givenname", "vorname", "prenom"]),
    (
        Source::LastName,
        &[
            "lastname",
            "surname",
            "familyname",
            "nachname",
            "apellido",
            "apellidos",
            "nomdefamille",
            "sobrenome",
        ],
    ),
    (
        Source::Field(Field::Role),
        &["role", "oncallrole", "jobtitle", "title", "position", "rolle", "rol", "poste", "puesto", "cargo"],
    ),
    (Source::IsManager, &["ismanager", "manager?", "engineeringmanager?", "em?", "peoplemanager?"]),
    (
        Source::Field(Field::Team),
        &["team", "teamname", "squad", "group", "stage", "department", "abteilung", "equipe", "equipo"],
    ),
    (
        Source::Field(Field::TimeZone),
        &[
            "timezone",
            "tz",
            "ianatimezone",
            "timezoneiana",
            "tzname",
            "localtimezone",
            "zeitzone",
            "fuseauhoraire",
            "zonahoraria",
            "fusohorario",
            "utcoffset",
            "gmtoffset",
        ],
    ),
    (
        Source::Field(Field::Country),
        &[
            "country",
            "countrycode",
            "isocountry",
            "isocountrycode",
            "workcountry",
            "countryofresidence",
            "locationcountry",
            "land",
            "pais",
            "pays",
            "location",
            "worklocation",
            "standort",
        ],
    ),
    (
        Source::Field(Field::Region),
        &["region", "regioncode", "subdivision", "subdivisioncode", "statecode", "provincecode", "iso31662"],
    ),
    (
        Source::Field(Field::WorkingHours),
        &[
            "workinghours",
            "workhours",
            "hours",
            "officehours",
            "shift",
            "arbeitszeit",
            "arbeitszeiten",
            "horario",
            "horaires",
        ],
    ),
    (
        Source::Field(Field::StartDate),
        &[
            "startdate",
            "hiredate",
            "datejoined",
            "joined",
            "joindate",
            "joiningdate",
            "dateofhire",
            "dateofjoining",
            "started",
            "start",
            "employmentstartdate",
            "firstday",
            "startdatum",
            "eintrittsdatum",
            "fechadeinicio",
            "fechadealta",
            "datededebut",
            "datedembauche",
            "datadeinicio",
            "datadeadmissao",
        ],
    ),
    (
        Source::Field(Field::WeekendVolunteer),
        &[
            "weekendvolunteer",
            "weekend",
            "weekends",
            "weekendshift",
            "weekendshifts",
            "weekendoncall",
            "volunteersforweekends",
            "worksweekends",
            "availableonweekends",
            "wochenende",
            "findesemana",
            "fimdesemana",
        ],
    ),
    (
        Source::Field(Field::Language),
        &["language", "preferredlanguage", "lang", "locale", "sprache", "langue", "idioma"],
    ),
    (
        Source::Field(Field::Notes),
        &[
            "notes",
            "note",
            "comment",
            "comments",
            "remarks",
            "bemerkung",
            "bemerkungen",
            "commentaire",
            "notas",
        ],
    ),
    (Source::Field(Field::Weekday(0)), &["monday", "mon", "montag", "lundi", "lunes"]),
    (Source::Field(Field::Weekday(1)), &["tuesday", "tue", "dienstag", "mardi", "martes"]),
    (Source::Field(Field::Weekday(2)), &["wednesday", "wed", "mittwoch", "mercredi", "miercoles"]),
    (Source::Field(Field::Weekday(3)), &["thursday", "thu", "donnerstag", "jeudi", "jueves"]),
    (Source::Field(Field::Weekday(4)), &["friday", "fri", "freitag", "vendredi", "viernes"]),
    (Source::Field(Field::Weekday(5)), &["saturday", "sat", "samstag", "samedi", "sabado"]),
    (Source::Field(Field::Weekday(6)), &["sunday", "sun", "sonntag", "dimanche", "domingo"]),
];

/// Which column holds what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    columns: BTreeMap<Source, usize>,
}

impl Mapping {
    /// What was said of the columns (field and header; no header leaves the field out), and for the rest what
    /// their headers suggest.
    ///
    /// # Errors
    /// Fields that do not exist, headers that are not there, and a sheet that names nobody.
    pub fn new<'a>(
        headers: &[String],
        said: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Faults> {
        let (mut mapping, mut faults, mut settled) = (Self::default(), Faults::default(), Vec::new());
        for (name, header) in said {
            let source = match Source::named(name) {
                Ok(source) => source,
                Err(what) => {
                    faults.add(None, format!("--map: {what}"));
                    continue;
                }
            };
            settled.push(source);
            let place = headers.iter().position(|known| !key(header).is_empty() && key(known) == key(header));
            match place {
                Some(place) => drop(mapping.columns.insert(source, place)),
                None if header.trim().is_empty() => {}
                None => {
                    let hint = nearest(header, headers.iter().map(String::as_str))
                        .map_or_else(|| listed(headers), |near| format!("did you mean {near:?}?"));
                    faults.add(None, format!("--map: the sheet has no column {header:?} ({hint})"));
                }
            }
        }
        for (source, place) in guess(headers) {
            let taken = mapping.columns.values().any(|other| *other == place);
            if !settled.contains(&source) && !taken {
                mapping.columns.insert(source, place);
            }
        }
        let somebody =
            [Field::SlackId, Field::Email].into_iter().any(|field| mapping.column(field).is_some());
        if !somebody && faults.0.is_empty() {
            let headers = listed(headers);
            faults.add(
                None,
                format!("no column holds Slack ids or e-mail addresses as far as can be told ({headers}): name it with --map email=HEADER"),
            );
        }
        faults.or(mapping)
    }

    /// What is mapped, and to which column, in the roster's order.
    pub fn columns(&self) -> impl Iterator<Item = (Source, usize)> {
        self.columns.iter().map(|(source, place)| (*source, *place))
    }

    pub(crate) fn of(&self, source: Source) -> Option<usize> {
        self.columns.get(&source).copied()
    }

    fn column(&self, field: Field) -> Option<usize> {
        self.of(Source::Field(field))
    }
}

/// What the headers suggest: for each field the column with its likeliest header, no column twice.
pub fn guess(headers: &[String]) -> BTreeMap<Source, usize> {
    let folded: Vec<String> = headers.iter().map(|header| fold(header).replace(' ', "")).collect();
    let fits = |place: usize, alias: &str| match alias.strip_suffix('?') {
        Some(alias) => folded[place] == alias && headers[place].trim_end().ends_with('?'),
        None => folded[place] == alias,
    };
    let mut guessed = BTreeMap::new();
    for (source, aliases) in HEADERS {
        let free = |place: &usize| !guessed.values().any(|taken| taken == place);
        let find = |alias: &&str| (0..headers.len()).filter(free).find(|place| fits(*place, alias));
        if let Some(place) = aliases.iter().find_map(find) {
            guessed.insert(*source, place);
        }
    }
    guessed
}

fn listed(headers: &[String]) -> String {
    let headers: Vec<_> = headers.iter().map(|header| format!("{header:?}")).collect();
    format!("it has {}", headers.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    #[track_caller]
    fn check(sheet: &str, said: &[(&str, &str)], expected: &str) {
        let headers = headers(sheet);
        let told = match Mapping::new(&headers, said.iter().copied()) {
            Ok(mapping) => {
                let told = |(source, place): (Source, usize)| format!("{}={}", source.name(), headers[place]);
                mapping.columns().map(told).collect::<Vec<_>>().join(" ")
            }
            Err(faults) => faults.to_string(),
        };
        assert_eq!(told, expected, "{sheet} {said:?}");
    }

    #[test]
    fn common_headers_are_known() {
        check(
            "Full Name,E-mail address,Member ID,Job title,Timezone,Country code,Hire date,Weekend?,Shoe size",
            &[],
            "slack_id=Member ID email=E-mail address name=Full Name role=Job title time_zone=Timezone \
             country=Country code start_date=Hire date weekend_volunteer=Weekend?",
        );
        check(
            "Work email,TZ,Location,Date joined",
            &[],
            "email=Work email time_zone=TZ country=Location start_date=Date joined",
        );
        check(
            "Vorname,Nachname,E-Mail-Adresse,Zeitzone,Land",
            &[],
            "email=E-Mail-Adresse time_zone=Zeitzone country=Land first_name=Vorname last_name=Nachname",
        );
        check("Correo electrónico,País,Lunes", &[], "email=Correo electrónico country=País monday=Lunes");
    }

    #[test]
    fn the_likelier_header_wins_and_no_column_serves_twice() {
        check("Title,Role,Email,Email", &[], "email=Email role=Role");
        check("username,email,userid,fullname", &[], "slack_id=userid email=email name=fullname");
    }

    #[test]
    fn a_manager_is_a_question() {
        check("Email,Manager", &[], "email=Email");
        check("Email,Manager?", &[], "email=Email manager=Manager?");
    }

    #[test]
    fn what_is_said_stands_above_what_is_guessed() {
        check("Email,Private,Role", &[("email", "private"), ("role", "")], "email=Private");
        check(
            "Email,City",
            &[("time_zone", "City"), ("country", "City")],
            "email=Email time_zone=City country=City",
        );
        check("Email,Leads", &[("manager", "Leads")], "email=Email manager=Leads");
    }

    #[test]
    fn wrong_sayings_are_told() {
        check(
            "Email,Role",
            &[("roles", "Role"), ("team", "Roel"), ("name", "Zzz")],
            "--map: \"roles\" is no column of the roster (did you mean \"role\"?)\n\
             --map: the sheet has no column \"Roel\" (did you mean \"Role\"?)\n\
             --map: the sheet has no column \"Zzz\" (it has \"Email\", \"Role\")",
        );
        check(
            "Name,Role",
            &[],
            "no column holds Slack ids or e-mail addresses as far as can be told (it has \"Name\", \"Role\"): name it \
             with --map email=HEADER",
        );
    }
}

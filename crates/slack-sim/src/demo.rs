//! An invented team around the world, for the demo.

use jiff::civil::time;

use crate::builder::{WorldBuilder, blank_user};
use crate::model::Presence;
use crate::world::World;

/// Handle, full name, time zone, active.
const ENGINEERS: &[(&str, &str, &str, bool)] = &[
    ("aroha", "Aroha Demo-Ngata", "Pacific/Auckland", true),
    ("lachlan", "Lachlan Demo-Reid", "Australia/Brisbane", true),
    ("haruka", "Haruka Demo-Sato", "Asia/Tokyo", true),
    ("minjun", "Min-jun Demo-Park", "Asia/Seoul", false),
    ("weiling", "Wei Ling Demo-Tan", "Asia/Singapore", true),
    ("putri", "Putri Demo-Wijaya", "Asia/Jakarta", true),
    ("arjun", "Arjun Demo-Rao", "Asia/Kolkata", true),
    ("meera", "Meera Demo-Iyer", "Asia/Kolkata", false),
    ("sherzod", "Sherzod Demo-Karimov", "Asia/Tashkent", true),
    ("leila", "Leila Demo-Haddad", "Asia/Dubai", true),
    ("noa", "Noa Demo-Levi", "Asia/Jerusalem", true),
    ("zeynep", "Zeynep Demo-Kaya", "Europe/Istanbul", true),
    ("olena", "Olena Demo-Kovalenko", "Europe/Kyiv", true),
    ("wanjiru", "Wanjiru Demo-Kamau", "Africa/Nairobi", true),
    ("thabo", "Thabo Demo-Mokoena", "Africa/Johannesburg", false),
    ("chidi", "Chidi Demo-Okafor", "Africa/Lagos", true),
    ("freja", "Freja Demo-Nielsen", "Europe/Copenhagen", true),
    ("jakub", "Jakub Demo-Nowak", "Europe/Warsaw", true),
    ("ines", "Inês Demo-Carvalho", "Europe/Lisbon", true),
    ("siobhan", "Siobhán Demo-Byrne", "Europe/Dublin", true),
    ("thiago", "Thiago Demo-Souza", "America/Sao_Paulo", true),
    ("camila", "Camila Demo-Rojas", "America/Bogota", false),
    ("desmond", "Desmond Demo-Clarke", "America/Toronto", true),
    ("kaya", "Kaya Demo-Begay", "America/Denver", true),
];

const MANAGERS: &[(&str, &str, &str, bool)] = &[
    ("marit", "Marit Demo-Haugen", "Europe/Oslo", true),
    ("rafael", "Rafael Demo-Ortiz", "America/Mexico_City", true),
    ("yuki", "Yuki Demo-Mori", "Asia/Tokyo", false),
];

/// 24 engineers, three engineering managers with a user group, a guest, another bot and somebody who left, all in
/// `#dev-escalation` (`C0DEMO`), with the app installed. Ids are `U001` to `U030`; more can be added.
#[must_use]
pub fn demo_team() -> WorldBuilder {
    let mut all = World::builder()
        .team("T0DEMO")
        .team_name("Demo Works", "demo-works")
        .channel("C0RANDOM", "random")
        .channel("C0DEMO", "dev-escalation");
    let mut number = 0;
    for (title, people) in [("Engineer", ENGINEERS), ("Engineering manager", MANAGERS)] {
        for (name, real_name, tz, active) in people {
            number += 1;
            let mut user = blank_user("T0DEMO", &format!("U{number:03}"), name, Some(tz));
            (*real_name).clone_into(&mut user.real_name);
            title.clone_into(&mut user.title);
            user.dnd.daily = Some((time(22, 0, 0, 0), time(8, 0, 0, 0)));
            if !active {
                user.presence = Presence::Away;
            }
            all = all.user(user);
        }
    }
    let extras = ["guest", "deploybot", "gone"];
    for name in extras {
        number += 1;
        let mut user = blank_user("T0DEMO", &format!("U{number:03}"), name, Some("Europe/Madrid"));
        user.real_name = format!("{name} (demo)");
        user.is_restricted = name == "guest";
        user.is_bot = name == "deploybot";
        user.deleted = name == "gone";
        all = all.user(user);
    }
    (1..=27).fold(all, |all, number| all.member("C0RANDOM", &format!("U{number:03}"))).group(
        "S0MANAGERS",
        "eng-managers",
        &["U025", "U026", "U027"],
    )
}

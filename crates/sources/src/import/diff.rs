//! What changes between two rosters, person by person.

use std::collections::HashMap;

use pagerslack_core::roster::Entry;

use crate::columns::Field;
use crate::oncall::cell;

/// Who joined, who left, and whose row changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    /// In the new roster only.
    pub joined: Vec<Entry>,
    /// In the old roster only.
    pub left: Vec<Entry>,
    /// In both, with other values.
    pub changed: Vec<Change>,
    /// In both, with the same.
    pub unchanged: usize,
}

/// Somebody whose row changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The new row.
    pub entry: Entry,
    /// Each field with its old and its new text; "" for nothing.
    pub fields: Vec<(Field, String, String)>,
}

impl Diff {
    /// Compares two rosters. A person is the same by Slack id, or else by address.
    pub fn between(before: &[Entry], after: &[Entry]) -> Self {
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (index, entry) in before.iter().enumerate() {
            for name in names(entry) {
                known.entry(name).or_insert(index);
            }
        }
        let (mut diff, mut met) = (Self::default(), vec![false; before.len()]);
        for entry in after {
            let same = names(entry).find_map(|name| known.get(name).copied().filter(|index| !met[*index]));
            let Some(index) = same else {
                diff.joined.push(entry.clone());
                continue;
            };
            met[index] = true;
            let fields = fields(&before[index], entry);
            if fields.is_empty() {
                diff.unchanged += 1;
            } else {
                diff.changed.push(Change { entry: entry.clone(), fields });
            }
        }
        diff.left = before.iter().zip(met).filter(|(_, met)| !met).map(|(entry, _)| entry.clone()).collect();
        diff
    }

    /// Whether nobody joined, left or changed.
    pub fn is_empty(&self) -> bool {
        self.joined.is_empty() && self.left.is_empty() && self.changed.is_empty()
    }
}

fn names(entry: &Entry) -> impl Iterator<Item = &str> {
    entry.who.user.iter().map(|user| user.as_str()).chain(entry.who.email.as_deref())
}

fn fields(before: &Entry, after: &Entry) -> Vec<(Field, String, String)> {
    if before == after {
        return Vec::new();
    }
    let both = Field::ALL.into_iter().map(|field| (field, cell(before, field), cell(after, field)));
    both.filter(|(_, before, after)| before != after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Columns;
    use crate::oncall::parse;

    fn roster(rows: &str) -> Vec<Entry> {
        let text = format!("slack_id,email,name,role,team\n{rows}");
        parse(&text, &Columns::default()).unwrap().roster.entries().to_vec()
    }

    #[test]
    fn who_joined_left_and_changed() {
        let before = roster("U1,,Ann,,Verify\n,bob@x.org,Bob,,\nU3,,Cy,,\nU4,d@x.org,Di,,\n");
        let after = roster("U4,d@x.org,Di,,\nU2,bob@x.org,Bob,manager,\nU1,,Ann,,Package\n,e@x.org,Eve,,\n");
        let diff = Diff::between(&before, &after);
        let names =
            |entries: &[Entry]| entries.iter().filter_map(|it| it.who.name.clone()).collect::<Vec<_>>();
        assert_eq!(
            (names(&diff.joined), names(&diff.left), diff.unchanged),
            (vec!["Eve".into()], vec!["Cy".into()], 1)
        );
        let told = |change: &Change| {
            let fields = change
                .fields
                .iter()
                .map(|(field, before, after)| format!("{} {before}→{after}", field.name()));
            fields.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            diff.changed.iter().map(told).collect::<Vec<_>>(),
            ["slack_id →U2 role engineer→manager", "team Verify→Package"]
        );
        assert!(Diff::between(&before, &before).is_empty());
    }
}

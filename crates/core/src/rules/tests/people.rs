//! Who has a place in the queue, and who comes last.

use super::*;

#[test]
fn without_a_roster_full_members_are_engineers_once_slack_says_so() {
    let rules = Rules::default();
    let check = |profile: Option<Account>, expected| {
        assert_eq!(
            rules.is_engineer(&"U1".into(), profile.map(Profile::bare).as_ref()),
            expected,
            "{profile:?}"
        );
    };
    check(None, None);
    check(Some(Account::Member), Some(true));
    for account in [Account::Guest, Account::Bot, Account::Stranger, Account::Deactivated] {
        check(Some(account), Some(false));
    }
    let guests = Rules { guests: true, ..Rules::default() };
    assert_eq!(guests.is_engineer(&"U1".into(), Some(&Profile::bare(Account::Guest))), Some(true));
}

#[test]
fn with_a_roster_its_engineers_are_if_their_account_still_stands() {
    let rules = with_roster([ann(), Entry { who: by_id("U2"), role: Role::Manager, ..ann() }]);
    let check = |user: &str, profile: Option<Profile>, expected| {
        assert_eq!(rules.is_engineer(&user.into(), profile.as_ref()), expected, "{user} {profile:?}");
    };
    check("U1", None, Some(true));
    check("U1", Some(lisbon()), Some(true));
    check("U1", Some(Profile::bare(Account::Deactivated)), Some(false));
    check("U2", None, Some(false));
    check("U3", None, Some(false));
}

#[test]
fn whether_somebody_is_found_by_address_cannot_be_told_before_it_is_known() {
    let rules = with_roster([Entry { who: by_email("ann@example.com"), ..ann() }]);
    let check = |profile: Option<Profile>, expected| {
        assert_eq!(rules.is_engineer(&"U1".into(), profile.as_ref()), expected, "{profile:?}");
    };
    check(None, None);
    check(Some(Profile { email: None, ..lisbon() }), None);
    check(Some(lisbon()), Some(true));
    check(Some(Profile { email: Some("bob@example.com".to_owned()), ..lisbon() }), Some(false));
    check(Some(Profile { email: None, account: Account::Bot, ..lisbon() }), Some(false));
}

/// A row with an id and an address is one account's; whoever has the address now is somebody else.
#[test]
fn a_row_with_an_id_is_nobody_elses() {
    let row = Entry { who: Who { email: Some("ann@example.com".to_owned()), ..by_id("U9") }, ..ann() };
    let rules = with_roster([row]);
    assert_eq!(rules.is_engineer(&"U1".into(), None), Some(false));
    assert_eq!(rules.is_engineer(&"U1".into(), Some(&lisbon())), Some(false));
    assert_eq!(rules.is_engineer(&"U9".into(), None), Some(true));
}

#[test]
fn on_working_days_the_weekends_volunteers_come_last() {
    let volunteer = |who| Entry { who, weekend_volunteer: true, ..ann() };
    let rules = with_roster([ann(), volunteer(by_id("U2")), volunteer(by_email("cat@example.com"))]);
    let members: BTreeSet<UserId> = ["U1", "U2", "U3", "U4"].map(UserId::new).into();
    let cat = Profile { email: Some("cat@example.com".to_owned()), ..lisbon() };
    let profile = |user: &UserId| (user.as_str() == "U3").then_some(&cat);
    let last = |day: &Day| rules.deprioritised(&members, profile, day);
    assert_eq!(last(&Day::Working), ["U2", "U3"].map(UserId::new).into());
    assert_eq!(last(&off("the weekend")), BTreeSet::new());
    let nobody = with_roster([ann()]).deprioritised(&members, |_| None, &Day::Working);
    assert_eq!(nobody, BTreeSet::new());
    assert_eq!(Rules::default().deprioritised(&members, |_| None, &Day::Working), BTreeSet::new());
}

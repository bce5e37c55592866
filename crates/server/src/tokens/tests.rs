//! Making, showing and revoking tokens.

use pagerslack_store::Sqlite;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOW: &str = "2026-11-24T12:00:00Z";

fn wanted(name: &str, channels: Option<&[&str]>) -> Wanted {
    let channels = channels.map(|channels| channels.iter().copied().map(ChannelId::new).collect());
    Wanted { name: name.to_owned(), team: Some("T1".into()), channels, expires_at: None }
}

fn tokens() -> (Tokens, Arc<Sqlite>) {
    let store = Arc::new(Sqlite::in_memory().unwrap());
    (Tokens::new(Arc::<Sqlite>::clone(&store)), store)
}

#[tokio::test]
async fn a_token_lets_in_until_it_is_revoked() {
    let (tokens, store) = tokens();
    let made = tokens.create(wanted(" Alertmanager ", Some(&["C1", "C2"])), at(NOW)).await.unwrap();
    assert!(made.secret.starts_with("pgs_") && made.secret.len() == 4 + 8 + 1 + 64, "{}", made.secret.len());
    let shown = tokens.shown(made.secret.as_bytes(), at(NOW)).await.unwrap().unwrap();
    assert_eq!((shown.name.as_str(), &shown), ("Alertmanager", &made.token));
    assert!(shown.may(&RotationId::new("T1".into(), "C2".into())));
    assert!(!shown.may(&RotationId::new("T1".into(), "C3".into())));
    assert!(!shown.may(&RotationId::new("T2".into(), "C2".into())));

    let kept = store.record(SHELF, &shown.id).await.unwrap().unwrap().value;
    let kept = String::from_utf8(kept).unwrap();
    assert!(!kept.contains(&made.secret) && !kept.contains(&made.secret[13..]), "{kept}");
    assert_eq!(tokens.list().await.unwrap(), std::slice::from_ref(&shown));

    assert!(tokens.revoke(&shown.id).await.unwrap());
    assert!(!tokens.revoke(&shown.id).await.unwrap());
    assert_eq!(tokens.shown(made.secret.as_bytes(), at(NOW)).await.unwrap(), None);
}

#[tokio::test]
async fn a_token_that_is_almost_right_is_wrong() {
    let (tokens, _) = tokens();
    let made = tokens.create(wanted("a", None), at(NOW)).await.unwrap().secret;
    let other = tokens.create(wanted("b", None), at(NOW)).await.unwrap().secret;
    let changed = format!("{}{}", &made[..made.len() - 1], if made.ends_with('0') { '1' } else { '0' });
    let swapped = format!("{}{}", &made[..13], &other[13..]);
    for wrong in
        ["", "pgs_", "pgs__", &made[1..], &made[..76], &changed, &swapped, &made.to_uppercase(), NOTHING]
    {
        assert_eq!(tokens.shown(wrong.as_bytes(), at(NOW)).await.unwrap(), None, "{wrong}");
    }
    assert_eq!(tokens.shown(b"\xff\xfe", at(NOW)).await.unwrap(), None);
    assert!(
        tokens
            .shown(made.as_bytes(), at(NOW))
            .await
            .unwrap()
            .unwrap()
            .may(&RotationId::new("T1".into(), "C9".into()))
    );
}

#[tokio::test]
async fn a_token_ends_when_it_was_said_to() {
    let (tokens, _) = tokens();
    let end = at("2026-11-25T12:00:00Z");
    let made = tokens.create(Wanted { expires_at: Some(end), ..wanted("a", None) }, at(NOW)).await.unwrap();
    let shown = async |now| tokens.shown(made.secret.as_bytes(), at(now)).await.unwrap().is_some();
    assert!(shown("2026-11-25T11:59:59Z").await);
    assert!(!shown("2026-11-25T12:00:00Z").await);
    let line = made.token.to_string();
    assert!(line.contains("all channels") && line.ends_with("expires 2026-11-25T12:00:00Z"), "{line}");
}

/// P8: a name stands in messages and in spreadsheets.
#[tokio::test]
async fn what_is_no_token_is_not_made() {
    let (tokens, _) = tokens();
    let long = "a".repeat(41);
    for name in ["", " ", "=cmd()", "@here", "-1", "a\tb", "<!here>", "a\u{202e}b", &long] {
        assert!(tokens.create(wanted(name, None), at(NOW)).await.is_err(), "{name:?}");
    }
    for channels in [&[][..], &["general"], &["c1"], &["D1"]] {
        assert!(tokens.create(wanted("a", Some(channels)), at(NOW)).await.is_err(), "{channels:?}");
    }
    for team in [None, Some("acme".into()), Some("".into())] {
        assert!(tokens.create(Wanted { team, ..wanted("a", None) }, at(NOW)).await.is_err());
    }
    let over = Wanted { expires_at: Some(at(NOW)), ..wanted("a", None) };
    assert!(tokens.create(over, at(NOW)).await.is_err());
    assert_eq!(tokens.list().await.unwrap(), []);
}

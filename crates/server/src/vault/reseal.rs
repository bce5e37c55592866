//! Replacing a key: what older keys have sealed is sealed with the first one.

use pagerslack_store::{RecordWrite, Records, StoreError};

use super::{NoRandomness, Vault, key_of};

/// The shelves whose records are sealed.
pub(crate) const SEALED: &[&str] = &[crate::installations::SHELF];

/// How many records are read at a time.
const PAGE: usize = 200;

/// How often a record is tried that others write meanwhile.
const ROUNDS: usize = 5;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many are sealed with the first key now, and were not.
    pub changed: usize,
    /// How many were already.
    pub unchanged: usize,
    /// Which stay shut, and why.
    pub shut: Vec<(String, String)>,
}

/// Why it did not come to its end. What is sealed anew stays so; it can be begun again at any time.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A nonce is needed for each.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Seals everything with the vault's first key, record by record, while others may write.
///
/// # Errors
///
/// When the store fails. What is already sealed anew stays so.
pub async fn reseal(records: &dyn Records, vault: &Vault) -> Result<Resealed, ResealError> {
    let mut so_far = Resealed::default();
    for shelf in SEALED {
        let mut after = None;
        loop {
            let page = records.records(shelf, after, PAGE).await?;
            for (name, _) in page.items {
                reseal_one(records, vault, shelf, &name, &mut so_far).await?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(so_far)
}

async fn reseal_one(
    records: &dyn Records,
    vault: &Vault,
    shelf: &str,
    name: &str,
    so_far: &mut Resealed,
) -> Result<(), ResealError> {
    for _ in 0..ROUNDS {
        let Some(record) = records.record(shelf, name).await? else { return Ok(()) };
        if key_of(&record.value) == Some(vault.sealing_key()) {
            so_far.unchanged += 1;
            return Ok(());
        }
        let value = match vault.open(shelf, name, &record.value) {
            Ok(value) => vault.seal(shelf, name, &value)?,
            Err(error) => {
                so_far.shut.push((format!("{shelf}/{name}"), error.to_string()));
                return Ok(());
            }
        };
        let write = RecordWrite {
            shelf: shelf.to_owned(),
            name: name.to_owned(),
            expected: record.version,
            value: Some(value),
            expires_at: record.expires_at,
        };
        if records.write_record(write).await?.is_some() {
            so_far.changed += 1;
            return Ok(());
        }
    }
    so_far.shut.push((format!("{shelf}/{name}"), "others write it all the time: try again".to_owned()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use pagerslack_store::Sqlite;
    use secrecy::{ExposeSecret as _, SecretString};

    use super::*;
    use crate::vault::Key;

    fn vault(keys: &[&Key]) -> Vault {
        let texts: Vec<&str> = keys.iter().map(|key| key.text().expose_secret()).collect();
        Vault::read(&SecretString::from(texts.join(" "))).unwrap()
    }

    async fn put(records: &Sqlite, name: &str, value: Vec<u8>) {
        let write = RecordWrite {
            shelf: SEALED[0].to_owned(),
            name: name.to_owned(),
            expected: 0,
            value: Some(value),
            expires_at: None,
        };
        records.write_record(write).await.unwrap().unwrap();
    }

    /// Given records sealed with an old key, one with the new and one with a key that is lost, when the key is rotated,
    /// then the old key is needed no more, and what stays shut is named.
    #[tokio::test]
    async fn the_old_key_is_needed_no_more() {
        let (old, new, lost) = (Key::draw().unwrap(), Key::draw().unwrap(), Key::draw().unwrap());
        let records = Sqlite::in_memory().unwrap();
        for number in 0..450 {
            let name = format!("team/T{number:03}");
            put(&records, &name, vault(&[&old]).seal(SEALED[0], &name, name.as_bytes()).unwrap()).await;
        }
        put(&records, "team/TNEW", vault(&[&new]).seal(SEALED[0], "team/TNEW", b"x").unwrap()).await;
        put(&records, "team/TOFF", vault(&[&lost]).seal(SEALED[0], "team/TOFF", b"x").unwrap()).await;
        let both = vault(&[&new, &old]);
        let came = reseal(&records, &both).await.unwrap();
        assert_eq!((came.changed, came.unchanged), (450, 1));
        assert_eq!(came.shut.len(), 1);
        assert!(came.shut[0].0.ends_with("team/TOFF") && came.shut[0].1.contains(&lost.id().to_string()));
        for number in 0..450 {
            let name = format!("team/T{number:03}");
            let record = records.record(SEALED[0], &name).await.unwrap().unwrap();
            assert_eq!(vault(&[&new]).open(SEALED[0], &name, &record.value).unwrap(), name.as_bytes());
        }
        assert_eq!(reseal(&records, &both).await.unwrap().changed, 0, "begun again it finds nothing to do");
    }
}

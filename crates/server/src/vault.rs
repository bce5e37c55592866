//! Sealing what must not be read by whoever gets hold of the database: the tokens of workspaces.
//!
//! ```text
//! sealed = 1 (the form) · key id, 4 bytes · nonce, 24 bytes · XChaCha20-Poly1305 of the value
//! ```
//!
//! Invariant (P8): what was sealed for one shelf and name opens there and nowhere else, so that no record can be moved
//! to another workspace; and nothing here prints a key or what is sealed. The first key seals, all of them open: that
//! is how a key is replaced. Nonces are drawn by chance, which 24 bytes of them are enough for
//! (draft-irtf-cfrg-xchacha, 2.1).

mod key;
mod reseal;

pub use key::{Key, KeyFault, KeyId};
pub use reseal::{ResealError, Resealed, reseal};

use std::fmt;

use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead, Generate, Payload};
use secrecy::{ExposeSecret, SecretString};

/// The form of what is sealed.
const FORM: u8 = 1;

/// The form and the key id, which stand before the nonce.
const HEAD: usize = 1 + KeyId::LENGTH;

/// Keys, of which the first seals and any opens.
pub struct Vault {
    first: Key,
    others: Vec<Key>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys().map(Key::id)).finish()
    }
}

/// Why something was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// It is in no form that is known here.
    #[error("it is not sealed in a form that this version knows")]
    Form,
    /// The key is none of those given.
    #[error("it is sealed with the key {0}, which is not among those given")]
    Key(KeyId),
    /// It was changed, cut short, or sealed for another place.
    #[error("it is damaged, or was sealed for another place")]
    Forged,
}

/// The system has no randomness to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

impl Vault {
    /// Reads keys as they stand in the environment or in a file: one after the other, between white space; what follows
    /// a `#` on its line is a comment.
    ///
    /// # Errors
    ///
    /// When there is none, or one that is damaged.
    pub fn read(text: &SecretString) -> Result<Self, KeyFault> {
        let text = text.expose_secret();
        let words =
            text.lines().flat_map(|line| line.split('#').next().unwrap_or_default().split_ascii_whitespace());
        let mut keys = words.map(Key::read).collect::<Result<Vec<_>, _>>()?.into_iter();
        let first = keys.next().ok_or(KeyFault::None)?;
        Ok(Self { first, others: keys.collect() })
    }

    /// The id of the key that seals.
    pub fn sealing_key(&self) -> KeyId {
        self.first.id()
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Seals a value for one place.
    ///
    /// # Errors
    ///
    /// When the system gives no random numbers.
    pub fn seal(&self, shelf: &str, name: &str, value: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        let nonce = XNonce::try_generate().map_err(|_| NoRandomness)?;
        let id = self.first.id();
        let payload = Payload { msg: value, aad: &place(id, shelf, name) };
        // Refused only beyond 256 GB.
        let sealed = self.first.cipher().encrypt(&nonce, payload).map_err(|_| NoRandomness)?;
        let head = std::iter::once(FORM).chain(id.bytes());
        Ok(head.chain(nonce.iter().copied()).chain(sealed).collect())
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    ///
    /// Why it stays shut.
    pub fn open(&self, shelf: &str, name: &str, sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        let id = key_of(sealed).ok_or(Unopened::Form)?;
        let key = self.keys().find(|key| key.id() == id).ok_or(Unopened::Key(id))?;
        let (nonce, sealed) = sealed.get(HEAD..).and_then(<[u8]>::split_first_chunk).ok_or(Unopened::Form)?;
        let payload = Payload { msg: sealed, aad: &place(id, shelf, name) };
        key.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| Unopened::Forged)
    }
}

/// With which key something is sealed.
fn key_of(sealed: &[u8]) -> Option<KeyId> {
    let (form, rest) = sealed.split_first()?;
    let id = rest.first_chunk().copied().map(KeyId::new)?;
    (*form == FORM).then_some(id)
}

/// What is bound to the value without standing in it. The shelf's length comes first, so that no two places look alike.
fn place(id: KeyId, shelf: &str, name: &str) -> Vec<u8> {
    let length = u64::try_from(shelf.len()).unwrap_or(u64::MAX).to_le_bytes();
    let parts: [&[u8]; 5] = [&[FORM], &id.bytes(), &length, shelf.as_bytes(), name.as_bytes()];
    parts.concat()
}

/// 32 bytes that nobody can guess, as hexadecimal digits.
///
/// # Errors
///
/// When the system gives no random numbers.
pub fn unguessable() -> Result<String, NoRandomness> {
    let bytes = chacha20poly1305::Key::try_generate().map_err(|_| NoRandomness)?;
    Ok(hex(&bytes))
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|it| char::from_digit(it.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vault(keys: &[&Key]) -> Vault {
        let texts: Vec<String> = keys.iter().map(|key| key.text().expose_secret().to_owned()).collect();
        Vault::read(&SecretString::from(texts.join("\n"))).unwrap()
    }

    #[test]
    fn what_is_sealed_for_one_workspace_opens_for_no_other() {
        let vault = vault(&[&Key::draw().unwrap()]);
        let sealed = vault.seal("installations", "team/T1", b"xoxb-secret").unwrap();
        assert_eq!(vault.open("installations", "team/T1", &sealed).unwrap(), b"xoxb-secret");
        for (shelf, name) in
            [("installations", "team/T2"), ("files", "team/T1"), ("installation", "steam/T1")]
        {
            assert_eq!(vault.open(shelf, name, &sealed), Err(Unopened::Forged), "{shelf}, {name}");
        }
    }

    #[test]
    fn the_first_key_seals_and_every_key_opens() {
        let (old, new) = (Key::draw().unwrap(), Key::draw().unwrap());
        let sealed = vault(&[&old]).seal("s", "n", b"v").unwrap();
        let both = vault(&[&new, &old]);
        assert_eq!(both.open("s", "n", &sealed).unwrap(), b"v");
        let anew = both.seal("s", "n", b"v").unwrap();
        assert_eq!(vault(&[&new]).open("s", "n", &anew).unwrap(), b"v");
        assert_eq!(vault(&[&new]).open("s", "n", &sealed), Err(Unopened::Key(old.id())));
    }

    #[test]
    fn the_same_value_never_looks_the_same_twice() {
        let vault = vault(&[&Key::draw().unwrap()]);
        assert_ne!(vault.seal("s", "n", b"v").unwrap(), vault.seal("s", "n", b"v").unwrap());
    }

    #[test]
    fn a_vault_shows_the_ids_of_its_keys_and_nothing_else() {
        let key = Key::draw().unwrap();
        let secret = key.text().expose_secret().rsplit('_').next().unwrap().to_owned();
        let shown = format!("{:?} {key:?}", vault(&[&key]));
        assert!(shown.contains(&key.id().to_string()) && !shown.contains(&secret), "{shown}");
    }

    proptest! {
        /// Whatever stands in the database, opening it neither panics nor gives anything but what was sealed.
        #[test]
        fn a_changed_byte_keeps_it_shut(value: Vec<u8>, at: proptest::sample::Index, flip in 1_u8..) {
            let vault = vault(&[&Key::draw().unwrap()]);
            let mut sealed = vault.seal("s", "n", &value).unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= flip;
            prop_assert!(vault.open("s", "n", &sealed).is_err());
            prop_assert!(vault.open("s", "n", &sealed[..at]).is_err());
        }

        #[test]
        fn nonsense_stays_shut(nonsense: Vec<u8>) {
            prop_assert!(vault(&[&Key::draw().unwrap()]).open("s", "n", &nonsense).is_err());
        }
    }
}

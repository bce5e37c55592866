//! A key as an operator holds it: `psk_`, its id, and 64 hexadecimal digits.
//!
//! The id follows from the key, so it tells a mistyped or cut key from a good one before anything is sealed with it,
//! and names the key in what is sealed. It says nothing of the key.

use std::fmt;

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Generate, KeyInit as _};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::{NoRandomness, hex};

const PREFIX: &str = "psk_";

/// Which key it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId([u8; Self::LENGTH]);

impl KeyId {
    pub(super) const LENGTH: usize = 4;

    pub(super) fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(self) -> [u8; Self::LENGTH] {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A key, ready to be used.
pub struct Key {
    id: KeyId,
    cipher: XChaCha20Poly1305,
    text: SecretString,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// What is wrong with the keys. The key itself is never in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// There is none.
    #[error("holds no key: `pagerslack keys new` makes one")]
    None,
    /// It is no key of ours.
    #[error("does not look like a key, which begins with psk_: `pagerslack keys new` makes one")]
    Foreign,
    /// Something of it is missing or mistyped.
    #[error("holds a key that is damaged: copy all of it, from psk_ on")]
    Damaged,
}

impl Key {
    /// A new key.
    ///
    /// # Errors
    ///
    /// When the system gives no random numbers.
    pub fn draw() -> Result<Self, NoRandomness> {
        Ok(Self::of(&chacha20poly1305::Key::try_generate().map_err(|_| NoRandomness)?))
    }

    fn of(bytes: &chacha20poly1305::Key) -> Self {
        let digest = Sha256::new_with_prefix(b"pagerslack key").chain_update(bytes).finalize();
        let id = KeyId(digest.first_chunk().copied().unwrap_or_default());
        let text = SecretString::from(format!("{PREFIX}{id}_{}", hex(bytes)));
        Self { id, cipher: XChaCha20Poly1305::new(bytes), text }
    }

    /// Reads a key.
    pub(super) fn read(text: &str) -> Result<Self, KeyFault> {
        let rest = text.strip_prefix(PREFIX).ok_or(KeyFault::Foreign)?;
        let (id, digits) = rest.split_once('_').ok_or(KeyFault::Damaged)?;
        let key = Self::of(&bytes(digits).ok_or(KeyFault::Damaged)?);
        if key.id.to_string() == id { Ok(key) } else { Err(KeyFault::Damaged) }
    }

    /// Which key it is.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key itself, for whoever keeps it.
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    pub(super) fn cipher(&self) -> &XChaCha20Poly1305 {
        &self.cipher
    }
}

fn bytes(digits: &str) -> Option<chacha20poly1305::Key> {
    let digits: Vec<u8> =
        digits.chars().map(|it| it.to_digit(16).and_then(|it| it.try_into().ok())).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, it| sum << 4 | it)).collect();
    (digits.len() == 64).then(|| bytes.as_slice().try_into().ok())?
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::vault::Vault;

    fn check(text: &str) -> Result<String, String> {
        let read = Vault::read(&SecretString::from(text.to_owned()));
        read.map(|vault| format!("{vault:?}")).map_err(|fault| fault.to_string())
    }

    #[test]
    fn keys_are_read_as_people_keep_them() {
        let (one, two) = (Key::draw().unwrap(), Key::draw().unwrap());
        let (first, second) = (one.text().expose_secret(), two.text().expose_secret());
        assert_eq!(
            check(&format!("# of May\n  {first}  # ours\r\n\n{second}\n")),
            Ok(format!("[{}, {}]", one.id(), two.id()))
        );
        assert_eq!(check(&format!("{first} {second}")), Ok(format!("[{}, {}]", one.id(), two.id())));
    }

    #[test]
    fn what_is_no_key_is_told_without_being_shown() {
        let key = Key::draw().unwrap();
        let text = key.text().expose_secret();
        let damaged = [
            &text[..text.len() - 1],
            &text[..20],
            &format!("{text}0"),
            &text.replacen(&key.id().to_string(), "00000000", 1),
        ];
        for text in damaged {
            assert_eq!(check(text), Err(KeyFault::Damaged.to_string()));
        }
        assert_eq!(check("hunter2"), Err(KeyFault::Foreign.to_string()));
        assert_eq!(check(" \n# nothing\n"), Err(KeyFault::None.to_string()));
    }
}

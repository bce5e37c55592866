//! The certificate of a server that speaks TLS: an authority of its own, and what it has signed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// Three PEM files.
pub(crate) struct Certificate {
    /// Whom a client has to trust.
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificate {
    /// Makes one for `127.0.0.1` and `localhost`. The authority is apart from the certificate, as rustls takes no
    /// authority for a server.
    pub(crate) fn make(folder: &Path) -> Result<Self> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "redis-servers");
        let authority_key = KeyPair::generate()?;
        let trusted = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate()?;
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?.pem();
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            anyhow::Ok(path)
        };
        Ok(Self {
            authority: write("authority.pem", trusted)?,
            certificate: write("certificate.pem", certificate)?,
            key: write("key.pem", key.serialize_pem())?,
        })
    }
}

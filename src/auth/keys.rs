//! The keys that sign tokens. The first one signs and all of them verify, so that keys can be rotated.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::inputs;

/// Shorter keys are refused, in bytes: HS256 is as strong as its key.
const BYTES_MIN: usize = 32;
/// How many keys a rotation leaves, including the new one.
const KEPT_MAX: usize = 3;

/// A key with its name, the `kid` in a token's header.
#[derive(Clone)]
pub struct SigningKey {
    pub kid: String,
    pub secret: Vec<u8>,
}

/// All keys, the signing one first. Never empty.
#[derive(Clone)]
pub struct KeyRing(Vec<SigningKey>);

/// Why keys cannot be used. The message never repeats them.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is not of the form that the message states.
    #[error("signing keys are written kid:base64[,kid:base64…], of {BYTES_MIN} bytes or more")]
    Malformed,
    #[error("the key file cannot be used: {0}")]
    File(#[from] io::Error),
}

impl KeyRing {
    /// Reads `kid:base64` pairs, separated by commas or line breaks.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let pairs = text
            .split([',', '\n'])
            .map(str::trim)
            .filter(|pair| !pair.is_empty());
        let keys = pairs
            .map(parse_key)
            .collect::<Option<Vec<_>>>()
            .ok_or(KeyError::Malformed)?;
        if keys.is_empty() {
            Err(KeyError::Malformed)
        } else {
            Ok(Self(keys))
        }
    }

    /// Reads the key file, and creates it first if there is none. Two processes that start at once get the same keys.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let fresh = write_beside(path, &Self(vec![fresh_key()]))?;
                // Only one process can make the link; the others find it there.
                let linked = fs::hard_link(&fresh, path);
                fs::remove_file(&fresh)?;
                match linked {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
                    Ok(()) | Err(_) => Self::parse(&fs::read_to_string(path)?),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a new signing key first in the file and drops the oldest ones. Returns the new key's name.
    pub fn rotate(path: &Path) -> Result<String, KeyError> {
        let mut keys = Self::load_or_create(path)?.0;
        keys.insert(0, fresh_key());
        keys.truncate(KEPT_MAX);
        let kid = keys[0].kid.clone();
        fs::rename(write_beside(path, &Self(keys))?, path)?;
        Ok(kid)
    }

    /// The key that signs.
    pub fn signing(&self) -> &SigningKey {
        &self.0[0]
    }

    /// The key of that name.
    pub fn named(&self, kid: &str) -> Option<&SigningKey> {
        self.0.iter().find(|key| key.kid == kid)
    }

    fn to_text(&self) -> String {
        self.0
            .iter()
            .map(|key| format!("{}:{}\n", key.kid, BASE64_STANDARD.encode(&key.secret)))
            .collect()
    }
}

fn parse_key(pair: &str) -> Option<SigningKey> {
    let (kid, secret) = pair.split_once(':')?;
    let secret = BASE64_STANDARD.decode(secret).ok()?;
    (!kid.is_empty() && secret.len() >= BYTES_MIN).then(|| SigningKey {
        kid: kid.to_owned(),
        secret,
    })
}

fn fresh_key() -> SigningKey {
    let kid = inputs::fresh_id().simple().to_string();
    SigningKey {
        kid,
        secret: inputs::secret::<BYTES_MIN>().to_vec(),
    }
}

/// Writes a file next to `path` that only its owner may read.
fn write_beside(path: &Path, keys: &KeyRing) -> io::Result<std::path::PathBuf> {
    let beside = path.with_extension(inputs::fresh_id().simple().to_string());
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(keys.to_text().as_bytes())?;
    file.sync_all()?;
    Ok(beside)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_file_is_made_once_and_private() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("signing.keys");
        let first = KeyRing::load_or_create(&path).expect("made");
        let again = KeyRing::load_or_create(&path).expect("read");
        assert_eq!(first.to_text(), again.to_text());
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).expect("there").count(), 1);
    }

    #[test]
    fn a_rotation_keeps_the_old_keys_for_verifying() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("signing.keys");
        let old = KeyRing::load_or_create(&path)
            .expect("made")
            .signing()
            .kid
            .clone();
        let kid = KeyRing::rotate(&path).expect("rotated");
        let ring = KeyRing::load_or_create(&path).expect("read");
        assert_eq!(ring.signing().kid, kid);
        assert!(ring.named(&old).is_some());
        KeyRing::rotate(&path).expect("rotated");
        KeyRing::rotate(&path).expect("rotated");
        assert!(
            KeyRing::load_or_create(&path)
                .expect("read")
                .named(&old)
                .is_none()
        );
    }

    #[test]
    fn short_and_malformed_keys_are_refused() {
        for text in ["", "k", "k:", "k:c2hvcnQ=", ":AAAA", "k:!!!"] {
            assert!(KeyRing::parse(text).is_err(), "{text}");
        }
    }
}

//! Passwords, hashed with Argon2id on threads of their own.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use tokio::sync::oneshot;

use crate::inputs;

/// A password as it was typed. Its text is never printed.
pub struct Password(String);

/// Which rule a new password breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than 8 characters.
    #[error("This password is too short. It must contain at least 8 characters.")]
    TooShort,
    /// More than 128 characters.
    #[error("Ensure this field has no more than 128 characters.")]
    TooLong,
}

impl Password {
    /// A new password, which must keep the rules.
    pub fn new(text: &str) -> Result<Self, PasswordError> {
        match text.chars().count() {
            0..8 => Err(PasswordError::TooShort),
            8..=128 => Ok(Self(text.to_owned())),
            _ => Err(PasswordError::TooLong),
        }
    }

    /// A random password, as a text.
    pub fn made_up() -> String {
        BASE64_URL_SAFE_NO_PAD.encode(inputs::secret::<15>())
    }

    /// The password in a log-in. It was chosen earlier and may break today's rules.
    pub fn claimed(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Too many passwords wait to be hashed, or the hashing thread was lost.
#[derive(Debug, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct TooBusy;

/// How many hashes may wait for their turn.
const WAITING_MAX: usize = 256;

/// The memory for one hash, which each thread keeps.
type HashMemory = Vec<Block>;
type Work = Box<dyn FnOnce(&mut HashMemory) + Send>;

/// Checked when there is no such account, so that a wrong name takes as long as a wrong password.
static NOBODY: LazyLock<String> =
    LazyLock::new(|| hash_now(&mut HashMemory::new(), "nobody has this password"));

/// Hashes and checks passwords, as many at a time as there are processors; cheap to clone.
///
/// It has its own threads, and each keeps the 19 MiB that a hash needs. If they were freed and allocated again, they
/// would end up in every arena of the allocator.
/// every arena of the allocator.
#[derive(Clone)]
pub struct Passwords(SyncSender<Work>);

impl Default for Passwords {
    fn default() -> Self {
        // The first unknown name must not take longer than the second.
        LazyLock::force(&NOBODY);
        let (waiting, work) = sync_channel::<Work>(WAITING_MAX);
        let work = Arc::new(Mutex::new(work));
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let work = work.clone();
            let thread = std::thread::Builder::new().name("passwords".to_owned());
            thread
                .spawn(move || serve(&work))
                .expect("a thread can be started");
        }
        Self(waiting)
    }
}

/// Works until all senders are gone.
fn serve(work: &Mutex<Receiver<Work>>) {
    let mut memory = HashMemory::new();
    loop {
        let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(work) => work(&mut memory),
            Err(_) => return,
        }
    }
}

impl Passwords {
    /// The PHC string of a password.
    pub async fn hash(&self, password: Password) -> Result<String, TooBusy> {
        self.run(move |memory| hash_now(memory, &password.0)).await
    }

    /// Whether the password matches `hash`. Without a hash it does not, and finding that out takes as long.
    pub async fn verify(&self, password: Password, hash: Option<String>) -> Result<bool, TooBusy> {
        self.run(move |memory| {
            let has_hash = hash.is_some();
            let hash = hash.unwrap_or_else(|| NOBODY.clone());
            matches(memory, &password.0, &hash) && has_hash
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut HashMemory) -> T + Send + 'static,
    ) -> Result<T, TooBusy> {
        let (done, answer) = oneshot::channel();
        // A caller that has gone away needs no answer.
        let work = Box::new(move |memory: &mut HashMemory| drop(done.send(work(memory))));
        self.0.try_send(work).map_err(|_| TooBusy)?;
        answer.await.map_err(|_| TooBusy)
    }
}

/// Argon2id with the crate's default parameters (19 MiB, 2 passes), which OWASP recommends.
fn hash_now(memory: &mut HashMemory, password: &str) -> String {
    let (params, salt) = (Params::default(), inputs::secret::<16>());
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).expect("the parameters are the crate's own"),
        salt: Salt::new(&salt).ok(),
        hash: Some(output(memory, password, &salt, params).expect("the sizes are the crate's own")),
    };
    hash.to_string()
}

/// Whether the password matches a PHC string. An unreadable one matches none.
fn matches(memory: &mut HashMemory, password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else {
        return false;
    };
    let (Ok(params), Some(salt), Some(wanted)) = (Params::try_from(&hash), hash.salt, hash.hash)
    else {
        return false;
    };
    // Outputs compare in constant time.
    hash.algorithm == ARGON2ID_IDENT
        && output(memory, password, &salt, params).is_ok_and(|own| own == wanted)
}

fn output(
    memory: &mut HashMemory,
    password: &str,
    salt: &[u8],
    params: Params,
) -> Result<Output, argon2::Error> {
    let mut bytes = [0; Params::DEFAULT_OUTPUT_LEN];
    memory.resize(params.block_count(), Block::new());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut bytes, memory)?;
    Ok(Output::new(&bytes).expect("32 bytes are a good length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(format!("{:?}", Password::claimed("secret")), "Password(…)");
    }

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let passwords = Passwords::default();
        let hash = passwords
            .hash(Password::claimed("correct horse"))
            .await
            .expect("not busy");
        assert!(hash.starts_with("$argon2id$"));
        let verify =
            |text: &str, hash: Option<String>| passwords.verify(Password::claimed(text), hash);
        assert!(
            verify("correct horse", Some(hash.clone()))
                .await
                .expect("not busy")
        );
        assert!(!verify("wrong horse", Some(hash)).await.expect("not busy"));
        assert!(
            !verify("nobody has this password", None)
                .await
                .expect("not busy")
        );
    }
}

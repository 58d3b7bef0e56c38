//! Idempotency keys: a command that is sent again under the same key is carried out only once.

use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::outcome::{Effect, Outcome, TripOutcome};
use super::refusal::Refusal;
use super::state::State;
use crate::{Trip, UserId};

/// The longest word of a key, in characters.
const WORD_MAX: usize = 255;

/// A client's word for one command, and a digest of that command.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// 1 to 255 visible ASCII characters.
    pub word: String,
    /// SHA-256 of the parts that distinguish the command from others.
    pub digest: [u8; 32],
}

impl IdempotencyKey {
    /// Makes the key of that word for the command that consists of these parts. The error says which rule the word
    /// breaks.
    pub fn new<'a>(word: &str, parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, String> {
        let is_long_enough = (1..=WORD_MAX).contains(&word.len());
        if !is_long_enough || !word.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!(
                "An idempotency key has 1 to {WORD_MAX} visible ASCII characters."
            ));
        }
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part);
            digest.update([0]);
        }
        Ok(Self {
            word: word.to_owned(),
            digest: digest.finalize().into(),
        })
    }
}

/// The command that a key was used for, and its outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct UsedKey {
    /// The digest of that command.
    pub digest: [u8; 32],
    /// The trip as that command left it; `None` if the event that was stored with the key is not about a trip.
    pub trip: Option<Arc<Trip>>,
}

impl State {
    /// The outcome of a command whose key was used before; `None` if the key is new.
    pub(super) fn replay(
        &self,
        user: UserId,
        key: &IdempotencyKey,
    ) -> Option<Result<Outcome, Refusal>> {
        let used = self.keys.get(&(user, key.word.clone()))?;
        if used.digest != key.digest {
            return Some(Err(Refusal::KeyReused));
        }
        let trip = used.trip.clone();
        Some(trip.ok_or(Refusal::UnknownTrip).map(|trip| {
            let replayed = TripOutcome::new(trip, Effect::Replayed);
            Outcome::Trip(replayed)
        }))
    }

    pub(super) fn remember(
        &mut self,
        user: UserId,
        key: &IdempotencyKey,
        trip: &Arc<Trip>,
        at: Timestamp,
    ) {
        let used = UsedKey {
            digest: key.digest,
            trip: Some(trip.clone()),
        };
        self.keys.insert((user, key.word.clone()), used);
        let made = (trip.id, trip.revision);
        self.changes.keys.push((user, key.clone(), made, at));
    }
}

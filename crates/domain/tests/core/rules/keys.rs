//! Idempotency keys.

use domain::core::{Command, Effect, IdempotencyKey, Outcome, Refusal, UsedKey};
use domain::{Action, Order, Policy, Status, TripRef};

use super::service::{Service, act};
use crate::cast::{LIMITS, rider};

fn key(word: &str, parts: &[&str]) -> IdempotencyKey {
    let parts = parts.iter().map(|part| part.as_bytes());
    IdempotencyKey::new(word, parts).expect("a key")
}

#[test]
fn a_word_has_1_to_255_visible_characters() {
    let is_word = |word: &str| IdempotencyKey::new(word, []).is_ok();
    assert!(is_word("a") && is_word("~!") && is_word(&"k".repeat(255)));
    for word in ["", "a b", "a\n", "ä", &"k".repeat(256)] {
        assert!(!is_word(word), "{word:?}");
    }
}

#[test]
fn a_digest_tells_commands_apart() {
    let digest = |parts: &[&str]| key("k", parts).digest;
    assert_eq!(digest(&["POST", "/a"]), digest(&["POST", "/a"]));
    assert_ne!(digest(&["POST", "/a"]), digest(&["POST", "/b"]));
    assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    assert_ne!(digest(&["a"]), digest(&["a", ""]));
}

#[test]
fn a_command_that_comes_again_is_carried_out_once() {
    let mut service = Service::new();
    let request = service.request_of(0, Order::default());
    let trip = request.id;
    let request = Command::RequestTrip(request, LIMITS);
    let first = key("k", &["request"]);
    let given = service.give_under(&first, request.clone());
    let Ok(Outcome::Trip(given)) = given else {
        panic!("a new trip, but: {given:?}");
    };
    assert_eq!((given.effect, given.trip.number), (Effect::Changed, 1));
    let [(user, saved, made, at)] = &service.changes.keys[..] else {
        panic!("one key was used");
    };
    assert_eq!((*user, saved, *made), (rider(0).user(), &first, (trip, 1)));
    assert_eq!(*at, service.now());
    service.act(trip, Action::Cancel(rider(0), None));

    let again = service.give_under(&first, request.clone());
    let Ok(Outcome::Trip(again)) = again else {
        panic!("the same trip, but: {again:?}");
    };
    assert_eq!(again.effect, Effect::Replayed);
    assert_eq!(again.trip, given.trip, "as it was when the key was used");
    assert_eq!(again.trip.state.status(), Status::Requested);
    assert!(service.changes.is_empty());

    let another = key("k", &["cancel"]);
    let reused = service.give_under(&another, request);
    assert_eq!(reused, Err(Refusal::KeyReused));
}

#[test]
fn each_account_has_its_own_words() {
    let mut service = Service::new();
    let word = key("k", &["request"]);
    for number in [0, 1] {
        let request = service.request_of(number, Order::default());
        let given = service.give_under(&word, Command::RequestTrip(request, LIMITS));
        let Ok(Outcome::Trip(given)) = given else {
            panic!("a new trip, but: {given:?}");
        };
        assert_eq!(given.effect, Effect::Changed);
    }
}

#[test]
fn a_refused_command_leaves_its_key_unused() {
    let mut service = Service::new();
    let trip = service.request(Policy::Broadcast);
    let word = key("k", &["cancel"]);
    let by_stranger = act(TripRef::Key(trip), Action::Cancel(rider(1), None));
    let refused = service.give_under(&word, by_stranger);
    assert_eq!(refused, Err(Refusal::UnknownTrip));
    assert!(service.changes.is_empty());
    assert!(service.state().keys.is_empty());
}

#[test]
fn a_key_whose_event_is_not_about_a_trip_names_none() {
    let mut service = Service::new();
    let word = key("k", &["cancel"]);
    let used = UsedKey {
        digest: word.digest,
        trip: None,
    };
    let keys = &mut service.memory.state_mut().keys;
    keys.insert((rider(0).user(), "k".to_owned()), used);
    let trip = service.request(Policy::Broadcast);
    let cancel = act(TripRef::Key(trip), Action::Cancel(rider(0), None));
    let refused = service.give_under(&word, cancel);
    assert_eq!(refused, Err(Refusal::UnknownTrip));
}

//! A command that is sent again under its idempotency key is not carried out again.

use cabrank::domain::Action;
use cabrank::domain::core::{Effect, Refusal};
use cabrank::inputs;
use cabrank::store::keys;
use jiff::SignedDuration;

use crate::support::{On, Test};
use crate::tests;
use crate::town::{Town, accept, act, refusal, request, under};

pub fn tests() -> Vec<Test> {
    tests![
        a_key_repeated_in_the_same_batch_waits_for_the_first,
        a_key_repeated_later_gets_the_answer_of_then,
        a_key_with_another_body_is_refused,
        a_key_outlives_a_restart,
        a_refused_command_leaves_no_key,
        a_command_that_was_done_before_keeps_its_key,
        a_key_is_its_users_own,
        old_keys_are_forgotten,
    ]
    .to_vec()
}

fn a_key_repeated_in_the_same_batch_waits_for_the_first(on: On) {
    let mut town = Town::on(on);
    let ann = town.rider("ann");
    let command = under("k", 1, request(&ann));
    let outcomes =
        town.commands_in_one_batch([command.clone(), command, under("k", 2, request(&ann))]);
    let [first, again, other] = outcomes.try_into().expect("one outcome a command");
    let (first, again) = (first.expect("a request"), again.expect("the same request"));
    assert_eq!(
        (first.effect, again.effect),
        (Effect::Changed, Effect::Replayed)
    );
    assert_eq!(first.trip, again.trip);
    assert!(first.trip.number > 0, "both know the trip's number");
    assert!(matches!(refusal(other), Refusal::KeyReused));
    assert_eq!(town.news().len(), 1);
    assert_eq!(town.log().len(), 1);
}

fn a_key_repeated_later_gets_the_answer_of_then(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let asking = under("ask", 1, request(&ann));
    let trip = town.trip(asking.clone());
    let taking = under("take", 1, accept(&trip, &bob));
    let taken = town.trip(taking.clone());
    town.trip(act(&trip, Action::Start(bob.id, None)));

    for (command, then) in [(asking, &trip), (taking, &taken)] {
        let answer = town.command(command).expect("the answer of then");
        assert_eq!(answer.effect, Effect::Replayed);
        assert_eq!(&*answer.trip, then);
    }
    assert_eq!(town.log().len(), 3);
}

fn a_key_with_another_body_is_refused(on: On) {
    let town = Town::on(on);
    let ann = town.rider("ann");
    town.trip(under("k", 1, request(&ann)));
    assert!(matches!(
        town.refusal(under("k", 2, request(&ann))),
        Refusal::KeyReused
    ));
    assert_eq!(town.log().len(), 1);
}

fn a_key_outlives_a_restart(on: On) {
    let town = Town::on(on);
    let ann = town.rider("ann");
    let command = under("k", 1, request(&ann));
    let trip = town.trip(command.clone());

    let town = town.restart();
    let answer = town.command(command).expect("the answer of then");
    assert_eq!((&*answer.trip, answer.effect), (&trip, Effect::Replayed));
    assert!(matches!(
        town.refusal(under("k", 2, request(&ann))),
        Refusal::KeyReused
    ));
}

fn a_refused_command_leaves_no_key(on: On) {
    let town = Town::on(on);
    let (ann, bob, cid) = (town.rider("ann"), town.driver("bob"), town.driver("cid"));
    let [one, two] = std::array::from_fn(|_| town.requested_by(&ann));
    let outcomes = town.commands_in_one_batch([
        accept(&one, &bob),
        under("k", 1, accept(&one, &cid)),
        under("k", 2, accept(&two, &cid)),
    ]);
    let [_, late, other] = outcomes.try_into().expect("one outcome a command");
    assert!(matches!(refusal(late), Refusal::Trip(..)));
    assert_eq!(other.expect("the key is free").effect, Effect::Changed);

    town.refusal(under("x", 1, accept(&one, &cid)));
    let found = town.read(move |db| keys::find(db, &[(cid.id.user(), "x")]));
    assert!(found.is_empty());
}

fn a_command_that_was_done_before_keeps_its_key(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let trip = town.requested_by(&ann);
    let taken = town.trip(accept(&trip, &bob));
    let again = under("k", 1, accept(&trip, &bob));
    let answer = town
        .command(again.clone())
        .expect("an answer that was lost");
    assert_eq!(
        (&*answer.trip, answer.effect),
        (&taken, Effect::AlreadyDone)
    );
    town.trip(act(&trip, Action::Start(bob.id, None)));
    let answer = town.command(again).expect("the answer of then");
    assert_eq!((&*answer.trip, answer.effect), (&taken, Effect::Replayed));
}

fn a_key_is_its_users_own(on: On) {
    let town = Town::on(on);
    let (ann, eve) = (town.rider("ann"), town.rider("eve"));
    let outcomes =
        town.commands_in_one_batch([under("k", 1, request(&ann)), under("k", 2, request(&eve))]);
    for outcome in outcomes {
        assert_eq!(outcome.expect("a request").effect, Effect::Changed);
    }
}

fn old_keys_are_forgotten(on: On) {
    let town = Town::on(on);
    let ann = town.rider("ann");
    town.trip(under("k", 1, request(&ann)));
    let purge = |since| {
        town.wait_for(
            town.store
                .writer
                .change(move |tx| keys::purge(tx.db, since, 500)),
        )
    };
    let now = inputs::now();
    let kept = purge(now - SignedDuration::from_hours(24)).expect("keys can be purged");
    let gone = purge(now + SignedDuration::from_secs(1)).expect("keys can be purged");
    assert_eq!((kept, gone), (0, 1));
    assert_eq!(town.trip(under("k", 2, request(&ann))).revision, 1);
}

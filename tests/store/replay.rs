//! Every trip can be rebuilt from the log alone.

use cabrank::domain::{Action, Policy, Role};
use cabrank::store::StoreBounds;
use cabrank::store::replay::{self, Differs, ReplayPage};

use crate::support::{On, Test, execute};
use crate::tests;
use crate::town::{
    Town, accept, act, begin_shift, propose, request, request_later, request_under, say,
};

pub fn tests() -> Vec<Test> {
    tests![
        every_trip_is_rebuilt_from_its_events,
        what_was_changed_behind_the_logs_back_is_found,
    ]
    .to_vec()
}

/// A town with one trip of every kind, and what happened to each.
fn lived_in(on: On) -> Town {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let done = town.trip(request(&ann));
    town.trip(accept(&done, &bob));
    town.trip(act(&done, Action::Start(bob.id, None)));
    town.post(say(&done, &ann, Role::Rider, "hello"))
        .expect("a party may");
    town.trip(act(&done, Action::Complete(bob.id, Some(Box::default()))));
    town.trip(act(&done, Action::Delete(ann.id)));
    town.trip(request_later(&ann));
    town.post(begin_shift(&bob)).expect("a driver may");
    let offered = town.trip(request_under(Policy::Batch, &ann));
    town.trip(propose(&offered, &bob));
    town.trip(accept(&offered, &bob));
    town.trip(act(&offered, Action::GiveBack(bob.id, None)));
    town
}

fn check(town: &Town, after: i64, limit: i64) -> ReplayPage {
    town.read(move |db| replay::check(db, after, limit))
}

fn every_trip_is_rebuilt_from_its_events(on: On) {
    let town = lived_in(on);
    let all = check(&town, 0, 100);
    assert_eq!((all.trips, all.events), (3, 9));
    assert!(all.differing.is_empty(), "{:?}", all.differing);
    let first = check(&town, 0, 2);
    let rest = check(&town, first.last.expect("two trips"), 2);
    assert_eq!((first.trips, rest.trips), (2, 1));
    assert_eq!(check(&town, rest.last.expect("a trip"), 2).last, None);
}

fn what_was_changed_behind_the_logs_back_is_found(on: On) {
    let why = |change: &str| {
        let (database, _) = lived_in(on).close();
        execute(&mut database.connect(), change).expect("it can be done");
        let town = Town::open(database, StoreBounds::STANDARD);
        let differing = check(&town, 0, 100).differing.into_iter();
        differing.map(|(_, why)| why).collect::<Vec<Differs>>()
    };
    let first = "trip_id = (SELECT min(id) FROM trips)";
    assert_eq!(
        why("UPDATE trips SET drop_off_address = 'B' WHERE id = (SELECT min(id) FROM trips)"),
        [Differs::Row(5)]
    );
    let renumbered = format!("UPDATE events SET revision = NULL WHERE {first} AND revision = 3");
    assert_eq!(why(&renumbered), [Differs::Revisions(4, 2)]);
    let unheard = format!("UPDATE events SET revision = NULL WHERE {first}");
    assert_eq!(why(&unheard), [Differs::Unheard]);
}

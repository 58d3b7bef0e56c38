//! Who may see which trips.

use std::collections::BTreeMap;

use cabrank::domain::{
    Action, Before, Filter, Role, Status, Trip, TripId, TripRef, UserId, Viewer,
};
use cabrank::store::views;

use crate::support::{On, Test};
use crate::tests;
use crate::town::{Town, accept, act, changes};

pub fn tests() -> Vec<Test> {
    tests![
        a_list_has_what_its_viewer_may_see_newest_first,
        the_active_trips_of_a_user_are_their_own,
        the_active_trips_of_many_are_found_at_once,
        a_page_has_what_its_viewer_may_see_and_wants,
        who_saw_a_trip_is_known_from_the_change,
    ]
    .to_vec()
}

fn ids(trips: &[&Trip]) -> Vec<TripId> {
    trips.iter().map(|trip| trip.id).collect()
}

fn listed(town: &Town, user: impl Into<UserId>, role: Role) -> Vec<TripId> {
    let viewer = Viewer {
        user: user.into(),
        role,
    };
    let listed = town.read(move |db| views::list(db, viewer));
    for change in changes(&town.log()) {
        let trip = town.stored(change.trip.id);
        assert_eq!(
            listed.contains(&trip),
            viewer.sees(&trip),
            "{viewer:?} and {trip:?}"
        );
    }
    listed.iter().map(|trip| trip.id).collect()
}

fn a_list_has_what_its_viewer_may_see_newest_first(on: On) {
    let town = Town::on(on);
    let (ann, eve) = (town.rider("ann"), town.rider("eve"));
    let (bob, cid) = (town.driver("bob"), town.driver("cid"));
    let op = town.operator("op");
    let [taken, open, called_off] = std::array::from_fn(|_| town.requested_by(&ann));
    let newest = town.requested_by(&eve);
    town.trip(accept(&taken, &bob));
    town.trip(act(&called_off, Action::Cancel(ann.id, None)));

    assert_eq!(
        listed(&town, ann.id, Role::Rider),
        ids(&[&called_off, &open, &taken])
    );
    assert_eq!(listed(&town, eve.id, Role::Rider), ids(&[&newest]));
    assert_eq!(
        listed(&town, bob.id, Role::Driver),
        ids(&[&newest, &open, &taken])
    );
    assert_eq!(listed(&town, cid.id, Role::Driver), ids(&[&newest, &open]));
    assert_eq!(
        listed(&town, op, Role::Operator),
        ids(&[&newest, &called_off, &open, &taken])
    );
}

fn the_active_trips_of_a_user_are_their_own(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let [done, running, open] = std::array::from_fn(|_| town.requested_by(&ann));
    town.trip(accept(&done, &bob));
    town.trip(act(&done, Action::Start(bob.id, None)));
    town.trip(act(&done, Action::Complete(bob.id, Some(Box::default()))));
    town.trip(accept(&running, &bob));

    let active = |user: UserId, role| -> Vec<TripId> {
        let viewer = Viewer { user, role };
        let active = town.read(move |db| views::active_of(db, &[viewer]));
        active.iter().flatten().map(|trip| trip.id).collect()
    };
    assert_eq!(
        active(ann.id.user(), Role::Rider),
        ids(&[&running, &open]),
        "oldest first"
    );
    assert_eq!(active(bob.id.user(), Role::Driver), ids(&[&running]));
    assert_eq!(active(town.operator("op").user(), Role::Operator), []);
}

fn the_active_trips_of_many_are_found_at_once(on: On) {
    let town = Town::on(on);
    let (ann, eve, bob) = (town.rider("ann"), town.rider("eve"), town.driver("bob"));
    let one = town.requested_by(&ann);
    let two = town.requested_by(&ann);
    town.trip(accept(&one, &bob));
    let viewers = [
        (bob.id.user(), Role::Driver),
        (eve.id.user(), Role::Rider),
        (ann.id.user(), Role::Rider),
        (bob.id.user(), Role::Driver),
    ]
    .map(|(user, role)| Viewer { user, role });
    let active = town.read(move |db| views::active_of(db, &viewers));
    let active: Vec<Vec<TripId>> = active
        .iter()
        .map(|own| own.iter().map(|trip| trip.id).collect())
        .collect();
    let of_bob = ids(&[&one]);
    assert_eq!(active, [of_bob.clone(), vec![], ids(&[&one, &two]), of_bob]);
    assert!(town.read(|db| views::active_of(db, &[])).is_empty());
}

/// People of every role, with a trip of every kind that views distinguish.
fn busy(on: On) -> (Town, Vec<Viewer>) {
    let town = Town::on(on);
    let (ann, eve) = (town.rider("ann"), town.rider("eve"));
    let (bob, cid) = (town.driver("bob"), town.driver("cid"));
    let [done, removed, running] = std::array::from_fn(|_| town.requested_by(&ann));
    for trip in [&done, &removed] {
        town.trip(accept(trip, &bob));
        town.trip(act(trip, Action::Start(bob.id, None)));
        town.trip(act(trip, Action::Complete(bob.id, Some(Box::default()))));
    }
    town.trip(act(&removed, Action::Delete(ann.id)));
    town.trip(accept(&running, &cid));
    town.requested_by(&ann);
    let withdrawn = town.requested_by(&eve);
    town.trip(act(&withdrawn, Action::Delete(eve.id)));
    town.requested_by(&eve);
    let op = town.operator("op").user();
    let viewers = [
        (ann.id.user(), Role::Rider),
        (eve.id.user(), Role::Rider),
        (bob.id.user(), Role::Driver),
        (cid.id.user(), Role::Driver),
        (op, Role::Operator),
    ];
    let viewers = viewers.map(|(user, role)| Viewer { user, role });
    (town, viewers.to_vec())
}

fn a_page_has_what_its_viewer_may_see_and_wants(on: On) {
    let (town, viewers) = busy(on);
    let log = town.log();
    let all: BTreeMap<i64, Trip> = changes(&log)
        .into_iter()
        .map(|change| (change.trip.number, change.trip.clone()))
        .collect();
    let people = viewers.iter().map(|viewer| Some(viewer.user.get()));
    let statuses = [None, Some(Status::Requested), Some(Status::Completed)];
    let mut filters = Vec::new();
    for person in people.chain([None]) {
        for status in statuses {
            let (rider, driver) = (person, None);
            filters.push(Filter {
                rider,
                driver,
                status,
                trip: None,
            });
            filters.push(Filter {
                rider: driver,
                driver: rider,
                status,
                trip: None,
            });
        }
    }
    for trip in all.values() {
        for reference in [TripRef::Key(trip.id), TripRef::Number(trip.number)] {
            filters.push(Filter {
                trip: Some(reference),
                ..Filter::default()
            });
        }
    }
    let mut seen = 0;
    for viewer in viewers {
        for filter in filters.iter().copied() {
            let wants = |trip: &&Trip| filter.wants(trip, Before::from(*trip));
            let expected = all.values().rev().filter(|trip| viewer.sees(trip));
            let expected: Vec<TripId> = expected.filter(wants).map(|trip| trip.id).collect();
            let page = |limit, offset| -> Vec<TripId> {
                let page = town.read(move |db| views::page(db, viewer, filter, limit, offset));
                page.iter().map(|trip| trip.id).collect()
            };
            assert_eq!(page(100, 0), expected, "{viewer:?} and {filter:?}");
            let second: Vec<TripId> = expected.iter().skip(1).take(1).copied().collect();
            assert_eq!(page(1, 1), second);
            let count = town.read(move |db| views::count(db, viewer, filter));
            assert_eq!(usize::try_from(count), Ok(expected.len()));
            seen += expected.len();
        }
    }
    assert!(seen > 0);
}

fn who_saw_a_trip_is_known_from_the_change(on: On) {
    let (town, viewers) = busy(on);
    let log = town.log();
    let mut last: BTreeMap<i64, Trip> = BTreeMap::new();
    for change in changes(&log) {
        let before = last.insert(change.trip.number, change.trip.clone());
        for viewer in &viewers {
            let saw = before.as_ref().is_some_and(|trip| viewer.sees(trip));
            assert_eq!(viewer.saw(change), saw, "{viewer:?} and {change:?}");
        }
    }
    assert_eq!(last.len(), 6);
}

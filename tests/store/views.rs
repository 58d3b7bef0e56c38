//! Who is shown which trips.

use cabrank::domain::{Action, Role, Trip, TripId, UserId};
use cabrank::store::views::{self, Viewer};

use crate::support::{On, Test};
use crate::tests;
use crate::town::{Town, accept, act, changes};

pub fn tests() -> Vec<Test> {
    tests![
        a_list_has_what_its_viewer_may_see_newest_first,
        the_active_trips_of_a_user_are_their_own,
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
    town.trip(act(&done, Action::Start(bob.id)));
    town.trip(act(&done, Action::Complete(bob.id)));
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

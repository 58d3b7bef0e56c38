//! What a rider amends or deletes.

use cabrank::domain::core::{Effect, Refusal};
use cabrank::domain::{
    Action, Address, Amendment, Before, Event, NoRoom, PlaceChange, Role, Status, Stream, Trip,
    TripRefusal,
};
use cabrank::store::trips;

use crate::support::{On, Test};
use crate::tests;
use crate::town::{Town, accept, act, changes, kinds, request, say};

pub fn tests() -> Vec<Test> {
    tests![
        drivers_hear_of_an_amendment_while_one_is_looked_for,
        afterwards_only_the_driver_does,
        the_pick_up_is_fixed_once_somebody_drives_there,
        who_withdraws_a_request_may_make_another,
        what_is_removed_concerns_its_rider_and_the_staff_alone,
    ]
    .to_vec()
}

fn to(address: &str) -> Option<PlaceChange> {
    Some(PlaceChange {
        address: Address::parse(address).ok(),
        location: None,
    })
}

fn move_pick_up(trip: &Trip) -> Action {
    let amendment = Amendment {
        pick_up: to("3 Back Lane"),
        drop_off: None,
    };
    Action::Amend(trip.rider.id, amendment)
}

fn move_drop_off(trip: &Trip) -> Action {
    let amendment = Amendment {
        pick_up: None,
        drop_off: to("4 High Road"),
    };
    Action::Amend(trip.rider.id, amendment)
}

/// The trip after the action. The row, the event and the announcement must agree with it.
fn done(town: &mut Town, before: &Trip, action: &Action) -> (Trip, Event) {
    let trip = town.trip(act(before, action.clone()));
    assert_eq!(town.stored(trip.id), trip);
    assert_eq!(trip.revision, before.revision + 1);
    let news = town.news();
    let event = Event::clone(&news[0]);
    assert_eq!(event.actor, action.actor());
    assert_eq!(changes(&news)[0].trip, trip);
    assert_eq!(changes(&news)[0].before, Some(Before::from(before)));
    // A driver gets a notification as well.
    let log = town.log();
    let last = log.iter().rev().find(|event| event.trip().is_some());
    assert_eq!(last, Some(&event), "and nothing else happened to it");
    (trip, event)
}

fn streams(event: &Event) -> Vec<Stream> {
    event
        .positions
        .iter()
        .map(|position| position.stream)
        .collect()
}

fn drivers_hear_of_an_amendment_while_one_is_looked_for(on: On) {
    let mut town = Town::on(on);
    let ann = town.rider("ann");
    let trip = town.requested_by(&ann);
    town.news();

    let (moved, event) = done(&mut town, &trip, &move_pick_up(&trip));
    assert_eq!(moved.pick_up.address.as_str(), "3 Back Lane");
    assert_eq!(moved.drop_off, trip.drop_off);
    assert_eq!(event.kind(), "amended");
    let drivers = Stream::Drivers;
    let own = Stream::User(ann.id.user());
    assert_eq!(streams(&event), [own, drivers, Stream::Staff]);

    let again = town.command(act(&trip, move_pick_up(&trip)));
    let again = again.expect("the answer was lost, not the change");
    assert_eq!((&*again.trip, again.effect), (&moved, Effect::AlreadyDone));
}

fn afterwards_only_the_driver_does(on: On) {
    let mut town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let trip = town.requested_by(&ann);
    let trip = town.trip(accept(&trip, &bob));
    town.news();
    town.news();

    let (moved, event) = done(&mut town, &trip, &move_drop_off(&trip));
    assert_eq!(moved.drop_off.address.as_str(), "4 High Road");
    assert_eq!(moved.state, trip.state);
    let [own, his] = [ann.id.user(), bob.id.user()].map(Stream::User);
    assert_eq!(streams(&event), [own, his, Stream::Staff]);
}

fn the_pick_up_is_fixed_once_somebody_drives_there(on: On) {
    let town = Town::on(on);
    let (ann, eve, bob) = (town.rider("ann"), town.rider("eve"), town.driver("bob"));
    let trip = town.requested_by(&ann);
    let trip = town.trip(accept(&trip, &bob));
    let refused = town.refusal(act(&trip, move_pick_up(&trip)));
    let status = Status::Accepted;
    assert!(
        matches!(refused, Refusal::Trip(TripRefusal::NotPossible { status: now, .. }, _) if now == status)
    );
    let mut by_eve = trip.clone();
    by_eve.rider = eve;
    let refused = town.refusal(act(&trip, move_drop_off(&by_eve)));
    assert!(matches!(refused, Refusal::UnknownTrip));
    assert_eq!(town.stored(trip.id), trip);
}

fn who_withdraws_a_request_may_make_another(on: On) {
    let mut town = Town::on(on);
    let ann = town.rider("ann");
    let [first, _, _] = std::array::from_fn(|_| {
        let trip = town.requested_by(&ann);
        town.news();
        trip
    });
    let refused = town.refusal(request(&ann));
    assert!(matches!(refused, Refusal::TooManyTrips(_)));

    let (gone, event) = done(&mut town, &first, &Action::Delete(ann.id));
    assert_eq!(gone.state.status(), Status::Cancelled);
    assert!(gone.hidden);
    assert_eq!(event.kind(), "withdrawn");
    let ann_stream = Stream::User(ann.id.user());
    assert_eq!(
        streams(&event),
        [ann_stream, Stream::Drivers, Stream::Staff]
    );
    let active = town.read(move |db| trips::count_open(db, &[ann.id]));
    assert_eq!(active[&ann.id].active, 2);
    let again = town.command(act(&first, Action::Delete(ann.id)));
    assert_eq!(again.expect("done before").effect, Effect::AlreadyDone);
    let late = town.refusal(act(&first, Action::Cancel(ann.id, None)));
    assert!(matches!(late, Refusal::UnknownTrip));

    // It also works within one batch.
    let second = town.requested_by(&ann);
    let outcomes =
        town.commands_in_one_batch([act(&second, Action::Delete(ann.id)), request(&ann)]);
    assert!(outcomes.iter().all(Result::is_ok));
}

fn what_is_removed_concerns_its_rider_and_the_staff_alone(on: On) {
    let mut town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let trip = town.requested_by(&ann);
    town.trip(accept(&trip, &bob));
    let running = town.refusal(act(&trip, Action::Delete(ann.id)));
    assert!(matches!(
        running,
        Refusal::Trip(TripRefusal::NotPossible { .. }, _)
    ));
    town.trip(act(&trip, Action::Start(bob.id, None)));
    let over = town.trip(act(&trip, Action::Complete(bob.id, Some(Box::default()))));
    let news: Vec<_> = (0..4).flat_map(|_| town.news()).collect();
    assert_eq!(
        kinds(&news),
        ["requested", "accepted", "started", "completed"]
    );

    let (gone, event) = done(&mut town, &over, &Action::Delete(ann.id));
    assert_eq!(gone.state, over.state);
    assert_eq!(event.kind(), "removed");
    let own = Stream::User(ann.id.user());
    assert_eq!(streams(&event), [own, Stream::Staff]);
    let refused = town.refused_post(say(&trip, &ann, Role::Rider, "Hello?"));
    assert!(matches!(refused, Refusal::NoRoom(NoRoom::Stranger)));
    let closed = town.refused_post(say(&trip, &bob, Role::Driver, "Hello?"));
    assert!(matches!(closed, Refusal::NoRoom(NoRoom::Closed)));
}

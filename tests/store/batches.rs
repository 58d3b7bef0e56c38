//! Decisions within one batch, where the database does not help yet.

use cabrank::domain::core::{Command, Effect, Refusal, Stated};
use cabrank::domain::{Action, Standing, Status, Stream, TripRefusal, UserId};
use cabrank::inputs;
use cabrank::store::{trips, users};
use jiff::SignedDuration;

use crate::support::{On, Test};
use crate::tests;
use crate::town::{
    TRIPS_MAX, Town, accept, act, changes, kinds, party, refusal, request, request_for,
};

pub fn tests() -> Vec<Test> {
    tests![
        of_two_accepts_in_one_batch_the_first_wins,
        a_driver_who_accepts_two_trips_in_one_batch_gets_the_first,
        a_driver_may_end_one_trip_and_take_the_next_in_one_batch,
        a_driver_whose_trip_is_called_off_may_take_the_next_in_the_same_batch,
        a_rider_cannot_pass_the_limit_in_one_batch,
        a_trip_may_go_all_its_way_in_one_batch,
        who_is_blocked_or_unknown_is_refused_and_nobody_else,
        what_is_not_there_or_said_wrongly_is_refused,
        searches_that_are_over_are_swept,
    ]
    .to_vec()
}

fn of_two_accepts_in_one_batch_the_first_wins(on: On) {
    let mut town = Town::on(on);
    let (ann, bob, cid) = (town.rider("ann"), town.driver("bob"), town.driver("cid"));
    let trip = town.requested_by(&ann);
    town.news();

    let outcomes = town.commands_in_one_batch([accept(&trip, &bob), accept(&trip, &cid)]);
    let [first, second] = outcomes.try_into().expect("one outcome a command");
    let won = first.expect("the first wins").trip;
    assert_eq!(won.state.driver(), Some(&bob));
    assert!(matches!(
        refusal(second),
        Refusal::Trip(TripRefusal::AlreadyTaken, as_it_is) if *as_it_is == *won
    ));
    assert_eq!(town.news().len(), 1, "the loser changed nothing");
    assert_eq!(town.stored(trip.id), *won);
}

fn a_driver_who_accepts_two_trips_in_one_batch_gets_the_first(on: On) {
    let mut town = Town::on(on);
    let (ann, bob, cid) = (town.rider("ann"), town.driver("bob"), town.driver("cid"));
    let [one, two, three] = std::array::from_fn(|_| {
        let trip = town.requested_by(&ann);
        town.news();
        trip
    });

    let outcomes = town.commands_in_one_batch([
        accept(&one, &bob),
        accept(&two, &bob),
        accept(&three, &cid),
        accept(&two, &bob),
    ]);
    let [first, second, neighbour, third] = outcomes.try_into().expect("one outcome a command");
    assert_eq!(first.expect("he is free").effect, Effect::Changed);
    assert!(matches!(refusal(second), Refusal::DriverBusy));
    assert!(matches!(refusal(third), Refusal::DriverBusy));
    assert_eq!(
        neighbour.expect("the neighbour is unharmed").effect,
        Effect::Changed
    );
    assert_eq!(town.news().len(), 2);
    assert_eq!(town.stored(two.id), two);
    assert!(matches!(
        town.refusal(accept(&two, &bob)),
        Refusal::DriverBusy
    ));
}

fn a_driver_may_end_one_trip_and_take_the_next_in_one_batch(on: On) {
    let mut town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let [one, two] = std::array::from_fn(|_| town.requested_by(&ann));
    town.trip(accept(&one, &bob));
    town.trip(act(&one, Action::Start(bob.id, None)));
    for _ in 0..4 {
        town.news();
    }

    // The trip that is accepted has the higher number, so it must not be written first.
    let outcomes = town.commands_in_one_batch([
        act(&one, Action::Complete(bob.id, Some(Box::default()))),
        accept(&two, &bob),
    ]);
    for outcome in outcomes {
        assert_eq!(outcome.expect("both are allowed").effect, Effect::Changed);
    }
    assert_eq!(
        kinds(&town.news()),
        ["completed", "accepted"],
        "one batch, in order"
    );
}

fn a_driver_whose_trip_is_called_off_may_take_the_next_in_the_same_batch(on: On) {
    let mut town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let [one, two] = std::array::from_fn(|_| {
        let trip = town.requested_by(&ann);
        town.news();
        trip
    });

    let outcomes = town.commands_in_one_batch([
        accept(&one, &bob),
        act(&one, Action::Cancel(ann.id, None)),
        accept(&two, &bob),
    ]);
    for outcome in outcomes {
        outcome.expect("each is allowed after the one before");
    }
    assert_eq!(
        kinds(&town.news()),
        ["accepted", "cancelled", "notification", "accepted"]
    );
    assert_eq!(town.stored(one.id).state.status(), Status::Cancelled);
    assert_eq!(town.stored(two.id).state.driver(), Some(&bob));
}

fn a_rider_cannot_pass_the_limit_in_one_batch(on: On) {
    let town = Town::on(on);
    let (ann, eve) = (town.rider("ann"), town.rider("eve"));
    let first = town.requested_by(&ann);

    let outcomes = town.commands_in_one_batch([
        request(&ann),
        request(&ann),
        request(&ann),
        request(&eve),
        act(&first, Action::Cancel(ann.id, None)),
        request(&ann),
        request(&ann),
    ]);
    let refused = outcomes.into_iter().map(|outcome| {
        let is_refused = outcome.is_err();
        if is_refused {
            assert!(matches!(refusal(outcome), Refusal::TooManyTrips(TRIPS_MAX)));
        }
        is_refused
    });
    let refused: Vec<bool> = refused.collect();
    assert_eq!(refused, [false, false, true, false, false, false, true]);
    let counts = town.read(move |db| trips::count_open(db, &[ann.id]));
    assert_eq!(counts[&ann.id].active, i64::from(TRIPS_MAX));
}

fn a_trip_may_go_all_its_way_in_one_batch(on: On) {
    let mut town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let trip = town.requested_by(&ann);
    town.news();

    let outcomes = town.commands_in_one_batch([
        accept(&trip, &bob),
        act(&trip, Action::Arrive(bob.id, None)),
        act(&trip, Action::Start(bob.id, None)),
        act(&trip, Action::Complete(bob.id, Some(Box::default()))),
        act(&trip, Action::Complete(bob.id, Some(Box::default()))),
    ]);
    let answers: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| outcome.expect("allowed"))
        .collect();
    let revisions: Vec<i64> = answers.iter().map(|answer| answer.trip.revision).collect();
    assert_eq!(revisions, [2, 3, 4, 5, 5]);
    assert_eq!(answers[4].effect, Effect::AlreadyDone);
    let news = town.news();
    let changes = changes(&news);
    assert_eq!(changes.len(), 4, "one event a change");
    for (change, answer) in changes.iter().zip(&answers) {
        assert_eq!(change.trip, *answer.trip);
    }
    assert_eq!(town.stored(trip.id), *answers[3].trip);
}

fn who_is_blocked_or_unknown_is_refused_and_nobody_else(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let stranger = party("nobody", cabrank::domain::DriverId::of(UserId::new(99_999)));
    let trip = town.requested_by(&ann);
    for standing in [Standing::Blocked, Standing::Pending] {
        let blocked = bob.id.user();
        let set = town
            .store
            .writer
            .change(move |tx| users::set_standing(tx.db, blocked, standing));
        town.wait_for(set).expect("a standing can be written");

        let outcomes = town.commands_in_one_batch([
            accept(&trip, &bob),
            accept(&trip, &stranger),
            request(&ann),
        ]);
        let [blocked, unknown, neighbour] = outcomes.try_into().expect("one outcome a command");
        assert!(matches!(refusal(blocked), Refusal::NotActive));
        assert!(matches!(refusal(unknown), Refusal::NotActive));
        neighbour.expect("the neighbour is unharmed");
    }
    assert_eq!(town.stored(trip.id), trip);
}

fn what_is_not_there_or_said_wrongly_is_refused(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let trip = town.requested_by(&ann);
    let mut elsewhere = trip.clone();
    elsewhere.id = cabrank::domain::TripId::new(inputs::fresh_id());
    assert!(matches!(
        town.refusal(accept(&elsewhere, &bob)),
        Refusal::UnknownTrip
    ));

    let saying = |status, pick_up, drop_off| {
        let mut command = accept(&trip, &bob);
        if let Command::Act { stated, .. } = &mut command.command {
            *stated = Stated {
                status: Some(status),
                pick_up: Some(pick_up),
                drop_off: Some(drop_off),
                ..Stated::default()
            };
        }
        command
    };
    let (from, to) = (trip.pick_up.address.clone(), trip.drop_off.address.clone());
    let now = Status::Requested;
    for (command, field) in [
        (saying(now, from.clone(), from.clone()), "drop_off_address"),
        (saying(now, to.clone(), to.clone()), "pick_up_address"),
        (saying(Status::Accepted, from.clone(), to.clone()), "status"),
    ] {
        assert!(matches!(town.refusal(command), Refusal::Differs(wrong) if wrong == field));
    }
    town.command(saying(now, from, to))
        .expect("what the trip is may be repeated");
}

fn searches_that_are_over_are_swept(on: On) {
    let mut town = Town::on(on);
    let (ann, eve, bob) = (town.rider("ann"), town.rider("eve"), town.driver("bob"));
    let minutes = SignedDuration::from_mins;
    let [later, first, second, taken] =
        [minutes(10), minutes(-2), minutes(-1), minutes(-3)].map(|search| {
            let rider = if search == minutes(-3) { &eve } else { &ann };
            town.trip(request_for(rider, search))
        });
    town.trip(accept(&taken, &bob));
    for _ in 0..5 {
        town.news();
    }

    let overdue =
        |town: &Town, limit| town.read(move |db| trips::overdue(db, inputs::now(), limit));
    assert_eq!(overdue(&town, 1), [first.id]);
    assert_eq!(
        overdue(&town, 10),
        [first.id, second.id],
        "the longest overdue first"
    );
    let outcomes = town.commands_in_one_batch([
        act(&first, Action::Expire),
        act(&second, Action::Expire),
        act(&later, Action::Expire),
    ]);
    let [one, two, early] = outcomes.try_into().expect("one outcome a command");
    one.expect("its time is over");
    two.expect("its time is over");
    assert!(matches!(
        refusal(early),
        Refusal::Trip(TripRefusal::NotPossible { .. }, _)
    ));
    let news = town.news();
    assert_eq!(
        kinds(&news),
        ["expired", "notification", "expired", "notification"]
    );
    assert!(
        changes(&news)
            .iter()
            .all(|change| change.streams().contains(&Stream::Drivers))
    );
    assert_eq!(overdue(&town, 10), []);
    assert_eq!(town.stored(first.id).state.status(), Status::Expired);
}

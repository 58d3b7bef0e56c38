//! The log: one event for each change, in the streams of those whom it concerns, announced once it is durable.

use std::collections::HashMap;

use cabrank::domain::{
    Action, Before, DriverId, Event, OperatorId, Outset, Party, Reason, RiderId, Stream,
    TripChange, TripEventKind, UserId,
};
use cabrank::store::writer::feed::Item;
use cabrank::store::{StoreBounds, events};

use crate::support::{On, Test};
use crate::tests;
use crate::town::{Town, Write, accept, act, changes, kinds, request, runtime, sent, wait_for};

pub fn tests() -> Vec<Test> {
    tests![
        every_change_is_one_event_with_the_trip_as_it_was,
        streams_carry_what_concerns_them_without_gaps,
        a_stream_is_read_from_a_position_on,
        what_is_announced_stands_in_the_log,
        a_full_feed_leaves_a_gap_that_the_log_fills,
        a_caller_that_hangs_up_changes_nothing,
        what_was_sent_is_written_before_the_writer_ends,
    ]
    .to_vec()
}

struct People {
    ann: Party<RiderId>,
    bob: Party<DriverId>,
    op: OperatorId,
}

fn people(town: &Town) -> People {
    People {
        ann: town.rider("ann"),
        bob: town.driver("bob"),
        op: town.operator("op"),
    }
}

/// Sequences of actions that lead trips to each of their ends.
fn lives(people: &People) -> Vec<Vec<Action>> {
    let bob = people.bob.id;
    let reason = || Reason::parse("The road is flooded").expect("a reason");
    let accept = || Action::Accept(people.bob.clone(), Outset::default());
    vec![
        vec![
            accept(),
            Action::Arrive(bob, None),
            Action::Start(bob, None),
            Action::Complete(bob, Some(Box::default())),
        ],
        vec![Action::Cancel(people.ann.id, Some(reason()))],
        vec![accept(), Action::Cancel(people.ann.id, None)],
        vec![accept(), Action::CancelByOperator(people.op, reason())],
    ]
}

fn every_change_is_one_event_with_the_trip_as_it_was(on: On) {
    let mut town = Town::on(on);
    let people = people(&town);
    let mut expected = Vec::new();
    for life in lives(&people) {
        let mut trip = town.requested_by(&people.ann);
        assert_eq!(town.stored(trip.id), trip);
        let change = TripChange {
            kind: TripEventKind::Requested,
            trip: trip.clone(),
            before: None,
        };
        expected.push((people.ann.id.user(), change));
        for action in life {
            let before = Before::from(&trip);
            trip = town.trip(act(&trip, action.clone()));
            assert_eq!(
                town.stored(trip.id),
                trip,
                "the answer is what the row says"
            );
            let change = TripChange {
                kind: TripEventKind::of(&action, before.status),
                trip: trip.clone(),
                before: Some(before),
            };
            expected.push((action.actor().user().expect("a person"), change));
        }
    }
    let log = town.log();
    let kept: Vec<(UserId, TripChange)> = log
        .iter()
        .filter_map(|event| Some((event.actor.user()?, event.trip()?.clone())))
        .collect();
    assert_eq!(kept, expected);
    let mut announced = Vec::new();
    while announced.len() < log.len() {
        announced.extend(town.news().iter().map(|event| Event::clone(event)));
    }
    assert_eq!(announced, log, "announced as it is kept");
}

/// The events of every stream. Their sequences must be 1, 2, 3 and so on, in one epoch.
fn by_stream(log: &[Event]) -> HashMap<Stream, Vec<&Event>> {
    let mut streams: HashMap<Stream, Vec<&Event>> = HashMap::new();
    let mut epochs = HashMap::new();
    for event in log {
        for position in &event.positions {
            let events = streams.entry(position.stream).or_default();
            events.push(event);
            assert_eq!(
                position.sequence,
                i64::try_from(events.len()).expect("few events")
            );
            assert_eq!(
                *epochs.entry(position.stream).or_insert(position.epoch),
                position.epoch
            );
        }
    }
    streams
}

fn streams_carry_what_concerns_them_without_gaps(on: On) {
    let town = Town::on(on);
    let people = people(&town);
    for life in lives(&people) {
        let trip = town.requested_by(&people.ann);
        let commands = life.into_iter().map(|action| act(&trip, action));
        for outcome in town.commands_in_one_batch(commands) {
            outcome.expect("allowed after the one before");
        }
    }
    let log = town.log();
    let streams = by_stream(&log);
    let ann = Stream::User(people.ann.id.user());
    assert_eq!(
        changes(&streams[&ann]).len(),
        changes(&log).len(),
        "a rider hears all"
    );
    let (accepted, cancelled) = ("accepted", ["cancelled", "notification"]);
    assert_eq!(
        kinds(&streams[&Stream::User(people.bob.id.user())]),
        [
            &[accepted, "arrived", "started", "completed", accepted][..],
            &cancelled,
            &[accepted],
            &cancelled
        ]
        .concat(),
        "a driver hears what follows his accept"
    );
    assert_eq!(
        kinds(&streams[&Stream::Drivers]),
        [
            "requested",
            "accepted",
            "requested",
            "cancelled",
            "requested",
            "accepted",
            "requested",
            "accepted"
        ],
        "drivers hear what comes up and what goes"
    );
    assert_eq!(
        changes(&streams[&Stream::Staff]).len(),
        changes(&log).len(),
        "operators hear of all trips"
    );
    assert_eq!(streams.len(), 4);
}

fn a_stream_is_read_from_a_position_on(on: On) {
    let town = Town::on(on);
    let ann = town.rider("ann");
    for _ in 0..3 {
        town.requested_by(&ann);
    }
    let stream = Stream::User(ann.id.user());
    let from = |sequence, limit| -> Vec<Option<i64>> {
        let read = town.read(move |db| events::of_stream(db, stream, sequence, i64::MAX, limit));
        read.iter().map(|event| event.sequence_in(stream)).collect()
    };
    assert_eq!(from(1, 10), [Some(1), Some(2), Some(3)]);
    assert_eq!(from(2, 1), [Some(2)]);
    assert_eq!(from(4, 10), []);
    let nobody = Stream::User(UserId::new(99_999));
    assert_eq!(
        town.read(move |db| events::of_stream(db, nobody, 1, i64::MAX, 10)),
        []
    );
}

fn what_is_announced_stands_in_the_log(on: On) {
    let mut town = Town::on(on);
    let ann = town.rider("ann");
    for round in 0..20 {
        let trip = request(&ann);
        let writes = vec![town.later(trip.clone()), town.later(trip)];
        // The second has the key of the first trip, which must be unique. So the batch is written one by one.
        let outcomes = town.in_one_batch(writes);
        assert_eq!(
            outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
            1,
            "round {round}"
        );
        let news = town.news();
        let (first, last) = (news[0].id, news[news.len() - 1].id);
        let (log, _) = town.read(move |db| events::range(db, first, last, i64::MAX));
        assert_eq!(
            log,
            news.iter()
                .map(|event| (**event).clone())
                .collect::<Vec<_>>()
        );
        let trip = changes(&log)[0].trip.clone();
        town.trip(act(&trip, Action::Cancel(ann.id, None)));
        town.news();
    }
}

fn a_full_feed_leaves_a_gap_that_the_log_fills(on: On) {
    let mut town = Town::within(
        on,
        StoreBounds {
            feed_max: 2,
            ..StoreBounds::STANDARD
        },
    );
    let people = people(&town);
    let trip = town.requested_by(&people.ann);
    town.trip(accept(&trip, &people.bob));
    for action in [
        Action::Arrive(people.bob.id, None),
        Action::Start(people.bob.id, None),
    ] {
        town.trip(act(&trip, action));
    }
    let mut heard: Vec<i64> = Vec::new();
    heard.extend(town.news().iter().map(|event| event.id));
    // There is room again, but nothing may overtake the gap.
    town.trip(act(
        &trip,
        Action::Complete(people.bob.id, Some(Box::default())),
    ));
    heard.extend(town.news().iter().map(|event| event.id));
    match town.next() {
        Item::Gap { first, last } => {
            let (missed, _) = town.read(move |db| events::range(db, first, last, i64::MAX));
            assert_eq!(
                kinds(&missed),
                ["arrived", "notification", "started", "completed"]
            );
            heard.extend(missed.iter().map(|event| event.id));
        }
        news @ Item::News(_) => panic!("the gap was due, not {news:?}"),
    }
    town.requested_by(&people.ann);
    heard.extend(town.news().iter().map(|event| event.id));
    let log: Vec<i64> = town.log().iter().map(|event| event.id).collect();
    assert_eq!(heard, log, "everything once, in order");
}

fn a_caller_that_hangs_up_changes_nothing(on: On) {
    let mut town = Town::on(on);
    let ann = town.rider("ann");
    let mut write = town.later(request(&ann));
    let hung_up: Write<'_, ()> = Box::pin(async {
        assert!(sent(write.as_mut()).await);
        drop(write);
        tokio::task::yield_now().await;
    });
    town.in_one_batch(vec![hung_up]);
    assert_eq!(
        town.news().len(),
        1,
        "it is written and announced all the same"
    );
    assert_eq!(town.log().len(), 1);
}

fn what_was_sent_is_written_before_the_writer_ends(on: On) {
    const RIDERS: usize = 20;
    let town = Town::on(on);
    let riders: Vec<_> = (0..RIDERS)
        .map(|number| town.rider(&format!("rider{number}")))
        .collect();
    for rider in &riders {
        let mut write = town.later(request(rider));
        town.wait_for(sent(write.as_mut()));
    }
    let (database, mut feed) = town.close();
    let runtime = runtime();
    let mut announced = 0;
    while let Some(item) = wait_for(&runtime, feed.next()) {
        match item {
            Item::News(news) => announced += news.events.len(),
            gap @ Item::Gap { .. } => panic!("there was room, but: {gap:?}"),
        }
    }
    let log = events::range(&mut database.connect(), 1, i64::MAX, i64::MAX)
        .expect("the log can be read")
        .0;
    assert_eq!((log.len(), announced), (RIDERS, RIDERS));
}

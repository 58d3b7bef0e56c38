//! Streams are read for many clients at once, and purged from their beginnings.

use std::collections::HashMap;

use cabrank::domain::{Party, RiderId, Stream, Trip, UserId};
use cabrank::inputs;
use cabrank::store::streams::{self, StreamPart, StreamStanding};
use jiff::{SignedDuration, Timestamp};

use crate::support::{On, Test};
use crate::tests;
use crate::town::{Town, request};

pub fn tests() -> Vec<Test> {
    tests![
        a_stream_is_seen_from_any_place_in_it,
        many_parts_of_streams_are_read_at_once,
        what_is_old_is_forgotten_from_the_beginning_of_each_stream,
        nothing_is_forgotten_behind_what_is_kept,
    ]
    .to_vec()
}

fn requested_at(town: &Town, rider: &Party<RiderId>, at: Timestamp) -> Trip {
    let mut command = request(rider);
    command.at = at;
    town.trip(command)
}

fn heads(town: &Town, positions: &[(Stream, i64)]) -> HashMap<(Stream, i64), StreamStanding> {
    let positions = positions.to_vec();
    town.read(move |db| streams::heads(db, &positions))
}

/// Stream, sequence and event number of all entries in these parts.
fn read(town: &Town, parts: &[(Stream, i64, i64)], limit: i64) -> Vec<(Stream, i64, i64)> {
    let part = |(stream, first, last): &(Stream, i64, i64)| StreamPart {
        stream: *stream,
        first: *first,
        last: *last,
    };
    let parts: Vec<StreamPart> = parts.iter().map(part).collect();
    let found = town.read(move |db| streams::read(db, &parts, limit));
    for ((stream, sequence), event) in &found {
        assert_eq!(event.sequence_in(*stream), Some(*sequence));
    }
    let found = found.into_iter();
    found
        .map(|((stream, sequence), event)| (stream, sequence, event.id))
        .collect()
}

fn purge(town: &Town, since: Timestamp, limit: i64) -> usize {
    let purged = town
        .store
        .writer
        .change(move |tx| streams::purge(tx.db, since, limit));
    town.wait_for(purged).expect("rows can be deleted")
}

fn a_stream_is_seen_from_any_place_in_it(on: On) {
    let town = Town::on(on);
    let ann = town.rider("ann");
    let own = Stream::User(ann.id.user());
    let nobody = Stream::User(UserId::new(99_999));
    assert!(heads(&town, &[]).is_empty());
    assert!(heads(&town, &[(own, 0), (nobody, 7)]).is_empty());

    let times: Vec<Timestamp> = (0..2).map(|_| town.requested_by(&ann).changed_at).collect();
    let epoch = town.log()[0].positions[0].epoch;
    let seen = |next_at| StreamStanding {
        epoch,
        sequence: 2,
        next_at,
    };
    let positions = [
        (own, 0),
        (own, 1),
        (own, 2),
        (own, 9),
        (own, 1),
        (nobody, 0),
    ];
    let expected = [
        ((own, 0), seen(Some(times[0]))),
        ((own, 1), seen(Some(times[1]))),
        ((own, 2), seen(None)),
        ((own, 9), seen(None)),
    ];
    assert_eq!(heads(&town, &positions), HashMap::from(expected));
}

fn many_parts_of_streams_are_read_at_once(on: On) {
    let town = Town::on(on);
    let (ann, eve) = (town.rider("ann"), town.rider("eve"));
    for rider in [&ann, &eve, &ann, &ann] {
        town.requested_by(rider);
    }
    let numbers: Vec<i64> = town.log().iter().map(|event| event.id).collect();
    let (own, hers) = (Stream::User(ann.id.user()), Stream::User(eve.id.user()));
    let drivers = Stream::Drivers;
    assert_eq!(read(&town, &[], 10), []);
    assert_eq!(
        read(
            &town,
            &[(drivers, 2, 3), (own, 2, 3), (hers, 1, 1), (drivers, 3, 3)],
            10
        ),
        [
            (own, 2, numbers[2]),
            (own, 3, numbers[3]),
            (hers, 1, numbers[1]),
            (drivers, 2, numbers[1]),
            (drivers, 3, numbers[2]),
        ],
        "an event stands in more than one stream"
    );
    assert_eq!(
        read(&town, &[(own, 1, 3), (drivers, 4, 9)], 2),
        [
            (own, 1, numbers[0]),
            (own, 2, numbers[2]),
            (drivers, 4, numbers[3])
        ],
        "the first ones of each part"
    );
    assert_eq!(read(&town, &[(own, 4, 9), (own, 3, 2)], 10), []);
}

fn what_is_old_is_forgotten_from_the_beginning_of_each_stream(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let (now, day) = (inputs::now(), SignedDuration::from_hours(24));
    requested_at(&town, &ann, now - day * 3);
    requested_at(&town, &ann, now - day * 2);
    let young = requested_at(&town, &ann, now);
    let log = town.log();
    let (own, drivers) = (Stream::User(ann.id.user()), Stream::Drivers);
    let whole = [(own, 1, 9), (drivers, 1, 9)];
    assert_eq!(purge(&town, now - day * 4, 500), 0);
    assert_eq!(read(&town, &whole, 500).len(), 6);

    assert_eq!(
        purge(&town, now - day, 1),
        3,
        "an event goes from all streams"
    );
    assert_eq!(purge(&town, now - day, 500), 3);
    assert_eq!(purge(&town, now - day, 500), 0);
    let left = [(own, 3, log[2].id), (drivers, 3, log[2].id)];
    assert_eq!(read(&town, &whole, 500), left);
    assert_eq!(town.log(), log, "the log keeps what happened");

    let head = |sequence| heads(&town, &[(own, sequence)])[&(own, sequence)];
    let epoch = log[0].positions[0].epoch;
    for (sequence, next_at) in [(0, None), (1, None), (2, Some(young.changed_at)), (3, None)] {
        let expected = StreamStanding {
            epoch,
            sequence: 3,
            next_at,
        };
        assert_eq!(head(sequence), expected, "seen from {sequence}");
    }
    assert_eq!(purge(&town, now + day, 500), 3);
    town.trip(crate::town::accept(&young, &bob));
    assert_eq!(head(3).sequence, 4, "it goes on where it was");
    assert_eq!(head(3).epoch, epoch);
}

/// The clocks of two nodes differ, so an old event may follow a young one.
fn nothing_is_forgotten_behind_what_is_kept(on: On) {
    let town = Town::on(on);
    let ann = town.rider("ann");
    let (now, day) = (inputs::now(), SignedDuration::from_hours(24));
    for at in [now - day * 3, now, now - day * 2] {
        requested_at(&town, &ann, at);
    }
    assert_eq!(purge(&town, now - day, 500), 3);
    let own = Stream::User(ann.id.user());
    let kept: Vec<i64> = read(&town, &[(own, 1, 9)], 500)
        .into_iter()
        .map(|(_, sequence, _)| sequence)
        .collect();
    assert_eq!(kept, [2, 3]);
}

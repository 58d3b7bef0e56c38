//! Clients that were away: whether they go on where they stopped, and which snapshot they get if not.

use cabrank::domain::{
    Audience, OperatorId, Party, RiderId, Role, Stream, Trip, TripId, UserId, Viewer,
};
use cabrank::inputs;
use cabrank::resume::{BadPosition, Reason, Resume, ResumeRequest, Resumption, StreamCursor};
use cabrank::store::streams;
use futures_util::future::join_all;
use jiff::SignedDuration;

use crate::support::{On, Test};
use crate::tests;
use crate::town::{Town, Write, accept, notify};

pub fn tests() -> Vec<Test> {
    tests![
        a_client_without_places_is_shown_what_it_must_know,
        a_client_goes_on_where_it_stopped,
        a_place_that_is_not_known_is_answered_with_a_snapshot,
        what_is_no_longer_kept_is_answered_with_a_snapshot,
        who_is_too_far_behind_is_shown_a_snapshot,
        a_place_in_a_strangers_stream_is_refused,
        after_a_restore_everybody_is_shown_a_snapshot,
        many_clients_each_get_their_own_answer,
    ]
    .to_vec()
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn viewer(user: impl Into<UserId>, role: Role) -> Viewer {
    let user = user.into();
    Viewer { user, role }
}

fn ask(resume: &Resume, town: &Town, viewer: Viewer, cursors: &[StreamCursor]) -> Resumption {
    let request = ResumeRequest::new(viewer, cursors.to_vec()).expect("its own streams");
    town.wait_for(resume.open(request))
        .expect("the database can be read")
}

fn reason(opening: &Resumption) -> Option<Reason> {
    opening.snapshot.as_ref().map(|snapshot| snapshot.reason)
}

fn ids(trips: &[Trip]) -> Vec<TripId> {
    trips.iter().map(|trip| trip.id).collect()
}

/// A town in which the rider's stream has one event.
fn with_a_request(on: On) -> (Town, Resume, Party<RiderId>, Trip) {
    let town = Town::on(on);
    let resume = Resume::new(&town.store, DAY);
    let ann = town.rider("ann");
    let trip = town.requested_by(&ann);
    (town, resume, ann, trip)
}

/// Sends a number of notifications to everybody, at the same time.
fn notify_all(town: &Town, op: OperatorId, times: usize) {
    let send = |_| -> Write<'static, bool> {
        let writer = town.store.writer.clone();
        let notice = notify(op, Audience::All, DAY);
        Box::pin(async move { writer.record(notice).await.is_ok() })
    };
    let sent = town.wait_for(join_all((0..times).map(send)));
    assert!(sent.into_iter().all(|sent| sent));
}

fn a_client_without_places_is_shown_what_it_must_know(on: On) {
    let (town, resume, ann, one) = with_a_request(on);
    let (eve, bob, op) = (town.rider("eve"), town.driver("bob"), town.operator("op"));
    let two = town.requested_by(&eve);
    let three = town.requested_by(&ann);
    town.trip(accept(&one, &bob));
    notify_all(&town, op, 2);
    for (viewer, trips) in [
        (
            viewer(ann.id, Role::Rider),
            ids(&[three.clone(), one.clone()]),
        ),
        (viewer(eve.id, Role::Rider), vec![two.id]),
        (
            viewer(bob.id, Role::Driver),
            ids(&[three.clone(), two.clone(), one.clone()]),
        ),
        (viewer(op, Role::Operator), ids(&[three, two, one])),
    ] {
        let opening = ask(&resume, &town, viewer, &[]);
        let snapshot = opening.snapshot.expect("it gave no cursors");
        assert_eq!(snapshot.reason, Reason::NoPosition);
        let shown: Vec<TripId> = snapshot.trips().map(|trip| trip.id).collect();
        assert_eq!(shown, trips, "{viewer:?}");
        assert_eq!(snapshot.unread, 2);
        let streams: Vec<Stream> = opening.cursors.iter().map(|cursor| cursor.stream).collect();
        assert_eq!(streams, Stream::of(viewer.user, viewer.role));
        let ends = opening.cursors.iter();
        let ends: Vec<_> = ends
            .map(|cursor| (cursor.stream, cursor.sequence))
            .collect();
        assert_eq!(ends, opening.heads, "it goes on from the present");
    }
}

fn a_client_goes_on_where_it_stopped(on: On) {
    let (town, resume, ann, trip) = with_a_request(on);
    let ann = viewer(ann.id, Role::Rider);
    let own = Stream::User(ann.user);
    let then = ask(&resume, &town, ann, &[]).cursors;
    let [cursor, ..] = then[..] else {
        panic!("it has streams");
    };
    assert_eq!((cursor.stream, cursor.sequence), (own, 1));
    let untouched = then.iter().filter(|cursor| cursor.stream != own);
    assert!(untouched.clone().count() > 0);
    for cursor in untouched {
        assert_eq!((cursor.epoch, cursor.sequence), (None, 0), "never used yet");
    }

    let now = ask(&resume, &town, ann, &then);
    assert_eq!(
        (reason(&now), &now.cursors),
        (None, &then),
        "nothing is new"
    );
    town.trip(accept(&trip, &town.driver("bob")));
    notify_all(&town, town.operator("op"), 3);
    let now = ask(&resume, &town, ann, &then);
    assert_eq!((reason(&now), &now.cursors), (None, &then));
    let role = Stream::Role(Role::Rider);
    assert_eq!(now.heads, [(own, 2), (role, 0), (Stream::All, 3)]);
}

fn a_place_that_is_not_known_is_answered_with_a_snapshot(on: On) {
    let (town, resume, ann, _) = with_a_request(on);
    let ann = viewer(ann.id, Role::Rider);
    let now = ask(&resume, &town, ann, &[]).cursors;
    let with = |change: fn(&mut StreamCursor)| {
        let mut cursors = now.clone();
        change(&mut cursors[0]);
        ask(&resume, &town, ann, &cursors)
    };
    let other_epoch = with(|cursor| cursor.epoch = Some(inputs::fresh_id()));
    let future = with(|cursor| cursor.sequence += 1);
    let beginning = with(|cursor| (cursor.epoch, cursor.sequence) = (None, 0));
    let some = ask(&resume, &town, ann, &now[1..]);
    for (opening, why) in [
        (&other_epoch, Some(Reason::UnknownEpoch)),
        (&future, Some(Reason::UnknownSequence)),
        (&some, Some(Reason::NoPosition)),
        (&beginning, None),
    ] {
        assert_eq!(reason(opening), why);
        if why.is_some() {
            assert_eq!(opening.cursors, now);
        }
    }
}

fn what_is_no_longer_kept_is_answered_with_a_snapshot(on: On) {
    let (town, resume, ann, _) = with_a_request(on);
    let ann = viewer(ann.id, Role::Rider);
    let mut before = ask(&resume, &town, ann, &[]).cursors;
    let at_the_head = before.clone();
    before[0].sequence = 0;
    assert_eq!(reason(&ask(&resume, &town, ann, &before)), None);
    let forgetful = Resume::new(&town.store, SignedDuration::ZERO);
    let too_old = ask(&forgetful, &town, ann, &before);
    assert_eq!(reason(&too_old), Some(Reason::TooOld));

    let soon = inputs::now() + SignedDuration::from_secs(1);
    let purged = town
        .store
        .writer
        .change(move |tx| streams::purge(tx.db, soon, 500));
    assert_eq!(town.wait_for(purged).ok(), Some(3));
    let purged = ask(&resume, &town, ann, &before);
    assert_eq!(reason(&purged), Some(Reason::TooOld));
    let here = ask(&resume, &town, ann, &at_the_head);
    assert_eq!(reason(&here), None, "who has seen all has missed nothing");
}

fn who_is_too_far_behind_is_shown_a_snapshot(on: On) {
    let (town, resume, ann, _) = with_a_request(on);
    let op = town.operator("op");
    let ann = viewer(ann.id, Role::Rider);
    notify_all(&town, op, 1);
    let then = ask(&resume, &town, ann, &[]).cursors;
    notify_all(&town, op, 1_000);
    assert_eq!(reason(&ask(&resume, &town, ann, &then)), None);
    notify_all(&town, op, 1);
    let opening = ask(&resume, &town, ann, &then);
    assert_eq!(reason(&opening), Some(Reason::TooFarBehind));
    assert_eq!(opening.snapshot.map(|shown| shown.unread), Some(1_002));
}

fn a_place_in_a_strangers_stream_is_refused(_: On) {
    let ann = viewer(UserId::new(1), Role::Rider);
    for stream in [
        Stream::User(UserId::new(2)),
        Stream::Drivers,
        Stream::Role(Role::Operator),
    ] {
        let cursor = StreamCursor {
            stream,
            epoch: None,
            sequence: 0,
        };
        let refused: Result<ResumeRequest, BadPosition> = ResumeRequest::new(ann, vec![cursor]);
        let words = format!("{stream} is not a stream of yours.");
        assert_eq!(refused.map_err(|bad| bad.to_string()).err(), Some(words));
    }
}

fn after_a_restore_everybody_is_shown_a_snapshot(on: On) {
    let (town, resume, ann, trip) = with_a_request(on);
    let ann = viewer(ann.id, Role::Rider);
    let then = ask(&resume, &town, ann, &[]).cursors;
    let epoch = inputs::fresh_id();
    let renewed = town
        .store
        .writer
        .change(move |tx| streams::renew(tx.db, epoch));
    assert_eq!(
        town.wait_for(renewed).ok(),
        Some(3),
        "hers, the drivers' and the staff's"
    );
    let opening = ask(&resume, &town, ann, &then);
    assert_eq!(reason(&opening), Some(Reason::UnknownEpoch));
    assert_eq!(opening.cursors[0].epoch, Some(epoch));
    town.trip(accept(&trip, &town.driver("bob")));
    let position = town.log()[1].positions[0];
    assert_eq!((position.epoch, position.sequence), (epoch, 2));
    let now = ask(&resume, &town, ann, &opening.cursors);
    assert_eq!(reason(&now), None);
}

fn many_clients_each_get_their_own_answer(on: On) {
    let (town, resume, ann, trip) = with_a_request(on);
    let riders: Vec<_> = (0..20)
        .map(|number| town.rider(&format!("rider{number}")))
        .collect();
    let own: Vec<Vec<TripId>> = riders
        .iter()
        .enumerate()
        .map(|(number, rider)| match number % 2 {
            0 => vec![town.requested_by(rider).id],
            _ => vec![],
        })
        .collect();
    // One rider resumes twice: once with cursors, among clients that have none.
    let there = ask(&resume, &town, viewer(ann.id, Role::Rider), &[]).cursors;
    let mut requests: Vec<ResumeRequest> = riders
        .iter()
        .chain([&ann])
        .map(|rider| ResumeRequest::new(viewer(rider.id, Role::Rider), Vec::new()))
        .collect::<Result<_, _>>()
        .expect("no cursors");
    let again = ResumeRequest::new(viewer(ann.id, Role::Rider), there).expect("her own");
    requests.insert(7, again);
    let openings = town.wait_for(join_all(
        requests.into_iter().map(|request| resume.open(request)),
    ));
    let mut shown: Vec<Option<Vec<TripId>>> = openings
        .into_iter()
        .map(|opening| opening.expect("the database can be read").snapshot)
        .map(|snapshot| snapshot.map(|snapshot| ids(&snapshot.trips)))
        .collect();
    assert_eq!(shown.remove(7), None, "she has missed nothing");
    let expected = own.into_iter().chain([vec![trip.id]]).map(Some);
    assert_eq!(shown, expected.collect::<Vec<_>>());
}

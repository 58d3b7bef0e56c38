//! Clients that were away: whether they go on where they stopped, and what they are shown if not.

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

fn ask(resume: &Resume, town: &Town, viewer: Viewer, places: &[StreamCursor]) -> Resumption {
    let asked = ResumeRequest::new(viewer, places.to_vec()).expect("its own streams");
    town.wait_for(resume.open(asked))
        .expect("the database can be read")
}

fn reason(opening: &Resumption) -> Option<Reason> {
    opening.snapshot.as_ref().map(|snapshot| snapshot.reason)
}

fn ids(trips: &[Trip]) -> Vec<TripId> {
    trips.iter().map(|trip| trip.id).collect()
}

/// A town in which the rider has one event in her stream.
fn with_a_request(on: On) -> (Town, Resume, Party<RiderId>, Trip) {
    let town = Town::on(on);
    let resume = Resume::new(&town.store, DAY);
    let ann = town.rider("ann");
    let trip = town.requested_by(&ann);
    (town, resume, ann, trip)
}

/// An operator tells everybody something, so many times at once.
fn tell_all(town: &Town, op: OperatorId, times: usize) {
    let tell = |_| -> Write<'static, bool> {
        let writer = town.store.writer.clone();
        let notice = notify(op, Audience::All, DAY);
        Box::pin(async move { writer.record(notice).await.is_ok() })
    };
    let told = town.wait_for(join_all((0..times).map(tell)));
    assert!(told.into_iter().all(|told| told));
}

fn a_client_without_places_is_shown_what_it_must_know(on: On) {
    let (town, resume, ann, one) = with_a_request(on);
    let (eve, bob, op) = (town.rider("eve"), town.driver("bob"), town.operator("op"));
    let two = town.requested_by(&eve);
    let three = town.requested_by(&ann);
    town.trip(accept(&one, &bob));
    tell_all(&town, op, 2);
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
        let snapshot = opening.snapshot.expect("it gave no places");
        assert_eq!(snapshot.reason, Reason::NoPosition);
        let shown: Vec<TripId> = snapshot.trips().map(|trip| trip.id).collect();
        assert_eq!(shown, trips, "{viewer:?}");
        assert_eq!(snapshot.unread, 2);
        let streams: Vec<Stream> = opening.places.iter().map(|place| place.stream).collect();
        assert_eq!(streams, Stream::of(viewer.user, viewer.role));
        let ends = opening.places.iter();
        let ends: Vec<_> = ends.map(|place| (place.stream, place.sequence)).collect();
        assert_eq!(ends, opening.heads, "it goes on from the present");
    }
}

fn a_client_goes_on_where_it_stopped(on: On) {
    let (town, resume, ann, trip) = with_a_request(on);
    let ann = viewer(ann.id, Role::Rider);
    let own = Stream::User(ann.user);
    let then = ask(&resume, &town, ann, &[]).places;
    let [place, ..] = then[..] else {
        panic!("it has streams");
    };
    assert_eq!((place.stream, place.sequence), (own, 1));
    let untouched = then.iter().filter(|place| place.stream != own);
    assert!(untouched.clone().count() > 0);
    for place in untouched {
        assert_eq!((place.epoch, place.sequence), (None, 0), "never used yet");
    }

    let now = ask(&resume, &town, ann, &then);
    assert_eq!((reason(&now), &now.places), (None, &then), "nothing is new");
    town.trip(accept(&trip, &town.driver("bob")));
    tell_all(&town, town.operator("op"), 3);
    let now = ask(&resume, &town, ann, &then);
    assert_eq!((reason(&now), &now.places), (None, &then));
    let role = Stream::Role(Role::Rider);
    assert_eq!(now.heads, [(own, 2), (role, 0), (Stream::All, 3)]);
}

fn a_place_that_is_not_known_is_answered_with_a_snapshot(on: On) {
    let (town, resume, ann, _) = with_a_request(on);
    let ann = viewer(ann.id, Role::Rider);
    let now = ask(&resume, &town, ann, &[]).places;
    let with = |change: fn(&mut StreamCursor)| {
        let mut places = now.clone();
        change(&mut places[0]);
        ask(&resume, &town, ann, &places)
    };
    let other_life = with(|place| place.epoch = Some(inputs::fresh_id()));
    let future = with(|place| place.sequence += 1);
    let beginning = with(|place| (place.epoch, place.sequence) = (None, 0));
    let some = ask(&resume, &town, ann, &now[1..]);
    for (opening, why) in [
        (&other_life, Some(Reason::UnknownEpoch)),
        (&future, Some(Reason::UnknownSequence)),
        (&some, Some(Reason::NoPosition)),
        (&beginning, None),
    ] {
        assert_eq!(reason(opening), why);
        if why.is_some() {
            assert_eq!(opening.places, now);
        }
    }
}

fn what_is_no_longer_kept_is_answered_with_a_snapshot(on: On) {
    let (town, resume, ann, _) = with_a_request(on);
    let ann = viewer(ann.id, Role::Rider);
    let mut before = ask(&resume, &town, ann, &[]).places;
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
    tell_all(&town, op, 1);
    let then = ask(&resume, &town, ann, &[]).places;
    tell_all(&town, op, 1_000);
    assert_eq!(reason(&ask(&resume, &town, ann, &then)), None);
    tell_all(&town, op, 1);
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
        let place = StreamCursor {
            stream,
            epoch: None,
            sequence: 0,
        };
        let refused: Result<ResumeRequest, BadPosition> = ResumeRequest::new(ann, vec![place]);
        let words = format!("{stream} is not a stream of yours.");
        assert_eq!(refused.map_err(|bad| bad.to_string()).err(), Some(words));
    }
}

fn after_a_restore_everybody_is_shown_a_snapshot(on: On) {
    let (town, resume, ann, trip) = with_a_request(on);
    let ann = viewer(ann.id, Role::Rider);
    let then = ask(&resume, &town, ann, &[]).places;
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
    assert_eq!(opening.places[0].epoch, Some(epoch));
    town.trip(accept(&trip, &town.driver("bob")));
    let position = town.log()[1].positions[0];
    assert_eq!((position.epoch, position.sequence), (epoch, 2));
    let now = ask(&resume, &town, ann, &opening.places);
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
    // One of them is there twice, and one resumes among those who do not.
    let there = ask(&resume, &town, viewer(ann.id, Role::Rider), &[]).places;
    let mut asked: Vec<ResumeRequest> = riders
        .iter()
        .chain([&ann])
        .map(|rider| ResumeRequest::new(viewer(rider.id, Role::Rider), Vec::new()))
        .collect::<Result<_, _>>()
        .expect("no places");
    let again = ResumeRequest::new(viewer(ann.id, Role::Rider), there).expect("her own");
    asked.insert(7, again);
    let openings = town.wait_for(join_all(asked.into_iter().map(|asked| resume.open(asked))));
    let mut shown: Vec<Option<Vec<TripId>>> = openings
        .into_iter()
        .map(|opening| opening.expect("the database can be read").snapshot)
        .map(|snapshot| snapshot.map(|snapshot| ids(&snapshot.trips)))
        .collect();
    assert_eq!(shown.remove(7), None, "she has missed nothing");
    let expected = own.into_iter().chain([vec![trip.id]]).map(Some);
    assert_eq!(shown, expected.collect::<Vec<_>>());
}

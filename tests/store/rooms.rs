//! The messages that the parties of a trip write to each other.

use cabrank::domain::core::{Refusal, Submission};
use cabrank::domain::{Action, Audience, Fact, NoRoom, Role, Stream, TripId, UserId};
use cabrank::inputs;
use cabrank::store::events;
use jiff::SignedDuration;

use crate::support::{On, Test};
use crate::tests;
use crate::town::{
    ROOM_AFTER, Town, Write, accept, act, kinds, notify, party, refusal, request, say,
};

pub fn tests() -> Vec<Test> {
    tests![
        a_rooms_messages_are_read_in_order,
        both_parties_hear_a_message_and_the_trip_is_as_it_was,
        only_the_parties_may_talk,
        a_room_is_open_from_acceptance_until_a_while_after_the_end,
        a_post_is_decided_among_the_commands_of_its_batch,
    ]
    .to_vec()
}

fn texts(town: &Town, trip: i64, party: UserId, after: i64, limit: i64) -> Vec<String> {
    let found = town.read(move |db| events::messages(db, trip, party, after, limit));
    let text = |event: &cabrank::domain::Event| match &event.fact {
        Fact::Message(message) => message.text.as_str().to_owned(),
        other @ (Fact::Trip(_) | Fact::Notification(_) | Fact::Offer(_) | Fact::Shift(_)) => {
            panic!("no message: {other:?}")
        }
    };
    found.iter().map(text).collect()
}

fn a_rooms_messages_are_read_in_order(on: On) {
    let town = Town::on(on);
    let (ann, bob, cid) = (town.rider("ann"), town.driver("bob"), town.driver("cid"));
    let [trip, other] = std::array::from_fn(|_| town.requested_by(&ann));
    town.trip(accept(&trip, &bob));
    town.trip(accept(&other, &cid));
    let mut numbers = Vec::new();
    for text in ["1", "2", "3"] {
        let said = town.post(say(&trip, &ann, Role::Rider, text));
        numbers.push(said.expect("the room is open").id);
        town.post(say(&other, &cid, Role::Driver, "elsewhere"))
            .expect("the room is open");
    }
    let party = ann.id.user();
    let read = |after, limit| texts(&town, trip.number, party, after, limit);
    assert_eq!(read(0, 10), ["1", "2", "3"]);
    assert_eq!(read(0, 2), ["2", "3"], "the newest of them, oldest first");
    assert_eq!(read(numbers[0], 10), ["2", "3"]);
    assert_eq!(read(numbers[2], 10), [""; 0]);
    assert_eq!(texts(&town, 99_999, party, 0, 10), [""; 0]);
    let stranger = texts(&town, trip.number, cid.id.user(), 0, 10);
    assert_eq!(stranger, [""; 0], "it was not to them");
}

fn both_parties_hear_a_message_and_the_trip_is_as_it_was(on: On) {
    let mut town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let trip = town.requested_by(&ann);
    let trip = town.trip(accept(&trip, &bob));
    town.news();
    town.news();
    let post = say(&trip, &bob, Role::Driver, "I am here");
    let actor = post.command.actor();
    let said = town.post(post).expect("the room is open");
    assert_eq!(town.news(), std::slice::from_ref(&said));
    assert_eq!(town.log().last(), Some(&*said), "as it is kept");
    assert_eq!(said.actor, actor);
    match &said.fact {
        Fact::Message(message) => {
            assert_eq!((message.rider, message.driver), (ann.id, bob.id));
            assert_eq!(message.sender.id, bob.id.user());
        }
        other @ (Fact::Trip(_) | Fact::Notification(_) | Fact::Offer(_) | Fact::Shift(_)) => {
            panic!("no message: {other:?}")
        }
    }
    let positions = said.positions.iter();
    let positions: Vec<_> = positions.map(|at| (at.stream, at.sequence)).collect();
    let (rider, driver) = (Stream::User(ann.id.user()), Stream::User(bob.id.user()));
    assert_eq!(positions, [(rider, 3), (driver, 2)]);
    assert_eq!(town.stored(trip.id), trip);
}

fn only_the_parties_may_talk(on: On) {
    let town = Town::on(on);
    let (ann, eve) = (town.rider("ann"), town.rider("eve"));
    let (bob, cid) = (town.driver("bob"), town.driver("cid"));
    let op = party("op", town.operator("op"));
    let mut trip = town.requested_by(&ann);
    town.trip(accept(&trip, &bob));
    let refused = town.refused_post(say(&trip, &eve, Role::Rider, "Hello"));
    assert!(matches!(refused, Refusal::UnknownTrip));
    for stranger in [
        say(&trip, &cid, Role::Driver, "Hello"),
        say(&trip, &op, Role::Operator, "Hello"),
    ] {
        let refused = town.refused_post(stranger);
        assert!(matches!(refused, Refusal::NoRoom(NoRoom::Stranger)));
    }
    trip.id = TripId::new(inputs::fresh_id());
    let refused = town.refused_post(say(&trip, &ann, Role::Rider, "Hello"));
    assert!(matches!(refused, Refusal::UnknownTrip));
    let nobody = party("nobody", cabrank::domain::UserId::new(99_999));
    let refused = town.refused_post(say(&trip, &nobody, Role::Rider, "Hello"));
    assert!(matches!(refused, Refusal::NotActive));
    assert_eq!(town.log().len(), 2);
}

fn a_room_is_open_from_acceptance_until_a_while_after_the_end(on: On) {
    let town = Town::on(on);
    let (ann, bob) = (town.rider("ann"), town.driver("bob"));
    let trip = town.requested_by(&ann);
    let by_ann = || say(&trip, &ann, Role::Rider, "Hello");
    let by_bob = || say(&trip, &bob, Role::Driver, "Hello");
    let closed = |post| matches!(town.refused_post(post), Refusal::NoRoom(NoRoom::Closed));
    assert!(closed(by_ann()), "nobody has taken the trip");
    let before = town.refused_post(by_bob());
    assert!(matches!(before, Refusal::NoRoom(NoRoom::Stranger)));

    town.trip(accept(&trip, &bob));
    town.post(by_ann()).expect("it is open");
    let over = town.trip(act(&trip, Action::Cancel(ann.id, None)));
    let end = over.changed_at + ROOM_AFTER;
    for post in [by_ann(), by_bob()] {
        let second = SignedDuration::from_secs(1);
        let at = end - second;
        town.post(Submission { at, ..post.clone() })
            .expect("it is still open");
        assert!(closed(Submission { at: end, ..post }));
    }
}

fn a_post_is_decided_among_the_commands_of_its_batch(on: On) {
    let mut town = Town::on(on);
    let (ann, bob, op) = (town.rider("ann"), town.driver("bob"), town.operator("op"));
    let trip = town.requested_by(&ann);
    town.news();
    let post = |post: Submission| -> Write<'static, bool> {
        let writer = town.store.writer.clone();
        Box::pin(async move {
            let said = writer.record(post).await;
            if said.is_err() {
                assert!(matches!(refusal(said), Refusal::NoRoom(NoRoom::Closed)));
                return false;
            }
            true
        })
    };
    let command = |command| -> Write<'static, bool> {
        let sent = town.later(command);
        Box::pin(async move { sent.await.is_ok() })
    };
    let early = say(&trip, &ann, Role::Rider, "Anybody?");
    let in_time = say(&trip, &bob, Role::Driver, "I am coming");
    let notice = notify(op, Audience::All, SignedDuration::from_hours(1));
    let done = town.in_one_batch(vec![
        post(early),
        command(accept(&trip, &bob)),
        post(in_time),
        post(notice),
        command(request(&ann)),
    ]);
    assert_eq!(done, [false, true, true, true, true]);
    let news = town.news();
    assert_eq!(
        kinds(&news),
        ["accepted", "message", "notification", "requested"]
    );
    let numbers: Vec<i64> = news.iter().map(|event| event.id).collect();
    let log: Vec<i64> = town.log().iter().skip(1).map(|event| event.id).collect();
    assert_eq!(numbers, log, "in the order of the log");
    let heard = texts(&town, trip.number, ann.id.user(), 0, 10);
    assert_eq!(heard, ["I am coming"]);
}

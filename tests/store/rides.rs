//! Random commands, deadlines and crashes, on the real store and on a model of it.
//!
//! `CABRANK_RIDE_CASES` is the number of random lives of a town (24). A failing life is made as short as possible, and
//! then printed.

mod check;
mod city;
mod core;
mod intent;
mod model;
mod operation;
mod rules;
mod sweep;

use std::cell::RefCell;

use cabrank::domain::core::Reply;
use cabrank::domain::{Policy, RideEnding};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

use self::city::{City, Finding};
use self::model::{DRIVERS, DROP_OFF, PICK_UP};
use self::operation::{Call, Drive, GivenCode, Intent, Leave, ModelOrder, Round, Verb};
use crate::support::{On, Test};
use crate::tests;
use crate::town::{Town, kinds};

pub fn tests() -> Vec<Test> {
    tests![
        an_offer_that_its_batch_has_ended_is_over,
        an_offer_that_is_made_and_ends_in_one_batch_is_written_with_it,
        a_trip_for_everybody_is_offered_to_nobody,
        every_life_of_a_town_is_as_the_model_says,
    ]
    .to_vec()
}

/// One step in the life of a town.
#[derive(Debug, Clone)]
enum Step {
    Do(Intent),
    /// Several intents in one batch, one after the other.
    Together(Vec<Intent>),
    /// Several intents about one trip in one batch, by people who do not know of each other.
    Race(Vec<Intent>),
    /// A sweep: the first driver to propose, and how many to propose at once.
    Sweep(usize, usize),
    Restart,
    /// Several intents in a batch that is lost.
    Lose(Vec<Intent>),
    /// Time passes until every search for a driver has expired.
    LetTimePass,
}

fn every_life_of_a_town_is_as_the_model_says(on: On) {
    let cases = std::env::var("CABRANK_RIDE_CASES").map_or(24, |cases| {
        cases.parse().expect("CABRANK_RIDE_CASES is a number")
    });
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 100,
        ..ProptestConfig::default()
    });
    let lives = proptest::collection::vec((pause(), a_step()), 10..40);
    // Making a database takes longer than a life does, so lives that succeed share one.
    let last = RefCell::new(None);
    let lived = runner.run(&lives, |steps| {
        let town = last.take().unwrap_or_else(|| Town::on(on));
        last.replace(Some(live(town, &steps).map_err(TestCaseError::fail)?));
        Ok(())
    });
    match lived {
        Ok(()) => {}
        Err(TestError::Fail(why, _)) => panic!("{why}"),
        Err(TestError::Abort(why)) => panic!("the cases could not be made: {why}"),
    }
}

/// An intent about the trip with that number.
const fn by(actor: usize, trip: usize, verb: Verb) -> Intent {
    let actor = Some(actor);
    Intent { verb, trip, actor }
}

fn proposed(trip: usize, drivers: &[usize]) -> Intent {
    let round = Round {
        drivers: drivers.to_vec(),
        wave: drivers.len(),
        number: 0,
        attempts_ago: 0,
    };
    by(0, trip, Verb::Propose(round))
}

/// A city where drivers 1 to 3 are on shift and trip 0 waits for one of them.
fn begun(town: Town) -> City {
    let mut city = City::of_new_people(town);
    expect(city.carry_out(&beginning()));
    city
}

/// The town, once no trip waits any more.
fn at_rest(mut city: City) -> Town {
    expect(city.let_time_pass());
    city.town
}

fn expect(finding: Finding) {
    if let Err(why) = finding {
        panic!("{why}");
    }
}

fn an_offer_that_its_batch_has_ended_is_over(on: On) {
    let late = [
        Verb::Reply(Reply::Receive),
        Verb::Reply(Reply::Decline),
        Verb::Accept,
    ];
    let mut town = Town::on(on);
    for late in late {
        let ends = [
            by(2, 0, Verb::Reply(Reply::Decline)),
            by(1, 0, Verb::Accept),
            by(0, 0, Verb::Leave(Leave::Cancel)),
            by(2, 0, Verb::EndShift),
        ];
        for ends in ends {
            let mut city = begun(town);
            expect(city.carry_out(&[proposed(0, &[1, 2])]));
            expect(city.race(&[ends, by(2, 0, late.clone())]));
            town = at_rest(city);
        }
    }
}

fn an_offer_that_is_made_and_ends_in_one_batch_is_written_with_it(on: On) {
    for ends in [Verb::Reply(Reply::Decline), Verb::Accept, Verb::EndShift] {
        let mut city = begun(Town::on(on));
        city.town.news();
        expect(city.race(&[proposed(0, &[1, 2]), by(1, 0, ends)]));
        let news = city.town.news();
        let begun = kinds(&news).into_iter().filter(|kind| *kind == "offered");
        assert_eq!(begun.count(), 2);
        assert!(news.len() > 2, "all of the batch is written at once");
    }
}

fn a_trip_for_everybody_is_offered_to_nobody(on: On) {
    let mut city = begun(Town::on(on));
    let order = ModelOrder {
        policy: Policy::Broadcast,
        opens_in: None,
        has_code: false,
    };
    expect(city.carry_out(&[by(0, 0, Verb::Request(order)), proposed(1, &[1, 2])]));
}

/// Lives a life with people who are new in town. Returns the town afterwards, or what went wrong and what was done
/// before.
fn live(town: Town, steps: &[(i64, Step)]) -> Result<Town, String> {
    let mut city = take(City::of_new_people(town), &Step::Together(beginning()))?;
    for (pause, step) in steps {
        city.second += pause;
        city = take(city, step)?;
    }
    take(city, &Step::LetTimePass).map(|city| city.town)
}

/// Most drivers begin a shift, and a rider requests a trip.
fn beginning() -> Vec<Intent> {
    let on_shift = (1..DRIVERS).map(|driver| Intent {
        verb: Verb::BeginShift,
        trip: 0,
        actor: Some(driver),
    });
    let order = ModelOrder {
        policy: Policy::Nearest,
        opens_in: None,
        has_code: false,
    };
    let (verb, trip, actor) = (Verb::Request(order), 0, None);
    on_shift.chain([Intent { verb, trip, actor }]).collect()
}

fn take(mut city: City, step: &Step) -> Result<City, String> {
    let done = match step {
        Step::Do(intent) => city.carry_out(std::slice::from_ref(intent)),
        Step::Together(intents) => city.carry_out(intents),
        Step::Race(intents) => city.race(intents),
        Step::Sweep(first, wave) => city.sweep(*first, *wave),
        Step::Restart => return Ok(city.restart()),
        Step::Lose(intents) => return city.lose(intents),
        Step::LetTimePass => city.let_time_pass(),
    };
    match done {
        Ok(()) => Ok(city),
        Err(why) => Err(city.story(&why)),
    }
}

/// Now and then a clock is set back.
fn pause() -> impl Strategy<Value = i64> {
    prop_oneof![8 => -2..4_i64, 4 => 4..20_i64, 1 => 60..320_i64]
}

fn a_step() -> impl Strategy<Value = Step> {
    let intents = || proptest::collection::vec(an_intent(), 2..4);
    prop_oneof![
        24 => an_intent().prop_map(Step::Do),
        4 => intents().prop_map(Step::Together),
        6 => a_race().prop_map(Step::Race),
        8 => (0..DRIVERS, 1..=3_usize).prop_map(|(first, wave)| Step::Sweep(first, wave)),
        1 => Just(Step::Restart),
        1 => intents().prop_map(Step::Lose),
    ]
}

fn a_race() -> impl Strategy<Value = Vec<Intent>> {
    let intents = proptest::collection::vec(an_intent(), 2..4);
    (intents, 0..12_usize).prop_map(|(intents, trip)| {
        let same = |intent| Intent { trip, ..intent };
        intents.into_iter().map(same).collect()
    })
}

fn an_intent() -> impl Strategy<Value = Intent> {
    // Most intents are of a person who may act, so that lives get beyond their beginnings.
    let actor = prop_oneof![4 => Just(None), 1 => (0..DRIVERS).prop_map(Some)];
    (verb(), 0..12_usize, actor).prop_map(|(verb, trip, actor)| Intent { verb, trip, actor })
}

fn verb() -> impl Strategy<Value = Verb> {
    let ending = prop_oneof![Just(RideEnding::Completed), Just(RideEnding::Cancelled)];
    prop_oneof![
        5 => order().prop_map(Verb::Request),
        7 => round().prop_map(Verb::Propose),
        3 => Just(Verb::Reply(Reply::Receive)),
        2 => Just(Verb::Reply(Reply::Decline)),
        6 => Just(Verb::Accept),
        6 => drive().prop_map(Verb::Drive),
        3 => Just(Verb::GiveBack),
        3 => leave().prop_map(Verb::Leave),
        1 => Just(Verb::Call(Call::Cancel)),
        1 => Just(Verb::Call(Call::TakeBack)),
        1 => Just(Verb::Late),
        1 => Just(Verb::Block),
        1 => ending.prop_map(|ending| Verb::Call(Call::End(ending))),
        1 => prop_oneof![Just(Verb::Lapse), Just(Verb::Open), Just(Verb::Expire)],
        2 => Just(Verb::BeginShift),
        1 => Just(Verb::EndShift),
    ]
}

fn order() -> impl Strategy<Value = ModelOrder> {
    let policy = prop_oneof![1 => Just(Policy::Broadcast), 2 => Just(Policy::Nearest), 2 => Just(Policy::Batch)];
    let opens_in = prop_oneof![3 => Just(None), 1 => (1..120_i64).prop_map(Some)];
    (policy, opens_in, any::<bool>()).prop_map(|(policy, opens_in, has_code)| ModelOrder {
        policy,
        opens_in,
        has_code,
    })
}

fn round() -> impl Strategy<Value = Round> {
    let drivers = proptest::collection::vec(0..DRIVERS, 0..5);
    let attempts_ago = prop_oneof![5 => Just(0_i64), 1 => Just(1)];
    (drivers, 1..=3_usize, 0..3_i64, attempts_ago).prop_map(
        |(drivers, wave, number, attempts_ago)| Round {
            drivers,
            wave,
            number,
            attempts_ago,
        },
    )
}

fn drive() -> impl Strategy<Value = Drive> {
    prop_oneof![
        2 => Just(Drive::Arrive),
        2 => Just(Drive::Start(GivenCode::Right)),
        1 => prop_oneof![Just(GivenCode::Wrong), Just(GivenCode::Missing)].prop_map(Drive::Start),
        2 => Just(Drive::Complete),
        1 => Just(Drive::NoShow),
    ]
}

fn leave() -> impl Strategy<Value = Leave> {
    let address = || prop_oneof![Just(PICK_UP), Just(DROP_OFF)];
    prop_oneof![
        2 => Just(Leave::Cancel),
        2 => Just(Leave::Delete),
        1 => address().prop_map(Leave::AmendPickUp),
        1 => address().prop_map(Leave::AmendDropOff),
    ]
}

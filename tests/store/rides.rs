//! Random commands, deadlines and crashes, on the real store and on a model of it.
//!
//! `CABRANK_RIDE_CASES` says how many lives of a town are tried (24). What fails is printed as it was done, made as
//! short as it can be.

mod check;
mod city;
mod core;
mod deed;
mod model;
mod rules;
mod sweep;
mod wish;

use std::cell::RefCell;

use cabrank::domain::core::Reply;
use cabrank::domain::{Policy, RideEnding};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

use self::city::{City, Finding};
use self::deed::{Call, Drive, Leave, Round, Told, Wanted, What, Wish};
use self::model::{DRIVERS, DROP_OFF, PICK_UP};
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

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    Do(Wish),
    /// In one batch.
    Together(Vec<Wish>),
    /// In one batch, about one trip, by people who do not know of each other.
    Race(Vec<Wish>),
    /// From which driver on, and how many at once.
    Sweep(usize, usize),
    Restart,
    /// In one batch that is lost.
    Lose(Vec<Wish>),
    /// Until all that waits for a driver is given up.
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
    // To make a database takes longer than a life in it does.
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

/// A wish about the trip of that number.
const fn by(who: usize, trip: usize, what: What) -> Wish {
    let who = Some(who);
    Wish { what, trip, who }
}

fn proposed(trip: usize, drivers: &[usize]) -> Wish {
    let round = Round {
        drivers: drivers.to_vec(),
        wave: drivers.len(),
        number: 0,
        attempts_ago: 0,
    };
    by(0, trip, What::Propose(round))
}

/// Drivers 1 to 3 are on shift, and trip 0 waits for one of them.
fn begun(town: Town) -> City {
    let mut city = City::of_new_people(town);
    expect(city.carry_out(&beginning()));
    city
}

/// The town, once nothing waits any more.
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
        What::Reply(Reply::Receive),
        What::Reply(Reply::Decline),
        What::Accept,
    ];
    let mut town = Town::on(on);
    for late in late {
        let ends = [
            by(2, 0, What::Reply(Reply::Decline)),
            by(1, 0, What::Accept),
            by(0, 0, What::Leave(Leave::Cancel)),
            by(2, 0, What::EndShift),
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
    for ends in [What::Reply(Reply::Decline), What::Accept, What::EndShift] {
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
    let wanted = Wanted {
        policy: Policy::Broadcast,
        opens_in: None,
        has_code: false,
    };
    expect(city.carry_out(&[by(0, 0, What::Request(wanted)), proposed(1, &[1, 2])]));
}

/// A life of people who are new in town. The town as they leave it, or what is wrong and what was done before.
fn live(town: Town, steps: &[(i64, Step)]) -> Result<Town, String> {
    let mut city = take(City::of_new_people(town), &Step::Together(beginning()))?;
    for (pause, step) in steps {
        city.second += pause;
        city = take(city, step)?;
    }
    take(city, &Step::LetTimePass).map(|city| city.town)
}

/// Most drivers go online, and somebody wants a trip.
fn beginning() -> Vec<Wish> {
    let on_shift = (1..DRIVERS).map(|driver| Wish {
        what: What::BeginShift,
        trip: 0,
        who: Some(driver),
    });
    let wanted = Wanted {
        policy: Policy::Nearest,
        opens_in: None,
        has_code: false,
    };
    let (what, trip, who) = (What::Request(wanted), 0, None);
    on_shift.chain([Wish { what, trip, who }]).collect()
}

fn take(mut city: City, step: &Step) -> Result<City, String> {
    let done = match step {
        Step::Do(wish) => city.carry_out(std::slice::from_ref(wish)),
        Step::Together(wishes) => city.carry_out(wishes),
        Step::Race(wishes) => city.race(wishes),
        Step::Sweep(first, wave) => city.sweep(*first, *wave),
        Step::Restart => return Ok(city.restart()),
        Step::Lose(wishes) => return city.lose(wishes),
        Step::LetTimePass => city.let_time_pass(),
    };
    match done {
        Ok(()) => Ok(city),
        Err(why) => Err(city.story(&why)),
    }
}

/// Clocks are set back now and then.
fn pause() -> impl Strategy<Value = i64> {
    prop_oneof![8 => -2..4_i64, 4 => 4..20_i64, 1 => 60..320_i64]
}

fn a_step() -> impl Strategy<Value = Step> {
    let wishes = || proptest::collection::vec(a_wish(), 2..4);
    prop_oneof![
        24 => a_wish().prop_map(Step::Do),
        4 => wishes().prop_map(Step::Together),
        6 => a_race().prop_map(Step::Race),
        8 => (0..DRIVERS, 1..=3_usize).prop_map(|(first, wave)| Step::Sweep(first, wave)),
        1 => Just(Step::Restart),
        1 => wishes().prop_map(Step::Lose),
    ]
}

fn a_race() -> impl Strategy<Value = Vec<Wish>> {
    let wishes = proptest::collection::vec(a_wish(), 2..4);
    (wishes, 0..12_usize).prop_map(|(wishes, trip)| {
        let same = |wish| Wish { trip, ..wish };
        wishes.into_iter().map(same).collect()
    })
}

fn a_wish() -> impl Strategy<Value = Wish> {
    // Most are of somebody who may, so that lives get beyond their beginnings.
    let who = prop_oneof![4 => Just(None), 1 => (0..DRIVERS).prop_map(Some)];
    (what(), 0..12_usize, who).prop_map(|(what, trip, who)| Wish { what, trip, who })
}

fn what() -> impl Strategy<Value = What> {
    let ending = prop_oneof![Just(RideEnding::Completed), Just(RideEnding::Cancelled)];
    prop_oneof![
        5 => wanted().prop_map(What::Request),
        7 => round().prop_map(What::Propose),
        3 => Just(What::Reply(Reply::Receive)),
        2 => Just(What::Reply(Reply::Decline)),
        6 => Just(What::Accept),
        6 => drive().prop_map(What::Drive),
        3 => Just(What::GiveBack),
        3 => leave().prop_map(What::Leave),
        1 => Just(What::Call(Call::Cancel)),
        1 => Just(What::Call(Call::TakeBack)),
        1 => Just(What::Late),
        1 => Just(What::Block),
        1 => ending.prop_map(|ending| What::Call(Call::End(ending))),
        1 => prop_oneof![Just(What::Lapse), Just(What::Open), Just(What::Expire)],
        2 => Just(What::BeginShift),
        1 => Just(What::EndShift),
    ]
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let policy = prop_oneof![1 => Just(Policy::Broadcast), 2 => Just(Policy::Nearest), 2 => Just(Policy::Batch)];
    let opens_in = prop_oneof![3 => Just(None), 1 => (1..120_i64).prop_map(Some)];
    (policy, opens_in, any::<bool>()).prop_map(|(policy, opens_in, has_code)| Wanted {
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
        2 => Just(Drive::Start(Told::Right)),
        1 => prop_oneof![Just(Told::Wrong), Just(Told::Nothing)].prop_map(Drive::Start),
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

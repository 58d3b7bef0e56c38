//! Those who give the commands: riders who request and change their minds, drivers who race for trips.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};

use fastrand::Rng;
use serde_json::{Value, json};

use super::city::{GivesUp, Hand};
use crate::harness::{Answer, at_once, nk};

/// How many trips a rider lets be under way.
const UNDER_WAY: usize = 4;
/// How many requests a burst has.
const BURST: usize = 12;

/// Where trips are offered to drivers.
pub struct Trade {
    sellers: Vec<Sender<String>>,
    buyers: Vec<Receiver<String>>,
}

impl Trade {
    pub fn new(drivers: usize) -> Self {
        let (sellers, buyers) = (0..drivers).map(|_| channel()).unzip();
        Self { sellers, buyers }
    }

    /// What each driver is offered.
    pub fn offers(&mut self) -> Vec<Receiver<String>> {
        std::mem::take(&mut self.buyers)
    }

    /// Where a rider offers.
    pub fn market(&self) -> Vec<Sender<String>> {
        self.sellers.clone()
    }
}

/// Requests trips, now and then many at once, and cancels those that take too long.
pub fn ride(mut hand: Hand<'_>, mut rng: Rng, market: &[Sender<String>]) {
    let _gives_up = GivesUp(hand.city);
    let mut under_way = VecDeque::new();
    while !hand.city.has_enough() {
        if rng.u8(0..20) == 0 {
            burst(&mut hand);
            continue;
        }
        let trip = request(&mut hand, &mut rng);
        for _ in 0..2 {
            let driver = &market[rng.usize(0..market.len())];
            driver.send(trip.clone()).expect("drivers stay to the end");
        }
        under_way.push_back(trip);
        if under_way.len() > UNDER_WAY
            && let Some(trip) = under_way.pop_front()
        {
            carried_out(&cancel(&mut hand, &trip));
        }
    }
}

/// Some addresses are long, so that a queue is full soon.
fn request(hand: &mut Hand<'_>, rng: &mut Rng) -> String {
    let length = if rng.u8(0..3) == 0 { 255 } else { 1 };
    let address: String = std::iter::repeat_n('🚕', length).collect();
    let fields = json!({"pick_up_address": address, "drop_off_address": address});
    requested(hand, &fields)
}

fn requested(hand: &mut Hand<'_>, fields: &Value) -> String {
    let trip = hand.command("/api/trip/", Some(fields)).ok(201);
    nk(&trip).to_owned()
}

fn cancel(hand: &mut Hand<'_>, trip: &str) -> Answer {
    hand.command(&format!("/api/trip/{trip}/cancel/"), None)
}

/// Many trips at once, requested and cancelled.
fn burst(hand: &mut Hand<'_>) {
    let hands: Vec<Hand<'_>> = (0..BURST).map(|_| hand.fork()).collect();
    let fields = json!({"pick_up_address": "A", "drop_off_address": "B"});
    let fields = &fields;
    at_once(hands.into_iter().map(|mut hand| {
        move || {
            let trip = requested(&mut hand, fields);
            assert!(carried_out(&cancel(&mut hand, &trip)), "nobody drives it");
        }
    }));
}

/// Takes what is offered and not gone, to its end or until the rider cancels.
pub fn drive(mut hand: Hand<'_>, mut rng: Rng, offers: &Receiver<String>) {
    let _gives_up = GivesUp(hand.city);
    for trip in offers {
        for verb in ["accept", "arrive", "start", "complete"] {
            if verb == "arrive" && rng.bool() {
                continue; // a driver may start at once
            }
            let path = format!("/api/trip/{trip}/{verb}/");
            if !carried_out(&hand.command(&path, None)) {
                break;
            }
        }
    }
}

/// Whether it took effect; if not, others were quicker.
#[track_caller]
fn carried_out(answer: &Answer) -> bool {
    assert!(
        matches!(answer.status, 200 | 409),
        "{}: {}",
        answer.status,
        answer.text
    );
    answer.status == 200
}

//! The threads that give commands: riders who request and cancel trips, and drivers who race for them.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};

use fastrand::Rng;
use serde_json::{Value, json};

use super::city::{Caller, GivesUp};
use crate::harness::{Answer, at_once, nk};

/// The number of trips that a rider has at a time.
const UNDER_WAY: usize = 4;
/// The number of requests in a burst.
const BURST: usize = 12;

/// The channels by which riders offer their trips to drivers.
pub struct Trade {
    sellers: Vec<Sender<String>>,
    buyers: Vec<Receiver<String>>,
}

impl Trade {
    pub fn new(drivers: usize) -> Self {
        let (sellers, buyers) = (0..drivers).map(|_| channel()).unzip();
        Self { sellers, buyers }
    }

    /// The receiving ends, one for each driver.
    pub fn offers(&mut self) -> Vec<Receiver<String>> {
        std::mem::take(&mut self.buyers)
    }

    /// The sending ends to all drivers, for one rider.
    pub fn market(&self) -> Vec<Sender<String>> {
        self.sellers.clone()
    }
}

/// Requests trips, sometimes many at once, and cancels the oldest when there are too many.
pub fn ride(mut caller: Caller<'_>, mut rng: Rng, market: &[Sender<String>]) {
    let _gives_up = GivesUp(caller.city);
    let mut under_way = VecDeque::new();
    while !caller.city.has_enough() {
        if rng.u8(0..20) == 0 {
            burst(&mut caller);
            continue;
        }
        let trip = request(&mut caller, &mut rng);
        for _ in 0..2 {
            let driver = &market[rng.usize(0..market.len())];
            driver.send(trip.clone()).expect("drivers stay to the end");
        }
        under_way.push_back(trip);
        if under_way.len() > UNDER_WAY
            && let Some(trip) = under_way.pop_front()
        {
            took_effect(&cancel(&mut caller, &trip));
        }
    }
}

/// Requests a trip. Some addresses are long, so that queues fill up soon.
fn request(caller: &mut Caller<'_>, rng: &mut Rng) -> String {
    let length = if rng.u8(0..3) == 0 { 255 } else { 1 };
    let address: String = std::iter::repeat_n('🚕', length).collect();
    let fields = json!({"pick_up_address": address, "drop_off_address": address});
    requested(caller, &fields)
}

fn requested(caller: &mut Caller<'_>, fields: &Value) -> String {
    let trip = caller.command("/api/trip/", Some(fields)).ok(201);
    nk(&trip).to_owned()
}

fn cancel(caller: &mut Caller<'_>, trip: &str) -> Answer {
    caller.command(&format!("/api/trip/{trip}/cancel/"), None)
}

/// Requests and cancels many trips at once.
fn burst(caller: &mut Caller<'_>) {
    let callers: Vec<Caller<'_>> = (0..BURST).map(|_| caller.fork()).collect();
    let fields = json!({"pick_up_address": "A", "drop_off_address": "B"});
    let fields = &fields;
    at_once(callers.into_iter().map(|mut caller| {
        move || {
            let trip = requested(&mut caller, fields);
            assert!(
                took_effect(&cancel(&mut caller, &trip)),
                "no driver has the trip"
            );
        }
    }));
}

/// Accepts the offered trips that are still free, and drives each to its end or until the rider cancels.
pub fn drive(mut caller: Caller<'_>, mut rng: Rng, offers: &Receiver<String>) {
    let _gives_up = GivesUp(caller.city);
    for trip in offers {
        for verb in ["accept", "arrive", "start", "complete"] {
            if verb == "arrive" && rng.bool() {
                continue; // a ride may start without an arrival
            }
            let path = format!("/api/trip/{trip}/{verb}/");
            if !took_effect(&caller.command(&path, None)) {
                break;
            }
        }
    }
}

/// Whether a command took effect; otherwise another one was quicker.
#[track_caller]
fn took_effect(answer: &Answer) -> bool {
    assert!(
        matches!(answer.status, 200 | 409),
        "{}: {}",
        answer.status,
        answer.text
    );
    answer.status == 200
}

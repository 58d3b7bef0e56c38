//! Repositioning: the hints that idle drivers get.

use serde_json::json;

use crate::harness::{Cab, Database, Options, STAND, Test, location, north_of, tests, town};

pub fn tests() -> Vec<Test> {
    tests![a_rider_who_requests_and_cancels_moves_nobody]
}

fn a_rider_who_requests_and_cancels_moves_nobody(on: Database) {
    let town = town("broadcast", &json!({}));
    let service = Options::new(on).town(&town).with_clock().start();
    let names = ["one", "two", "three", "four"];
    let mut cabs = names.map(|name| Cab::on_shift(&service, name, 0.0));
    let rider = service.rider("ann");
    let corner = json!({"pick_up_location": location(north_of(STAND, 2_000.0))});
    for _ in 0..20 {
        let trip = rider.orders(&corner);
        let cancel = json!({"pk": trip["id"]});
        rider.native().call("cancel", &cancel).ok(200);
        for cab in &mut cabs {
            cab.hears("requested");
            cab.hears("cancelled");
        }
    }
    for cab in &mut cabs {
        let hint = cab.call("hint", &json!({})).ok(200);
        assert_eq!(hint, json!({"hint": null}));
    }
}

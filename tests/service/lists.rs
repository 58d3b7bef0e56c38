//! Lists of trips on a native socket: contents, order, filters, pages and streamed pages.

use serde_json::{Value, json};

use crate::harness::{Database, Native, Service, Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        a_list_shows_what_the_role_sees_newest_first,
        filters_let_through_what_fits_them,
        a_page_says_where_it_is,
        a_limit_that_is_no_number_means_100,
        a_streamed_list_comes_page_by_page_under_one_id,
        streamed_pages_end_where_the_list_does,
        a_list_has_at_most_500_trips,
    ]
}

fn ids(list: &Value) -> Vec<i64> {
    let trips = list.as_array().expect("a list of trips");
    let id = |trip: &Value| trip["id"].as_i64().expect("an id is a number");
    trips.iter().map(id).collect()
}

#[track_caller]
fn listed(native: &mut Native, fields: &Value) -> Vec<i64> {
    ids(&native.call("list", fields).ok(200))
}

fn a_list_shows_what_the_role_sees_newest_first(on: Database) {
    let service = Service::start(on);
    let (ann, eve) = (service.rider("ann"), service.rider("eve"));
    let (bob, ben) = (service.driver("bob"), service.driver("ben"));
    let trips = [
        ann.request("1", "B"),
        eve.request("2", "B"),
        ann.request("3", "B"),
    ];
    bob.accept(&trips[2]).ok(200);
    let everybody = [
        (&ann.0, vec![3, 1]),
        (&eve.0, vec![2]),
        (&bob.0, vec![3, 2, 1]),
        (&ben.0, vec![2, 1]),
        (&service.operator("oz").0, vec![3, 2, 1]),
    ];
    for (client, expected) in everybody {
        let list = client.native().call("list", &json!({})).ok(200);
        assert_eq!(ids(&list), expected, "{}", client.username);
        assert_eq!(list, json!(client.trips()), "{}", client.username);
    }
}

fn filters_let_through_what_fits_them(on: Database) {
    let service = Service::start(on);
    let (ann, eve) = (service.rider("ann"), service.rider("eve"));
    let bob = service.driver("bob");
    ann.request("1", "B");
    let taken = ann.request("2", "B");
    eve.request("3", "B");
    let over = eve.request("4", "B");
    eve.cancel(&over).ok(200);
    bob.accept(&taken).ok(200);
    let mut native = service.operator("oz").native();
    let mut fits = |fields: Value| listed(&mut native, &fields);
    assert_eq!(fits(json!({"rider": ann.id})), [2, 1]);
    assert_eq!(fits(json!({"driver": bob.id})), [2]);
    assert_eq!(fits(json!({"status": "CANCELLED"})), [4]);
    assert_eq!(fits(json!({"rider": eve.id, "status": "REQUESTED"})), [3]);
    assert_eq!(
        fits(json!({"rider": eve.id, "driver": bob.id})),
        [] as [i64; 0]
    );
    assert_eq!(fits(json!({"rider": 9999})), [] as [i64; 0]);
    assert_eq!(
        listed(&mut bob.native(), &json!({"status": "REQUESTED"})),
        [3, 1]
    );
    let mut own = ann.native();
    assert_eq!(
        listed(&mut own, &json!({"rider": eve.id})),
        [] as [i64; 0],
        "a filter does not show the trips of others"
    );
    let page = own.call("list", &json!({"status": "STARTED", "limit": 5}));
    assert_eq!(page.ok(200)["count"], 1);
}

/// A service where a rider has that many trips, the rider's native socket, and the trips' ids, newest first.
fn with_trips(on: Database, count: usize) -> (Service, Native, Vec<i64>) {
    let service = Service::with(on, &["--rider-trips", "10000"]);
    let rider = service.rider("ann");
    let mut native = rider.native();
    let data = json!({"data": {"pick_up_address": "A", "drop_off_address": "B"}});
    for n in 0..count {
        let mut fields = data.clone();
        fields["request_id"] = json!(n);
        native.send(None, "create", &fields);
    }
    let made = |n| native.answer(None, "create", &json!(n)).ok(201)["id"].as_i64();
    let mut all: Vec<i64> = (0..count).filter_map(made).collect();
    all.reverse();
    (service, native, all)
}

fn a_page_says_where_it_is(on: Database) {
    let (_service, mut native, all) = with_trips(on, 7);
    let cases = [
        (json!({"limit": 3}), 3, 0, &all[0..3]),
        (json!({"limit": 3, "offset": 6}), 3, 6, &all[6..7]),
        (json!({"offset": 2}), 100, 2, &all[2..7]),
        (json!({"limit": 2, "offset": 99}), 2, 99, &all[7..7]),
    ];
    for (fields, limit, offset, expected) in cases {
        let page = native.call("list", &fields).ok(200);
        assert_eq!(ids(&page["results"]), expected, "{fields}");
        assert_eq!(
            (&page["count"], &page["limit"], &page["offset"]),
            (&json!(7), &json!(limit), &json!(offset))
        );
    }
}

fn a_limit_that_is_no_number_means_100(on: Database) {
    let (_service, mut native, all) = with_trips(on, 3);
    for limit in [json!("many"), json!(null), json!([]), json!(true)] {
        let page = native.call("list", &json!({"limit": limit})).ok(200);
        assert_eq!(page["limit"], 100, "{limit}");
        assert_eq!(ids(&page["results"]), all);
    }
    let page = native.wrong("list", &json!({"limit": 100_000})).ok(200);
    assert_eq!(page["limit"], 500);
}

/// The pages of a streamed list, which all have the id of the call.
#[track_caller]
fn pages(native: &mut Native, stream: Option<&str>, fields: &Value, count: usize) -> Vec<Value> {
    let id = native.send(stream, "list", fields);
    let pages = (0..count).map(|_| native.answer(stream, "list", &id).ok(200));
    let pages = pages.collect();
    // A further page would come before the answer to this call.
    native
        .socket()
        .send(&json!({"action": "list", "request_id": id}));
    let next = native.answer(None, "list", &id).ok(200);
    assert!(next.is_array(), "there is a page too many: {next}");
    pages
}

fn a_streamed_list_comes_page_by_page_under_one_id(on: Database) {
    let (_service, mut native, all) = with_trips(on, 7);
    for stream in [None, Some("trips")] {
        let fields = json!({"streamed": true, "limit": 3});
        let pages = pages(&mut native, stream, &fields, 3);
        let parts: Vec<i64> = pages
            .iter()
            .flat_map(|page| ids(&page["results"]))
            .collect();
        assert_eq!(parts, all);
        for (page, offset) in pages.iter().zip([0, 3, 6]) {
            assert_eq!(
                (&page["count"], &page["offset"]),
                (&json!(7), &json!(offset))
            );
        }
    }
}

/// The last page is the one whose offset is at least the count less the limit.
fn streamed_pages_end_where_the_list_does(on: Database) {
    let (_service, mut native, all) = with_trips(on, 6);
    let cases = [
        (json!({"limit": 3}), vec![0, 3]),
        (json!({"limit": 6}), vec![0]),
        (json!({"limit": 5}), vec![0, 5]),
        (json!({"limit": 2, "offset": 3}), vec![3, 5]),
        (json!({"offset": 6}), vec![6]),
        (json!({}), vec![0]),
    ];
    for (mut fields, offsets) in cases {
        fields["streamed"] = json!(true);
        let pages = pages(&mut native, None, &fields, offsets.len());
        let starts: Vec<&Value> = pages.iter().map(|page| &page["offset"]).collect();
        assert_eq!(json!(starts), json!(offsets), "{fields}");
        let parts: Vec<i64> = pages
            .iter()
            .flat_map(|page| ids(&page["results"]))
            .collect();
        assert_eq!(parts, all[usize::try_from(offsets[0]).unwrap_or(0)..]);
    }
    let fields = json!({"streamed": true, "status": "EXPIRED"});
    let none = pages(&mut native, None, &fields, 1);
    assert_eq!(
        (&none[0]["count"], &none[0]["results"]),
        (&json!(0), &json!([]))
    );
}

fn a_list_has_at_most_500_trips(on: Database) {
    let (_service, mut native, all) = with_trips(on, 502);
    let list = native.call("list", &json!({})).ok(200);
    assert_eq!(ids(&list), all[..500]);
    let page = native.call("list", &json!({"limit": 500, "offset": 400}));
    assert_eq!(ids(&page.ok(200)["results"]), all[400..]);
}

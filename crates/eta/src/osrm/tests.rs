//! Tests the client with a service that fails in every way.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread;

use jiff::SignedDuration;

use super::*;

/// How the service handles a request.
#[derive(Clone, Copy)]
enum Handling {
    Answer(u16, &'static str),
    /// Answers, and closes the connection without announcing it.
    AnswerAndHangUp(&'static str),
    HangUp,
    /// Sends no answer.
    Sleep,
}

use Handling::{Answer, AnswerAndHangUp, HangUp, Sleep};

/// A service that handles its requests in these ways in turn, all later ones like the last, and the number of its
/// requests so far.
fn service(handlings: &'static [Handling]) -> (Url, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let counted = Arc::clone(&counted);
            thread::spawn(move || serve(&stream, handlings, &counted));
        }
    });
    let url = format!("http://127.0.0.1:{port}").parse();
    (url.expect("a URL"), count)
}

fn serve(mut stream: &TcpStream, handlings: &[Handling], counted: &AtomicUsize) {
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(line)) = lines.next() {
        if !line.is_empty() {
            continue; // a request ends with an empty line
        }
        let number = counted.fetch_add(1, Ordering::Relaxed);
        let handling = handlings.get(number).or(handlings.last()).copied();
        let mut answer = |status: u16, body: &str| {
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}"
            );
        };
        match handling {
            Some(Answer(status, body)) => answer(status, body),
            Some(AnswerAndHangUp(body)) => return answer(200, body),
            Some(Sleep) => thread::sleep(Duration::from_secs(5)),
            Some(HangUp) | None => return,
        }
    }
}

fn osrm(url: &Url) -> Osrm {
    Osrm::new(url, Duration::from_millis(300)).expect("a URL")
}

fn place(number: usize) -> Coordinates {
    Coordinates::new(48.0 + number as f64 / 1_000.0, 11.0).expect("on earth")
}

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

/// Queries the times of the drivers with these numbers.
fn ask(osrm: &Osrm, drivers: &[usize], second: i64) -> PartOutcome {
    let drivers: Vec<Coordinates> = drivers.iter().map(|number| place(*number)).collect();
    let ask = EtaQuery {
        pick_up: place(0),
        drivers: &drivers,
        within_s: 600,
    };
    osrm.try_to_pick_up(&[ask], at(second)).remove(0)
}

#[track_caller]
fn assert_out(outcome: &PartOutcome, words: &str) {
    match outcome {
        Err(Unanswered::OutOfOrder(reason)) => assert!(reason.contains(words), "{reason}"),
        other => panic!("{other:?}"),
    }
}

const TWO: &str = r#"{"code":"Ok","durations":[[60.1],[null]],"sources":[]}"#;

#[test]
fn seconds_are_rounded_up_and_null_is_no_way() {
    let (url, count) = service(&[Answer(200, TWO)]);
    let osrm = osrm(&url);
    assert_eq!(ask(&osrm, &[1, 2], 0), Ok(vec![Some(61), None]));
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[test]
fn within_a_minute_nothing_is_asked_twice() {
    let (url, count) = service(&[Answer(200, TWO)]);
    let osrm = osrm(&url);
    assert_eq!(ask(&osrm, &[1, 2], 1), Ok(vec![Some(61), None]));
    let asked = count.load(Ordering::Relaxed);
    assert_eq!(ask(&osrm, &[2, 1, 2], 59), Ok(vec![None, Some(61), None]));
    assert_eq!(count.load(Ordering::Relaxed), asked);
    assert_eq!(ask(&osrm, &[1, 2], 60), Ok(vec![Some(61), None]));
    assert_eq!(count.load(Ordering::Relaxed), asked + 1);
}

#[test]
fn only_those_who_are_unknown_are_asked_for() {
    let (url, _) = service(&[
        Answer(200, r#"{"code":"Ok","durations":[[10]]}"#),
        Answer(200, r#"{"code":"Ok","durations":[[20],[30]]}"#),
    ]);
    let osrm = osrm(&url);
    assert_eq!(ask(&osrm, &[2], 0), Ok(vec![Some(10)]));
    assert_eq!(
        ask(&osrm, &[1, 2, 3], 0),
        Ok(vec![Some(20), Some(10), Some(30)])
    );
}

#[test]
fn what_is_no_table_is_refused() {
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"code":"Ok"}"#,
        r#"{"code":"Ok","durations":[[1]]}"#,
        r#"{"code":"Ok","durations":[[1,2],[3,4]]}"#,
        r#"{"code":"Ok","durations":[[1],[-1]]}"#,
        r#"{"code":"Ok","durations":[[1],[1e9]]}"#,
        r#"{"code":"Ok","durations":[[1],["1"]]}"#,
    ] {
        let (url, _) = service(Box::leak(Box::new([Answer(200, body)])));
        assert_out(&ask(&osrm(&url), &[1, 2], 0), "no table");
    }
}

#[test]
fn a_refusal_is_told_in_its_own_words() {
    let (url, _) = service(&[
        Answer(
            400,
            r#"{"code":"TooBig","message":"Too many table coordinates"}"#,
        ),
        Answer(
            400,
            r#"{"code":"NoSegment","message":"One of the supplied input coordinates could not snap"}"#,
        ),
    ]);
    let osrm = osrm(&url);
    assert_out(&ask(&osrm, &[1, 2], 0), "TooBig Too many table coordinates");
    assert_eq!(ask(&osrm, &[1, 2], 0), Err(Unanswered::OffTheMap));
}

#[test]
fn a_connection_that_was_ended_meanwhile_is_made_anew() {
    let (url, count) = service(&[AnswerAndHangUp(TWO), HangUp, Answer(200, TWO)]);
    let osrm = osrm(&url);
    for minute in 0..3 {
        let outcome = ask(&osrm, &[1, 2], 60 * minute);
        assert_eq!(outcome, Ok(vec![Some(61), None]), "{minute}");
    }
    assert_eq!(count.load(Ordering::Relaxed), 4);
}

#[test]
fn an_outage_costs_a_few_timeouts_and_then_none() {
    let (url, count) = service(&[Sleep, Sleep, Sleep, Answer(200, TWO)]);
    let osrm = osrm(&url);
    for _ in 0..3 {
        assert_out(&ask(&osrm, &[1, 2], 0), "timeout");
    }
    for second in 0..5 {
        assert_out(&ask(&osrm, &[1, 2], second), "not asked after failures");
    }
    assert_eq!(count.load(Ordering::Relaxed), 3);
    assert_eq!(ask(&osrm, &[1, 2], 5), Ok(vec![Some(61), None]));
}

#[test]
fn a_port_at_which_nobody_listens_is_an_outage() {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let url = format!("http://{}", closed.expect("a port")).parse();
    assert_out(&ask(&osrm(&url.expect("a URL")), &[1], 0), "no answer");
}

#[test]
fn a_url_that_is_none_of_a_table_service_is_refused() {
    let check =
        |url: &str| Osrm::new(&url.parse().expect("a URL"), Duration::from_millis(1)).map(drop);
    for wrong in [
        "https://localhost",
        "ftp://localhost",
        "http://localhost/?a=b",
        "http://localhost/#a",
        "http://user@localhost/",
        "data:text/plain,x",
    ] {
        assert_eq!(check(wrong), Err(UrlError), "{wrong}");
    }
    assert_eq!(check("http://localhost:5000"), Ok(()));
    assert_eq!(check("http://localhost:5000/maps/"), Ok(()));
}

//! Drivers on shift who report positions while the load runs.

use std::rc::Rc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::time::sleep;

use super::crowd::Run;
use super::socket::{BenchSocket, SocketError, Target};
use crate::client::User;
use crate::inputs;

/// The south-west corner of the area that they drive in, in degrees.
const TOWN: (f64, f64) = (48.137, 11.575);
/// The distance between two drivers, in degrees: some hundred metres.
const APART: f64 = 0.002;
/// The distance between two positions of a driver, in degrees: one metre.
const STEP: f64 = 0.000_01;
/// Devices' clocks start this long ago and advance this much for each position, so that none is too frequent.
const AGO: SignedDuration = SignedDuration::from_mins(5);
const TICK: SignedDuration = SignedDuration::from_millis(250);

/// The results of their position reports.
#[derive(Debug, Default)]
pub struct Sent {
    /// How many were answered, whatever the verdict.
    pub answered: u64,
    /// How many of them were not accepted. A later run with the same drivers is behind the first one's clock.
    pub not_accepted: u64,
    /// The time to each answer, in microseconds.
    pub answer_us: Vec<u32>,
}

/// Opens a native socket for a driver and begins a shift.
pub async fn go_online(
    run: &Run,
    target: &Target,
    user: &User,
) -> Result<BenchSocket, SocketError> {
    let mut socket = BenchSocket::open(target, "/ws/", &user.access).await?;
    let begin = json!({"action": "begin_shift", "request_id": 0, "data": {}});
    ask(run, &mut socket, &begin.to_string()).await?;
    Ok(socket)
}

/// Reports positions until the run is stopped: each after the last one's answer, or at a fixed interval.
pub async fn drive_about(run: Rc<Run>, socket: BenchSocket, turn: usize, every: Option<Duration>) {
    if let Err(error) = drive(&run, socket, turn, every).await {
        let reason = error.to_string();
        run.tally.borrow_mut().lose("a driver on shift", &reason);
    }
}

async fn drive(
    run: &Run,
    mut socket: BenchSocket,
    turn: usize,
    every: Option<Duration>,
) -> Result<(), SocketError> {
    let (began_at, mut count) = (inputs::now() - AGO, 0);
    while !run.is_stopped() {
        let sent_at = Instant::now();
        let frame = position(turn, count, began_at);
        count += 1;
        let is_accepted = ask(run, &mut socket, &frame).await?;
        let took = sent_at.elapsed();
        {
            let mut sent = run.positions.borrow_mut();
            sent.answered += 1;
            sent.not_accepted += u64::from(!is_accepted);
            let us = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
            sent.answer_us.push(us);
        }
        if let Some(every) = every {
            sleep(every.saturating_sub(took)).await;
        }
    }
    Ok(())
}

fn position(turn: usize, count: i32, began_at: Timestamp) -> String {
    // In a grid, far enough from each other.
    let (row, column) = ((turn / 100) as f64, (turn % 100) as f64);
    let lat = TOWN.0 + row * APART + f64::from(count) * STEP;
    let lon = TOWN.1 + column * APART;
    let at = began_at + TICK * count;
    let data = json!({"lat": lat, "lon": lon, "at": at.to_string(), "accuracy": 5});
    json!({"action": "position", "request_id": count, "data": data}).to_string()
}

/// Sends a call and waits for its answer; returns whether one position was accepted.
async fn ask(run: &Run, socket: &mut BenchSocket, frame: &str) -> Result<bool, SocketError> {
    socket.send(frame.as_bytes()).await?;
    let (mut is_answered, mut is_accepted) = (false, false);
    while !is_answered {
        let read = socket.read(&run.scratch, |frame| {
            is_answered = true;
            let accepted = b"\"accepted\":1";
            is_accepted = frame.windows(accepted.len()).any(|part| part == accepted);
        });
        read.await?;
    }
    Ok(is_accepted)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn positions_go_on_in_place_and_time() {
        let read = |count| -> Value {
            let frame = position(3, count, Timestamp::UNIX_EPOCH);
            serde_json::from_str(&frame).expect("JSON")
        };
        let (first, second) = (read(0), read(1));
        assert_eq!(first["data"]["at"], "1970-01-01T00:00:00Z");
        assert_eq!(second["data"]["at"], "1970-01-01T00:00:00.25Z");
        assert_eq!(first["data"]["lon"], second["data"]["lon"]);
        assert!(first["data"]["lat"].as_f64() < second["data"]["lat"].as_f64());
    }
}

//! `cabrank demo`: a town in which drivers on shift are offered what riders request, and what happens, line by line.
//!
//! They are apps like any other: accounts over HTTP, everything else over real sockets. They know nothing of each other
//! but what the service tells them; only the printing is shared (`board`). `driver` is what an app has to do, in one file.

mod board;
mod car;
mod driver;
mod driver_state;
mod lines;
mod places;
mod rider;
mod story;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;

use crate::client::{ClientError, ClientSocket, ServiceClient, User, WireRole};
use crate::inputs;
use board::Board;
use rider::Stage;
use story::Story;

/// What the demo's people all use; the data directory they live in is gone after the demo.
const PASSWORD: &str = "a-long-walk-home-7";

/// What was decided for the demo's town, as `--town` reads it: short times, so that one sees an offer go from driver to driver.
pub const TOWN: &str = include_str!("town.json");

/// Start the service with riders and drivers who keep it busy, and print what happens.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// Address and port that the demo's service listens on
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Riders who keep requesting trips
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub riders: u16,
    /// Drivers on shift, who are offered them one after the other
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub drivers: u16,
    /// End after this many finished trips; without it the demo goes on until Ctrl-C
    #[arg(long)]
    pub trips: Option<u32>,
    /// Factor for all pauses: 2 is twice as slow, 0.1 ten times as fast
    #[arg(long, default_value_t = 1.0, value_parser = pace_in)]
    pub pace: f64,
}

/// Why the demo has ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Nobody could be signed up.
    #[error("{who} could not join the demo: {cause}")]
    Join {
        /// Whose app it is.
        who: String,
        /// What happened to it.
        cause: ClientError,
    },
    /// Somebody's app could not go on.
    #[error("{who} had to leave the demo: {cause}")]
    Left {
        /// Whose app it is.
        who: String,
        /// What happened to it.
        cause: ClientError,
    },
}

/// Plays the demo against the service at `base_url`, until `args.trips` trips are finished or the future is dropped.
pub async fn run(base_url: &str, args: &DemoArgs) -> Result<(), DemoError> {
    let service = ServiceClient::at(base_url);
    // Drivers first: whoever is there hears the first request.
    let drivers = join_all(&service, WireRole::Driver, &places::DRIVERS, args.drivers).await?;
    let riders = join_all(&service, WireRole::Rider, &places::RIDERS, args.riders).await?;
    let board = Board::new(
        drivers.iter().chain(&riders).map(|(user, _)| user),
        args.trips,
    );
    board.note(&format!(
        "{} rider{} and {} driver{} are signed up and connected.",
        args.riders,
        plural(args.riders),
        args.drivers,
        plural(args.drivers),
    ));
    board.note("The town is small, and its roads are empty: cars go straight, at 50 km/h.");

    let (pace, story) = (DemoPace(args.pace), Story::default());
    let stage = Stage {
        service: &service,
        board: &board,
        story: &story,
        pace,
    };
    let mut people: FuturesUnordered<
        LocalBoxFuture<'_, (String, Result<Infallible, ClientError>)>,
    > = FuturesUnordered::new();
    for (turn, (user, socket)) in drivers.into_iter().enumerate() {
        people.push(Box::pin(async move {
            let end = driver::play(&user, socket, stage.board, pace, turn).await;
            (user.username, end)
        }));
    }
    for (turn, (user, socket)) in riders.into_iter().enumerate() {
        people.push(Box::pin(async move {
            let end = rider::play(&user, socket, stage, turn).await;
            (user.username, end)
        }));
    }
    tokio::select! {
        () = board.done() => {
            board.note(&board.summary());
            Ok(())
        }
        Some((who, Err(cause))) = people.next() => {
            board.note(&format!("{who}: {cause}"));
            Err(DemoError::Left { who, cause })
        }
    }
}

/// Signs up, logs in and connects `count` people, named in turn.
async fn join_all(
    service: &ServiceClient,
    role: WireRole,
    names: &[&str],
    count: u16,
) -> Result<Vec<(User, ClientSocket)>, DemoError> {
    let mut people = Vec::new();
    for turn in 0..usize::from(count) {
        let who = places::name(names, turn);
        let person = join(service, &who, role)
            .await
            .map_err(|cause| DemoError::Join { who, cause })?;
        people.push(person);
    }
    Ok(people)
}

async fn join(
    service: &ServiceClient,
    name: &str,
    role: WireRole,
) -> Result<(User, ClientSocket), ClientError> {
    service.sign_up(name, PASSWORD, role).await?;
    let user = service.log_in(name, PASSWORD).await?;
    let socket = service.open(&user).await?;
    Ok((user, socket))
}

/// How long things take in the demo.
#[derive(Clone, Copy)]
struct DemoPace(f64);

impl DemoPace {
    /// A pause of `seconds` at the ordinary pace.
    fn pause(self, seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds * self.0)
    }

    /// A pause somewhere between two lengths, so that people do not move in step.
    fn pause_between(self, least: f64, most: f64) -> Duration {
        let share = f64::from(u32::from_ne_bytes(inputs::secret())) / f64::from(u32::MAX);
        self.pause(least + (most - least) * share)
    }

    /// How fast cars go whose ordinary speed that is.
    fn speed(self, ordinary: f64) -> f64 {
        ordinary / self.0
    }
}

fn pace_in(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(pace) if (0.01..=100.0).contains(&pace) => Ok(pace),
        _ => Err("a number from 0.01 to 100 is expected".to_owned()),
    }
}

/// A random number below `limit`.
fn below(limit: usize) -> usize {
    usize::from(u16::from_ne_bytes(inputs::secret())) % limit
}

/// A moment that something else will come before.
fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

fn plural(count: u16) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_that_would_stand_still_or_never_end_is_refused() {
        assert_eq!(pace_in("0.1"), Ok(0.1));
        for text in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(pace_in(text).is_err(), "{text}");
        }
    }
}

//! `cabrank demo`: a town in which riders request trips and drivers on shift are offered them, printed line by line.
//!
//! Its people use apps like any other: accounts over HTTP, everything else over real sockets. They know of each other
//! only what the service sends; only the printing is shared (`board`). `driver` shows in one file what a driver's app
//! has to do.

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

/// The password of all people in the demo. Their data directory is deleted afterwards.
const PASSWORD: &str = "a-long-walk-home-7";

/// The demo's town, in the format of `--town`. Its times are short, so that one sees an offer go from driver to driver.
pub const TOWN: &str = include_str!("town.json");

/// Start the service with riders and drivers who use it, and print what happens.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// Address and port that the demo's service listens on
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Riders who keep requesting trips
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub riders: u16,
    /// Drivers on shift, who are offered the trips one after another
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub drivers: u16,
    /// End after this many finished trips; without it the demo runs until Ctrl-C
    #[arg(long)]
    pub trips: Option<u32>,
    /// Factor for all pauses: 2 is twice as slow, 0.1 ten times as fast
    #[arg(long, default_value_t = 1.0, value_parser = pace_in)]
    pub pace: f64,
}

/// Why the demo ended early.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A user could not sign up, log in or connect.
    #[error("{who} could not join the demo: {cause}")]
    Join {
        /// The user's name.
        who: String,
        cause: ClientError,
    },
    /// A user's app failed.
    #[error("{who} had to leave the demo: {cause}")]
    Left {
        /// The user's name.
        who: String,
        cause: ClientError,
    },
}

/// Runs the demo against the service at `base_url`, until `args.trips` trips are finished or the future is dropped.
pub async fn run(base_url: &str, args: &DemoArgs) -> Result<(), DemoError> {
    let service = ServiceClient::at(base_url);
    // Drivers connect first, so that they receive the first request.
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

/// Signs up, logs in and connects `count` people.
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

/// The factor for all pauses.
#[derive(Clone, Copy)]
struct DemoPace(f64);

impl DemoPace {
    /// A pause of `seconds` at pace 1.
    fn pause(self, seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds * self.0)
    }

    /// A random pause between two lengths at pace 1, so that people do not act in step.
    fn pause_between(self, least: f64, most: f64) -> Duration {
        let share = f64::from(u32::from_ne_bytes(inputs::secret())) / f64::from(u32::MAX);
        self.pause(least + (most - least) * share)
    }

    /// A car's speed, from its speed at pace 1.
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

/// A time so far away that something else comes first.
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

//! `cabrank simulate`: a city in virtual time, driven by the domain, the policies and the supply of the live service.
//!
//! Demand is invented from a seed or read from files. Drivers drive, accept, decline, do not answer and lose the
//! network; riders wait, give up, cancel and do not show up. Only the people, the cars and the clock are simulated. The
//! decisions are made by the code of the live service: [`Trip::apply`](domain::Trip::apply),
//! [`Offer::apply`](domain::Offer::apply), [`policy::plan`](dispatching::policy::plan) and [`Supply`](supply::Supply),
//! around the live core with its whole state in memory ([`Memory`](domain::core::Memory)).
//!
//! One seed has one outcome: nothing here depends on a clock, system randomness, threads or the order of a hash map.
//! docs/simulation.md has the model, its parameters and the results.

#![warn(unreachable_pub)]

pub mod bound;
mod broadcast;
mod car;
mod city;
mod demand;
mod dice;
mod duties;
mod error;
mod moving;
mod people;
mod picture;
mod queue;
mod recorded;
mod recording;
pub mod report;
mod riding;
mod scenario;
mod service;
mod simulation;
mod streets;
mod sweeping;
mod table;
mod tally;
mod variant;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use self::report::{DayReport, PolicyResult};
use self::simulation::Simulation;

pub use error::SimError;
pub use recorded::{Recorded, RecordedOutcome};
pub use recording::Recording;
pub use scenario::Scenario;
pub use simulation::{Day, Outside};
pub use variant::Variant;

/// Simulate a day in a city under one policy or several, and compare them.
#[derive(Clone, Debug, clap::Args)]
pub struct SimulateArgs {
    /// The seed of everything random
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// A scenario, as docs/simulation.md describes it; without it, the city that ships with the program
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// The number of drivers, instead of the scenario's
    #[arg(long, value_name = "N")]
    pub drivers: Option<u32>,
    /// The number of requests, in an invented city
    #[arg(long, value_name = "N")]
    pub requests: Option<u32>,
    /// How drivers are found, or `all`; may be repeated. broadcast, broadcast:MINUTES (only drivers that near),
    /// nearest, nearest:straight, batch, batch:SECONDS (a fixed window); +hints sends idle drivers to where requests
    /// are expected, +free-only ignores drivers who will soon be free
    #[arg(long, value_name = "POLICY", default_value = "all")]
    pub policy: Vec<String>,
    /// How many of 1,000 drivers have a device that reports positions and acknowledges no offer
    #[arg(long, value_name = "PERMILLE")]
    pub dead: Option<u32>,
    /// Drivers with such devices stay at home: the same day without them, for comparison
    #[arg(long)]
    pub without_dead: bool,
    /// All drivers accept at once, and no rider cancels
    #[arg(long)]
    pub ideal: bool,
    /// Print a bound that no policy can beat, to compare --ideal runs with; takes long for many requests
    #[arg(long)]
    pub bound: bool,
    /// Write the report
    #[arg(long, value_name = "FILE.json")]
    pub report: Option<PathBuf>,
    /// Draw the report
    #[arg(long, value_name = "FILE.svg")]
    pub picture: Option<PathBuf>,
}

/// Simulates, prints the table, and writes the files that were asked for. `clock` returns how long the process has run.
pub fn run(args: &SimulateArgs, clock: &dyn Fn() -> Duration) -> Result<(), SimError> {
    let variants = Variant::of(&args.policy).map_err(|error| error::wrong("--policy", error))?;
    let day = Day::new(args.scenario()?, args.seed)?;
    let bound = args.bound.then(|| {
        let bar = bar("bound");
        let found = bound::bound(&day, &mut |permille| bar.set_position(permille));
        bar.finish_and_clear();
        found
    });
    let mut policies = Vec::new();
    let mut thoughts = Vec::new();
    for variant in &variants {
        let bar = bar(&variant.word);
        let mut outside = Outside {
            clock,
            progress: &mut |permille| bar.set_position(permille),
        };
        let begun = clock();
        let tally = Simulation::new(&day, variant)?.run(&mut outside);
        bar.finish_and_clear();
        thoughts.push(format!(
            "{}: {:.1} s, of which the policy thought {:.1} s, {:.1} ms at once at most",
            variant.word,
            (clock() - begun).as_secs_f64(),
            tally.policy_time.as_secs_f64(),
            tally.policy_time_longest.as_secs_f64() * 1_000.0,
        ));
        policies.push(PolicyResult::of(&variant.word, &tally));
    }
    let report = DayReport::new(&day, bound, policies);
    println!("{}", report.table());
    println!("{}", thoughts.join("\n"));
    if let Some(file) = &args.report {
        error::write(file, &report.json())?;
    }
    if let Some(file) = &args.picture {
        let picture = report
            .picture()
            .map_err(|why| error::unwritten(file, why))?;
        error::write(file, &picture)?;
    }
    Ok(())
}

impl SimulateArgs {
    fn scenario(&self) -> Result<Scenario, SimError> {
        let mut scenario = match &self.scenario {
            Some(file) => Scenario::read(file)?,
            None => Scenario::default(),
        };
        if let Some(drivers) = self.drivers {
            scenario.drivers = drivers;
        }
        if self.requests.is_some() {
            scenario.requests = self.requests;
        }
        if let Some(permille) = self.dead {
            scenario.dead.permille = permille;
        }
        scenario.dead.absent |= self.without_dead;
        scenario.ideal |= self.ideal;
        Ok(scenario)
    }
}

/// A progress bar on standard error, if that is a terminal.
fn bar(what: &str) -> ProgressBar {
    let bar = ProgressBar::new(1_000);
    if let Ok(style) = ProgressStyle::with_template("{msg:24} {wide_bar} {percent} % {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar
}

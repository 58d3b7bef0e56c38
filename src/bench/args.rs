//! The options of the bench.

use std::path::PathBuf;

/// Measure a running service: requests, deliveries, latency, CPU time and memory.
#[derive(Clone, Debug, clap::Args)]
pub struct BenchArgs {
    /// The service's URL
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// Driver sockets that receive every request
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub drivers: u32,
    /// Drivers who read at once and whose latency counts; the others read every 50 ms, which leaves more of a shared
    /// machine to the server. By default all read at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub eager: Option<u32>,
    /// Riders who request trips
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub riders: u32,
    /// How long riders request trips, in seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
    /// Users to log in as, one JSON object per line: id, username, group, access. Without it, users are signed up
    #[arg(long, value_name = "FILE")]
    pub users: Option<PathBuf>,
    /// Write the users that were signed up, for --users of a later run
    #[arg(long, value_name = "FILE", conflicts_with = "users")]
    pub save_users: Option<PathBuf>,
    /// A process of the server whose CPU time and memory are reported, including its children; may be repeated
    #[arg(long)]
    pub pid: Vec<u32>,
    /// Open the driver sockets, report their memory, and end
    #[arg(long)]
    pub idle: bool,
    /// Send this many requests per second, answered or not, instead of waiting as --wait says
    #[arg(long, value_name = "PER_SECOND", value_parser = rate_in)]
    pub rate: Option<f64>,
    /// What a rider waits for before requesting the next trip
    #[arg(long, value_enum, default_value_t = Wait::Own, conflicts_with = "rate")]
    pub wait: Wait,
    /// More drivers, who are on shift and report positions on native sockets of their own
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub cabs: u32,
    /// The interval between their positions in milliseconds; by default each follows the last one's answer
    #[arg(long, value_name = "MS", requires = "cabs", value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub position_every: Option<u64>,
    /// Print one line of JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// When a rider's request is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Wait {
    /// The rider has received the trip
    Own,
    /// All drivers have received it too, so that nothing piles up in the server
    All,
}

fn rate_in(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.1..=1_000_000.0).contains(&rate) => Ok(rate),
        _ => Err("a number from 0.1 to 1000000 is expected".to_owned()),
    }
}

//! Redis, and the CPU time of server processes.

use domain::Coordinates;
use redis::{Client, Connection, RedisResult};

use crate::K;
use crate::town::{REACH_M, Town};

/// A member, its distance, and its longitude and latitude.
type Found = (u32, f64, (f64, f64));

const FREE: &str = "cabrank-bench:free";

/// A process on this machine.
#[derive(Debug, Clone)]
pub struct Process(String);

impl Process {
    pub fn of_threads(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// The CPU time that all its threads have used.
    pub fn cpu_ns(&self) -> u64 {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.0));
        let threads = threads.expect("the server is a process of this machine");
        let threads = threads
            .flatten()
            .map(|thread| thread.path().join("schedstat"));
        threads
            .map(|file| scheduled_ns(&file.to_string_lossy()))
            .sum()
    }
}

/// The CPU time that this thread has used.
pub fn own_cpu_ns() -> u64 {
    scheduled_ns("/proc/thread-self/schedstat")
}

fn scheduled_ns(file: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// A connection to Redis, with all drivers in one set.
pub struct GeoSearch(Connection);

impl GeoSearch {
    pub fn with(url: &str, town: &Town) -> Self {
        let client = Client::open(url).expect("CABRANK_BENCH_REDIS is a URL");
        let mut connection = client.get_connection().expect("Redis answers");
        let mut pipeline = redis::pipe();
        pipeline.cmd("DEL").arg(FREE).ignore();
        for (driver, place) in town.places().iter().enumerate() {
            let add = pipeline.cmd("GEOADD").arg(FREE);
            add.arg(place.lon()).arg(place.lat()).arg(driver).ignore();
        }
        let done: RedisResult<()> = pipeline.query(&mut connection);
        done.expect("Redis takes places");
        Self(connection)
    }

    /// The nearest drivers' places within reach, as a table service needs them.
    pub fn nearest(&mut self, from: Coordinates) -> Vec<Coordinates> {
        let mut search = redis::cmd("GEOSEARCH");
        search
            .arg(FREE)
            .arg("FROMLONLAT")
            .arg(from.lon())
            .arg(from.lat());
        search.arg("BYRADIUS").arg(REACH_M).arg("m").arg("ASC");
        search.arg("COUNT").arg(K).arg("WITHDIST").arg("WITHCOORD");
        let found: RedisResult<Vec<Found>> = search.query(&mut self.0);
        let found = found.expect("Redis searches").into_iter();
        let place = |(lon, lat)| Coordinates::new(lat, lon).expect("on earth");
        found.map(|(_, _, at)| place(at)).collect()
    }

    pub fn process(&mut self) -> Process {
        let info: RedisResult<String> = redis::cmd("INFO").arg("server").query(&mut self.0);
        let info = info.expect("Redis describes itself");
        let id = info
            .lines()
            .find_map(|line| line.strip_prefix("process_id:"));
        Process(id.expect("Redis names its process").trim().to_owned())
    }
}

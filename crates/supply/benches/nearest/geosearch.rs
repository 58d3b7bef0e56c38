//! Redis: free drivers are members of one geo set and occupied ones of another, so that a search meets no occupied
//! driver.

use std::sync::Arc;

use domain::Coordinates;
use redis::{Client, Connection, RedisResult};

use crate::city::{City, Move};
use crate::index::{Index, Server};
use crate::truth::{Near, Tolerance};
use crate::{K, RADIUS_M};

/// Redis uses an earth that is larger by 0.03 %, and keeps positions to about half a metre.
pub const TOLERANCE: Tolerance = Tolerance {
    part: 5e-4,
    metres: 1.0,
};
const FREE: &str = "cabrank-bench:free";
const OCCUPIED: &str = "cabrank-bench:occupied";

/// A connection to Redis.
pub struct GeoSearch {
    client: Client,
    connection: Connection,
    is_free: Arc<[bool]>,
    first_radius_m: f64,
}

impl GeoSearch {
    /// Puts all drivers into the sets. A search starts with a radius and doubles it until enough drivers are found or
    /// the full reach is searched.
    pub fn with(url: &str, city: &City, first_radius_m: f64) -> Self {
        let client = Client::open(url).expect("CABRANK_BENCH_REDIS is a URL");
        let connection = client.get_connection().expect("Redis answers");
        let mut index = Self {
            client,
            connection,
            is_free: city.is_free.as_slice().into(),
            first_radius_m,
        };
        index.clear();
        for moves in city.stops[0].chunks(1_000) {
            index.relocate(moves, 0);
        }
        index
    }

    fn within(&mut self, from: Coordinates, metres: f64) -> Vec<Near> {
        let mut search = redis::cmd("GEOSEARCH");
        search.arg(FREE).arg("FROMLONLAT").arg(from.lon());
        search.arg(from.lat()).arg("BYRADIUS").arg(metres).arg("m");
        search.arg("ASC").arg("COUNT").arg(K).arg("WITHDIST");
        let found: RedisResult<Vec<(u32, f64)>> = search.query(&mut self.connection);
        let found = found.expect("Redis searches").into_iter();
        found
            .map(|(driver, metres)| Near { driver, metres })
            .collect()
    }
}

impl Index for GeoSearch {
    fn nearest(&mut self, from: Coordinates) -> Vec<Near> {
        let mut radius = self.first_radius_m;
        while radius < RADIUS_M {
            let found = self.within(from, radius);
            if found.len() == K {
                return found;
            }
            radius *= 2.0;
        }
        self.within(from, RADIUS_M)
    }

    fn relocate(&mut self, moves: &[Move], _round: usize) {
        let mut pipeline = redis::Pipeline::with_capacity(moves.len());
        for moved in moves {
            let key = if self.is_free[moved.driver as usize] {
                FREE
            } else {
                OCCUPIED
            };
            let add = pipeline.cmd("GEOADD").arg(key).arg(moved.place.lon());
            add.arg(moved.place.lat()).arg(moved.driver).ignore();
        }
        let done: RedisResult<()> = pipeline.query(&mut self.connection);
        done.expect("Redis takes places");
    }

    fn another(&self) -> Box<dyn Index> {
        Box::new(Self {
            client: self.client.clone(),
            connection: self.client.get_connection().expect("Redis answers"),
            is_free: Arc::clone(&self.is_free),
            first_radius_m: self.first_radius_m,
        })
    }

    fn server(&mut self) -> Server {
        let info = redis::cmd("INFO").arg("server").query(&mut self.connection);
        let info: String = info.expect("Redis describes itself");
        let id = info
            .lines()
            .find_map(|line| line.strip_prefix("process_id:")?.trim().parse().ok());
        Server::Process {
            id: id.expect("Redis names its process"),
            name: "redis-server",
        }
    }

    fn round_trip(&mut self) {
        let answer: RedisResult<String> = redis::cmd("PING").query(&mut self.connection);
        answer.expect("Redis answers");
    }

    fn clear(&mut self) {
        let mut forget = redis::cmd("DEL");
        let done: RedisResult<()> = forget.arg(FREE).arg(OCCUPIED).query(&mut self.connection);
        done.expect("Redis forgets");
    }
}

//! PostGIS: one row per driver, and a GiST index over the positions of the free ones. The table is unlogged and a
//! commit does not wait for the disk, because cabrank's index is not durable either.

use domain::Coordinates;
use postgres::{Client, NoTls, Statement};

use crate::city::{City, Move};
use crate::index::{Index, Server};
use crate::truth::{Near, Tolerance};
use crate::{K, RADIUS_M};

/// Its order is that of distances on a sphere, as ours is. Distances on the ellipsoid differ by up to 0.6 %, but no
/// index searches by them.
pub const TOLERANCE: Tolerance = Tolerance {
    part: 1e-6,
    metres: 0.02,
};

const CREATE: &str = "
    CREATE EXTENSION IF NOT EXISTS postgis;
    DROP TABLE IF EXISTS cabrank_bench_drivers;
    CREATE UNLOGGED TABLE cabrank_bench_drivers (id int PRIMARY KEY, is_free boolean NOT NULL, place geography(Point) NOT NULL)";
const INSERT: &str = "
    INSERT INTO cabrank_bench_drivers
    SELECT id, is_free, ST_MakePoint(lon, lat)::geography FROM unnest($1::int[], $2::boolean[], $3::float8[], $4::float8[]) AS driver (id, is_free, lon, lat)";
const FINISH: &str = "CREATE INDEX ON cabrank_bench_drivers USING gist (place) WHERE is_free";
const NEAREST: &str = "
    SELECT id, place <-> ST_MakePoint($1, $2)::geography AS metres FROM cabrank_bench_drivers WHERE is_free
    ORDER BY place <-> ST_MakePoint($1, $2)::geography LIMIT 10";
const MOVE_ONE: &str =
    "UPDATE cabrank_bench_drivers SET place = ST_MakePoint($2, $3)::geography WHERE id = $1";
const MOVE_MANY: &str = "
    UPDATE cabrank_bench_drivers AS driver SET place = ST_MakePoint(moved.lon, moved.lat)::geography
    FROM unnest($1::int[], $2::float8[], $3::float8[]) AS moved (id, lon, lat) WHERE driver.id = moved.id";

/// A connection with its prepared statements.
pub struct PostGis {
    url: String,
    client: Client,
    nearest: Statement,
    move_one: Statement,
    move_many: Statement,
}

impl PostGis {
    /// Writes all drivers into the table.
    pub fn with(url: &str, city: &City) -> Self {
        let mut client = connect(url);
        client.batch_execute(CREATE).expect("a table can be made");
        for moves in city.stops[0].chunks(10_000) {
            let (ids, lons, lats) = columns(moves);
            let is_free = moves.iter().map(|one| city.is_free[one.driver as usize]);
            let is_free: Vec<bool> = is_free.collect();
            let inserted = client.execute(INSERT, &[&ids, &is_free, &lons, &lats]);
            inserted.expect("rows can be written");
        }
        client.batch_execute(FINISH).expect("an index can be made");
        client
            .batch_execute("VACUUM ANALYZE cabrank_bench_drivers")
            .expect("PostgreSQL looks at what there is");
        Self::prepared(url, client)
    }

    fn prepared(url: &str, mut client: Client) -> Self {
        let mut prepare = |sql| client.prepare(sql).expect("the table is there");
        Self {
            nearest: prepare(NEAREST),
            move_one: prepare(MOVE_ONE),
            move_many: prepare(MOVE_MANY),
            url: url.to_owned(),
            client,
        }
    }
}

impl Index for PostGis {
    fn nearest(&mut self, from: Coordinates) -> Vec<Near> {
        let rows = self
            .client
            .query(&self.nearest, &[&from.lon(), &from.lat()]);
        let rows = rows.expect("PostGIS searches");
        assert!(rows.len() <= K, "the statement's limit is {K}");
        let near = rows.iter().map(|row| Near {
            driver: u32::try_from(row.get::<_, i32>(0)).expect("as it was written"),
            metres: row.get(1),
        });
        near.take_while(|near| near.metres <= RADIUS_M).collect()
    }

    fn relocate(&mut self, moves: &[Move], _round: usize) {
        let moved = if let [one] = moves {
            let (lon, lat) = (one.place.lon(), one.place.lat());
            self.client
                .execute(&self.move_one, &[&id(one.driver), &lon, &lat])
        } else {
            let (ids, lons, lats) = columns(moves);
            self.client.execute(&self.move_many, &[&ids, &lons, &lats])
        };
        let moved = moved.expect("PostGIS takes places");
        assert_eq!(moved, moves.len() as u64, "every driver has a row");
    }

    fn another(&self) -> Box<dyn Index> {
        Box::new(Self::prepared(&self.url, connect(&self.url)))
    }

    fn server(&mut self) -> Server {
        let row = self.client.query_one("SELECT pg_backend_pid()", &[]);
        Server::Process {
            id: row.expect("PostgreSQL names its process").get(0),
            name: "postgres",
        }
    }

    fn round_trip(&mut self) {
        // An empty statement.
        self.client.batch_execute("").expect("PostgreSQL answers");
    }

    fn clear(&mut self) {
        let gone = self
            .client
            .batch_execute("DROP TABLE cabrank_bench_drivers");
        gone.expect("a table can be dropped");
    }
}

fn connect(url: &str) -> Client {
    let mut client = Client::connect(url, NoTls).expect("PostgreSQL answers");
    client
        .batch_execute("SET synchronous_commit = off; SET client_min_messages = warning")
        .expect("a session may choose so");
    client
}

fn id(driver: u32) -> i32 {
    i32::try_from(driver).expect("a small number")
}

fn columns(moves: &[Move]) -> (Vec<i32>, Vec<f64>, Vec<f64>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for one in moves {
        columns.0.push(id(one.driver));
        columns.1.push(one.place.lon());
        columns.2.push(one.place.lat());
    }
    columns
}

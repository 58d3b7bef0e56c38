//! Ride requests and vehicles, read from files or made as copies.

use std::path::Path;

use csv::{Position, StringRecord};
use serde::{Deserialize, Serialize};

use super::city::shifted;
use super::dice::{Dice, Question};
use super::error::{SimError, unreadable};
use domain::Coordinates;

/// The number of seats in every car.
pub(super) const SEATS: u8 = 4;
/// An hour in milliseconds.
pub(super) const HOUR_MS: i64 = 3_600_000;
/// How far a copied request differs from the original: in time, evenly to both sides, and in place, as a standard
/// deviation in metres.
const COPY_APART_MS: i64 = 300_000;
const COPY_APART_M: i64 = 150;

/// A ride that a rider will request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RideRequest {
    /// In milliseconds after midnight.
    #[serde(rename = "at_ms")]
    pub at: i64,
    pub from: Coordinates,
    pub to: Coordinates,
    /// The number of passengers.
    pub passengers: u8,
}

/// Reads requests, one per line, with the columns o_lat, o_lon, d_lat, d_lon and departure_time, and optionally
/// passengers. Times are whole minutes of any day, such as `2014-12-21 08:15:00`; the seed chooses the second.
pub(super) fn requests(file: &Path, seed: u64) -> Result<Vec<RideRequest>, SimError> {
    let table = CsvTable::read(file)?;
    let columns = ["o_lat", "o_lon", "d_lat", "d_lon", "departure_time"];
    let [o_lat, o_lon, d_lat, d_lon, time] = table.columns(columns)?;
    let passengers = table.column("passengers").ok();
    let mut requests = Vec::with_capacity(table.lines.len());
    for (line, number) in (0..table.lines.len()).zip(0_u64..) {
        let mut dice = Dice::of(seed, Question::Request, [number, 1]);
        let passengers = passengers.map(|column| table.passengers(line, column));
        requests.push(RideRequest {
            at: table.minute_ms(line, time)? + dice.below(60_000) as i64,
            from: table.place(line, o_lat, o_lon)?,
            to: table.place(line, d_lat, d_lon)?,
            passengers: passengers.transpose()?.unwrap_or(1),
        });
    }
    Ok(requests)
}

/// Reads the vehicles' starting places, one per line, with the columns lat and lon.
pub(super) fn vehicles(file: &Path) -> Result<Vec<Coordinates>, SimError> {
    let table = CsvTable::read(file)?;
    let [lat, lon] = table.columns(["lat", "lon"])?;
    let places = (0..table.lines.len()).map(|line| table.place(line, lat, lon));
    places.collect()
}

/// A copy of a request at a slightly different time and place.
pub(super) fn copy(request: &RideRequest, seed: u64, number: u64, copy: u64) -> RideRequest {
    let mut dice = Dice::of(seed, Question::Request, [number, 1 + copy]);
    let apart_ms = dice.below(2 * COPY_APART_MS as u64) as i64 - COPY_APART_MS;
    let mut beside = |place| shifted(place, dice.around(COPY_APART_M), dice.around(COPY_APART_M));
    RideRequest {
        from: beside(request.from),
        to: beside(request.to),
        at: request.at + apart_ms,
        passengers: request.passengers,
    }
}

/// A CSV file with a header line.
struct CsvTable<'a> {
    file: &'a Path,
    header: StringRecord,
    lines: Vec<StringRecord>,
}

impl<'a> CsvTable<'a> {
    fn read(file: &'a Path) -> Result<Self, SimError> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_path(file)
            .map_err(|error| unreadable(file, error))?;
        let header = reader.headers().cloned();
        let header = header.map_err(|error| unreadable(file, error))?;
        let lines = reader.records().collect::<Result<_, _>>();
        let lines = lines.map_err(|error| unreadable(file, error))?;
        Ok(Self {
            file,
            header,
            lines,
        })
    }

    fn column(&self, name: &str) -> Result<usize, SimError> {
        let column = self.header.iter().position(|known| known == name);
        column.ok_or_else(|| unreadable(self.file, format!("it has no column {name}")))
    }

    fn columns<const N: usize>(&self, names: [&str; N]) -> Result<[usize; N], SimError> {
        let mut columns = [0; N];
        for (column, name) in columns.iter_mut().zip(names) {
            *column = self.column(name)?;
        }
        Ok(columns)
    }

    fn cell(&self, line: usize, column: usize) -> &str {
        self.lines[line].get(column).unwrap_or_default()
    }

    fn bad(&self, line: usize, column: usize, rule: &str) -> SimError {
        let name = &self.header[column];
        let line = self.lines[line].position().map_or(0, Position::line);
        unreadable(self.file, format!("line {line}: {name} {rule}"))
    }

    fn place(&self, line: usize, lat: usize, lon: usize) -> Result<Coordinates, SimError> {
        let number = |column| {
            let number: Result<f64, _> = self.cell(line, column).parse();
            number.map_err(|_| self.bad(line, column, "must be a number"))
        };
        Coordinates::new(number(lat)?, number(lon)?)
            .map_err(|error| self.bad(line, lat, &format!("is not on earth: {error}")))
    }

    fn passengers(&self, line: usize, column: usize) -> Result<u8, SimError> {
        let number = self.cell(line, column).parse();
        let number = number.ok().filter(|number| (1..=SEATS).contains(number));
        number.ok_or_else(|| self.bad(line, column, &format!("must be from 1 to {SEATS}")))
    }

    /// The milliseconds after midnight of a time such as `... 08:15:00`.
    fn minute_ms(&self, line: usize, column: usize) -> Result<i64, SimError> {
        let text = self.cell(line, column);
        let clock = text.split([' ', 'T']).nth(1).unwrap_or_default();
        let mut parts = clock.split(':').map(|part| part.parse::<i64>().ok());
        match (parts.next().flatten(), parts.next().flatten()) {
            (Some(hour @ 0..=23), Some(minute @ 0..=59)) => Ok(hour * HOUR_MS + minute * 60_000),
            _ => Err(self.bad(line, column, "must be a time such as 2014-12-21 08:15:00")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<RideRequest>, SimError> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("trips.csv");
        std::fs::write(&file, text).expect("it can be written");
        requests(&file, 1)
    }

    const HEADER: &str = "id,o_lat,o_lon,d_lat,d_lon,departure_time,passengers\n";

    #[test]
    fn requests_are_read_and_spread_over_their_minute() {
        let line = "0,40.7,-74.0,40.8,-73.9,2014-12-21 08:15:00,3\n";
        let requests = read(&format!("{HEADER}{line}{line}")).expect("they can be read");
        let minute = 8 * HOUR_MS + 15 * 60_000;
        assert!(
            requests
                .iter()
                .all(|request| (minute..minute + 60_000).contains(&request.at))
        );
        assert_ne!(requests[0].at, requests[1].at);
        assert_eq!(requests[0].passengers, 3);
        let again = copy(&requests[0], 1, 0, 1);
        assert!(again.from.metres_to(requests[0].from) < 1_500.0);
        assert!((again.at - requests[0].at).abs() <= COPY_APART_MS);
    }

    #[test]
    fn what_is_wrong_in_a_file_is_named() {
        for (text, rule) in [
            ("a,b\n".to_owned(), "it has no column o_lat"),
            (
                format!("{HEADER}0,x,0,0,0,2014-12-21 08:15:00,1\n"),
                "line 2: o_lat must be a number",
            ),
            (
                format!("{HEADER}0,95,0,0,0,2014-12-21 08:15:00,1\n"),
                "line 2: o_lat is not on earth",
            ),
            (
                format!("{HEADER}0,0,0,0,0,noon,1\n"),
                "line 2: departure_time must be a time",
            ),
            (
                format!("{HEADER}0,0,0,0,0,2014-12-21 08:15:00,9\n"),
                "line 2: passengers must be from 1 to 4",
            ),
        ] {
            let error = read(&text).expect_err("it is wrong").to_string();
            assert!(error.contains(rule), "{error}");
        }
    }
}

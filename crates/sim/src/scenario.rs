//! A scenario: a city or the files of one, the number of drivers, people's behaviour, and the operator's rules.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::city::City;
use super::demand::{self, HOUR_MS, RideRequest};
use super::dice::{Dice, Question};
use super::error::{SimError, unreadable, write, wrong};
use super::people::{self, DeadDevices, Drivers, Riders};
use super::recorded::Recorded;
use super::streets::ScenarioStreets;
use super::variant::Variant;
use domain::Coordinates;
use town::Town;

/// A scenario, as in its file. What the file leaves out has the defaults below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    pub name: String,
    /// When the first request can come, in hours after midnight.
    pub begin_hour: u32,
    /// When requests end, in hours after midnight.
    pub end_hour: u32,
    /// The number of drivers.
    pub drivers: u32,
    /// The number of requests, in an invented city.
    pub requests: Option<u32>,
    /// How many times each request is made: once as it is, and otherwise as a copy near it.
    pub times: u32,
    /// The requests and the drivers of a recorded day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recorded>,
    /// The requests of a real day, as a CSV file.
    pub trips: Option<PathBuf>,
    /// Where drivers begin, as a CSV file; without it, at random pick-ups or drop-offs.
    pub vehicles: Option<PathBuf>,
    /// The map; without it, cars drive in straight lines.
    pub roads: Option<RoadsFile>,
    /// The city to invent requests for, where no file of trips is given.
    #[serde(skip_serializing_if = "City::is_shipped")]
    pub city: City,
    /// Which drivers are on shift when; without it, all drivers are on shift all the time.
    pub shifts: Vec<ShiftHours>,
    /// The operator's rules, as a town file. Its policy is replaced by the one that is simulated.
    pub town: Map<String, Value>,
    /// All drivers accept at once and no rider cancels. `driver` and `rider` are ignored then.
    pub ideal: bool,
    pub driver: Drivers,
    pub rider: Riders,
    /// The dead devices.
    #[serde(skip_serializing_if = "DeadDevices::is_none")]
    pub dead: DeadDevices,
}

/// A road map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoadsFile {
    /// `*.osm.pbf`, or the node-link JSON that OSMnx writes.
    pub file: PathBuf,
    /// How much longer drives take than in free traffic, in permille.
    #[serde(default = "free")]
    pub slower_permille: u32,
}

const fn free() -> u32 {
    1_000
}

/// A share of the drivers, with the hours of their shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShiftHours {
    /// The share of the drivers, in permille.
    pub permille: u32,
    /// In hours after midnight.
    pub begin_hour: u32,
    /// In hours after midnight.
    pub end_hour: u32,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: "the shipped city".to_owned(),
            begin_hour: 0,
            end_hour: 24,
            drivers: 60,
            requests: None,
            times: 1,
            recorded: None,
            trips: None,
            vehicles: None,
            roads: None,
            city: City::shipped(),
            shifts: Vec::new(),
            town: Map::new(),
            ideal: false,
            driver: Drivers::default(),
            rider: Riders::default(),
            dead: DeadDevices::default(),
        }
    }
}

/// The number of requests in an invented city, unless the scenario sets it.
const REQUESTS: u32 = 2_000;
/// The greatest number of drivers, and of requests.
const MANY: u32 = 2_000_000;
/// How long a search lasts, and how far away drivers may be in seconds, where no rider gives up.
const FOR_EVER_S: u32 = 2 * 86_400;
const REACH_S: u32 = 7_200;

impl Scenario {
    /// Reads a scenario. Paths in it are relative to its folder.
    pub fn read(file: &Path) -> Result<Self, SimError> {
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, error))?;
        let mut scenario = Self::parse(&text)?;
        let folder = file.parent().unwrap_or(Path::new(""));
        for named in [&mut scenario.trips, &mut scenario.vehicles]
            .into_iter()
            .flatten()
        {
            *named = folder.join(&*named);
        }
        if let Some(roads) = &mut scenario.roads {
            roads.file = folder.join(&roads.file);
        }
        Ok(scenario)
    }

    /// Writes a scenario that [`Self::read`] reads.
    pub fn write(&self, file: &Path) -> Result<(), SimError> {
        let text = serde_json::to_string_pretty(self).expect("words and finite numbers are JSON");
        write(file, &(text + "\n"))
    }

    /// Parses a scenario from JSON text.
    pub fn parse(text: &str) -> Result<Self, SimError> {
        // The parser would also accept an array of the fields' values.
        if !text.trim_start().starts_with('{') {
            return Err(wrong("the scenario", "must be a JSON object"));
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let scenario: Self = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let field = if path == "." { "the scenario" } else { &path };
            wrong(field, error.inner())
        })?;
        json.end().map_err(|error| wrong("the scenario", error))?;
        Ok(scenario)
    }

    /// Checks the values.
    pub fn check(&self) -> Result<(), SimError> {
        let hours = (self.begin_hour, self.end_hour);
        if !(hours.0 < hours.1 && hours.1 <= 48) {
            return Err(wrong(
                "end_hour",
                "must be after begin_hour, and at most 48",
            ));
        }
        if !(1..=MANY).contains(&self.drivers) {
            return Err(wrong("drivers", format!("must be from 1 to {MANY}")));
        }
        if !(1..=100).contains(&self.times) {
            return Err(wrong("times", "must be from 1 to 100"));
        }
        if self.requests.is_some() && self.trips.is_some() {
            return Err(wrong("requests", "is decided by the file of trips"));
        }
        if !(1..=MANY).contains(&self.requests.unwrap_or(REQUESTS)) {
            return Err(wrong("requests", format!("must be from 1 to {MANY}")));
        }
        if self
            .roads
            .as_ref()
            .is_some_and(|roads| !(200..=20_000).contains(&roads.slower_permille))
        {
            return Err(wrong("roads.slower_permille", "must be from 200 to 20000"));
        }
        self.check_recorded()?;
        people::check(&self.driver, &self.rider)?;
        self.dead.check()?;
        self.city.check()?;
        let mut shares = 0;
        for (number, shift) in self.shifts.iter().enumerate() {
            if shift.begin_hour >= shift.end_hour {
                let field = format!("shifts[{number}].end_hour");
                return Err(wrong(field, "must be after begin_hour"));
            }
            shares += shift.permille;
        }
        if !self.shifts.is_empty() && shares != 1_000 {
            return Err(wrong("shifts", "must have permille that are 1000 together"));
        }
        Ok(())
    }

    fn check_recorded(&self) -> Result<(), SimError> {
        let Some(recorded) = &self.recorded else {
            return Ok(());
        };
        for (field, is_said) in [
            ("requests", self.requests.is_some()),
            ("trips", self.trips.is_some()),
            ("vehicles", self.vehicles.is_some()),
            ("shifts", !self.shifts.is_empty()),
        ] {
            if is_said {
                return Err(wrong(field, "is decided by what is recorded"));
            }
        }
        recorded.check()
    }

    /// The behaviour of drivers and riders.
    pub fn people(&self) -> (Drivers, Riders) {
        if self.ideal {
            (Drivers::IDEAL, Riders::IDEAL)
        } else {
            (self.driver, self.rider)
        }
    }

    /// Loads the streets.
    pub fn streets(&self) -> Result<ScenarioStreets, SimError> {
        match &self.roads {
            Some(roads) => ScenarioStreets::load(&roads.file, roads.slower_permille),
            None => Ok(ScenarioStreets::STRAIGHT),
        }
    }

    /// The town under a variant. In an ideal scenario no search ends and no driver is out of reach.
    pub fn town(&self, variant: &Variant) -> Result<Town, SimError> {
        let mut town = self.town.clone();
        town.insert("policy".to_owned(), variant.policy.as_str().into());
        let offering = town.entry("offering").or_insert_with(|| Map::new().into());
        if let Some(offering) = offering.as_object_mut() {
            if let Some(ms) = variant.window_ms {
                offering.insert("window_shortest_ms".to_owned(), ms.into());
                offering.insert("window_longest_ms".to_owned(), ms.into());
            }
            if self.ideal {
                // In an ideal scenario every rider is served in the end, so no driver may be out of reach.
                offering.insert("eta_max_seconds".to_owned(), REACH_S.into());
            }
        }
        let text = Value::Object(town).to_string();
        Town::parse(&text).map_err(|error| wrong("town", error))
    }

    /// The search time where the town does not set one, in seconds.
    pub(super) const fn search_s(&self) -> u32 {
        if self.ideal { FOR_EVER_S } else { 600 }
    }

    /// The requests in the order of time.
    pub fn requests(&self, seed: u64) -> Result<Vec<RideRequest>, SimError> {
        let hours = (self.begin_hour, self.end_hour);
        let given = match (&self.recorded, &self.trips) {
            (Some(recorded), _) => recorded.requests.clone(),
            (None, Some(file)) => demand::requests(file, seed)?,
            (None, None) => (0..u64::from(self.requests.unwrap_or(REQUESTS)))
                .map(|number| self.city.request(seed, number, hours))
                .collect(),
        };
        let (begin, end) = self.span();
        let mut requests = Vec::new();
        for (request, number) in given.iter().zip(0_u64..) {
            // A copy may fall outside the hours although the original lies within; then it is moved back inside.
            if !(begin..end).contains(&request.at) {
                continue;
            }
            requests.push(*request);
            for copy in 1..u64::from(self.times) {
                let mut beside = demand::copy(request, seed, number, copy);
                beside.at = beside.at.clamp(begin, end - 1);
                requests.push(beside);
            }
        }
        if requests.is_empty() {
            return Err(wrong(
                "begin_hour",
                "nobody requests anything between the hours",
            ));
        }
        requests.sort_by_key(|request| request.at);
        Ok(requests)
    }

    /// The time in which requests come, in milliseconds after midnight.
    pub fn span(&self) -> (i64, i64) {
        let ms = |hour| i64::from(hour) * HOUR_MS;
        (ms(self.begin_hour), ms(self.end_hour))
    }

    /// Where each driver begins, and the times of their shift.
    pub fn starts(&self, seed: u64, requests: &[RideRequest]) -> Result<Vec<Start>, SimError> {
        if let Some(recorded) = &self.recorded {
            let start = |driver| recorded.start(seed, driver, self.span().0);
            return Ok((0..self.drivers).map(start).collect());
        }
        let given = match &self.vehicles {
            Some(file) => demand::vehicles(file)?,
            None => Vec::new(),
        };
        let start = |driver: u32| {
            let number = u64::from(driver);
            let mut dice = Dice::of(seed, Question::Start, [number, 1]);
            let place = if let Some(place) = given.get(driver as usize) {
                *place
            } else if !given.is_empty() {
                given[dice.below(given.len() as u64) as usize]
            } else if self.trips.is_some() {
                requests[dice.below(requests.len() as u64) as usize].to
            } else {
                self.city.start(seed, number, self.begin_hour)
            };
            let (begin, end) = self.shift(driver);
            Start { place, begin, end }
        };
        Ok((0..self.drivers).map(start).collect())
    }

    /// The times of a driver's shift. Without shifts there is no end, so that the last riders get home.
    fn shift(&self, driver: u32) -> (i64, Option<i64>) {
        let turn = u64::from(driver) * 1_000 / u64::from(self.drivers);
        let mut passed = 0;
        for shift in &self.shifts {
            passed += u64::from(shift.permille);
            if turn < passed {
                let ms = |hour| i64::from(hour) * HOUR_MS;
                let begin = ms(shift.begin_hour).max(self.span().0);
                return (begin, Some(ms(shift.end_hour)));
            }
        }
        (self.span().0, None)
    }
}

/// Where and when a driver begins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    pub place: Coordinates,
    /// When the shift begins, in milliseconds after midnight.
    #[serde(rename = "begin_ms")]
    pub begin: i64,
    /// When the shift ends, if it does. A trip under way is finished first.
    #[serde(rename = "end_ms", default)]
    pub end: Option<i64>,
}

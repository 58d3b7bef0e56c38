//! What is simulated: a city or the files of one, how many drivers, how they behave, what the operator has decided.

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

/// A scenario, as its file is written. What the file does not say is as it says here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// When the first can request, in hours after midnight.
    pub begin_hour: u32,
    /// When nobody requests any more.
    pub end_hour: u32,
    /// How many drive.
    pub drivers: u32,
    /// How many request, in a city that is made up.
    pub requests: Option<u32>,
    /// So many times the requests: the first time as they are, then beside that.
    pub times: u32,
    /// The requests and the drivers of a day that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recorded>,
    /// The requests of a real day, as a file of values separated by commas.
    pub trips: Option<PathBuf>,
    /// Where drivers begin, as such a file; without it, where made-up or real riders may want to go.
    pub vehicles: Option<PathBuf>,
    /// The map; without it cars go straight.
    pub roads: Option<RoadsFile>,
    /// Where no trips are given: the city to make them up for.
    #[serde(skip_serializing_if = "City::is_shipped")]
    pub city: City,
    /// Who is on shift when; without it, everybody all the time.
    pub shifts: Vec<ShiftHours>,
    /// What the operator has decided: a town file. Its policy is the one that is simulated.
    pub town: Map<String, Value>,
    /// Everybody accepts at once and nobody cancels: what the people below do does not count.
    pub ideal: bool,
    /// How drivers behave.
    pub driver: Drivers,
    /// How riders behave.
    pub rider: Riders,
    /// Whose devices are dead.
    #[serde(skip_serializing_if = "DeadDevices::is_none")]
    pub dead: DeadDevices,
}

/// A map of streets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoadsFile {
    /// `*.osm.pbf`, or the node-link JSON that OSMnx writes.
    pub file: PathBuf,
    /// By how much everything takes longer than in free traffic, in permille.
    #[serde(default = "free")]
    pub slower_permille: u32,
}

const fn free() -> u32 {
    1_000
}

/// Some of the drivers, and when they are on shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShiftHours {
    /// How many of 1,000.
    pub permille: u32,
    /// From when, in hours after midnight.
    pub begin_hour: u32,
    /// Until when.
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

/// How many request in a city that is made up, where nobody says so.
const REQUESTS: u32 = 2_000;
/// The most drivers, and the most requests.
const MANY: u32 = 2_000_000;
/// How long a search lasts where nobody gives up, and how far away drivers may be.
const FOR_EVER_S: u32 = 2 * 86_400;
const REACH_S: u32 = 7_200;

impl Scenario {
    /// Reads a scenario; the files that it names are found from where it lies.
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

    /// Writes it, for [`Self::read`].
    pub fn write(&self, file: &Path) -> Result<(), SimError> {
        let text = serde_json::to_string_pretty(self).expect("words and finite numbers are JSON");
        write(file, &(text + "\n"))
    }

    /// The scenario of that text.
    pub fn parse(text: &str) -> Result<Self, SimError> {
        // The parser would take a list of the fields' values as well.
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

    /// Whether it makes sense.
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

    /// How drivers and riders behave.
    pub fn people(&self) -> (Drivers, Riders) {
        if self.ideal {
            (Drivers::IDEAL, Riders::IDEAL)
        } else {
            (self.driver, self.rider)
        }
    }

    /// The streets.
    pub fn streets(&self) -> Result<ScenarioStreets, SimError> {
        match &self.roads {
            Some(roads) => ScenarioStreets::load(&roads.file, roads.slower_permille),
            None => Ok(ScenarioStreets::STRAIGHT),
        }
    }

    /// The town under that variant. Where nobody gives up, the search does not end either, and nobody is too far.
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
                // Everybody is served in the end, so nobody is out of reach.
                offering.insert("eta_max_seconds".to_owned(), REACH_S.into());
            }
        }
        let text = Value::Object(town).to_string();
        Town::parse(&text).map_err(|error| wrong("town", error))
    }

    /// How long a driver is looked for where the town does not say, in seconds.
    pub(super) const fn search_s(&self) -> u32 {
        if self.ideal { FOR_EVER_S } else { 600 }
    }

    /// Who will want to ride, in the order of time.
    pub fn wishes(&self, seed: u64) -> Result<Vec<RideRequest>, SimError> {
        let hours = (self.begin_hour, self.end_hour);
        let given = match (&self.recorded, &self.trips) {
            (Some(recorded), _) => recorded.requests.clone(),
            (None, Some(file)) => demand::wishes(file, seed)?,
            (None, None) => (0..u64::from(self.requests.unwrap_or(REQUESTS)))
                .map(|number| self.city.wish(seed, number, hours))
                .collect(),
        };
        let (begin, end) = self.span();
        let mut wishes = Vec::new();
        for (wish, number) in given.iter().zip(0_u64..) {
            // A copy may lie on the other side of the edge than what it is a copy of; it comes back from there.
            if !(begin..end).contains(&wish.at) {
                continue;
            }
            wishes.push(*wish);
            for copy in 1..u64::from(self.times) {
                let mut beside = demand::copy(wish, seed, number, copy);
                beside.at = beside.at.clamp(begin, end - 1);
                wishes.push(beside);
            }
        }
        if wishes.is_empty() {
            return Err(wrong(
                "begin_hour",
                "nobody requests anything between the hours",
            ));
        }
        wishes.sort_by_key(|wish| wish.at);
        Ok(wishes)
    }

    /// The time in which requests come, in milliseconds after midnight.
    pub fn span(&self) -> (i64, i64) {
        let ms = |hour| i64::from(hour) * HOUR_MS;
        (ms(self.begin_hour), ms(self.end_hour))
    }

    /// Where each driver begins, and from when until when.
    pub fn starts(&self, seed: u64, wishes: &[RideRequest]) -> Result<Vec<Start>, SimError> {
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
                wishes[dice.below(wishes.len() as u64) as usize].to
            } else {
                self.city.start(seed, number, self.begin_hour)
            };
            let (begin, end) = self.shift(driver);
            Start { place, begin, end }
        };
        Ok((0..self.drivers).map(start).collect())
    }

    /// When a driver is on shift. The end is none where there are no shifts, since the last riders want to get home.
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
    /// Where.
    pub place: Coordinates,
    /// When, in milliseconds after midnight.
    #[serde(rename = "begin_ms")]
    pub begin: i64,
    /// When the shift ends, if it does; a trip is driven to its end.
    #[serde(rename = "end_ms", default)]
    pub end: Option<i64>,
}

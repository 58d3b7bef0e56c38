//! Reads a town from the file, and checks the rules between fields. Errors name the path of the field.

use std::collections::{BTreeMap, HashSet};

use super::Town;
use super::area::{Area, Shape, VERTICES_MAX};
use super::error::TownError;
use super::file::{AreasFile, TownFile};
use super::rules::{Cancellation, Decisions};
use domain::text::check;
use domain::{Amount, Policy, Tariff, VehicleClass};

/// The most areas of a town.
const AREAS_MAX: usize = 1_000;
/// The most classes of a town.
const CLASSES_MAX: usize = 32;
/// The most reasons for cancelling that a rider may choose from.
const REASONS_MAX: usize = 32;
/// The longest name of an area, in characters.
const NAME_MAX: usize = 64;
/// The longest reason for cancelling, in characters.
const REASON_MAX: usize = 255;

impl Town {
    /// Reads a town file.
    pub fn parse(text: &str) -> Result<Self, TownError> {
        // The parser would also accept an array of the fields' values.
        if text.trim_start().starts_with('[') {
            return Err(TownError::new("", "must be a JSON object"));
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let file: TownFile = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            TownError::new(if path == "." { "" } else { &path }, error.inner())
        })?;
        json.end().map_err(|error| TownError::new("", error))?;
        let classes = classes(&file)?;
        let decisions = file.decisions();
        check_decisions(&decisions, "")?;
        let areas = match &file.areas {
            Some(areas) => areas_of(areas, &decisions)?,
            None => Vec::new(),
        };
        let town = Self {
            currency: file.currency,
            classes,
            scheduling: file.scheduling(),
            high_fare_permille: file.high_fare_permille(),
            decisions,
            areas,
        };
        if town.currency.is_none() && town.charges() {
            let rule = "must be given where something is charged for";
            return Err(TownError::new("currency", rule));
        }
        Ok(town)
    }

    fn charges(&self) -> bool {
        let in_areas = self.areas.iter().map(|area| &area.decisions);
        let has_fee = |fees: &Cancellation| fees.fee.max(fees.no_show_fee) > Amount::ZERO;
        self.classes.values().any(Option::is_some)
            || in_areas
                .chain([&self.decisions])
                .any(|decisions| has_fee(&decisions.cancellation))
    }
}

fn classes(file: &TownFile) -> Result<BTreeMap<VehicleClass, Option<Tariff>>, TownError> {
    let Some(classes) = &file.classes else {
        return Ok(Town::default().classes);
    };
    if !(1..=CLASSES_MAX).contains(&classes.len()) {
        let rule = format!("must be from 1 to {CLASSES_MAX}");
        return Err(TownError::new("classes", rule));
    }
    let classes = classes.iter();
    Ok(classes
        .map(|(class, given)| (class.clone(), given.tariff.clone()))
        .collect())
}

fn areas_of(file: &AreasFile, town: &Decisions) -> Result<Vec<Area>, TownError> {
    if !(1..=AREAS_MAX).contains(&file.features.len()) {
        let rule = format!("must be from 1 to {AREAS_MAX}");
        return Err(TownError::new("areas.features", rule));
    }
    let mut names = HashSet::new();
    let mut vertices = 0;
    let mut areas = Vec::with_capacity(file.features.len());
    for (n, feature) in file.features.iter().enumerate() {
        let path = format!("areas.features[{n}]");
        let name = &feature.properties.name;
        let name_path = format!("{path}.properties.name");
        check(name, NAME_MAX).map_err(|error| TownError::new(&name_path, error))?;
        if !names.insert(name) {
            let rule = format!("must be another one than {name:?}, which an area before has");
            return Err(TownError::new(name_path, rule));
        }
        let decisions = feature.properties.decisions(town);
        check_decisions(&decisions, &format!("{path}.properties."))?;
        let shape = Shape::read(&feature.geometry, &format!("{path}.geometry"))?;
        vertices += shape.vertices();
        if vertices > VERTICES_MAX {
            let rule = format!("must have at most {VERTICES_MAX} positions, all areas together");
            return Err(TownError::new(format!("{path}.geometry"), rule));
        }
        areas.push(Area::new(name.clone(), decisions, shape));
    }
    Ok(areas)
}

/// Checks the rules between the fields of the town or of an area. `prefix` is the path to the fields.
fn check_decisions(decisions: &Decisions, prefix: &str) -> Result<(), TownError> {
    let (offering, surge) = (&decisions.offering, &decisions.surge);
    if offering.first_eta_seconds > offering.eta_max_seconds {
        let rule = format!(
            "must be at most eta_max_seconds, which is {}",
            offering.eta_max_seconds
        );
        return Err(TownError::new(
            format!("{prefix}offering.first_eta_seconds"),
            rule,
        ));
    }
    if offering.window_shortest_ms > offering.window_longest_ms {
        let rule = format!(
            "must be at most window_longest_ms, which is {}",
            offering.window_longest_ms
        );
        return Err(TownError::new(
            format!("{prefix}offering.window_shortest_ms"),
            rule,
        ));
    }
    if decisions.shadow == Some(Policy::Broadcast) {
        let rule = "must be \"nearest\" or \"batch\": under \"broadcast\" nobody is chosen";
        return Err(TownError::new(format!("{prefix}shadow"), rule));
    }
    if surge.permille > surge.max_permille {
        let rule = format!(
            "must be at most max_permille, which is {}",
            surge.max_permille
        );
        return Err(TownError::new(format!("{prefix}surge.permille"), rule));
    }
    check_reasons(
        &decisions.cancellation,
        &format!("{prefix}cancellation.reasons"),
    )
}

fn check_reasons(cancellation: &Cancellation, path: &str) -> Result<(), TownError> {
    let reasons = &cancellation.reasons;
    if reasons.len() > REASONS_MAX {
        let rule = format!("must be at most {REASONS_MAX}");
        return Err(TownError::new(path, rule));
    }
    let mut known = HashSet::new();
    for (n, given) in reasons.iter().enumerate() {
        let (text, path) = (given.reason.as_str(), format!("{path}[{n}].reason"));
        check(text, REASON_MAX).map_err(|error| TownError::new(&path, error))?;
        if !known.insert(text) {
            return Err(TownError::new(path, "must not stand there twice"));
        }
    }
    Ok(())
}

impl Decisions {
    /// Whether requests are announced to all drivers, so that a trip needs no coordinates.
    pub(super) fn is_for_all_drivers(&self) -> bool {
        match self.policy {
            Policy::Broadcast => true,
            Policy::Nearest | Policy::Batch => false,
        }
    }
}

//! Vehicles and their classes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most seats that a vehicle can offer and a trip can need.
pub const SEATS_MAX: u8 = 16;

/// A class of vehicles, such as `standard` or `van`: 1 to 32 lower-case letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VehicleClass(String);

/// The text is not the name of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A class is 1 to 32 small letters, digits, - and _.")]
pub struct VehicleClassError;

impl VehicleClass {
    /// Reads the name of a class.
    pub fn parse(text: &str) -> Result<Self, VehicleClassError> {
        let is_allowed =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if (1..=32).contains(&text.len()) && text.chars().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(VehicleClassError)
        }
    }

    /// The name of the class, as the town file has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The class of a trip or a vehicle for which no other is given.
impl Default for VehicleClass {
    fn default() -> Self {
        Self("standard".to_owned())
    }
}

impl TryFrom<String> for VehicleClass {
    type Error = VehicleClassError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<VehicleClass> for String {
    fn from(class: VehicleClass) -> Self {
        class.0
    }
}

impl fmt::Display for VehicleClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The vehicle of a shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vehicle {
    pub class: VehicleClass,
    /// How many passengers the vehicle takes, 1 to [`SEATS_MAX`].
    pub seats: u8,
}

impl Vehicle {
    /// Whether the vehicle can serve a trip of that class with so many passengers.
    pub fn serves(&self, class: &VehicleClass, passengers: u8) -> bool {
        self.class == *class && self.seats >= passengers
    }
}

/// The vehicles that an account may drive: of each class in the list, vehicles with so many seats or fewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Allowance(Vec<Vehicle>);

impl Allowance {
    /// An allowance for these vehicles and no others.
    pub const fn of(vehicles: Vec<Vehicle>) -> Self {
        Self(vehicles)
    }

    /// Whether the account may drive this vehicle.
    pub fn allows(&self, vehicle: &Vehicle) -> bool {
        let mut allowed = self.0.iter();
        allowed.any(|allowed| allowed.serves(&vehicle.class, vehicle.seats))
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (n, Vehicle { class, seats }) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{class} with up to {seats} seats")?;
        }
        Ok(())
    }
}

/// The text does not name a vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a vehicle is a class and a number of seats from 1 to {SEATS_MAX}, such as van:6")]
pub struct VehicleError;

impl std::str::FromStr for Vehicle {
    type Err = VehicleError;

    /// Reads a class and its seats, such as `van:6`.
    fn from_str(text: &str) -> Result<Self, VehicleError> {
        let (class, seats) = text.split_once(':').ok_or(VehicleError)?;
        let class = VehicleClass::parse(class).map_err(|_| VehicleError)?;
        let seats = seats.parse().ok().filter(|it| (1..=SEATS_MAX).contains(it));
        let seats = seats.ok_or(VehicleError)?;
        Ok(Self { class, seats })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_by_class_and_seats() {
        let vehicle = |text: &str| text.parse::<Vehicle>().expect("a vehicle");
        let may_drive = Allowance::of(vec![vehicle("standard:4"), vehicle("van:6")]);
        assert!(may_drive.allows(&vehicle("van:6")));
        assert!(may_drive.allows(&vehicle("standard:3")));
        assert!(!may_drive.allows(&vehicle("van:16")));
        assert!(!may_drive.allows(&vehicle("bus:1")));
        assert_eq!(
            may_drive.to_string(),
            "standard with up to 4 seats, van with up to 6 seats"
        );
        for wrong in ["van", "van:", "van:0", "van:17", "Van:4", ":4", "van:4:4"] {
            assert_eq!(wrong.parse::<Vehicle>(), Err(VehicleError), "{wrong}");
        }
    }

    #[test]
    fn a_class_has_a_short_plain_name() {
        assert!(VehicleClass::parse("wheel-chair_2").is_ok());
        for wrong in ["", "Van", "a b", "ü", &"x".repeat(33)] {
            assert_eq!(
                VehicleClass::parse(wrong),
                Err(VehicleClassError),
                "{wrong}"
            );
        }
        assert!(serde_json::from_str::<VehicleClass>("\"A\"").is_err());
    }

    #[test]
    fn a_vehicle_serves_its_class_up_to_its_seats() {
        let van = VehicleClass::parse("van").expect("a class");
        let vehicle = Vehicle {
            class: van.clone(),
            seats: 6,
        };
        assert!(vehicle.serves(&van, 6));
        assert!(!vehicle.serves(&van, 7));
        assert!(!vehicle.serves(&VehicleClass::default(), 1));
    }
}

//! Reads `update` and `patch`: a rider changes the places of a trip, and a driver acts on it by setting its status.

use serde_json::Value;

use super::call::Call;
use super::reader::{CallReader, status};
use crate::domain::core::Stated;
use crate::domain::{Action, Amendment, PlaceChange, Role};
use crate::fields::{Fields, Optionality};
use crate::problem::Problem;
use crate::ws::dialect::course;

impl CallReader<'_> {
    pub(super) fn change(&self, addresses: Optionality) -> Result<Call, Problem> {
        match self.person.role {
            Role::Rider => self.amend(addresses),
            Role::Driver => self.move_on(addresses),
            Role::Operator => Err(Problem::not_allowed()),
        }
    }

    fn amend(&self, addresses: Optionality) -> Result<Call, Problem> {
        let pk = self.pk()?;
        let data = self.data()?;
        let mut fields = Fields::of(&data);
        let amendment = Amendment {
            pick_up: place(
                &mut fields,
                "pick_up_address",
                "pick_up_location",
                addresses,
            ),
            drop_off: place(
                &mut fields,
                "drop_off_address",
                "drop_off_location",
                addresses,
            ),
        };
        fields.own("rider", self.person.id, &self.person.username);
        let stated = Stated {
            status: fields.parsed("status", Optionality::Optional, status),
            ..order(&mut fields)
        };
        let (amendment, stated) = fields.finish(Some((amendment, stated)))?;
        let rider = self.person.rider().ok_or_else(Problem::not_allowed)?;
        self.act(pk, Action::Amend(rider.id, amendment), stated)
    }

    fn move_on(&self, addresses: Optionality) -> Result<Call, Problem> {
        let pk = self.pk()?;
        let data = self.data()?;
        let mut fields = Fields::of(&data);
        let driver = self.person.driver().ok_or_else(Problem::not_allowed)?;
        let action = fields
            .parsed("status", Optionality::Required, status)
            .and_then(|status| {
                let action = course::action_to(status.as_str(), &driver);
                action.map_err(|rule| fields.refuse("status", rule)).ok()
            });
        let stated = Stated {
            pick_up: fields.address("pick_up_address", addresses),
            drop_off: fields.address("drop_off_address", addresses),
            ..order(&mut fields)
        };
        fields.own("driver", self.person.id, &self.person.username);
        let action = fields.finish(action)?;
        self.act(pk, action, stated)
    }
}

/// What the call repeats of the order and cannot change, since clients send back the objects that they got.
fn order(fields: &mut Fields<'_>) -> Stated {
    if fields
        .value("quote", Optionality::Optional)
        .is_some_and(Value::is_string)
    {
        fields.refuse(
            "quote",
            "A quote is for a new trip: a change is quoted anew.",
        );
    }
    Stated {
        pick_up_at: fields.has("pick_up_at").then(|| fields.time("pick_up_at")),
        class: fields
            .has("class")
            .then(|| fields.class().unwrap_or_default()),
        passengers: fields
            .has("passengers")
            .then(|| fields.seats("passengers", 1))
            .flatten(),
        ..Stated::default()
    }
}

/// The change of one place, if the call has any of its fields.
fn place(
    fields: &mut Fields<'_>,
    address: &'static str,
    location: &'static str,
    presence: Optionality,
) -> Option<PlaceChange> {
    let change = PlaceChange {
        address: fields.address(address, presence),
        location: fields.has(location).then(|| fields.coordinates(location)),
    };
    (change != PlaceChange::default()).then_some(change)
}

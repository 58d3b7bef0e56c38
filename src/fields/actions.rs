//! The actions on trips as clients name them: who may do each, and which fields it takes. HTTP and the native dialect
//! both read them here.

use super::{Fields, Optionality};
use crate::domain::{Action, Outset, Person, Reason, RideCode, RideEnding, Role};

/// An action that clients can name.
pub struct NamedAction {
    /// Its name in frames. Over HTTP it is the last part of the path; only `set_fare` has another, and `delete` none.
    pub name: &'static str,
    /// Who may do it at all.
    pub roles: &'static [Role],
    /// Whether it takes fields. Native sockets ignore the `data` of an action that takes none.
    pub takes_fields: bool,
    /// Reads it for a person of one of the roles, and notes the broken rules in the fields.
    ///
    /// What only the service knows is left out: where a driver is, and how far a ride was. `dispatch` adds it.
    pub read: fn(&Person, &mut Fields<'_>) -> Option<Action>,
}

/// The action of that name.
pub fn named(name: &str) -> Option<&'static NamedAction> {
    ACTIONS.iter().find(|action| action.name == name)
}

static ACTIONS: [NamedAction; 11] = [
    NamedAction {
        name: "accept",
        roles: &[Role::Driver],
        takes_fields: false,
        read: |person, _| Some(Action::Accept(person.driver()?, Outset::default())),
    },
    NamedAction {
        name: "arrive",
        roles: &[Role::Driver],
        takes_fields: false,
        read: |person, _| Some(Action::Arrive(person.driver()?.id, None)),
    },
    NamedAction {
        name: "start",
        roles: &[Role::Driver],
        takes_fields: true,
        read: |person, fields| {
            let code = fields.parsed("code", Optionality::Optional, RideCode::parse);
            Some(Action::Start(person.driver()?.id, code))
        },
    },
    NamedAction {
        name: "complete",
        roles: &[Role::Driver],
        takes_fields: false,
        read: |person, _| Some(Action::Complete(person.driver()?.id, None)),
    },
    NamedAction {
        name: "give_back",
        roles: &[Role::Driver],
        takes_fields: true,
        read: |person, fields| {
            let reason = fields.parsed("reason", Optionality::Optional, Reason::parse);
            Some(Action::GiveBack(person.driver()?.id, reason))
        },
    },
    NamedAction {
        name: "no_show",
        roles: &[Role::Driver],
        takes_fields: false,
        read: |person, _| Some(Action::NoShow(person.driver()?.id, None)),
    },
    NamedAction {
        name: "delete",
        roles: &[Role::Rider],
        takes_fields: false,
        read: |person, _| Some(Action::Delete(person.rider()?.id)),
    },
    NamedAction {
        name: "cancel",
        roles: &[Role::Rider, Role::Operator],
        takes_fields: true,
        read: |person, fields| {
            if let Some(rider) = person.rider() {
                let reason = fields.parsed("reason", Optionality::Optional, Reason::parse);
                return Some(Action::Cancel(rider.id, reason));
            }
            let reason = fields.parsed("reason", Optionality::Required, Reason::parse);
            Some(Action::CancelByOperator(person.operator()?, reason?))
        },
    },
    NamedAction {
        name: "take_back",
        roles: &[Role::Operator],
        takes_fields: true,
        read: |person, fields| {
            let reason = fields.parsed("reason", Optionality::Required, Reason::parse);
            Some(Action::TakeBack(person.operator()?, reason?))
        },
    },
    NamedAction {
        name: "end",
        roles: &[Role::Operator],
        takes_fields: true,
        read: |person, fields| {
            let ending = fields.parsed("status", Optionality::Required, RideEnding::parse);
            let reason = fields.parsed("reason", Optionality::Required, Reason::parse);
            Some(Action::End(person.operator()?, ending?, reason?, None))
        },
    },
    NamedAction {
        name: "set_fare",
        roles: &[Role::Operator],
        takes_fields: true,
        read: |person, fields| {
            let (amount, reason) = fields.set_fare()?;
            Some(Action::SetFare(person.operator()?, amount, reason))
        },
    },
];

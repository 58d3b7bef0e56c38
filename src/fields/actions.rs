//! The actions on trips as clients name them: who may do each, and which fields it takes. HTTP and the native dialect
//! both read them here.

use super::{Fields, Optionality};
use crate::domain::{Action, Outset, Person, Reason, RideCode, RideEnding, Role};

/// An action that clients can name.
pub struct NamedAction {
    /// Its name in frames; over HTTP the last part of its path, but for that of `set_fare`.
    pub name: &'static str,
    /// Who may do it at all.
    pub roles: &'static [Role],
    /// How it is read.
    pub read: Read,
}

/// How an action is read. Both kinds give nothing to a person of another role.
///
/// What only the service knows is left out: where a driver is, and how far a ride was. `dispatch` adds it.
pub enum Read {
    /// It takes no fields.
    Nothing(fn(&Person) -> Option<Action>),
    /// It takes fields, whose broken rules are noted in them.
    Fields(fn(&Person, &mut Fields<'_>) -> Option<Action>),
}

/// The action of that name.
pub fn named(name: &str) -> Option<&'static NamedAction> {
    ACTIONS.iter().find(|action| action.name == name)
}

static ACTIONS: [NamedAction; 11] = [
    NamedAction {
        name: "accept",
        roles: &[Role::Driver],
        read: Read::Nothing(|person| Some(Action::Accept(person.driver()?, Outset::default()))),
    },
    NamedAction {
        name: "arrive",
        roles: &[Role::Driver],
        read: Read::Nothing(|person| Some(Action::Arrive(person.driver()?.id, None))),
    },
    NamedAction {
        name: "start",
        roles: &[Role::Driver],
        read: Read::Fields(|person, fields| {
            let code = fields.parsed("code", Optionality::Optional, RideCode::parse);
            Some(Action::Start(person.driver()?.id, code))
        }),
    },
    NamedAction {
        name: "complete",
        roles: &[Role::Driver],
        read: Read::Nothing(|person| Some(Action::Complete(person.driver()?.id, None))),
    },
    NamedAction {
        name: "give_back",
        roles: &[Role::Driver],
        read: Read::Fields(|person, fields| {
            let reason = fields.parsed("reason", Optionality::Optional, Reason::parse);
            Some(Action::GiveBack(person.driver()?.id, reason))
        }),
    },
    NamedAction {
        name: "no_show",
        roles: &[Role::Driver],
        read: Read::Nothing(|person| Some(Action::NoShow(person.driver()?.id, None))),
    },
    NamedAction {
        name: "delete",
        roles: &[Role::Rider],
        read: Read::Nothing(|person| Some(Action::Delete(person.rider()?.id))),
    },
    NamedAction {
        name: "cancel",
        roles: &[Role::Rider, Role::Operator],
        read: Read::Fields(|person, fields| {
            if let Some(rider) = person.rider() {
                let reason = fields.parsed("reason", Optionality::Optional, Reason::parse);
                return Some(Action::Cancel(rider.id, reason));
            }
            let reason = fields.parsed("reason", Optionality::Required, Reason::parse);
            Some(Action::CancelByOperator(person.operator()?, reason?))
        }),
    },
    NamedAction {
        name: "take_back",
        roles: &[Role::Operator],
        read: Read::Fields(|person, fields| {
            let reason = fields.parsed("reason", Optionality::Required, Reason::parse);
            Some(Action::TakeBack(person.operator()?, reason?))
        }),
    },
    NamedAction {
        name: "end",
        roles: &[Role::Operator],
        read: Read::Fields(|person, fields| {
            let ending = fields.parsed("status", Optionality::Required, RideEnding::parse);
            let reason = fields.parsed("reason", Optionality::Required, Reason::parse);
            Some(Action::End(person.operator()?, ending?, reason?, None))
        }),
    },
    NamedAction {
        name: "set_fare",
        roles: &[Role::Operator],
        read: Read::Fields(|person, fields| {
            let (amount, reason) = fields.set_fare()?;
            Some(Action::SetFare(person.operator()?, amount, reason))
        }),
    },
];

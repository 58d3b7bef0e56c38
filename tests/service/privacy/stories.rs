//! The stories, row by row: an event, the action that causes it, and the accounts that hear of it and see the trip.

use serde_json::{Value, json};

use super::stage::{Stage, Who};
use Who::{First, OffShift, OnShift, OtherRider, Rider, Second, Staff};

/// The events of one trip.
pub struct Story {
    pub name: &'static str,
    /// The policy of its area.
    pub town: &'static str,
    /// The drivers on shift from the start. Where the clock is set ahead there are none, as idle drivers' shifts end.
    pub on_shift: &'static [Who],
    /// The accounts that do not listen: a driver with an open socket is not silent, and a blocked one has no socket.
    pub deaf: &'static [Who],
    /// The notifications that the service sends itself: the account, and the beginning of the text; in order for each
    /// account.
    pub notified: &'static [(Who, &'static str)],
    pub rows: &'static [Row],
}

impl Story {
    /// The accounts that listen.
    pub fn listening(&self) -> impl Iterator<Item = Who> {
        Who::ALL.into_iter().filter(|who| !self.deaf.contains(who))
    }
}

/// One event of a story.
pub struct Row {
    pub kind: &'static str,
    /// The trip's status after the event; none if the event does not change the trip.
    pub status: Option<&'static str>,
    pub does: fn(&mut Stage),
    /// The accounts that hear of the event.
    pub hears: &'static [Who],
    /// The accounts that see the trip afterwards.
    pub sees: &'static [Who],
}

impl Row {
    pub fn changes_trip(&self) -> bool {
        self.status.is_some()
    }

    /// Whether a driver has, or had, the trip at this status.
    pub fn is_taken(&self) -> bool {
        ["STARTED", "ARRIVED", "IN_PROGRESS", "COMPLETED", "NO_SHOW"]
            .into_iter()
            .any(|status| self.status == Some(status))
    }

    /// Whether it is a finding about the driver, which does not move the trip.
    pub fn is_note(&self) -> bool {
        self.kind.starts_with("driver-")
    }

    pub fn is_final(&self) -> bool {
        ["COMPLETED", "CANCELLED", "NO_SHOW", "EXPIRED"]
            .into_iter()
            .any(|status| self.status == Some(status))
    }

    /// The frame that an observer of trips hears: the status, or a delete once the account no longer sees the trip.
    pub fn observed(&self, who: Who) -> String {
        let status = self.status.filter(|_| self.sees.contains(&who));
        status.unwrap_or("delete").to_owned()
    }
}

const NOBODY: &[Who] = &[];
const RIDER: &[Who] = &[Rider, Staff];
const DRIVERS: &[Who] = &[Rider, First, Second, OnShift, OffShift, Staff];
const FIRST: &[Who] = &[Rider, First, Staff];
const SECOND: &[Who] = &[Rider, Second, Staff];

const fn change(
    kind: &'static str,
    status: &'static str,
    does: fn(&mut Stage),
    hears: &'static [Who],
    sees: &'static [Who],
) -> Row {
    Row {
        kind,
        status: Some(status),
        does,
        hears,
        sees,
    }
}

/// An event that does not change the trip.
const fn event(kind: &'static str, does: fn(&mut Stage), hears: &'static [Who]) -> Row {
    Row {
        kind,
        status: None,
        does,
        hears,
        sees: NOBODY,
    }
}

const REQUEST: Row = change(
    "requested",
    "REQUESTED",
    |it| it.requests(&json!({})),
    DRIVERS,
    DRIVERS,
);
/// The first driver goes on shift near the stand.
const BEGIN: Row = event(
    "shift-began",
    |it| {
        it.begins(First);
        it.reports(First, 100.0);
    },
    &[First, Staff],
);
/// A trip that is offered to drivers one by one; the others do not hear of the request.
const ORDER: Row = change(
    "requested",
    "REQUESTED",
    |it| it.requests(&json!({})),
    RIDER,
    RIDER,
);
/// The trip is offered to the first driver.
const OFFER: Row = event(
    "offered",
    |it| {
        it.service.advance(0.5);
        it.calls(First, "receive", &nothing());
    },
    &[First, Staff],
);
const ACCEPT: Row = change(
    "accepted",
    "STARTED",
    |it| it.does(First, "accept", &nothing()),
    DRIVERS,
    FIRST,
);
const ARRIVE: Row = change(
    "arrived",
    "ARRIVED",
    |it| it.does(First, "arrive", &nothing()),
    FIRST,
    FIRST,
);
const START: Row = change(
    "started",
    "IN_PROGRESS",
    |it| it.does(First, "start", &nothing()),
    FIRST,
    FIRST,
);

fn nothing() -> Value {
    json!({})
}

pub static CHANGES_HANDS: Story = Story {
    name: "a ride that changes hands",
    town: "broadcast",
    on_shift: &[First, Second, OnShift],
    deaf: NOBODY,
    notified: &[
        (Rider, "Your driver has arrived."),
        (Rider, "Your driver cannot come."),
        (Rider, "Your driver has arrived."),
    ],
    rows: &[
        REQUEST,
        change(
            "amended",
            "REQUESTED",
            |it| {
                let note = json!({"drop_off_address": "The other end"});
                it.calls(Rider, "patch", &note);
            },
            DRIVERS,
            DRIVERS,
        ),
        ACCEPT,
        event("position", |it| it.reports(First, 100.0), RIDER),
        event("message", |it| it.says(Rider), &[Rider, First]),
        event("message", |it| it.says(First), &[Rider, First]),
        ARRIVE,
        change(
            "given-back",
            "REQUESTED",
            |it| it.does(First, "give_back", &nothing()),
            DRIVERS,
            DRIVERS,
        ),
        event("position", |it| it.reports(First, 110.0), NOBODY),
        change(
            "accepted",
            "STARTED",
            |it| it.does(Second, "accept", &nothing()),
            DRIVERS,
            SECOND,
        ),
        event("position", |it| it.reports(First, 120.0), NOBODY),
        event("position", |it| it.reports(Second, 200.0), RIDER),
        event("position", |it| it.reports(OnShift, 300.0), NOBODY),
        event("message", |it| it.says(Second), &[Rider, Second]),
        change(
            "arrived",
            "ARRIVED",
            |it| it.does(Second, "arrive", &nothing()),
            SECOND,
            SECOND,
        ),
        change(
            "started",
            "IN_PROGRESS",
            |it| it.does(Second, "start", &nothing()),
            SECOND,
            SECOND,
        ),
        event("position", |it| it.reports(Second, 210.0), RIDER),
        change(
            "completed",
            "COMPLETED",
            |it| it.does(Second, "complete", &nothing()),
            SECOND,
            SECOND,
        ),
        event("position", |it| it.reports(Second, 220.0), NOBODY),
        event("message", |it| it.says(Rider), &[Rider, Second]),
        change(
            "removed",
            "COMPLETED",
            |it| it.calls(Rider, "delete", &nothing()),
            RIDER,
            &[Second, Staff],
        ),
    ],
};

pub static CANCELLED: Story = Story {
    name: "a ride that its rider cancels",
    town: "broadcast",
    on_shift: &[First, Second, OnShift],
    deaf: NOBODY,
    notified: &[(First, "Your trip was cancelled.")],
    rows: &[
        REQUEST,
        ACCEPT,
        change(
            "cancelled",
            "CANCELLED",
            |it| it.does(Rider, "cancel", &nothing()),
            FIRST,
            FIRST,
        ),
        event("position", |it| it.reports(First, 100.0), NOBODY),
    ],
};

pub static ENDED: Story = Story {
    name: "a ride that an operator ends",
    town: "broadcast",
    on_shift: &[OnShift],
    deaf: NOBODY,
    notified: &[
        (
            Rider,
            "An operator has set another fare for your trip: The flood",
        ),
        (
            First,
            "An operator has set another fare for your trip: The flood",
        ),
    ],
    rows: &[
        REQUEST,
        ACCEPT,
        START,
        change(
            "completed",
            "COMPLETED",
            |it| {
                it.does(
                    Staff,
                    "end",
                    &json!({"status": "COMPLETED", "reason": "flood"}),
                );
            },
            FIRST,
            FIRST,
        ),
        change(
            "fare-set",
            "COMPLETED",
            |it| {
                it.does(
                    Staff,
                    "fare",
                    &json!({"amount": 900, "reason": "The flood"}),
                )
            },
            FIRST,
            FIRST,
        ),
    ],
};

pub static WITHDRAWN: Story = Story {
    name: "a request that its rider deletes",
    town: "broadcast",
    on_shift: &[First, OnShift],
    deaf: NOBODY,
    notified: &[],
    rows: &[
        REQUEST,
        change(
            "withdrawn",
            "CANCELLED",
            |it| it.calls(Rider, "delete", &nothing()),
            DRIVERS,
            &[Staff],
        ),
    ],
};

pub static BOOKED: Story = Story {
    name: "a booking that finds nobody",
    town: "broadcast",
    on_shift: NOBODY,
    deaf: NOBODY,
    notified: &[(Rider, "No driver was found for your trip.")],
    rows: &[
        change(
            "scheduled",
            "SCHEDULED",
            |it| {
                let at = it.later.clone();
                it.requests(&json!({"pick_up_at": at}));
            },
            RIDER,
            RIDER,
        ),
        change(
            "requested",
            "REQUESTED",
            |it| it.service.advance(301.0),
            DRIVERS,
            DRIVERS,
        ),
        change(
            "expired",
            "EXPIRED",
            |it| it.service.advance(1_500.0),
            DRIVERS,
            RIDER,
        ),
    ],
};

pub static NO_SHOW: Story = Story {
    name: "a rider who does not come",
    town: "broadcast",
    on_shift: NOBODY,
    deaf: NOBODY,
    notified: &[
        (Rider, "Your driver has arrived."),
        (Rider, "Your driver has waited for you in vain."),
    ],
    rows: &[
        REQUEST,
        ACCEPT,
        ARRIVE,
        change(
            "no-show",
            "NO_SHOW",
            |it| {
                it.service.advance(241.0);
                it.does(First, "no_show", &nothing());
            },
            FIRST,
            FIRST,
        ),
    ],
};

/// Drivers who are off shift, or who are not asked, do not hear of the trip.
pub static OFFERED: Story = Story {
    name: "a ride that is offered one by one",
    town: "nearest",
    on_shift: &[OnShift],
    deaf: NOBODY,
    notified: &[
        (Rider, "Your trip was cancelled."),
        (Second, "Your trip was cancelled."),
    ],
    rows: &[
        BEGIN,
        event(
            "shift-began",
            |it| {
                it.begins(Second);
                it.reports(Second, 300.0);
            },
            &[Second, Staff],
        ),
        ORDER,
        OFFER,
        event(
            "offer-ended",
            |it| it.calls(First, "decline", &nothing()),
            &[First, Staff],
        ),
        event(
            "offered",
            |it| {
                it.service.advance(0.5);
                it.calls(Second, "receive", &nothing());
            },
            &[Second, Staff],
        ),
        event("offer-ended", |_| {}, &[Second, Staff]),
        change(
            "accepted",
            "STARTED",
            |it| it.does(Second, "accept", &nothing()),
            SECOND,
            SECOND,
        ),
        event(
            "shift-ended",
            |it| drop(it.first.post_nothing("/api/shift/end/").ok(200)),
            &[First, Staff],
        ),
        change(
            "cancelled",
            "CANCELLED",
            |it| {
                it.does(Staff, "cancel", &json!({"reason": "flood"}));
            },
            SECOND,
            SECOND,
        ),
    ],
};

/// The driver comes nearer, is late, and loses the trip.
pub static TAKEN_BACK: Story = Story {
    name: "a ride that is taken from its driver",
    town: "nearest",
    on_shift: NOBODY,
    deaf: NOBODY,
    notified: &[
        (Rider, "Your driver is later than promised."),
        (First, "You are later than promised."),
        (Staff, "Trip 2 has a driver who is later than promised."),
        (Rider, "Your driver cannot come."),
        (First, "Your trip was taken from you."),
    ],
    rows: &[
        BEGIN,
        ORDER,
        OFFER,
        event("offer-ended", |_| {}, &[First, Staff]),
        change(
            "accepted",
            "STARTED",
            |it| it.does(First, "accept", &nothing()),
            FIRST,
            FIRST,
        ),
        event("position", |it| it.reports(First, 60.0), RIDER),
        event("position", |it| it.reports(First, 10.0), RIDER),
        change("driver-nearer", "STARTED", |_| {}, FIRST, FIRST),
        change(
            "driver-late",
            "STARTED",
            |it| it.service.advance(900.0),
            FIRST,
            FIRST,
        ),
        change(
            "taken-back",
            "REQUESTED",
            |it| it.does(Staff, "take_back", &json!({"reason": "flood"})),
            FIRST,
            RIDER,
        ),
    ],
};

/// The driver reports no positions, and is blocked later.
pub static SILENT: Story = Story {
    name: "a ride whose driver is silent and blocked",
    town: "broadcast",
    on_shift: &[First],
    deaf: &[First],
    notified: &[
        (Rider, "Nothing is heard of your driver."),
        (Staff, "Trip 2 has a driver of whom nothing is heard."),
        (Staff, "Trip 2 is under way with a driver who was blocked"),
    ],
    rows: &[
        REQUEST,
        ACCEPT,
        event("position", |it| it.reports(First, 100.0), RIDER),
        change(
            "driver-silent",
            "STARTED",
            |it| it.service.advance(200.0),
            FIRST,
            FIRST,
        ),
        START,
        change(
            "driver-blocked",
            "IN_PROGRESS",
            |it| {
                it.blocks("first");
                it.service.advance(1.0);
            },
            &[Staff],
            FIRST,
        ),
    ],
};

pub static TOLD: Story = Story {
    name: "notifications",
    town: "broadcast",
    on_shift: &[OnShift],
    deaf: NOBODY,
    notified: &[],
    rows: &[
        REQUEST,
        event(
            "notification",
            |it| it.notifies("user", &json!("first")),
            &[First],
        ),
        event(
            "notification",
            |it| it.notifies("role", &json!("driver")),
            &[First, Second, OnShift, OffShift],
        ),
        event(
            "notification",
            |it| it.notifies("role", &json!("operator")),
            &[Staff],
        ),
        event(
            "notification",
            |it| it.notifies("everybody", &json!(true)),
            &[Rider, OtherRider, First, Second, OnShift, OffShift, Staff],
        ),
    ],
};

pub static ALL: [&Story; 10] = [
    &CHANGES_HANDS,
    &CANCELLED,
    &ENDED,
    &WITHDRAWN,
    &BOOKED,
    &NO_SHOW,
    &OFFERED,
    &TAKEN_BACK,
    &SILENT,
    &TOLD,
];

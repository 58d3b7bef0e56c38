//! The table: what happens, who is told of it, and who sees the trip then.

use serde_json::{Value, json};

use super::stage::{Stage, Who};
use Who::{First, OffShift, OnShift, OtherRider, Rider, Second, Staff};

/// What happens to one trip.
pub struct Story {
    pub name: &'static str,
    /// How trips find drivers.
    pub town: &'static str,
    /// Who is on shift from the start. Where time is put ahead nobody is: idle drivers are sent home.
    pub on_shift: &'static [Who],
    /// Who does not listen: a driver with a socket open is not silent, and one who is blocked has none.
    pub deaf: &'static [Who],
    /// What the service notifies of itself, besides: whom, and how the text begins; for each person in its order.
    pub told: &'static [(Who, &'static str)],
    pub rows: &'static [Row],
}

impl Story {
    /// Everybody who listens.
    pub fn listening(&self) -> impl Iterator<Item = Who> {
        Who::ALL.into_iter().filter(|who| !self.deaf.contains(who))
    }
}

/// One event.
pub struct Row {
    pub kind: &'static str,
    /// The trip's status then, if it is a change of the trip.
    pub status: Option<&'static str>,
    pub does: fn(&mut Stage),
    /// To whom it is told.
    pub hears: &'static [Who],
    /// Who sees the trip then.
    pub sees: &'static [Who],
}

impl Row {
    pub fn changes_trip(&self) -> bool {
        self.status.is_some()
    }

    /// Whether a driver has or had the trip.
    pub fn is_taken(&self) -> bool {
        ["STARTED", "ARRIVED", "IN_PROGRESS", "COMPLETED", "NO_SHOW"]
            .into_iter()
            .any(|status| self.status == Some(status))
    }

    /// Whether it says something about the driver, and moves the trip nowhere.
    pub fn is_note(&self) -> bool {
        self.kind.starts_with("driver-")
    }

    pub fn is_final(&self) -> bool {
        ["COMPLETED", "CANCELLED", "NO_SHOW", "EXPIRED"]
            .into_iter()
            .any(|status| self.status == Some(status))
    }

    /// What an observer of trips is told.
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

/// What changes no trip.
const fn news(kind: &'static str, does: fn(&mut Stage), hears: &'static [Who]) -> Row {
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
const BEGIN: Row = news(
    "shift-began",
    |it| {
        it.begins(First);
        it.reports(First, 100.0);
    },
    &[First, Staff],
);
/// What goes to drivers one by one is not told to all of them.
const ORDER: Row = change(
    "requested",
    "REQUESTED",
    |it| it.requests(&json!({})),
    RIDER,
    RIDER,
);
/// The first driver is offered it.
const OFFER: Row = news(
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
    told: &[
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
        news("position", |it| it.reports(First, 100.0), RIDER),
        news("message", |it| it.says(Rider), &[Rider, First]),
        news("message", |it| it.says(First), &[Rider, First]),
        ARRIVE,
        change(
            "given-back",
            "REQUESTED",
            |it| it.does(First, "give_back", &nothing()),
            DRIVERS,
            DRIVERS,
        ),
        news("position", |it| it.reports(First, 110.0), NOBODY),
        change(
            "accepted",
            "STARTED",
            |it| it.does(Second, "accept", &nothing()),
            DRIVERS,
            SECOND,
        ),
        news("position", |it| it.reports(First, 120.0), NOBODY),
        news("position", |it| it.reports(Second, 200.0), RIDER),
        news("position", |it| it.reports(OnShift, 300.0), NOBODY),
        news("message", |it| it.says(Second), &[Rider, Second]),
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
        news("position", |it| it.reports(Second, 210.0), RIDER),
        change(
            "completed",
            "COMPLETED",
            |it| it.does(Second, "complete", &nothing()),
            SECOND,
            SECOND,
        ),
        news("position", |it| it.reports(Second, 220.0), NOBODY),
        news("message", |it| it.says(Rider), &[Rider, Second]),
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
    told: &[(First, "Your trip was cancelled.")],
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
        news("position", |it| it.reports(First, 100.0), NOBODY),
    ],
};

pub static ENDED: Story = Story {
    name: "a ride that an operator ends",
    town: "broadcast",
    on_shift: &[OnShift],
    deaf: NOBODY,
    told: &[
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
    told: &[],
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
    told: &[(Rider, "No driver was found for your trip.")],
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
    told: &[
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

/// A driver who is off shift does not hear of it, and neither does one who is on shift and is not asked.
pub static OFFERED: Story = Story {
    name: "a ride that is offered one by one",
    town: "nearest",
    on_shift: &[OnShift],
    deaf: NOBODY,
    told: &[
        (Rider, "Your trip was cancelled."),
        (Second, "Your trip was cancelled."),
    ],
    rows: &[
        BEGIN,
        news(
            "shift-began",
            |it| {
                it.begins(Second);
                it.reports(Second, 300.0);
            },
            &[Second, Staff],
        ),
        ORDER,
        OFFER,
        news(
            "offer-ended",
            |it| it.calls(First, "decline", &nothing()),
            &[First, Staff],
        ),
        news(
            "offered",
            |it| {
                it.service.advance(0.5);
                it.calls(Second, "receive", &nothing());
            },
            &[Second, Staff],
        ),
        news("offer-ended", |_| {}, &[Second, Staff]),
        change(
            "accepted",
            "STARTED",
            |it| it.does(Second, "accept", &nothing()),
            SECOND,
            SECOND,
        ),
        news(
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

/// Its driver comes nearer, is late, and loses it.
pub static TAKEN_BACK: Story = Story {
    name: "a ride that is taken from its driver",
    town: "nearest",
    on_shift: NOBODY,
    deaf: NOBODY,
    told: &[
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
        news("offer-ended", |_| {}, &[First, Staff]),
        change(
            "accepted",
            "STARTED",
            |it| it.does(First, "accept", &nothing()),
            FIRST,
            FIRST,
        ),
        news("position", |it| it.reports(First, 60.0), RIDER),
        news("position", |it| it.reports(First, 10.0), RIDER),
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

/// Its driver is not heard of, and then shut out.
pub static SILENT: Story = Story {
    name: "a ride whose driver is silent and blocked",
    town: "broadcast",
    on_shift: &[First],
    deaf: &[First],
    told: &[
        (Rider, "Nothing is heard of your driver."),
        (Staff, "Trip 2 has a driver of whom nothing is heard."),
        (Staff, "Trip 2 is under way with a driver who was blocked"),
    ],
    rows: &[
        REQUEST,
        ACCEPT,
        news("position", |it| it.reports(First, 100.0), RIDER),
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
    told: &[],
    rows: &[
        REQUEST,
        news(
            "notification",
            |it| it.notifies("user", &json!("first")),
            &[First],
        ),
        news(
            "notification",
            |it| it.notifies("role", &json!("driver")),
            &[First, Second, OnShift, OffShift],
        ),
        news(
            "notification",
            |it| it.notifies("role", &json!("operator")),
            &[Staff],
        ),
        news(
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

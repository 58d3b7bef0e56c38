//! The problems that paths may answer with, for the description of the API.

use std::collections::{BTreeMap, HashMap};

use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

/// An RFC 9457 document. Field errors stand at the top level as well.
#[derive(utoipa::ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "describes what `Problem` writes field by field")]
pub struct Document {
    /// `/problems/` and the code.
    #[schema(example = "/problems/invalid")]
    r#type: String,
    /// The same for every occurrence.
    title: String,
    /// The HTTP status.
    status: u16,
    /// About this occurrence.
    detail: String,
    /// What went wrong, as a word that never changes.
    #[schema(example = "invalid")]
    code: String,
    /// The fields that break rules, and which rules.
    errors: Option<HashMap<String, Vec<String>>>,
    /// The trip's status, if that is the reason.
    trip_status: Option<String>,
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident { $($status:literal $why:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$(($status.to_owned(), response($why).into())),+])
            }
        }
    )+};
}

fn response(why: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(why)
        .content("application/problem+json", content)
        .build()
}

problems! {
    /// Problems of paths that anyone may send a body to.
    Anonymous {
        "400" "The body is not readable, or a field breaks a rule",
        "413" "The body is too large",
        "415" "The body is neither JSON nor a form",
        "429" "Too many tries",
        "503" "The database cannot be reached, or too much is waiting",
    }
    /// Problems of photos.
    Media {
        "404" "There is no such photo",
        "503" "The database cannot be reached, or too much is waiting",
    }
    /// Problems of log-in and refresh.
    Credentials {
        "401" "Name and password, or the token, do not count",
    }
    /// Problems of paths that need a log-in.
    Authenticated {
        "400" "The address asks for something that is not known here",
        "401" "Not logged in",
        "503" "The database cannot be reached, or too much is waiting",
    }
    /// Problems of paths that change something and need a log-in.
    ForeignOrigin {
        "403" "The cookie came with a foreign origin",
    }
    /// Problems of paths for some roles only.
    Forbidden {
        "403" "Not possible for this role"
    }
    /// Problems of paths that take a body and need a log-in.
    Bodied {
        "400" "The body is not readable, or a field breaks a rule",
        "401" "Not logged in",
        "403" "Not possible for this role, or the cookie came with a foreign origin",
        "413" "The body is too large",
        "415" "The body is neither JSON nor a form",
        "503" "The database cannot be reached, or too much is waiting",
    }
    /// Problems of paths that name a trip.
    UnknownTrip {
        "404" "No such trip for this caller",
    }
    /// Problems of commands.
    Commanding {
        "400" "The body is not readable, or a field breaks a rule",
        "401" "Not logged in",
        "403" "Not possible for this role, or not this driver's trip, or the cookie came with a foreign origin",
        "409" "Already taken, not possible in this state, or more than allowed",
        "413" "The body is too large",
        "415" "The body is neither JSON nor a form",
        "422" "The idempotency key was used for another request",
        "503" "The database cannot be reached, or too much is waiting",
    }
    /// Problems of a driver's answers to offers.
    Replying {
        "400" "The body is not readable, or the idempotency key is of another form",
        "401" "Not logged in",
        "403" "Not possible for this role, or not offered to this driver, or the cookie came with a foreign origin",
        "409" "The offer is over, or the trip already taken",
        "413" "The body is too large",
        "415" "The body is neither JSON nor a form",
        "503" "The database cannot be reached, or too much is waiting",
    }
    /// Problems of paths where a secret can be guessed.
    Guessable {
        "429" "Too many tries",
    }
    /// Problems of paths that work only while a driver is on the way or on the ride.
    Running {
        "409" "No driver is on the way or under way",
    }
    /// Problems of beginning a shift.
    Beginning {
        "409" "On shift already, with another vehicle",
    }
    /// Problems of what drivers do on shift.
    OnDuty {
        "409" "Not on shift",
    }
    /// Problems of socket handshakes.
    Handshake {
        "401" "Not logged in",
        "403" "Not possible for this role, or the cookie came with a foreign origin",
        "426" "Not a WebSocket handshake",
        "429" "The account has as many sockets as it may have",
        "503" "The service is stopping, or the database cannot be reached",
    }
    /// More problems of the handshake to a trip's room.
    Room {
        "400" "`after` is not a number",
        "404" "No such trip for this caller",
        "409" "The room is not open",
    }
    /// Problems of the event stream.
    Following {
        "400" "The id is not that of an event of this account",
        "429" "The account has as many sockets and streams as it may have",
    }
    /// Problems of the health check.
    Unhealthy {
        "503" "The service cannot do its work",
    }
}

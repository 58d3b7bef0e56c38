//! The problems that a path may answer, for the description of the API.

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
    /// What went wrong, as a word.
    #[schema(example = "invalid")]
    code: String,
    /// Which fields break which rules.
    errors: Option<HashMap<String, Vec<String>>>,
    /// Where the trip stands, if that is why.
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
    /// Of paths that take a body from anybody.
    Anonymous {
        "400" "The body is not readable, or a field breaks a rule",
        "413" "The body is too large",
        "415" "The body is neither JSON nor a form",
        "429" "Too many tries",
        "503" "The database cannot be reached, or too much is waiting",
    }
    /// Of photos.
    Media {
        "404" "There is no such photo",
        "503" "The database cannot be reached, or too much is waiting",
    }
    /// Of log-in and refresh.
    Credentials {
        "401" "Name and password, or the token, do not count",
    }
    /// Of paths that need somebody who is logged in.
    Authenticated {
        "400" "The address asks for something that is not known here",
        "401" "Not logged in",
        "503" "The database cannot be reached, or too much is waiting",
    }
    /// Of paths that change something for somebody who is logged in.
    ForeignOrigin {
        "403" "The cookie came with a foreign origin",
    }
    /// Of paths for some roles only.
    Forbidden {
        "403" "Not possible for this role"
    }
    /// Of paths that take a body from somebody who is logged in.
    Bodied {
        "400" "The body is not readable, or a field breaks a rule",
        "401" "Not logged in",
        "403" "Not possible for this role, or the cookie came with a foreign origin",
        "413" "The body is too large",
        "415" "The body is neither JSON nor a form",
        "503" "The database cannot be reached, or too much is waiting",
    }
    /// Of paths that name a trip.
    UnknownTrip {
        "404" "No such trip for this caller",
    }
    /// Of commands.
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
    /// Of what a driver answers to an offer.
    Replying {
        "400" "The body is not readable, or the idempotency key is of another form",
        "401" "Not logged in",
        "403" "Not possible for this role, or not offered to this driver, or the cookie came with a foreign origin",
        "409" "The offer is over, or the trip already taken",
        "413" "The body is too large",
        "415" "The body is neither JSON nor a form",
        "503" "The database cannot be reached, or too much is waiting",
    }
    /// Of what can be guessed.
    Guessable {
        "429" "Too many tries",
    }
    /// Of what there is only while a driver is on the way or under way.
    Running {
        "409" "No driver is on the way or under way",
    }
    /// Of beginning a shift.
    Beginning {
        "409" "On shift already, with another vehicle",
    }
    /// Of what drivers do on shift.
    OnDuty {
        "409" "Not on shift",
    }
    /// Of sockets' handshakes.
    Handshake {
        "401" "Not logged in",
        "403" "Not possible for this role, or the cookie came with a foreign origin",
        "426" "Not a WebSocket handshake",
        "429" "The account has as many sockets as it may have",
        "503" "The service is stopping, or the database cannot be reached",
    }
    /// Of the handshake to a trip's room, besides.
    Room {
        "400" "`after` is not a number",
        "404" "No such trip for this caller",
        "409" "The room is not open",
    }
    /// Of the event stream.
    Following {
        "400" "The id is not that of an event of this account",
        "429" "The account has as many sockets and streams as it may have",
    }
    /// Of the health check.
    Unhealthy {
        "503" "The service cannot do its work",
    }
}

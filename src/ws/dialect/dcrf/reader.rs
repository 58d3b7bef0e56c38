//! Reads a call: its action, and the members that the action takes.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::call::{ActCall, Call, ListPage, Listing, Pk, SubscriptionCall, UnaryCall};
use super::envelope::{ReplyTo, StreamName};
use super::frame::Raw;
use super::key::{KEY, key};
use crate::domain::core::{IdempotencyKey, Stated};
use crate::domain::{
    Action, Filter, MessageText, NotASequence, Person, Role, Sequence, Status, Stream,
};
use crate::fields::actions::{self, NamedAction};
use crate::fields::{self, FieldErrors, Fields, Optionality, unknown};
use crate::problem::Problem;
use crate::resume;
use crate::store::views::LIST_MAX;

/// The default limit of a page.
const PAGE: i64 = 100;
/// The most positions in one `resume`.
const POSITIONS_MAX: usize = 16;

/// Reads the action and its members.
pub(super) fn read(
    stream: StreamName,
    object: &Raw<'_>,
    to: &ReplyTo,
    person: &Person,
) -> Result<Call, Problem> {
    let action = match object.get("action").map(|raw| value(raw)) {
        None | Some(Value::Null) => return Err(Problem::no_action()),
        Some(Value::String(word)) => word,
        Some(other) => return Err(Problem::unknown_action(&other.to_string())),
    };
    let reader = CallReader {
        object,
        to,
        person,
        read_members: RefCell::default(),
    };
    let call = match stream {
        StreamName::Trips => reader.trips(&action),
        StreamName::Chat => reader.chat(&action),
        StreamName::Notifications => reader.notifications(&action),
    }?;
    reader.refuse_unknown(&call)?;
    Ok(call)
}

/// Members that every call may have. `data` is allowed even if the action takes none.
const ENVELOPE: [&str; 5] = ["action", "request_id", "stream", "payload", "data"];

/// The value of raw JSON; null if it nests too deep.
pub(super) fn value(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

pub(super) struct CallReader<'a> {
    object: &'a Raw<'a>,
    to: &'a ReplyTo,
    pub(super) person: &'a Person,
    /// The members that have been read so far.
    read_members: RefCell<BTreeSet<&'static str>>,
}

impl<'a> CallReader<'a> {
    fn member(&self, name: &'static str) -> Option<&'a RawValue> {
        self.read_members.borrow_mut().insert(name);
        self.object.get(name).copied()
    }

    /// Refuses members that the action does not take. With a filter, another key of a trip counts as an unknown filter.
    fn refuse_unknown(&self, call: &Call) -> Result<(), FieldErrors> {
        let has_filter = matches!(
            call,
            Call::Unary(UnaryCall::List(_))
                | Call::Subscribe(SubscriptionCall::Pages(_) | SubscriptionCall::Activity(_))
        );
        let is_passed_over = if has_filter {
            unknown::is_sent_along
        } else {
            unknown::is_passed_over
        };
        let read_members = self.read_members.borrow();
        let mut names = self.object.keys().map(String::as_str);
        let unknown = names.find(|name| {
            !ENVELOPE.contains(name) && !read_members.contains(name) && !is_passed_over(name)
        });
        match unknown {
            Some(name) => Err(FieldErrors::one(unknown::name_of(name), unknown::RULE)),
            None => Ok(()),
        }
    }

    fn trips(&self, action: &str) -> Result<Call, Problem> {
        if let Some(named) = actions::named(action) {
            return self.named_action(named);
        }
        Ok(match action {
            "create" => self.only(&[Role::Rider]).and_then(|()| self.create())?,
            "list" => self.list()?,
            "retrieve" => Call::Unary(UnaryCall::Retrieve(self.pk()?)),
            "update" => self.change(Optionality::Required)?,
            "patch" => self.change(Optionality::Optional)?,
            "subscribe_instance" => {
                let pk = self.pk()?;
                self.needs_request_id()?;
                Call::Subscribe(SubscriptionCall::Instance(pk))
            }
            "unsubscribe_instance" => Call::Unary(UnaryCall::UnsubscribeInstance(self.pk()?)),
            "subscribe_trip_activity" => {
                self.needs_request_id()?;
                Call::Subscribe(SubscriptionCall::Activity(self.filter()?))
            }
            "unsubscribe_trip_activity" => Call::Unary(UnaryCall::UnsubscribeActivity),
            "resume" => {
                let data = self.data()?;
                let mut fields = Fields::of(&data);
                let given = fields.value("positions", Optionality::Optional);
                Call::Subscribe(SubscriptionCall::Events(positions(
                    fields.finish(Some(given))?,
                )?))
            }
            "refresh" => {
                let data = self.data()?;
                let mut fields = Fields::of(&data);
                let token = fields.text("refresh", Optionality::Required);
                Call::Unary(UnaryCall::Refresh(fields.finish(token)?.to_owned()))
            }
            other => return self.ride(other),
        })
    }

    fn chat(&self, action: &str) -> Result<Call, Problem> {
        let parties = &[Role::Rider, Role::Driver][..];
        Ok(match action {
            "join" => {
                self.only(parties)?;
                Call::Subscribe(SubscriptionCall::Room(self.pk()?))
            }
            "leave" => Call::Unary(UnaryCall::Leave(self.pk()?)),
            "send" => {
                self.only(parties)?;
                let pk = self.pk()?;
                let data = self.data()?;
                let mut fields = Fields::of(&data);
                let text = fields.parsed("message", Optionality::Required, MessageText::parse);
                Call::Unary(UnaryCall::Send(pk, fields.finish(text)?))
            }
            other => return Err(Problem::unknown_action(other)),
        })
    }

    fn notifications(&self, action: &str) -> Result<Call, Problem> {
        Ok(match action {
            "subscribe" => Call::Subscribe(SubscriptionCall::Notifications),
            "unsubscribe" => Call::Unary(UnaryCall::UnsubscribeNotifications),
            "list" => Call::Unary(UnaryCall::ListNotifications),
            "read" => {
                let data = self.data()?;
                let mut fields = Fields::of(&data);
                let which = fields.notices();
                Call::Unary(UnaryCall::ReadNotifications(fields.finish(which)?))
            }
            other => return Err(Problem::unknown_action(other)),
        })
    }

    pub(super) fn only(&self, roles: &[Role]) -> Result<(), Problem> {
        if roles.contains(&self.person.role) {
            Ok(())
        } else {
            Err(Problem::not_allowed())
        }
    }

    pub(super) fn needs_request_id(&self) -> Result<(), FieldErrors> {
        if self.to.has_request_id() {
            Ok(())
        } else {
            Err(FieldErrors::one("request_id", "This field is required."))
        }
    }

    /// Reads the trip's key. A value that is no key is refused like the key of a trip that does not exist.
    pub(super) fn pk(&self) -> Result<Pk, Problem> {
        let raw = self.member("pk").ok_or_else(Problem::no_such_trip)?;
        let trip = fields::trip(&value(raw)).ok_or_else(Problem::no_such_trip)?;
        let text = raw.get().to_owned();
        Ok(Pk { trip, text })
    }

    pub(super) fn data(&self) -> Result<Map<String, Value>, Problem> {
        let Some(raw) = self.object.get("data") else {
            return Ok(Map::new());
        };
        match serde_json::from_str(raw.get()) {
            Ok(Value::Null) => Ok(Map::new()),
            Ok(Value::Object(data)) => Ok(data),
            Ok(_) => Err(FieldErrors::one("data", "Not an object.").into()),
            Err(_) => {
                let rule = "It nests too deep, or has a number or a text that cannot be kept.";
                Err(FieldErrors::one("data", rule).into())
            }
        }
    }

    /// Reads an action that has the same name over HTTP.
    fn named_action(&self, named: &NamedAction) -> Result<Call, Problem> {
        self.only(named.roles)?;
        let pk = self.pk()?;
        let data = if named.takes_fields {
            self.data()?
        } else {
            Map::new()
        };
        let mut fields = Fields::of(&data);
        let action = (named.read)(self.person, &mut fields);
        self.act(pk, fields.finish(action)?, Stated::default())
    }

    pub(super) fn act(&self, pk: Pk, action: Action, stated: Stated) -> Result<Call, Problem> {
        let call = ActCall { pk, action, stated };
        Ok(Call::Act(Box::new(call), self.key()?))
    }

    fn key(&self) -> Result<Option<IdempotencyKey>, Problem> {
        self.read_members.borrow_mut().insert(KEY);
        Ok(key(self.object)?)
    }

    fn create(&self) -> Result<Call, Problem> {
        let data = self.data()?;
        let mut fields = Fields::of(&data);
        let order = fields.order();
        fields.own("rider", self.person.id, &self.person.username);
        if fields.value("driver", Optionality::Optional).is_some() {
            fields.refuse("driver", "A rider cannot choose the driver.");
        }
        if let Some(status) = fields.parsed("status", Optionality::Optional, status)
            && status != Status::Requested
        {
            fields.refuse("status", "A rider cannot set the status.");
        }
        let order = fields.finish(order)?;
        Ok(Call::Request(Box::new(order), self.key()?))
    }

    fn list(&self) -> Result<Call, Problem> {
        let filter = self.filter()?;
        let streamed = self
            .member("streamed")
            .is_some_and(|raw| raw.get() == "true");
        let (limit, offset) = (self.page_number("limit")?, self.page_number("offset")?);
        let is_paged = streamed || limit.is_some() || offset.is_some();
        let page = ListPage {
            limit: limit
                .filter(|limit| *limit > 0)
                .unwrap_or(PAGE)
                .min(LIST_MAX),
            offset: offset.unwrap_or(0),
        };
        let listing = Listing {
            filter,
            page: is_paged.then_some(page),
        };
        Ok(if streamed {
            Call::Subscribe(SubscriptionCall::Pages(listing))
        } else {
            Call::Unary(UnaryCall::List(listing))
        })
    }

    /// Reads `limit` or `offset`. As in the older systems, a value that is not a number counts as 0. A number too large
    /// to be a count is refused.
    fn page_number(&self, name: &'static str) -> Result<Option<i64>, FieldErrors> {
        let Some(given) = self.member(name).map(value) else {
            return Ok(None);
        };
        let number = given.as_i64().unwrap_or(0).max(0);
        let is_beyond = given.as_f64().is_some_and(|given| given >= 9e15);
        match Sequence::parse(number) {
            Ok(number) if number.get() > 0 || !is_beyond => Ok(Some(number.get())),
            Ok(_) | Err(_) => Err(FieldErrors::one(name, NotASequence)),
        }
    }

    fn filter(&self) -> Result<Filter, Problem> {
        let names = ["id", "rider", "driver", "status"];
        let given = names.into_iter().filter_map(|name| {
            let raw = self.member(name)?;
            Some((name.to_owned(), value(raw)))
        });
        let given: Map<String, Value> = given.collect();
        let mut fields = Fields::of(&given);
        let filter = Filter {
            trip: fields.trip("id"),
            rider: fields.number("rider"),
            driver: fields.number("driver"),
            status: fields.parsed("status", Optionality::Optional, status),
        };
        Ok(fields.finish(Some(filter))?)
    }
}

pub(super) fn status(word: &str) -> Result<Status, String> {
    Status::parse(word).ok_or_else(|| format!("\"{word}\" is not a valid choice."))
}

fn positions(given: Option<&Value>) -> Result<Vec<resume::StreamCursor>, FieldErrors> {
    let wrong = |rule: &str| FieldErrors::one("positions", rule);
    let given = match given {
        None => return Ok(Vec::new()),
        Some(Value::Array(given)) if given.len() <= POSITIONS_MAX => given,
        Some(_) => return Err(wrong("A list of at most 16 positions.")),
    };
    let cursor = |position: &Value| {
        let stream = position.get("stream")?.as_str()?;
        let epoch = position.get("epoch").filter(|epoch| !epoch.is_null());
        let epoch = match epoch {
            Some(epoch) => Some(Uuid::try_parse(epoch.as_str()?).ok()?),
            None => None,
        };
        Some(resume::StreamCursor {
            stream: Stream::parse(stream)?,
            epoch,
            sequence: Sequence::deserialize(position.get("sequence")?).ok()?.get(),
        })
    };
    let cursors: Option<Vec<_>> = given.iter().map(cursor).collect();
    cursors.ok_or_else(|| {
        wrong("A position has a stream, an epoch (or null) and a sequence that is a whole number.")
    })
}

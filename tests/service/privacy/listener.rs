//! The connections of one account in every dialect.

use serde_json::{Value, json};

use super::stage::{End, Stage, Who};
use super::stories::Row;
use crate::harness::{Client, Follower, Lines, Native, Socket, inner, nk};

/// The beginning of the words for the service's own notifications.
pub const OWN: &str = "told: ";

/// The connections of one account, and its subscriptions.
pub struct Listener {
    course: Option<Socket>,
    taxi: Option<Socket>,
    native: Native,
    follower: Follower,
    lines: Lines,
    notifications: Socket,
    chat: Option<Socket>,
    observes_since: Option<usize>,
    sees_positions: bool,
}

/// The frames about one trip, by connection: a word for each change, and the number of the others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heard {
    pub course: Vec<String>,
    pub taxi: Vec<String>,
    pub stream: Vec<String>,
    pub lines: Vec<String>,
    pub activity: Vec<String>,
    pub instance: Vec<String>,
    pub positions: usize,
    pub room: usize,
    pub chat: usize,
    pub notifications: usize,
    pub notified: usize,
    /// The service's own notifications, which are the same in every dialect.
    pub own: Vec<String>,
    /// The row after which the instance subscription began.
    pub observes_since: Option<usize>,
    /// Whether there is a position subscription.
    pub sees_positions: bool,
    /// Whether the account was in the trip's room.
    pub in_room: bool,
}

impl Listener {
    /// Opens the connections that need no trip.
    #[track_caller]
    pub fn of(client: &Client) -> Self {
        let bare = |path: &str| Socket::open(client.address, path, &client.auth, &[]).ok();
        let is_staff = client.group == "operator";
        let course = (!is_staff).then(|| bare(&format!("/{}/", client.group)));
        let taxi = (!is_staff).then(|| bare("/taxi/"));
        let mut native = client.native();
        let fields = json!({"request_id": "activity"});
        native.call("subscribe_trip_activity", &fields).ok(201);
        let fields = json!({"request_id": "notices"});
        native
            .call_in("notifications", "subscribe", &fields)
            .ok(201);
        let mut lines = client.call("GET", "/api/events/").follow();
        lines
            .as_mut()
            .expect("the event stream is opened")
            .hears("snapshot");
        Self {
            course: course.flatten(),
            taxi: taxi.flatten(),
            native,
            follower: Follower::begin(client).0,
            lines: lines.expect("the event stream is opened"),
            notifications: bare("/ws/notifications/").expect("every account has notifications"),
            chat: None,
            observes_since: None,
            sees_positions: false,
        }
    }

    /// Tries to subscribe to the trip after row `n`, and checks which subscriptions are allowed.
    #[track_caller]
    pub fn observe(&mut self, stage: &Stage, who: Who, n: usize, row: &Row) {
        let (client, trip) = (stage.client(who), stage.trip());
        let may_see = row.sees.contains(&who);
        let of = |id: &str| json!({"pk": trip["id"], "request_id": id});
        if self.observes_since.is_none() {
            let answer = self.native.call("subscribe_instance", &of("instance"));
            let expected = if may_see { 201 } else { 404 };
            assert_eq!(answer.0["response_status"], expected, "{who:?}: {answer:?}");
            self.observes_since = may_see.then_some(n);
        }
        let is_driver = client.group == "driver";
        if !self.sees_positions && !row.is_final() {
            let answer = self.native.call("subscribe_position", &of("position"));
            let expected = match (is_driver, may_see) {
                (true, _) => 403,
                (false, true) => 201,
                (false, false) => 404,
            };
            assert_eq!(answer.0["response_status"], expected, "{who:?}: {answer:?}");
            self.sees_positions = expected == 201;
        }
        if self.chat.is_none() {
            let path = format!("/ws/chat/{}/", nk(trip));
            self.chat = Socket::open(client.address, &path, &client.auth, &[]).ok();
            let is_party = row.is_taken() && may_see && who != Who::Staff;
            assert_eq!(self.chat.is_some(), is_party, "{who:?}: {}", row.kind);
            if is_party {
                let joined = self.native.call_in("chat", "join", &of("room"));
                joined.ok(201);
            }
        }
    }

    /// Reads all frames up to the end.
    #[track_caller]
    pub fn until(mut self, stage: &Stage, who: Who, end: &End) -> Heard {
        let trip = stage.trip();
        let mut heard = Heard {
            observes_since: self.observes_since,
            sees_positions: self.sees_positions,
            in_room: self.chat.is_some(),
            ..Heard::default()
        };
        let last = &end.trips[usize::from(who == Who::OtherRider)];
        let is_last = |object: &Value| object["nk"] == *last;
        if let Some(course) = &mut self.course {
            let frames = course.hears_until(is_last);
            heard.course = statuses(frames.iter(), trip, end);
        }
        if let Some(taxi) = &mut self.taxi {
            let frames = taxi.hears_until(|frame| is_last(&frame["data"]));
            heard.taxi = statuses(frames.iter().map(|frame| &frame["data"]), trip, end);
        }
        native(&mut self.native, trip, end, &mut heard);
        while let Some(word) = event(&self.follower.next(), trip, end) {
            heard.stream.extend(word);
        }
        loop {
            let next = self.lines.next().expect("the event stream goes on");
            match event(&next.data["event"], trip, end) {
                Some(word) => heard.lines.extend(word),
                None => break,
            }
        }
        let frames = self
            .notifications
            .hears_until(|frame| frame["message"] == end.notification);
        let texts = frames.iter().map(|frame| &frame["message"]);
        let texts = texts.filter(|text| **text != end.notification);
        let (ours, own): (Vec<&Value>, Vec<&Value>) = texts.partition(|text| is_ours(text));
        heard.notifications = ours.len();
        let own: Vec<String> = own.into_iter().map(own_word).collect();
        for others in [
            own_words(&mut heard.stream),
            own_words(&mut heard.lines),
            std::mem::replace(&mut heard.own, own.clone()),
        ] {
            assert_eq!(
                others, own,
                "{who:?} hears other notifications in another dialect"
            );
        }
        if let Some(chat) = &mut self.chat {
            chat.send_text("?");
            let frames = chat.hears_until(|frame| frame["code"] == "unreadable");
            heard.chat = frames.len() - 1;
        }
        heard
    }
}

/// Whether a notification comes from a story, and not from the service itself.
fn is_ours(message: &Value) -> bool {
    message
        .as_str()
        .is_some_and(|text| text.starts_with("told"))
}

/// The word for one of the service's own notifications.
fn own_word(message: &Value) -> String {
    format!("{OWN}{}", message.as_str().expect("a message is a string"))
}

/// Removes the words for the service's own notifications from the others, and gives them.
fn own_words(words: &mut Vec<String>) -> Vec<String> {
    let (own, others) = words.drain(..).partition(|word| word.starts_with(OWN));
    *words = others;
    own
}

/// The statuses of the trip in frames that must be about it or about the trips at the end.
#[track_caller]
fn statuses<'a>(frames: impl Iterator<Item = &'a Value>, trip: &Value, end: &End) -> Vec<String> {
    let of_trip = frames.filter(|frame| {
        let key = nk(frame);
        let is_end = end.trips.iter().any(|last| last == key);
        assert!(
            is_end || trip["nk"] == key,
            "this is not part of the story: {frame}"
        );
        !is_end
    });
    of_trip
        .map(|frame| {
            frame["status"]
                .as_str()
                .expect("a status is a string")
                .to_owned()
        })
        .collect()
}

/// The word for an event; `Some(None)` for an event of a trip at the end, and `None` for the last notification.
fn event(event: &Value, trip: &Value, end: &End) -> Option<Option<String>> {
    let kind = event["kind"].as_str().expect("an event has a kind");
    if event["notification"]["message"] == end.notification {
        return None;
    }
    let about = [
        &event["trip"]["nk"],
        &event["offer"]["trip"]["nk"],
        &event["message"]["trip"],
    ];
    let is_end = |key: &&Value| end.trips.iter().any(|last| **key == *last);
    let is_own = match kind {
        "notification" => true,
        "shift-began" | "shift-ended" => true,
        _ => !about.iter().any(is_end),
    };
    let of_trip = about.iter().any(|key| **key == trip["nk"]);
    let is_known = !is_own || kind == "notification" || kind.starts_with("shift") || of_trip;
    assert!(is_known, "this is not part of the story: {event}");
    let message = &event["notification"]["message"];
    Some(is_own.then(|| match kind {
        "notification" if !is_ours(message) => own_word(message),
        _ => kind.to_owned(),
    }))
}

/// Reads the frames of a native socket's subscriptions up to the last notification.
#[track_caller]
fn native(native: &mut Native, trip: &Value, end: &End, heard: &mut Heard) {
    loop {
        let frame = native.next().expect("the socket stays open");
        let envelope = inner(&frame);
        let (action, data) = (&envelope["action"], &envelope["data"]);
        let is_trip = data["id"] == trip["id"] || data["pk"] == trip["id"];
        let word = || match action.as_str() {
            Some("delete") => {
                assert_eq!(
                    *data,
                    json!({"pk": trip["id"]}),
                    "a delete has the trip's id alone"
                );
                "delete".to_owned()
            }
            _ => data["status"]
                .as_str()
                .expect("a status is a string")
                .to_owned(),
        };
        match envelope["request_id"].as_str() {
            Some("activity") if is_trip => heard.activity.push(word()),
            Some("activity") => {}
            Some("instance") => {
                assert!(is_trip, "{envelope}");
                heard.instance.push(word());
            }
            Some("position") => heard.positions += 1,
            Some("room") => heard.room += 1,
            Some("notices") if data["message"] == end.notification => return,
            Some("notices") if is_ours(&data["message"]) => heard.notified += 1,
            Some("notices") => heard.own.push(own_word(&data["message"])),
            other => panic!("there is no subscription {other:?}: {envelope}"),
        }
    }
}

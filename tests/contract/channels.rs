//! `docs/asyncapi.yaml` as a check: which frames may be sent on which socket, by whom, and how the socket may close.

use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, Registry, ValidationError, Validator};
use serde_json::{Value, json};

/// The description as it is written.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/asyncapi.yaml");
    let text = std::fs::read_to_string(path).expect("docs/asyncapi.yaml can be read");
    serde_saphyr::from_str(&text).expect("docs/asyncapi.yaml is YAML")
});

/// All channels, with compiled schemas.
pub static CHANNELS: LazyLock<Vec<Channel>> = LazyLock::new(|| {
    let schemas = Registry::new()
        .draft(Draft::Draft7)
        .add(DOCUMENT_URI, &*DOCUMENT)
        .and_then(|registry| registry.prepare())
        .expect("every reference in docs/asyncapi.yaml leads somewhere");
    let channels = DOCUMENT["channels"].as_object();
    let channels = channels.expect("docs/asyncapi.yaml has channels");
    channels
        .keys()
        .map(|key| Channel::read(key, &schemas))
        .collect()
});

const DOCUMENT_URI: &str = "urn:cabrank:asyncapi";

/// How many messages are compared with a frame in a failure.
const CLOSEST: usize = 2;

/// A kind of frame.
pub struct Message {
    pub name: &'static str,
    schema: Validator,
}

/// The sender of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Service,
    Client,
}

/// A socket's path and the frames that may be sent on it.
pub struct Channel {
    pub address: &'static str,
    by_service: Vec<Message>,
    by_client: Vec<Message>,
}

/// The channel at a path. The path may have a query.
#[track_caller]
pub fn channel(path: &str) -> &'static Channel {
    let path = path.split('?').next().unwrap_or_default();
    let found = CHANNELS.iter().find(|channel| channel.is_at(path));
    found.unwrap_or_else(|| panic!("docs/asyncapi.yaml has no channel {path}"))
}

impl Channel {
    fn read(key: &str, schemas: &Registry) -> Self {
        let read = |action: &str| {
            let messages = messages(key, action);
            let message = |name| Message {
                name,
                schema: compile(name, schemas),
            };
            messages.into_iter().map(message).collect()
        };
        let address = DOCUMENT["channels"][key]["address"].as_str();
        Self {
            address: address.expect("a channel has an address"),
            by_service: read("send"),
            by_client: read("receive"),
        }
    }

    /// Whether a path leads to this channel. `{…}` in the address stands for one part of the path.
    fn is_at(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        let expected: Vec<&str> = self.address.split('/').collect();
        parts.len() == expected.len()
            && parts.iter().zip(&expected).all(|(part, expected)| {
                part == expected || (expected.starts_with('{') && !part.is_empty())
            })
    }

    /// The messages that one side may send.
    pub fn messages(&self, by: By) -> &[Message] {
        match by {
            By::Service => &self.by_service,
            By::Client => &self.by_client,
        }
    }

    /// Fails unless the text is one of the channel's messages.
    #[track_caller]
    pub fn check(&self, by: By, text: &str) {
        if let Err(misfit) = self.message_of(by, text) {
            panic!("{misfit}");
        }
    }

    /// The message that a text is; it must be exactly one. Otherwise, what is wrong with the text.
    pub fn message_of(&self, by: By, text: &str) -> Result<&'static str, String> {
        let frame: Value = serde_json::from_str(text).map_err(|error| {
            let address = self.address;
            format!("on {address} the {by:?} said what is not JSON: {error}\n{text}")
        })?;
        let messages = self.messages(by).iter();
        let fitting: Vec<_> = messages
            .filter(|message| message.schema.is_valid(&frame))
            .map(|message| message.name)
            .collect();
        match fitting[..] {
            [name] => Ok(name),
            [] => Err(self.misfit(by, &frame)),
            [_, ..] => Err(format!(
                "on {} the {by:?} said what docs/asyncapi.yaml takes for each of {fitting:?}: {frame}",
                self.address
            )),
        }
    }

    fn misfit(&self, by: By, frame: &Value) -> String {
        let messages = self.messages(by).iter();
        let mut broken: Vec<_> = messages
            .map(|message| {
                let errors = message.schema.iter_errors(frame);
                (
                    Broken::all(errors.map(|error| Broken::one(&error))),
                    message.name,
                )
            })
            .collect();
        broken.sort_by_key(|(broken, _)| broken.weight);
        let closest = broken.iter().take(CLOSEST).map(|(broken, name)| {
            let rules = broken.rules.join("\n    ");
            format!("\n  {name}:\n    {rules}")
        });
        format!(
            "on {} the {by:?} said what is not in docs/asyncapi.yaml: {frame}\nThe closest messages:{}",
            self.address,
            closest.collect::<String>()
        )
    }

    /// Fails unless the service may close the channel's sockets with this code.
    #[track_caller]
    pub fn check_close(&self, code: u16) {
        let codes = &DOCUMENT["servers"]["local"]["x-close-codes"];
        assert!(
            codes.get(code.to_string()).is_some(),
            "{} was closed with {code}, which is not in docs/asyncapi.yaml",
            self.address
        );
    }
}

/// The names of the messages in the channel's operations with that action.
fn messages(channel: &str, action: &str) -> Vec<&'static str> {
    let own = json!({"$ref": format!("#/channels/{channel}")});
    let operations = DOCUMENT["operations"].as_object();
    let operations = operations.expect("docs/asyncapi.yaml has operations");
    operations
        .values()
        .filter(|operation| operation["channel"] == own && operation["action"] == action)
        .flat_map(|operation| operation["messages"].as_array().into_iter().flatten())
        .map(|reference| {
            let message = DOCUMENT.pointer(&target(reference)[1..]);
            let name = target(message.unwrap_or_default()).rsplit('/').next();
            name.expect("a message has a name")
        })
        .collect()
}

fn target(reference: &'static Value) -> &'static str {
    let target = reference["$ref"].as_str();
    target.unwrap_or_else(|| panic!("not a reference: {reference}"))
}

fn compile(message: &str, schemas: &Registry) -> Validator {
    let reference = format!("{DOCUMENT_URI}#/components/messages/{message}/payload");
    jsonschema::options()
        .with_draft(Draft::Draft7)
        .with_registry(schemas)
        .should_validate_formats(true)
        .build(&json!({"$ref": reference}))
        .unwrap_or_else(|error| panic!("the schema of {message} is wrong: {error}"))
}

/// How far a frame is from one message.
struct Broken {
    /// Grows with the distance.
    weight: usize,
    rules: Vec<String>,
}

impl Broken {
    fn all(each: impl Iterator<Item = Self>) -> Self {
        let each: Vec<Self> = each.collect();
        Self {
            weight: each.iter().map(|broken| broken.weight).sum(),
            rules: each.into_iter().flat_map(|broken| broken.rules).collect(),
        }
    }

    /// Of alternatives, the closest one counts.
    fn one(error: &ValidationError<'_>) -> Self {
        let kind = error.kind();
        if let ValidationErrorKind::OneOfNotValid { context }
        | ValidationErrorKind::AnyOf { context } = kind
        {
            let alternatives = context
                .iter()
                .map(|errors| Self::all(errors.iter().map(Self::one)));
            if let Some(closest) = alternatives.min_by_key(|broken| broken.weight) {
                return closest;
            }
        }
        Self {
            weight: weight(kind),
            rules: vec![format!("at {:?}: {error}", error.instance_path().as_str())],
        }
    }
}

/// A word or type of another message weighs most, then a missing or further key.
fn weight(kind: &ValidationErrorKind) -> usize {
    if let ValidationErrorKind::AdditionalProperties { unexpected } = kind {
        return 3 * unexpected.len();
    }
    let another = matches!(
        kind,
        ValidationErrorKind::Constant { .. } | ValidationErrorKind::Type { .. }
    );
    let key = matches!(kind, ValidationErrorKind::Required { .. });
    if another {
        20
    } else if key {
        3
    } else {
        1
    }
}

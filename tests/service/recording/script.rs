//! The steps of a scene, as its lines are read.

/// One step of a scene.
#[derive(Debug)]
pub enum Step {
    /// An empty line or a heading.
    Heading,
    /// `the service starts [in the town NAME] [with FLAGS]`
    Start {
        town: Option<String>,
        flags: Vec<String>,
    },
    /// `a rider ann`
    Join { role: String, name: String },
    /// `ann logs in again`
    LogIn(String),
    /// `the clock goes on by 10 s`
    Wait(f64),
    /// `ann: GET /api/trip/`
    Call(Call),
    /// `ann looks at GET /docs/`, of which only status and type are recorded
    Look(Call),
    /// `ann 1 opens /ws/`
    Open { label: String, path: String },
    /// `ann 1 follows /api/events/`
    Follow { label: String, call: Call },
    /// `ann 1 > {"action":"list"}`
    Send { label: String, text: String },
    /// `ann 1 says goodbye`
    Close(String),
    /// `ann 1 vanishes`
    Vanish(String),
    /// `$ cabrank explain 1`
    Run(Vec<String>),
    /// `the service stops`
    Stop,
}

/// A call over HTTP; its headers follow as `  + name: value`, its body as `  > …`.
#[derive(Debug, Default)]
pub struct Call {
    /// The caller: a name, `nobody`, or a name `by cookie`.
    pub who: String,
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

/// Whether a line is a recorded answer or frame.
pub fn is_answer(line: &str) -> bool {
    let is_heard = line.split(' ').nth(2) == Some("<");
    is_heard || (line.starts_with("  ") && !is_of_call(line))
}

/// Whether a line is a header or the body of the call above it.
pub fn is_of_call(line: &str) -> bool {
    ["  + ", "  > "].iter().any(|sign| line.starts_with(sign))
}

/// The step of a line; `more` has the lines that belong to a call.
#[track_caller]
pub fn read(line: &str, more: &[String]) -> Step {
    if line.is_empty() || line.starts_with('#') {
        return Step::Heading;
    }
    if line == "the service stops" {
        return Step::Stop;
    }
    if let Some(rest) = line.strip_prefix("the service starts") {
        return start(rest);
    }
    if let Some(seconds) = line.strip_prefix("the clock goes on by ") {
        let seconds = seconds.trim_end_matches(" s").parse();
        return Step::Wait(seconds.expect("a number of seconds"));
    }
    if let Some(arguments) = line.strip_prefix("$ cabrank ") {
        return Step::Run(arguments.split(' ').map(str::to_owned).collect());
    }
    if let Some((label, text)) = line.split_once(" > ") {
        let text = if text == "." { "" } else { text };
        return Step::Send {
            label: label.to_owned(),
            text: text.to_owned(),
        };
    }
    if let Some((who, target)) = line.split_once(": ") {
        return Step::Call(call(who, target, more));
    }
    of_words(line, more)
}

fn of_words(line: &str, more: &[String]) -> Step {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["a" | "an", role, name] => Step::Join {
            role: role.to_owned(),
            name: name.to_owned(),
        },
        [who, "looks", "at", method, path] => {
            Step::Look(call(who, &format!("{method} {path}"), more))
        }
        [name, "logs", "in", "again"] => Step::LogIn(name.to_owned()),
        [who, number, "opens", path] => Step::Open {
            label: format!("{who} {number}"),
            path: path.to_owned(),
        },
        [who, number, "follows", path] => Step::Follow {
            label: format!("{who} {number}"),
            call: call(who, &format!("GET {path}"), more),
        },
        [who, number, "says", "goodbye"] => Step::Close(format!("{who} {number}")),
        [who, number, "vanishes"] => Step::Vanish(format!("{who} {number}")),
        _ => panic!("this is not a step of a scene: {line}"),
    }
}

fn start(rest: &str) -> Step {
    let (town, flags) = rest.split_once(" with ").unwrap_or((rest, ""));
    Step::Start {
        town: town.strip_prefix(" in the town ").map(str::to_owned),
        flags: flags.split_whitespace().map(str::to_owned).collect(),
    }
}

#[track_caller]
fn call(who: &str, target: &str, more: &[String]) -> Call {
    let (method, path) = target.split_once(' ').expect("a method and a path");
    let mut call = Call {
        who: who.to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        ..Call::default()
    };
    let mut body = Vec::new();
    for line in more {
        if let Some(header) = line.strip_prefix("  + ") {
            let (name, value) = header.split_once(": ").expect("a header has a value");
            call.headers.push((name.to_owned(), value.to_owned()));
        } else if let Some(line) = line.strip_prefix("  > ") {
            body.push(if line == "." { "" } else { line });
        }
    }
    let is_form = call
        .headers
        .iter()
        .any(|(_, kind)| kind.starts_with("multipart/"));
    let end = if is_form { "\r\n" } else { "\n" };
    call.body = (!body.is_empty()).then(|| body.join(end));
    call
}

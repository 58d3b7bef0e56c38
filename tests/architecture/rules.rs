//! The tables. Each rule names file and line of whatever breaks it.

use crate::code::{Source, Use};

/// What has a crate of its own, for which cargo knows whom it may use.
const CRATES: &[&str] = &[
    "dispatching",
    "domain",
    "eta",
    "matching",
    "sim",
    "supply",
    "town",
];

/// From the inside out: a module may use what stands in the rows above its own, and itself.
const STEPS: &[&[&str]] = &[
    &["inputs", "domain", "matching"],
    &["store", "town"],
    &["registry", "eta"],
    &["supply"],
    &["dispatching"],
    &["auth", "sim"],
    &["dispatch", "accounts", "notices", "resume"],
    &["fields", "problem"],
    &["credentials"],
    &["app"],
    &["http", "ws"],
    &["config", "telemetry", "server"],
    &["client", "demo", "bench"],
    &["shell"],
    &["main"],
];

/// Who may use whom although they stand in one row.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("problem", "fields"),
    ("telemetry", "config"),
    ("server", "config"),
    ("server", "telemetry"),
    ("demo", "client"),
    ("bench", "client"),
];

/// Crates of others that only some modules may know.
const PRIVATE: &[(&str, &[&str])] = &[
    ("diesel", &["store"]),
    ("diesel_migrations", &["store"]),
    ("actix_web_actors", &["ws"]),
    ("actix_http", &["ws", "server"]),
    ("actix_service", &["server"]),
    ("multer", &["http"]),
    ("image", &["accounts"]),
    ("argon2", &["auth"]),
    ("jsonwebtoken", &["auth"]),
    ("awc", &["client", "bench"]),
];

/// What must be the same wherever and whenever it runs. It has no crate that says where or when.
const PURE: &[&str] = &["domain", "matching"];
/// What of the standard library would.
const IMPURE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "std::time",
];

/// Reading the clock or the system's randomness, and who may. Deadlines of sockets and connections are measured
/// with `Instant`, which no rule of the domain ever sees.
const INPUTS: &[(&str, &[&str])] = &[
    ("Timestamp::now", &["inputs", "client", "demo", "bench"]),
    ("Zoned::now", &["inputs", "client", "demo", "bench"]),
    ("SystemTime::now", &["inputs"]),
    (
        "Instant::now",
        &[
            "inputs", "store", "registry", "eta", "auth", "http", "ws", "server", "client", "demo",
            "bench",
        ],
    ),
    ("Uuid::now_v7", &["inputs"]),
    ("Uuid::new_v4", &["inputs"]),
    ("getrandom", &["inputs"]),
    ("OsRng", &["inputs"]),
];

/// Who may name a status code besides `problem`, and which; clients compare what they are answered.
const STATUS_CODES: &[(&str, &[&str])] = &[
    (
        "http",
        &[
            "OK",
            "CREATED",
            "NO_CONTENT",
            "FOUND",
            "Ok",
            "Created",
            "NoContent",
            "Found",
        ],
    ),
    ("ws", &["SWITCHING_PROTOCOLS", "SwitchingProtocols"]),
];
const MAY_COMPARE: &[&str] = &["problem", "client", "demo", "bench"];

/// The longest file, in lines.
const LINES_MAX: usize = 400;

/// Everything that is wrong with a file, as `file:line: what`.
pub fn broken(source: &Source) -> Vec<String> {
    let mut broken = Vec::new();
    let mut say =
        |line: usize, what: String| broken.push(format!("{}:{line}: {what}", source.name));
    if source.lines > LINES_MAX {
        say(
            source.lines,
            format!("a file has at most {LINES_MAX} lines"),
        );
    }
    if !source.has_doc {
        say(
            1,
            "a file begins with a //! doc that says what it is for".to_owned(),
        );
    }
    for line in source.lines_of("do_send") {
        say(
            line,
            "do_send ignores the mailbox's bound: try_send, or send().await".to_owned(),
        );
    }
    inputs(source, &mut say);
    pure(source, &mut say);
    // The map of the house may name every room, and what a crate may know stands in its Cargo.toml.
    if source.module != "lib" && !source.is_apart {
        one_way(source, &mut say);
        private_crates(source, &mut say);
        status_codes(source, &mut say);
    }
    broken
}

fn step(module: &str) -> Option<usize> {
    STEPS.iter().position(|step| step.contains(&module))
}

fn one_way(source: &Source, say: &mut impl FnMut(usize, String)) {
    let module = source.module.as_str();
    let Some(own) = step(module) else {
        return say(
            1,
            format!("{module} has no place in the table STEPS of tests/architecture"),
        );
    };
    for Use { line, module: used } in source.uses(CRATES) {
        let below = step(&used).is_some_and(|used| used < own);
        let neighbour = NEIGHBOURS.contains(&(module, used.as_str()));
        // What is no module is an item of the crate's root, of which there are none.
        if step(&used).is_some() && used != module && !below && !neighbour {
            say(line, format!("{module} must not use {used}"));
        }
    }
}

fn private_crates(source: &Source, say: &mut impl FnMut(usize, String)) {
    for (name, homes) in PRIVATE {
        if !homes.contains(&source.module.as_str()) {
            for line in source.lines_of(name) {
                say(line, format!("only {} may know {name}", homes.join(", ")));
            }
        }
    }
}

fn pure(source: &Source, say: &mut impl FnMut(usize, String)) {
    if PURE.contains(&source.module.as_str()) {
        for word in IMPURE {
            for line in source.lines_of(word) {
                say(line, format!("{} is pure: no {word}", source.module));
            }
        }
    }
}

fn inputs(source: &Source, say: &mut impl FnMut(usize, String)) {
    for (word, readers) in INPUTS {
        if !readers.contains(&source.module.as_str()) {
            for line in source.lines_of(word) {
                say(line, format!("only {} may use {word}", readers.join(", ")));
            }
        }
    }
}

fn status_codes(source: &Source, say: &mut impl FnMut(usize, String)) {
    if MAY_COMPARE.contains(&source.module.as_str()) {
        return;
    }
    let allowed = STATUS_CODES
        .iter()
        .filter(|(module, _)| *module == source.module);
    let allowed: Vec<&str> = allowed
        .flat_map(|(_, codes)| codes.iter().copied())
        .collect();
    for of in ["StatusCode", "HttpResponse"] {
        for (line, code) in source.members_of(of) {
            let picks = code.starts_with(|first: char| first.is_ascii_uppercase());
            if picks && !allowed.contains(&code.as_str()) {
                say(
                    line,
                    format!("only problem picks a status code: {of}::{code}"),
                );
            }
        }
    }
}

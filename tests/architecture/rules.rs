//! The rules and their tables. Each rule names the file and line of a violation.

use crate::code::{Source, Use};

/// The crates in `crates/`. Cargo checks what they use.
const CRATES: &[&str] = &[
    "dispatching",
    "domain",
    "eta",
    "matching",
    "sim",
    "supply",
    "town",
];

/// From the inside out: a module may use itself and the modules in the rows above its own.
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

/// Exceptions: the first module may use the second, though both are in one row.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("problem", "fields"),
    ("telemetry", "config"),
    ("server", "config"),
    ("server", "telemetry"),
    ("demo", "client"),
    ("bench", "client"),
];

/// Libraries that only some modules may use.
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

/// Crates that must do the same wherever and whenever they run. They depend on no library that reads a clock or the
/// machine.
const PURE: &[&str] = &["domain", "matching"];
/// The parts of the standard library that they must not use.
const IMPURE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "std::time",
];

/// Reading the clock or the system's randomness, and the modules that may. Deadlines of sockets and connections are
/// measured with `Instant`, which no rule of the domain ever sees.
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

/// The modules besides `problem` that may name a status code, and which ones. Clients may name any, to compare the
/// answers that they get.
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

/// All violations in a file, as `file:line: violation`.
pub fn broken(source: &Source) -> Vec<String> {
    let mut broken = Vec::new();
    let mut report = |line: usize, violation: String| {
        broken.push(format!("{}:{line}: {violation}", source.name))
    };
    if source.lines > LINES_MAX {
        report(
            source.lines,
            format!("a file has at most {LINES_MAX} lines"),
        );
    }
    if !source.has_doc {
        report(
            1,
            "a file begins with a //! doc that says what it is for".to_owned(),
        );
    }
    for line in source.lines_of("do_send") {
        report(
            line,
            "do_send ignores the mailbox's bound: try_send, or send().await".to_owned(),
        );
    }
    inputs(source, &mut report);
    pure(source, &mut report);
    // `lib.rs` may name every module, and the Cargo.toml of a crate says what it may use.
    if source.module != "lib" && !source.is_apart {
        one_way(source, &mut report);
        private_crates(source, &mut report);
        status_codes(source, &mut report);
    }
    broken
}

fn step(module: &str) -> Option<usize> {
    STEPS.iter().position(|step| step.contains(&module))
}

fn one_way(source: &Source, report: &mut impl FnMut(usize, String)) {
    let module = source.module.as_str();
    let Some(own) = step(module) else {
        return report(
            1,
            format!("{module} has no place in the table STEPS of tests/architecture"),
        );
    };
    for Use { line, module: used } in source.uses(CRATES) {
        let below = step(&used).is_some_and(|used| used < own);
        let neighbour = NEIGHBOURS.contains(&(module, used.as_str()));
        // Other names are items at the crate's root, which has none.
        if step(&used).is_some() && used != module && !below && !neighbour {
            report(line, format!("{module} must not use {used}"));
        }
    }
}

fn private_crates(source: &Source, report: &mut impl FnMut(usize, String)) {
    for (name, homes) in PRIVATE {
        if !homes.contains(&source.module.as_str()) {
            for line in source.lines_of(name) {
                report(line, format!("only {} may know {name}", homes.join(", ")));
            }
        }
    }
}

fn pure(source: &Source, report: &mut impl FnMut(usize, String)) {
    if PURE.contains(&source.module.as_str()) {
        for word in IMPURE {
            for line in source.lines_of(word) {
                report(line, format!("{} is pure: no {word}", source.module));
            }
        }
    }
}

fn inputs(source: &Source, report: &mut impl FnMut(usize, String)) {
    for (word, readers) in INPUTS {
        if !readers.contains(&source.module.as_str()) {
            for line in source.lines_of(word) {
                report(line, format!("only {} may use {word}", readers.join(", ")));
            }
        }
    }
}

fn status_codes(source: &Source, report: &mut impl FnMut(usize, String)) {
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
                report(
                    line,
                    format!("only problem picks a status code: {of}::{code}"),
                );
            }
        }
    }
}

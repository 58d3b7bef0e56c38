//! A stored scene beside what is said now.

use std::fs;
use std::path::PathBuf;

use super::masks::Masks;

/// How many lines a difference is shown with before and after it.
const CONTEXT: usize = 6;

/// Whether answers are written anew and not compared.
pub fn is_renewed() -> bool {
    std::env::var_os("UPDATE_RECORDING").is_some()
}

/// Where scenes and what they need are kept.
pub fn directory(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/service/recording")
        .join(name)
}

/// The lines that are stored, and those that have come of playing them.
pub struct Record {
    path: PathBuf,
    stored: Vec<String>,
    lines: Vec<String>,
    pub masks: Masks,
}

impl Record {
    #[track_caller]
    pub fn open(scene: &str) -> Self {
        let path = directory("scenes").join(format!("{scene}.txt"));
        let text = fs::read_to_string(&path);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            path,
            stored: text.lines().map(str::to_owned).collect(),
            lines: Vec::new(),
            masks: Masks::default(),
        }
    }

    /// What is stored.
    pub fn stored(&self) -> Vec<String> {
        self.stored.clone()
    }

    /// Writes text behind a prefix, each of its lines as one.
    #[track_caller]
    pub fn write(&mut self, prefix: &str, text: &str) {
        let text = self.masks.apply(text);
        for part in text.split('\n') {
            // An empty line of an answer is no heading.
            let part = if part.is_empty() && !prefix.is_empty() {
                "."
            } else {
                part
            };
            self.lines.push(format!("{prefix}{part}"));
            let at = self.lines.len() - 1;
            if !is_renewed() && self.stored.get(at) != self.lines.get(at) {
                self.differs(at);
            }
        }
    }

    /// How many of the next stored lines begin so, of those that begin with one of `all`.
    pub fn next_with(&self, prefix: &str, all: &[String]) -> usize {
        let rest = self.stored.iter().skip(self.lines.len());
        let block = rest.take_while(|line| all.iter().any(|one| line.starts_with(one)));
        block.filter(|line| line.starts_with(prefix)).count()
    }

    /// Compares the end, or stores all.
    #[track_caller]
    pub fn close(self) {
        let at = self.lines.len();
        if is_renewed() {
            let text = self.lines.join("\n") + "\n";
            fs::write(&self.path, text).expect("there is room for a file");
        } else if self.stored.len() > at {
            self.differs(at);
        }
    }

    #[track_caller]
    fn differs(&self, at: usize) -> ! {
        let show = |lines: &[String], from: usize, to: usize| {
            let some = lines.iter().take(to).skip(from);
            some.map(|line| format!("    {line}\n")).collect::<String>()
        };
        panic!(
            "{}:{}: another answer than the one that is stored\n{}  - {}\n  + {}\n{}",
            self.path.display(),
            at + 1,
            show(&self.stored, at.saturating_sub(CONTEXT), at),
            self.stored.get(at).map_or("", String::as_str),
            self.lines.get(at).map_or("", String::as_str),
            show(&self.stored, at + 1, at + 1 + CONTEXT),
        );
    }
}

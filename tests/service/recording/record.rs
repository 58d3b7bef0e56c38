//! A recorded scene, and its comparison with the lines of this run.

use std::fs;
use std::path::PathBuf;

use super::masks::Masks;

/// The number of lines that are shown before and after a difference.
const CONTEXT: usize = 6;

/// Whether answers are written anew instead of compared.
pub fn is_renewed() -> bool {
    std::env::var_os("UPDATE_RECORDING").is_some()
}

/// A directory of the recording.
pub fn directory(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/service/recording")
        .join(name)
}

/// The recorded lines of a scene, and the lines of this run so far.
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

    /// The recorded lines.
    pub fn stored(&self) -> Vec<String> {
        self.stored.clone()
    }

    /// Writes the lines of a text, each after the prefix, and compares them with the recorded ones.
    #[track_caller]
    pub fn write(&mut self, prefix: &str, text: &str) {
        let text = self.masks.apply(text);
        for part in text.split('\n') {
            // An empty line would be read as a heading.
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

    /// Of the next recorded lines that begin with one of the prefixes `all`, the number of those with `prefix`.
    pub fn next_with(&self, prefix: &str, all: &[String]) -> usize {
        let rest = self.stored.iter().skip(self.lines.len());
        let block = rest.take_while(|line| all.iter().any(|prefix| line.starts_with(prefix)));
        block.filter(|line| line.starts_with(prefix)).count()
    }

    /// Checks that no recorded line is left, or writes the file anew.
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
            let shown = lines.iter().take(to).skip(from);
            shown
                .map(|line| format!("    {line}\n"))
                .collect::<String>()
        };
        panic!(
            "{}:{}: the answer differs from the recorded one\n{}  - {}\n  + {}\n{}",
            self.path.display(),
            at + 1,
            show(&self.stored, at.saturating_sub(CONTEXT), at),
            self.stored.get(at).map_or("", String::as_str),
            self.lines.get(at).map_or("", String::as_str),
            show(&self.stored, at + 1, at + 1 + CONTEXT),
        );
    }
}

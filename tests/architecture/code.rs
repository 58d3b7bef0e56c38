//! A source file as the rules see it: without comments and string contents.

/// A file in `src/`, or in the `src/` of a crate.
pub struct Source {
    /// Its path from the root.
    pub name: String,
    /// The module at the root of `src/` that the file belongs to, or the crate.
    pub module: String,
    /// Whether the file belongs to a crate in `crates/`.
    pub is_apart: bool,
    /// How many modules the file lies below its crate's root.
    depth: usize,
    /// Whether the file begins with a module doc.
    pub has_doc: bool,
    /// The file's length.
    pub lines: usize,
    /// The code with comments and strings blanked. Line ends stay.
    code: String,
}

/// A mention of another module at the root of `src/`, or of a crate.
pub struct Use {
    pub line: usize,
    pub module: String,
}

impl Source {
    /// Reads a file. `name` is its path from the root.
    pub fn new(name: &str, text: &str) -> Self {
        let apart = name.strip_prefix("crates/");
        let path = apart.or(name.strip_prefix("src/")).unwrap_or(name);
        let path = path.trim_end_matches(".rs");
        let parts: Vec<&str> = path.split('/').filter(|part| *part != "mod").collect();
        Self {
            name: name.to_owned(),
            module: parts[0].to_owned(),
            is_apart: apart.is_some(),
            depth: parts.len(),
            has_doc: text.starts_with("//!"),
            lines: text.lines().count(),
            code: blank(text),
        }
    }

    fn line_at(&self, at: usize) -> usize {
        1 + self.code[..at].matches('\n').count()
    }

    /// The offsets where `word` stands as a whole word.
    fn positions_of<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.code
            .match_indices(word)
            .map(|(at, _)| at)
            .filter(move |at| {
                let before = self.code[..*at].chars().next_back();
                let after = self.code[at + word.len()..].chars().next();
                !before.is_some_and(is_name) && !after.is_some_and(is_name)
            })
    }

    /// The lines that contain `word`.
    pub fn lines_of<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.positions_of(word).map(|at| self.line_at(at))
    }

    /// The names after `word::`, and their lines.
    pub fn members_of<'a>(&'a self, word: &'a str) -> impl Iterator<Item = (usize, String)> + 'a {
        self.positions_of(word).filter_map(move |at| {
            let rest = self.code[at + word.len()..].strip_prefix("::")?;
            Some((self.line_at(at), name_at(rest).to_owned()))
        })
    }

    /// Every module at the root of `src/` that is named by `crate::`, by the crate's name or by enough `super::`, and
    /// each of these crates that is named.
    pub fn uses(&self, crates: &[&str]) -> Vec<Use> {
        let up = "super::".repeat(self.depth);
        let mut uses = Vec::new();
        for name in crates {
            for (line, _) in self.members_of(name) {
                let module = (*name).to_owned();
                uses.push(Use { line, module });
            }
        }
        for root in ["crate::", "cabrank::", &up] {
            for (at, _) in self.code.match_indices(root) {
                let before = self.code[..at].chars().next_back();
                if !before.is_some_and(|before| is_name(before) || before == '$') {
                    self.heads(at + root.len(), &mut uses);
                }
            }
        }
        uses
    }

    /// Notes the first name of the path that begins at `start`, or of each path in the group that does.
    fn heads(&self, start: usize, uses: &mut Vec<Use>) {
        let rest = &self.code[start..];
        if !rest.starts_with('{') {
            return self.head(start, uses);
        }
        let mut depth = 0;
        for (offset, char) in rest.char_indices() {
            match char {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            if depth == 1 && matches!(char, '{' | ',') {
                let space = rest[offset + 1..].len() - rest[offset + 1..].trim_start().len();
                self.head(start + offset + 1 + space, uses);
            }
        }
    }

    fn head(&self, at: usize, uses: &mut Vec<Use>) {
        let module = name_at(&self.code[at..]);
        if !module.is_empty() {
            let (line, module) = (self.line_at(at), module.to_owned());
            uses.push(Use { line, module });
        }
    }
}

fn is_name(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

fn name_at(text: &str) -> &str {
    text.split(|char| !is_name(char)).next().unwrap_or_default()
}

/// Blanks comments and strings. Everything else stays in its line and column.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let after_name = out.chars().next_back().is_some_and(is_name);
        let (skipped, width) = (
            skip(rest, after_name),
            rest.chars().next().map_or(1, char::len_utf8),
        );
        if skipped > 0 {
            out.extend(
                rest[..skipped]
                    .chars()
                    .map(|char| if char == '\n' { '\n' } else { ' ' }),
            );
            rest = &rest[skipped..];
        } else {
            out.push_str(&rest[..width]);
            rest = &rest[width..];
        }
    }
    out
}

/// The length of the comment or literal that begins here; 0 if none does.
fn skip(rest: &str, after_name: bool) -> usize {
    if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        block_comment(rest)
    } else if rest.starts_with('"') {
        quoted(rest)
    } else if rest.starts_with("r\"") || rest.starts_with("r#") {
        if after_name { 0 } else { raw(rest) }
    } else if rest.starts_with('\'') {
        character(rest)
    } else {
        0
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, char) in rest.char_indices().skip(1) {
        match char {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

fn raw(rest: &str) -> usize {
    let hashes = rest[1..].chars().take_while(|char| *char == '#').count();
    let opening = 1 + hashes;
    // `r#name` is a name, not a string.
    if !rest[opening..].starts_with('"') {
        return 0;
    }
    let closing = format!("\"{}", "#".repeat(hashes));
    match rest[opening + 1..].find(&closing) {
        Some(at) => opening + 1 + at + closing.len(),
        None => rest.len(),
    }
}

/// The length of a character literal, such as `'x'` and `'\n'`. A lifetime such as `'a` has none.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(0, |at| 3 + at + 1),
        Some((at, char)) if rest[at + char.len_utf8()..].starts_with('\'') => {
            at + char.len_utf8() + 1
        }
        Some(_) | None => 0,
    }
}

//! The paths of code that the pages name are there: `module::Item`, each part of it somewhere in the sources. Prose has
//! lines that fit on a screen.

use std::collections::BTreeSet;
use std::path::Path;

/// The pages about how the code is now.
const PAGES: [&str; 5] = [
    "ARCHITECTURE.md",
    "docs/dispatching.md",
    "docs/glossary.md",
    "docs/reliability.md",
    "docs/bounds.md",
];

fn read(page: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    std::fs::read_to_string(path).expect("the page is there")
}

/// Every name in the code, and those of its files and folders. What only a comment says is no name.
fn names() -> BTreeSet<String> {
    let is_name = |char: char| char.is_alphanumeric() || char == '_';
    let mut names = BTreeSet::new();
    for (path, text) in super::texts() {
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for line in code.chain([path.as_str()]) {
            let words = line.split(|char: char| !is_name(char));
            names.extend(words.map(str::to_owned));
        }
    }
    names
}

/// The old names, in the first column of the glossary's last table, are gone on purpose.
fn without_old_names(page: &str) -> String {
    let lines = page.lines().scan(false, |is_old, line| {
        *is_old |= line == "## Names of November";
        let is_row = *is_old && line.starts_with('|');
        let rest = line.splitn(3, '|').nth(2).unwrap_or_default();
        Some(if is_row { rest } else { line })
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths in backquotes that have a part which is not among the names.
fn stale<'a>(page: &'a str, names: &BTreeSet<String>) -> Vec<&'a str> {
    let quoted = page.split('`').skip(1).step_by(2);
    let paths = quoted.filter(|quoted| quoted.contains("::") && !quoted.contains(' '));
    let is_stale = |path: &&str| path.split("::").any(|part| !names.contains(part));
    paths.filter(is_stale).collect()
}

/// The longest line of prose, in characters.
const WIDTH: usize = 120;

/// The lines of prose that are longer than that. Tables, examples, headings and links have the length that they need.
fn too_long(page: &str) -> Vec<&str> {
    let is_example = |line: &str| line.trim_start().starts_with("```");
    let prose = page.lines().scan(false, |is_in_example, line| {
        *is_in_example ^= is_example(line);
        Some(if *is_in_example { "" } else { line })
    });
    let is_prose = |line: &&str| !line.trim_start().starts_with(['|', '#', '!', '<']);
    let is_long = |line: &&str| line.chars().count() > WIDTH;
    prose.filter(is_prose).filter(is_long).collect()
}

#[test]
fn prose_fits_on_a_screen() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).expect("there are pages");
    let docs = docs.map(|entry| entry.expect("a page can be found").path());
    let mut pages: Vec<_> = docs
        .filter(|path| path.extension() == Some("md".as_ref()))
        .collect();
    pages.extend(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|page| root.join(page)));
    for page in pages {
        let text = std::fs::read_to_string(&page).expect("the page is there");
        assert_eq!(too_long(&text), [""; 0], "{}", page.display());
    }
}

#[test]
fn a_long_line_is_found() {
    let long = "a".repeat(WIDTH + 1);
    assert_eq!(too_long(&long), [&long]);
    assert_eq!(too_long(&format!("```\n{long}\n```\n| {long}")), [""; 0]);
}

#[test]
fn the_pages_name_what_is_there() {
    let names = names();
    for page in PAGES {
        let text = without_old_names(&read(page));
        assert_eq!(stale(&text, &names), [""; 0], "{page}");
    }
}

#[test]
fn a_name_that_is_gone_is_found() {
    let names = ["domain", "Trip"].map(str::to_owned).into();
    assert_eq!(
        stale("`domain::Trip` `domain::Gone`", &names),
        ["domain::Gone"]
    );
    let table = "## Names of November\n| `domain::Gone` | `domain::Trip` | x |";
    assert_eq!(stale(&without_old_names(table), &names), [""; 0]);
}

//! No type name stands for two things: each is declared once in all of the sources, tests apart.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the grammar has many kinds, and may get more"
)]

use std::collections::BTreeMap;

use syn::Item;

use super::docs::is_test;

/// The types that are declared more than once, each with its files.
fn declared_twice(texts: &[(String, String)]) -> Vec<String> {
    let mut files = BTreeMap::<String, Vec<&str>>::new();
    for (file, text) in texts {
        let parsed = syn::parse_file(text).expect("the sources compile");
        for name in types(&parsed.items) {
            files.entry(name).or_default().push(file);
        }
    }
    let twice = files.into_iter().filter(|(_, files)| files.len() > 1);
    twice
        .map(|(name, files)| format!("{name}: {}", files.join(", ")))
        .collect()
}

/// The names of the types among these items, and in the modules among them.
fn types(items: &[Item]) -> Vec<String> {
    let names = items.iter().flat_map(|item| match item {
        Item::Enum(it) => vec![it.ident.to_string()],
        Item::Struct(it) => vec![it.ident.to_string()],
        Item::Trait(it) => vec![it.ident.to_string()],
        Item::Type(it) => vec![it.ident.to_string()],
        Item::Union(it) => vec![it.ident.to_string()],
        Item::Mod(it) if !is_test(&it.attrs) => {
            let inner = it.content.as_ref().map(|(_, items)| types(items));
            inner.unwrap_or_default()
        }
        _ => Vec::new(),
    });
    names.collect()
}

#[test]
fn no_type_name_stands_for_two_things() {
    assert_eq!(declared_twice(&super::texts()), [""; 0]);
}

#[test]
fn a_second_type_of_the_same_name_is_found() {
    let texts = |text: &str| {
        let files = [("src/a.rs", "pub struct Trip;"), ("src/b.rs", text)];
        files.map(|(file, text)| (file.to_owned(), text.to_owned()))
    };
    for text in [
        "enum Trip {}",
        "trait Trip {}",
        "type Trip = u8;",
        "mod trips { struct Trip; }",
    ] {
        let found = declared_twice(&texts(text));
        assert_eq!(found, ["Trip: src/a.rs, src/b.rs"], "{text:?}");
    }
    for text in [
        "struct Offer;",
        "#[cfg(test)] mod tests { struct Trip; }",
        "impl Iterator for Offer { type Trip = u8; }",
    ] {
        assert_eq!(declared_twice(&texts(text)), [""; 0], "{text:?}");
    }
}

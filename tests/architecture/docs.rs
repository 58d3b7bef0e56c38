//! Which public items lack a doc comment that says something.
//!
//! rustc's own `missing_docs` cannot leave out fields and variants, whose docs would mostly repeat their names.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the grammar has many kinds, and may get more"
)]

use syn::{
    Attribute, Expr, ExprLit, File, ImplItem, Item, ItemImpl, ItemTrait, Lit, Meta, TraitItem,
    Type, Visibility,
};

/// A doc with fewer words can only repeat the name.
const WORDS_MIN: usize = 3;

/// Each item of a file that must have a doc and lacks it, as `file: what`.
pub fn missing(name: &str, text: &str) -> Vec<String> {
    let File { attrs, items, .. } = match syn::parse_file(text) {
        Ok(file) => file,
        Err(error) => return vec![format!("{name}: {error}")],
    };
    let mut found = Missing::default();
    found.demand(&attrs, "the file");
    found.items(&items);
    found
        .0
        .iter()
        .map(|what| format!("{name}: {what}"))
        .collect()
}

#[derive(Default)]
struct Missing(Vec<String>);

impl Missing {
    fn demand(&mut self, attrs: &[Attribute], item: &str) {
        match words(attrs) {
            0 => self.0.push(format!("{item} has no doc")),
            1..WORDS_MIN => self.0.push(format!(
                "the doc of {item} has fewer than {WORDS_MIN} words"
            )),
            _ => {}
        }
    }

    fn demand_if_public(&mut self, visibility: &Visibility, attrs: &[Attribute], item: &str) {
        if matches!(visibility, Visibility::Public(_)) {
            self.demand(attrs, item);
        }
    }

    fn items(&mut self, items: &[Item]) {
        for item in items {
            self.item(item);
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Const(it) => self.demand_if_public(&it.vis, &it.attrs, &it.ident.to_string()),
            Item::Enum(it) => self.demand_if_public(&it.vis, &it.attrs, &it.ident.to_string()),
            Item::Fn(it) => self.demand_if_public(&it.vis, &it.attrs, &it.sig.ident.to_string()),
            Item::Static(it) => self.demand_if_public(&it.vis, &it.attrs, &it.ident.to_string()),
            Item::Struct(it) => self.demand_if_public(&it.vis, &it.attrs, &it.ident.to_string()),
            Item::Type(it) => self.demand_if_public(&it.vis, &it.attrs, &it.ident.to_string()),
            Item::Union(it) => self.demand_if_public(&it.vis, &it.attrs, &it.ident.to_string()),
            Item::Trait(it) => self.item_trait(it),
            Item::Impl(it) if it.trait_.is_none() => self.item_impl(it),
            Item::Mod(it) if !is_test(&it.attrs) => {
                // A module with a file of its own has its doc there.
                if let Some((_, items)) = &it.content {
                    self.demand_if_public(&it.vis, &it.attrs, &it.ident.to_string());
                    self.items(items);
                }
            }
            _ => {}
        }
    }

    fn item_trait(&mut self, it: &ItemTrait) {
        self.demand_if_public(&it.vis, &it.attrs, &it.ident.to_string());
        if !matches!(it.vis, Visibility::Public(_)) {
            return;
        }
        for item in &it.items {
            let (attrs, ident) = match item {
                TraitItem::Const(item) => (&item.attrs, &item.ident),
                TraitItem::Fn(item) => (&item.attrs, &item.sig.ident),
                TraitItem::Type(item) => (&item.attrs, &item.ident),
                _ => continue,
            };
            self.demand(attrs, &format!("{}::{ident}", it.ident));
        }
    }

    fn item_impl(&mut self, it: &ItemImpl) {
        let owner = match it.self_ty.as_ref() {
            Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        let owner = owner.unwrap_or_default();
        for item in &it.items {
            let (visibility, attrs, ident) = match item {
                ImplItem::Const(item) => (&item.vis, &item.attrs, &item.ident),
                ImplItem::Fn(item) => (&item.vis, &item.attrs, &item.sig.ident),
                _ => continue,
            };
            self.demand_if_public(visibility, attrs, &format!("{owner}::{ident}"));
        }
    }
}

/// Whether the item is there for tests only.
pub fn is_test(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| match &attr.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        Meta::Path(_) | Meta::NameValue(_) => false,
    })
}

fn words(attrs: &[Attribute]) -> usize {
    attrs.iter().map(words_of).sum()
}

fn words_of(attr: &Attribute) -> usize {
    match &attr.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => text.value().split_whitespace().count(),
            _ => 0,
        },
        Meta::Path(_) | Meta::List(_) | Meta::NameValue(_) => 0,
    }
}

//! Who takes part in the demo, and where they go.

use super::below;

pub const RIDERS: [&str; 8] = ["ann", "ben", "cleo", "dora", "emil", "fred", "gwen", "hugo"];
pub const DRIVERS: [&str; 8] = ["ivy", "jack", "kim", "leo", "mona", "nick", "olga", "paul"];

const PLACES: [&str; 12] = [
    "Market Square",
    "Station",
    "Harbour",
    "Old Mill",
    "Airport",
    "Museum",
    "Hill Street 12",
    "Hospital",
    "Town Hall",
    "Zoo",
    "Opera",
    "Park Lane 3",
];

/// The name of the person whose turn it is; a number is added once the names are used up.
pub fn name(names: &[&str], turn: usize) -> String {
    let name = names[turn % names.len()];
    match turn / names.len() {
        0 => name.to_owned(),
        round => format!("{name}{}", round + 1),
    }
}

/// Two different places.
pub fn route() -> (&'static str, &'static str) {
    let count = u32::try_from(PLACES.len()).expect("a short list");
    let from = below(count);
    let to = (from + 1 + below(count - 1)) % count;
    (PLACES[from as usize], PLACES[to as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_leads_somewhere_else() {
        for _ in 0..1000 {
            let (from, to) = route();
            assert_ne!(from, to);
        }
    }

    #[test]
    fn everybody_has_a_name_of_their_own() {
        assert_eq!(name(&["a", "b"], 1), "b");
        assert_eq!(name(&["a", "b"], 2), "a2");
    }
}

//! Numbers for the classes of vehicles that are on shift, since a search compares them many times.

use std::collections::HashMap;

use parking_lot::RwLock;

use domain::VehicleClass;

/// The classes that somebody drives.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    known: RwLock<KnownClasses>,
}

#[derive(Debug, Default)]
struct KnownClasses {
    classes: HashMap<VehicleClass, Class>,
    /// Numbers are not used again, so that a search never finds what was another class when it began.
    next: u32,
}

#[derive(Debug)]
struct Class {
    number: u32,
    drivers: usize,
}

impl Classes {
    /// The number of a class that one more driver drives.
    pub(crate) fn take(&self, class: &VehicleClass) -> u32 {
        let known = &mut *self.known.write();
        if let Some(class) = known.classes.get_mut(class) {
            class.drivers += 1;
            return class.number;
        }
        let number = known.next;
        known.next = known.next.wrapping_add(1);
        let drivers = 1;
        known
            .classes
            .insert(class.clone(), Class { number, drivers });
        number
    }

    /// Says that a driver no longer drives it; a class that nobody drives is forgotten.
    pub(crate) fn give_back(&self, name: &VehicleClass) {
        let mut known = self.known.write();
        if let Some(class) = known.classes.get_mut(name) {
            class.drivers -= 1;
            if class.drivers == 0 {
                known.classes.remove(name);
            }
        }
    }

    /// The number of a class, if somebody drives it.
    pub(crate) fn number(&self, class: &VehicleClass) -> Option<u32> {
        self.known.read().classes.get(class).map(|it| it.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_known_while_somebody_drives_it() {
        let classes = Classes::default();
        let van = VehicleClass::parse("van").expect("a class");
        assert_eq!(classes.number(&van), None);
        let number = classes.take(&van);
        assert_eq!(classes.take(&van), number);
        assert_ne!(classes.take(&VehicleClass::default()), number);
        classes.give_back(&van);
        assert_eq!(classes.number(&van), Some(number));
        classes.give_back(&van);
        assert_eq!(classes.number(&van), None);
    }
}

//! Numbers for the vehicle classes on shift: a search compares a class with every driver it meets, and numbers are
//! cheap to compare.

use std::collections::HashMap;

use parking_lot::RwLock;

use domain::VehicleClass;

/// The classes that drivers on shift drive.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    table: RwLock<ClassTable>,
}

#[derive(Debug, Default)]
struct ClassTable {
    classes: HashMap<VehicleClass, Class>,
    /// A number is never reused, so a running search cannot take one class for another.
    next: u32,
}

#[derive(Debug)]
struct Class {
    number: u32,
    drivers: usize,
}

impl Classes {
    /// Counts one more driver of a class; returns the class's number.
    pub(crate) fn add_driver(&self, class: &VehicleClass) -> u32 {
        let table = &mut *self.table.write();
        if let Some(class) = table.classes.get_mut(class) {
            class.drivers += 1;
            return class.number;
        }
        let number = table.next;
        table.next = table.next.wrapping_add(1);
        let drivers = 1;
        table
            .classes
            .insert(class.clone(), Class { number, drivers });
        number
    }

    /// Counts one driver of a class less. A class without drivers is forgotten.
    pub(crate) fn remove_driver(&self, name: &VehicleClass) {
        let mut table = self.table.write();
        if let Some(class) = table.classes.get_mut(name) {
            class.drivers -= 1;
            if class.drivers == 0 {
                table.classes.remove(name);
            }
        }
    }

    /// The number of a class that at least one driver drives.
    pub(crate) fn number(&self, class: &VehicleClass) -> Option<u32> {
        self.table.read().classes.get(class).map(|it| it.number)
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
        let number = classes.add_driver(&van);
        assert_eq!(classes.add_driver(&van), number);
        assert_ne!(classes.add_driver(&VehicleClass::default()), number);
        classes.remove_driver(&van);
        assert_eq!(classes.number(&van), Some(number));
        classes.remove_driver(&van);
        assert_eq!(classes.number(&van), None);
    }
}

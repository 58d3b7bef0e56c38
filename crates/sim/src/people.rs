//! The behaviour of drivers and riders. The defaults are not fitted to any city, and a scenario can set all of them.

use serde::{Deserialize, Serialize};

use super::dice::{Dice, Question};
use super::error::{SimError, wrong};

/// The behaviour of drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Drivers {
    /// How many of 1,000 offers are accepted when the pick-up is at the door.
    pub accept_permille: u32,
    /// By how much that falls for each minute to the pick-up.
    pub accept_less_per_minute: u32,
    /// The least acceptance, in permille.
    pub accept_least_permille: u32,
    /// The shortest time to an answer, in milliseconds.
    pub answer_least_ms: i64,
    /// The mean of the thinking time after that, in milliseconds.
    pub answer_mean_ms: i64,
    /// The longest time to an answer, in milliseconds.
    pub answer_most_ms: i64,
    /// How many of 1,000 offers get no answer.
    pub ignores_permille: u32,
    /// The shortest time until a device acknowledges an offer, in milliseconds.
    pub device_least_ms: i64,
    /// The mean of the time after that, in milliseconds.
    pub device_mean_ms: i64,
    /// The mean time between two network losses, in seconds; 0: no losses.
    pub network_lost_every_s: i64,
    /// The mean duration of a loss, in seconds.
    pub network_lost_for_s: i64,
    /// How many of 1,000 accepted trips are given back on the way to the pick-up.
    pub give_back_permille: u32,
    /// How many of 1,000 hints are followed.
    pub follow_hints_permille: u32,
}

impl Default for Drivers {
    fn default() -> Self {
        Self {
            accept_permille: 950,
            accept_less_per_minute: 40,
            accept_least_permille: 50,
            answer_least_ms: 2_000,
            answer_mean_ms: 4_000,
            answer_most_ms: 14_900,
            ignores_permille: 10,
            device_least_ms: 200,
            device_mean_ms: 400,
            network_lost_every_s: 10_800,
            network_lost_for_s: 60,
            give_back_permille: 5,
            follow_hints_permille: 800,
        }
    }
}

/// The behaviour of riders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Riders {
    /// The shortest time that a rider waits for a driver to accept, in seconds.
    pub patience_least_s: i64,
    /// The mean of the time after that, in seconds. With both 0, riders wait for ever.
    pub patience_mean_s: i64,
    /// How many minutes to the pick-up a rider accepts.
    pub calm_minutes: u32,
    /// How many of 1,000 riders cancel for each further minute.
    pub cancel_permille_per_minute: u32,
    /// How many of 1,000 riders do not show up.
    pub no_show_permille: u32,
    /// How long it takes to get into the car, in seconds.
    pub boarding_s: i64,
}

impl Default for Riders {
    fn default() -> Self {
        Self {
            patience_least_s: 30,
            patience_mean_s: 150,
            calm_minutes: 5,
            cancel_permille_per_minute: 50,
            no_show_permille: 10,
            boarding_s: 15,
        }
    }
}

impl Drivers {
    /// Drivers who accept at once and never lose the network.
    pub const IDEAL: Self = Self {
        accept_permille: 1_000,
        accept_less_per_minute: 0,
        accept_least_permille: 1_000,
        answer_least_ms: 0,
        answer_mean_ms: 0,
        answer_most_ms: 0,
        ignores_permille: 0,
        device_least_ms: 0,
        device_mean_ms: 0,
        network_lost_every_s: 0,
        network_lost_for_s: 0,
        give_back_permille: 0,
        follow_hints_permille: 1_000,
    };

    /// Whether a driver accepts a trip whose pick-up is that many seconds away.
    pub fn accepts(&self, seed: u64, about: [u64; 2], eta_s: i64) -> bool {
        let less = i64::from(self.accept_less_per_minute) * eta_s.max(0) / 60;
        let permille = i64::from(self.accept_permille) - less;
        let permille = permille.max(i64::from(self.accept_least_permille));
        let permille = u32::try_from(permille).unwrap_or(0);
        Dice::of(seed, Question::Accept, about).permille(permille)
    }

    /// The time until a driver answers, in milliseconds; `None` for a driver who does not answer.
    pub fn answers_after(&self, seed: u64, about: [u64; 2]) -> Option<i64> {
        let mut dice = Dice::of(seed, Question::Answer, about);
        if dice.permille(self.ignores_permille) {
            return None;
        }
        let ms = self.answer_least_ms + dice.exponential(self.answer_mean_ms);
        Some(ms.min(self.answer_most_ms))
    }

    /// The time until a device acknowledges an offer, in milliseconds.
    pub fn receives_after(&self, seed: u64, about: [u64; 2]) -> i64 {
        let mut dice = Dice::of(seed, Question::Device, about);
        self.device_least_ms + dice.exponential(self.device_mean_ms)
    }
}

/// Dead devices, which report positions and acknowledge no offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeadDevices {
    /// How many of 1,000 drivers have one.
    pub permille: u32,
    /// Whether those drivers stay at home: the same day without them.
    pub absent: bool,
}

impl DeadDevices {
    /// Whether no driver has one.
    pub const fn is_none(&self) -> bool {
        self.permille == 0 && !self.absent
    }

    /// Which of the drivers have one, by number.
    pub fn of(&self, seed: u64, drivers: usize) -> Vec<bool> {
        let is_dead = |driver| Dice::of(seed, Question::Dead, [driver, 0]).permille(self.permille);
        (0..drivers as u64).map(is_dead).collect()
    }

    /// Checks the values.
    pub fn check(&self) -> Result<(), SimError> {
        if self.permille < 1_000 {
            Ok(())
        } else {
            Err(wrong("dead.permille", "must be less than 1000"))
        }
    }
}

/// Checks that the values are within their ranges.
pub(crate) fn check(driver: &Drivers, rider: &Riders) -> Result<(), SimError> {
    for (field, permille) in [
        ("driver.accept_permille", driver.accept_permille),
        ("driver.accept_least_permille", driver.accept_least_permille),
        ("driver.ignores_permille", driver.ignores_permille),
        ("driver.give_back_permille", driver.give_back_permille),
        ("driver.follow_hints_permille", driver.follow_hints_permille),
        ("rider.no_show_permille", rider.no_show_permille),
    ] {
        if permille > 1_000 {
            return Err(wrong(field, "must be at most 1000"));
        }
    }
    for (field, duration, most) in [
        ("driver.answer_least_ms", driver.answer_least_ms, 600_000),
        ("driver.answer_mean_ms", driver.answer_mean_ms, 600_000),
        ("driver.answer_most_ms", driver.answer_most_ms, 600_000),
        ("driver.device_least_ms", driver.device_least_ms, 600_000),
        ("driver.device_mean_ms", driver.device_mean_ms, 600_000),
        (
            "driver.network_lost_every_s",
            driver.network_lost_every_s,
            86_400,
        ),
        (
            "driver.network_lost_for_s",
            driver.network_lost_for_s,
            86_400,
        ),
        ("rider.patience_least_s", rider.patience_least_s, 86_400),
        ("rider.patience_mean_s", rider.patience_mean_s, 86_400),
        ("rider.boarding_s", rider.boarding_s, 3_600),
    ] {
        if !(0..=most).contains(&duration) {
            return Err(wrong(field, format!("must be from 0 to {most}")));
        }
    }
    Ok(())
}

/// The behaviour of one rider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mood {
    /// How long the rider waits for a driver to accept, in milliseconds; `None`: for ever.
    pub patience_ms: Option<i64>,
    /// Whether the rider does not show up.
    pub is_no_show: bool,
    cancels_at: u32,
    /// How long after the acceptance the rider cancels, if they do, in milliseconds.
    pub cancels_after_ms: i64,
}

impl Riders {
    /// Riders who wait for ever, show up, and board at once.
    pub const IDEAL: Self = Self {
        patience_least_s: 0,
        patience_mean_s: 0,
        calm_minutes: 0,
        cancel_permille_per_minute: 0,
        no_show_permille: 0,
        boarding_s: 0,
    };

    /// The behaviour of the rider of that trip.
    pub fn mood(&self, seed: u64, trip: u64) -> Mood {
        let mut dice = Dice::of(seed, Question::Rider, [trip, 0]);
        let is_patient = self.patience_least_s == 0 && self.patience_mean_s == 0;
        let patience_ms =
            1_000 * self.patience_least_s + dice.exponential(1_000 * self.patience_mean_s);
        Mood {
            patience_ms: (!is_patient).then_some(patience_ms),
            is_no_show: dice.permille(self.no_show_permille),
            cancels_at: u32::try_from(dice.below(1_000)).unwrap_or(0),
            cancels_after_ms: 3_000 + i64::try_from(dice.below(12_000)).unwrap_or(0),
        }
    }

    /// Whether that rider cancels when the driver is that many seconds away.
    pub fn cancels(&self, mood: &Mood, eta_s: i64) -> bool {
        let over_s = (eta_s - 60 * i64::from(self.calm_minutes)).max(0);
        let permille = i64::from(self.cancel_permille_per_minute) * over_s / 60;
        i64::from(mood.cancels_at) < permille
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_accept_what_is_near_rather_than_what_is_far() {
        let drivers = Drivers::default();
        let accepted = |eta_s| {
            let accepts = (0..10_000).filter(|n| drivers.accepts(1, [*n, 0], eta_s));
            accepts.count()
        };
        assert!((9_400..9_600).contains(&accepted(0)));
        assert!((7_400..7_600).contains(&accepted(300)));
        assert!((400..600).contains(&accepted(9_000)));
        assert!((0..1_000).all(|n| Drivers::IDEAL.accepts(1, [n, 0], 9_000)));
        assert_eq!(Drivers::IDEAL.answers_after(1, [1, 1]), Some(0));
    }

    #[test]
    fn riders_cancel_when_the_driver_is_far() {
        let riders = Riders::default();
        let cancelled = |eta_s| {
            let moods = (0..10_000).map(|n| riders.mood(1, n));
            moods.filter(|mood| riders.cancels(mood, eta_s)).count()
        };
        assert_eq!(cancelled(300), 0);
        assert!((2_300..2_700).contains(&cancelled(600)));
        let ideal = Riders::IDEAL.mood(1, 5);
        assert_eq!((ideal.patience_ms, ideal.is_no_show), (None, false));
        assert!(!Riders::IDEAL.cancels(&ideal, 9_000));
    }
}

//! The cost of sending a driver, in whole milliseconds, so that two machines never differ by rounding.

/// How often a driver without a history is assumed to accept, in permille.
const ACCEPTS_PERMILLE: i64 = 900;
/// How many answers that assumption weighs, so that a few refusals do not make a driver the last choice.
const ACCEPTS_WEIGHT: i64 = 10;
/// The value of a second of a driver's idling, in milliseconds of the rider's time.
const IDLE_MS: i64 = 10;
/// Added for each offer in a row that the device left unacknowledged: a day, so that other drivers come first wherever
/// they are.
const MISSED_OFFER_MS: i64 = 86_400_000;
/// Idling for longer than this lowers the cost no further, in seconds.
const IDLE_MAX_S: i64 = 900;
/// The longest wait of a rider that counts, in seconds. A rider who has waited this long counts as if the driver were
/// this much nearer.
const WAITED_UNIT_S: i64 = 600;

/// The parts of a cost, in milliseconds of the rider's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Time until the driver is at the pick-up.
    pub pick_up_ms: i64,
    /// The cost of a refusal, times its likelihood.
    pub refusal_ms: i64,
    /// Deducted for the time that the driver has been idle.
    pub idle_ms: i64,
    /// Deducted for the time that the rider has waited. It grows with the square, so that no rider is left for last
    /// again and again.
    pub waited_ms: i64,
    /// Puts a device that left its last offers unacknowledged behind the others; otherwise zero.
    pub silence_ms: i64,
}

/// The circumstances that a cost depends on.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
    /// Time until the driver is free and from there to the pick-up, in seconds.
    pub pick_up_s: i64,
    /// Time that a driver has to decide on an offer, in seconds.
    pub decide_s: i64,
    /// Offers that the driver accepted in this shift.
    pub accepted: i64,
    /// Offers that the driver refused in this shift.
    pub refused: i64,
    /// Time that the driver has been idle, in seconds.
    pub idle_s: i64,
    /// Time that the rider has waited, in seconds.
    pub waited_s: i64,
    /// How far the driver ranks behind the others for unacknowledged offers
    /// ([`MissedOffers::rank`](domain::MissedOffers::rank)).
    pub missed_offers: i64,
}

impl Cost {
    /// The cost under these circumstances.
    pub fn of(of: &Circumstances) -> Self {
        let accepted = 1_000 * of.accepted + ACCEPTS_PERMILLE * ACCEPTS_WEIGHT;
        let accepts_permille = accepted / (of.accepted + of.refused + ACCEPTS_WEIGHT);
        let waited_s = of.waited_s.clamp(0, WAITED_UNIT_S);
        Self {
            pick_up_ms: 1_000 * of.pick_up_s,
            refusal_ms: (1_000 - accepts_permille) * of.decide_s,
            idle_ms: IDLE_MS * of.idle_s.clamp(0, IDLE_MAX_S),
            waited_ms: 1_000 * waited_s * waited_s / WAITED_UNIT_S,
            silence_ms: MISSED_OFFER_MS * of.missed_offers,
        }
    }

    /// The sum of the parts. It is negative for a rider who has waited long.
    pub const fn total(self) -> i64 {
        self.pick_up_ms + self.refusal_ms + self.silence_ms - self.idle_ms - self.waited_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: Circumstances = Circumstances {
        pick_up_s: 120,
        decide_s: 15,
        accepted: 0,
        refused: 0,
        idle_s: 0,
        waited_s: 0,
        missed_offers: 0,
    };

    #[test]
    fn a_refusal_costs_as_much_as_it_is_likely() {
        assert_eq!(Cost::of(&OF).total(), 120_000 + 1_500);
        let refusing = Circumstances { refused: 10, ..OF };
        assert_eq!(Cost::of(&refusing).refusal_ms, 550 * 15);
        let willing = Circumstances { accepted: 90, ..OF };
        assert_eq!(Cost::of(&willing).refusal_ms, 10 * 15);
    }

    #[test]
    fn who_has_idled_and_who_has_waited_come_first_but_not_for_ever() {
        let idle = |idle_s| Cost::of(&Circumstances { idle_s, ..OF }).idle_ms;
        assert_eq!([idle(60), idle(900), idle(9_000)], [600, 9_000, 9_000]);
        let waited = |waited_s| Cost::of(&Circumstances { waited_s, ..OF }).waited_ms;
        assert_eq!([waited(60), waited(120)], [6_000, 24_000]);
        assert_eq!([waited(600), waited(6_000)], [600_000, 600_000]);
        assert!(waited(-5) == 0, "a clock that goes back");
    }
}

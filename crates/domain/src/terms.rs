//! The prices and rules that rider and operator agreed on when the trip was requested. They are stored with the trip:
//! later changes by the operator apply to later requests only.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::fare::{
    Amount, Currency, Fare, HIGH_FARE_PERMILLE, LineKind, Ridden, Tariff, fee, ride_fare,
};
use super::text::Reason;

/// A reason that a rider may give for cancelling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelReason {
    /// The text that the rider picks.
    pub reason: Reason,
    /// Whether cancelling for this reason is always free.
    #[serde(default)]
    pub free: bool,
}

/// The prices and rules by which a trip is charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Without a currency nothing is charged.
    pub currency: Option<Currency>,
    /// Without a tariff rides have no fare.
    pub tariff: Option<Tariff>,
    /// How much high demand raises the price, in permille of it. 1000 is not at all.
    pub surge_permille: u16,
    /// The fare of the expected distance and time, as the rider was told.
    pub quoted: Option<Fare>,
    /// How long waiting at the pick-up is free, in seconds.
    pub free_waiting_s: u32,
    /// How long after the accept cancelling is free, in seconds.
    pub free_cancel_s: u32,
    /// The fee for cancelling after that.
    pub cancel_fee: Amount,
    /// The fee of a rider who does not come.
    pub no_show_fee: Amount,
    /// If there are any, a rider who cancels must give one of these reasons.
    pub reasons: Vec<CancelReason>,
    /// A fare above this many permille of the quote is explained to the rider and reported to operators.
    #[serde(default = "usual_high_fare")]
    pub high_fare_permille: u16,
}

/// The default of orders that were stored without a factor.
const fn usual_high_fare() -> u16 {
    HIGH_FARE_PERMILLE
}

impl Terms {
    /// The fare that a ride of so many metres and seconds would have. `None` without a tariff.
    pub fn quote(&self, metres: u64, seconds: u64) -> Option<Fare> {
        let (currency, tariff) = (self.currency?, self.tariff.as_ref()?);
        let ridden = Ridden {
            metres,
            seconds,
            waited_seconds: 0,
        };
        Some(ride_fare(tariff, currency, self.surge_permille, ridden))
    }

    /// The fare of a ride that has ended. `ridden` has the whole waiting time; the free part is subtracted here. `None`
    /// without a tariff.
    pub fn final_fare(&self, mut ridden: Ridden) -> Option<Fare> {
        let (currency, tariff) = (self.currency?, self.tariff.as_ref()?);
        let free = u64::from(self.free_waiting_s);
        ridden.waited_seconds = ridden.waited_seconds.saturating_sub(free);
        Some(ride_fare(tariff, currency, self.surge_permille, ridden))
    }

    /// Whether a rider may give this reason for cancelling.
    pub(crate) fn allows_reason(&self, reason: &str) -> bool {
        self.reasons.is_empty() || self.find_reason(reason).is_some()
    }

    /// Whether a cancellation can cost anything.
    pub(crate) fn has_cancel_fee(&self) -> bool {
        self.fee(LineKind::Cancellation, self.cancel_fee).is_some()
    }

    /// The fee for a cancellation by the rider. It is free before a driver has accepted, for a free reason, and within
    /// the free time unless the driver has arrived. Whether the driver has earned the fee is for the trip to decide.
    pub(crate) fn cancellation(
        &self,
        taken_at: Option<Timestamp>,
        has_arrived: bool,
        at: Timestamp,
        reason: Option<&str>,
    ) -> Option<Fare> {
        let taken_at = taken_at?;
        let free_time = SignedDuration::from_secs(i64::from(self.free_cancel_s));
        let is_early = at.duration_since(taken_at) <= free_time;
        let is_free = reason
            .and_then(|reason| self.find_reason(reason))
            .is_some_and(|allowed| allowed.free);
        if is_free || (is_early && !has_arrived) {
            return None;
        }
        self.fee(LineKind::Cancellation, self.cancel_fee)
    }

    /// The fee of a rider who did not come.
    pub(crate) fn no_show(&self) -> Option<Fare> {
        self.fee(LineKind::NoShow, self.no_show_fee)
    }

    fn find_reason(&self, reason: &str) -> Option<&CancelReason> {
        self.reasons
            .iter()
            .find(|allowed| allowed.reason.as_str() == reason)
    }

    fn fee(&self, kind: LineKind, amount: Amount) -> Option<Fare> {
        let currency = self.currency?;
        (amount > Amount::ZERO).then(|| fee(kind, amount, currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fare::SURGE_NONE;

    fn amount(units: i64) -> Amount {
        Amount::new(units).expect("an amount")
    }

    fn reason(text: &str, free: bool) -> CancelReason {
        let reason = Reason::parse(text).expect("a reason");
        CancelReason { reason, free }
    }

    fn terms() -> Terms {
        Terms {
            currency: Some(Currency::parse("EUR").expect("a currency")),
            tariff: Some(Tariff {
                base: amount(250),
                per_km: amount(100),
                waiting_per_minute: amount(60),
                ..Tariff::default()
            }),
            surge_permille: SURGE_NONE,
            quoted: None,
            free_waiting_s: 300,
            free_cancel_s: 120,
            cancel_fee: amount(300),
            no_show_fee: amount(500),
            reasons: vec![
                reason("driver is too far", true),
                reason("plans changed", false),
            ],
            high_fare_permille: HIGH_FARE_PERMILLE,
        }
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn total(fare: Option<Fare>) -> Option<i64> {
        fare.map(|fare| fare.total)
    }

    #[test]
    fn a_ride_is_charged_by_its_track() {
        let ridden = Ridden {
            metres: 2_000,
            seconds: 600,
            waited_seconds: 300,
        };
        assert_eq!(total(terms().final_fare(ridden)), Some(450));
        let late = Ridden {
            waited_seconds: 310,
            ..ridden
        };
        assert_eq!(total(terms().final_fare(late)), Some(460));
    }

    #[test]
    fn what_was_quoted_changes_no_fare() {
        let mut terms = terms();
        terms.quoted = terms.quote(3_000, 600);
        assert_eq!(total(terms.quoted.clone()), Some(550));
        assert_eq!(total(terms.final_fare(Ridden::default())), Some(250));
        terms.tariff = None;
        assert_eq!(terms.final_fare(Ridden::default()), None);
    }

    #[test]
    fn cancelling_is_free_at_first() {
        let terms = terms();
        let cost = |taken_at: Option<i64>, has_arrived, at| {
            total(terms.cancellation(taken_at.map(second), has_arrived, second(at), None))
        };
        assert_eq!(cost(None, false, 9_000), None, "nobody has accepted");
        assert_eq!(cost(Some(1_000), false, 1_120), None);
        assert_eq!(cost(Some(1_000), false, 1_121), Some(300));
        assert_eq!(
            cost(Some(1_000), true, 1_010),
            Some(300),
            "the driver is there"
        );
    }

    #[test]
    fn a_free_reason_costs_nothing() {
        let terms = terms();
        let cost =
            |reason| total(terms.cancellation(Some(second(0)), true, second(9_000), Some(reason)));
        assert_eq!(cost("driver is too far"), None);
        assert_eq!(cost("plans changed"), Some(300));
    }

    #[test]
    fn a_reason_must_be_one_of_those_agreed() {
        let mut terms = terms();
        assert!(terms.allows_reason("plans changed"));
        assert!(!terms.allows_reason("no idea"));
        terms.reasons.clear();
        assert!(terms.allows_reason("no idea"));
    }

    #[test]
    fn a_fee_of_nothing_is_no_fare() {
        let mut terms = terms();
        assert_eq!(total(terms.no_show()), Some(500));
        terms.no_show_fee = Amount::ZERO;
        assert_eq!(terms.no_show(), None);
        assert!(terms.has_cancel_fee());
        terms.currency = None;
        assert!(!terms.has_cancel_fee());
        assert_eq!(
            terms.cancellation(Some(second(0)), true, second(1), None),
            None
        );
    }

    #[test]
    fn terms_come_back_as_they_were_written() {
        let terms = terms();
        let text = serde_json::to_string(&terms).expect("they can be written");
        assert_eq!(
            serde_json::from_str::<Terms>(&text).ok(),
            Some(terms.clone())
        );
        // Stored terms may lack the factor of high fares.
        let old = text.replace(",\"high_fare_permille\":1500", "");
        assert_ne!(old, text);
        assert_eq!(serde_json::from_str::<Terms>(&old).ok(), Some(terms));
    }
}

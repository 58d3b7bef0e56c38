//! Tests fares: the formula by examples, and its properties for any tariff and ride.

use proptest::prelude::*;

use super::*;

fn amount(units: i64) -> Amount {
    Amount::new(units).expect("an amount")
}

fn euro() -> Currency {
    Currency::parse("EUR").expect("a currency")
}

fn tariff() -> Tariff {
    Tariff {
        base: amount(250),
        per_km: amount(180),
        per_minute: amount(30),
        minimum: amount(600),
        rounding: NonZeroU32::new(10).expect("not zero"),
        waiting_per_minute: amount(40),
    }
}

fn told(fare: &Fare) -> Vec<(LineKind, i64, Option<i64>)> {
    let lines = fare.lines.iter();
    lines
        .map(|line| (line.kind, line.amount, line.quantity))
        .collect()
}

#[test]
fn a_currency_is_three_capital_letters() {
    assert_eq!(Currency::parse("EUR").map(String::from), Ok("EUR".into()));
    for wrong in ["", "EU", "EURO", "eur", "E1R", "€"] {
        assert_eq!(Currency::parse(wrong), Err(CurrencyError), "{wrong}");
    }
    assert!(serde_json::from_str::<Currency>("\"eur\"").is_err());
}

#[test]
fn an_amount_is_bounded() {
    assert!(Amount::new(0).is_ok() && Amount::new(AMOUNT_MAX).is_ok());
    assert_eq!(Amount::new(-1), Err(AmountError));
    assert_eq!(Amount::new(AMOUNT_MAX + 1), Err(AmountError));
    assert!(serde_json::from_str::<Amount>("-1").is_err());
}

#[test]
fn a_ride_is_charged_line_by_line() {
    let ridden = Ridden {
        metres: 5_432,
        seconds: 754,
        waited_seconds: 95,
    };
    let fare = ride_fare(&tariff(), euro(), 1_250, ridden);
    // 977.76, 377, 63.33; a quarter of 250 + 978 + 377 is 401.25.
    let lines = [
        (LineKind::Base, 250, None),
        (LineKind::Distance, 978, Some(5_432)),
        (LineKind::Time, 377, Some(754)),
        (LineKind::Waiting, 63, Some(95)),
        (LineKind::Surge, 401, Some(1_250)),
        (LineKind::Rounding, 1, None),
    ];
    assert_eq!(told(&fare), lines);
    assert_eq!(fare.total, 2_070);
}

#[test]
fn a_short_ride_costs_the_minimum() {
    let ridden = Ridden {
        metres: 500,
        seconds: 60,
        waited_seconds: 0,
    };
    let fare = ride_fare(&tariff(), euro(), SURGE_NONE, ridden);
    let lines = [
        (LineKind::Base, 250, None),
        (LineKind::Distance, 90, Some(500)),
        (LineKind::Time, 30, Some(60)),
        (LineKind::Minimum, 230, None),
    ];
    assert_eq!(told(&fare), lines);
    assert_eq!(fare.total, 600);
}

#[test]
fn halves_are_rounded_up() {
    assert_eq!(
        (share(1, 499, 1_000), share(1, 500, 1_000), share(1, 30, 60)),
        (0, 1, 1)
    );
}

#[test]
fn what_is_left_out_of_a_tariff_costs_nothing() {
    let tariff: Tariff = serde_json::from_str("{\"base\":7}").expect("a tariff");
    let fare = ride_fare(&tariff, euro(), SURGE_NONE, Ridden::default());
    assert_eq!(fare.total, 7);
    for wrong in ["{\"bass\":7}", "{\"rounding\":0}", "{\"per_km\":-1}"] {
        assert!(serde_json::from_str::<Tariff>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_fee_is_a_fare_of_one_line() {
    let fare = fee(LineKind::NoShow, amount(500), euro());
    assert_eq!(
        serde_json::to_value(fare).expect("it can be written"),
        serde_json::json!({
            "currency": "EUR",
            "lines": [{"kind": "no_show", "amount": 500}],
            "total": 500,
        })
    );
}

prop_compose! {
    fn a_tariff()(
        prices in prop::array::uniform5(prop_oneof![0..5_000_i64, Just(AMOUNT_MAX), 0..=AMOUNT_MAX]),
        rounding in prop_oneof![1..1_000_u32, Just(u32::MAX)],
    ) -> Tariff {
        let [base, per_km, per_minute, minimum, waiting_per_minute] = prices.map(amount);
        let rounding = NonZeroU32::new(rounding).expect("not zero");
        Tariff { base, per_km, per_minute, minimum, rounding, waiting_per_minute }
    }
}

fn a_number(usual: u64) -> impl Strategy<Value = u64> {
    prop_oneof![0..usual, any::<u64>(), Just(u64::MAX)]
}

prop_compose! {
    fn a_ride()(metres in a_number(50_000), seconds in a_number(7_200), waited_seconds in a_number(900)) -> Ridden {
        Ridden { metres, seconds, waited_seconds }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_fare_adds_up(tariff in a_tariff(), surge in any::<u16>(), ridden in a_ride()) {
        let fare = ride_fare(&tariff, euro(), surge, ridden);
        prop_assert_eq!(fare.lines.iter().map(|line| line.amount).sum::<i64>(), fare.total);
        prop_assert!(fare.lines.iter().all(|line| line.amount >= 0));
        prop_assert!(fare.total >= tariff.minimum.units());
        prop_assert_eq!(fare.total % i64::from(tariff.rounding.get()), 0);
    }

    /// The rounding adds less than one step, and each line is within half a unit of the exact price.
    #[test]
    fn every_line_is_the_nearest_amount(tariff in a_tariff(), surge in any::<u16>(), ridden in a_ride()) {
        let fare = ride_fare(&tariff, euro(), surge, ridden);
        let amount = |kind| {
            let line = fare.lines.iter().find(|line| line.kind == kind);
            line.map_or(0, |line| i128::from(line.amount))
        };
        let near = |amount: i128, exact: i128, whole: i128| (2 * (amount * whole - exact)).abs() <= whole;
        let product = |price: Amount, part: u64, max: u64| i128::from(price.units()) * i128::from(part.min(max));
        prop_assert!(near(amount(LineKind::Distance), product(tariff.per_km, ridden.metres, METRES_MAX), 1_000));
        prop_assert!(near(amount(LineKind::Time), product(tariff.per_minute, ridden.seconds, SECONDS_MAX), 60));
        let waiting = product(tariff.waiting_per_minute, ridden.waited_seconds, SECONDS_MAX);
        prop_assert!(near(amount(LineKind::Waiting), waiting, 60));
        let raised = amount(LineKind::Base) + amount(LineKind::Distance) + amount(LineKind::Time);
        let extra = i128::from(surge.clamp(SURGE_NONE, SURGE_MAX) - SURGE_NONE);
        prop_assert!(near(amount(LineKind::Surge), raised * extra, 1_000));
        prop_assert!(amount(LineKind::Rounding) < i128::from(tariff.rounding.get()));
    }

    #[test]
    fn a_longer_ride_never_costs_less(tariff in a_tariff(), surge in any::<u16>(), ridden in a_ride(), more in a_ride()) {
        let longer = Ridden {
            metres: ridden.metres.saturating_add(more.metres),
            seconds: ridden.seconds.saturating_add(more.seconds),
            waited_seconds: ridden.waited_seconds.saturating_add(more.waited_seconds),
        };
        let cost = |ridden| ride_fare(&tariff, euro(), surge, ridden).total;
        prop_assert!(cost(longer) >= cost(ridden));
    }

    #[test]
    fn a_fare_comes_back_as_it_was_written(tariff in a_tariff(), surge in any::<u16>(), ridden in a_ride()) {
        let fare = ride_fare(&tariff, euro(), surge, ridden);
        let text = serde_json::to_string(&fare).expect("it can be written");
        prop_assert_eq!(serde_json::from_str::<Fare>(&text).expect("it can be read"), fare);
    }
}

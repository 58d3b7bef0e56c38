//! The explanation as text for operators.

use std::fmt;

use super::{Explanation, Round};
use crate::dispatch::eta_accuracy::took_s;
use crate::dispatch::policy::{Chosen, Considered};
use crate::matching::Solver;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.trip.state.status().as_str();
        writeln!(
            f,
            "trip {}: {status}, attempt {}",
            self.trip.id, self.trip.attempt
        )?;
        if self.rounds.is_empty() {
            writeln!(
                f,
                "\nNo decision about it is kept: every driver may have heard of it, or it is too old."
            )?;
        }
        for round in &self.rounds {
            self.write_round(f, round)?;
        }
        if self.unreadable > 0 {
            writeln!(
                f,
                "\n{} decisions of an older version cannot be read",
                self.unreadable
            )?;
        }
        if !self.offers.is_empty() {
            writeln!(f, "\noffers")?;
        }
        for offer in &self.offers {
            let (name, state) = (self.name(offer.driver), offer.state.as_str());
            writeln!(
                f,
                "  {}  attempt {}  {name:20} {state}",
                offer.offered_at, offer.attempt
            )?;
        }
        if let Some(eta_s) = self.accepted_eta_s() {
            let actual = took_s(&self.trip).map_or_else(
                || "not there yet".to_owned(),
                |took_s| format!("took {took_s} s"),
            );
            writeln!(f, "\npromised {eta_s} s to the pick-up, {actual}")?;
        }
        Ok(())
    }
}

impl Explanation {
    fn write_round(&self, f: &mut fmt::Formatter<'_>, round: &Round) -> fmt::Result {
        let searched = &round.searched;
        let shadow = if round.is_shadow {
            " (shadow: nothing followed)"
        } else {
            ""
        };
        write!(
            f,
            "\n{}  {}{shadow}, attempt {}",
            round.at,
            round.policy.as_str(),
            searched.attempt
        )?;
        writeln!(
            f,
            ", after {} rounds in vain; the rider had waited {} s",
            searched.round, searched.waited_s
        )?;
        if let Some(solved) = round.solved {
            let window = round.window_ms as f64 / 1_000.0;
            let how = match solved.solver {
                Solver::Exact => "the best there is",
                Solver::Greedy => "the best found in time",
            };
            writeln!(
                f,
                "  {} searches had gathered for {window} s; {} of them matched, {how} ({} edges looked at, gap {} ms)",
                round.searches, solved.matched, solved.visits, solved.gap
            )?;
        }
        for one in &searched.candidates {
            self.write_candidate(f, one, &searched.chosen)?;
        }
        for excluded in &searched.excluded {
            let (name, why) = (self.name(excluded.driver), excluded.why.as_str());
            writeln!(f, "  left out   {name:20} {:>6} m   {why}", excluded.metres)?;
        }
        if searched.unheard > 0 {
            writeln!(
                f,
                "  up to {} at once, after {} offers in a row that no device acknowledged",
                searched.wave(),
                searched.unheard
            )?;
        }
        for driver in self.not_offered(round) {
            let name = self.name(driver);
            writeln!(f, "  not offered to {name}, who was not free any more")?;
        }
        if searched.chosen == Chosen::Nobody {
            writeln!(f, "  nobody, within {} s", searched.eta_max_s)?;
        }
        let again = if round.is_same_again {
            "the same"
        } else {
            "something else: the rules have changed since"
        };
        writeln!(f, "  decided anew from this record: {again}")
    }

    fn write_candidate(
        &self,
        f: &mut fmt::Formatter<'_>,
        one: &Considered,
        chosen: &Chosen,
    ) -> fmt::Result {
        let is_chosen = chosen.drivers().contains(&one.driver);
        let outcome = match chosen {
            Chosen::Offered(_) if is_chosen => "offered to",
            Chosen::Held(_) if is_chosen => "waits for ",
            Chosen::Offered(_) | Chosen::Held(_) | Chosen::Nobody => "candidate ",
        };
        let name = self.name(one.driver);
        let s = |ms: i64| ms as f64 / 1_000.0;
        write!(
            f,
            "  {outcome} {name:20} {:>6} m {:>5} s",
            one.metres, one.eta_s
        )?;
        if one.free_in_s > 0 {
            write!(f, ", free in {} s", one.free_in_s)?;
        }
        if one.is_again {
            write!(f, ", asked again: the device had not acknowledged it")?;
        }
        let cost = one.cost;
        if cost.silence_ms > 0 {
            write!(
                f,
                ", after the others: the device left its last offers unacknowledged"
            )?;
        }
        writeln!(
            f,
            "   cost {} s = pick-up {} + refusal {} + silence {} - idle {} - waited {}",
            s(cost.total()),
            s(cost.pick_up_ms),
            s(cost.refusal_ms),
            s(cost.silence_ms),
            s(cost.idle_ms),
            s(cost.waited_ms)
        )
    }
}

//! Deadlines: columns that are looked at again and again, so that a restart forgets none.

use std::collections::HashMap;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::policy::{Chosen, Decision, Plan, Searched, World};
use super::{Dispatch, policy};
use crate::domain::core::{Command, Stated, Submission};
use crate::domain::{Action, Actor, OfferId, Search, TripId, Unresponsive};
use crate::inputs;
use crate::store::pool::Unavailable;
use crate::store::writer::{CommandError, Tx};
use crate::store::{decisions, offers, searches, silences, trips};

/// How many of each kind are carried out at once.
pub(super) const SWEEP_MAX: i64 = 256;
/// How many searches are decided on at once: `batch` wants all that wait, a memory has an end.
const POOL_MAX: i64 = 4_096;

impl Dispatch {
    /// Carries out all that is due.
    pub async fn sweep(&self) -> Result<(), Unavailable> {
        self.expire_overdue().await?;
        self.open_due().await?;
        self.lapse_overdue().await?;
        self.send_home_idle().await?;
        self.hold_to_duties().await?;
        self.look().await
    }

    /// Waits until something has happened after which drivers may have to be looked for.
    pub async fn woken(&self) {
        self.projections.wake.notified().await;
    }

    /// Gives up the searches whose time is over.
    async fn expire_overdue(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| trips::overdue(db, at, SWEEP_MAX);
        let overdue = self.store.reader.read(find).await?;
        self.act_on(overdue, &Action::Expire).await
    }

    /// Begins the searches for trips for later.
    async fn open_due(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| trips::due(db, at, SWEEP_MAX);
        let due = self.store.reader.read(find).await?;
        self.act_on(due, &Action::Open).await
    }

    pub(super) async fn act_on(
        &self,
        trips: Vec<TripId>,
        action: &Action,
    ) -> Result<(), Unavailable> {
        let commands = trips.into_iter().map(|trip| act(trip, action.clone()));
        self.carry_out(commands).await
    }

    /// Ends the offers whose time is over.
    async fn lapse_overdue(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let find = move |db: &mut _| offers::overdue(db, at, SWEEP_MAX);
        let overdue = self.store.reader.read(find).await?;
        self.carry_out(overdue.into_iter().map(Command::LapseOffers))
            .await
    }

    /// Looks for drivers for all trips whose time for it has come. What is decided is written down before anybody hears of it.
    async fn look(&self) -> Result<(), Unavailable> {
        // Two plans from one pool would want the same drivers.
        let _alone = self.planning.lock().await;
        let at = inputs::now();
        let shadowed = self.projections.shadow.undecided(at);
        let is_shadowed = !shadowed.is_empty();
        let find = move |db: &mut _| {
            let pool = searches::due(db, at, POOL_MAX)?;
            let unresponsive = if pool.is_empty() && !is_shadowed {
                Unresponsive::default()
            } else {
                silences::lately(db, at)?
            };
            Ok((pool, unresponsive))
        };
        let (pool, unresponsive) = self.store.reader.read(find).await?;
        if pool.is_empty() && shadowed.is_empty() {
            return Ok(());
        }
        let dispatch = self.clone();
        // It may take long, or wait for somebody who knows the streets.
        let plan = move || dispatch.plan(&pool, &shadowed, &unresponsive, at);
        let planned = tokio::task::spawn_blocking(plan).await;
        let (Plan { proposals, .. }, kept) =
            planned.map_err(|error| Unavailable::Lost(error.to_string()))?;
        if !kept.is_empty() {
            let keep = move |tx: &mut Tx<'_>| decisions::insert(tx.db, &kept);
            self.store.writer.change(keep).await?;
        }
        let mut proposals = proposals.into_iter().peekable();
        while proposals.peek().is_some() {
            let some = proposals.by_ref().take(SWEEP_MAX as usize);
            self.carry_out(some.map(Command::Propose)).await?;
        }
        Ok(())
    }

    /// Whom to ask, and the decisions to be kept. No driver is asked for a search that is only shadowed.
    fn plan(
        &self,
        pool: &[Search],
        shadowed: &[Search],
        unresponsive: &Unresponsive,
        at: Timestamp,
    ) -> (Plan, Vec<decisions::NewDecision>) {
        let world = World {
            supply: &self.projections.supply,
            town: &self.town,
            eta: &*self.eta,
            rides: &self.projections.rides,
            unresponsive,
            at,
        };
        let plan = policy::plan(pool, &world, || OfferId::new(inputs::fresh_id()));
        let mut shadows = policy::shadow(pool, &plan.decisions, &world);
        compare(&plan.decisions, &shadows);
        let others = policy::shadow_at_once(shadowed, &world);
        self.projections.shadow.decided(&others);
        shadows.extend(others);
        let kept = plan.decisions.iter();
        let kept = kept.map(|decision| to_keep(decision, false));
        let kept = kept.chain(shadows.iter().map(|shadow| to_keep(shadow, true)));
        let kept = kept.collect();
        (plan, kept)
    }

    /// Takes off shift those of whom nothing was heard for long; whoever has a trip stays.
    async fn send_home_idle(&self) -> Result<(), Unavailable> {
        let at = inputs::now();
        let idle = self.projections.supply.idle(at).into_iter();
        let ends = idle.map(|driver| Command::EndShift(driver, Actor::Service));
        self.carry_out(ends).await
    }

    pub(super) async fn carry_out(
        &self,
        commands: impl Iterator<Item = Command>,
    ) -> Result<(), Unavailable> {
        let at = inputs::now();
        let writer = &self.store.writer;
        let done = commands.map(|command| writer.carry_out(Submission::new(command, at)));
        settled(join_all(done).await)
    }
}

/// The service does something to a trip.
pub(super) fn act(trip: TripId, action: Action) -> Command {
    Command::Act {
        trip: trip.into(),
        action,
        stated: Stated::default(),
    }
}

/// What was refused has been settled by somebody quicker: all the better.
fn settled<T>(results: Vec<Result<T, CommandError>>) -> Result<(), Unavailable> {
    for result in results {
        match result {
            Ok(_) | Err(CommandError::Refused(_)) => {}
            Err(CommandError::Unavailable(error)) => return Err(error),
        }
    }
    Ok(())
}

/// A decision as it is kept; `is_shadow` where nothing follows from it.
fn to_keep(decision: &Decision, is_shadow: bool) -> decisions::NewDecision {
    let searches = decision.searches.iter();
    decisions::NewDecision {
        at: decision.at,
        is_shadow,
        payload: decision.text(),
        trips: searches.map(|searched| searched.number).collect(),
    }
}

/// Logs how the policies that only look on would have decided, beside what was decided.
fn compare(decided: &[Decision], shadows: &[Decision]) {
    let decided = decided.iter().flat_map(|decision| &decision.searches);
    let decided: HashMap<TripId, &Searched> = decided.map(|own| (own.trip, own)).collect();
    for shadow in shadows {
        let pairs = shadow.searches.iter();
        let pairs = pairs.filter_map(|other| Some((*decided.get(&other.trip)?, other)));
        let pairs: Vec<(&Searched, &Searched)> = pairs.collect();
        let offered = |searched: &&Searched| matches!(searched.chosen, Chosen::Offered(_));
        let (own, others) = (pairs.iter().map(|it| it.0), pairs.iter().map(|it| it.1));
        tracing::info!(
            policy = shadow.policy.as_str(),
            searches = pairs.len(),
            same = pairs
                .iter()
                .filter(|(own, other)| own.chosen == other.chosen)
                .count(),
            offered = own.clone().filter(offered).count(),
            shadow_offered = others.clone().filter(offered).count(),
            pick_up_s = own.map(Searched::pick_up_s).sum::<u32>(),
            shadow_pick_up_s = others.map(Searched::pick_up_s).sum::<u32>(),
            "Compared what was decided with what another policy would have chosen"
        );
    }
}

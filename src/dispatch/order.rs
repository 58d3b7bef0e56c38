//! What a rider may order, and what it would cost.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Dispatch, DispatchError};
use crate::domain::core::{Command, IdempotencyKey, Submission, TripOutcome};
use crate::domain::{
    Coordinates, Fare, Order, Party, Place, RideCode, RiderId, Terms, Trip, TripId, TripRequest,
    VehicleClass,
};
use crate::inputs;
use crate::store::quotes::{self, QuoteId};
use crate::town::{Rules, Town};

/// For how long a quote is a promise.
const QUOTE_LIFE: SignedDuration = SignedDuration::from_mins(5);

/// What a rider asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderRequest {
    /// From where.
    pub pick_up: Place,
    /// To where.
    pub drop_off: Place,
    /// In which class of vehicle.
    pub class: VehicleClass,
    /// For how many.
    pub passengers: u8,
    /// When, if not now.
    pub pick_up_at: Option<Timestamp>,
    /// By which quote, if any.
    pub quote: Option<QuoteId>,
}

/// What a rider asks the price of.
#[derive(Debug, Clone, PartialEq)]
pub struct QuoteRequest {
    /// From where.
    pub pick_up: Coordinates,
    /// To where.
    pub drop_off: Coordinates,
    /// In which class of vehicle; in each, if nothing is said.
    pub class: Option<VehicleClass>,
    /// When, if not now.
    pub pick_up_at: Option<Timestamp>,
}

/// What a rider was told a trip would cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    pick_up: Coordinates,
    drop_off: Coordinates,
    /// When, if not at the time of the quote.
    #[serde(default)]
    pub pick_up_at: Option<Timestamp>,
    /// In which class.
    pub class: VehicleClass,
    /// How far it is expected to be, in metres.
    pub metres: u64,
    /// How long it is expected to take, in seconds.
    pub seconds: u64,
    terms: Terms,
}

impl Quote {
    /// What it would cost.
    pub const fn fare(&self) -> Option<&Fare> {
        self.terms.quoted.as_ref()
    }
}

/// A quote that can be insisted on.
#[derive(Debug, Clone, PartialEq)]
pub struct Quoted {
    /// Its key.
    pub id: QuoteId,
    /// Until when.
    pub expires_at: Timestamp,
    /// What it says.
    pub quote: Quote,
}

impl Dispatch {
    /// A rider asks for a trip.
    pub async fn request(
        &self,
        rider: Party<RiderId>,
        wish: OrderRequest,
        key: Option<IdempotencyKey>,
    ) -> Result<TripOutcome, DispatchError> {
        let at = inputs::now();
        let order = self.order(rider.id, &wish, at).await?;
        let request = TripRequest {
            id: TripId::new(inputs::fresh_id()),
            rider,
            pick_up: wish.pick_up,
            drop_off: wish.drop_off,
            order,
        };
        let limits = self.settings.rider_limits;
        let command = Command::RequestTrip(request, limits);
        let submission = Submission { command, key, at };
        Ok(self.store.writer.act(submission).await?)
    }

    async fn order(
        &self,
        rider: RiderId,
        wish: &OrderRequest,
        at: Timestamp,
    ) -> Result<Order, DispatchError> {
        let rules = self.town.place(wish.pick_up.location)?;
        self.check_class(&wish.class)?;
        let opens_at = opens_at(wish.pick_up_at, &rules, at)?;
        let terms = match wish.quote {
            Some(quote) => Some(self.insist(rider, quote, wish, at).await?),
            None => self.town.terms(&rules, &wish.class, estimate(wish)),
        };
        Ok(Order {
            class: wish.class.clone(),
            passengers: wish.passengers,
            pick_up_at: wish.pick_up_at,
            opens_at,
            area: rules.area.map(ToOwned::to_owned),
            policy: rules.policy,
            search_s: rules.search_seconds.unwrap_or(self.settings.search_s),
            code: rules.ride_code.then(|| RideCode::of(inputs::secret())),
            terms: terms.map(Box::new),
            duties: rules.duties,
        })
    }

    /// Whether a trip may begin there instead: its terms, and how its driver is found, are those of its area.
    pub(super) fn check_move(&self, trip: &Trip, to: &Place) -> Result<(), DispatchError> {
        if to.location == trip.pick_up.location {
            return Ok(());
        }
        let rules = self.town.place(to.location)?;
        let is_same = rules.area == trip.order.area.as_deref() && rules.policy == trip.order.policy;
        if is_same {
            Ok(())
        } else {
            Err(DispatchError::OtherArea)
        }
    }

    pub(super) fn check_class(&self, class: &VehicleClass) -> Result<(), DispatchError> {
        if self.town.has_class(class) {
            return Ok(());
        }
        let classes: Vec<&str> = self.town.classes().map(VehicleClass::as_str).collect();
        Err(DispatchError::UnknownClass(classes.join(", ")))
    }

    /// The terms of a quote, if it is the rider's, still holds, and is for this.
    async fn insist(
        &self,
        rider: RiderId,
        id: QuoteId,
        wish: &OrderRequest,
        at: Timestamp,
    ) -> Result<Terms, DispatchError> {
        let find = move |db: &mut _| quotes::find(db, id, rider, at);
        let payload = self.store.reader.read(find).await?;
        let quote = payload.and_then(|payload| serde_json::from_str::<Quote>(&payload).ok());
        let quote = quote.ok_or(DispatchError::UnknownQuote)?;
        let same_way = wish.pick_up.location == Some(quote.pick_up)
            && wish.drop_off.location == Some(quote.drop_off);
        // As precisely as the wire tells it.
        let time = |at: Option<Timestamp>| at.map(Timestamp::as_microsecond);
        let same_time = time(wish.pick_up_at) == time(quote.pick_up_at);
        if same_way && same_time && wish.class == quote.class {
            Ok(quote.terms)
        } else {
            Err(DispatchError::OtherQuote)
        }
    }

    /// What a trip would cost in each class that has a price, or in this one: now, or when it is for.
    pub async fn quote(
        &self,
        rider: RiderId,
        way: QuoteRequest,
    ) -> Result<Vec<Quoted>, DispatchError> {
        let QuoteRequest {
            pick_up,
            drop_off,
            class,
            pick_up_at,
        } = way;
        let at = inputs::now();
        let rules = self.town.place(Some(pick_up))?;
        if let Some(class) = &class {
            self.check_class(class)?;
        }
        // What could not be ordered for that time is not quoted for it.
        opens_at(pick_up_at, &rules, at)?;
        let (metres, seconds) = Town::estimate(pick_up, drop_off);
        let classes = self.town.classes();
        let wanted = classes.filter(|known| class.as_ref().is_none_or(|class| class == *known));
        let expires_at = at + QUOTE_LIFE;
        let quoted = wanted.filter_map(|class| {
            let terms = self.town.terms(&rules, class, Some((metres, seconds)))?;
            terms.quoted.as_ref()?;
            let quote = Quote {
                pick_up,
                drop_off,
                pick_up_at,
                class: class.clone(),
                metres,
                seconds,
                terms,
            };
            let id = QuoteId::new(inputs::fresh_id());
            Some(Quoted {
                id,
                expires_at,
                quote,
            })
        });
        let quoted: Vec<Quoted> = quoted.collect();
        let rows: Vec<(QuoteId, String)> = quoted
            .iter()
            .map(|quoted| (quoted.id, text(&quoted.quote)))
            .collect();
        let keep = self
            .store
            .writer
            .change(move |tx| quotes::insert(tx.db, rider, &rows, expires_at));
        keep.await?;
        Ok(quoted)
    }
}

fn text(quote: &Quote) -> String {
    serde_json::to_string(quote).expect("texts, finite numbers and whole ones are JSON")
}

fn estimate(wish: &OrderRequest) -> Option<(u64, u64)> {
    let ends = wish.pick_up.location.zip(wish.drop_off.location);
    ends.map(|(from, to)| Town::estimate(from, to))
}

/// When a driver is begun to be looked for, if not at once.
fn opens_at(
    pick_up_at: Option<Timestamp>,
    rules: &Rules<'_>,
    at: Timestamp,
) -> Result<Option<Timestamp>, DispatchError> {
    let Some(pick_up_at) = pick_up_at else {
        return Ok(None);
    };
    if pick_up_at <= at {
        return Err(DispatchError::NotInFuture);
    }
    let days = rules.scheduling.ahead_days_max;
    if pick_up_at > at + SignedDuration::from_hours(24 * i64::from(days)) {
        return Err(DispatchError::TooFarAhead(days));
    }
    let lead = SignedDuration::from_secs(i64::from(rules.scheduling.lead_seconds));
    Ok(Some(pick_up_at - lead))
}

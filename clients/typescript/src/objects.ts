/** The objects that the service sends and reads, as JSON. */

export type Role = 'rider' | 'driver' | 'operator';

export type Status =
  | 'SCHEDULED'
  | 'REQUESTED'
  | 'STARTED'
  | 'ARRIVED'
  | 'IN_PROGRESS'
  | 'COMPLETED'
  | 'CANCELLED'
  | 'NO_SHOW'
  | 'EXPIRED';

/** A party of a trip, or the sender of a message. */
export interface Person {
  id: number;
  username: string;
  first_name: string;
  last_name: string;
}

/** An account, as sign-up and log-in return it. */
export interface Account extends Person {
  group: Role;
  groups: Role[];
}

export interface Place {
  lat: number;
  lon: number;
}

export interface Trip {
  id: number;
  rider: Person;
  driver: Person | null;
  nk: string;
  created: string;
  updated: string;
  pick_up_address: string;
  drop_off_address: string;
  status: Status;
  pick_up_location?: Place;
  drop_off_location?: Place;
  reason?: string;
  /** The pick-up time of a trip for later. */
  pick_up_at?: string;
  /** The vehicle class, if not `standard`. */
  class?: string;
  /** The number of passengers, if more than one. */
  passengers?: number;
  /** The service area of the pick-up. */
  area?: string;
  /** The driver needs the rider's code to start the ride. */
  ride_code?: true;
  /** The service could not verify that the driver was at the pick-up. */
  arrival?: 'unverified';
  /** Since when the driver is later than promised; cancelling is free. */
  driver_late?: string;
  /** Since when the driver is silent; before the start, cancelling is free. */
  driver_silent?: string;
  /** The quoted fare. */
  quote?: Fare;
  /** The fare to pay. */
  fare?: Fare;
  /** The metered distance, once the ride is over. */
  ridden?: Ridden;
  /** An operator has set this fare: the computed one, and the reason. */
  fare_set?: { computed: Fare | null; reason: string };
  /** Why the ride cost much more than quoted; amounts are in minor units, the rest in metres and seconds. */
  high_fare?: {
    quoted: number;
    computed: number;
    factor: number;
    expected_metres: number;
    metres: number;
    expected_seconds: number;
    seconds: number;
    waited_seconds: number;
    why: string;
  };
}

/** The metres measured, the metres filled in for gaps between positions, and whether the car moved at all. */
export interface Ridden {
  measured_metres: number;
  filled_metres: number;
  stood_still: boolean;
}

export type FareLineKind =
  | 'base'
  | 'distance'
  | 'time'
  | 'waiting'
  | 'surge'
  | 'minimum'
  | 'rounding'
  | 'cancellation'
  | 'no_show'
  | 'set';

/** Amounts are whole numbers of the currency's minor unit; the lines add up to the total. */
export interface Fare {
  currency: string;
  total: number;
  /** `quantity` is in metres, seconds or, for a surge, permille of the price. */
  lines: { kind: FareLineKind; amount: number; quantity?: number }[];
}

/** The fare of a ride in a class. Its `id` locks that in until it expires. */
export interface Quote {
  id: string;
  class: string;
  /** The pick-up time, if not now. */
  pick_up_at?: string;
  metres: number;
  seconds: number;
  fare: Fare;
  expires: string;
}

/** A trip's `id` or `nk`. */
export type Pk = number | string;

/** The fields of a request that a rider can change later. */
export interface Wish {
  pick_up_address: string;
  drop_off_address: string;
  pick_up_location?: Place;
  drop_off_location?: Place;
}

/** A request for a trip. */
export interface Order extends Wish {
  class?: string;
  /** 1 to 16. */
  passengers?: number;
  /** A time with its offset, for a trip for later. */
  pick_up_at?: string;
  /** The id of a quote for the same route, class and time. */
  quote?: string;
}

/** The route to quote. Without a class, each class with a tariff is quoted. */
export interface Way {
  pick_up_location: Place;
  drop_off_location: Place;
  class?: string;
  /** A time with its offset, for a trip for later. */
  pick_up_at?: string;
}

/** What a driver sends with `update` or `patch`: the status that the next verb leads to. */
export interface Progress extends Partial<Wish> {
  status: Status;
}

/** Which trips to list. */
export interface Filters {
  rider?: number;
  driver?: number;
  status?: Status;
}

export interface Page {
  count: number;
  limit: number;
  offset: number;
  results: Trip[];
}

/** A driver's vehicle; by default `standard` with 4 seats. */
export interface Vehicle {
  class?: string;
  seats?: number;
}

export interface Shift {
  id: number;
  /** The driver's id. */
  driver: number;
  class: string;
  seats: number;
  began: string;
  ended: string | null;
}

/** A position of a device; without a time, the current one. */
export interface Fix extends Place {
  at?: string;
  /** The possible error, in metres. */
  accuracy?: number;
  /** In degrees clockwise from north. */
  heading?: number;
  /** In metres a second. */
  speed?: number;
}

/** The position of a trip's driver; `pk` is as the caller gave it. */
export interface Sighting extends Fix {
  pk: Pk;
  at: string;
}

/** The number of positions by verdict, how many are new on the ride's track, and the service's time. */
export interface Verdicts {
  accepted: number;
  late: number;
  duplicate: number;
  impossible: number;
  too_old: number;
  from_future: number;
  invalid: number;
  too_frequent: number;
  on_track: number;
  time: string;
}

export type OfferState = 'created' | 'delivered' | 'accepted' | 'declined' | 'expired' | 'withdrawn' | 'undelivered';

/** A trip that is offered to one driver. */
export interface Offer {
  id: string;
  state: OfferState;
  /** The driver's id. */
  driver: number;
  attempt: number;
  /** To the pick-up, by straight line. */
  metres: number;
  /** To the pick-up, in seconds. */
  eta: number;
  offered: string;
  /** The deadline for the device to acknowledge it and, after that, for the driver to decide. */
  due: string;
  decide_seconds: number;
  trip: Trip;
}

/** Where a driver should wait. */
export interface Hinted {
  hint: Place | null;
}

/** A driver's shift and activity. */
export interface OnDuty {
  shift: Shift | null;
  activity: 'available' | 'offered' | 'on_trip' | 'stale' | 'off_shift';
  offer: Offer | null;
}

export interface ChatMessage {
  message: string;
  id: number;
  trip: string;
  sender: Person;
  sent: string;
}

export interface Notification {
  message: string;
  id: number;
  audience: string;
  sent: string;
  expires: string;
}

export interface Unread {
  unread: number;
  results: Notification[];
}

/** The receivers of an operator's notification, its text, and its duration. */
export type Announcement = { message: string; expires_in?: number } & (
  | { user: string }
  | { role: Role }
  | { everybody: true }
);

/** A position in a stream. A stream without events has no epoch, and the sequence 0. */
export interface Position {
  stream: string;
  epoch: string | null;
  sequence: number;
}

export type TripKind =
  | 'scheduled'
  | 'requested'
  | 'amended'
  | 'accepted'
  | 'given-back'
  | 'taken-back'
  | 'driver-nearer'
  | 'driver-late'
  | 'driver-silent'
  | 'driver-blocked'
  | 'arrived'
  | 'started'
  | 'completed'
  | 'cancelled'
  | 'no-show'
  | 'expired'
  | 'withdrawn'
  | 'removed'
  | 'fare-set';

interface Happened {
  id: number;
  at: string;
  /** The service itself has no id. */
  actor: { role: Role; id: number } | { role: 'service' };
}

export interface TripEvent extends Happened {
  kind: TripKind;
  revision: number;
  trip: Trip;
}

export interface OfferEvent extends Happened {
  kind: 'offered' | 'offer-ended';
  offer: Offer;
}

export interface ShiftEvent extends Happened {
  kind: 'shift-began' | 'shift-ended';
  shift: Shift;
}

export interface ChatEvent extends Happened {
  kind: 'message';
  message: ChatMessage;
}

export interface NotificationEvent extends Happened {
  kind: 'notification';
  notification: Notification;
}

/** An event; `kind` says which one it is. */
export type ServiceEvent = TripEvent | OfferEvent | ShiftEvent | ChatEvent | NotificationEvent;

/** The current state, where the events since the last position are not available. */
export interface Snapshot {
  trips: Trip[];
  unread: number;
  /** A driver's, if on shift. */
  shift: Shift | null;
  /** A driver's, if one is open. */
  offer: Offer | null;
  /** For operators: all open shifts, newest first. */
  shifts?: Shift[];
  /** For operators: all open offers, newest first. */
  offers?: Offer[];
  /** For operators: whether there are more than the 1,000 shown. */
  more?: { trips: boolean; shifts: boolean; offers: boolean };
}

export type SnapshotReason = 'no-position' | 'unknown-epoch' | 'unknown-sequence' | 'too-old' | 'too-far-behind';

/** The fields that break rules, each with those rules. */
export type FieldErrors = Record<string, string[]>;

/** An error over HTTP. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors: FieldErrors;
  trip_status?: Status;
}

/** An answer on the socket, or an event of a subscription. */
export interface Answer {
  errors: (string | FieldErrors)[];
  data: unknown;
  action: string | null;
  response_status: number;
  request_id: unknown;
}

/** The parts of the socket that answer separately. */
export type Stream = 'trips' | 'chat' | 'notifications';

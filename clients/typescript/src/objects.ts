/** What the service says and reads, as it stands in JSON. */

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

/** A party of a trip, the sender of a message. */
export interface Person {
  id: number;
  username: string;
  first_name: string;
  last_name: string;
}

/** An account, as sign-up and log-in show it. */
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
  /** When the rider wants to be picked up, if later. */
  pick_up_at?: string;
  /** The class of vehicle, if not `standard`. */
  class?: string;
  /** How many, if more than one. */
  passengers?: number;
  /** The service area of the pick-up. */
  area?: string;
  /** The driver needs the rider's code to start. */
  ride_code?: true;
  /** It could not be told whether the driver was at the pick-up. */
  arrival?: 'unverified';
  /** Since when the driver is later than promised; cancelling costs nothing. */
  driver_late?: string;
  /** Since when nothing is heard of the driver; before the start cancelling costs nothing. */
  driver_silent?: string;
  /** What was agreed on. */
  quote?: Fare;
  /** What is due. */
  fare?: Fare;
  /** How far the rider was driven, once the ride is over. */
  ridden?: Ridden;
  /** An operator has set this fare: what was computed, and why it is another one. */
  fare_set?: { computed: Fare | null; reason: string };
  /** Why the ride cost much more than was quoted; amounts are minor units, the rest metres and seconds. */
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

/** The metres that positions tell, those put in for gaps between them, and whether the car did not move at all. */
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

/** Amounts are whole numbers of the currency's smallest unit; the lines add up to the total. */
export interface Fare {
  currency: string;
  total: number;
  /** `quantity` says of how much: metres, seconds or, of a surge, permille of the price. */
  lines: { kind: FareLineKind; amount: number; quantity?: number }[];
}

/** What a trip would cost in a class; its `id` locks that in, until it expires. */
export interface Quote {
  id: string;
  class: string;
  /** For when, if not now. */
  pick_up_at?: string;
  metres: number;
  seconds: number;
  fare: Fare;
  expires: string;
}

/** A trip is named by its `id` or by its `nk`. */
export type Pk = number | string;

/** What a rider says of a trip. */
export interface Wish {
  pick_up_address: string;
  drop_off_address: string;
  pick_up_location?: Place;
  drop_off_location?: Place;
}

/** A wish, and what else can be ordered. */
export interface Order extends Wish {
  class?: string;
  /** 1 to 16. */
  passengers?: number;
  /** A time with its offset, for later. */
  pick_up_at?: string;
  /** The id of a quote for the same way, class and time. */
  quote?: string;
}

/** What a quote is asked for; without a class, each that has a tariff is quoted. */
export interface Way {
  pick_up_location: Place;
  drop_off_location: Place;
  class?: string;
  /** A time with its offset, for later. */
  pick_up_at?: string;
}

/** What a driver's `update` or `patch` says: the status that the next verb leads to. */
export interface Progress extends Partial<Wish> {
  status: Status;
}

/** Which trips. */
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

/** What a driver drives; by default a `standard` one with 4 seats. */
export interface Vehicle {
  class?: string;
  seats?: number;
}

export interface Shift {
  id: number;
  /** Who is on duty. */
  driver: number;
  class: string;
  seats: number;
  began: string;
  ended: string | null;
}

/** Where a device is; without a time, now. */
export interface Fix extends Place {
  at?: string;
  /** How far off it may be, in metres. */
  accuracy?: number;
  /** In degrees from north, clockwise. */
  heading?: number;
  /** In metres a second. */
  speed?: number;
}

/** Where the driver of a trip is; `pk` is as it was given. */
export interface Sighting extends Fix {
  pk: Pk;
  at: string;
}

/** How many positions were found to be what, how many are new on the track of the ride, and the service's time. */
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

/** A trip that one driver may accept. */
export interface Offer {
  id: string;
  state: OfferState;
  /** To whom the trip is offered. */
  driver: number;
  attempt: number;
  /** To the pick-up, as the crow flies. */
  metres: number;
  /** To the pick-up, in seconds. */
  eta: number;
  offered: string;
  /** Until when the device must receive it or, once it has, the driver decide. */
  due: string;
  decide_seconds: number;
  trip: Trip;
}

/** Where a driver had better wait. */
export interface Hinted {
  hint: Place | null;
}

/** A driver's shift, and what the driver is at. */
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

/** Whom an operator tells, what, and for how long. */
export type Announcement = { message: string; expires_in?: number } & (
  | { user: string }
  | { role: Role }
  | { everybody: true }
);

/** A place in a stream. A stream in which nothing ever happened has no epoch, and the sequence 0. */
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

/** Something that happened; `kind` says which of these it is. */
export type ServiceEvent = TripEvent | OfferEvent | ShiftEvent | ChatEvent | NotificationEvent;

/** How everything stands, where the events in between cannot be had. */
export interface Snapshot {
  trips: Trip[];
  unread: number;
  /** A driver's, if on shift. */
  shift: Shift | null;
  /** A driver's, if one is open. */
  offer: Offer | null;
  /** To operators: the open shifts of everybody, newest first. */
  shifts?: Shift[];
  /** To operators: the open offers of everybody, newest first. */
  offers?: Offer[];
  /** To operators: whether there are more than the 1,000 that are shown. */
  more?: { trips: boolean; shifts: boolean; offers: boolean };
}

export type SnapshotReason = 'no-position' | 'unknown-epoch' | 'unknown-sequence' | 'too-old' | 'too-far-behind';

/** The fields that break rules, and which. */
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

/** The parts of the socket that answer on their own. */
export type Stream = 'trips' | 'chat' | 'notifications';

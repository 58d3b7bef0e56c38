/** What the service says and reads, as it stands in JSON. */

export type Role = 'rider' | 'driver' | 'operator';

export type Status = 'REQUESTED' | 'STARTED' | 'ARRIVED' | 'IN_PROGRESS' | 'COMPLETED' | 'CANCELLED' | 'EXPIRED';

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
  | 'requested'
  | 'amended'
  | 'accepted'
  | 'arrived'
  | 'started'
  | 'completed'
  | 'cancelled'
  | 'expired'
  | 'withdrawn'
  | 'removed';

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

export interface ChatEvent extends Happened {
  kind: 'message';
  message: ChatMessage;
}

export interface NotificationEvent extends Happened {
  kind: 'notification';
  notification: Notification;
}

/** Something that happened; `kind` says which of the three it is. */
export type ServiceEvent = TripEvent | ChatEvent | NotificationEvent;

/** How everything stands, where the events in between cannot be had. */
export interface Snapshot {
  trips: Trip[];
  unread: number;
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

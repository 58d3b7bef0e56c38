//! The tables as diesel knows them. Written by hand, because both databases share it: only the types
//! [`KeyType`](super::sql_types::KeyType) and [`Instant`](super::sql_types::Instant) differ between them.

diesel::table! {
    users (id) {
        id -> BigInt,
        username -> Text,
        password_hash -> Text,
        first_name -> Text,
        last_name -> Text,
        role -> Text,
        standing -> Text,
        created_at -> crate::store::sql_types::Instant,
        photo -> Nullable<crate::store::sql_types::KeyType>,
        settle_at -> Nullable<crate::store::sql_types::Instant>,
        may_drive -> Nullable<Text>,
    }
}

diesel::table! {
    photos (id) {
        id -> crate::store::sql_types::KeyType,
        user_id -> BigInt,
        jpeg -> Binary,
        created_at -> crate::store::sql_types::Instant,
    }
}

diesel::table! {
    sessions (id) {
        id -> crate::store::sql_types::KeyType,
        user_id -> BigInt,
        refresh_generation -> BigInt,
        created_at -> crate::store::sql_types::Instant,
        expires_at -> crate::store::sql_types::Instant,
        ended_at -> Nullable<crate::store::sql_types::Instant>,
    }
}

diesel::table! {
    health_checks (id) {
        id -> BigInt,
        checked_at -> crate::store::sql_types::Instant,
    }
}

diesel::table! {
    lock_holders (id) {
        id -> BigInt,
        token -> crate::store::sql_types::KeyType,
    }
}

diesel::table! {
    trips (id) {
        id -> BigInt,
        nk -> crate::store::sql_types::KeyType,
        rider_id -> BigInt,
        driver_id -> Nullable<BigInt>,
        pick_up_address -> Text,
        pick_up_lat -> Nullable<Double>,
        pick_up_lon -> Nullable<Double>,
        drop_off_address -> Text,
        drop_off_lat -> Nullable<Double>,
        drop_off_lon -> Nullable<Double>,
        status -> Text,
        ended_by_role -> Nullable<Text>,
        ended_by_id -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        revision -> BigInt,
        search_ends_at -> crate::store::sql_types::Instant,
        created_at -> crate::store::sql_types::Instant,
        updated_at -> crate::store::sql_types::Instant,
        hidden -> Bool,
        policy -> Text,
        attempt -> BigInt,
        opens_at -> Nullable<crate::store::sql_types::Instant>,
        details -> Nullable<Text>,
        late_after -> Nullable<crate::store::sql_types::Instant>,
    }
}

diesel::table! {
    quiet_drivers (trip_id) {
        trip_id -> BigInt,
        due_at -> crate::store::sql_types::Instant,
    }
}

diesel::table! {
    searches (trip_id) {
        trip_id -> BigInt,
        round -> BigInt,
        look_at -> Nullable<crate::store::sql_types::Instant>,
    }
}

diesel::table! {
    offers (id) {
        id -> crate::store::sql_types::KeyType,
        trip_id -> BigInt,
        attempt -> BigInt,
        driver_id -> BigInt,
        state -> Text,
        metres -> BigInt,
        eta_s -> BigInt,
        offered_at -> crate::store::sql_types::Instant,
        due_at -> crate::store::sql_types::Instant,
        decide_s -> BigInt,
        ended_at -> Nullable<crate::store::sql_types::Instant>,
    }
}

diesel::table! {
    shifts (id) {
        id -> BigInt,
        driver_id -> BigInt,
        class -> Text,
        seats -> BigInt,
        began_at -> crate::store::sql_types::Instant,
        ended_at -> Nullable<crate::store::sql_types::Instant>,
    }
}

diesel::table! {
    silences (driver_id) {
        driver_id -> BigInt,
        offers -> BigInt,
        last_at -> crate::store::sql_types::Instant,
    }
}

diesel::table! {
    track_pieces (id) {
        id -> BigInt,
        trip_id -> BigInt,
        spots -> Binary,
    }
}

diesel::table! {
    measured_tracks (trip_id) {
        trip_id -> BigInt,
        measured_m -> Double,
        filled_m -> Double,
        is_thinned -> Bool,
        segments -> Text,
        gaps -> Text,
        until_at -> crate::store::sql_types::Instant,
    }
}

diesel::table! {
    decisions (id) {
        id -> BigInt,
        at -> crate::store::sql_types::Instant,
        is_shadow -> Bool,
        payload -> Text,
    }
}

diesel::table! {
    decided_trips (decision_id, trip_id) {
        decision_id -> BigInt,
        trip_id -> BigInt,
    }
}

diesel::table! {
    quotes (id) {
        id -> crate::store::sql_types::KeyType,
        rider_id -> BigInt,
        payload -> Text,
        expires_at -> crate::store::sql_types::Instant,
    }
}

diesel::table! {
    events (id) {
        id -> BigInt,
        trip_id -> Nullable<BigInt>,
        revision -> Nullable<BigInt>,
        kind -> Text,
        actor_role -> Text,
        actor_id -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        at -> crate::store::sql_types::Instant,
        payload -> Text,
        positions -> Text,
        before -> Nullable<Text>,
    }
}

diesel::table! {
    stream_heads (stream) {
        stream -> Text,
        epoch -> crate::store::sql_types::KeyType,
        sequence -> BigInt,
    }
}

diesel::table! {
    stream_entries (stream, sequence) {
        stream -> Text,
        sequence -> BigInt,
        event_id -> BigInt,
    }
}

diesel::table! {
    idempotency_keys (user_id, key) {
        user_id -> BigInt,
        key -> Text,
        digest -> Binary,
        event_id -> BigInt,
        used_at -> crate::store::sql_types::Instant,
    }
}

diesel::table! {
    notifications (event_id) {
        event_id -> BigInt,
        stream -> Text,
        expires_at -> crate::store::sql_types::Instant,
    }
}

diesel::table! {
    notification_reads (user_id, event_id) {
        user_id -> BigInt,
        event_id -> BigInt,
    }
}

diesel::joinable!(decided_trips -> decisions (decision_id));
diesel::joinable!(notifications -> events (event_id));
diesel::joinable!(offers -> trips (trip_id));
diesel::joinable!(quiet_drivers -> trips (trip_id));
diesel::joinable!(searches -> trips (trip_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(stream_entries -> events (event_id));
diesel::allow_tables_to_appear_in_same_query!(
    decided_trips,
    decisions,
    events,
    idempotency_keys,
    measured_tracks,
    notification_reads,
    notifications,
    offers,
    quiet_drivers,
    quotes,
    searches,
    sessions,
    shifts,
    silences,
    stream_entries,
    stream_heads,
    track_pieces,
    trips,
    users
);

//! A recording of the wire: fixed scripts over every dialect, run with a stopped clock, and the answers that they got.
//!
//! A scene is a file in `recording/scenes`, with each step and the answers to it. The test plays the steps, and the
//! answers must be the same, byte by byte, on both databases. `UPDATE_RECORDING=1` writes the answers anew, on SQLite.
//! Ids, tokens and ride codes have placeholders, which later steps may use. The first placeholder of a token shows its
//! content.
//!
//! After each step, the test reads each socket until the recorded frames have come. A frame too many shows up at the
//! socket's next recorded frame, or at the end of the scene.

mod answer;
mod connection;
mod masks;
mod record;
mod scene;
mod script;

use std::collections::BTreeSet;
use std::fs;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::harness::{Database, Test, tests};

/// The tests of these scenes.
macro_rules! scenes {
    ($($name:ident),+ $(,)?) => {
        vec![$((stringify!($name), (|on| scene::play(on, stringify!($name))) as fn(Database))),+]
    };
}

pub fn tests() -> Vec<Test> {
    let mut all = scenes();
    all.extend(tests![
        every_scene_is_played,
        a_value_is_masked_alike_wherever_it_stands,
    ]);
    all
}

fn scenes() -> Vec<Test> {
    scenes![
        course,
        taxi,
        dcrf_frames,
        dcrf_riders,
        dcrf_drivers,
        dcrf_operators,
        dcrf_observers,
        http_accounts,
        http_trips,
        http_duty,
        http_others,
        policy_broadcast,
        policy_nearest,
        policy_wave,
        policy_batch,
        duties,
        limits,
        scheduled,
        resume,
        events,
        chat,
        notifications,
        commands,
    ]
}

fn every_scene_is_played(_: Database) {
    let files = fs::read_dir(record::directory("scenes")).expect("there are scenes");
    let names = files.map(|file| file.expect("the directory can be read").file_name());
    let names = names.map(|name| name.to_string_lossy().trim_end_matches(".txt").to_owned());
    let played = scenes().into_iter().map(|(name, _)| name.to_owned());
    assert_eq!(names.collect::<BTreeSet<_>>(), played.collect());
}

fn a_value_is_masked_alike_wherever_it_stands(_: Database) {
    let mut masks = masks::Masks::default();
    let (id, other) = (
        "0193a1b2c3d4e5f60718293a4b5c6d7e",
        "0193a1b2-c3d4-e5f6-0718-293a4b5c6d7f",
    );
    let text = format!("/media/{id}.jpg \"{other}\" {id} {} ", "0".repeat(32));
    let zeros = "0".repeat(32);
    let masked = format!("/media/<uuid 1>.jpg \"<uuid 2>\" <uuid 1> {zeros} ");
    assert_eq!(masks.apply(&text), masked);
    assert_eq!(masks.undo(&masked), text);
    let token = format!("eyJ{}.a-b_c", "x".repeat(60));
    let text = format!("Bearer {token}; x={token}");
    assert_eq!(masks.apply(&text), "Bearer <token 1>; x=<token 1>");
    let text = format!(
        "id: {}",
        BASE64_URL_SAFE_NO_PAD.encode(format!("[[\"user:1\",\"{id}\",1],[\"all\",null,0]]"))
    );
    let masked = "id: <token 2 = [[\"user:1\",\"<uuid 1>\",1],[\"all\",null,0]]>";
    assert_eq!(masks.apply(&text), masked);
    assert_eq!(masks.apply(&text), "id: <token 2>");
    let text = r#"{"code":"0407","pick_up":"0407","code":4001,"lat":48.10,"at":"2026-11-23T08:00:00.000000Z"}"#;
    let masked = text.replacen("0407", "<ride code 1>", 1);
    assert_eq!(masks.apply(text), masked);
    assert_eq!(masks.undo(&masked), text);
}

//! Tests the rules of trips: the whole table as checked-in text, and random lives of trips compared with a model.

mod cast;
mod duties;
mod model;
mod table;
mod ways;

//! The rules of trips: the whole table as checked-in text, and random lives of trips against a model.

mod cast;
mod duties;
mod model;
mod table;
mod ways;

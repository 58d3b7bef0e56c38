//! The rules of trips: the whole table as checked-in text, and random lives of trips against a model.

mod cast;
mod model;
mod table;

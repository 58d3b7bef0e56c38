//! Tests the rules of trips: the whole table as checked-in text, random lives of trips compared with a model, and what
//! the model leaves out.

mod cast;
mod duties;
mod model;
mod prices;
mod table;
mod ways;

//! The engine through its public interface.

mod bounds;
mod faults;
mod harness;
mod link;
mod memory;
mod order;
mod output;
mod races;
mod strays;
mod waiting;

//! The daemon as a process.

mod function;
mod harness;
mod listener;
mod messages;
mod vmm;

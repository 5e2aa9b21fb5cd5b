//! The daemon as a process.

mod devices;
mod function;
mod harness;
mod images;
mod listener;
mod messages;
mod pauses;
mod refusals;
mod restart;
mod socket_activation;
mod systemd;
mod vmm;

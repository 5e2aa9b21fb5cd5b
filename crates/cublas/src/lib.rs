//! libcublas.so.12, forwarded at API level: no product is computed in the guest.
//!
//! - [`generated`]: the exports; [`api`]: their bodies; [`entry`], [`error`]: what surrounds each of them.
//! - [`handle`]: what a program sets on a handle. [`driver`]: libcuda, which owns the streams.
//! - [`product`], [`solve`], [`scalar`]: a call's arguments, checked and turned into one message.
//! - [`transfer`]: vectors and matrices between host and device.
//!
//! # Errors
#![doc = include_str!("../../../headers/spec/cublas/ERRORS.md")]

mod api;
mod driver;
mod entry;
mod error;
mod generated;
mod handle;
mod product;
mod scalar;
mod solve;
mod transfer;

//! vgpu installed for Ollama, in trees as its packages lay them out, with the real CUDA backend and the real llama-server.
//!
//! - [`installed`]: installing finds the vGPU where it was not found before, llama-server's answers are the CPU's, and
//!   uninstalling leaves no trace. [`layouts`]: the same for two Ollamas in other places.
//! - [`served`]: a day of a server: models are swapped, clients leave. [`order`]: the server starts before the daemon.
//!   [`memory`]: memory runs out. [`ended`]: processes are told to end twice.
//! - [`machine`] is what they have in common.
//!
//! They need the prebuilt client of npm and llama-server: `cargo xtask ollama` and `cargo xtask test` bring them. By itself
//! `cargo test` leaves them out.

mod ended;
mod installed;
mod layouts;
mod machine;
mod memory;
mod order;
mod served;

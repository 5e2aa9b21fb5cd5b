//! The executor on a fake driver, which notes every call of it: no GPU is needed.
//!
//! - `messages`: for every message, which functions are called, with what and in which order; `cases` has one for each.
//! - `failures`: each of those calls fails.
//! - `order`: streams that stand still, events, frees that wait; calls that do not return.
//! - `events`: points of streams, and the times between them. `limits`: of contexts.
//! - `host_calls`: functions of the guest. `output`: what kernels print. `words`: that the GPU writes.
//! - `arena`: device memory at addresses of our choice.
//! - `arrays`: what no address leads to, and textures and surfaces.
//! - `bytes`: where they lie afterwards. `pinned`: parts of the pinned heap.
//! - `devices`: several GPUs.
//! - `nvml`: what it is asked.
//! - `drivers`: what older drivers lack; drivers that are refused.
//! - `launches`: what they ask for besides a shape.
//! - `products`: how cuBLAS shall compute.
//! - `hostile`: addresses that are not the guest's, forged handles, masses.
//! - `fake` is the driver, `guest` the other side.

mod arena;
mod arrays;
mod bytes;
mod cases;
mod devices;
mod drivers;
mod events;
mod failures;
mod fake;
mod guest;
mod host_calls;
mod hostile;
mod launches;
mod limits;
mod links;
mod managed;
mod messages;
mod nvml;
mod order;
mod output;
mod pinned;
mod products;
mod words;

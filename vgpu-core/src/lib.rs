//! What every part of vgpu agrees on.
//!
//! - [`abi`]: CUDA's types, generated from the public headers.
//! - [`error`], [`ffi`]: results, and the fence between C callers and safe code.
//! - [`fatbin`]: the container that programs carry their images in.
//! - [`wire`]: the device protocol between a guest and its executor.
//! - [`window`], [`ring`], [`wait`]: the memory that a guest shares with its executor, and how both use it.
//! - [`pci`]: the function that a VM sees, its registers and its memory.
//! - [`transport`], [`guest`] and [`host`]: getting connected, and the two ends.
//! - [`libcuda`], [`private_table`]: how our libraries find each other, and what they lend.
//! - [`loader_cache`]: where the system's loader finds libraries.
//! - [`reading`]: what the host's NVML is asked for guests.
//! - [`version`]: which build each side is of, and which is to be started anew when they differ.
//! - [`sha256`]: the name of an image.
//! - [`streaming`]: long copies.
//! - [`quiet_thread`]: threads of ours in a stranger's process; `fork`: whether it is a child of the one that connected.
//! - [`logging`], [`trace`]: what `VGPU_LOG` and `VGPU_TRACE` make the libraries say.

pub mod abi;
pub mod error;
pub mod fatbin;
pub mod ffi;
mod fork;
pub mod guest;
pub mod host;
pub mod libcuda;
pub mod loader_cache;
pub mod logging;
pub mod pci;
pub mod private_table;
pub mod quiet_thread;
pub mod reading;
pub mod ring;
pub mod sha256;
pub mod streaming;
pub mod trace;
pub mod transport;
pub mod version;
pub mod wait;
pub mod window;
pub mod wire;

pub use error::{CuError, CuResult};

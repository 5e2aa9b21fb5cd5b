//! `VGPU_LOG`: what the libraries that live in strangers' processes say, and where. Off unless asked for, on stderr.

use std::sync::Once;

/// Installs this library's logger, once. `VGPU_LOG` is a filter such as `warn` or `vgpu_cudart=trace`.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        // A program that links this code statically may have a logger already, which then stays.
        let _ = env_logger::Builder::from_env(env_logger::Env::new().filter_or("VGPU_LOG", "off")).try_init();
    });
}

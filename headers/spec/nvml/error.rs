//! Error. Source: NVML API reference.

extern "nvml" {
    /// What a result means, in a few words.
    #[custom(raw)]
    fn nvmlErrorString(result: nvmlReturn_t) -> *const c_char;
}

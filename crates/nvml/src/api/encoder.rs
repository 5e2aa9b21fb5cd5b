//! Encoders: only how busy they are.

pub(crate) use super::reading::nvmlDeviceGetEncoderUtilization;

//! Why something cannot be lowered.

/// Why an instruction cannot be lowered.
pub(super) type Refusal = String;

//! The messages about managed variables: a driver's lie where no guest reaches, so none are offered and none are moved.

use vgpu_core::CuError;
use vgpu_core::wire::Op;
use vgpu_core::wire::messages::{ManagedPlace, ManagedVariables};

use crate::cases::{Case, apart};

/// The case of such a message.
pub(crate) fn case(op: Op) -> Case {
    match op {
        Op::ManagedVariables => apart(
            |guest| {
                let answer = guest.call(ManagedVariables { module: guest.module }, &[])?;
                assert_eq!(answer.reply.len_bytes, 0);
                Ok(())
            },
            &[],
        ),
        _ => apart(
            |guest| {
                let placed = guest.call(ManagedPlace { module: guest.module, address: 0 }, &[]).map(drop);
                assert_eq!(placed, Err(CuError::NOT_SUPPORTED));
                Ok(())
            },
            &[],
        ),
    }
}

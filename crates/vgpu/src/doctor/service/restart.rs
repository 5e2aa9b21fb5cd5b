//! What makes a change of a service's files count.

use crate::unit::Unit;

/// How a change of a unit takes effect, for the end of a sentence.
pub(super) fn restart(unit: &Unit) -> String {
    format!("`systemctl daemon-reload` and `systemctl restart {}`", unit.name)
}

//! What `cuGetProcAddress` finds, from the driver's spec.

use std::fmt::Write;

use anyhow::Result;

use super::{
    files::HEADER,
    spec::{Function, split_name},
};

/// The text of crates/cuda/src/generated/proc_table.rs.
pub(super) fn proc_table(functions: &[Function]) -> Result<String> {
    let mut rows = Vec::new();
    for function in functions {
        let (base, _, _) = split_name(&function.name);
        let module = if function.is_refused() { "refused" } else { "exports" };
        if let Some(since) = function.since {
            rows.push((base, false, since, module, function.name.clone()));
        }
        for twin in &function.twins {
            if let Some(since) = twin.since {
                rows.push((base, true, since, module, function.twin_name(twin)));
            }
        }
    }
    rows.sort_by(|a, b| (a.0, a.1, a.2, &a.4).cmp(&(b.0, b.1, b.2, &b.4)));
    let mut out = format!(
        "{HEADER}\n//!\n//! What `cuGetProcAddress` finds: base name, per-thread variant or not, first version, export.\n\
         //! Sorted by these, in this order.\n\n\
         use super::{{exports, refused}};\nuse crate::proc_address::Row;\n\n\
         pub(crate) static ROWS: [Row; {}] = [\n",
        rows.len()
    );
    for (base, per_thread, since, module, name) in rows {
        writeln!(out, "Row::new(\"{base}\", {per_thread}, {since}, \"{name}\", {module}::{name} as *const ()),")?;
    }
    Ok(out + "];\n")
}

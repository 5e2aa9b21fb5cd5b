//! The names of special registers.

/// The components of a special register that is a vector, by its name without a `%`.
pub(super) fn components(name: &str) -> Option<[&'static str; 4]> {
    Some(match name {
        "tid" => ["tid.x", "tid.y", "tid.z", "tid.w"],
        "ntid" => ["ntid.x", "ntid.y", "ntid.z", "ntid.w"],
        "ctaid" => ["ctaid.x", "ctaid.y", "ctaid.z", "ctaid.w"],
        "nctaid" => ["nctaid.x", "nctaid.y", "nctaid.z", "nctaid.w"],
        _ => return None,
    })
}

/// Whether `name` (without its `%`) is a special register of PTX, with or without a component like `.x`.
pub(super) fn is_special(name: &str) -> bool {
    let (base, component) = name.split_once('.').map_or((name, None), |(base, component)| (base, Some(component)));
    let is_vector = matches!(
        base,
        "tid" | "ntid" | "ctaid" | "nctaid" | "clusterid" | "nclusterid" | "cluster_ctaid" | "cluster_nctaid"
    );
    if is_vector {
        return matches!(component, Some("x" | "y" | "z" | "w"));
    }
    let numbered = |prefix: &str, count: u32| numbered_of(base, prefix, count);
    component.is_none()
        && (numbered("envreg", 32)
            || numbered("pm", 8)
            || base.strip_suffix("_64").is_some_and(|base| numbered_of(base, "pm", 8))
            || numbered("reserved_smem_offset_", 2)
            || matches!(
                base,
                "laneid"
                    | "warpid"
                    | "nwarpid"
                    | "smid"
                    | "nsmid"
                    | "gridid"
                    | "is_explicit_cluster"
                    | "cluster_ctarank"
                    | "cluster_nctarank"
                    | "lanemask_eq"
                    | "lanemask_le"
                    | "lanemask_lt"
                    | "lanemask_ge"
                    | "lanemask_gt"
                    | "clock"
                    | "clock_hi"
                    | "clock64"
                    | "globaltimer"
                    | "globaltimer_lo"
                    | "globaltimer_hi"
                    | "reserved_smem_offset_begin"
                    | "reserved_smem_offset_end"
                    | "reserved_smem_offset_cap"
                    | "total_smem_size"
                    | "aggr_smem_size"
                    | "dynamic_smem_size"
                    | "current_graph_exec"
            ))
}

/// Whether `name` is `prefix` and a number below `count`.
fn numbered_of(name: &str, prefix: &str, count: u32) -> bool {
    name.strip_prefix(prefix).and_then(|number| number.parse::<u32>().ok()).is_some_and(|number| number < count)
}

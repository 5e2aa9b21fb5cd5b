//! The names of special registers.

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
    let numbered = |prefix: &str, count: u32| {
        base.strip_prefix(prefix).and_then(|number| number.parse::<u32>().ok()).is_some_and(|number| number < count)
    };
    component.is_none()
        && (numbered("envreg", 32)
            || numbered("pm", 8)
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

//! Since which CUDA version a driver function has its present form, from the type names of cudaTypedefs.h.

use std::collections::{BTreeMap, BTreeSet};

use syn::Item;

use super::{spec::split_name, view::View};

/// Versions by exported name.
pub(super) struct Versions(BTreeMap<String, u32>);

impl Versions {
    /// No versions: for libraries whose functions are found by the dynamic linker alone.
    pub(super) fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Pairs the typedefs' versions of each function with its exported variants, oldest with oldest.
    pub(super) fn read(typedefs: &View, driver: &View) -> Self {
        let mut found: BTreeMap<(String, String), BTreeSet<u32>> = BTreeMap::new();
        for item in &typedefs.types {
            if let Item::Type(alias) = item
                && let Some(name) = alias.ident.to_string().strip_prefix("PFN_")
            {
                let (base, version, suffix) = split_name(name);
                found.entry((base.to_owned(), suffix.to_owned())).or_default().insert(version);
            }
        }
        let mut exported: BTreeMap<(String, String), BTreeMap<u32, String>> = BTreeMap::new();
        for name in driver.functions.keys() {
            let (base, variant, suffix) = split_name(name);
            exported.entry((base.to_owned(), suffix.to_owned())).or_default().insert(variant, name.clone());
        }
        let mut versions = BTreeMap::new();
        for (key, variants) in exported {
            let since = found.remove(&key).unwrap_or_default();
            for (name, since) in variants.into_values().zip(since) {
                versions.insert(name, since);
            }
        }
        Self(versions)
    }

    pub(super) fn since(&self, name: &str) -> Option<u32> {
        self.0.get(name).copied()
    }
}

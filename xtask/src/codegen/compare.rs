//! Compares the spec with the headers: every signature, every version, nothing missing.

use quote::ToTokens;
use syn::Type;

use super::{
    spec::{Function, Library, Param, Returns, Role},
    versions::Versions,
    view::{Signature, View},
};

/// What the spec of `library` says differently from its headers, one line each.
pub(super) fn disagreements(library: Library, functions: &[Function], view: &View, versions: &Versions) -> Vec<String> {
    let mut found = Vec::new();
    let mut exported = Vec::new();
    for function in functions {
        let twins = function.twins.iter().map(|twin| (format!("{}_{}", function.name, twin.suffix), twin.since));
        for (name, since) in std::iter::once((function.name.clone(), function.since)).chain(twins) {
            match view.functions.get(&name) {
                None => found.push(format!("{name}: in no header")),
                Some(signature) => {
                    compare(library, function, &name, signature, view, &mut found);
                }
            }
            if since != versions.since(&name) {
                found.push(format!("{name}: since {since:?}, cudaTypedefs.h says {:?}", versions.since(&name)));
            }
            exported.push(name);
        }
    }
    exported.sort();
    for name in view.functions.keys() {
        if exported.binary_search(name).is_err() {
            found.push(format!("{name}: missing, run `cargo xtask codegen --import`"));
        }
    }
    found
}

fn compare(
    library: Library,
    function: &Function,
    name: &str,
    signature: &Signature,
    view: &View,
    found: &mut Vec<String>,
) {
    if function.params.len() != signature.params.len() {
        found.push(format!("{name}: {} parameters, the header has {}", function.params.len(), signature.params.len()));
        return;
    }
    for (param, (_, theirs)) in function.params.iter().zip(&signature.params) {
        if !agrees(param, theirs, view) {
            found.push(format!(
                "{name}: {} is {}, the header says {}",
                param.name,
                param.erased().to_token_stream(),
                theirs.to_token_stream()
            ));
        }
    }
    let ours = match &function.result {
        Returns::Nothing => "()".to_owned(),
        Returns::Status => canonical_text(library.status(), view),
        Returns::Value(ty) => view.canonical(ty),
    };
    let theirs = signature.result.as_ref().map_or_else(|| "()".to_owned(), |ty| view.canonical(ty));
    if ours != theirs {
        found.push(format!("{name}: returns {ours}, the header says {theirs}"));
    }
}

fn canonical_text(name: &str, view: &View) -> String {
    syn::parse_str::<Type>(name).map_or_else(|_| name.to_owned(), |ty| view.canonical(&ty))
}

fn agrees(param: &Param, theirs: &Type, view: &View) -> bool {
    let ours = view.canonical(&param.erased());
    let theirs = view.canonical(theirs);
    if ours == theirs || matches!(param.role, Role::Raw) {
        return ours == theirs;
    }
    // A role knows better than C which way bytes travel, and what a `void *` leads to.
    match (pointee(&ours), pointee(&theirs)) {
        (Some(ours), Some(theirs)) => ours == theirs || theirs == "c_void",
        _ => false,
    }
}

/// What a canonical pointer type points to.
fn pointee(canonical: &str) -> Option<&str> {
    canonical.strip_prefix("*const ").or_else(|| canonical.strip_prefix("*mut "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(ours: &str, theirs: &str) -> bool {
        let text = format!("extern \"driver\" {{ /// X.\n#[custom] fn x(p: {ours}, n: usize); }}");
        let functions = crate::codegen::spec::parse(Library::Driver, "x", &text).unwrap();
        let theirs = syn::parse_str(theirs).unwrap();
        agrees(&functions[0].params[0], &theirs, &View::default())
    }

    #[test]
    fn integers_of_one_width_agree() {
        assert!(agree("u32", "::core::ffi::c_uint"));
        assert!(!agree("u32", "::core::ffi::c_int"));
        assert!(!agree("usize", "::core::ffi::c_uint"));
    }

    #[test]
    fn a_role_may_name_what_void_leads_to() {
        assert!(agree("In<[u8; n]>", "*const ::core::ffi::c_void"));
        assert!(agree("In<[c_int; n]>", "*mut ::core::ffi::c_int"));
        assert!(!agree("Out<u64>", "*mut ::core::ffi::c_int"));
        assert!(!agree("*mut u8", "*mut ::core::ffi::c_void"));
    }
}

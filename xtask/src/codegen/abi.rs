//! vgpu-core/src/abi/generated: types and constants, from the headers.

use std::collections::BTreeSet;

use anyhow::Result;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::Item;

use super::{
    codes,
    files::{HEADER, Output},
    view::{View, Views},
};

const DIR: &str = "vgpu-core/src/abi/generated";

/// Writes the type files and the code table.
pub(super) fn write(views: &Views, output: &mut Output) -> Result<()> {
    output.rust(
        &format!("{DIR}/driver.rs"),
        &types(
            &views.driver,
            "Types and constants of the driver API, from cuda.h 13.5 and its GL, EGL, VDPAU and profiler companions.",
            "",
        ),
    )?;
    output.rust(
        &format!("{DIR}/runtime.rs"),
        &types(
            &views.runtime,
            "Types and constants of the runtime API, from cuda_runtime_api.h 12.9 and its companions.",
            &shared_types(views),
        ),
    )?;
    output
        .rust(&format!("{DIR}/nvml.rs"), &types(&views.nvml, "Types and constants of NVML, from nvml.h 13.5.", ""))?;
    output.rust(&format!("{DIR}/codes.rs"), &codes::file(views)?)?;
    output.rust(
        &format!("{DIR}/mod.rs"),
        &format!(
            "{HEADER}\n//!\n//! What the public headers and the real libraries say.\n\n\
             pub mod codes;\npub mod driver;\npub mod nvml;\npub mod runtime;\n"
        ),
    )
}

/// One header's types as source text.
fn types(view: &View, about: &str, imports: &str) -> String {
    let items = view.types.iter().filter(|item| !matches!(item, Item::Macro(_))).cloned().map(|mut item| {
        // The module allows these once, with a reason.
        if let Item::Const(constant) = &mut item {
            constant.attrs.clear();
        }
        item
    });
    let file = syn::File { shebang: None, attrs: Vec::new(), items: items.collect() };
    let text = prettyplease::unparse(&file)
        .replace("::core::option::Option", "Option")
        .replace("::core::mem::size_of", "size_of")
        .replace("::core::mem::align_of", "align_of")
        .replace("::core::mem::offset_of", "offset_of")
        .replace("self::", "")
        .replace("pub use ", "pub use self::");
    let names: Vec<_> = text
        .split("::core::ffi::")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| c != '_' && !c.is_alphanumeric()).next())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let text = text.replace("::core::ffi::", "");
    format!(
        "{HEADER}\n//!\n//! {about}\n\nuse core::ffi::{{{}}};\nuse core::mem::offset_of;\n{imports}\n{text}",
        names.join(", ")
    )
}

/// The import of those driver types that the runtime's types are made of.
fn shared_types(views: &Views) -> String {
    let mut names: Vec<String> = Vec::new();
    for item in &views.runtime.types {
        collect_names(item.to_token_stream(), &mut names);
    }
    names.sort();
    names.dedup();
    names.retain(|name| {
        ["CU", "EGL", "GL", "Vdp"].iter().any(|prefix| name.starts_with(prefix))
            && views.driver.defines(name)
            && !views.runtime.defines(name)
    });
    format!("use super::driver::{{{}}};\n", names.join(", "))
}

fn collect_names(tokens: TokenStream, names: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => names.push(ident.to_string()),
            TokenTree::Group(group) => collect_names(group.stream(), names),
            _ => {}
        }
    }
}

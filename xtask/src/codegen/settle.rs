//! Gives every function all its errors, and holds them against the codes that its library has.
//!
//! A function that works and returns a result code must state its errors; an alias has those of its body.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail, ensure};

use super::{
    codes,
    errors::{Case, Errors},
    spec::{Function, Kind, Library, Returns},
};

impl Library {
    /// What the names of all its error codes begin with.
    fn code_prefix(self) -> &'static str {
        match self {
            Self::Driver => "CUDA_ERROR_",
            Self::Runtime => "cudaError",
            Self::Nvml => "NVML_ERROR_",
            Self::Cublas => "CUBLAS_STATUS_",
        }
    }
}

/// What any function of the library may return, as a list.
pub(super) fn shared(library: Library) -> Result<String> {
    let path = library.spec_dir().join("ERRORS.md");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    check_shared(&text, &known_codes(library)?).with_context(|| path.display().to_string())?;
    Ok(text)
}

/// An item of the list may begin with a code.
fn check_shared(text: &str, known: &BTreeSet<String>) -> Result<()> {
    for code in text.lines().filter_map(|line| line.strip_prefix("- `")?.split('`').next()) {
        ensure!(known.contains(code), "{code} is no error code of the library");
    }
    Ok(())
}

/// Gives every function all its errors, and checks them against the codes that the library has.
pub(super) fn errors(library: Library, functions: &mut [Function]) -> Result<()> {
    settle_with(library, functions, &known_codes(library)?)
}

fn known_codes(library: Library) -> Result<BTreeSet<String>> {
    let names = codes::error_names(library.name())?;
    Ok(names.iter().filter_map(|name| name.strip_prefix(library.code_prefix())).map(str::to_owned).collect())
}

fn settle_with(library: Library, functions: &mut [Function], known: &BTreeSet<String>) -> Result<()> {
    let stated: BTreeMap<String, Errors> =
        functions.iter().filter_map(|function| Some((function.name.clone(), function.errors.clone()?))).collect();
    for function in &mut *functions {
        let place = place(library, function);
        function.errors = all(function, &stated, known).context(place)?;
    }
    let silent: Vec<_> = functions.iter().filter(|function| is_silent(function)).collect();
    if !silent.is_empty() {
        let places: Vec<_> = silent.iter().map(|function| place(library, function)).collect();
        bail!("these work and do not state their #[errors(..)]:\n  {}", places.join("\n  "));
    }
    Ok(())
}

/// Where a function's entry stands.
fn place(library: Library, function: &Function) -> String {
    format!("headers/spec/{}/{}.rs: {}", library.name(), function.chapter, function.name)
}

fn is_silent(function: &Function) -> bool {
    matches!(function.result, Returns::Status) && !function.is_refused() && function.errors.is_none()
}

/// All errors of a function: of its body where that is another's, else another function's where it says so, and its own.
fn all(function: &Function, stated: &BTreeMap<String, Errors>, known: &BTreeSet<String>) -> Result<Option<Errors>> {
    let own = match (&function.kind, &function.errors) {
        (Kind::Unsupported { .. }, Some(_)) => bail!("it does not work, so it has no errors to state"),
        (Kind::Alias(body), Some(_)) => bail!("its errors are those of its body, {body}"),
        (Kind::Alias(body), None) => stated.get(body),
        (_, errors) => errors.as_ref(),
    };
    let Some(own) = own else { return Ok(None) };
    let mut cases = Vec::new();
    if let Some(other) = &own.like {
        let theirs = stated.get(other).with_context(|| format!("{other} states no errors"))?;
        ensure!(theirs.like.is_none(), "{other} has another function's errors itself: name that one");
        cases.extend(theirs.cases.iter().cloned());
    }
    cases.extend(own.cases.iter().cloned());
    for (at, case) in cases.iter().enumerate() {
        let Case { code, when } = case;
        ensure!(known.contains(code), "{code} is no error code of the library");
        ensure!(!when.trim().is_empty(), "{code}: say when");
        ensure!(cases[..at].iter().all(|earlier| earlier.code != *code), "{code} is stated twice");
    }
    Ok(Some(Errors { like: None, cases }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::spec;

    fn settled(entries: &str) -> Result<Vec<Function>> {
        let text = format!("extern \"driver\" {{ {entries} }}");
        let mut functions = spec::parse(Library::Driver, "memory", &text)?;
        let known = ["INVALID_VALUE", "OUT_OF_MEMORY"].map(str::to_owned);
        settle_with(Library::Driver, &mut functions, &BTreeSet::from(known))?;
        Ok(functions)
    }

    /// What is wrong with a function that states its errors so.
    fn fault(errors: &str) -> String {
        let error = settled(&format!("/// Does.\n#[custom] {errors} fn cuX();")).err().expect(errors);
        format!("{error:#}")
    }

    #[test]
    fn a_function_has_the_codes_that_it_states_and_when() {
        let functions =
            settled("/// Does.\n#[custom] #[errors(INVALID_VALUE = \"`n` is 0\", OUT_OF_MEMORY = \"it is full\")] fn cuX(n: u32);")
                .expect("sound");
        let errors = functions[0].errors.as_ref().expect("they are stated");
        assert_eq!(errors.codes(), "INVALID_VALUE, OUT_OF_MEMORY");
        assert_eq!(errors.cases[0].when, "`n` is 0");
    }

    #[test]
    fn a_function_may_have_those_of_another_and_its_own() {
        let functions = settled(
            "/// Does.\n#[custom] #[errors(INVALID_VALUE = \"a\")] fn cuX();
             /// Does.\n#[custom] #[errors(cuX, OUT_OF_MEMORY = \"b\")] fn cuY();
             /// Does.\n#[alias(cuX)] fn cuZ();",
        )
        .expect("sound");
        let codes: Vec<_> = functions.iter().map(|function| function.errors.as_ref().map(Errors::codes)).collect();
        assert_eq!(
            codes.iter().flatten().collect::<Vec<_>>(),
            ["INVALID_VALUE", "INVALID_VALUE, OUT_OF_MEMORY", "INVALID_VALUE"]
        );
    }

    #[test]
    fn a_fault_names_the_function_its_file_and_what_is_wrong() {
        for (errors, reason) in [
            ("#[errors(NO_SUCH = \"a\")]", "NO_SUCH is no error code of the library"),
            ("#[errors(INVALID_VALUE = \" \")]", "INVALID_VALUE: say when"),
            ("#[errors(INVALID_VALUE = \"a\", INVALID_VALUE = \"b\")]", "INVALID_VALUE is stated twice"),
            ("#[errors(cuNone)]", "cuNone states no errors"),
            ("#[errors(cuX)]", "cuX has another function's errors itself"),
            ("", "do not state their #[errors(..)]"),
        ] {
            let fault = fault(errors);
            assert!(fault.contains("headers/spec/driver/memory.rs: cuX") && fault.contains(reason), "{fault}");
        }
    }

    #[test]
    fn what_is_no_list_of_errors_is_refused() {
        for errors in [
            "#[errors]",
            "#[errors(INVALID_VALUE = 1)]",
            "#[errors(INVALID_VALUE = \"a\", cuY)]",
            "#[errors(cuY, cuZ)]",
            "#[errors()] #[errors()]",
        ] {
            assert!(fault(errors).starts_with("cuX: "), "{}", fault(errors));
        }
    }

    #[test]
    fn what_does_not_work_states_nothing_and_what_cannot_fail_says_so() {
        assert!(settled("#[unsupported] fn cuX();").is_ok());
        assert!(settled("/// Does.\n#[custom] #[errors()] fn cuX();").is_ok());
        assert!(settled("/// Gives.\n#[custom(raw)] fn cuX() -> c_int;").is_ok());
        assert!(settled("#[unsupported] #[errors()] fn cuX();").is_err());
        assert!(
            settled("/// Does.\n#[custom] #[errors()] fn cuX();\n/// Does.\n#[alias(cuX)] #[errors()] fn cuY();")
                .is_err()
        );
    }

    #[test]
    fn what_all_share_has_known_codes_too() {
        let known = BTreeSet::from(["UNKNOWN".to_owned()]);
        assert!(check_shared("All:\n\n- `UNKNOWN`: a fault.\n- Any code: `x`.\n", &known).is_ok());
        assert!(check_shared("- `NO_SUCH`: never.\n", &known).is_err());
    }

    #[test]
    fn every_library_has_codes() {
        for (library, code) in [
            (Library::Driver, "INVALID_VALUE"),
            (Library::Runtime, "InvalidValue"),
            (Library::Nvml, "INVALID_ARGUMENT"),
            (Library::Cublas, "INVALID_VALUE"),
        ] {
            let known = known_codes(library).expect("the tables are sound");
            assert!(known.contains(code) && !known.contains("SUCCESS"), "{library:?}");
        }
    }
}

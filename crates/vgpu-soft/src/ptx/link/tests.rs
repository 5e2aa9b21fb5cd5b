//! What becomes of names. What linked kernels compute stands in `tests/engine/link.rs`.

use super::*;
use crate::ptx::{parse_kernel, parse_module};

const HEAD: &str = ".version 8.4\n.target sm_75\n.address_size 64\n";

/// Links texts, the inputs `a`, `b`, ... of which those from `libraries` on are a library's.
fn link_with(texts: &[&str], libraries: usize) -> Result<String, Vec<String>> {
    let texts: Vec<_> = texts.iter().map(|text| format!("{HEAD}{text}")).collect();
    let modules: Vec<_> = texts.iter().map(|text| parse_module(text).expect("it is PTX")).collect();
    let names = ["a", "b", "c", "d"];
    let input = |(index, module)| Input { name: names[index], module, is_optional: index >= libraries };
    let inputs: Vec<_> = modules.iter().enumerate().map(input).collect();
    link(&inputs).map_err(|errors| errors.iter().map(LinkError::to_string).collect())
}

fn linked(texts: &[&str]) -> String {
    link_with(texts, texts.len()).expect("they fit together")
}

fn errors(texts: &[&str]) -> Vec<String> {
    link_with(texts, texts.len()).expect_err("they do not fit together")
}

/// Names, lengths and initial bytes of a linked text's variables.
fn variables(text: &str) -> Vec<(String, u64, Vec<u8>)> {
    let module = parse_module(text).expect("what was linked is PTX");
    module.variables.into_iter().map(|variable| (variable.name.to_owned(), variable.len_bytes, variable.init)).collect()
}

fn functions(text: &str) -> Vec<String> {
    let module = parse_module(text).expect("what was linked is PTX");
    module.functions.iter().map(|function| function.name.to_owned()).collect()
}

const USES_F: &str = ".extern .func f; .visible .entry k { call f; ret; }";

#[test]
fn a_reference_finds_the_definition_of_another_unit() {
    let text = linked(&[USES_F, ".visible .func f { ret; }"]);
    let module = parse_module(&text).expect("it is PTX");
    assert_eq!((module.version, module.target), ((8, 4), 75));
    assert!(parse_kernel(&module, &module.kernels[0]).is_ok());
    assert_eq!(functions(&linked(&[".visible .func f { ret; }", USES_F])), ["f"]);
}

#[test]
fn the_latest_version_and_target_of_all_units_are_the_result_s() {
    let texts = [".version 6.0\n.target sm_50\n.visible .entry k { ret; }", ".version 7.1\n.target sm_60, debug\n"];
    let modules = texts.map(|text| parse_module(text).expect("it is PTX"));
    let inputs = modules.each_ref().map(|module| Input { name: "x", module, is_optional: false });
    let text = link(&inputs).expect("they fit together");
    let module = parse_module(&text).expect("it is PTX");
    assert_eq!((module.version, module.target), ((7, 1), 60));
}

#[test]
fn what_units_have_for_themselves_they_keep() {
    let unit = |value: u8| {
        format!(
            ".global .u8 x = {value}; .func x2 {{ .local .b8 depot[{value}]; ret; }}
             .visible .func f{value} {{ .reg .u64 %r; mov.u64 %r, x; call x2; st.global.u8 [%r], 0xx; ret; }}"
        )
    };
    let text = linked(&[&unit(1), &unit(2)]);
    let variables = variables(&text);
    assert_eq!((variables[0].0.as_str(), &variables[0].2), ("x", &vec![1]));
    let other = variables[1].0.as_str();
    assert_eq!((other != "x", &variables[1].2), (true, &vec![2]));
    let second = text.split(".func f2").nth(1).expect("it is there");
    assert!(second.contains(&format!("mov.u64 %r, {other};")), "{second}");
    assert!(second.contains("0xx"), "numbers are no names");
    assert_eq!(text.matches("depot[").count(), 1, "{text}");
    let names = functions(&text);
    assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), 4, "{names:?}");
}

#[test]
fn a_name_of_a_unit_s_own_gives_way_to_one_that_all_see() {
    let text = linked(&[".func f { ret; } .visible .entry k { call f; ret; }", ".visible .func f { ret; }"]);
    let names = functions(&text);
    assert_eq!(names[1], "f");
    assert!(text.contains(&format!("call {};", names[0])), "{text}");
}

#[test]
fn names_of_the_linker_s_own_are_in_no_input() {
    let first = linked(&[".func f { ret; }", ".func f { ret; } .func g { call f; ret; }"]);
    let again = linked(&[&first[HEAD.len()..], ".func f { ret; }", ".func f$unit99999999999999999999 { ret; }"]);
    let names = functions(&again);
    assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), names.len(), "{names:?}");
}

#[test]
fn a_parameter_that_points_to_shared_memory_declares_none() {
    let kernel = |name: &str| {
        format!(".visible .entry {name}(.param .u64 .ptr .shared .align 8 p) {{ .shared .align 4 .b8 s[4]; ret; }}")
    };
    let text = linked(&[&kernel("k"), &kernel("l")]);
    assert_eq!(text.matches(" ret;").count(), 2);
    assert_eq!(text.matches("b8 s[4]").count(), 1);
}

#[test]
fn two_visible_definitions_are_one_too_many() {
    let f = ".visible .func f { ret; }";
    assert_eq!(errors(&[f, f]), ["error   : Multiple definition of 'f' in 'b', first defined in 'a'"]);
    let k = ".entry k { ret; }";
    assert_eq!(errors(&[k, k]), ["error   : Multiple definition of 'k' in 'b', first defined in 'a'"]);
}

#[test]
fn what_is_used_must_be_defined() {
    assert_eq!(errors(&[USES_F]), ["error   : Undefined reference to 'f' in 'a'"]);
    let variable = ".extern .global .u32 v; .visible .entry k { .reg .u64 %r; mov.u64 %r, v; ret; }";
    assert_eq!(errors(&["", variable]), ["error   : Undefined reference to 'v' in 'b'"]);
    let pointer = ".extern .func f; .global .u64 p = f;";
    assert_eq!(errors(&[pointer]), ["error   : Undefined reference to 'f' in 'a'"]);
    // What is declared and not used is no reference, and what every program has needs no definition.
    let unused = ".extern .func f; .extern .func vprintf; .visible .entry k { call vprintf; ret; }";
    assert!(linked(&[unused]).contains(".extern .func vprintf"));
    let private = ".func f { ret; }";
    assert_eq!(errors(&[USES_F, private]), ["error   : Undefined reference to 'f' in 'a'"]);
}

#[test]
fn kernels_that_launch_kernels_are_refused_by_name() {
    let text = ".extern .func cudaLaunchDeviceV2; .visible .entry k { call cudaLaunchDeviceV2; ret; }";
    let errors = errors(&[text]);
    assert!(errors[0].contains("'cudaLaunchDeviceV2'") && errors[0].contains("dynamic parallelism"), "{errors:?}");
}

#[test]
fn a_weak_definition_gives_way() {
    let (weak, strong) = (".weak .global .u8 v = 1;", ".visible .global .u8 v = 2;");
    for texts in [[weak, strong], [strong, weak]] {
        assert_eq!(variables(&linked(&texts)), [("v".to_owned(), 1, vec![2])]);
    }
    assert_eq!(variables(&linked(&[weak, ".weak .global .u8 v = 3;"])), [("v".to_owned(), 1, vec![1])]);
}

#[test]
fn common_variables_are_one_of_the_greatest_length() {
    let text = linked(&[".common .global .b8 v[4];", ".common .global .b8 v[9];", ".common .global .b8 v[2];"]);
    assert_eq!(variables(&text), [("v".to_owned(), 9, vec![])]);
    let text = linked(&[".common .global .b8 v[4];", ".visible .global .b8 v[4] = {7};"]);
    assert_eq!(variables(&text), [("v".to_owned(), 4, vec![7])]);
}

#[test]
fn units_agree_about_what_a_variable_is() {
    let uses = |declaration: &str| format!("{declaration} .visible .entry k {{ .reg .u64 %r; mov.u64 %r, v; ret; }}");
    let defines = ".visible .global .align 8 .b8 v[16];";
    let size = errors(&[&uses(".extern .global .b8 v[8];"), defines]);
    assert_eq!(size, ["error   : Size doesn't match for 'v' in 'a', first specified in 'b'"]);
    assert!(link_with(&[&uses(".extern .global .b8 v[];"), defines], 2).is_ok());
    assert!(errors(&[&uses(".extern .const .b8 v[16];"), defines])[0].contains("kind"));
    assert!(errors(&[&uses(".extern .func v;"), defines])[0].contains("kind"));
}

#[test]
fn declarations_of_several_variables_are_taken_apart() {
    let text = linked(&[
        ".visible .global .align 8 .u16 a[2] = {1, /* , */ 2}, b, c[2][2] = {{3, 4}, {5, 6}};",
        ".weak .global .u16 b = 9, d = 8;",
    ]);
    let expected = [
        ("a".to_owned(), 4, vec![1, 0, 2]),
        ("b".to_owned(), 2, vec![]),
        ("c".to_owned(), 8, vec![3, 0, 4, 0, 5, 0, 6]),
        ("d".to_owned(), 2, vec![8]),
    ];
    assert_eq!(variables(&text), expected);
}

#[test]
fn dynamic_shared_memory_needs_no_definition() {
    let unit = |name: &str| {
        format!(
            ".extern .shared .align 16 .b8 s[]; .visible .entry {name} {{ .reg .u32 %r; ld.shared.u32 %r, [s]; ret; }}"
        )
    };
    let text = linked(&[&unit("k"), &unit("l")]);
    assert_eq!(text.matches(".extern .shared .align 16 .b8 s[]").count(), 2);
}

#[test]
fn of_a_library_that_is_taken_which_is_needed() {
    let texts = [
        USES_F,
        ".extern .func g; .visible .func f { call g; ret; }",
        ".visible .func unused { ret; } .visible .func h { ret; }",
        ".visible .func g { ret; } .visible .func f { ret; }",
    ];
    let three = link_with(&texts[..3], 1).expect_err("nobody has g");
    assert_eq!(three, ["error   : Undefined reference to 'g' in 'b'"]);
    // The first that has a name is taken for it; another that is taken later must not have it, too.
    assert!(link_with(&texts, 1).expect_err("f is there twice")[0].contains("Multiple definition of 'f'"));
    let text = link_with(&[USES_F, texts[2], ".visible .func f { ret; }"], 1).expect("they fit together");
    assert_eq!(functions(&text), ["f"]);
    // What is there without the library is not taken from it.
    let text = link_with(&[".visible .func f { ret; }", ".visible .func f { ret; }"], 1).expect("one is enough");
    assert_eq!(functions(&text), ["f"]);
}

#[test]
fn libraries_that_need_each_other_come_to_an_end() {
    let texts = [
        USES_F,
        ".extern .func g; .visible .func f { call g; ret; }",
        ".extern .func f; .visible .func g { call f; ret; }",
    ];
    assert_eq!(functions(&link_with(&texts, 1).expect("they fit together")), ["f", "g"]);
}

#[test]
fn another_name_of_a_function_is_a_definition() {
    let text = ".visible .func g; .func f { ret; } .alias g, f;";
    let user = ".extern .func g; .func f { ret; } .visible .entry k { call g; call f; ret; }";
    let linked = linked(&[user, text]);
    assert!(linked.contains(".visible .alias g, f$unit"), "{linked}");
    assert_eq!(errors(&[text, ".visible .func g { ret; }"]).len(), 1);
}

#[test]
fn a_name_that_is_an_instruction_is_not_changed() {
    let f = ".func add { ret; } .visible .func f { .reg .u32 %r; add.u32 %r, %r, 1; ret; }";
    assert!(linked(&[f]).contains("add.u32 %r"));
    assert_eq!(errors(&[f, ".func add { ret; }"]), ["error   : 'add' in 'b' has the name of an instruction"]);
}

#[test]
fn a_hundred_thousand_names_take_seconds_at_most() {
    let many = |linkage: &str| (0..100_000).map(|n| format!(".{linkage} .global .u8 v{n};\n")).collect::<String>();
    let private = many("visible").replace(".visible ", "");
    let start = std::time::Instant::now();
    let text = linked(&[&many("weak"), &private, &private, &many("common")]);
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
    assert_eq!(variables(&text).len(), 300_000);
}

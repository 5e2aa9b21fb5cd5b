//! The parser's behaviour on small texts.

use super::ast::*;
use super::*;

const HEAD: &str = ".version 8.4\n.target sm_75\n.address_size 64\n";

fn module(rest: &str) -> String {
    format!("{HEAD}{rest}")
}

/// Parses the only kernel of a module with this body and hands it to `check`.
fn with_body<T>(body: &str, check: impl FnOnce(&Kernel<'_>) -> T) -> Result<T, Error> {
    let text = module(&format!(".visible .entry k(.param .u64 k_param_0)\n{{\n{body}\n}}\n"));
    let module = parse_module(&text)?;
    parse_kernel(&module, &module.kernels[0]).map(|kernel| check(&kernel))
}

fn body_error(body: &str) -> Error {
    with_body(body, |_| ()).expect_err("the body is not PTX")
}

fn variables(text: &str) -> Result<Vec<(u64, Vec<u8>, usize)>, Error> {
    let text = module(text);
    let module = parse_module(&text)?;
    let variables = module.variables.into_iter();
    Ok(variables.map(|variable| (variable.len_bytes, variable.init, variable.relocations.len())).collect())
}

#[test]
fn a_scan_finds_version_target_kernels_and_their_lines() {
    let text = module(
        "//\n/* { */ .visible .entry a(\n.param .u64 a_param_0\n)\n.maxntid 128, 1, 1\n{\n// }\nret;\n}\n.entry b { { } ret; }\n",
    );
    let module = parse_module(&text).expect("it is PTX");
    assert_eq!((module.version, module.target), ((8, 4), 75));
    let kernels: Vec<_> = module.kernels.iter().map(|kernel| (kernel.name, kernel.line)).collect();
    assert_eq!(kernels, [("a", 5), ("b", 13)]);
    assert!(module.kernels[0].text.starts_with("(\n.param"));
    assert!(module.kernels[1].text.starts_with("{ { } ret; }"));
}

#[test]
fn braces_in_strings_and_comments_of_a_body_do_not_end_it() {
    let text = module(".entry a { .pragma \"}\"; /* } */ ret; // }\n}\n.entry b { ret; }");
    let module = parse_module(&text).expect("it is PTX");
    assert_eq!(module.kernels.len(), 2);
}

#[test]
fn declarations_of_functions_are_passed_over_and_definitions_are_kept() {
    let text = module(
        ".extern .func (.param .b32 func_retval0) vprintf\n(\n.param .b64 vprintf_param_0,\n.param .b64 vprintf_param_1\n)\n;\n\
         .weak .func (.param .align 8 .b8 r[16]) f(.param .b32 x) .noreturn { ret; }",
    );
    let module = parse_module(&text).expect("it is PTX");
    assert_eq!(module.functions.len(), 1);
    let function = parse_kernel(&module, &module.functions[0]).expect("it is PTX");
    assert_eq!((function.returns[0].len_bytes, function.params[0].len_bytes), (16, 4));
}

#[test]
fn what_newer_compilers_write_for_newer_devices_is_read() {
    let text = "
        .version 8.8
        .target sm_90a, debug
        .address_size 64
        .file 1 \"/a {b}.cu\"
        .global .attribute(.managed) .align 4 .u32 counter;
        .weak .global .align 8 .f64 d = 0d3FF0000000000000;
        .alias f, g;
        .visible .entry k(
            .param .u64 .ptr .global .align 16 k_param_0,
            .param .align 64 .b8 k_param_1[128]
        )
        .explicitcluster
        .reqnctapercluster 2, 1, 1
        .maxntid 256
        .minnctapersm 2
        .maxnreg 128
        {
            .loc 1 12 3, function_name $L__info_string0, inlined_at 1 3 4
            griddepcontrol.wait;
            ret;
        }
        .section .debug_str { .b8 1, 2 }
    ";
    let module = parse_module(text).expect("it is PTX");
    assert!(module.variables[0].is_managed);
    assert_eq!(module.variables[1].init, 1f64.to_le_bytes());
    let kernel = parse_kernel(&module, &module.kernels[0]).expect("it is PTX");
    assert_eq!((kernel.max_threads, kernel.min_blocks_per_multiprocessor), (256, 2));
    let places: Vec<_> = kernel.params.iter().map(|param| (param.offset_bytes, param.len_bytes)).collect();
    assert_eq!((places, kernel.param_bytes), (vec![(0, 8), (64, 128)], 192));
}

#[test]
fn an_unknown_directive_is_an_error_that_names_it() {
    let error = parse_module(&module(".blorp 1;")).expect_err("no such directive");
    assert_eq!((error.line, error.column), (4, 1));
    assert!(error.message.contains("`.blorp`"), "{error}");
    assert!(body_error(".blorp;").message.contains("`.blorp`"));
}

#[test]
fn variables_are_laid_out_by_type_and_dimensions() {
    let found = variables(
        ".global .align 4 .b8 a[8] = {1, 2, 0, 0};\n.global .u16 b[2][3] = {{1}, {2, 3}};\n\
         .const .f32 c = 0f3F800000;\n.global .u32 d[] = {1, 2};\n.extern .shared .align 16 .b8 e[];\n.shared .v4 .f32 f[2];",
    );
    assert_eq!(
        found,
        Ok(vec![
            (8, vec![1, 2], 0),
            (12, vec![1, 0, 0, 0, 0, 0, 2, 0, 3], 0),
            (4, vec![0, 0, 0x80, 0x3f], 0),
            (8, vec![1, 0, 0, 0, 2], 0),
            (0, vec![], 0),
            (32, vec![], 0),
        ])
    );
}

#[test]
fn addresses_in_initial_values_become_relocations() {
    let text = module(".global .u64 a[3] = {0, generic(b)+16, c};\n.global .u64 b[2], c;");
    let module = parse_module(&text).expect("it is PTX");
    let expected = [
        Relocation { offset_bytes: 8, symbol: "b", addend: 16, is_generic: true },
        Relocation { offset_bytes: 16, symbol: "c", addend: 0, is_generic: false },
    ];
    assert_eq!(module.variables[0].relocations, expected);
    assert_eq!(module.variables[0].init.len(), 24);
}

#[test]
fn an_address_may_be_spelled_byte_by_byte() {
    let bytes: Vec<_> = (0..8).map(|byte| format!("0x{:X}(b)", 0xffu64 << (8 * byte))).collect();
    let text = module(&format!(".global .b8 a[16] = {{1, 2, {}}};\n.global .b8 b;", bytes.join(", ")));
    let module = parse_module(&text).expect("it is PTX");
    let relocation = Relocation { offset_bytes: 2, symbol: "b", addend: 0, is_generic: false };
    assert_eq!(module.variables[0].relocations, [relocation]);
    assert!(variables(".global .b8 a[16] = {0xFF00(b)};").is_err(), "the lowest byte is missing");
    assert!(variables(".global .b8 a[16] = {0xFF(b)};").is_err(), "the other bytes are missing");
}

#[test]
fn initial_values_that_do_not_fit_are_errors() {
    for text in [
        ".global .u8 a[2] = {1, 2, 3};",
        ".global .u8 a[2][2] = {{1, 2, 3}};",
        ".global .u8 a = {{1}};",
        ".global .u32 a = 0d3FF0000000000000;",
        ".global .u32 a = b;",
        ".global .u8 a[4294967296][4294967296][4294967296];",
        ".global .u8 a[99999999999][1] = {{1}, {1}};\n.global .u8 b[2][99999999999] = {{1}, {1}};",
    ] {
        assert!(variables(text).is_err(), "{text}");
    }
}

#[test]
fn registers_come_from_families_names_and_inner_scopes() {
    let body = "
        .reg .pred %p<2>;
        .reg .b32 %r<100>;
        mov.u32 %r7, %tid.x;
        {
            .reg .b64 %r<100>, t;
            mov.u64 t, %r7;
        }
        @!%p1 mov.u32 %r7, 1;";
    let widths = with_body(body, |kernel| {
        assert_eq!(kernel.instructions[2].guard, Some(Guard { register: Reg(3), negated: true }));
        assert_eq!(kernel.instructions[2].operands[0], Operand::Register(Reg(0)));
        assert_eq!(kernel.instructions[0].operands[1], Operand::Special("tid.x"));
        kernel.registers.clone()
    });
    assert_eq!(widths, Ok(vec![Width::B32, Width::B64, Width::B64, Width::Pred]));
}

#[test]
fn a_register_that_is_not_declared_is_an_error_at_its_place() {
    let error = body_error(".reg .b32 %r<3>;\nadd.u32 %r1, %r2, %r3;");
    assert_eq!((error.line, error.column), (7, 19));
    assert_eq!(error.message, "the register `%r3` is not declared");
    assert_eq!(error.source_line, "add.u32 %r1, %r2, %r3;");
    assert!(body_error("mov.u32 %nosuch, 1;").message.contains("`%nosuch`"));
}

#[test]
fn labels_are_found_forward_backward_and_by_scope() {
    let body = "
        L: bra M;
        {
            bra.uni L;
            M: bra M;
        }
        M: ret;";
    let positions = with_body(body, |kernel| {
        let target = |instruction: &Instruction<'_>| match instruction.operands.as_slice() {
            [Operand::Label(label)] => kernel.labels[*label as usize],
            _ => u32::MAX,
        };
        kernel.instructions.iter().map(target).collect::<Vec<_>>()
    });
    assert_eq!(positions, Ok(vec![3, 0, 2, u32::MAX]));
}

#[test]
fn a_label_of_an_inner_scope_is_not_seen_outside() {
    assert!(body_error("bra M; { M: ret; }").message.contains("`M` is not defined"));
}

#[test]
fn indexed_branches_carry_their_targets() {
    let body = ".reg .b32 %r<2>;\nts: .branchtargets A, B;\nbrx.idx %r1, ts;\nA: ret;\nB: ret;";
    let control = with_body(body, crate::ir::control);
    let expected = crate::ir::Control::Table { targets: vec![1, 2], conditional: false };
    assert_eq!(control.map(|control| control[0].clone()), Ok(expected));
}

#[test]
fn operands_of_all_kinds_are_read() {
    let body = "
        .reg .b64 %rd<2>; .reg .f32 %f<5>; .reg .pred %p<4>; .reg .b32 %r<5>;
        ld.global.nc.v2.f32 {%f1, _}, [%rd1+-16];
        st.shared::cta.f32 [smem+4], 0fBF800000;
        shfl.sync.bfly.b32 %r1|%p1, %r2, 0x10, 31, -1;
        setp.lt.and.s32 %p1|%p2, %r1, -5, !%p3;
        mov.u64 %rd1, str+8;
        ld.const.u32 %r1, [0x10];
        mov.b32 %r3, {%r1, WARP_SZ};";
    let checked = with_body(body, |kernel| {
        let operands: Vec<_> = kernel.instructions.iter().map(|instruction| instruction.operands.clone()).collect();
        let address = |base, offset| Operand::Address { base, offset };
        assert!(
            matches!(&operands[0][0], Operand::Vector(two) if matches!(two[..], [Operand::Register(_), Operand::Sink]))
        );
        assert!(matches!(operands[0][1], Operand::Address { base: AddressBase::Register(_), offset: -16 }));
        assert_eq!(operands[1][0], address(AddressBase::Symbol("smem"), 4));
        assert_eq!(operands[1][1], Operand::Immediate(Immediate::F32(0xbf80_0000)));
        assert!(kernel.instructions[1].opcode.has("shared::cta"));
        assert!(matches!(operands[2][0], Operand::Pair(..)));
        assert_eq!(operands[2][4], Operand::Immediate(Immediate::Integer(u64::MAX)));
        assert!(matches!(operands[3][3], Operand::Negated(_)));
        assert_eq!(operands[4][1], Operand::Symbol { name: "str", offset: 8 });
        assert_eq!(operands[5][1], address(AddressBase::Absolute, 16));
        assert!(
            matches!(&operands[6][1], Operand::Vector(two) if two[1] == Operand::Immediate(Immediate::Integer(32)))
        );
    });
    assert_eq!(checked, Ok(()));
}

#[test]
fn call_sequences_keep_results_callee_and_arguments() {
    let body = "
        .reg .b32 %r<2>; .reg .b64 %rd<3>;
        {
            .param .b64 param0;
            st.param.b64 [param0+0], %rd1;
            .param .b32 retval0;
            call.uni (retval0),
            vprintf,
            (
            param0
            );
            ld.param.b32 %r1, [retval0+0];
        }
        { .param .align 8 .b8 param0[24]; call f, (param0); }
        call g;
        proto: .callprototype (.param .b32 _) _ (.param .b32 _);
        call (_), %rd2, (%r1), proto;";
    let checked = with_body(body, |kernel| {
        let symbol = |name| Operand::Symbol { name, offset: 0 };
        let list = |name| Operand::Vector(vec![symbol(name)]);
        let nothing = || Operand::Vector(vec![]);
        let operands = |index: usize| kernel.instructions[index].operands.clone();
        assert_eq!(operands(1), [list("retval0"), symbol("vprintf"), list("param0")]);
        assert_eq!(operands(3), [nothing(), symbol("f"), list("param0")]);
        assert_eq!(operands(4), [nothing(), symbol("g"), nothing()]);
        assert_eq!(operands(5).len(), 4);
        let variables: Vec<_> = kernel.variables.iter().map(|variable| (variable.name, variable.len_bytes)).collect();
        assert_eq!(variables, [("param0", 24), ("retval0", 4)]);
    });
    assert_eq!(checked, Ok(()));
}

#[test]
fn local_and_shared_variables_belong_to_the_kernel() {
    let body = ".local .align 16 .b8 __local_depot0[32];\n.shared .align 4 .b8 buffer[128];\nret;";
    let checked = with_body(body, |kernel| {
        let variables = kernel.variables.iter();
        variables.map(|variable| (variable.space, variable.len_bytes, variable.align_bytes)).collect::<Vec<_>>()
    });
    assert_eq!(checked, Ok(vec![(Space::Local, 32, 16), (Space::Shared, 128, 4)]));
}

#[test]
fn instructions_know_their_lines() {
    let lines = with_body(".loc 1 2 3\n// note\nret;\n\nexit;", |kernel| {
        kernel.instructions.iter().map(|instruction| instruction.line).collect::<Vec<_>>()
    });
    assert_eq!(lines, Ok(vec![8, 10]));
}

#[test]
fn unclosed_things_are_errors() {
    for text in
        [".entry k { ret;", ".entry k(.param .u32 a", ".global .u32 a = {1", ".pragma \"x", "/* .entry k {", ".entry k"]
    {
        let parsed = parse_module(&module(text)).map(|module| module.kernels.len());
        assert!(parsed.is_err() || text.starts_with("/*"), "{text}");
    }
}

#[test]
fn deep_nesting_is_an_error_and_not_a_crash() {
    let error = body_error(&format!("{}{}", "{".repeat(100_000), "}".repeat(100_000)));
    assert!(error.message.contains("nested"), "{error}");
}

#[test]
fn huge_numbers_are_errors_or_cost_nothing() {
    assert!(with_body(".reg .b32 %r<4294967295>; mov.u32 %r4294967294, 1;", |_| ()).is_ok());
    assert!(parse_module(&module(".entry k(.param .b8 a[4294967295]) { ret; }")).is_ok_and(|module| {
        parse_kernel(&module, &module.kernels[0]).is_err_and(|error| error.message.contains("parameters"))
    }));
    assert!(body_error("st.u32 [16], 99999999999999999999999;").message.contains("number"));
}

const SEED: &str = "
.global .align 8 .u64 table[3] = {generic(x)+8, 5, 0xFF};
.global .b8 x[10] = {1, 2, 0xFF(x), 0xFF00(x), 0xFF0000(x), 0xFF000000(x), 0xFF00000000(x), 0xFF0000000000(x), 0xFF000000000000(x),
0xFF00000000000000(x)};
.extern .func (.param .b32 r) vprintf (.param .b64 a, .param .b64 b);
.visible .entry k(.param .u64 .ptr .global .align 4 p, .param .align 8 .b8 q[12]) .maxntid 32, 1, 1 .pragma \"a\";
{
.reg .pred %p<3>; .reg .b32 %r<9>; .reg .b64 %rd<4>;
.local .align 8 .b8 depot[16];
ts: .branchtargets L, M;
L: @!%p1 ld.global.v2.u32 {%r1, %r2}, [%rd1+-4];
{ .param .b64 a0; st.param.b64 [a0+0], %rd1; call.uni (a0), vprintf, (a0, a0); }
shfl.sync.up.b32 %r3|%p2, %r1, 0x1f, %r2, -1; brx.idx %r1, ts;
M: setp.eq.f32 %p1, 0f3F800000, 1.5e-3; bra L; ret; }
";

/// Deterministic mutations: bytes changed, removed, doubled, and pieces moved.
fn mutations(seed: &[u8], count: u64) -> impl Iterator<Item = Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("below a usize")
    };
    (0..count).map(move |_| {
        let mut bytes = seed.to_vec();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            let len = random(24).min(bytes.len() - at);
            match random(5) {
                0 => bytes[at] = b"{}[]();:,.\"/*%@!|<>+-0\n\0"[random(24)],
                1 => drop(bytes.drain(at..at + len)),
                2 => {
                    let piece = bytes[at..at + len].to_vec();
                    bytes.splice(at..at, piece);
                }
                3 => bytes.truncate(at.max(1)),
                _ => {
                    let from = random(seed.len());
                    let piece = seed[from..(from + len).min(seed.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
            if bytes.is_empty() {
                bytes.push(b'.');
            }
        }
        bytes
    })
}

#[test]
fn damaged_text_gives_errors_and_never_a_panic() {
    let seed = module(SEED);
    let (mut whole, mut refused) = (0, 0);
    for bytes in mutations(seed.as_bytes(), 20_000) {
        let Ok(text) = std::str::from_utf8(&bytes) else {
            continue;
        };
        let Ok(module) = parse_module(text) else {
            refused += 1;
            continue;
        };
        for kernel in &module.kernels {
            match parse_kernel(&module, kernel) {
                Err(_) => refused += 1,
                Ok(kernel) => {
                    whole += 1;
                    let def_uses: Vec<_> = kernel.instructions.iter().map(crate::ir::def_use).collect();
                    crate::ir::allocate(&kernel.registers, &crate::ir::control(&kernel), &def_uses);
                }
            }
        }
    }
    assert!(whole > 100 && refused > 1000, "the mutations test both sides: {whole} read, {refused} refused");
}

#[test]
fn the_seed_of_the_mutations_is_sound() {
    let text = module(SEED);
    let module = parse_module(&text).expect("it is PTX");
    assert!(parse_kernel(&module, &module.kernels[0]).is_ok());
}

#[test]
fn the_carry_flag_is_an_operand() {
    let body = ".reg .b32 %r<4>;
        add.cc.u32 %r1, %r1, %r2;
        addc.cc.u32 %r2, %r1, 0;
        addc.u32 %r3, %r1, 1;
        add.sat.s32 %r3, %r1, 1;";
    let checked = with_body(body, |kernel| {
        assert_eq!(kernel.registers[2], Width::Pred);
        let carry = || Operand::Register(Reg(2));
        let pair = |register| Operand::Pair(Box::new(Operand::Register(Reg(register))), Box::new(carry()));
        let operands: Vec<_> = kernel.instructions.iter().map(|instruction| &instruction.operands).collect();
        assert_eq!((operands[0].len(), &operands[0][0]), (3, &pair(0)));
        assert_eq!((operands[1].len(), &operands[1][0], &operands[1][3]), (4, &pair(1), &carry()));
        assert_eq!((operands[2].len(), &operands[2][0], &operands[2][3]), (4, &Operand::Register(Reg(3)), &carry()));
        assert_eq!(operands[3].len(), 3);
    });
    assert_eq!(checked, Ok(()));
}

/// Two functions, of which the kernel calls one, which calls the other with variables of the same names.
const CALLS: &str = "
.func (.param .b32 func_retval0) inner(.param .b32 inner_param_0) {
    .reg .b32 %r<3>;
    ld.param.u32 %r1, [inner_param_0];
    add.s32 %r2, %r1, 1;
    st.param.b32 [func_retval0+0], %r2;
    ret;
}
.func (.param .b32 func_retval0) outer(.param .align 8 .b8 outer_param_0[16]) {
    .reg .b32 %r<3>; .reg .pred %p<2>;
    ld.param.u32 %r1, [outer_param_0+4];
    setp.eq.u32 %p1, %r1, 0;
    @%p1 bra L;
    { .param .b32 param0; st.param.b32 [param0+0], %r1; .param .b32 retval0;
      call.uni (retval0), inner, (param0); ld.param.b32 %r1, [retval0+0]; }
    L: st.param.b32 [func_retval0+0], %r1;
    ret;
}
.entry k() {
    .reg .b32 %r<5>; .reg .pred %p<2>;
    { .param .align 8 .b8 param0[16]; st.param.v2.b32 [param0+0], {%r1, %r2}; .param .b32 retval0;
      @%p1 call.uni (retval0), outer, (param0); ld.param.b32 %r3, [retval0+0]; }
    ret;
}";

#[test]
fn calls_of_the_modules_functions_are_inlined_through_their_own_variables() {
    let text = module(CALLS);
    let module = parse_module(&text).expect("it is PTX");
    let kernel = parse_kernel(&module, &module.kernels[0]).expect("it is PTX");
    let opcodes: Vec<_> = kernel.instructions.iter().map(|instruction| instruction.opcode.text()).collect();
    let copy = ["ld.param.b32", "st.param.b32"];
    let inner = ["ld.param.u32", "add.s32", "st.param.b32", "bra"];
    let expected = [
        // The guard jumps around all of it.
        vec!["st.param.v2.b32", "bra"],
        [copy, copy].concat(),
        vec!["ld.param.u32", "setp.eq.u32", "bra", "st.param.b32"],
        // Its own result has the name of the inner one's, and is put aside until that is done.
        vec!["ld.param.b32"],
        copy.to_vec(),
        inner.to_vec(),
        copy.to_vec(),
        vec!["st.param.b32"],
        vec!["ld.param.b32", "st.param.b32", "bra"],
        copy.to_vec(),
        vec!["ld.param.b32", "ret"],
    ];
    assert_eq!(opcodes, expected.concat());
    let skip = &kernel.instructions[1];
    assert!(skip.guard.is_some_and(|guard| guard.negated));
    let Operand::Label(label) = skip.operands[0] else { panic!("a branch goes to a label") };
    assert_eq!(kernel.labels[label as usize] as usize, opcodes.len() - 2);
    let names: Vec<_> = kernel.variables.iter().map(|variable| variable.name).collect();
    assert_eq!(names, ["param0", "retval0", "outer_param_0", "inner_param_0", "func_retval0"]);
}

#[test]
fn memory_of_one_name_in_two_functions_that_run_at_once_is_an_error() {
    let function = |name: &str, body: &str| format!(".func {name}() {{ .local .b32 kept; {body} ret; }}\n");
    let functions = [function("inner", ""), function("beside", ""), function("outer", "call.uni inner;")].concat();
    for (body, is_right) in [
        ("call.uni inner; call.uni beside; call.uni inner;", true),
        ("call.uni outer;", false),
        (".local .b32 kept; call.uni inner;", false),
    ] {
        let text = module(&format!("{functions}.entry k() {{ {body} ret; }}"));
        let module = parse_module(&text).expect("it is PTX");
        let parsed = parse_kernel(&module, &module.kernels[0]);
        assert_eq!(parsed.as_ref().err().map(|error| error.message.contains("`kept`")), (!is_right).then_some(true));
    }
}

/// A kernel that calls `f0` of so many functions, of which each calls all.
fn all_call_all(count: usize) -> String {
    let calls: String = (0..count).map(|number| format!("call f{number}; ")).collect();
    let functions: String = (0..count).map(|number| format!(".func f{number}() {{ {calls} ret; }}\n")).collect();
    module(&format!("{functions}.entry k {{ call f0; ret; }}"))
}

#[test]
fn functions_that_call_each_other_have_one_body_each() {
    let length = |count: usize| {
        let text = all_call_all(count);
        let module = parse_module(&text).expect("it is PTX");
        parse_kernel(&module, &module.kernels[0]).expect("it has an end").instructions.len()
    };
    // So many for each function and so many for each call, of which there are n * n + 1: that has no third difference.
    let [one, two, three, four] = [1, 2, 3, 4].map(length);
    assert_eq!(four + 3 * two, one + 3 * three);
}

#[test]
fn thousands_of_functions_that_all_call_each_other_are_an_error() {
    let text = all_call_all(1000);
    let module = parse_module(&text).expect("it is PTX");
    let error = parse_kernel(&module, &module.kernels[0]).expect_err("it has a million calls");
    assert!(error.message.contains("instructions"), "{error}");
}

#[test]
fn a_frame_that_no_stack_has_room_for_is_an_error() {
    for len in ["600000", "4294967296", "0xffffffffffffffff"] {
        let text =
            module(&format!(".func f() {{ .local .b8 large[{len}]; call f; ret; }}\n.entry k {{ call f; ret; }}"));
        let module = parse_module(&text).expect("it is PTX");
        let error = parse_kernel(&module, &module.kernels[0]).expect_err("it is larger than local memory");
        assert!(error.message.contains("frame"), "{error}");
    }
}

#[test]
fn shared_memory_of_one_name_in_functions_of_which_one_is_gone_to_is_an_error() {
    for (name, is_right) in [("kept", false), ("another", true)] {
        let function =
            |name: &str, kept: &str, calls: &str| format!(".func {name}() {{ .shared .b32 {kept}; {calls} ret; }}\n");
        let functions = [function("itself", "kept", "call itself;"), function("outer", name, "call itself;")].concat();
        let text = module(&format!("{functions}.entry k() {{ call outer; ret; }}"));
        let module = parse_module(&text).expect("it is PTX");
        let parsed = parse_kernel(&module, &module.kernels[0]);
        assert_eq!(parsed.as_ref().err().map(|error| error.message.contains("`kept`")), (!is_right).then_some(true));
    }
}

#[test]
fn a_chain_of_calls_that_doubles_each_time_is_an_error_and_takes_no_time() {
    let mut functions = ".func f0() { }\n".to_owned();
    for number in 1..60 {
        let below = number - 1;
        functions += &format!(".func f{number}() {{ call f{below}; call f{below}; }}\n");
    }
    let text = module(&format!("{functions}.entry k {{ call f59; ret; }}"));
    let module = parse_module(&text).expect("it is PTX");
    let error = parse_kernel(&module, &module.kernels[0]).expect_err("it is 2^59 instructions long");
    assert!(error.message.contains("instructions"), "{error}");
}

#[test]
fn a_parameter_that_is_read_in_other_pieces_than_written_lies_in_memory() {
    let text = module(&CALLS.replace("ld.param.u32 %r1, [outer_param_0+4]", "ld.param.u16 %r1, [outer_param_0+4]"));
    let module = parse_module(&text).expect("it is PTX");
    let kernel = parse_kernel(&module, &module.kernels[0]).expect("it is PTX");
    assert_eq!(kernel.memory_params, ["outer_param_0"]);
}

//! Every instruction of the table: done in some form, or refused by name.

use std::collections::HashSet;

use super::*;
use crate::ptx::ast::Opcode;

const HEAD: &str = ".version 8.4\n.target sm_75\n.address_size 64\n";

/// A statement for each instruction that is done.
const DONE: &[&str] = &[
    "ld.global.u32 %r1, [%d1];",
    "ldu.global.u32 %r1, [%d1];",
    "st.global.u32 [%d1], %r1;",
    "atom.global.add.u32 %r1, [%d1], %r2;",
    "red.global.add.u32 [%d1], %r2;",
    "cp.async.cg.shared.global [%r1], [%d1], 16;",
    "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r1}, [%r2];",
    "stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r2], {%r1};",
    "add.u32 %r1, %r2, %r3;",
    "sub.u32 %r1, %r2, %r3;",
    "mul.lo.u32 %r1, %r2, %r3;",
    "mad.lo.u32 %r1, %r2, %r3, %r4;",
    "mul24.lo.u32 %r1, %r2, %r3;",
    "mad24.lo.u32 %r1, %r2, %r3, %r4;",
    "sad.u32 %r1, %r2, %r3, %r4;",
    "div.u32 %r1, %r2, %r3;",
    "rem.u32 %r1, %r2, %r3;",
    "abs.s32 %r1, %r2;",
    "neg.s32 %r1, %r2;",
    "min.u32 %r1, %r2, %r3;",
    "max.u32 %r1, %r2, %r3;",
    "fma.rn.f32 %f1, %f2, %f3, %f4;",
    "rcp.rn.f32 %f1, %f2;",
    "sqrt.rn.f32 %f1, %f2;",
    "copysign.f32 %f1, %f2, %f3;",
    "mov.u32 %r1, %r2;",
    "cvt.u32.u64 %r1, %d1;",
    "prmt.b32 %r1, %r2, %r3, %r4;",
    "set.lt.u32.u32 %r1, %r2, %r3;",
    "setp.lt.u32 %p1, %r2, %r3;",
    "selp.b32 %r1, %r2, %r3, %p1;",
    "slct.b32.s32 %r1, %r2, %r3, %r4;",
    "testp.finite.f32 %p1, %f1;",
    "L: bra L;",
    "L: T: .branchtargets L; brx.idx %r1, T;",
    ".param .b64 a; .param .b64 b; .param .b32 r; call (r), vprintf, (a, b);",
    "ret;",
    "exit;",
    "bar.sync 0;",
    "barrier.sync 0;",
    "and.b32 %r1, %r2, %r3;",
    "or.b32 %r1, %r2, %r3;",
    "xor.b32 %r1, %r2, %r3;",
    "not.b32 %r1, %r2;",
    "cnot.b32 %r1, %r2;",
    "lop3.b32 %r1, %r2, %r3, %r4, 128;",
    "shf.l.wrap.b32 %r1, %r2, %r3, %r4;",
    "shl.b32 %r1, %r2, %r3;",
    "shr.u32 %r1, %r2, %r3;",
    "popc.b32 %r1, %r2;",
    "clz.b32 %r1, %r2;",
    "bfind.u32 %r1, %r2;",
    "brev.b32 %r1, %r2;",
    "bfe.u32 %r1, %r2, %r3, %r4;",
    "bfi.b32 %r1, %r2, %r3, %r4, %r5;",
    "szext.clamp.u32 %r1, %r2, %r3;",
    "bmsk.clamp.b32 %r1, %r2, %r3;",
    "fns.b32 %r1, %r2, %r3, %r4;",
    "addc.u32 %r1, %r2, %r3;",
    "subc.u32 %r1, %r2, %r3;",
    "madc.lo.u32 %r1, %r2, %r3, %r4;",
    "dp4a.u32.u32 %r1, %r2, %r3, %r4;",
    "dp2a.lo.u32.u32 %r1, %r2, %r3, %r4;",
    "rsqrt.approx.f32 %f1, %f2;",
    "sin.approx.f32 %f1, %f2;",
    "cos.approx.f32 %f1, %f2;",
    "lg2.approx.f32 %f1, %f2;",
    "ex2.approx.f32 %f1, %f2;",
    "tanh.approx.f32 %f1, %f2;",
    "shfl.sync.bfly.b32 %r1|%p1, %r2, 1, 31, -1;",
    "vote.sync.any.pred %p1, %p2, -1;",
    "match.any.sync.b32 %r1, %r2, -1;",
    "redux.sync.add.u32 %r1, %r2, -1;",
    "activemask.b32 %r1;",
    "elect.sync %r1|%p1, -1;",
    "mapa.shared::cluster.u32 %r1, %r2, 0;",
    "getctarank.shared::cluster.u32 %r1, %r2;",
    "vadd.u32.u32.u32 %r1, %r2, %r3;",
    "vsub.u32.u32.u32 %r1, %r2, %r3;",
    "vabsdiff.u32.u32.u32 %r1, %r2, %r3;",
    "vmin.u32.u32.u32 %r1, %r2, %r3;",
    "vmax.u32.u32.u32 %r1, %r2, %r3;",
    "vshl.u32.u32.u32.wrap %r1, %r2, %r3;",
    "vshr.u32.u32.u32.wrap %r1, %r2, %r3;",
    "vmad.u32.u32.u32 %r1, %r2, %r3, %r4;",
    "vset.u32.u32.lt %r1, %r2, %r3;",
    "vadd2.u32.u32.u32 %r1, %r2, %r3, %r4;",
    "vsub2.u32.u32.u32 %r1, %r2, %r3, %r4;",
    "vavrg2.u32.u32.u32 %r1, %r2, %r3, %r4;",
    "vabsdiff2.u32.u32.u32 %r1, %r2, %r3, %r4;",
    "vmin2.u32.u32.u32 %r1, %r2, %r3, %r4;",
    "vmax2.u32.u32.u32 %r1, %r2, %r3, %r4;",
    "vset2.u32.u32.eq %r1, %r2, %r3, %r4;",
    "vadd4.u32.u32.u32 %r1, %r2, %r3, %r4;",
    "vsub4.u32.u32.u32 %r1, %r2, %r3, %r4;",
    "vavrg4.u32.u32.u32 %r1, %r2, %r3, %r4;",
    "vabsdiff4.u32.u32.u32 %r1, %r2, %r3, %r4;",
    "vmin4.u32.u32.u32 %r1, %r2, %r3, %r4;",
    "vmax4.u32.u32.u32 %r1, %r2, %r3, %r4;",
    "vset4.u32.u32.eq %r1, %r2, %r3, %r4;",
    "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r1, %r2}, {%r3}, {%f1, %f2, %f3, %f4};",
    "wmma.store.d.sync.aligned.row.m16n16k16.global.f16 [%d1], {%r1, %r2, %r3, %r4};",
    "movmatrix.sync.aligned.m8n8.trans.b16 %r1, %r2;",
    "tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%d1, {%f5, %f6}];",
    "tld4.r.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%d1, {%f5, %f6}];",
    "txq.width.b32 %r1, [%d1];",
    "suld.b.2d.v2.b32.trap {%r1, %r2}, [%d1, {%r3, %r4}];",
    "sust.b.2d.b32.trap [%d1, {%r3, %r4}], %r1;",
    "sured.b.add.2d.u32.trap [%d1, {%r3, %r4}], %r1;",
    "suq.width.b32 %r1, [%d1];",
    "cvta.to.global.u64 %d1, %d2;",
    "isspacep.shared %p1, %d1;",
    "createpolicy.fractional.L2::evict_last.b64 %d1, 0.5;",
    "membar.gl;",
    "fence.acq_rel.gpu;",
    "griddepcontrol.wait;",
    "mbarrier.arrive.b64 %d1, [%d2];",
    "prefetch.global.L1 [%d1];",
    "prefetchu.L1 [%d1];",
    "applypriority.global.L2::evict_normal [%d1], 128;",
    "discard.global.L2 [%d1], 128;",
    "stacksave.u64 %d1;",
    "stackrestore.u32 %r1;",
    "alloca.u64 %d1, %d2, 64;",
    "trap;",
    "brkpt;",
    "nanosleep.u32 %r1;",
    "pmevent 1;",
    "setmaxnreg.inc.sync.aligned.u32 32;",
];

/// Compiles a kernel of one statement, and says which instruction came first in it.
fn compile(statement: &str) -> (Option<Mnemonic>, Result<Kernel, CompileError>) {
    let text = format!(
        "{HEAD}.extern .func (.param .b32 r) vprintf (.param .b64 a, .param .b64 b);\n\
         .visible .entry k() {{\n.reg .pred %p<4>; .reg .b32 %r<8>; .reg .b64 %d<4>; .reg .f32 %f<8>;\n{statement}\n}}"
    );
    let module = ptx::parse_module(&text).expect("well-formed");
    let kernel = &module.kernels[0];
    let first = statement.split([' ', ';']).find_map(Opcode::parse);
    (first.map(Opcode::mnemonic), Kernel::compile(&module, kernel, &|_: &str| None, &CompileOptions::default()))
}

fn is_done(mnemonic: Mnemonic) -> bool {
    !matches!(mnemonic, Mnemonic::Undone(_))
}

#[test]
fn every_instruction_that_is_done_compiles() {
    let mut seen = HashSet::new();
    for statement in DONE {
        let (mnemonic, compiled) = compile(statement);
        assert_eq!(compiled.err(), None, "{statement}");
        seen.insert(format!("{:?}", mnemonic.expect("it has been parsed")));
    }
    let done = Mnemonic::ALL.iter().filter(|(_, mnemonic)| is_done(*mnemonic));
    let missing: Vec<_> = done.filter(|(_, mnemonic)| !seen.contains(&format!("{mnemonic:?}"))).collect();
    assert!(missing.is_empty(), "no statement for {missing:?}");
}

#[test]
fn an_instruction_that_is_not_done_is_refused_by_line_opcode_and_section() {
    for (name, mnemonic) in Mnemonic::ALL.iter().filter(|(_, mnemonic)| !is_done(*mnemonic)) {
        let error = compile(&format!("{name}.u32 %r1, %r2;")).1.expect_err("it is not done");
        let section = mnemonic.facts().section.title();
        assert_eq!((error.line, error.opcode), (7, format!("{name}.u32")));
        assert_eq!(error.reason, format!("not implemented (PTX ISA, {section})"));
    }
}

#[test]
fn an_unknown_instruction_is_refused_by_line_and_opcode() {
    let error = compile("@%p1 frobnicate.u32 %r1, %r2;").1.expect_err("there is none");
    assert_eq!(error.to_string(), "kernel k, line 7, frobnicate.u32: the instruction is not known");
}

/// Registers are placed by the table, and ops made by the form: they must agree.
#[test]
fn a_second_destination_that_a_form_does_not_have_is_refused() {
    let error = compile("add.u32 %r1|%r2, %r3;").1.expect_err("a sum is one value");
    assert_eq!(error.reason, "2 destinations where 1 are needed");
}

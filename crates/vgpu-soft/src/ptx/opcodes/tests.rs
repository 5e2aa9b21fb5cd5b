//! The table against itself, and against the syntax that the reference gives.

use std::collections::HashSet;

use super::*;
use crate::ptx::ast::Opcode;

/// Forms and operands as the reference's "Syntax" paragraphs have them, with one choice where they leave one, and how
/// many of the operands are set. A pair or a vector is one operand.
///
/// **Source:** PTX ISA 9.0, chapter 9.7: those paragraphs, not the table.
const SYNTAX: &[(&str, &str, usize)] = &[
    ("add.u32", "d, a, b", 1),
    ("add.cc.u32", "d, a, b", 1),
    ("madc.lo.u32", "d, a, b, c", 1),
    ("sad.u32", "d, a, b, c", 1),
    ("bfi.b32", "f, a, b, c, d", 1),
    ("fns.b32", "d, mask, base, offset", 1),
    ("dp4a.u32.s32", "d, a, b, c", 1),
    ("testp.finite.f32", "p, a", 1),
    ("copysign.f32", "d, a, b", 1),
    ("rcp.approx.ftz.f64", "d, a", 1),
    ("setp.lt.and.f32", "p|q, a, b, c", 1),
    ("slct.f32.s32", "d, a, b, c", 1),
    ("lop3.b32", "d, a, b, c, immLut", 1),
    ("lop3.or.b32", "d|p, a, b, c, immLut, q", 1),
    ("shf.l.wrap.b32", "d, a, b, c", 1),
    ("mov.b64", "{a, b}, d", 1),
    ("shfl.sync.bfly.b32", "d|p, a, b, c, membermask", 1),
    ("prmt.b32", "d, a, b, c", 1),
    ("ld.global.v4.f32", "d, [a]", 1),
    ("ldu.global.u32", "d, [a]", 1),
    ("st.global.v4.f32", "[a], b", 0),
    ("st.async.weak.mbarrier::complete_tx::bytes.b32", "[a], b, [mbar]", 0),
    ("st.bulk.weak", "[a], size, initval", 0),
    ("multimem.ld_reduce.relaxed.sys.global.add.f32", "d, [a]", 1),
    ("multimem.st.relaxed.sys.global.f32", "[a], b", 0),
    ("multimem.red.relaxed.sys.global.add.f32", "[a], b", 0),
    ("prefetch.global.L1", "[a]", 0),
    ("prefetchu.L1", "[a]", 0),
    ("applypriority.global.L2::evict_normal", "[a], size", 0),
    ("discard.global.L2", "[a], size", 0),
    ("createpolicy.fractional.L2::evict_last.b64", "cache-policy", 1),
    ("isspacep.global", "p, a", 1),
    ("cvta.to.global.u64", "p, a", 1),
    ("cvt.rn.f16x2.f32", "d, a, b", 1),
    ("cvt.pack.sat.u8.s32.b32", "d, a, b, c", 1),
    ("mapa.shared::cluster.u32", "d, a, b", 1),
    ("getctarank.shared::cluster.u32", "d, a", 1),
    ("cp.async.cg.shared.global", "[dst], [src], 16", 0),
    ("cp.async.commit_group", "", 0),
    ("cp.async.wait_group", "N", 0),
    ("cp.async.bulk.prefetch.L2.global", "[srcMem], size", 0),
    ("cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32", "[dstMem], [srcMem], size", 0),
    ("cp.async.mbarrier.arrive.b64", "[addr]", 0),
    ("tensormap.replace.tile.global_address.global.b1024.b64", "[addr], new_val", 0),
    ("tex.2d.v4.f32.f32", "d|p, [a, c]", 1),
    ("tld4.r.2d.v4.f32.f32", "d|p, [a, c]", 1),
    ("txq.width.b32", "d, [a]", 1),
    ("istypep.texref", "p, a", 1),
    ("suld.b.2d.v4.b32.trap", "d, [a, b]", 1),
    ("sust.b.2d.v4.b32.trap", "[a, b], c", 0),
    ("sured.b.add.2d.u32.trap", "[a, b], c", 0),
    ("suq.width.b32", "d, [a]", 1),
    ("bra.uni", "tgt", 0),
    ("brx.idx", "index, tlist", 0),
    ("call.uni", "(ret-param), func, (param-list)", 1),
    ("ret.uni", "", 0),
    ("exit", "", 0),
    ("bar.sync", "a, b", 0),
    ("bar.arrive", "a, b", 0),
    ("bar.red.popc.u32", "d, a, b, c", 1),
    ("bar.red.and.pred", "p, a, b, c", 1),
    ("bar.warp.sync", "membermask", 0),
    ("barrier.cta.sync.aligned", "a, b", 0),
    ("barrier.cta.red.popc.aligned.u32", "d, a, b, c", 1),
    ("barrier.cluster.arrive.release", "", 0),
    ("membar.gl", "", 0),
    ("fence.acq_rel.gpu", "", 0),
    ("fence.proxy.tensormap::generic.acquire.gpu", "[addr], size", 0),
    ("atom.global.add.u32", "d, [a], b", 1),
    ("atom.global.cas.b64", "d, [a], b, c", 1),
    ("red.global.add.u32", "[a], b", 0),
    ("red.async.relaxed.cluster.mbarrier::complete_tx::bytes.inc.u32", "[a], b, [mbar]", 0),
    ("vote.sync.ballot.b32", "d, a, membermask", 1),
    ("match.all.sync.b32", "d|p, a, membermask", 1),
    ("activemask.b32", "d", 1),
    ("redux.sync.add.u32", "dst, src, membermask", 1),
    ("griddepcontrol.wait", "", 0),
    ("elect.sync", "d|p, membermask", 1),
    ("mbarrier.init.shared.b64", "[addr], count", 0),
    ("mbarrier.inval.shared.b64", "[addr]", 0),
    ("mbarrier.expect_tx.relaxed.cta.shared::cta.b64", "[addr], txCount", 0),
    ("mbarrier.complete_tx.relaxed.cta.shared::cta.b64", "[addr], txCount", 0),
    ("mbarrier.arrive.shared.b64", "state, [addr]", 1),
    ("mbarrier.arrive.expect_tx.shared.b64", "state, [addr], txCount", 1),
    ("mbarrier.arrive_drop.expect_tx.shared.b64", "state, [addr], txCount", 1),
    ("mbarrier.test_wait.shared.b64", "waitComplete, [addr], state", 1),
    ("mbarrier.try_wait.parity.shared.b64", "waitComplete, [addr], phaseParity", 1),
    ("mbarrier.pending_count.b64", "count, state", 1),
    ("clusterlaunchcontrol.try_cancel.async.shared::cta.mbarrier::complete_tx::bytes.b128", "[addr], [mbar]", 0),
    ("clusterlaunchcontrol.query_cancel.is_canceled.pred.b128", "pred, try_cancel_response", 1),
    ("wmma.load.a.sync.aligned.row.m16n16k16.global.f16", "r, [p], stride", 1),
    ("wmma.store.d.sync.aligned.row.m16n16k16.global.f32", "[p], r, stride", 0),
    ("wmma.mma.sync.aligned.row.col.m16n16k16.f32.f32", "d, a, b, c", 1),
    ("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", "d, a, b, c", 1),
    ("ldmatrix.sync.aligned.m8n8.x4.shared.b16", "r, [p]", 1),
    ("stmatrix.sync.aligned.m8n8.x4.shared.b16", "[p], r", 0),
    ("movmatrix.sync.aligned.m8n8.trans.b16", "d, a", 1),
    ("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16", "d, a-desc, b-desc, scale-d, imm-scale-a, imm-scale-b", 1),
    ("wgmma.fence.sync.aligned", "", 0),
    ("wgmma.commit_group.sync.aligned", "", 0),
    ("tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32", "[dst], nCols", 0),
    ("tcgen05.ld.sync.aligned.32x32b.x1.b32", "r, [taddr]", 1),
    ("tcgen05.st.sync.aligned.32x32b.x1.b32", "[taddr], r", 0),
    ("tcgen05.mma.cta_group::1.kind::f16", "[d-tmem], a-desc, b-desc, idesc, enable-input-d", 0),
    ("tcgen05.wait::ld.sync.aligned", "", 0),
    ("stacksave.u64", "d", 1),
    ("stackrestore.u64", "a", 0),
    ("alloca.u64", "ptr, size, immAlign", 1),
    ("vadd.u32.u32.u32", "d, a, b", 1),
    ("vset.u32.u32.lt", "d, a, b", 1),
    ("vmad.u32.u32.u32", "d, a, b, c", 1),
    ("vavrg2.u32.u32.u32", "d, a, b, c", 1),
    ("vabsdiff4.u32.u32.u32", "d, a, b, c", 1),
    ("brkpt", "", 0),
    ("nanosleep.u32", "t", 0),
    ("pmevent", "a", 0),
    ("trap", "", 0),
    ("setmaxnreg.inc.sync.aligned.u32", "imm-reg-count", 0),
];

#[test]
fn destinations_are_those_of_the_references_syntax() {
    for (opcode, operands, destinations) in SYNTAX {
        let opcode = Opcode::parse(opcode).expect(opcode);
        let found = opcode.destination_count();
        assert_eq!(found, *destinations, "{} {operands}", opcode.text());
    }
}

/// Where a modifier decides on destinations, both answers are checked.
#[test]
fn the_syntax_shows_both_sides_of_every_instruction_that_has_two() {
    for (name, mnemonic) in Mnemonic::ALL {
        let Destinations::With(modifiers) = mnemonic.facts().destinations else { continue };
        let of = |opcode: &str| Opcode::parse(opcode).is_some_and(|opcode| opcode.mnemonic() == *mnemonic);
        let forms: Vec<_> = SYNTAX.iter().filter(|(opcode, ..)| of(opcode)).collect();
        assert!(forms.iter().any(|(.., destinations)| *destinations == 0), "{name} without a destination");
        for modifier in modifiers {
            let shows = |opcode: &str| opcode.split('.').any(|word| word == *modifier);
            assert!(forms.iter().any(|(opcode, ..)| shows(opcode)), "{name}.{modifier}");
        }
    }
}

#[test]
fn rows_are_named_as_their_variants_and_found_by_their_names() {
    let names: HashSet<_> = Mnemonic::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), Mnemonic::ALL.len(), "a name stands twice");
    for (name, mnemonic) in Mnemonic::ALL {
        let variant = format!("{mnemonic:?}").to_lowercase();
        assert!(variant.ends_with(&format!("({name})")), "{name} is {variant}");
        assert_eq!(Mnemonic::named(name), Some(*mnemonic));
    }
}

#[test]
fn names_that_are_only_alike_are_not_in_the_table() {
    for text in ["", ".", "l", "ldd.u32", "Add.u32", "add::x.u32", "vadd3.u32", "frobnicate.u32"] {
        assert_eq!(Opcode::parse(text), None, "{text}");
    }
}

/// In these the reference speaks of the warp's threads together, or they are done in steps (`atom`, `call`).
#[test]
fn lanes_see_each_other_where_the_reference_says_so() {
    let together = Mnemonic::ALL.iter().filter(|(_, mnemonic)| mnemonic.facts().lanes == Lanes::Together);
    let mut names: Vec<_> = together.map(|(name, _)| *name).collect();
    names.sort_unstable();
    let expected = [
        "atom",
        "call",
        "elect",
        "ldmatrix",
        "match",
        "mma",
        "movmatrix",
        "redux",
        "shfl",
        "stmatrix",
        "tcgen05",
        "vote",
        "wgmma",
        "wmma",
    ];
    assert_eq!(names, expected);
}

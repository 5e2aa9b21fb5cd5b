//! Tiles of 8 by 8 halves between shared memory and the registers of a warp: `ldmatrix` and `stmatrix`.

use super::differences;
use super::harness::{Random, case, compile, engines, launch_in_turns};

/// Rows of eight halves, four words each, in shared memory.
const ROWS: usize = 64;
/// Where each lane's four words begin, behind the rows.
const LANES_AT: usize = 4 * ROWS;

/// The row that a lane names.
fn row_of(lane: usize) -> usize {
    lane * 21 % ROWS
}

/// The word and the bit at which a half of a lane's register of a tile lies in memory.
fn place(tile: usize, is_transposed: bool, lane: usize, half: usize) -> (usize, usize) {
    let (row, column) = (lane / 4, lane % 4 * 2 + half);
    let (row, column) = if is_transposed { (column, row) } else { (row, column) };
    (4 * row_of(8 * tile + row) + column / 2, column % 2 * 16)
}

/// `statement` has the address of the lane's row in `%s`, in 64 bits in `%q` and generic in `%g`, and the lane's words in `%w0` to `%w3`.
fn kernel(statement: &str) -> String {
    let copy = |space_from: &str, space_to: &str, from: &str, to: &str| {
        format!(
            "ld.{space_from}.v4.b32 {{%x, %y, %z, %u}}, [{from}]; st.{space_to}.v4.b32 [{to}], {{%x, %y, %z, %u}};\n"
        )
    };
    let rows = |space_from: &str, space_to: &str, from: &str, to: &str| {
        let second = copy(space_from, space_to, &format!("{from}+512"), &format!("{to}+512"));
        copy(space_from, space_to, from, to) + &second
    };
    format!(
        ".version 8.7\n.target sm_90\n.address_size 64\n.shared .align 16 .b8 tile[{}];\n.visible .entry k(.param .u64 p)\n{{
.reg .b64 %p, %g, %q; .reg .b32 %t, %s, %x, %y, %z, %u, %mine, %w<4>;
ld.param.u64 %p, [p]; mov.u32 %t, %tid.x; mad.wide.u32 %p, %t, 16, %p;
mov.u32 %mine, tile; mad.lo.u32 %mine, %t, 16, %mine;
{}ld.global.v4.b32 {{%w0, %w1, %w2, %w3}}, [%p+{}];
bar.warp.sync -1;
mul.lo.u32 %s, %t, 21; and.b32 %s, %s, {}; mov.u64 %g, tile; mad.wide.u32 %g, %s, 16, %g; cvt.u32.u64 %s, %g;
cvta.shared.u64 %g, %g; cvt.u64.u32 %q, %s;
{statement}
bar.warp.sync -1;
{}st.global.v4.b32 [%p+{}], {{%w0, %w1, %w2, %w3}};
ret;\n}}\n",
        16 * ROWS,
        rows("global", "shared", "%p", "%mine"),
        4 * LANES_AT,
        ROWS - 1,
        rows("shared", "global", "%mine", "%p"),
        4 * LANES_AT,
    )
}

fn check(name: &str, tiles: usize, is_transposed: bool, space: &str, address: &str) {
    let trans = if is_transposed { ".trans" } else { "" };
    let form = format!("{name}.sync.aligned.m8n8.x{tiles}{trans}{space}.b16");
    if !case(&form) {
        return;
    }
    let list: Vec<String> = (0..tiles).map(|tile| format!("%w{tile}")).collect();
    let list = format!("{{{}}}", list.join(", "));
    let is_load = name == "ldmatrix";
    let statement =
        if is_load { format!("{form} {list}, [{address}];") } else { format!("{form} [{address}], {list};") };
    let text = kernel(&statement);
    let mut random = Random(6);
    let before: Vec<u32> = (0..LANES_AT + 128).map(|_| (random.next() >> 24) as u32).collect();
    let mut after = before.clone();
    for lane in 0..32 {
        for tile in 0..tiles {
            for half in 0..2 {
                let (memory, held) = (place(tile, is_transposed, lane, half), (LANES_AT + 4 * lane + tile, 16 * half));
                let (from, to) = if is_load { (memory, held) } else { (held, memory) };
                let element = before[from.0] >> from.1 & 0xffff;
                after[to.0] = after[to.0] & !(0xffff << to.1) | element << to.1;
            }
        }
    }
    for engine in engines() {
        let mut data = before.clone();
        launch_in_turns(&compile(&text, engine), 1, 32, &mut data);
        differences::note_words(&form, &[], &data, &after, engine);
    }
}

#[test]
pub(super) fn tiles_go_either_way_by_rows_or_by_columns() {
    for name in ["ldmatrix", "stmatrix"] {
        for tiles in [1, 2, 4] {
            for is_transposed in [false, true] {
                for (space, address) in [("", "%g"), (".shared", "%s"), (".shared", "%q"), (".shared::cta", "%s")] {
                    check(name, tiles, is_transposed, space, address);
                }
            }
        }
    }
}

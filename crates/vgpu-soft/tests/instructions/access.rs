//! Loads and stores in every state space, against a model that moves bytes.
//!
//! Each thread of two warps accesses its own place in an area of 1 KiB; where that is comes from a table, so that one
//! kernel meets addresses side by side, far apart, reversed, shared and scattered.

use super::differences;
use super::harness::{Kind, Random, case, compile, engines, kind, launch};

const THREADS: usize = 64;
/// The area's bytes begin behind one element of the largest kind: accesses are displaced by as much.
const DISPLACEMENT: usize = 16;
const AREA: usize = 1024;
const OFFSETS_AT: usize = DISPLACEMENT + AREA;
const VALUES_AT: usize = OFFSETS_AT + 4 * THREADS;
/// Up to four values of 8 bytes for each thread.
const VALUE_BYTES: usize = 32;
/// What shared or local memory holds in the end: a part for each thread.
const BACK_AT: usize = VALUES_AT + VALUE_BYTES * THREADS;
/// A thread's bytes in local memory, and what it brings to and from shared memory.
const LOCAL_BYTES: usize = 128;
const SHARED_BYTES: usize = AREA / THREADS;
const TOTAL: usize = BACK_AT + LOCAL_BYTES * THREADS;

/// Where the area lies while it is accessed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Global,
    Shared,
    Local,
}

/// An opcode form, taken apart.
struct Access<'f> {
    form: &'f str,
    is_store: bool,
    place: Place,
    is_generic: bool,
    elements: usize,
    r#type: &'f str,
    /// The registers of the elements.
    register: Kind,
}

impl Access<'_> {
    fn element_bytes(&self) -> usize {
        self.r#type[1..].parse::<usize>().expect("a type of some bits") / 8
    }

    fn len_bytes(&self) -> usize {
        self.elements * self.element_bytes()
    }

    fn source(&self, only_odd: bool) -> String {
        let (width, plain) = match self.register {
            Kind::B16 => (".b16", "u16"),
            Kind::B64 => (".b64", "u64"),
            _ => (".b32", "u32"),
        };
        let values: Vec<String> = (0..self.elements).map(|index| format!("%v{index}")).collect();
        let each = |op: &str| -> String {
            let line = |index: usize| {
                let at = format!("[%mine+{}]", VALUES_AT + 8 * index);
                match op {
                    "ld" => format!("ld.global.{plain} %v{index}, {at};\n"),
                    _ => format!("st.global.{plain} {at}, %v{index};\n"),
                }
            };
            (0..self.elements).map(line).collect()
        };
        // Brings 8 bytes there or back.
        let (variable, bytes, first) = match self.place {
            Place::Global => ("", 0, ""),
            Place::Shared => (".shared .align 16 .b8 tile[1040];", SHARED_BYTES, "%part"),
            Place::Local => (".local .align 16 .b8 frame[144];", LOCAL_BYTES, "%base"),
        };
        let (mut there, mut back) = (String::new(), String::new());
        for at in (0..bytes).step_by(8) {
            let place = if self.place == Place::Shared { "shared" } else { "local" };
            let personal = if self.place == Place::Local { "add.u64 %word, %word, %tid64;" } else { "" };
            let at_area = DISPLACEMENT + at;
            there += &format!(
                "ld.global.u64 %word, [{first}+{at_area}]; {personal} st.{place}.u64 [%inner+{at_area}], %word;\n"
            );
            back +=
                &format!("ld.{place}.u64 %word, [%inner+{at_area}]; st.global.u64 [%back+{}], %word;\n", BACK_AT + at);
        }
        let inner = match self.place {
            Place::Global => "mov.u64 %inner, %base; mov.u64 %generic, %base;",
            Place::Shared => {
                "mov.u64 %generic, tile; mov.u64 %inner, %generic; cvta.shared.u64 %generic, %generic;
                mul.wide.u32 %part, %t, 16; add.u64 %inner, %inner, %part; add.u64 %part, %base, %part;"
            }
            Place::Local => "mov.u64 %generic, frame; mov.u64 %inner, %generic; cvta.local.u64 %generic, %generic;",
        };
        let start = match (self.is_generic, self.place) {
            (true, _) | (_, Place::Global) => "mov.u64 %address, %generic;",
            (_, Place::Shared) => "mov.u64 %address, tile;",
            (_, Place::Local) => "mov.u64 %address, frame;",
        };
        let barrier = if self.place == Place::Shared { "bar.sync 0;" } else { "" };
        let guard = if only_odd { "@%odd " } else { "" };
        let list = if self.elements == 1 { values[0].clone() } else { format!("{{{}}}", values.join(", ")) };
        let (form, at) = (self.form, format!("[%address+{DISPLACEMENT}]"));
        let operands = if self.is_store { format!("{at}, {list}") } else { format!("{list}, {at}") };
        format!(
            ".version 8.4\n.target sm_90\n.address_size 64\n.visible .entry k(.param .u64 p)\n{{
            .reg .pred %odd; .reg .b32 %t, %offset, %x; .reg {width} %v<4>;
            .reg .b64 %base, %mine, %back, %part, %inner, %generic, %address, %word, %tid64, %offset64;
            {variable}
            ld.param.u64 %base, [p];
            mov.u32 %t, %tid.x;
            cvt.u64.u32 %tid64, %t;
            and.b32 %x, %t, 1; setp.ne.u32 %odd, %x, 0;
            mad.wide.u32 %mine, %t, 4, %base; ld.global.u32 %offset, [%mine+{OFFSETS_AT}];
            cvt.u64.u32 %offset64, %offset;
            mad.wide.u32 %mine, %t, {VALUE_BYTES}, %base;
            mad.wide.u32 %back, %t, {bytes}, %base;
            {load}{inner}\n{there}{barrier}
            {start} add.u64 %address, %address, %offset64;
            {guard}{form} {operands};
            {barrier}\n{back}{store}ret;\n}}\n",
            load = each("ld"),
            store = each("st"),
        )
    }

    /// What the kernel does to the data, by the bytes.
    fn model(&self, data: &mut [u8], only_odd: bool) {
        let (len, size) = (self.len_bytes(), self.element_bytes());
        let register_bytes = self.register.mask().count_ones() as usize / 8;
        let original = data[DISPLACEMENT..DISPLACEMENT + AREA].to_vec();
        let mut area = original.clone();
        for thread in 0..THREADS {
            if self.place == Place::Local {
                area.copy_from_slice(&original);
                for word in area.chunks_mut(8) {
                    let value = u64::from_le_bytes(word.try_into().expect("8 bytes"));
                    word.copy_from_slice(&value.wrapping_add(thread as u64).to_le_bytes());
                }
            }
            let offset = offset_of(data, thread);
            if !only_odd || thread % 2 == 1 {
                for element in 0..self.elements {
                    let value = VALUES_AT + VALUE_BYTES * thread + 8 * element;
                    let place = offset + size * element;
                    if self.is_store {
                        area[place..place + size].copy_from_slice(&data[value..value + size]);
                    } else {
                        let is_negative = self.r#type.starts_with('s') && area[place + size - 1] >= 0x80;
                        data[value..value + register_bytes].fill(if is_negative { 0xff } else { 0 });
                        data[value..value + size].copy_from_slice(&area[place..place + size]);
                    }
                }
                assert!(offset + len <= AREA, "the test's offsets are within the area");
            }
            if self.place == Place::Local {
                let back = BACK_AT + LOCAL_BYTES * thread;
                data[back..back + LOCAL_BYTES].copy_from_slice(&area[..LOCAL_BYTES]);
            }
        }
        match self.place {
            Place::Global => data[DISPLACEMENT..DISPLACEMENT + AREA].copy_from_slice(&area),
            Place::Shared => data[BACK_AT..BACK_AT + AREA].copy_from_slice(&area),
            Place::Local => {}
        }
    }

    /// Each thread's place in the area, in several ways.
    fn patterns(&self) -> Vec<Vec<usize>> {
        let len = self.len_bytes();
        let limit = if self.place == Place::Local { LOCAL_BYTES } else { AREA };
        let one = |place: &dyn Fn(usize) -> usize| (0..THREADS).map(|thread| place(thread) % limit).collect();
        let mut patterns: Vec<Vec<usize>> = vec![
            one(&|thread| thread * len),
            one(&|thread| (THREADS - 1 - thread) * len),
            one(&|thread| thread * 16),
            one(&|thread| thread * 37 % THREADS * 16 + thread * 7 % (16 / len) * len),
        ];
        if !self.is_store || self.place == Place::Local {
            patterns.push(one(&|_| 0));
            patterns.push(one(&|thread| thread / 8 * 16));
        }
        patterns
    }

    fn check(&self) {
        for (number, offsets) in self.patterns().iter().enumerate() {
            for only_odd in [false, true] {
                let mut random = Random(number as u64);
                let mut before: Vec<u8> = (0..TOTAL).map(|_| (random.next() >> 40) as u8).collect();
                for (thread, offset) in offsets.iter().enumerate() {
                    let at = OFFSETS_AT + 4 * thread;
                    before[at..at + 4].copy_from_slice(&(*offset as u32).to_le_bytes());
                }
                let mut expected = before.clone();
                self.model(&mut expected, only_odd);
                for engine in engines() {
                    let mut data: Vec<u128> = before.chunks(16).map(sixteen).collect();
                    launch(&compile(&self.source(only_odd), engine), 1, THREADS as u32, &mut data);
                    let got: Vec<u8> = data.iter().flat_map(|part| part.to_le_bytes()).collect();
                    let (form, place) = (self.form, self.place);
                    let what = format!("{form} in {place:?} memory, pattern {number}, masked: {only_odd}");
                    differences::note_words(&what, &[], &got, &expected, engine);
                }
            }
        }
    }
}

fn offset_of(data: &[u8], thread: usize) -> usize {
    let at = OFFSETS_AT + 4 * thread;
    u32::from_le_bytes(data[at..at + 4].try_into().expect("4 bytes")) as usize
}

fn sixteen(bytes: &[u8]) -> u128 {
    u128::from_le_bytes(bytes.try_into().expect("the data is a multiple of 16 bytes"))
}

/// Checks `form` with every kind of register that its type may be in, and a generic one in every place.
fn check_form(form: &str) {
    if !case(form) {
        return;
    }
    let mut words = form.split('.');
    let is_store = words.next() == Some("st");
    let (mut places, mut elements, mut r#type) = (Vec::new(), 1, "");
    for word in words {
        match word {
            "global" => places.push(Place::Global),
            "shared" => places.push(Place::Shared),
            "local" => places.push(Place::Local),
            "v2" => elements = 2,
            "v4" => elements = 4,
            _ => r#type = word,
        }
    }
    let is_generic = places.is_empty();
    if is_generic {
        places = vec![Place::Global, Place::Shared, Place::Local];
    }
    for place in places {
        let narrow = kind(r#type);
        // Small values may lie in 32-bit registers too.
        let wide = (narrow == Kind::B16).then_some(Kind::B32);
        for register in std::iter::once(narrow).chain(wide) {
            Access { form, is_store, place, is_generic, elements, r#type, register }.check();
        }
    }
}

/// `op.space` for all these types, alone and as vectors of up to 16 bytes.
fn check_all(op: &str, types: &[&str]) {
    for r#type in types {
        let bits: usize = r#type[1..].parse().expect("a type of some bits");
        check_form(&format!("{op}.{type}"));
        check_form(&format!("{op}.v2.{type}"));
        if bits <= 32 {
            check_form(&format!("{op}.v4.{type}"));
        }
    }
}

#[test]
pub(super) fn loads_extend_what_lies_there() {
    for op in ["ld.global", "ld.global.nc", "ld.shared", "ld.local", "ld"] {
        check_all(op, &["u8", "s8", "u16", "s16", "u32", "s32", "f32", "u64", "f64"]);
    }
}

#[test]
pub(super) fn stores_change_only_their_bytes() {
    for op in ["st.global", "st.shared", "st.local", "st"] {
        check_all(op, &["u8", "u16", "u32", "f32", "u64", "f64"]);
    }
}

#[test]
pub(super) fn cache_hints_and_orderings_move_the_same_bytes() {
    for op in ["ld.volatile.global", "ld.volatile.shared", "ld.volatile", "ld.acquire.gpu", "ld.relaxed.gpu", "ld.cg"] {
        check_form(&format!("{op}.u32"));
        check_form(&format!("{op}.u64"));
    }
    for op in ["st.volatile.global", "st.volatile.shared", "st.volatile", "st.release.gpu", "st.relaxed.gpu", "st.cg"] {
        check_form(&format!("{op}.u32"));
        check_form(&format!("{op}.u64"));
    }
    for op in ["ld.relaxed.gpu", "ld.cg", "st.relaxed.gpu", "st.cg"] {
        check_form(&format!("{op}.v2.u32"));
        check_form(&format!("{op}.v2.u64"));
    }
}

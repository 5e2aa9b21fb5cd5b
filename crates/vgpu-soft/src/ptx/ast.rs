//! The syntax tree of PTX, borrowed from the text it was parsed from.

use std::ops::Range;

use super::opcodes::{Destinations, Mnemonic};

/// How wide a register is. Types beyond the width do not matter to a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Width {
    /// One bit per lane.
    Pred,
    /// 8-bit types live here too.
    B16,
    B32,
    B64,
}

impl Width {
    /// Bytes of one lane's value in a register of this width (a predicate has none of its own: it is one bit of a mask).
    pub(crate) const fn lane_bytes(self) -> u32 {
        match self {
            Self::Pred => 0,
            Self::B16 => 2,
            Self::B32 => 4,
            Self::B64 => 8,
        }
    }

    /// Bytes of a whole warp's register: a 32-bit mask, or 32 values.
    pub(crate) const fn warp_bytes(self) -> u32 {
        match self {
            Self::Pred => 4,
            _ => 32 * self.lane_bytes(),
        }
    }
}

/// A virtual register: index into [`Kernel::registers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reg(pub u32);

/// State spaces that variables and addresses name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    Generic,
    Global,
    Const,
    Shared,
    Local,
    Param,
}

/// A variable with its initial bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable<'s> {
    pub name: &'s str,
    pub space: Space,
    pub align_bytes: u32,
    /// 0 for `.extern .shared x[]`: the dynamic shared memory.
    pub len_bytes: u64,
    /// Initial bytes, empty for zeroes; shorter than `len_bytes` when the rest is zero.
    pub init: Vec<u8>,
    /// Places in `init` that hold the address of another variable (plus addend), 8 bytes each; `init` has zeroes there.
    pub relocations: Vec<Relocation<'s>>,
    pub is_extern: bool,
    /// `.attribute(.managed)`
    pub is_managed: bool,
}

/// An address inside an initialiser.
#[derive(Clone, Debug, PartialEq)]
pub struct Relocation<'s> {
    pub offset_bytes: u64,
    pub symbol: &'s str,
    pub addend: i64,
    /// `generic(symbol)` rather than the address within its own space.
    pub is_generic: bool,
}

/// A translation unit, scanned but with its kernels' bodies not parsed yet.
#[derive(Clone, Debug)]
pub struct Module<'s> {
    pub source: &'s str,
    /// `.version`, major and minor.
    pub version: (u32, u32),
    /// The number of `.target sm_NN`.
    pub target: u32,
    /// Module-scope variables of every space.
    pub variables: Vec<Variable<'s>>,
    pub kernels: Vec<KernelText<'s>>,
    /// The files of `.loc`, by number.
    pub(crate) files: Vec<(u32, &'s str)>,
    /// `.func` bodies that kernels may call.
    pub functions: Vec<KernelText<'s>>,
    /// The statements that declare all of these and more, in the text's order: what a linker goes by.
    pub(crate) declarations: Vec<Declaration<'s>>,
}

/// A statement at module scope.
#[derive(Clone, Debug)]
pub(crate) struct Declaration<'s> {
    pub(crate) linkage: Linkage,
    pub(crate) declared: Declared<'s>,
    /// All of it but for the words of its linkage.
    pub(crate) text: &'s str,
}

/// Which units see a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linkage {
    /// Its own.
    Private,
    Visible,
    /// All, unless another has it without being weak.
    Weak,
    /// All, and those that have it so have one.
    Common,
    /// It is another's.
    Extern,
}

/// What a statement declares.
#[derive(Clone, Debug)]
pub(crate) enum Declared<'s> {
    Kernel {
        name: &'s str,
        has_body: bool,
    },
    Function {
        name: &'s str,
        has_body: bool,
    },
    /// Another name of a function.
    Alias {
        name: &'s str,
    },
    /// Indices in [`Module::variables`].
    Variables(Range<usize>),
    /// A texture, a surface or a sampler.
    Opaque {
        name: &'s str,
    },
}

/// Addresses of functions are counted from here: nothing else lies there.
const FUNCTION_ADDRESS_FIRST: u64 = 0x1000;
/// How far they are apart.
const FUNCTION_ADDRESS_STEP: u64 = 16;

impl Module<'_> {
    /// The number that stands for a function where its address is taken.
    pub(crate) fn function_address(&self, name: &str) -> Option<u64> {
        let index = self.functions.iter().position(|function| function.name == name)?;
        Some(FUNCTION_ADDRESS_FIRST + FUNCTION_ADDRESS_STEP * index as u64)
    }
}

/// Where a kernel's text lies.
#[derive(Clone, Copy, Debug)]
pub struct KernelText<'s> {
    pub name: &'s str,
    /// The parenthesised results of a `.func`, empty when it has none.
    pub returns: &'s str,
    /// From the `(` of the parameters (or what follows the name when there are none) to the closing `}`.
    pub text: &'s str,
    /// Line of `text`'s first byte, counted from 1.
    pub line: u32,
}

/// A kernel parameter in the packed parameter block.
#[derive(Clone, Debug, PartialEq)]
pub struct Param<'s> {
    pub name: &'s str,
    pub offset_bytes: u32,
    pub len_bytes: u32,
    pub align_bytes: u32,
    /// Of a function's `.reg` parameter: how wide it is. It is a register of that name.
    pub register: Option<Width>,
}

/// A parsed kernel.
#[derive(Clone, Debug)]
pub struct Kernel<'s> {
    pub name: &'s str,
    /// Results of a `.func`, in the same way as parameters.
    pub returns: Vec<Param<'s>>,
    pub params: Vec<Param<'s>>,
    /// The registers that are results and parameters of a `.func`, in that order, those first.
    pub param_registers: Vec<Reg>,
    /// Length of the packed parameter block.
    pub param_bytes: u32,
    /// The width of each register that is used or declared by name; numbered families count when used.
    pub registers: Vec<Width>,
    /// `.shared` and `.local` variables of the body, in order, and the `.param` variables of its call sequences: those
    /// of one name in different `{ }` are one, as long as the longest.
    pub variables: Vec<Variable<'s>>,
    /// Those of the `.param` variables that are read in other pieces than they are written in.
    pub memory_params: Vec<&'s str>,
    /// Labels are indices into this list of statement positions: label k stands before `instructions[labels[k]]`.
    pub labels: Vec<u32>,
    pub instructions: Vec<Instruction<'s>>,
    /// `.maxntid`, product; 0 when absent.
    pub max_threads: u32,
    /// `.reqntid` given.
    pub required_threads: Option<[u32; 3]>,
    pub min_blocks_per_multiprocessor: u32,
}

/// One instruction.
///
/// `call` has three operands (more when it names a prototype): the results as a [`Operand::Vector`], the callee, the
/// arguments as a `Vector`. `brx.idx` has the index and a `Vector` of labels.
///
/// The carry flag is a predicate register that the text does not name: `add.cc.u32 d, a, b` has the operands `d|carry`,
/// `a`, `b`; `addc.u32 d, a, b` has `d`, `a`, `b`, `carry`; `addc.cc` has both. The same goes for `sub` and `mad`.
///
/// So are the two ends of a thread's stack: once calls are inlined, `alloca` has the operands `end`, `size`, `alignment`, `end`,
/// `frame's end`, and what is left of `stacksave` and `stackrestore` are copies.
#[derive(Clone, Debug)]
pub struct Instruction<'s> {
    /// Line in the module's text, from 1.
    pub line: u32,
    pub guard: Option<Guard>,
    pub opcode: Opcode<'s>,
    pub operands: Vec<Operand<'s>>,
}

/// `@p` or `@!p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    pub register: Reg,
    pub negated: bool,
}

/// `ld.global.v2.f32` and the like: an instruction of the table with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opcode<'s> {
    text: &'s str,
    mnemonic: Mnemonic,
}

impl<'s> Opcode<'s> {
    /// `None` when the table has no such instruction. Modifiers may be any.
    pub(crate) fn parse(text: &'s str) -> Option<Self> {
        let mnemonic = Mnemonic::named(text.split('.').next()?)?;
        Some(Self { text, mnemonic })
    }

    /// `ld.global.v2.f32`
    pub fn text(self) -> &'s str {
        self.text
    }

    /// `ld`
    pub(crate) fn mnemonic(self) -> Mnemonic {
        self.mnemonic
    }

    /// How many of its operands, counted from the first, it sets.
    pub(crate) fn destination_count(self) -> usize {
        match self.mnemonic.facts().destinations {
            Destinations::Zero => 0,
            Destinations::One => 1,
            Destinations::With(modifiers) => usize::from(modifiers.iter().any(|modifier| self.has(modifier))),
        }
    }

    /// `global`, `v2`, `f32`
    pub(crate) fn modifiers(self) -> impl Iterator<Item = &'s str> {
        self.text.split('.').skip(1)
    }

    /// Whether one of the modifiers is `name` (`::` qualifiers are part of a modifier: `shared::cta`).
    pub fn has(self, name: &str) -> bool {
        self.modifiers().any(|m| m == name)
    }

    /// `f32`: the last modifier, which is the type for most instructions.
    pub fn last(self) -> &'s str {
        self.text.rsplit('.').next().unwrap_or("")
    }
}

/// One operand.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand<'s> {
    Register(Reg),
    /// `!p`
    Negated(Reg),
    Immediate(Immediate),
    /// `%tid.x`, without the `%`.
    Special(&'s str),
    /// A variable or function, plus bytes.
    Symbol {
        name: &'s str,
        offset: i64,
    },
    /// `[base+offset]`
    Address {
        base: AddressBase<'s>,
        offset: i64,
    },
    /// `{a, b, ...}`, and `[texture, {x, y}]`: the address first.
    Vector(Vec<Operand<'s>>),
    /// Index into [`Kernel::labels`].
    Label(u32),
    /// `d|p`
    Pair(Box<Operand<'s>>, Box<Operand<'s>>),
    /// `_`
    Sink,
}

/// A literal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Immediate {
    /// Two's complement, sign-extended to 64 bits.
    Integer(u64),
    /// The bits of `0f3F800000`.
    F32(u32),
    /// The bits of `0d3FF0000000000000`, and of `1.0`.
    F64(u64),
}

/// What an address is counted from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AddressBase<'s> {
    Register(Reg),
    Symbol(&'s str),
    /// `[16]`
    Absolute,
}

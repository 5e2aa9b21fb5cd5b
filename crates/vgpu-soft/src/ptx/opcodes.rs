//! The table of instructions: what each is called, how many destinations it has, whether its lanes see each other, and
//! where the reference describes it. Everything else about them is asked of this table, when text is parsed or lowered; the
//! table knows no syntax tree.
//!
//! A row is a variant of its family's enum, and whoever takes a family matches all of its variants: a row that nobody
//! lowers does not build, and neither does a lowering without a row. A family is what one part of the lowering does.
//! To add an instruction, write its row and follow the compiler; to do one of [`Undone`], move its row.
//!
//! **Source:** PTX ISA 9.0, chapter 9.7, "Instructions".

use Destinations::{One, With, Zero};

/// How many operands, counted from the first, an instruction sets. A pair or a vector is one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destinations {
    Zero,
    One,
    /// One with any of these modifiers, else none.
    With(&'static [&'static str]),
}

/// Whether lanes see each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lanes {
    /// A lane reads its own registers before it writes one.
    Apart,
    /// Lanes read what others had before the instruction, or memory is read and written in steps: a destination must
    /// not lie where a source does.
    Together,
}

/// A section of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Integer,
    ExtendedPrecision,
    Float,
    Comparison,
    Logic,
    DataMovement,
    Texture,
    Surface,
    ControlFlow,
    Synchronization,
    WarpMatrix,
    WarpgroupMatrix,
    TensorCore,
    Stack,
    Video,
    Miscellaneous,
}

impl Section {
    /// Its heading, which, unlike its number, stays the same from version to version.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Integer => "Integer Arithmetic Instructions",
            Self::ExtendedPrecision => "Extended-Precision Integer Arithmetic Instructions",
            Self::Float => "Floating Point Instructions",
            Self::Comparison => "Comparison and Selection Instructions",
            Self::Logic => "Logic and Shift Instructions",
            Self::DataMovement => "Data Movement and Conversion Instructions",
            Self::Texture => "Texture Instructions",
            Self::Surface => "Surface Instructions",
            Self::ControlFlow => "Control Flow Instructions",
            Self::Synchronization => "Parallel Synchronization and Communication Instructions",
            Self::WarpMatrix => "Warp Level Matrix Multiply-Accumulate Instructions",
            Self::WarpgroupMatrix => "Asynchronous Warpgroup Level Matrix Multiply-Accumulate Instructions",
            Self::TensorCore => "TensorCore 5th Generation Family Instructions",
            Self::Stack => "Stack Manipulation Instructions",
            Self::Video => "Video Instructions",
            Self::Miscellaneous => "Miscellaneous Instructions",
        }
    }
}

/// What a row says of its instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) destinations: Destinations,
    pub(crate) lanes: Lanes,
    /// Where it is described first: `add` is in the sections of integers, floats and halves.
    pub(crate) section: Section,
}

macro_rules! opcodes {
    ($(
        $(#[doc = $doc:literal])+
        $family:ident { $($variant:ident $name:literal $destinations:expr, $lanes:ident, $section:ident;)* }
    )*) => {
        /// What stands before an opcode's first dot: an instruction, by its family.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Mnemonic { $($(#[doc = $doc])+ $family($family),)* }

        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub(crate) enum $family { $($variant,)* }
        )*

        impl Mnemonic {
            /// The instruction of that name, if the table has one.
            pub(super) fn named(name: &str) -> Option<Self> {
                Some(match name { $($($name => Self::$family($family::$variant),)*)* _ => return None })
            }

            /// What the table says of it.
            pub(crate) fn facts(self) -> Facts {
                let (destinations, lanes, section) = match self {
                    $($(Self::$family($family::$variant) => ($destinations, Lanes::$lanes, Section::$section),)*)*
                };
                Facts { destinations, lanes, section }
            }

            /// Every instruction with its name, in table order.
            #[cfg(test)]
            pub(crate) const ALL: &[(&str, Self)] = &[$($(($name, Self::$family($family::$variant)),)*)*];
        }
    };
}

opcodes! {
    /// Memory of every kind.
    Access {
        Ld "ld" One, Apart, DataMovement;
        Ldu "ldu" One, Apart, DataMovement;
        St "st" Zero, Apart, DataMovement;
        Atom "atom" One, Together, Synchronization;
        Red "red" Zero, Apart, Synchronization;
        Cp "cp" Zero, Apart, DataMovement;
        Ldmatrix "ldmatrix" One, Together, WarpMatrix;
        Stmatrix "stmatrix" Zero, Together, WarpMatrix;
        Mbarrier "mbarrier" With(&["arrive", "arrive_drop", "test_wait", "try_wait", "pending_count"]), Apart, Synchronization;
    }
    /// Arithmetic of integers, floats and halves: their types tell which.
    Arithmetic {
        Add "add" One, Apart, Integer;
        Sub "sub" One, Apart, Integer;
        Mul "mul" One, Apart, Integer;
        Mad "mad" One, Apart, Integer;
        Mul24 "mul24" One, Apart, Integer;
        Mad24 "mad24" One, Apart, Integer;
        Sad "sad" One, Apart, Integer;
        Div "div" One, Apart, Integer;
        Rem "rem" One, Apart, Integer;
        Abs "abs" One, Apart, Integer;
        Neg "neg" One, Apart, Integer;
        Min "min" One, Apart, Integer;
        Max "max" One, Apart, Integer;
        Fma "fma" One, Apart, Float;
        Rcp "rcp" One, Apart, Float;
        Sqrt "sqrt" One, Apart, Float;
        Copysign "copysign" One, Apart, Float;
    }
    /// Copies and conversions of registers.
    Move {
        Mov "mov" One, Apart, DataMovement;
        Cvt "cvt" One, Apart, DataMovement;
        Prmt "prmt" One, Apart, DataMovement;
    }
    /// Comparisons, and choices by what they gave.
    Compare {
        Set "set" One, Apart, Comparison;
        Setp "setp" One, Apart, Comparison;
        Selp "selp" One, Apart, Comparison;
        Slct "slct" One, Apart, Comparison;
        Testp "testp" One, Apart, Float;
    }
    /// Where control goes, and where it waits.
    Flow {
        Bra "bra" Zero, Apart, ControlFlow;
        Brx "brx" Zero, Apart, ControlFlow;
        Call "call" One, Together, ControlFlow;
        Ret "ret" Zero, Apart, ControlFlow;
        Exit "exit" Zero, Apart, ControlFlow;
        Bar "bar" With(&["red"]), Apart, Synchronization;
        Barrier "barrier" With(&["red"]), Apart, Synchronization;
    }
    /// Bits of integers.
    Bits {
        And "and" One, Apart, Logic;
        Or "or" One, Apart, Logic;
        Xor "xor" One, Apart, Logic;
        Not "not" One, Apart, Logic;
        Cnot "cnot" One, Apart, Logic;
        Lop3 "lop3" One, Apart, Logic;
        Shf "shf" One, Apart, Logic;
        Shl "shl" One, Apart, Logic;
        Shr "shr" One, Apart, Logic;
        Popc "popc" One, Apart, Integer;
        Clz "clz" One, Apart, Integer;
        Bfind "bfind" One, Apart, Integer;
        Brev "brev" One, Apart, Integer;
        Bfe "bfe" One, Apart, Integer;
        Bfi "bfi" One, Apart, Integer;
        Szext "szext" One, Apart, Integer;
        Bmsk "bmsk" One, Apart, Integer;
        Fns "fns" One, Apart, Integer;
    }
    /// Products of packed integers.
    Dot {
        Dp4a "dp4a" One, Apart, Integer;
        Dp2a "dp2a" One, Apart, Integer;
    }
    /// Functions that are approximated.
    Approximation {
        Rsqrt "rsqrt" One, Apart, Float;
        Sin "sin" One, Apart, Float;
        Cos "cos" One, Apart, Float;
        Lg2 "lg2" One, Apart, Float;
        Ex2 "ex2" One, Apart, Float;
        Tanh "tanh" One, Apart, Float;
    }
    /// Registers of other lanes.
    Exchange {
        Shfl "shfl" One, Together, DataMovement;
        Vote "vote" One, Together, Synchronization;
        Match "match" One, Together, Synchronization;
        Redux "redux" One, Together, Synchronization;
        Elect "elect" One, Together, Synchronization;
        Activemask "activemask" One, Apart, Synchronization;
    }
    /// Matrices in the registers of a warp.
    Matrices {
        Mma "mma" One, Together, WarpMatrix;
        Wmma "wmma" With(&["load", "mma"]), Together, WarpMatrix;
        Movmatrix "movmatrix" One, Together, WarpMatrix;
    }
    /// Addresses between state spaces.
    Address {
        Cvta "cvta" One, Apart, DataMovement;
        Isspacep "isspacep" One, Apart, DataMovement;
        Mapa "mapa" One, Apart, DataMovement;
        Getctarank "getctarank" One, Apart, DataMovement;
    }
    /// What caches are to keep.
    Policy {
        Createpolicy "createpolicy" One, Apart, DataMovement;
    }
    /// Order of memory, ends by trap, and hints.
    System {
        Membar "membar" Zero, Apart, Synchronization;
        Fence "fence" Zero, Apart, Synchronization;
        Griddepcontrol "griddepcontrol" Zero, Apart, Synchronization;
        Prefetch "prefetch" Zero, Apart, DataMovement;
        Prefetchu "prefetchu" Zero, Apart, DataMovement;
        Applypriority "applypriority" Zero, Apart, DataMovement;
        Discard "discard" Zero, Apart, DataMovement;
        Trap "trap" Zero, Apart, Miscellaneous;
        Brkpt "brkpt" Zero, Apart, Miscellaneous;
        Nanosleep "nanosleep" Zero, Apart, Miscellaneous;
        Pmevent "pmevent" Zero, Apart, Miscellaneous;
        Setmaxnreg "setmaxnreg" Zero, Apart, Miscellaneous;
    }
    /// Sums with the carry flag, which the parser makes an operand.
    Carry {
        Addc "addc" One, Apart, ExtendedPrecision;
        Subc "subc" One, Apart, ExtendedPrecision;
        Madc "madc" One, Apart, ExtendedPrecision;
    }
    /// Parts of words, which selectors name that the parser makes an operand.
    Video {
        Vadd "vadd" One, Apart, Video;
        Vsub "vsub" One, Apart, Video;
        Vabsdiff "vabsdiff" One, Apart, Video;
        Vmin "vmin" One, Apart, Video;
        Vmax "vmax" One, Apart, Video;
        Vshl "vshl" One, Apart, Video;
        Vshr "vshr" One, Apart, Video;
        Vmad "vmad" One, Apart, Video;
        Vset "vset" One, Apart, Video;
        Vadd2 "vadd2" One, Apart, Video;
        Vsub2 "vsub2" One, Apart, Video;
        Vavrg2 "vavrg2" One, Apart, Video;
        Vabsdiff2 "vabsdiff2" One, Apart, Video;
        Vmin2 "vmin2" One, Apart, Video;
        Vmax2 "vmax2" One, Apart, Video;
        Vset2 "vset2" One, Apart, Video;
        Vadd4 "vadd4" One, Apart, Video;
        Vsub4 "vsub4" One, Apart, Video;
        Vavrg4 "vavrg4" One, Apart, Video;
        Vabsdiff4 "vabsdiff4" One, Apart, Video;
        Vmin4 "vmin4" One, Apart, Video;
        Vmax4 "vmax4" One, Apart, Video;
        Vset4 "vset4" One, Apart, Video;
    }
    /// The stack of a thread.
    Stack {
        Stacksave "stacksave" One, Apart, Stack;
        Stackrestore "stackrestore" Zero, Apart, Stack;
        Alloca "alloca" One, Apart, Stack;
    }
    /// Reads of textures.
    Texture {
        Tex "tex" One, Apart, Texture;
        Tld4 "tld4" One, Apart, Texture;
        Txq "txq" One, Apart, Texture;
    }
    /// Reads and writes of surfaces.
    Surface {
        Suld "suld" One, Apart, Surface;
        Sust "sust" Zero, Apart, Surface;
        Sured "sured" Zero, Apart, Surface;
        Suq "suq" One, Apart, Surface;
    }
    /// What is known and not done.
    Undone {
        Multimem "multimem" With(&["ld_reduce"]), Apart, DataMovement;
        Tensormap "tensormap" Zero, Apart, DataMovement;
        Istypep "istypep" One, Apart, Texture;
        Clusterlaunchcontrol "clusterlaunchcontrol" With(&["query_cancel"]), Apart, Synchronization;
        Wgmma "wgmma" With(&["mma_async"]), Together, WarpgroupMatrix;
        // `ld.red` has a second one, which whoever does it will have to say.
        Tcgen05 "tcgen05" With(&["ld"]), Together, TensorCore;
    }
}

impl Video {
    /// How many elements of a word it works on at once.
    pub(crate) fn elements(self) -> u32 {
        use Video::{
            Vabsdiff2, Vabsdiff4, Vadd2, Vadd4, Vavrg2, Vavrg4, Vmax2, Vmax4, Vmin2, Vmin4, Vset2, Vset4, Vsub2, Vsub4,
        };
        match self {
            Vadd2 | Vsub2 | Vavrg2 | Vabsdiff2 | Vmin2 | Vmax2 | Vset2 => 2,
            Vadd4 | Vsub4 | Vavrg4 | Vabsdiff4 | Vmin4 | Vmax4 | Vset4 => 4,
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests;

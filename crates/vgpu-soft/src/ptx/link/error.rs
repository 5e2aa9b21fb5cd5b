//! Why modules do not fit together.

use std::fmt;

/// What is wrong with a symbol. The texts are worded as those of NVIDIA's linker are, for programs and people look for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    pub(super) symbol: String,
    /// The input that has it so.
    pub(super) input: String,
    pub(super) fault: Fault,
}

/// What can be wrong. Of two inputs that disagree, it names the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Undefined,
    /// It is of the device runtime, by which kernels launch kernels.
    DeviceRuntime,
    Multiple(String),
    Size(String),
    Kind(String),
    /// It would need another name, and is a word of the language.
    Reserved,
}

impl LinkError {
    /// Whether it is for something that the software GPU does not do, rather than for the inputs.
    pub(crate) fn is_for_lack_of_support(&self) -> bool {
        self.fault == Fault::DeviceRuntime
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { symbol, input, fault } = self;
        match fault {
            Fault::Undefined => write!(f, "error   : Undefined reference to '{symbol}' in '{input}'"),
            Fault::DeviceRuntime => write!(
                f,
                "error   : Undefined reference to '{symbol}' in '{input}': kernels that launch kernels (dynamic parallelism) are not supported"
            ),
            Fault::Multiple(first) => {
                write!(f, "error   : Multiple definition of '{symbol}' in '{input}', first defined in '{first}'")
            }
            Fault::Size(first) => {
                write!(f, "error   : Size doesn't match for '{symbol}' in '{input}', first specified in '{first}'")
            }
            Fault::Kind(first) => {
                write!(f, "error   : '{symbol}' in '{input}' is of another kind than that in '{first}'")
            }
            Fault::Reserved => write!(f, "error   : '{symbol}' in '{input}' has the name of an instruction"),
        }
    }
}

impl std::error::Error for LinkError {}

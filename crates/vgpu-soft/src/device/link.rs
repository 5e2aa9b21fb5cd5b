//! Links: inputs as programs give them, to one image.

use vgpu_core::CuError;
use vgpu_core::abi::CUjitInputType as Kind;
use vgpu_core::fatbin;
use vgpu_core::host::Refusal;
use vgpu_core::wire::messages::ImageKind;

use super::module::{Scanned, contain};
use crate::image::{MAX_TEXT_BYTES, ptx_text};
use crate::objects::{self, ObjectError};
use crate::ptx;
use crate::ptx::link::{Input, LinkError, link};

/// The most PTX of all inputs together: names that are changed may make several times as much of it.
const MAX_INPUT_BYTES: usize = MAX_TEXT_BYTES / 4;
/// What an input takes besides its text.
const INPUT_BYTES: usize = 1024;

/// A link that a guest has opened.
pub(super) struct Link {
    pub(super) context: u32,
    capability: u32,
    inputs: Vec<Held>,
    input_bytes: usize,
    image: Option<String>,
}

/// An input.
struct Held {
    name: String,
    scanned: Scanned,
    is_optional: bool,
}

impl Held {
    fn input(&self) -> Input<'_> {
        Input { name: &self.name, module: self.scanned.module(), is_optional: self.is_optional }
    }
}

impl Link {
    /// A link without inputs, for a device of that capability.
    pub(super) fn new(context: u32, capability: u32) -> Self {
        Self { context, capability, inputs: Vec::new(), input_bytes: 0, image: None }
    }

    /// Adds an input.
    ///
    /// # Errors
    /// What is wrong with it: `INVALID_PTX`, `INVALID_IMAGE`; `NO_BINARY_FOR_GPU` where it has no PTX that suits the device.
    pub(super) fn add(&mut self, kind: Kind, name: &str, bytes: &[u8]) -> Result<(), Refusal> {
        if self.image.is_some() {
            return Err((CuError::INVALID_VALUE, format!("{name} comes after the link was completed")));
        }
        let added = match kind {
            Kind::CU_JIT_INPUT_PTX => self.add_image(name, ImageKind::Ptx, bytes, false),
            Kind::CU_JIT_INPUT_FATBINARY => self.add_fatbin(name, bytes, false),
            Kind::CU_JIT_INPUT_OBJECT => self.add_object(name, bytes, false),
            Kind::CU_JIT_INPUT_LIBRARY => self.add_library(name, bytes),
            Kind::CU_JIT_INPUT_CUBIN => self.add_image(name, ImageKind::Cubin, bytes, false),
            Kind::CU_JIT_INPUT_NVVM => Err((CuError::NOT_SUPPORTED, "NVVM code is not supported".to_owned())),
            Kind(other) => Err((CuError::INVALID_VALUE, format!("no kind of input has number {other}"))),
        };
        added.map_err(|(error, text)| (error, format!("{name}: {text}")))
    }

    fn add_image(&mut self, name: &str, kind: ImageKind, bytes: &[u8], is_optional: bool) -> Result<(), Refusal> {
        let text = contain("reading an input", || ptx_text(kind, bytes))?;
        let text = text.map_err(|error| (error.to_cuda(), error.to_string()))?;
        self.input_bytes = self.input_bytes.saturating_add(text.len() + INPUT_BYTES);
        if self.input_bytes > MAX_INPUT_BYTES {
            return Err((CuError::OUT_OF_MEMORY, format!("more than {MAX_INPUT_BYTES} bytes of PTX in a link")));
        }
        let scanned = Scanned::new(text)?;
        let module = scanned.module();
        if module.target > self.capability {
            let text = format!("it is for sm_{}, the device is sm_{}", module.target, self.capability);
            return Err((CuError::NO_BINARY_FOR_GPU, text));
        }
        contain("reading an input", || ptx::check_bodies(module))?
            .map_err(|error| (CuError::INVALID_PTX, error.to_string()))?;
        self.inputs.push(Held { name: name.to_owned(), scanned, is_optional });
        Ok(())
    }

    fn add_fatbin(&mut self, name: &str, bytes: &[u8], is_optional: bool) -> Result<(), Refusal> {
        let entry = fatbin::select(bytes, self.capability).map_err(|error| (error.to_cuda(), error.to_string()))?;
        self.add_image(name, ImageKind::FatbinEntry, entry.bytes(), is_optional)
    }

    fn add_object(&mut self, name: &str, bytes: &[u8], is_optional: bool) -> Result<(), Refusal> {
        for bytes in objects::fatbins(bytes).map_err(refuse_object)? {
            self.add_fatbin(name, bytes, is_optional)?;
        }
        Ok(())
    }

    /// A member that has nothing for this device is missed only by who needs something of it.
    fn add_library(&mut self, name: &str, bytes: &[u8]) -> Result<(), Refusal> {
        for (member, bytes) in objects::members(bytes).map_err(refuse_object)? {
            let name = format!("{name}:{member}");
            match self.add_object(&name, bytes, true) {
                Err((CuError::NO_BINARY_FOR_GPU, text)) => log::debug!("left out of a link: {name}: {text}"),
                added => added?,
            }
        }
        Ok(())
    }

    /// The image: PTX text with its final NUL. It is linked when it is first asked for.
    ///
    /// # Errors
    /// `INVALID_IMAGE` where the inputs do not fit together, `NOT_SUPPORTED` where they ask for what this device does not do.
    pub(super) fn image(&mut self) -> Result<&[u8], Refusal> {
        if self.image.is_none() {
            let inputs: Vec<_> = self.inputs.iter().map(Held::input).collect();
            if inputs.is_empty() {
                return Err((CuError::INVALID_IMAGE, "error   : No input files".to_owned()));
            }
            let linked = contain("linking", || link(&inputs))?;
            let mut text = linked.map_err(|errors| refuse(&errors))?;
            if text.len() > MAX_TEXT_BYTES {
                return Err((CuError::OUT_OF_MEMORY, format!("the image has more than {MAX_TEXT_BYTES} bytes")));
            }
            text.push('\0');
            self.image = Some(text);
            self.inputs.clear();
        }
        Ok(self.image.as_ref().expect("it was just made").as_bytes())
    }
}

fn refuse(errors: &[LinkError]) -> Refusal {
    let is_lack = errors.iter().all(LinkError::is_for_lack_of_support);
    let error = if is_lack { CuError::NOT_SUPPORTED } else { CuError::INVALID_IMAGE };
    (error, errors.iter().map(LinkError::to_string).collect::<Vec<_>>().join("\n"))
}

fn refuse_object(error: ObjectError) -> Refusal {
    (CuError::INVALID_IMAGE, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = ".version 8.4\n.target sm_75\n.address_size 64\n";
    const PTX: Kind = Kind::CU_JIT_INPUT_PTX;

    fn refusal(kind: Kind, bytes: &[u8]) -> Refusal {
        Link::new(1, 75).add(kind, "an input", bytes).expect_err("it is refused")
    }

    #[test]
    fn the_image_is_text_that_ends_and_stays() {
        let mut link = Link::new(1, 75);
        link.add(PTX, "a", format!("{HEAD}.visible .entry k {{ ret; }}\0").as_bytes()).expect("PTX");
        let image = link.image().expect("it is whole").to_vec();
        assert_eq!((image.last(), image.iter().filter(|byte| **byte == 0).count()), (Some(&0), 1));
        assert_eq!(link.image().expect("it stays"), image);
        let late = link.add(PTX, "b", HEAD.as_bytes()).expect_err("it comes late");
        assert_eq!(late.0, CuError::INVALID_VALUE);
    }

    #[test]
    fn nothing_is_no_image() {
        assert_eq!(Link::new(1, 75).image().expect_err("there is none").0, CuError::INVALID_IMAGE);
    }

    #[test]
    fn what_this_device_does_not_take_is_refused_by_name() {
        let (error, text) = refusal(Kind::CU_JIT_INPUT_CUBIN, b"\x7fELF");
        assert_eq!(error, CuError::NO_BINARY_FOR_GPU);
        assert!(text.contains("an input") && text.contains("SASS"), "{text}");
        assert_eq!(refusal(Kind::CU_JIT_INPUT_NVVM, b"BC").0, CuError::NOT_SUPPORTED);
        assert_eq!(refusal(Kind(6), HEAD.as_bytes()).0, CuError::INVALID_VALUE);
        let late = HEAD.replace("75", "80");
        assert_eq!(refusal(PTX, late.as_bytes()).0, CuError::NO_BINARY_FOR_GPU);
        assert_eq!(refusal(Kind::CU_JIT_INPUT_LIBRARY, b"!<arch>").0, CuError::INVALID_IMAGE);
    }

    #[test]
    fn text_without_a_body_that_can_be_read_is_no_ptx() {
        let bad = format!("{HEAD}.visible .entry k {{ addition.u32 %r, 1; }}");
        let (error, text) = refusal(PTX, bad.as_bytes());
        assert_eq!(error, CuError::INVALID_PTX);
        assert!(text.contains("an input: PTX line 4"), "{text}");
        let good = format!("{bad} .func f {{ ret; }}");
        Link::new(1, 75).add(PTX, "a", good.as_bytes()).expect("a function can be read");
    }

    #[test]
    fn kernels_that_launch_kernels_are_not_supported() {
        let mut link = Link::new(1, 75);
        let text = ".extern .func cudaLaunchDeviceV2; .visible .entry k { call cudaLaunchDeviceV2; ret; }";
        link.add(PTX, "a", format!("{HEAD}{text}").as_bytes()).expect("PTX");
        assert_eq!(link.image().expect_err("nobody has it").0, CuError::NOT_SUPPORTED);
    }
}

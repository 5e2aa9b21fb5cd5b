//! A VMM's bytes: messages of vfio-user, and accesses to the PCI function's config space and registers.
//!
//! `cargo xtask fuzz function`
#![no_main]

use libfuzzer_sys::fuzz_target;
use vgpu_core::pci::regs::{BAR0_BYTES, PAGE_OFFSET};
use vgpu_device::{CONFIG_BYTES, ConfigSpace, Effect, Identity, Registers};
use vgpud::vfio_user::message::{Access, BODY_MAX_BYTES, DATA_MAX_BYTES, HEADER_BYTES, Header, Request};

const CHANNELS: u32 = 8;
const BAR0: u32 = 0;
const CONFIG: u32 = 7;

fuzz_target!(|data: &[u8]| {
    let mut config = ConfigSpace::new(Identity::default(), 1 << 30);
    let registers = Registers { generation: 3, channels: CHANNELS };
    let mut rest = data;
    while let Some((header, after)) = rest.split_first_chunk::<HEADER_BYTES>() {
        let Ok(header) = Header::parse(header) else {
            return;
        };
        assert!(header.body_bytes <= BODY_MAX_BYTES);
        let Some((body, after)) = after.split_at_checked(header.body_bytes) else {
            return;
        };
        rest = after;
        match Request::parse(header.command, body) {
            Ok(Request::RegionRead { access }) => read(&config, &registers, access),
            Ok(Request::RegionWrite { access, data }) => {
                assert_eq!(access.count as usize, data.len());
                write(&mut config, &registers, access, data);
            }
            Ok(Request::Reset) => config.reset(),
            Ok(Request::DmaUnmap { echo }) => assert_eq!(header.reply(echo).len(), HEADER_BYTES + 24),
            Ok(_) => {}
            Err(error) => assert_eq!(header.failure(error).len(), HEADER_BYTES),
        }
        let mut identity = [0; 4];
        config.read(0, &mut identity).expect("the first bytes");
        assert_eq!(identity, [0xde, 0x10, 0x31, 0x23]);
    }
});

/// Offsets near where something is, most of the time.
fn offset(access: Access) -> u64 {
    if access.region == BAR0 && access.offset < 1 << 16 { PAGE_OFFSET - 8 + access.offset } else { access.offset }
}

fn read(config: &ConfigSpace, registers: &Registers, access: Access) {
    let mut target = vec![0xaa; access.count as usize];
    let (result, region_bytes) = match access.region {
        BAR0 => (registers.read(offset(access), &mut target), BAR0_BYTES),
        CONFIG => (config.read(offset(access), &mut target), CONFIG_BYTES as u64),
        _ => return,
    };
    let fits = offset(access).checked_add(u64::from(access.count)).is_some_and(|end| end <= region_bytes);
    assert_eq!(result.is_ok(), fits);
}

fn write(config: &mut ConfigSpace, registers: &Registers, access: Access, data: &[u8]) {
    assert!(data.len() <= DATA_MAX_BYTES);
    match access.region {
        BAR0 => {
            let Ok(effects) = registers.write(offset(access), data) else {
                return;
            };
            for effect in effects {
                if let Effect::Doorbell(channel) | Effect::Attention(channel) = effect {
                    assert!(channel < CHANNELS);
                }
            }
        }
        // Whether it fits is asked of reads.
        CONFIG => drop(config.write(offset(access), data)),
        _ => {}
    }
}

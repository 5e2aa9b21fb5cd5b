//! Several devices of one executor.

use super::*;

const OTHER: u32 = 8;
const OTHER_LEGACY: StreamSlot = 40;

/// A second device of half the memory, with a context.
fn rig() -> Rig {
    let mut rig = Rig::with(|config| {
        let ledger = Arc::new(Quota::new(MEMORY_BYTES / 2));
        config.devices.push(Identity { uuid: [2; 16], pci: (0, 2, 0), ledger });
    });
    rig.open(OTHER, 1, OTHER_LEGACY).unwrap();
    rig
}

impl Rig {
    fn open(&mut self, context: u32, device: u32, legacy_stream: StreamSlot) -> CuResult {
        let message = ContextCreate { context, device, legacy_stream, flags: 0 };
        self.run(|device, seq| device.context_create(seq, &message, &[]))
    }

    fn alloc_in(&mut self, context: u32, len_bytes: u64) -> CuResult<u64> {
        let message = MemAlloc { context, reserved: 0, len_bytes };
        self.run(|device, seq| device.mem_alloc(seq, &message, &[])).map(|answer| answer.reply.address)
    }

    fn memory_of_context(&mut self, context: u32) -> (u64, u64) {
        let message = MemInfo { context, reserved: 0 };
        let answer = self.run(|device, seq| device.mem_info(seq, &message, &[])).unwrap().reply;
        (answer.free_bytes, answer.total_bytes)
    }
}

#[test]
fn each_device_describes_itself() {
    let mut rig = rig();
    let replies = [0, 1, 2].map(|device| {
        rig.run(|soft, seq| soft.device_info(seq, &DeviceInfo { device, reserved: 0 }, &[])).unwrap().reply
    });
    assert_eq!(replies.map(|reply| reply.device_count), [2; 3]);
    assert_eq!(replies.map(|reply| reply.total_mem_bytes), [MEMORY_BYTES, MEMORY_BYTES / 2, 0]);
    assert_eq!(replies.map(|reply| (reply.pci_bus, reply.attributes[33])), [(1, 1), (2, 2), (0, 0)]);
    assert_eq!(replies[1].uuid, [2; 16]);
    assert_eq!(rig.open(9, 2, 41), Err(CuError::INVALID_DEVICE));
}

#[test]
fn memory_is_the_devices_of_its_context() {
    let mut rig = rig();
    assert_eq!(rig.alloc_in(OTHER, MEMORY_BYTES / 2 + 1), Err(CuError::OUT_OF_MEMORY));
    rig.alloc_in(OTHER, MEMORY_BYTES / 2).unwrap();
    assert_eq!((rig.memory_of_context(CONTEXT).0, rig.memory_of_context(OTHER)), (MEMORY_BYTES, (0, MEMORY_BYTES / 2)));
    rig.alloc(MEMORY_BYTES);
    rig.run(|device, seq| device.context_destroy(seq, &ContextDestroy { context: OTHER, reserved: 0 }, &[])).unwrap();
    rig.open(OTHER, 1, OTHER_LEGACY).unwrap();
    rig.alloc_in(OTHER, MEMORY_BYTES / 2).unwrap();
}

#[test]
fn copies_reach_another_device_and_kernels_do_not() {
    let mut rig = rig();
    let (here, there) = (rig.alloc(64), rig.alloc_in(OTHER, 64).unwrap());
    rig.write(FREE, here, &7_u32.to_le_bytes()).unwrap();
    let copy = Copy { stream: FREE, reserved: 0, target: there, source: here, len_bytes: 4 };
    rig.run(|device, seq| device.copy(seq, &copy, &[])).unwrap();
    rig.sync(FREE);
    assert_eq!(rig.read_u32(OTHER_LEGACY, there), 7);
    rig.slow_store(FREE, there, 9, 1);
    rig.sync(FREE);
    assert_eq!(rig.failures().iter().map(|failure| failure.0).collect::<Vec<_>>(), [CuError::ILLEGAL_ADDRESS]);
    assert_eq!(rig.read_u32(OTHER_LEGACY, there), 7);
}

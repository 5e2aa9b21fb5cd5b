//! Calls of the guest, and what waits for them.

use vgpu_core::wire::{Message, Op, Pod};

use super::*;

impl Rig {
    fn call(&mut self, stream: StreamSlot, token: u64) {
        let message = HostCall { stream, reserved: 0, token };
        self.run(|device, seq| device.host_call(seq, &message, &[])).unwrap();
    }

    /// Waits until the guest has been called so often; returns the tokens.
    fn calls(&self, count: usize) -> Vec<u64> {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut records = self.recorder.records.lock();
        while records.host_calls.len() < count {
            assert!(!self.recorder.news.wait_until(&mut records, deadline).timed_out(), "{:?}", records.host_calls);
        }
        records.host_calls.clone()
    }
}

#[test]
fn a_call_comes_after_the_work_before_it_and_holds_up_the_work_after_it() {
    let mut rig = Rig::new();
    let address = rig.alloc(4);
    rig.slow_store(FREE, address, 1, 1_000_000);
    let before = rig.seq;
    rig.call(FREE, 7);
    let call = rig.seq;
    rig.write(FREE, address, &2u32.to_le_bytes()).unwrap();
    assert_eq!(rig.calls(1), [7]);
    assert!(rig.is_retired(FREE, before) && !rig.is_retired(FREE, call));
    assert_eq!(rig.read_u32(BLOCKING, address), 1, "the write after the call waits");
    rig.device.host_calls_done(1);
    assert_eq!(rig.read_u32(FREE, address), 2);
}

#[test]
fn calls_of_several_streams_go_on_as_they_are_done() {
    let mut rig = Rig::new();
    let mut seqs = Vec::new();
    for (stream, token) in [(FREE, 1), (BLOCKING, 2), (LEGACY, 3)] {
        rig.call(stream, token);
        seqs.push((stream, rig.seq));
    }
    // The legacy stream's call waits for the blocking one's.
    assert_eq!(rig.calls(2), [1, 2]);
    rig.device.host_calls_done(1);
    assert!(rig.is_retired(FREE, seqs[0].1) && !rig.is_retired(BLOCKING, seqs[1].1));
    rig.device.host_calls_done(2);
    assert_eq!(rig.calls(3), [1, 2, 3]);
    rig.device.host_calls_done(u64::MAX);
    rig.wait(LEGACY, seqs[2].1);
}

#[test]
fn a_graph_calls_at_every_launch() {
    let mut rig = Rig::new();
    let address = rig.alloc(4);
    let call = HostCall { stream: 99, reserved: 0, token: 5 };
    let copy = CopyInline { stream: 99, reserved: 0, target: address };
    let node = |op: Op, dependency: &[u8], fixed: &[u8], tail: &[u8]| {
        let len = (16 + dependency.len() + fixed.len() + tail.len()).next_multiple_of(8) as u32;
        let count = dependency.len() as u32 / 4;
        let header = GraphNode {
            len_bytes: len,
            op: op as u16,
            reserved: 0,
            dependency_count: count,
            tail_bytes: tail.len() as u32,
        };
        let mut bytes = [header.as_bytes(), dependency, fixed, tail].concat();
        bytes.resize(len as usize, 0);
        bytes
    };
    let nodes =
        [node(HostCall::OP, &[], call.as_bytes(), &[]), node(CopyInline::OP, &[0; 4], copy.as_bytes(), &[9; 4])];
    let message = GraphCreate { context: CONTEXT, node_count: 2, blob: 0 };
    let created = rig.run(|device, seq| device.graph_create(seq, &message, &nodes.concat())).unwrap();
    let launch = GraphLaunch { graph: created.reply.graph, stream: FREE, reserved: 0 };
    for round in 1..=2 {
        rig.write(FREE, address, &[0; 4]).unwrap();
        rig.run(|device, seq| device.graph_launch(seq, &launch, &[])).unwrap();
        assert_eq!(rig.calls(round).len(), round);
        assert_eq!(rig.read_u32(BLOCKING, address), 0);
        rig.device.host_calls_done(round as u64);
        assert_eq!(rig.read_u32(FREE, address), 0x0909_0909);
    }
}

#[test]
fn the_guest_is_called_after_a_fault_too() {
    let mut rig = Rig::new();
    let wild = rig.function("wild");
    rig.launch(FREE, wild, 1, 1, &params(64, &[])).unwrap();
    rig.call(FREE, 3);
    assert_eq!(rig.calls(1), [3]);
    assert_eq!(rig.failures().len(), 1, "the fault is known before the call");
    rig.device.host_calls_done(1);
    rig.wait(FREE, rig.seq);
}

#[test]
fn a_full_queue_goes_on_although_nobody_tells_that_a_call_is_done() {
    let mut rig = Rig::new();
    // The guest answers at once. The device must find out while it waits for room.
    rig.recorder.records.lock().host_calls_done = 1;
    rig.call(FREE, 1);
    for _ in 0..10_000 {
        rig.run(|device, seq| device.marker(seq, &Marker { stream: FREE, reserved: 0 }, &[])).unwrap();
    }
    rig.wait(FREE, rig.seq);
}

#[test]
fn memory_comes_free_although_nobody_tells_that_a_call_is_done() {
    let mut rig = Rig::new();
    rig.recorder.records.lock().host_calls_done = 1;
    let all = rig.alloc(MEMORY_BYTES);
    rig.call(FREE, 1);
    rig.free(all).unwrap();
    assert!(rig.try_alloc(MEMORY_BYTES).is_ok());
}

#[test]
fn a_device_can_go_while_the_guest_is_called() {
    let mut rig = Rig::new();
    rig.call(FREE, 1);
    rig.run(|device, seq| device.marker(seq, &Marker { stream: FREE, reserved: 0 }, &[])).unwrap();
    assert_eq!(rig.calls(1), [1]);
}

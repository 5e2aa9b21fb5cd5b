//! Kernels that wait for what another stream or the host does meanwhile.

use super::*;

/// - `count_to`: waits until the word is `from`, adds one, and so on for `rounds` times, two at a time.
/// - `wait`: says that it is there, waits until a word is not 0, and says that it has seen it.
const KERNELS: &str = "
.version 7.0
.target sm_70
.address_size 64
.visible .entry count_to(.param .u64 p, .param .u32 from, .param .u32 rounds)
{
    .reg .pred %p<3>;
    .reg .b32 %r<5>;
    .reg .b64 %rd<2>;
    ld.param.u64 %rd1, [p];
    ld.param.u32 %r1, [from];
    ld.param.u32 %r2, [rounds];
$L_wait:
    ld.volatile.global.u32 %r3, [%rd1];
    setp.ne.u32 %p1, %r3, %r1;
    @%p1 bra $L_wait;
    add.u32 %r3, %r3, 1;
    st.volatile.global.u32 [%rd1], %r3;
    add.u32 %r1, %r1, 2;
    add.u32 %r2, %r2, -1;
    setp.ne.u32 %p2, %r2, 0;
    @%p2 bra $L_wait;
    ret;
}
.visible .entry wait(.param .u64 flag, .param .u64 said)
{
    .reg .pred %p<2>;
    .reg .b32 %r<2>;
    .reg .b64 %rd<3>;
    ld.param.u64 %rd1, [flag];
    ld.param.u64 %rd2, [said];
    st.volatile.global.u32 [%rd2], 1;
$L_wait:
    ld.global.u32 %r1, [%rd1];
    setp.eq.u32 %p1, %r1, 0;
    @%p1 bra $L_wait;
    st.volatile.global.u32 [%rd2], 2;
    ret;
}
";

/// By one worker and by two, with an end for what hangs.
fn rigs() -> impl Iterator<Item = Rig> {
    let rig = |threads| {
        Rig::with(|config| (config.threads, config.launch_timeout) = (threads, Some(Duration::from_secs(15))))
    };
    [1, 2].into_iter().map(rig)
}

fn kernel(rig: &mut Rig, name: &str) -> u64 {
    let module = rig.load(KERNELS).unwrap();
    rig.function_of(module, name).unwrap().function
}

fn addresses(list: &[u64]) -> Vec<u8> {
    list.iter().flat_map(|address| address.to_le_bytes()).collect()
}

fn open_stream(rig: &mut Rig, stream: StreamSlot) {
    let message = StreamCreate { context: CONTEXT, stream, flags: 1, priority: 0 };
    rig.run(|device, seq| device.stream_create(seq, &message, &[])).unwrap();
}

#[test]
fn kernels_of_two_streams_hand_a_word_to_each_other() {
    for mut rig in rigs() {
        let (function, address) = (kernel(&mut rig, "count_to"), rig.alloc(4));
        rig.launch(FREE, function, 1, 1, &params(address, &[1, 10])).unwrap();
        rig.launch(BLOCKING, function, 1, 1, &params(address, &[0, 10])).unwrap();
        rig.sync(FREE);
        rig.sync(BLOCKING);
        assert_eq!(rig.read_u32(FREE, address), 20);
        assert!(rig.failures().is_empty());
    }
}

#[test]
fn a_kernel_waits_for_a_word_of_the_host() {
    for mut rig in rigs() {
        let function = kernel(&mut rig, "wait");
        let pinned = rig.recorder.window_address() + PINNED_OFFSET;
        rig.launch(FREE, function, 1, 32, &addresses(&[pinned, pinned + 4])).unwrap();
        let end = Instant::now() + Duration::from_secs(15);
        while rig.recorder.take(PINNED_OFFSET + 4, 1) != [1] {
            assert!(Instant::now() < end, "the kernel does not begin");
        }
        rig.recorder.put(PINNED_OFFSET, &[1]);
        rig.sync(FREE);
        assert_eq!(rig.recorder.take(PINNED_OFFSET + 4, 1), [2]);
        assert!(rig.failures().is_empty());
    }
}

#[test]
fn kernels_wait_for_copies_of_another_stream() {
    // A short one, which nobody else has to make, and one of a MiB.
    for (mut rig, words) in rigs().flat_map(|rig| [(rig, 1)]).chain(rigs().map(|rig| (rig, 1 << 18))) {
        let (function, flags, said) = (kernel(&mut rig, "wait"), rig.alloc(4 << 18), rig.alloc(8));
        rig.launch(FREE, function, 1, 32, &addresses(&[flags, said])).unwrap();
        rig.launch(LEGACY, function, 1, 32, &addresses(&[flags + 4 * (words - 1), said + 4])).unwrap();
        open_stream(&mut rig, 9);
        let fill = Fill {
            stream: 9,
            element_bytes: 4,
            target: flags,
            pitch: 0,
            value: 1,
            reserved: 0,
            width: words,
            height: 1,
        };
        rig.run(|device, seq| device.fill(seq, &fill, &[])).unwrap();
        rig.sync(FREE);
        rig.sync(LEGACY);
        assert_eq!(rig.read(FREE, said, 8), [2, 0, 0, 0, 2, 0, 0, 0]);
        assert!(rig.failures().is_empty());
    }
}

#[test]
fn more_kernels_than_workers_wait_for_one_that_comes_last() {
    for mut rig in rigs() {
        let (function, flag, said) = (kernel(&mut rig, "wait"), rig.alloc(4), rig.alloc(4));
        let streams = 10..16;
        for stream in streams.clone() {
            open_stream(&mut rig, stream);
            rig.launch(stream, function, 2, 64, &addresses(&[flag, said])).unwrap();
        }
        rig.slow_store(BLOCKING, flag, 1, 100_000);
        streams.for_each(|stream| rig.sync(stream));
        assert_eq!(rig.read_u32(FREE, said), 2);
        assert!(rig.failures().is_empty());
    }
}

#[test]
fn a_grid_that_fits_the_multiprocessors_meets_without_being_cooperative() {
    for mut rig in rigs() {
        let module = rig.load(super::launches::MEET).unwrap();
        let (function, address) = (rig.function_of(module, "meet").unwrap().function, rig.alloc(4));
        let blocks = rig
            .run(|device, seq| {
                let message =
                    Occupancy { function, block_threads: 256, dynamic_shared_bytes: 0, flags: 0, reserved: 0 };
                device.occupancy(seq, &message, &[])
            })
            .unwrap()
            .reply
            .blocks;
        // By default there are eight multiprocessors.
        let threads = blocks * 8 * 256;
        rig.launch(FREE, function, blocks * 8, 256, &params(address, &[threads])).unwrap();
        assert_eq!(rig.read_u32(FREE, address), threads);
        assert!(rig.failures().is_empty());
    }
}

#[test]
fn kernels_that_wait_leave_a_worker_to_others() {
    let mut rig = Rig::with(|config| config.threads = 1);
    let (function, address) = (kernel(&mut rig, "wait"), rig.alloc(16));
    rig.launch(FREE, function, 200, 64, &addresses(&[address, address + 4])).unwrap();
    let waiting = rig.seq;
    for value in 1..=20 {
        rig.slow_store(BLOCKING, address + 8, value, 1000);
    }
    rig.sync(BLOCKING);
    assert!(!rig.is_retired(FREE, waiting));
    rig.write(BLOCKING, address, &[1; 4]).unwrap();
    rig.sync(FREE);
    assert_eq!(rig.read(FREE, address + 4, 8), [2, 0, 0, 0, 20, 0, 0, 0]);
}

#[test]
fn as_many_kernels_are_under_way_as_grids_may_be_resident() {
    let mut rig = Rig::with(|config| config.threads = 2);
    let (function, flag, said) = (kernel(&mut rig, "wait"), rig.alloc(4), rig.alloc(4 * 140));
    let streams = 10..150;
    for (index, stream) in streams.clone().enumerate() {
        open_stream(&mut rig, stream);
        rig.launch(stream, function, 1, 32, &addresses(&[flag, said + 4 * index as u64])).unwrap();
    }
    let begun = |rig: &mut Rig| rig.read(FREE, said, 4 * 140).iter().filter(|&&byte| byte == 1).count();
    let end = Instant::now() + Duration::from_secs(20);
    while begun(&mut rig) < 128 {
        assert!(Instant::now() < end, "the kernels do not begin");
    }
    std::thread::sleep(Duration::from_millis(50));
    // By NVIDIA's table of compute capabilities.
    assert_eq!(begun(&mut rig), 128);
    rig.write(FREE, flag, &[1; 4]).unwrap();
    streams.for_each(|stream| rig.sync(stream));
    assert_eq!(rig.read(FREE, said, 4 * 140), [2, 0, 0, 0].repeat(140));
}

#[test]
fn kernels_do_not_wait_for_one_that_has_failed() {
    for mut rig in rigs() {
        let (function, wild, address) = (kernel(&mut rig, "wait"), rig.function("wild"), rig.alloc(8));
        for stream in 10..14 {
            open_stream(&mut rig, stream);
            rig.launch(stream, function, 3, 64, &addresses(&[address, address + 4])).unwrap();
        }
        rig.launch(FREE, wild, 1, 1, &params(0x1000, &[])).unwrap();
        rig.sync(FREE);
        (10..14).for_each(|stream| rig.sync(stream));
        let codes: Vec<CuError> = rig.failures().into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes, [CuError::ILLEGAL_ADDRESS]);
    }
}

#[test]
fn a_device_that_is_dropped_leaves_blocks_that_are_set_aside() {
    for mut rig in rigs() {
        let (function, address) = (kernel(&mut rig, "wait"), rig.alloc(8));
        for stream in 10..15 {
            open_stream(&mut rig, stream);
            rig.launch(stream, function, 300, 64, &addresses(&[address, address + 4])).unwrap();
        }
        std::thread::sleep(Duration::from_millis(100));
        let start = Instant::now();
        drop(rig);
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn all_kernels_that_wait_for_nothing_that_comes_end_at_their_time() {
    let mut rig = Rig::with(|config| {
        (config.threads, config.launch_timeout) = (1, Some(Duration::from_millis(100)));
    });
    let (function, address) = (kernel(&mut rig, "wait"), rig.alloc(8));
    rig.launch(FREE, function, 40, 64, &addresses(&[address, address + 4])).unwrap();
    rig.launch(BLOCKING, function, 1, 64, &addresses(&[address, address + 4])).unwrap();
    rig.sync(FREE);
    rig.sync(BLOCKING);
    assert_eq!(rig.failures()[0].0, CuError::LAUNCH_TIMEOUT);
}

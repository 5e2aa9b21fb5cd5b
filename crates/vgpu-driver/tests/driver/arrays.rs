//! Arrays, textures and surfaces.

use vgpu_core::CuResult;
use vgpu_core::wire::Op;
use vgpu_core::wire::messages::*;

use crate::cases::{Case, SERVED, apart, record};
use crate::guest::{CONTEXT, Guest, STREAM};

/// Four rows of eight texels of one byte, for surfaces, too.
const SHAPE: ArrayShape = ArrayShape { width: 8, height: 4, depth: 0, format: 1, channels: 1, flags: 2, reserved: 0 };

fn create(guest: &mut Guest, levels: u32) -> CuResult<u64> {
    Ok(guest.call(ArrayCreate { context: CONTEXT, levels, shape: SHAPE }, &[])?.reply.array)
}

fn resource(kind: u32, place: u64) -> Resource {
    Resource { kind, format: 1, channels: 1, reserved: 0, place, width: 64, height: 0, pitch: 0 }
}

fn texture(guest: &mut Guest, resource: Resource) -> CuResult<u64> {
    let sampling = Sampling {
        address_modes: [1; 3],
        filter: 1,
        flags: 2,
        max_anisotropy: 0,
        level_filter: 0,
        level_bias: 0,
        level_min: 0,
        level_max: 0,
        border: [0; 4],
    };
    let view = TextureView {
        is_there: 0,
        format: 0,
        width: 0,
        height: 0,
        depth: 0,
        first_level: 0,
        last_level: 0,
        first_layer: 0,
        last_layer: 0,
    };
    let message = TextureCreate { context: CONTEXT, reserved: 0, resource, sampling, view };
    Ok(guest.call(message, &[])?.reply.texture)
}

fn surface(guest: &mut Guest) -> CuResult<u64> {
    let array = create(guest, 0)?;
    Ok(guest.call(SurfaceCreate { context: CONTEXT, reserved: 0, array }, &[])?.reply.surface)
}

/// What each message comes to. What ends something leaves it to the reaper.
pub(crate) fn case(op: Op) -> Case {
    match op {
        Op::ArrayCreate => apart(
            |guest| {
                create(guest, 0)?;
                create(guest, 2).map(drop)
            },
            &["cuArray3DCreate_v2(8x4x0 of 1 1, 2) -> array1", "cuMipmappedArrayCreate(8x4x0 of 1 1, 2, 2) -> array2"],
        ),
        Op::ArrayLevel => Case {
            before: |guest| guest.graph = create(guest, 2).expect(SERVED),
            ..apart(
                |guest| guest.call(ArrayLevel { array: guest.graph, level: 1, reserved: 0 }, &[]).map(drop),
                &["cuMipmappedArrayGetLevel(array1, 1)"],
            )
        },
        Op::ArrayDestroy => Case {
            before: |guest| guest.graph = create(guest, 0).expect(SERVED),
            ..apart(|guest| guest.post(ArrayDestroy { array: guest.graph }), &[])
        },
        Op::CopyArray => Case {
            before: |guest| guest.graph = create(guest, 0).expect(SERVED),
            ..record(
                |guest| {
                    let target = BoxEnd { place: guest.graph, pitch: 0, slice_pitch: 0, at: [2, 1, 0] };
                    let source = BoxEnd { place: guest.memory, pitch: 16, slice_pitch: 0, at: [0; 3] };
                    let ends = TARGET_IN_ARRAY;
                    guest.post(CopyArray { stream: STREAM, ends, target, source, width_bytes: 6, height: 3, depth: 1 })
                },
                &[
                    "cuMemcpy3DAsync_v2(6x3x1 array1+258 256/8 <- memory1 16/3, stream1)",
                    "cuEventRecord(point, stream1)",
                ],
            )
        },
        Op::TextureCreate => Case {
            before: |guest| guest.graph = create(guest, 0).expect(SERVED),
            ..apart(
                |guest| {
                    texture(guest, resource(0, guest.graph))?;
                    texture(guest, resource(2, guest.memory)).map(drop)
                },
                &[
                    "cuTexObjectCreate(array1, 1, 2, 0) -> texture1",
                    "cuTexObjectCreate(memory1 64 bytes, 1, 2, 0) -> texture2",
                ],
            )
        },
        Op::TextureDestroy => Case {
            before: |guest| guest.graph = texture(guest, resource(2, guest.memory)).expect(SERVED),
            ..apart(|guest| guest.post(TextureDestroy { texture: guest.graph }), &[])
        },
        Op::SurfaceCreate => apart(
            |guest| surface(guest).map(drop),
            &["cuArray3DCreate_v2(8x4x0 of 1 1, 2) -> array1", "cuSurfObjectCreate(array1) -> surface1"],
        ),
        Op::SurfaceDestroy => Case {
            before: |guest| guest.graph = surface(guest).expect(SERVED),
            ..apart(|guest| guest.post(SurfaceDestroy { surface: guest.graph }), &[])
        },
        other => panic!("{other:?} is not about arrays"),
    }
}

"""Taichi on its CUDA backend: its start, kernels over fields, atomics, reductions and structures."""

import unittest

import numpy as np
import taichi as ti


class Sample(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ti.init(arch=ti.cuda, log_level=ti.ERROR, offline_cache=False)

    def test_it_starts_on_cuda(self):
        self.assertEqual(ti.lang.impl.current_cfg().arch, ti.cuda)

    def test_a_kernel_over_a_field(self):
        field = ti.field(ti.f32, shape=(30, 40))

        @ti.kernel
        def fill():
            for i, j in field:
                field[i, j] = ti.sin(i * 0.1) * j

        fill()
        i, j = np.mgrid[0:30, 0:40]
        np.testing.assert_allclose(field.to_numpy(), np.sin(i * np.float32(0.1)) * j, rtol=1e-4, atol=1e-5)

    def test_sums(self):
        total = ti.field(ti.i32, shape=())

        @ti.kernel
        def add(count: ti.i32):
            for i in range(count):
                total[None] += i

        add(5000)
        self.assertEqual(total[None], 5000 * 4999 // 2)

    def test_arrays_of_numpy(self):
        @ti.kernel
        def double(values: ti.types.ndarray()):
            for i in range(values.shape[0]):
                values[i] = values[i] * 2 + 1

        values = np.arange(100, dtype=np.float64)
        double(values)
        np.testing.assert_array_equal(values, np.arange(100) * 2 + 1)

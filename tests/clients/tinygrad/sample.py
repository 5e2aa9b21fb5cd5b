"""tinygrad on its CUDA device, held against numpy: functions, types, products, reductions, indexing, training, graphs."""

import os
import unittest

import numpy as np
import nvidia.cuda_runtime

# Where its kernels' headers are; tinygrad reads it when it is imported.
os.environ.setdefault("CUDA_PATH", list(nvidia.cuda_runtime.__path__)[0])

from tinygrad import Context, Device, Tensor, TinyJit, dtypes, nn

RANDOM = np.random.default_rng(7)
VALUES = (RANDOM.random((31, 45)) + 0.1).astype(np.float32)


class Sample(unittest.TestCase):
    def same(self, tensor, wanted, tolerance=1e-4):
        np.testing.assert_allclose(tensor.numpy(), wanted, rtol=tolerance, atol=tolerance)

    def test_the_device_is_cuda(self):
        self.assertEqual(Device.DEFAULT, "CUDA")

    def test_functions(self):
        wanted = {
            "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "sqrt": np.sqrt, "tanh": np.tanh, "exp2": np.exp2, "floor": np.floor,
            "ceil": np.ceil, "abs": np.abs, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "relu": lambda x: np.maximum(x, 0),
        }
        for name, function in wanted.items():
            with self.subTest(name):
                x = VALUES * 4 - 2 if name in ("sin", "cos", "tanh", "floor", "ceil", "abs", "sigmoid", "relu") else VALUES
                self.same(getattr(Tensor(x), name)(), function(x), 1e-3)

    def test_large_arguments_of_sine(self):
        x = VALUES * np.float32(1e5)
        self.same(Tensor(x).sin(), np.sin(x.astype(np.float64)), 1e-2)

    def test_types(self):
        for name in ("float16", "float64", "int8", "uint8", "int32", "int64", "bool"):
            with self.subTest(name):
                self.same(Tensor(VALUES * 10).cast(getattr(dtypes, name)).float(), (VALUES * 10).astype(name).astype(np.float32), 2e-3)

    def test_products(self):
        self.same(Tensor(VALUES) @ Tensor(VALUES).T, VALUES @ VALUES.T, 1e-3)
        self.same((Tensor(VALUES).half() @ Tensor(VALUES).half().T).float(), VALUES @ VALUES.T, 5e-2)

    def test_convolution(self):
        image, kernel = (RANDOM.random(shape).astype(np.float32) for shape in ((1, 3, 12, 12), (4, 3, 3, 3)))
        wanted = np.zeros((1, 4, 10, 10), np.float32)
        for y in range(10):
            for x in range(10):
                wanted[0, :, y, x] = (kernel * image[0, :, y:y + 3, x:x + 3]).sum(axis=(1, 2, 3))
        self.same(Tensor(image).conv2d(Tensor(kernel)), wanted, 1e-3)

    def test_reductions(self):
        x = Tensor(VALUES)
        self.same(x.sum(0), VALUES.sum(0), 1e-3)
        self.same(x.max(1), VALUES.max(1))
        self.same(x.softmax().sum(1), np.ones(31))
        self.same(x.cumsum(1), VALUES.cumsum(1), 1e-3)
        np.testing.assert_array_equal(x.argmax(1).numpy(), VALUES.argmax(1))

    def test_order_and_indices(self):
        x = Tensor(VALUES)
        self.same(x.sort()[0], np.sort(VALUES, 1))
        self.same(x[Tensor([3, 1, 30])], VALUES[[3, 1, 30]])
        self.same(x.permute(1, 0)[::2, 3:9], VALUES.T[::2, 3:9])

    def test_random_numbers(self):
        Tensor.manual_seed(1)
        numbers = Tensor.randn(20000).numpy()
        self.assertLess(abs(numbers.mean()), 0.05)
        self.assertLess(abs(numbers.std() - 1), 0.05)

    def test_training_lowers_the_loss(self):
        Tensor.manual_seed(0)
        first, second = nn.Linear(16, 32), nn.Linear(32, 4)
        optimizer = nn.optim.SGD(nn.state.get_parameters([first, second]), lr=0.1)
        x, y = Tensor(RANDOM.standard_normal((64, 16)).astype(np.float32)), Tensor(RANDOM.integers(0, 4, 64))
        losses = []
        with Context(TRAINING=1):
            for _ in range(8):
                loss = second(first(x).relu()).sparse_categorical_crossentropy(y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
        self.assertLess(losses[-1], losses[0] * 0.95)

    def test_graphs_are_run_again(self):
        @TinyJit
        def step(x):
            return (x * 2 + 1).sqrt().realize()

        for number in range(5):
            self.same(step(Tensor([float(number), 4.0]).realize()), np.sqrt([2 * number + 1, 9.0]))

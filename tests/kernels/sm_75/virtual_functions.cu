// Objects with virtual functions, made on the device: calls by tables, through several levels, of several bases, and destructors.
#include "../check.h"

struct Shape {
    __host__ __device__ virtual ~Shape() {}
    __host__ __device__ virtual int area() const = 0;
    __host__ __device__ virtual int corners() const {
        return 0;
    }
};

struct Named {
    int name;
    __host__ __device__ explicit Named(int name) : name(name) {}
    __host__ __device__ virtual int code() const {
        return name;
    }
};

struct Rectangle : Shape, Named {
    int width, height;
    __host__ __device__ Rectangle(int width, int height) : Named(1000), width(width), height(height) {}
    __host__ __device__ int area() const override {
        return width * height;
    }
    __host__ __device__ int corners() const override {
        return 4;
    }
};

struct Square final : Rectangle {
    __host__ __device__ explicit Square(int side) : Rectangle(side, side) {}
    __host__ __device__ int code() const override {
        return 2000 + width;
    }
};

struct Dot : Shape {
    int *destroyed;
    __host__ __device__ explicit Dot(int *destroyed) : destroyed(destroyed) {}
    __host__ __device__ ~Dot() override {
        ++*destroyed;
    }
    __host__ __device__ int area() const override {
        return 0;
    }
};

/// A number that says which functions were called.
__host__ __device__ int described(const Shape *shape, const Named *named) {
    return shape->area() * 10 + shape->corners() + (named ? named->code() * 100000 : 0);
}

__host__ __device__ int of(int index, int *destroyed) {
    Rectangle rectangle(index, 3);
    Square square(index);
    Dot dot(destroyed);
    const Shape *shapes[] = {&rectangle, &square, &dot};
    const Named *names[] = {&rectangle, &square, nullptr};
    return described(shapes[index % 3], names[index % 3]);
}

__global__ void describe(int *results, int *destroyed) {
    int index = threadIdx.x;
    results[index] = of(index, &destroyed[index]);
}

__global__ void make(Shape **shapes, int *destroyed) {
    shapes[0] = new Square(7);
    shapes[1] = new Dot(destroyed);
}

/// Another kernel calls what the first one made.
__global__ void use(Shape **shapes, int *results) {
    for (int index = 0; index < 2; index++) {
        results[index] = shapes[index]->area() + shapes[index]->corners();
        delete shapes[index];
    }
}

int main() {
    check::Device<int> results(96), destroyed(96);
    describe<<<1, 96>>>(results, destroyed);
    std::vector<int> wanted(96), wanted_destroyed(96);
    for (int index = 0; index < 96; index++)
        wanted[index] = of(index, &wanted_destroyed[index]);
    check::equal("described", results.read(), wanted);
    check::equal("destroyed", destroyed.read(), wanted_destroyed);

    check::Device<Shape *> shapes(2);
    check::Device<int> sums(2), ended(1);
    make<<<1, 1>>>(shapes, ended);
    use<<<1, 1>>>(shapes, sums);
    check::equal("of another kernel", sums.read(), {53, 0});
    check::equal("ended", ended.read(), {1});
    return check::status();
}

// What the two files of the program share.
#pragma once

extern __device__ int shared_number;
extern __constant__ int constants[4];

__device__ int twice(int x);
__device__ int by_table(int which, int x);
__device__ int calls_back(int x);
__device__ int of_the_other();
__device__ int called_back(int x);

struct Counter {
    int count = 0;
    __device__ int add(int x);
};

void launch_other(int *result);

// The words of CUDA that the kernels use, for a C++ compiler: every thread of every block in turn.
// The arguments of a launch come as CUDA's driver takes them, an address for each.
#include <cmath>
#include <cstring>
#include <utility>

#define __global__
#define __device__
struct Dim { unsigned x, y, z; };
static Dim blockIdx, blockDim, threadIdx;
static int atomicAdd(int *at, int value) { int before = *at; *at += value; return before; }
using std::floor;
using std::rint;

template <auto kernel, class... Arguments, size_t... at>
static void run(
    void (*)(Arguments...), std::index_sequence<at...>, unsigned blocks, unsigned pictures,
    unsigned threads, void **arguments)
{
    blockDim = {threads, 1, 1};
    for (blockIdx.y = 0; blockIdx.y < pictures; blockIdx.y++)
        for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++)
            for (threadIdx.x = 0; threadIdx.x < threads; threadIdx.x++)
                kernel(*(Arguments *)arguments[at]...);
}

template <auto kernel, class... Arguments>
static void run(
    void (*like)(Arguments...), unsigned blocks, unsigned pictures, unsigned threads, void **arguments)
{
    run<kernel>(like, std::index_sequence_for<Arguments...>(), blocks, pictures, threads, arguments);
}

#define KERNEL(name)                                                                               \
    if (!strcmp(wanted, #name)) {                                                                  \
        run<name>(name, blocks, pictures, threads, arguments);                                     \
        return 0;                                                                                  \
    }

// What all kernels share. The files of this folder are compiled together, as one text.
//
// No kernel has a barrier, shared memory or a word of a warp: steps that wait for each other are
// launches of their own. So the same text runs on a CPU, thread after thread, and gives the same
// bits: products are never fused with sums (--fmad=false), and e^x is computed here.

__device__ static inline int item() { return (int)(blockIdx.x * blockDim.x + threadIdx.x); }

__device__ static inline int within(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

__device__ static inline float least_of(float one, float other) { return one < other ? one : other; }

__device__ static inline float most_of(float one, float other) { return one > other ? one : other; }

// e^value by additions and products in double only, so that every processor gives the same bits.
// The Taylor series of the remainder, at most ln(2)/2, is exact to 2e-13.
__device__ static float exponential(float value)
{
    double x = value;
    if (!(x == x))
        return value;
    x = x < -150.0 ? -150.0 : x > 100.0 ? 100.0 : x;
    double power = rint(x * 1.4426950408889634);
    double rest = (x - power * 0.6931471803691238) - power * 1.9082149292705877e-10;
    double sum = 1.0;
    for (int n = 11; n > 0; n--)
        sum = 1.0 + sum * rest / n;
    union { long long bits; double number; } two;
    two.bits = ((long long)power + 1023) << 52;
    return (float)(sum * two.number);
}

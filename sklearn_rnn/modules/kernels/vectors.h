// As many numbers at once as a register holds, and what is computed of them.

#pragma once

#include <cstdint>
#include <vector>

#if defined(__AVX512F__)
constexpr int WIDTH = 16, ACCUMULATORS = 24;  // of 32 registers
#elif defined(__AVX__)
constexpr int WIDTH = 8, ACCUMULATORS = 12;  // of 16
#else
constexpr int WIDTH = 4, ACCUMULATORS = 12;
#endif

typedef float Vec __attribute__((vector_size(WIDTH * 4), aligned(4)));
typedef int32_t Int __attribute__((vector_size(WIDTH * 4), aligned(4)));

namespace {

// Zeros in whole vectors that lie as registers want them: a vector across two lines of the cache
// takes twice as long to read.
class Aligned {
  struct alignas(WIDTH * 4) Lanes {
    float lane[WIDTH] = {};
  };
  std::vector<Lanes> data;

 public:
  explicit Aligned(int64_t size) : data(size / WIDTH) {}
  float *at(int64_t place) { return data[0].lane + place; }
  const float *at(int64_t place) const { return data[0].lane + place; }
};

inline int64_t whole(int64_t n) { return (n + WIDTH - 1) / WIDTH * WIDTH; }  // in whole vectors

inline Vec load(const float *from) { return *(const Vec *)from; }
inline void store(float *to, Vec v) { *(Vec *)to = v; }
// Less a zero, since the compiler must not leave out the sum with one, for the sake of -0.
inline Vec all(float x) { return x - Vec{}; }

// exp(x) = 2^n e^r with |r| <= ln(2) / 2, and the Taylor polynomial of e^r. NaN stays NaN.
inline Vec exp(Vec x) {
  x = x > 87.0f ? all(87.0f) : x;
  x = x < -87.0f ? all(-87.0f) : x;
  const float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  Vec n = x * 1.44269504f + shift;
  const Int exponent = (Int)n << 23;
  n -= shift;
  const Vec r = x - n * 0.693359375f + n * 2.12194440e-4f;  // ln(2) in two parts
  Vec p = all(1.0f / 5040);
  for (float c : {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 1.0f / 2, 1.0f, 1.0f}) p = p * r + c;
  return (Vec)((Int)p + exponent);
}

// log(x) of normal numbers: that of 2^n m with m around 1, and a polynomial of log(m) from Cephes.
// NaN stays NaN.
inline Vec log(Vec x) {
  Int bits = (Int)x - 0x3f3504f3;  // of sqrt(1/2), below which m would be
  const Int exponent = bits >> 23;
  const Vec m = (Vec)((bits & 0x7fffff) + 0x3f3504f3) - 1.0f, square = m * m;
  Vec p = all(7.0376836292e-2f);
  for (float c : {-1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                  -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f})
    p = p * m + c;
  const Vec n = __builtin_convertvector(exponent, Vec);
  const Vec log = p * m * square - 0.5f * square + m + n * 0.69314718f;
  return x != x ? x : log;
}

inline Vec sigmoid(Vec x) { return 1.0f / (1.0f + exp(-x)); }
inline Vec tanh(Vec x) { return 2.0f * sigmoid(2.0f * x) - 1.0f; }

}  // namespace

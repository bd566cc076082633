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

inline Vec sigmoid(Vec x) { return 1.0f / (1.0f + exp(-x)); }
inline Vec tanh(Vec x) { return 2.0f * sigmoid(2.0f * x) - 1.0f; }

}  // namespace

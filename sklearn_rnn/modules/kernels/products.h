// Products of a few rows with a matrix that stays the same.

#pragma once

#include "vectors.h"

namespace {

// A matrix as panels of V vectors of columns, each read from front to back.
template <int V>
struct Panels {
  int64_t depth;
  Aligned data;

  // Of zeros, to be filled.
  Panels(int64_t n_panels, int64_t depth) : depth(depth), data(n_panels * depth * V * WIDTH) {}

  // `element(panel, vector, lane, row)` gives the matrix.
  template <class Element>
  Panels(int64_t n_panels, int64_t depth, Element element)
      : depth(depth), data(n_panels * depth * V * WIDTH) {
    float *to = data.at(0);
    for (int64_t panel = 0; panel < n_panels; panel++)
      for (int64_t k = 0; k < depth; k++)
        for (int v = 0; v < V; v++)
          for (int lane = 0; lane < WIDTH; lane++) *to++ = element(panel, v, lane, k);
  }
  const float *operator[](int64_t panel) const { return data.at(panel * depth * V * WIDTH); }
};

// Multiply R rows with a panel, the sums in registers, and call `finish(row, sums)` for each.
template <int R, int V, class Finish>
inline void multiply(const float *const *rows, const float *panel, int64_t depth, int64_t first,
                     Finish &finish) {
  const float *from[R];
  Vec sums[R][V] = {};
  for (int r = 0; r < R; r++) from[r] = rows[first + r];
  for (int64_t k = 0; k < depth; k++) {
    Vec columns[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) columns[v] = load(panel + (k * V + v) * WIDTH);
#pragma GCC unroll 24
    for (int r = 0; r < R; r++) {
      const Vec x = all(from[r][k]);
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) sums[r][v] += x * columns[v];
    }
  }
  // The callee takes an address, which registers have not: the sums go to memory only here.
  Vec done[R][V];
#pragma GCC unroll 24
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) done[r][v] = sums[r][v];
  for (int r = 0; r < R; r++) finish(first + r, done[r]);
}

// The sums of a row are added in the same order whatever rows stand beside it.
template <int V, class Finish>
inline void multiply_all(const float *const *rows, int64_t n_rows, const Panels<V> &panels,
                         int64_t index, Finish finish) {
  constexpr int R = ACCUMULATORS / V;
  const float *panel = panels[index];
  const int64_t depth = panels.depth;
  int64_t first = 0;
  for (; first + R <= n_rows; first += R) multiply<R, V>(rows, panel, depth, first, finish);
  if constexpr (R > 4)
    for (; first + 4 <= n_rows; first += 4) multiply<4, V>(rows, panel, depth, first, finish);
  for (; first + 2 <= n_rows; first += 2) multiply<2, V>(rows, panel, depth, first, finish);
  for (; first < n_rows; first++) multiply<1, V>(rows, panel, depth, first, finish);
}

}  // namespace

// Products of matrices in blocks that stay in the registers and in the cache.

#pragma once

#include <algorithm>

#include "threads.h"
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

// The panels of a matrix are shared out between threads, so there should be some for each.
inline int panel_vectors(int64_t n_columns, int64_t n_threads) {
  const int64_t n_vectors = (n_columns + WIDTH - 1) / WIDTH;
  return (int)std::min<int64_t>(4, std::max<int64_t>(1, n_vectors / n_threads));
}

// Call `work.operator()<V>(first_column)` for each panel of V vectors that is this thread's.
template <class Work>
inline void each_panel(Share share, int64_t n_columns, Work work) {
  const int v = panel_vectors(n_columns, share.n_threads);
  for (int64_t panel = share.thread; panel * v * WIDTH < n_columns; panel += share.n_threads) {
    const int64_t first = panel * v * WIDTH;
    switch (std::min<int64_t>(v, (n_columns - first + WIDTH - 1) / WIDTH)) {
      case 1: work.template operator()<1>(first); break;
      case 2: work.template operator()<2>(first); break;
      case 3: work.template operator()<3>(first); break;
      default: work.template operator()<4>(first);
    }
  }
}

// A dense matrix, row after row.
struct Matrix {
  const float *data;
  int64_t n_rows, n_columns;
  const float *operator[](int64_t row) const { return data + row * n_columns; }
};

// Store the numbers of V vectors, the last of which may stand over the edge.
template <int V>
inline void store_some(float *to, const Vec *values, int64_t n) {
  if (n >= V * WIDTH)
    for (int v = 0; v < V; v++) store(to + v * WIDTH, values[v]);
  else
    std::copy_n((const float *)values, n, to);
}

// out = left * right, where `right(row, column)` gives the second factor. A bias is added to
// each row, if there is one.
template <class Right>
struct Product {
  Matrix left;
  int64_t n_columns;
  Right right;
  const float *bias;
  float *out;
  const float *const *rows;

  template <int V>
  void operator()(int64_t first) const {
    const int64_t n = std::min<int64_t>(V * WIDTH, n_columns - first);
    const Panels<V> panel(1, left.n_columns, [&](int64_t, int v, int lane, int64_t row) {
      const int64_t column = v * WIDTH + lane;
      return column < n ? right(row, first + column) : 0.0f;
    });
    Aligned edge(V * WIDTH);
    if (bias) std::copy_n(bias + first, n, edge.at(0));
    Vec start[V];
    for (int v = 0; v < V; v++) start[v] = load(edge.at(v * WIDTH));
    multiply_all(rows, left.n_rows, panel, 0, [&](int64_t row, const Vec *sums) {
      Vec values[V];
      for (int v = 0; v < V; v++) values[v] = sums[v] + start[v];
      store_some<V>(out + row * n_columns + first, values, n);
    });
  }
};

template <class Right>
inline void multiply_matrices(Share share, Matrix left, int64_t n_columns, Right right,
                              const float *bias, float *out) {
  std::vector<const float *> rows(left.n_rows);
  for (int64_t row = 0; row < left.n_rows; row++) rows[row] = left[row];
  each_panel(share, n_columns,
             Product<Right>{left, n_columns, right, bias, out, rows.data()});
}

// The sum over pairs of rows of their outer product: `left[k]` with `right[k]`, added to `out`.
struct OuterProducts {
  static constexpr int64_t DEPTH = 128;  // pairs at a time, so that a panel stays in the cache
  const float *const *left, *const *right;
  int64_t n_pairs, n_rows, n_columns;
  float *out;

  template <int V>
  void operator()(int64_t first) const {
    const int64_t n = std::min<int64_t>(V * WIDTH, n_columns - first);
    Aligned panel(DEPTH * V * WIDTH);
    for (int64_t row = 0; row < n_rows; row++) std::fill_n(out + row * n_columns + first, n, 0.0f);
    for (int64_t pair = 0; pair < n_pairs; pair += DEPTH) {
      const int64_t depth = std::min(DEPTH, n_pairs - pair);
      for (int64_t k = 0; k < depth; k++)
        std::copy_n(right[pair + k] + first, n, panel.at(k * V * WIDTH));
      constexpr int R = ACCUMULATORS / V;
      int64_t row = 0;
      for (; row + R <= n_rows; row += R) add<R, V>(panel, left + pair, depth, row, first, n);
      for (; row + 4 <= n_rows; row += 4) add<4, V>(panel, left + pair, depth, row, first, n);
      for (; row < n_rows; row++) add<1, V>(panel, left + pair, depth, row, first, n);
    }
  }

  template <int R, int V>
  void add(const Aligned &panel, const float *const *from, int64_t depth, int64_t row,
           int64_t first, int64_t n) const {
    Vec sums[R][V] = {};
    for (int64_t k = 0; k < depth; k++) {
      Vec columns[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) columns[v] = load(panel.at((k * V + v) * WIDTH));
      const float *left_row = from[k] + row;
#pragma GCC unroll 24
      for (int r = 0; r < R; r++) {
        const Vec x = all(left_row[r]);
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) sums[r][v] += x * columns[v];
      }
    }
#pragma GCC unroll 24
    for (int r = 0; r < R; r++) {
      float *to = out + (row + r) * n_columns + first;
      Vec values[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) values[v] = sums[r][v];
      if (n < V * WIDTH) {
        const float *added = (const float *)values;
        for (int64_t j = 0; j < n; j++) to[j] += added[j];
      } else {
        for (int v = 0; v < V; v++) store(to + v * WIDTH, load(to + v * WIDTH) + values[v]);
      }
    }
  }
};

}  // namespace

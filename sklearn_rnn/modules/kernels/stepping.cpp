// The next step of a recurrent layer: one token of each document, on from a state.
//
// The weights are read as they lie in memory. To lay them out, as for a batch, takes longer than
// one step. Of many documents each takes a lane of the registers; of few, the lanes are numbers of
// a row, and a product is the sum over lanes.
//
// Of `Layer` a step takes sizes, weights, `x`, `start` and `kept_start`, and writes `states` and
// `kept`, all by document. Any number of units will do.

#include "cells.h"
#include "layer.h"
#include "products.h"
#include "status.h"

namespace {

// Up to how many documents are few.
constexpr int64_t FEW = 4;

inline float sum(Vec v) {
  for (int half = WIDTH / 2; half; half /= 2)
    for (int lane = 0; lane < half; lane++) v[lane] += v[lane + half];
  return v[0];
}

inline Vec load_some(const float *from, int64_t n) {
  if (n >= WIDTH) return load(from);
  float lanes[WIDTH] = {};
  std::copy_n(from, n, lanes);
  return load(lanes);
}

// The sums of the biases, and the one of the states that stands inside the last gate.
template <class Cell>
struct Biases {
  Aligned outside, inside;

  explicit Biases(const Layer &a)
      : outside(whole(Cell::GATES * a.n_units) + WIDTH), inside(whole(a.n_units)) {
    const int64_t n = a.n_units, n_gates = Cell::GATES * n;
    const int64_t n_added = Cell::OWN_BIAS ? n_gates - n : n_gates;
    for (int64_t gate = 0; gate < n_gates; gate++)
      *outside.at(gate) = a.bias_ih[gate] + (gate < n_added ? a.bias_hh[gate] : 0.0f);
    if (Cell::OWN_BIAS) std::copy_n(a.bias_hh + n_added, n, inside.at(0));
  }
};

// Products of R rows of weights with a row of the same length.
template <int R>
inline void dot_products(const float *weights, const float *row, int64_t size, float *to) {
  Vec sums[R] = {};
  int64_t k = 0;
  for (; k + WIDTH <= size; k += WIDTH) {
    const Vec x = load(row + k);
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) sums[r] += load(weights + r * size + k) * x;
  }
  for (int r = 0; r < R; r++) {
    to[r] = sum(sums[r]);
    for (int64_t rest = k; rest < size; rest++) to[r] += weights[r * size + rest] * row[rest];
  }
}

// All rows with all weights. Rows of the result are `stride` apart.
inline void multiply_few(Matrix rows, Matrix weights, float *to, int64_t stride) {
  constexpr int R = 8;
  int64_t first = 0;
  for (; first + R <= weights.n_rows; first += R)
    for (int64_t d = 0; d < rows.n_rows; d++)
      dot_products<R>(weights[first], rows[d], weights.n_columns, to + d * stride + first);
  for (; first < weights.n_rows; first++)
    for (int64_t d = 0; d < rows.n_rows; d++)
      dot_products<1>(weights[first], rows[d], weights.n_columns, to + d * stride + first);
}

template <class Cell>
void step_few(const Layer &a) {
  constexpr int G = Cell::GATES;
  const int64_t n = a.n_units, n_gates = G * n, size = a.n_tokens;
  const int64_t stride = whole(n_gates) + WIDTH;  // for vectors that stand over the last gate
  Aligned inputs(size * stride), sums(size * stride);
  const Biases<Cell> biases(a);
  const Matrix weight_ih{a.weight_ih, n_gates, a.n_features}, weight_hh{a.weight_hh, n_gates, n};
  multiply_few({a.x, size, a.n_features}, weight_ih, inputs.at(0), stride);
  multiply_few({a.start, size, n}, weight_hh, sums.at(0), stride);
  for (int64_t d = 0; d < size; d++)
    for (int64_t unit = 0; unit < n; unit += WIDTH) {
      const int64_t place = d * n + unit;
      Vec gates[G], of_states[G], keep = {};
      for (int g = 0; g < G; g++) {
        const int64_t gate = g * n + unit;
        gates[g] = load(inputs.at(d * stride + gate)) + load(biases.outside.at(gate));
        of_states[g] = load(sums.at(d * stride + gate));
      }
      const Vec memory = a.kept_start ? load_some(a.kept_start + place, n - unit) : Vec{};
      const Vec h = Cell::forward(gates, of_states, load_some(a.start + place, n - unit),
                                  load(biases.inside.at(unit)), memory, keep);
      store_some<1>(a.states + place, &h, n - unit);
      if (a.kept) store_some<1>(a.kept + place, &keep, n - unit);
    }
}

// Documents in the lanes of V vectors, some units of each at a time: what a block of units needs
// stays in the cache.
template <class Cell>
struct Together {
  static constexpr int G = Cell::GATES;
  static constexpr int64_t BLOCK = 48;  // a multiple of all numbers of rows that are multiplied
  const Layer &a;
  const Biases<Cell> &biases;
  const float *const *weights_ih, *const *weights_hh;  // unit by unit, the gates of each

  // Call `copy(document, k)` for some numbers of each document, a line of the cache at a time: a
  // column lies on as many lines as it has rows, and they push one another out.
  template <class Copy>
  static void by_lines(int64_t size, int64_t first, int64_t stop, Copy copy) {
    constexpr int64_t LINE = 16;
    for (; first < stop; first += LINE)
      for (int64_t d = 0; d < size; d++)
        for (int64_t k = first; k < std::min(first + LINE, stop); k++) copy(d, k);
  }

  template <int V>
  Panels<V> in_lanes(const float *rows, int64_t width, int64_t size) const {
    Panels<V> panel(1, width);
    by_lines(size, 0, width, [&](int64_t d, int64_t k) {
      *panel.data.at(k * V * WIDTH + d) = rows[d * width + k];
    });
    return panel;
  }

  template <int V>
  void operator()(int64_t document) const {
    const int64_t n = a.n_units, size = std::min<int64_t>(V * WIDTH, a.n_tokens - document);
    const Panels<V> x = in_lanes<V>(a.x + document * a.n_features, a.n_features, size);
    const Panels<V> before = in_lanes<V>(a.start + document * n, n, size);
    float *const states = a.states + document * n;
    float *const kept = a.kept ? a.kept + document * n : nullptr;
    const float *kept_start = a.kept_start ? a.kept_start + document * n : nullptr;
    constexpr int64_t LANES = V * WIDTH;
    Aligned inputs(BLOCK * G * LANES), sums(BLOCK * G * LANES);
    Aligned after(BLOCK * LANES), memory(BLOCK * LANES);
    const auto store_in = [](Aligned &to) {
      return [&to](int64_t row, const Vec *products) {
        for (int v = 0; v < V; v++) store(to.at(row * LANES + v * WIDTH), products[v]);
      };
    };
    for (int64_t first = 0; first < n; first += BLOCK) {
      const int64_t stop = std::min(first + BLOCK, n), n_rows = G * (stop - first);
      multiply_all(weights_ih + G * first, n_rows, x, 0, store_in(inputs));
      multiply_all(weights_hh + G * first, n_rows, before, 0, store_in(sums));
      if (kept_start)
        by_lines(size, first, stop, [&](int64_t d, int64_t unit) {
          *memory.at((unit - first) * LANES + d) = kept_start[d * n + unit];
        });
      for (int64_t unit = first; unit < stop; unit++)
        for (int64_t lane = 0; lane < LANES; lane += WIDTH) {
          const int64_t place = (unit - first) * LANES + lane;
          Vec gates[G], of_states[G], keep = {};
          for (int g = 0; g < G; g++) {
            const int64_t row = (unit - first) * G + g;
            gates[g] = load(inputs.at(row * LANES + lane)) + *biases.outside.at(g * n + unit);
            of_states[g] = load(sums.at(row * LANES + lane));
          }
          const Vec h = Cell::forward(gates, of_states, load(before.data.at(unit * LANES + lane)),
                                      all(*biases.inside.at(unit)), load(memory.at(place)), keep);
          store(after.at(place), h);
          store(memory.at(place), keep);
        }
      by_lines(size, first, stop, [&](int64_t d, int64_t unit) {
        states[d * n + unit] = *after.at((unit - first) * LANES + d);
        if (kept) kept[d * n + unit] = *memory.at((unit - first) * LANES + d);
      });
    }
  }
};

template <class Cell>
void step_many(const Layer &a) {
  constexpr int G = Cell::GATES;
  const int64_t n = a.n_units;
  const Biases<Cell> biases(a);
  std::vector<const float *> weights_ih(G * n), weights_hh(G * n);
  for (int64_t row = 0; row < G * n; row++) {
    const int64_t own = row % G * n + row / G;
    weights_ih[row] = a.weight_ih + own * a.n_features;
    weights_hh[row] = a.weight_hh + own * n;
  }
  const Together<Cell> together{a, biases, weights_ih.data(), weights_hh.data()};
  in_threads(a.n_threads, [&](Share share) { each_panel(share, a.n_tokens, together); });
}

template <class Cell>
void step(const Layer &a) {
  a.n_tokens <= FEW ? step_few<Cell>(a) : step_many<Cell>(a);
}

}  // namespace

#define EXPORT(name, Cell)                             \
  extern "C" int32_t name##_step(const Layer *layer) { \
    return status_of([&] { step<Cell>(*layer); });     \
  }

EXPORT(rnn_tanh, Rnn<Tanh>)
EXPORT(rnn_relu, Rnn<Relu>)
EXPORT(rnn_sigmoid, Rnn<Sigmoid>)
EXPORT(gru, Gru)
EXPORT(lstm, Lstm)

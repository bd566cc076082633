// A direction of a layer, read over documents from a state of zeros.

#pragma once

#include <type_traits>

#include "cells.h"
#include "network.h"
#include "products.h"

namespace {

// Rows times a matrix, plus a bias: `element(column, k)` and `bias(column)` give them.
class Product {
  static constexpr int V = 4;
  Panels<V> panels;
  Aligned biases;

 public:
  const int64_t n_panels, width;  // of a row of the result, in whole panels

  template <class Element, class Bias>
  Product(int64_t n_columns, int64_t depth, Element element, Bias bias)
      : panels((n_columns + V * WIDTH - 1) / (V * WIDTH), depth,
               [&](int64_t panel, int v, int lane, int64_t k) {
                 const int64_t column = (panel * V + v) * WIDTH + lane;
                 return column < n_columns ? element(column, k) : 0.0f;
               }),
        biases((n_columns + V * WIDTH - 1) / (V * WIDTH) * V * WIDTH),
        n_panels((n_columns + V * WIDTH - 1) / (V * WIDTH)), width(n_panels * V * WIDTH) {
    for (int64_t column = 0; column < n_columns; column++) *biases.at(column) = bias(column);
  }

  void write(const float *rows, int64_t stride, int64_t n_rows, float *to) const {
    std::vector<const float *> from(n_rows);
    for (int64_t r = 0; r < n_rows; r++) from[r] = rows + r * stride;
    for (int64_t panel = 0; panel < n_panels; panel++)
      multiply_all(from.data(), n_rows, panels, panel, [&](int64_t r, const Vec *sums) {
        for (int v = 0; v < V; v++) {
          const int64_t column = (panel * V + v) * WIDTH;
          store(to + r * width + column, sums[v] + load(biases.at(column)));
        }
      });
  }
};

// Where the states go, each null or from the first unit of this direction on: a row of `stride`
// for each token, or for each document.
struct Sink {
  int64_t stride;
  float *states, *last, *largest, *sums;

  void put(int64_t token, int64_t document, int64_t unit, Vec h, bool is_first, bool is_last) const {
    if (states) store(states + token * stride + unit, h);
    const int64_t place = document * stride + unit;
    if (last && is_last) store(last + place, h);
    if (sums) store(sums + place, is_first ? h : load(sums + place) + h);
    if (largest) {
      const Vec before = load(largest + place);
      // NaN stays NaN: a state has it to the end.
      store(largest + place, is_first ? h : (h <= before ? before : h));
    }
  }
};

// The inputs' part of the gates. Gates of the same units stand side by side, as they are read.
template <class Cell>
Product project_inputs(const Direction &weights, int64_t n, int64_t n_inputs, int64_t depth,
                       const std::vector<int64_t> &columns) {
  constexpr int G = Cell::GATES;
  const auto row = [n](int64_t column) {  // of the weights, -1 for units that fill up a vector
    const int64_t panel = column / (G * WIDTH), gate = column / WIDTH % G;
    const int64_t unit = panel * WIDTH + column % WIDTH;
    return unit < n ? gate * n + unit : -1;
  };
  return Product(
      whole(n) * G, depth,
      [&](int64_t column, int64_t k) {
        const int64_t r = row(column);
        return r < 0 || columns[k] < 0 ? 0.0f : weights.weight_ih[r * n_inputs + columns[k]];
      },
      [&](int64_t column) {
        const int64_t r = row(column);
        if (r < 0) return 0.0f;
        // The reset gate of a GRU stands between the two biases of the new gate.
        const bool apart = std::is_same<Cell, Gru>::value && r >= 2 * n;
        return apart ? weights.bias_ih[r] : weights.bias_ih[r] + weights.bias_hh[r];
      });
}

// `inputs` has rows of `width`; a token's is `input_of[token]`, its own where that is null.
template <class Cell>
void read(const Part &part, const Direction &weights, int64_t n, bool backwards,
          const float *inputs, int64_t width, const int32_t *input_of, const Sink &sink) {
  constexpr int G = Cell::GATES;
  const int64_t padded = whole(n), n_panels = padded / WIDTH, size = part.size();
  const Panels<G> panels(n_panels, n, [&](int64_t panel, int gate, int lane, int64_t k) {
    const int64_t unit = panel * WIDTH + lane;
    return unit < n ? weights.weight_hh[(gate * n + unit) * n + k] : 0.0f;
  });
  Aligned bias(padded);
  if (std::is_same<Cell, Gru>::value) std::copy_n(weights.bias_hh + 2 * n, n, bias.at(0));
  Aligned kept(size * padded), zeros(padded);
  const Buffer even(size * padded), odd(size * padded);
  std::vector<int64_t> token(size), next_token(size);
  std::vector<const float *> before(size, zeros.at(0));
  const auto token_at = [&](int64_t d, int64_t t) {
    return part.first[d] + (backwards ? part.lengths[d] - 1 - t : t);
  };
  const auto input_at = [&](int64_t token) {
    return inputs + (input_of ? input_of[token] : token) * width;
  };
  std::vector<const float *> input(size), next_input(size);
  for (int64_t d = 0; d < size; d++) input[d] = input_at(token[d] = token_at(d, 0));
  int64_t running = size;
  for (int64_t t = 0; running; t++) {
    float *const after = (t % 2 ? odd : even).at(0);
    int64_t n_next = running;
    while (n_next && part.lengths[n_next - 1] == t + 1) n_next--;
    for (int64_t d = 0; d < n_next; d++) next_input[d] = input_at(next_token[d] = token_at(d, t + 1));
    for (int64_t panel = 0; panel < n_panels; panel++) {
      const int64_t unit = panel * WIDTH;
      const auto finish = [&](int64_t d, const Vec *sums) {
        Vec values[G], keep = {};
        const float *from = input[d] + G * unit;
        for (int g = 0; g < G; g++) values[g] = load(from + g * WIDTH);
        float *const memory = kept.at(d * padded + unit);
        const Vec h = Cell::forward(values, sums, load(before[d] + unit), load(bias.at(unit)),
                                    load(memory), keep);
        store(memory, keep);
        store(after + d * padded + unit, h);
        sink.put(token[d], d, unit, h, t == 0, d >= n_next);
        if (d < n_next)  // too scattered for the processor to guess
          for (int g = 0; g < G; g++) __builtin_prefetch(next_input[d] + G * unit + g * WIDTH);
      };
      const Vec none[G] = {};
      if (t)
        multiply_all(before.data(), running, panels, panel, finish);
      else  // from a state of zeros
        for (int64_t d = 0; d < running; d++) finish(d, none);
    }
    for (int64_t d = 0; d < n_next; d++) before[d] = after + d * padded;
    input.swap(next_input);
    token.swap(next_token);
    running = n_next;
  }
}

}  // namespace

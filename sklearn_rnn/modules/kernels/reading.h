// A direction of a layer, read over documents from a state of zeros.

#pragma once

#include "cells.h"
#include "network.h"
#include "products.h"

namespace {

constexpr int64_t NOWHERE = -1;

// Which number of a row each number of another one is, NOWHERE for what fills up a vector.
typedef std::vector<int64_t> Places;

inline Places in_order(int64_t size) {
  Places places(size);
  for (int64_t k = 0; k < size; k++) places[k] = k;
  return places;
}

// Fill a matrix of zeros, column by column: `weights(column)` gives the weights of one, null where
// there are none, of which row k has those at `places[k]`.
template <int V, class Weights>
void fill(Panels<V> &panels, int64_t n_columns, const Places &places, Weights weights) {
  constexpr int64_t width = V * WIDTH;
  for (int64_t column = 0; column < n_columns; column++) {
    const float *from = weights(column);
    if (!from) continue;
    float *to = panels.data.at(column / width * panels.depth * width + column % width);
    for (int64_t k = 0; k < panels.depth; k++)
      if (places[k] != NOWHERE) to[k * width] = from[places[k]];
  }
}

// Rows times a matrix, as `fill` takes it, plus a bias.
template <int V>
class Projection {
  Panels<V> panels;
  Aligned biases;

 public:
  const int64_t n_panels, width;  // of a row of the result, in whole panels

  template <class Weights, class Bias>
  Projection(int64_t n_columns, const Places &places, Weights weights, Bias bias)
      : panels((n_columns + V * WIDTH - 1) / (V * WIDTH), places.size()),
        biases((n_columns + V * WIDTH - 1) / (V * WIDTH) * V * WIDTH),
        n_panels((n_columns + V * WIDTH - 1) / (V * WIDTH)), width(n_panels * V * WIDTH) {
    fill(panels, n_columns, places, weights);
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

// Which row of a layer's weights a column of the gates has. Gates of the same units stand side by
// side, as they are read.
template <class Cell>
int64_t row_of(int64_t column, int64_t n) {
  const int64_t panel = column / (Cell::GATES * WIDTH), gate = column / WIDTH % Cell::GATES;
  const int64_t unit = panel * WIDTH + column % WIDTH;
  return unit < n ? gate * n + unit : NOWHERE;
}

// The inputs' part of the gates, the inputs lying at `places`.
template <class Cell>
Projection<4> project_inputs(const Direction &weights, int64_t n, int64_t n_inputs,
                          const Places &places) {
  return Projection<4>(
      whole(n) * Cell::GATES, places,
      [&](int64_t column) {
        const int64_t row = row_of<Cell>(column, n);
        return row == NOWHERE ? nullptr : weights.weight_ih + row * n_inputs;
      },
      [&](int64_t column) {
        const int64_t row = row_of<Cell>(column, n);
        if (row == NOWHERE) return 0.0f;
        // The reset gate of a GRU stands between the two biases of the new gate.
        const bool apart = Cell::OWN_BIAS && row >= 2 * n;
        return apart ? weights.bias_ih[row] : weights.bias_ih[row] + weights.bias_hh[row];
      });
}

// `inputs` has rows of `width`; a token's is `input_of[token]`, its own where that is null.
template <class Cell>
void read(const Part &part, const Direction &weights, int64_t n, bool backwards,
          const float *inputs, int64_t width, const int32_t *input_of, const Sink &sink) {
  constexpr int G = Cell::GATES;
  const int64_t padded = whole(n), n_panels = padded / WIDTH, size = part.size();
  Panels<G> panels(n_panels, n);
  fill(panels, padded * G, in_order(n), [&](int64_t column) {
    const int64_t row = row_of<Cell>(column, n);
    return row == NOWHERE ? nullptr : weights.weight_hh + row * n;
  });
  Aligned bias(padded);
  if (Cell::OWN_BIAS) std::copy_n(weights.bias_hh + 2 * n, n, bias.at(0));
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

// Recurrent cells read over a packed batch: of the work, the part that needs the step before.
//
// The products with the inputs and the gradients of the weights are large matrix products, which
// torch computes well. What is left for each step is a small product of states and recurrent
// weights, and the gates. Torch starts a handful of operations for it. Here the weights are laid
// out once for the vector registers, and the gates are computed while their sums still are in them.
//
// Tokens lie in rows, `rows[place]` being the row of a place; the places of step t are the
// `batch_sizes[t]` ones after those of the steps before it. Documents are sorted by length, so a
// document has the same rank at each step and the longest ones are left at the end. `index[row]`
// is the row of the inputs that a token has; where there is no index, each has its own. Arrays are
// dense, of float, and the number of units is a multiple of WIDTH.

#include "cells.h"
#include "products.h"
#include "status.h"

namespace {

struct Batch {
  int64_t n_steps;
  const int64_t *batch_sizes, *rows, *index;

  int64_t input(int64_t row) const { return index ? index[row] : row; }
};

// `gates` may be null: only the way back reads them.
template <class Cell>
void forward(Batch batch, int64_t n, const float *weight, const float *bias, const float *inputs,
             float *gates, float *kept, float *states) {
  constexpr int G = Cell::GATES;
  const int64_t n_panels = n / WIDTH;
  // A panel holds all gates of WIDTH units.
  const Panels<G> panels(n_panels, n, [&](int64_t panel, int gate, int lane, int64_t k) {
    return weight[(gate * n + panel * WIDTH + lane) * n + k];
  });
  const Aligned zeros(n);
  std::vector<const float *> before(batch.batch_sizes[0], zeros.at(0));
  std::vector<const float *> kept_before(batch.batch_sizes[0], zeros.at(0));
  const int64_t *rows = batch.rows;
  for (int64_t t = 0; t < batch.n_steps; t++) {
    const int64_t size = batch.batch_sizes[t];
    const int64_t n_next = t + 1 < batch.n_steps ? batch.batch_sizes[t + 1] : 0;
    for (int64_t panel = 0; panel < n_panels; panel++) {
      const int64_t unit = panel * WIDTH;
      const Vec own_bias = bias ? load(bias + unit) : Vec{};
      multiply_all(before.data(), size, panels, panel, [&](int64_t d, const Vec *sums) {
        Vec values[G], keep = {};
        const float *input = inputs + batch.input(rows[d]) * G * n + unit;
        for (int g = 0; g < G; g++) values[g] = load(input + g * n);
        const Vec h = Cell::forward(values, sums, load(before[d] + unit), own_bias,
                                    load(kept_before[d] + unit), keep);
        if (gates)
          for (int g = 0; g < G; g++) store(gates + (rows[d] * G + g) * n + unit, values[g]);
        if (kept) store(kept + rows[d] * n + unit, keep);
        store(states + rows[d] * n + unit, h);
        if (d < n_next) {  // a line of each row at a time: too scattered for the processor to guess
          const int64_t next = rows[size + d], input = batch.input(next);
          for (int g = 0; g < G; g++) __builtin_prefetch(inputs + (input * G + g) * n + unit);
          __builtin_prefetch(states + next * n + unit, 1);
        }
      });
    }
    for (int64_t d = 0; d < n_next; d++) {
      before[d] = states + rows[d] * n;
      if (kept) kept_before[d] = kept + rows[d] * n;
    }
    rows += size;
  }
}

// `grad_gates` are the gradients as the states see them. Those that the inputs see are added to
// `grad_inputs`, unless there is none: the cell then has the same for both.
template <class Cell>
void backward(Batch batch, int64_t n, const float *weight, const float *states, const float *kept,
              const float *grad_states, const float *gates, float *grad_gates,
              float *grad_inputs) {
  constexpr int G = Cell::GATES, V = 4;
  const int64_t n_panels = (n + V * WIDTH - 1) / (V * WIDTH);
  const Panels<V> panels(n_panels, G * n, [&](int64_t panel, int v, int lane, int64_t k) {
    const int64_t unit = (panel * V + v) * WIDTH + lane;
    return unit < n ? weight[k * n + unit] : 0.0f;
  });
  const Aligned zeros(n);
  Aligned grad(batch.batch_sizes[0] * n), memory_grad(batch.batch_sizes[0] * n);
  std::vector<const float *> own(batch.batch_sizes[0]);
  const int64_t *rows = batch.rows;
  for (int64_t t = 0; t < batch.n_steps; t++) rows += batch.batch_sizes[t];
  for (int64_t t = batch.n_steps - 1; t >= 0; t--) {
    const int64_t size = batch.batch_sizes[t];
    rows -= size;
    for (int64_t d = 0; d < size; d++) {
      const int64_t row = rows[d];
      const int64_t row_before = t ? rows[d - batch.batch_sizes[t - 1]] : 0;
      const float *state_before = t ? states + row_before * n : zeros.at(0);
      const float *kept_before = t && kept ? kept + row_before * n : zeros.at(0);
      float *row_gates = grad_gates + row * G * n;
      own[d] = row_gates;
      for (int64_t unit = 0; unit < n; unit += WIDTH) {
        const Vec keep = kept ? load(kept + row * n + unit) : Vec{};
        Vec values[G], of_inputs = {};
        for (int g = 0; g < G; g++) values[g] = load(gates + (row * G + g) * n + unit);
        Vec state_grad = load(grad.at(d * n + unit)) + load(grad_states + row * n + unit);
        Vec kept_grad = load(memory_grad.at(d * n + unit));
        Cell::backward(values, load(state_before + unit), keep, load(kept_before + unit),
                       state_grad, kept_grad, of_inputs);
        for (int g = 0; g < G; g++) store(row_gates + g * n + unit, values[g]);
        if (grad_inputs) {
          values[G - 1] = of_inputs;
          float *to = grad_inputs + batch.input(row) * G * n + unit;
          for (int g = 0; g < G; g++) store(to + g * n, load(to + g * n) + values[g]);
        }
        store(grad.at(d * n + unit), state_grad);
        store(memory_grad.at(d * n + unit), kept_grad);
      }
    }
    if (t == 0) break;
    for (int64_t panel = 0; panel < n_panels; panel++)
      multiply_all(own.data(), size, panels, panel, [&](int64_t d, const Vec *sums) {
        for (int v = 0; v < V; v++) {
          const int64_t unit = (panel * V + v) * WIDTH;
          if (unit >= n) break;
          float *to = grad.at(d * n + unit);
          store(to, load(to) + sums[v]);
        }
      });
  }
}

}  // namespace

extern "C" int64_t width() { return WIDTH; }

#define EXPORT(name, Cell)                                                                      \
  extern "C" int32_t name##_forward(int64_t n_steps, const int64_t *batch_sizes,                \
                                    const int64_t *rows, const int64_t *index, int64_t n,       \
                                    const float *weight, const float *bias,                     \
                                    const float *inputs, float *gates, float *kept,             \
                                    float *states) {                                            \
    return status_of([&] {                                                                      \
      forward<Cell>({n_steps, batch_sizes, rows, index}, n, weight, bias, inputs, gates, kept,  \
                    states);                                                                    \
    });                                                                                         \
  }                                                                                             \
  extern "C" int32_t name##_backward(int64_t n_steps, const int64_t *batch_sizes,               \
                                     const int64_t *rows, const int64_t *index, int64_t n,      \
                                     const float *weight, const float *states,                  \
                                     const float *kept, const float *grad_states,               \
                                     const float *gates, float *grad_gates,                     \
                                     float *grad_inputs) {                                      \
    return status_of([&] {                                                                      \
      backward<Cell>({n_steps, batch_sizes, rows, index}, n, weight, states, kept, grad_states, \
                     gates, grad_gates, grad_inputs);                                           \
    });                                                                                         \
  }

EXPORT(rnn_tanh, Rnn<Tanh>)
EXPORT(rnn_relu, Rnn<Relu>)
EXPORT(rnn_sigmoid, Rnn<Sigmoid>)
EXPORT(gru, Gru)
EXPORT(lstm, Lstm)

// A recurrent layer read over a packed batch, and its gradients.
//
// What depends on a token alone, its product with the input weights, is one large matrix product.
// What is left for each step is a small product of states and recurrent weights, and the gates.
// The weights are laid out once for the vector registers, and the gates are computed while their
// sums still are in them.
//
// Tokens lie in rows, `rows[place]` being the row of a place; without `rows` they are the same. The
// places of step t are the `batch_sizes[t]` ones after those of the steps before it. Documents are
// sorted by length, so a document has the same rank at each step and the longest ones are left at
// the end. `index[row]` is the row of the inputs that a token has; where there is no index, each
// has its own. Arrays are dense, of float, and the number of units is a multiple of WIDTH.
//
// Documents know nothing of one another, so each thread reads some of them; of sums over all
// tokens, each computes some columns. So results are the same on any number of threads.

#include "cells.h"
#include "layer.h"
#include "products.h"
#include "status.h"

namespace {

// The documents that a thread reads, every so many-th one, since they are sorted by length.
struct Documents {
  Share share;
  int64_t n_running(int64_t batch_size) const {
    return (batch_size - share.thread + share.n_threads - 1) / share.n_threads;
  }
  int64_t rank(int64_t document) const { return document * share.n_threads + share.thread; }
};

template <class Cell>
void multiply_inputs(const Layer &a) {
  constexpr int G = Cell::GATES;
  const int64_t n = a.n_units, n_gates = G * n;
  std::vector<float> bias(a.bias_ih, a.bias_ih + n_gates);
  // One whose own bias stands inside the gate has it added there.
  const int64_t n_added = Cell::OWN_BIAS ? n_gates - n : n_gates;
  for (int64_t gate = 0; gate < n_added; gate++) bias[gate] += a.bias_hh[gate];
  auto right = [&](int64_t feature, int64_t gate) {
    return a.weight_ih[gate * a.n_features + feature];
  };
  in_threads(a.n_threads, [&](Share share) {
    multiply_matrices(share, Matrix{a.x, a.n_inputs, a.n_features}, n_gates, right, bias.data(),
                      a.inputs);
  });
}

template <class Cell>
void read_documents(const Layer &a, const Panels<Cell::GATES> &panels, Documents documents) {
  constexpr int G = Cell::GATES;
  const int64_t n = a.n_units, n_panels = n / WIDTH;
  const float *bias = Cell::OWN_BIAS ? a.bias_hh + (G - 1) * n : nullptr;
  const Aligned zeros(n);
  const int64_t n_documents = documents.n_running(a.batch_sizes[0]);
  std::vector<const float *> before(n_documents), kept_before(n_documents);
  for (int64_t d = 0; d < n_documents; d++) {
    before[d] = a.start_of(documents.rank(d), zeros.at(0));
    kept_before[d] = a.kept_start_of(documents.rank(d), zeros.at(0));
  }
  int64_t place = 0;
  for (int64_t t = 0; t < a.n_steps; t++) {
    const int64_t size = documents.n_running(a.batch_sizes[t]);
    if (size <= 0) break;
    const int64_t after = place + a.batch_sizes[t];
    const int64_t n_next = t + 1 < a.n_steps ? documents.n_running(a.batch_sizes[t + 1]) : 0;
    for (int64_t panel = 0; panel < n_panels; panel++) {
      const int64_t unit = panel * WIDTH;
      const Vec own_bias = bias ? load(bias + unit) : Vec{};
      multiply_all(before.data(), size, panels, panel, [&](int64_t d, const Vec *sums) {
        Vec values[G], keep = {};
        const int64_t rank = documents.rank(d), row = a.row(place + rank);
        const float *input = a.inputs + a.input(row) * G * n + unit;
        for (int g = 0; g < G; g++) values[g] = load(input + g * n);
        const Vec h = Cell::forward(values, sums, load(before[d] + unit), own_bias,
                                    load(kept_before[d] + unit), keep);
        if (a.gates)
          for (int g = 0; g < G; g++) store(a.gates + (row * G + g) * n + unit, values[g]);
        if (a.kept) store(a.kept + row * n + unit, keep);
        store(a.states + row * n + unit, h);
        if (d < n_next) {  // a line of each row at a time: too scattered for the processor to guess
          const int64_t next = a.row(after + rank), input = a.input(next);
          for (int g = 0; g < G; g++) __builtin_prefetch(a.inputs + (input * G + g) * n + unit);
          __builtin_prefetch(a.states + next * n + unit, 1);
        }
      });
    }
    for (int64_t d = 0; d < n_next; d++) {
      const int64_t row = a.row(place + documents.rank(d));
      before[d] = a.states + row * n;
      if (a.kept) kept_before[d] = a.kept + row * n;
    }
    place = after;
  }
}

template <class Cell>
void forward(const Layer &a) {
  const int64_t n = a.n_units;
  if (a.x) multiply_inputs<Cell>(a);
  // A panel holds all gates of WIDTH units.
  const Panels<Cell::GATES> panels(n / WIDTH, n, [&](int64_t panel, int gate, int lane, int64_t k) {
    return a.weight_hh[(gate * n + panel * WIDTH + lane) * n + k];
  });
  in_threads(a.n_threads,
             [&](Share share) { read_documents<Cell>(a, panels, Documents{share}); });
}

// Write `by_states`; `own_bias_grad` takes the gradient of the last gate as the inputs see it, of a
// cell where that is another one.
template <class Cell, int V>
void read_back(const Layer &a, const Panels<V> &panels, Documents documents, float *of_inputs) {
  constexpr int G = Cell::GATES;
  const int64_t n = a.n_units, n_panels = (n + V * WIDTH - 1) / (V * WIDTH);
  const int64_t n_documents = documents.n_running(a.batch_sizes[0]);
  if (n_documents <= 0) return;
  const Aligned zeros(n);
  Aligned grad(n_documents * n), memory_grad(n_documents * n);
  std::vector<const float *> own(n_documents);
  int64_t place = a.n_tokens;
  for (int64_t t = a.n_steps - 1; t >= 0; t--) {
    const int64_t size = documents.n_running(a.batch_sizes[t]);
    place -= a.batch_sizes[t];
    for (int64_t d = 0; d < size; d++) {
      const int64_t rank = documents.rank(d), row = a.row(place + rank);
      const int64_t row_before = t ? a.row(place - a.batch_sizes[t - 1] + rank) : 0;
      const float *state_before = t ? a.states + row_before * n : a.start_of(rank, zeros.at(0));
      const float *kept_before = a.kept_start_of(rank, zeros.at(0));
      if (t && a.kept) kept_before = a.kept + row_before * n;
      float *row_gates = a.by_states + row * G * n;
      own[d] = row_gates;
      for (int64_t unit = 0; unit < n; unit += WIDTH) {
        const Vec keep = a.kept ? load(a.kept + row * n + unit) : Vec{};
        Vec values[G], last = {};
        for (int g = 0; g < G; g++) values[g] = load(a.gates + (row * G + g) * n + unit);
        Vec state_grad = load(grad.at(d * n + unit)) + load(a.grad_states + row * n + unit);
        Vec kept_grad = load(memory_grad.at(d * n + unit));
        Cell::backward(values, load(state_before + unit), keep, load(kept_before + unit),
                       state_grad, kept_grad, last);
        for (int g = 0; g < G; g++) store(row_gates + g * n + unit, values[g]);
        if (of_inputs) store(of_inputs + row * n + unit, last);
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

// Add up in `by_inputs` what the tokens of each input see.
template <class Cell>
void add_tokens(const Layer &a, Share share, const float *of_inputs) {
  constexpr int G = Cell::GATES;
  const int64_t n = a.n_units, n_vectors = G * n / WIDTH;
  const int64_t first = n_vectors * share.thread / share.n_threads * WIDTH;
  const int64_t stop = n_vectors * (share.thread + 1) / share.n_threads * WIDTH;
  for (int64_t input = 0; input < a.n_inputs; input++)
    std::fill(a.by_inputs + input * G * n + first, a.by_inputs + input * G * n + stop, 0.0f);
  for (int64_t row = 0; row < a.n_tokens; row++) {
    float *to = a.by_inputs + a.input(row) * G * n;
    const float *from = a.by_states + row * G * n;
    const int64_t last = of_inputs ? (G - 1) * n : G * n;
    int64_t gate = first;
    for (; gate < std::min(stop, last); gate += WIDTH)
      store(to + gate, load(to + gate) + load(from + gate));
    for (; gate < stop; gate += WIDTH)
      store(to + gate, load(to + gate) + load(of_inputs + row * n + gate - last));
  }
}

// The sum of all rows.
inline void add_rows(Share share, Matrix from, float *sums) {
  const int64_t n_vectors = from.n_columns / WIDTH;
  const int64_t first = n_vectors * share.thread / share.n_threads * WIDTH;
  const int64_t stop = n_vectors * (share.thread + 1) / share.n_threads * WIDTH;
  std::fill(sums + first, sums + stop, 0.0f);
  for (int64_t row = 0; row < from.n_rows; row++)
    for (int64_t i = first; i < stop; i += WIDTH) store(sums + i, load(sums + i) + load(from[row] + i));
}

// The pairs of a token's gates and the state before it, where that is not 0.
struct StatePairs {
  std::vector<const float *> gates, states;

  explicit StatePairs(const Layer &a, int64_t n_gates) {
    const int64_t first = a.batch_sizes[0];
    gates.reserve(a.n_tokens), states.reserve(a.n_tokens);
    for (int64_t rank = 0; a.start && rank < first; rank++) {
      gates.push_back(a.by_states + a.row(rank) * n_gates);
      states.push_back(a.start + rank * a.n_units);
    }
    int64_t place = first;
    for (int64_t t = 1; t < a.n_steps; t++) {
      for (int64_t rank = 0; rank < a.batch_sizes[t]; rank++) {
        gates.push_back(a.by_states + a.row(place + rank) * n_gates);
        states.push_back(a.states + a.row(place - a.batch_sizes[t - 1] + rank) * a.n_units);
      }
      place += a.batch_sizes[t];
    }
  }
};

inline std::vector<const float *> pointers(Matrix matrix) {
  std::vector<const float *> rows(matrix.n_rows);
  for (int64_t row = 0; row < matrix.n_rows; row++) rows[row] = matrix[row];
  return rows;
}

template <class Cell>
void backward(const Layer &a) {
  constexpr int G = Cell::GATES, V = 4;
  const int64_t n = a.n_units, n_gates = G * n;
  const Panels<V> panels((n + V * WIDTH - 1) / (V * WIDTH), n_gates,
                         [&](int64_t panel, int v, int lane, int64_t k) {
                           const int64_t unit = (panel * V + v) * WIDTH + lane;
                           return unit < n ? a.weight_hh[k * n + unit] : 0.0f;
                         });
  std::vector<float> of_inputs(Cell::OWN_BIAS ? a.n_tokens * n : 0);
  float *last = Cell::OWN_BIAS ? of_inputs.data() : nullptr;
  in_threads(a.n_threads,
             [&](Share share) { read_back<Cell>(a, panels, Documents{share}, last); });
  if (a.by_inputs)
    in_threads(a.n_threads, [&](Share share) { add_tokens<Cell>(a, share, last); });

  const Matrix by_states{a.by_states, a.n_tokens, n_gates};
  const Matrix by_inputs{a.by_inputs ? a.by_inputs : a.by_states, a.n_inputs, n_gates};
  const StatePairs pairs(a, n_gates);
  const OuterProducts of_states{pairs.gates.data(), pairs.states.data(), (int64_t)pairs.gates.size(),
                                n_gates, n, a.grad_weight_hh};
  std::vector<const float *> inputs, x;
  if (a.x) inputs = pointers(by_inputs), x = pointers({a.x, a.n_inputs, a.n_features});
  const OuterProducts of_x{inputs.data(), x.data(), a.n_inputs, n_gates, a.n_features,
                           a.grad_weight_ih};
  in_threads(a.n_threads, [&](Share share) {
    add_rows(share, by_inputs, a.grad_bias_ih);
    if (a.grad_bias_hh) add_rows(share, by_states, a.grad_bias_hh);
    each_panel(share, n, of_states);
    if (a.x) each_panel(share, a.n_features, of_x);
    auto right = [&](int64_t gate, int64_t feature) {
      return a.weight_ih[gate * a.n_features + feature];
    };
    if (a.grad_x) multiply_matrices(share, by_inputs, a.n_features, right, nullptr, a.grad_x);
  });
}

}  // namespace

extern "C" int64_t width() { return WIDTH; }

#define EXPORT(name, Cell)                                                              \
  extern "C" int32_t name##_forward(const Layer *layer) {                               \
    return status_of([&] { forward<Cell>(*layer); });                                   \
  }                                                                                     \
  extern "C" int32_t name##_backward(const Layer *layer) {                              \
    return status_of([&] { backward<Cell>(*layer); });                                  \
  }

EXPORT(rnn_tanh, Rnn<Tanh>)
EXPORT(rnn_relu, Rnn<Relu>)
EXPORT(rnn_sigmoid, Rnn<Sigmoid>)
EXPORT(gru, Gru)
EXPORT(lstm, Lstm)

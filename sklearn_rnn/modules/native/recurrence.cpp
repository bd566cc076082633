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

// ---------------------------------------------------------------------------------------------
// The cells. `forward` turns the inputs' part of the gates into the gates, and returns the state;
// `sums` is the states' part. `backward` turns the gates into their gradients, given that of the
// state, and leaves in `grad` what reaches the state before on the way past the gates. What a cell
// needs of a step beside gates and state it keeps in `kept`. `of_inputs` is the gradient of the
// last gate as the inputs see it.

struct Tanh {
  static Vec value(Vec x) { return tanh(x); }
  static Vec slope(Vec y) { return 1 - y * y; }
};

struct Relu {
  static Vec value(Vec x) { return x < 0.0f ? Vec{} : x; }  // NaN stays NaN
  static Vec slope(Vec y) { return y > 0.0f ? all(1.0f) : Vec{}; }
};

struct Sigmoid {
  static Vec value(Vec x) { return sigmoid(x); }
  static Vec slope(Vec y) { return y * (1 - y); }
};

template <class Activation>
struct Rnn {
  static constexpr int GATES = 1;
  static Vec forward(Vec *gates, const Vec *sums, Vec, Vec, Vec, Vec &) {
    return gates[0] = Activation::value(gates[0] + sums[0]);
  }
  static void backward(Vec *gates, Vec, Vec, Vec, Vec &grad, Vec &, Vec &of_inputs) {
    of_inputs = gates[0] = grad * Activation::slope(gates[0]);
    grad = Vec{};
  }
};

struct Gru {
  static constexpr int GATES = 3;  // reset, update, new; kept: the state's part of the new
  static Vec forward(Vec *gates, const Vec *sums, Vec h, Vec bias, Vec, Vec &kept) {
    const Vec r = sigmoid(gates[0] + sums[0]), z = sigmoid(gates[1] + sums[1]);
    kept = sums[2] + bias;
    const Vec n = tanh(gates[2] + r * kept);
    gates[0] = r, gates[1] = z, gates[2] = n;
    return n + z * (h - n);
  }
  static void backward(Vec *gates, Vec h, Vec kept, Vec, Vec &grad, Vec &, Vec &of_inputs) {
    const Vec r = gates[0], z = gates[1], n = gates[2];
    of_inputs = grad * (1 - z) * (1 - n * n);
    gates[0] = of_inputs * kept * r * (1 - r);
    gates[1] = grad * (h - n) * z * (1 - z);
    gates[2] = of_inputs * r;
    grad *= z;
  }
};

struct Lstm {
  static constexpr int GATES = 4;  // input, forget, cell, output; kept: the memory
  static Vec forward(Vec *gates, const Vec *sums, Vec, Vec, Vec before, Vec &kept) {
    const Vec i = sigmoid(gates[0] + sums[0]), f = sigmoid(gates[1] + sums[1]);
    const Vec g = tanh(gates[2] + sums[2]), o = sigmoid(gates[3] + sums[3]);
    gates[0] = i, gates[1] = f, gates[2] = g, gates[3] = o;
    kept = f * before + i * g;
    return o * tanh(kept);
  }
  static void backward(Vec *gates, Vec, Vec kept, Vec before, Vec &grad, Vec &grad_kept,
                       Vec &of_inputs) {
    const Vec i = gates[0], f = gates[1], g = gates[2], o = gates[3], t = tanh(kept);
    const Vec c = grad_kept + grad * o * (1 - t * t);
    gates[0] = c * g * i * (1 - i);
    gates[1] = c * before * f * (1 - f);
    gates[2] = c * i * (1 - g * g);
    of_inputs = gates[3] = grad * t * o * (1 - o);
    grad_kept = c * f;
    grad = Vec{};
  }
};

// ---------------------------------------------------------------------------------------------
// Products of a few rows with a matrix that stays the same.

// A matrix as panels of V vectors of columns, each read from front to back.
template <int V>
struct Panels {
  int64_t depth;
  Aligned data;

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

// ---------------------------------------------------------------------------------------------
// The two ways along the steps.

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

#define EXPORT(name, Cell)                                                                        \
  extern "C" void name##_forward(int64_t n_steps, const int64_t *batch_sizes, const int64_t *rows, \
                                 const int64_t *index, int64_t n, const float *weight,            \
                                 const float *bias, const float *inputs, float *gates,            \
                                 float *kept, float *states) {                                    \
    forward<Cell>({n_steps, batch_sizes, rows, index}, n, weight, bias, inputs, gates, kept,      \
                  states);                                                                        \
  }                                                                                               \
  extern "C" void name##_backward(int64_t n_steps, const int64_t *batch_sizes,                    \
                                  const int64_t *rows, const int64_t *index, int64_t n,           \
                                  const float *weight, const float *states, const float *kept,    \
                                  const float *grad_states, const float *gates,                   \
                                  float *grad_gates, float *grad_inputs) {                        \
    backward<Cell>({n_steps, batch_sizes, rows, index}, n, weight, states, kept, grad_states,     \
                   gates, grad_gates, grad_inputs);                                               \
  }

EXPORT(rnn_tanh, Rnn<Tanh>)
EXPORT(rnn_relu, Rnn<Relu>)
EXPORT(rnn_sigmoid, Rnn<Sigmoid>)
EXPORT(gru, Gru)
EXPORT(lstm, Lstm)

// What an optimizer does with gradients, in one pass over them; see _updates.py.

#include <algorithm>
#include <cmath>

#include "vectors.h"

// A parameter, or those of its rows whose gradient is given.
struct Update {
  int64_t n_rows, n_columns;
  const int64_t *rows;  // null: all of them
  const float *grad;
  float *weight, *mean, *square;  // no moments: gradient descent, by `lr` alone
  float *n_steps;                 // those taken so far
  double lr, beta1, beta2, eps, weight_decay;
};

namespace {

inline Vec root(Vec x) {
  Vec y;
  for (int lane = 0; lane < WIDTH; lane++) y[lane] = std::sqrt(x[lane]);
  return y;
}

// Call `work(gradient, place in the parameter, number of columns)` for each row, or at once where
// rows follow one another.
template <class Work>
inline void each_row(const Update &update, Work work) {
  if (!update.rows) return work(update.grad, 0, update.n_rows * update.n_columns);
  for (int64_t row = 0; row < update.n_rows; row++)
    work(update.grad + row * update.n_columns, update.rows[row] * update.n_columns,
         update.n_columns);
}

}  // namespace

namespace {

// Some numbers, at most as many as a vector holds, and zeros behind them.
inline Vec load_some(const float *from, int64_t n) {
  Vec values = {};
  std::copy_n(from, n, (float *)&values);
  return values;
}

void step_adamw(const Update &a) {
  const double n_steps = *a.n_steps += 1;
  const float root_correction = 1 / std::sqrt(1 - std::pow(a.beta2, n_steps));
  const float step_size = a.lr / (1 - std::pow(a.beta1, n_steps));
  const float decay = 1 - a.lr * a.weight_decay, eps = a.eps;
  const float beta1 = a.beta1, beta2 = a.beta2;
  each_row(a, [&](const float *grad, int64_t place, int64_t n) {
    float *weight = a.weight + place, *mean = a.mean + place, *square = a.square + place;
    auto step = [&](Vec g, Vec &w, Vec &m, Vec &s) {
      m = m + (g - m) * (1 - beta1);
      s = s * beta2 + g * g * (1 - beta2);
      w = w * decay - m / (root(s) * root_correction + eps) * step_size;
    };
    int64_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
      Vec w = load(weight + i), m = load(mean + i), s = load(square + i);
      step(load(grad + i), w, m, s);
      store(weight + i, w), store(mean + i, m), store(square + i, s);
    }
    if (const int64_t rest = n - i) {
      Vec w = load_some(weight + i, rest), m = load_some(mean + i, rest);
      Vec s = load_some(square + i, rest);
      step(load_some(grad + i, rest), w, m, s);
      std::copy_n((const float *)&w, rest, weight + i);
      std::copy_n((const float *)&m, rest, mean + i);
      std::copy_n((const float *)&s, rest, square + i);
    }
  });
}

void step_plain(const Update &a) {
  const float lr = a.lr;
  each_row(a, [&](const float *grad, int64_t place, int64_t n) {
    for (int64_t i = 0; i < n; i++) a.weight[place + i] -= lr * grad[i];
  });
}

}  // namespace

extern "C" void step_all(const Update *updates, int64_t n_updates) {
  for (const Update *update = updates; update < updates + n_updates; update++)
    update->mean ? step_adamw(*update) : step_plain(*update);
}

struct Gradient {
  int64_t size;
  float *data;
};

// Scale gradients so that their joint norm is at most this, and return the norm before.
extern "C" double clip_norm(const Gradient *grads, int64_t n_grads, double max_norm) {
  double sum = 0;
  for (int64_t k = 0; k < n_grads; k++) {
    constexpr int64_t BLOCK = 64 * WIDTH;  // few numbers are added up in float32
    const auto [size, data] = grads[k];
    for (int64_t first = 0; first < size; first += BLOCK) {
      const int64_t stop = first + BLOCK < size ? first + BLOCK : size;
      Vec sums = {};
      int64_t i = first;
      for (; i + WIDTH <= stop; i += WIDTH) sums += load(data + i) * load(data + i);
      for (int lane = 0; lane < WIDTH; lane++) sum += sums[lane];
      for (; i < stop; i++) sum += data[i] * data[i];
    }
  }
  const double norm = std::sqrt(sum);
  const float factor = max_norm / (norm + 1e-6);
  if (factor >= 1) return norm;  // NaN is no such factor
  for (int64_t k = 0; k < n_grads; k++)
    for (int64_t i = 0; i < grads[k].size; i++) grads[k].data[i] *= factor;
  return norm;
}

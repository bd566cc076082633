// From the states of all tokens to one vector a document, and back; see _pooling.py.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "status.h"

// Tokens as they are packed: those of step t are the `batch_sizes[t]` ones after those of the steps
// before it. The vectors of the documents stand `stride` numbers apart.
struct Pooling {
  int64_t n_steps, n_features, stride, n_rows;
  const int64_t *batch_sizes;
  const int64_t *index;  // which row of `states` each token has; null: one of its own
  const float *states;   // `n_rows` of them
  float *largest, *ties;  // by feature, and how many tokens have it; null where not wanted
  float *mean;            // the same
};

namespace {

// Call `work(row, document, is_first)` for each token.
template <class Work>
inline void each_token(const Pooling &a, Work work) {
  int64_t token = 0;
  for (int64_t t = 0; t < a.n_steps; t++)
    for (int64_t document = 0; document < a.batch_sizes[t]; document++, token++)
      work(a.index ? a.index[token] : token, document, t == 0);
}

// Call `work(document, length)` for each document. They stand longest first.
template <class Work>
inline void each_document(const Pooling &a, Work work) {
  int64_t length = a.n_steps;
  for (int64_t document = 0; document < a.batch_sizes[0]; document++) {
    while (a.batch_sizes[length - 1] <= document) length--;
    work(document, length);
  }
}

// Call `work(token, document)` for the last token of each document, and return the number of tokens.
template <class Work>
inline int64_t each_last(int64_t n_steps, const int64_t *batch_sizes, Work work) {
  int64_t first = 0;
  for (int64_t t = 0; t < n_steps; t++) {
    const int64_t n_going_on = t + 1 < n_steps ? batch_sizes[t + 1] : 0;
    for (int64_t document = n_going_on; document < batch_sizes[t]; document++)
      work(first + document, document);
    first += batch_sizes[t];
  }
  return first;
}

inline void raise(const float *__restrict state, float *__restrict largest, float *__restrict ties,
                  int64_t n) {
  for (int64_t k = 0; k < n; k++) {
    const float x = state[k], y = largest[k];
    const bool is_larger = x > y || x != x;  // NaN stays
    ties[k] = is_larger ? 1 : ties[k] + (x == y ? 1 : 0);
    largest[k] = is_larger ? x : y;
  }
}

inline void add(const float *__restrict from, float *__restrict to, int64_t n) {
  for (int64_t k = 0; k < n; k++) to[k] += from[k];
}

inline void add_where_equal(const float *__restrict state, const float *__restrict largest,
                            const float *__restrict share, float *__restrict grad, int64_t n) {
  for (int64_t k = 0; k < n; k++) grad[k] += state[k] == largest[k] ? share[k] : 0.0f;
}

}  // namespace

extern "C" void pool_states(const Pooling *pooling) {
  const Pooling &a = *pooling;
  const int64_t n = a.n_features;
  each_token(a, [&](int64_t row, int64_t document, bool is_first) {
    const float *state = a.states + row * n;
    if (a.largest) {
      float *largest = a.largest + document * a.stride, *ties = a.ties + document * n;
      if (is_first) std::copy_n(state, n, largest), std::fill_n(ties, n, 1.0f);
      else raise(state, largest, ties, n);
    }
    if (a.mean) {
      float *mean = a.mean + document * a.stride;
      if (is_first) std::copy_n(state, n, mean);
      else add(state, mean, n);
    }
  });
  if (!a.mean) return;
  each_document(a, [&](int64_t document, int64_t length) {
    for (int64_t k = 0; k < n; k++) a.mean[document * a.stride + k] /= length;
  });
}

// Write the gradients of the states, given those of the vectors. That of a largest state is shared
// by all tokens that have it.
extern "C" int32_t pool_grads(const Pooling *pooling, const float *grad, float *grad_states) {
  return status_of([&] {
    const Pooling &a = *pooling;
    const int64_t n = a.n_features, n_documents = a.batch_sizes[0];
    // What each token of a document gets.
    std::vector<float> of_largest(a.largest ? n_documents * n : 0), of_mean(n_documents * n);
    each_document(a, [&](int64_t document, int64_t length) {
      const float *from = grad + document * a.stride;
      const int64_t first = document * n;
      if (a.largest)
        for (int64_t k = 0; k < n; k++) of_largest[first + k] = *from++ / a.ties[first + k];
      if (a.mean)
        for (int64_t k = 0; k < n; k++) of_mean[first + k] = *from++ / length;
    });
    if (a.index) std::fill_n(grad_states, a.n_rows * n, 0.0f);
    each_token(a, [&](int64_t row, int64_t document, bool) {
      float *to = grad_states + row * n;
      if (a.index) add(&of_mean[document * n], to, n);
      else std::copy_n(&of_mean[document * n], n, to);
      if (a.largest)
        add_where_equal(a.states + row * n, a.largest + document * a.stride,
                        &of_largest[document * n], to, n);
    });
  });
}

// Copy the first `n_last` features of each document's last token, and the others of its first one.
extern "C" void end_states(int64_t n_steps, const int64_t *batch_sizes, int64_t n_features,
                           int64_t n_last, const float *states, float *ends) {
  each_last(n_steps, batch_sizes, [&](int64_t token, int64_t document) {
    const float *last = states + token * n_features, *first = states + document * n_features;
    float *to = std::copy_n(last, n_last, ends + document * n_features);
    std::copy(first + n_last, first + n_features, to);
  });
}

extern "C" void end_grads(int64_t n_steps, const int64_t *batch_sizes, int64_t n_features,
                          int64_t n_last, const float *grad, float *grad_states) {
  const int64_t n_tokens = each_last(n_steps, batch_sizes, [](int64_t, int64_t) {});
  std::fill_n(grad_states, n_tokens * n_features, 0.0f);
  each_last(n_steps, batch_sizes, [&](int64_t token, int64_t document) {
    const float *from = grad + document * n_features;
    std::copy_n(from, n_last, grad_states + token * n_features);
    std::copy(from + n_last, from + n_features, grad_states + document * n_features + n_last);
  });
}

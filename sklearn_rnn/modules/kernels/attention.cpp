// Weighted means of the states of a document, the weights learned from the states; see
// _attention.py.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "products.h"
#include "status.h"

// The vectors of a matrix of several rows follow one another; a token's row is its place in packed
// order.
struct Attention {
  int64_t n_threads, n_steps, n_tokens, n_features, n_heads;
  const int64_t *batch_sizes;
  const float *states;              // tokens x features
  const float *projection, *bias;   // features x features, and features
  const float *score;               // heads x features
  float *hidden;                    // tokens x features: tanh of the projected states
  float *shares;                    // tokens x heads: first the scores, then the weights
};

struct AttentionGrads {
  const float *pooled;                             // documents x features: the given gradient
  float *states, *projection, *bias, *score;       // those to be found
};

namespace {

// Call `work(token, document)` for each token.
template <class Work>
inline void each_token(const Attention &a, Work work) {
  int64_t token = 0;
  for (int64_t t = 0; t < a.n_steps; t++)
    for (int64_t document = 0; document < a.batch_sizes[t]; document++) work(token++, document);
}

// Call `work(first, stop)` for each share of the tokens, on so many threads.
template <class Work>
inline void each_part(const Attention &a, Work work) {
  in_threads(a.n_threads, [&](Share share) {
    work(a.n_tokens * share.thread / share.n_threads,
         a.n_tokens * (share.thread + 1) / share.n_threads, share);
  });
}

inline float dot(const float *left, const float *right, int64_t n) {
  Vec sums = {};
  int64_t k = 0;
  for (; k + WIDTH <= n; k += WIDTH) sums += load(left + k) * load(right + k);
  float sum = 0;
  for (int lane = 0; lane < WIDTH; lane++) sum += sums[lane];
  for (; k < n; k++) sum += left[k] * right[k];
  return sum;
}

// to += factor * from
inline void add(float factor, const float *__restrict from, float *__restrict to, int64_t n) {
  for (int64_t k = 0; k < n; k++) to[k] += factor * from[k];
}

inline void apply_tanh(float *values, int64_t n) {
  int64_t k = 0;
  for (; k + WIDTH <= n; k += WIDTH) store(values + k, tanh(load(values + k)));
  for (; k < n; k++) values[k] = tanh(all(values[k]))[0];
}

// Write the scores of the tokens from `first` to `stop`, and the hidden vectors they are made of.
void write_scores(const Attention &a, int64_t first, int64_t stop) {
  const int64_t n = a.n_features;
  float *hidden = a.hidden + first * n;
  const auto transposed = [&](int64_t row, int64_t column) {
    return a.projection[column * n + row];
  };
  multiply_matrices(Share{0, 1}, Matrix{a.states + first * n, stop - first, n}, n, transposed,
                    a.bias, hidden);
  apply_tanh(hidden, (stop - first) * n);
  for (int64_t token = first; token < stop; token++)
    for (int64_t head = 0; head < a.n_heads; head++)
      a.shares[token * a.n_heads + head] = dot(a.hidden + token * n, a.score + head * n, n);
}

// Turn scores into shares, which sum to one over the tokens of a document.
void share_out(const Attention &a) {
  const int64_t n_heads = a.n_heads, n = a.batch_sizes[0] * n_heads;
  std::vector<float> largest(n, -INFINITY), sums(n, 0.0f);
  each_token(a, [&](int64_t token, int64_t document) {
    for (int64_t head = 0; head < n_heads; head++) {
      float &most = largest[document * n_heads + head];
      most = std::max(most, a.shares[token * n_heads + head]);
    }
  });
  each_token(a, [&](int64_t token, int64_t document) {
    for (int64_t head = 0; head < n_heads; head++) {
      float &share = a.shares[token * n_heads + head];
      share = std::exp(share - largest[document * n_heads + head]);
      sums[document * n_heads + head] += share;
    }
  });
  each_token(a, [&](int64_t token, int64_t document) {
    for (int64_t head = 0; head < n_heads; head++)
      a.shares[token * n_heads + head] /= sums[document * n_heads + head];
  });
}

// Turn the shares into the gradients of the scores, given `of_shares`, those of the shares.
void write_score_grads(const Attention &a, std::vector<float> &of_shares) {
  const int64_t n_heads = a.n_heads;
  std::vector<float> sums(a.batch_sizes[0] * n_heads, 0.0f);
  each_token(a, [&](int64_t token, int64_t document) {
    for (int64_t head = 0; head < n_heads; head++)
      sums[document * n_heads + head] +=
          a.shares[token * n_heads + head] * of_shares[token * n_heads + head];
  });
  each_token(a, [&](int64_t token, int64_t document) {
    for (int64_t head = 0; head < n_heads; head++) {
      float &grad = of_shares[token * n_heads + head];
      grad = a.shares[token * n_heads + head] * (grad - sums[document * n_heads + head]);
    }
  });
}

// What the gradient of a token's projected state is, before tanh.
void write_slopes(const Attention &a, const float *of_scores, int64_t first, int64_t stop,
                  float *slopes) {
  const int64_t n = a.n_features;
  for (int64_t token = first; token < stop; token++) {
    float *slope = slopes + token * n;
    const float *hidden = a.hidden + token * n;
    std::fill_n(slope, n, 0.0f);
    for (int64_t head = 0; head < a.n_heads; head++)
      add(of_scores[token * a.n_heads + head], a.score + head * n, slope, n);
    for (int64_t k = 0; k < n; k++) slope[k] *= 1 - hidden[k] * hidden[k];
  }
}

// The sum over tokens of `slopes` times states; threads share out the columns.
void write_projection_grad(const Attention &a, const float *slopes, Share share, float *grad) {
  std::vector<const float *> left(a.n_tokens), right(a.n_tokens);
  for (int64_t token = 0; token < a.n_tokens; token++) {
    left[token] = slopes + token * a.n_features;
    right[token] = a.states + token * a.n_features;
  }
  each_panel(share, a.n_features,
             OuterProducts{left.data(), right.data(), a.n_tokens, a.n_features, a.n_features, grad});
}

}  // namespace

extern "C" int32_t attend(const Attention *attention, float *pooled) {
  return status_of([&] {
    const Attention &a = *attention;
    const int64_t n = a.n_features, width = n / a.n_heads;  // of what a head attends
    each_part(a, [&](int64_t first, int64_t stop, Share) { write_scores(a, first, stop); });
    share_out(a);
    std::fill_n(pooled, a.batch_sizes[0] * n, 0.0f);
    each_token(a, [&](int64_t token, int64_t document) {
      for (int64_t head = 0; head < a.n_heads; head++)
        add(a.shares[token * a.n_heads + head], a.states + token * n + head * width,
            pooled + document * n + head * width, width);
    });
  });
}

extern "C" int32_t attend_grads(const Attention *attention, const AttentionGrads *grads) {
  return status_of([&] {
    const Attention &a = *attention;
    const AttentionGrads &grad = *grads;
    const int64_t n = a.n_features, n_heads = a.n_heads, width = n / n_heads;
    std::vector<float> of_scores(a.n_tokens * n_heads), slopes(a.n_tokens * n);
    std::vector<int64_t> document_of(a.n_tokens);
    each_token(a, [&](int64_t token, int64_t document) {
      document_of[token] = document;
      for (int64_t head = 0; head < n_heads; head++)
        of_scores[token * n_heads + head] = dot(grad.pooled + document * n + head * width,
                                                a.states + token * n + head * width, width);
    });
    write_score_grads(a, of_scores);
    std::fill_n(grad.bias, n, 0.0f), std::fill_n(grad.score, n_heads * n, 0.0f);
    write_slopes(a, of_scores.data(), 0, a.n_tokens, slopes.data());
    for (int64_t token = 0; token < a.n_tokens; token++) {
      add(1, &slopes[token * n], grad.bias, n);
      for (int64_t head = 0; head < n_heads; head++)
        add(of_scores[token * n_heads + head], a.hidden + token * n, grad.score + head * n, n);
    }
    const auto straight = [&](int64_t row, int64_t column) { return a.projection[row * n + column]; };
    each_part(a, [&](int64_t first, int64_t stop, Share share) {
      multiply_matrices(Share{0, 1}, Matrix{&slopes[first * n], stop - first, n}, n, straight,
                        nullptr, grad.states + first * n);
      for (int64_t token = first; token < stop; token++)
        for (int64_t head = 0; head < n_heads; head++)
          add(a.shares[token * n_heads + head],
              grad.pooled + document_of[token] * n + head * width,
              grad.states + token * n + head * width, width);
      write_projection_grad(a, slopes.data(), share, grad.projection);
    });
  });
}

// Tags of packed documents and the ways between them, in rows that are whole vectors.

#pragma once

#include <algorithm>
#include <type_traits>

#include "vectors.h"

// Scores of a packed batch, as in pooling.cpp, and of the ways from tag to tag.
struct Chain {
  int64_t n_threads, n_steps, n_tags;
  const int64_t *batch_sizes;
  const float *scores;                      // n_tokens * n_tags
  const float *start, *transitions, *end;  // n_tags, n_tags * n_tags from row to column, n_tags
  // Of sequences that go on with each tag, the log-sum before it, and what it is relative to: what
  // the sums that end here have been lowered by, so that the largest is 0.
  float *before, *shifts;  // n_tokens * n_tags, n_tokens
};

namespace {

constexpr float LOWEST = -1e30f;  // what stands in for a tag that there is not

// Rows of tags, padded to whole vectors.
struct Padded {
  int64_t n, width;
  Aligned data;
  Padded(int64_t n_rows, int64_t n) : n(n), width(whole(n)), data(n_rows * width) {}
  float *operator[](int64_t row) { return data.at(row * width); }
  const float *operator[](int64_t row) const { return data.at(row * width); }
  void pad(int64_t row, float with) { std::fill((*this)[row] + n, (*this)[row] + width, with); }
};

// Call `work(std::integral_constant V, first column)` for as few and as equal blocks as there are.
template <class Work>
inline void each_block(int64_t width, Work work) {
  int64_t left = width / WIDTH;
  for (int64_t first = 0, n_blocks = (left + 3) / 4; n_blocks; n_blocks--) {
    const int64_t v = (left + n_blocks - 1) / n_blocks;
    if (v == 4) work(std::integral_constant<int, 4>{}, first);
    else if (v == 3) work(std::integral_constant<int, 3>{}, first);
    else if (v == 2) work(std::integral_constant<int, 2>{}, first);
    else work(std::integral_constant<int, 1>{}, first);
    first += v * WIDTH, left -= v;
  }
}

// Where the tokens of each document lie.
struct Places {
  std::vector<int64_t> first, lengths;

  explicit Places(const Chain &a) : first(a.n_steps), lengths(a.batch_sizes[0]) {
    int64_t n_tokens = 0;
    for (int64_t t = 0; t < a.n_steps; t++) {
      first[t] = n_tokens;
      n_tokens += a.batch_sizes[t];
      std::fill_n(lengths.begin(), a.batch_sizes[t], t + 1);
    }
  }
  int64_t n_documents() const { return lengths.size(); }
};

}  // namespace

// The words, known pairs and triples of a document, weighed by TF-IDF, and a linear model of them.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

// As in NGramLinear. The words are the ids below `n_ids`, and the pairs follow them in the table; a
// triple is the pair of a pair and the word behind it.
struct NGrams {
  int64_t n_ids, n_pairs, unknown, n_outputs;
  const int64_t *pairs;  // ascending
  const float *idf, *table, *bias;
  float scale;
};

namespace {

// Sort numbers from 0 to `largest` by their bits from `shift` on, eleven at a time; those whose bits
// are the same stay in order.
inline void sort_by_bits(std::vector<uint64_t> &values, uint64_t largest, int shift = 0) {
  constexpr int BITS = 11;
  constexpr uint64_t MASK = (1 << BITS) - 1;
  std::vector<uint64_t> sorted(values.size());
  for (; shift < 64 && largest >> shift; shift += BITS) {
    int64_t first[MASK + 2] = {};  // of each digit
    for (uint64_t value : values) first[(value >> shift & MASK) + 1]++;
    for (uint64_t digit = 0; digit <= MASK; digit++) first[digit + 1] += first[digit];
    for (uint64_t value : values) sorted[first[value >> shift & MASK]++] = value;
    values.swap(sorted);
  }
}

// Those of one document after the other.
class DocumentNGrams {
  const NGrams &a;

  bool is_known(int64_t word) const { return word != a.unknown && word >= 0 && word < a.n_ids; }

  // Return the row of the pair of a row and the word behind it, -1 if it is not known. The search
  // for the largest pair that is no larger has no branch to guess.
  int64_t find(int64_t row, int64_t word) const {
    if (row < 0) return -1;
    const int64_t pair = row * a.n_ids + word, *from = a.pairs;
    for (int64_t n = a.n_pairs; n > 1; n -= n / 2) from += from[n / 2] <= pair ? n / 2 : 0;
    return *from == pair ? a.n_ids + (from - a.pairs) : -1;
  }

  template <class Word>
  void collect(int64_t length, Word word) {
    rows.clear();
    const bool has_triples = a.n_pairs && a.pairs[a.n_pairs - 1] / a.n_ids >= a.n_ids;
    int64_t last = -1, last_pair = -1;  // rows that end at the token before, -1 for none
    for (int64_t t = 0; t < length; t++) {
      const int64_t now = is_known(word(t)) ? word(t) : -1;
      const bool may_be_pair = now >= 0 && a.n_pairs;
      const int64_t pair = may_be_pair ? find(last, now) : -1;
      const int64_t triple = may_be_pair && has_triples ? find(last_pair, now) : -1;
      for (int64_t row : {now, pair, triple})
        if (row >= 0) rows.push_back(row);
      last = now, last_pair = pair;
    }
    if (rows.size() < 256) return std::sort(rows.begin(), rows.end());
    sort_by_bits(rows, a.n_ids + a.n_pairs);
  }

 public:
  std::vector<uint64_t> rows;  // of the table, ascending and each once
  std::vector<float> weights;  // of each

  explicit DocumentNGrams(const NGrams &a) : a(a) {}

  // `word(t)` is the id of token t, an int64_t.
  template <class Word>
  void read(int64_t length, Word word) {
    collect(length, word);
    weights.clear();
    float squares = 0;
    for (size_t i = 0, stop; i < rows.size(); i = stop) {
      for (stop = i + 1; stop < rows.size() && rows[stop] == rows[i];) stop++;
      const float tf = stop - i == 1 ? 1 : 1 + std::log(float(stop - i));
      const float weight = tf * a.idf[rows[i]];
      squares += weight * weight;
      rows[weights.size()] = rows[i];
      weights.push_back(weight);
    }
    rows.resize(weights.size());
    // A document may hold nothing that weighs.
    const float factor = a.scale / std::sqrt(std::max(squares, std::numeric_limits<float>::min()));
    for (float &weight : weights) weight *= factor;
  }

  void write_outputs(float *outputs) const {
    std::copy_n(a.bias, a.n_outputs, outputs);
    for (size_t i = 0; i < rows.size(); i++) {
      const float *row = a.table + rows[i] * a.n_outputs;
      for (int64_t j = 0; j < a.n_outputs; j++) outputs[j] += weights[i] * row[j];
    }
  }
};

}  // namespace

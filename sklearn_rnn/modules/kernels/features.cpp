// Which ids and n-grams a batch holds, and a linear model of them; see _features.py.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "status.h"

// Token ids of a packed batch: those of step t are the `batch_sizes[t]` ones after those of the
// steps before it.
struct Tokens {
  int64_t n_steps;
  const int64_t *batch_sizes;
  const int32_t *ids;
};

// As in NGramLinear. The words are the ids below `n_ids`, and the pairs follow them in the table.
struct NGrams {
  int64_t n_ids, n_pairs, unknown, n_outputs;
  const int64_t *pairs;
  const float *idf, *table, *bias;
  float scale;
};

namespace {

// What stands for a number where there is none: no memory was found, or an id is below 0.
enum { FULL = -1, NEGATIVE = -2 };

// A key in front and its place behind, so that to sort them keeps the places of equal keys in order.
inline uint64_t with_place(int64_t key, int64_t place) { return (uint64_t)key << 32 | place; }
inline int64_t key_of(uint64_t pair) { return pair >> 32; }
inline int64_t place_of(uint64_t pair) { return pair & 0xffffffff; }

void unique_by_sorting(int64_t n, const std::vector<uint64_t> &sorted, int64_t *unique,
                       int64_t *index, int64_t &n_unique) {
  for (int64_t i = 0; i < n; i++) {
    const int64_t key = key_of(sorted[i]);
    if (i == 0 || key != unique[n_unique - 1]) unique[n_unique++] = key;
    index[place_of(sorted[i])] = n_unique - 1;
  }
}

// Append the words and known pairs of a document to `keys`.
void collect(const NGrams &a, const std::vector<int64_t> &words, std::vector<int64_t> &keys) {
  auto known = [&](int64_t word) { return word != a.unknown && word >= 0 && word < a.n_ids; };
  for (size_t i = 0; i < words.size(); i++) {
    if (!known(words[i])) continue;
    keys.push_back(words[i]);
    if (i == 0 || !known(words[i - 1])) continue;
    const int64_t pair = words[i - 1] * a.n_ids + words[i];
    const int64_t *found = std::lower_bound(a.pairs, a.pairs + a.n_pairs, pair);
    if (found < a.pairs + a.n_pairs && *found == pair) keys.push_back(a.n_ids + (found - a.pairs));
  }
}

}  // namespace

// Write the ids that occur, ascending, and which of them each one is; those from `n_ids` on are
// `unknown`. Return the number of those that occur, or NEGATIVE where one of them is.
extern "C" int64_t unique_ids(int64_t n, const int32_t *ids, int64_t n_ids, int64_t unknown,
                              int64_t *unique, int64_t *index) {
  int64_t n_unique = 0;
  if (std::any_of(ids, ids + n, [](int32_t id) { return id < 0; })) return NEGATIVE;
  auto id = [&](int64_t i) { return ids[i] < n_ids ? ids[i] : unknown; };
  const Status status = status_of([&] {
    if (n_ids > 16 * n) {  // a table of all ids would be slower to clear than the batch to sort
      std::vector<uint64_t> sorted(n);
      for (int64_t i = 0; i < n; i++) sorted[i] = with_place(id(i), i);
      std::sort(sorted.begin(), sorted.end());
      return unique_by_sorting(n, sorted, unique, index, n_unique);
    }
    std::vector<int32_t> place(n_ids, -1);
    for (int64_t i = 0; i < n; i++) place[id(i)] = 0;
    for (int64_t i = 0; i < n_ids; i++)
      if (place[i] == 0) place[i] = n_unique, unique[n_unique++] = i;
    for (int64_t i = 0; i < n; i++) index[i] = place[id(i)];
  });
  return status == DONE ? n_unique : FULL;
}

// Write the n-grams of each document, ascending and each once, their TF-IDF weights, where those
// of each document begin, and the outputs of the linear model. Return the number of n-grams.
extern "C" int64_t ngram_outputs(const Tokens *tokens, const NGrams *ngrams, int64_t *features,
                                 float *weights, int64_t *starts, float *outputs) {
  const NGrams &a = *ngrams;
  int64_t n_features = 0;
  const Status status = status_of([&] {
    std::vector<int64_t> words, keys;
    const int64_t n_documents = tokens->batch_sizes[0];
    for (int64_t document = 0; document < n_documents; document++) {
      words.clear(), keys.clear();
      const int32_t *step = tokens->ids;
      for (int64_t t = 0; t < tokens->n_steps && document < tokens->batch_sizes[t]; t++) {
        words.push_back(step[document]);
        step += tokens->batch_sizes[t];
      }
      collect(a, words, keys);
      std::sort(keys.begin(), keys.end());
      const int64_t first = starts[document] = n_features;
      float squares = 0;
      for (size_t i = 0, stop; i < keys.size(); i = stop) {
        for (stop = i + 1; stop < keys.size() && keys[stop] == keys[i];) stop++;
        const float tf = stop - i == 1 ? 1 : 1 + std::log((float)(stop - i));
        const float weight = tf * a.idf[keys[i]];
        squares += weight * weight;
        features[n_features] = keys[i], weights[n_features++] = weight;
      }
      // A document may hold nothing that weighs.
      const float factor =
          a.scale / std::sqrt(std::max(squares, std::numeric_limits<float>::min()));
      float *output = outputs + document * a.n_outputs;
      std::copy_n(a.bias, a.n_outputs, output);
      for (int64_t i = first; i < n_features; i++) {
        weights[i] *= factor;
        const float *row = a.table + features[i] * a.n_outputs;
        for (int64_t j = 0; j < a.n_outputs; j++) output[j] += weights[i] * row[j];
      }
    }
    starts[n_documents] = n_features;
  });
  return status == DONE ? n_features : FULL;
}

// Write the rows of the table that have a gradient, ascending, and their gradients. Return their
// number.
extern "C" int64_t ngram_grads(int64_t n_documents, int64_t n_outputs, const int64_t *features,
                               const float *weights, const int64_t *starts, const float *grad,
                               int64_t *rows, float *grads) {
  int64_t n_rows = 0;
  const Status status = status_of([&] {
    const int64_t n = starts[n_documents];
    std::vector<uint64_t> sorted(n);
    std::vector<int64_t> documents(n);
    for (int64_t i = 0; i < n; i++) sorted[i] = with_place(features[i], i);
    for (int64_t d = 0; d < n_documents; d++)
      std::fill(documents.begin() + starts[d], documents.begin() + starts[d + 1], d);
    std::sort(sorted.begin(), sorted.end());
    for (int64_t i = 0; i < n; i++) {
      const int64_t row = key_of(sorted[i]), place = place_of(sorted[i]);
      if (i == 0 || row != rows[n_rows - 1]) {
        rows[n_rows++] = row;
        std::fill_n(grads + (n_rows - 1) * n_outputs, n_outputs, 0.0f);
      }
      const float *from = grad + documents[place] * n_outputs;
      float *to = grads + (n_rows - 1) * n_outputs;
      for (int64_t j = 0; j < n_outputs; j++) to[j] += weights[place] * from[j];
    }
  });
  return status == DONE ? n_rows : FULL;
}

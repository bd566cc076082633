// Which ids and n-grams a batch holds, and a linear model of them; see _features.py.

#include "ngrams.h"
#include "status.h"

// Token ids of a packed batch: those of step t are the `batch_sizes[t]` ones after those of the
// steps before it.
struct Tokens {
  int64_t n_steps;
  const int64_t *batch_sizes;
  const int32_t *ids;
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

}  // namespace

// Write the ids that occur, ascending, and which of them each one is; those from `n_ids` on are
// `unknown`. Return the number of those that occur, or NEGATIVE where one of them is.
extern "C" int64_t unique_ids(int64_t n, const int32_t *ids, int64_t n_ids, int64_t unknown,
                              int64_t *unique, int64_t *index) {
  int64_t n_unique = 0;
  if (std::any_of(ids, ids + n, [](int32_t id) { return id < 0; })) return NEGATIVE;
  auto id = [&](int64_t i) { return ids[i] < n_ids ? ids[i] : unknown; };
  const Status status = status_of([&] {
    if (n_ids > 1024 * n) {  // a bit for each id would be slower to clear than the batch to sort
      std::vector<uint64_t> sorted(n);
      for (int64_t i = 0; i < n; i++) sorted[i] = with_place(id(i), i);
      std::sort(sorted.begin(), sorted.end());
      return unique_by_sorting(n, sorted, unique, index, n_unique);
    }
    struct Word {
      uint64_t bits;     // which of 64 ids occur
      int64_t n_before;  // how many of the ids before these do
    };
    std::vector<Word> words(n_ids / 64 + 1, Word{});
    for (int64_t i = 0; i < n; i++) words[id(i) / 64].bits |= uint64_t(1) << id(i) % 64;
    for (size_t w = 0; w < words.size(); w++) {
      words[w].n_before = n_unique;
      for (uint64_t bits = words[w].bits; bits; bits &= bits - 1)
        unique[n_unique++] = w * 64 + __builtin_ctzll(bits);
    }
    for (int64_t i = 0; i < n; i++) {
      const Word &word = words[id(i) / 64];
      const uint64_t smaller = (uint64_t(1) << id(i) % 64) - 1;
      index[i] = word.n_before + __builtin_popcountll(word.bits & smaller);
    }
  });
  return status == DONE ? n_unique : FULL;
}

// Copy rows of a table, times a number.
extern "C" void scaled_rows(int64_t n_rows, int64_t n_columns, const int64_t *rows,
                            const float *table, float scale, float *scaled) {
  for (int64_t i = 0; i < n_rows; i++) {
    const float *row = table + rows[i] * n_columns;
    for (int64_t j = 0; j < n_columns; j++) *scaled++ = scale * row[j];
  }
}

// Write their gradients. That of padding, row 0, which can only be the first one, is none.
extern "C" void scaled_row_grads(int64_t n_rows, int64_t n_columns, const int64_t *rows,
                                 const float *grad_scaled, float scale, float *grads,
                                 int64_t has_padding) {
  for (int64_t i = 0; i < n_rows * n_columns; i++) grads[i] = scale * grad_scaled[i];
  if (has_padding && n_rows && rows[0] == 0) std::fill_n(grads, n_columns, 0.0f);
}

// Write the n-grams of each document, ascending and each once, their TF-IDF weights, where those
// of each document begin, and the outputs of the linear model. Return the number of n-grams.
extern "C" int64_t ngram_outputs(const Tokens *tokens, const NGrams *ngrams, int64_t *features,
                                 float *weights, int64_t *starts, float *outputs) {
  int64_t n_features = 0;
  const Status status = status_of([&] {
    DocumentNGrams found(*ngrams);
    std::vector<int64_t> words;
    const int64_t n_documents = tokens->batch_sizes[0];
    for (int64_t document = 0; document < n_documents; document++) {
      words.clear();
      const int32_t *step = tokens->ids;
      for (int64_t t = 0; t < tokens->n_steps && document < tokens->batch_sizes[t]; t++) {
        words.push_back(step[document]);
        step += tokens->batch_sizes[t];
      }
      found.read(words.size(), [&](int64_t t) { return words[t]; });
      std::copy(found.rows.begin(), found.rows.end(), features + n_features);
      std::copy(found.weights.begin(), found.weights.end(), weights + n_features);
      starts[document] = n_features;
      n_features += found.rows.size();
      found.write_outputs(outputs + document * ngrams->n_outputs);
    }
    starts[n_documents] = n_features;
  });
  return status == DONE ? n_features : FULL;
}

// Write the rows of the table that have a gradient, ascending, their gradients and that of the bias.
// Return the number of rows.
extern "C" int64_t ngram_grads(int64_t n_documents, int64_t n_outputs, const int64_t *features,
                               const float *weights, const int64_t *starts, const float *grad,
                               int64_t *rows, float *grads, float *grad_bias) {
  int64_t n_rows = 0;
  const Status status = status_of([&] {
    const int64_t n = starts[n_documents];
    std::vector<uint64_t> sorted(n);
    std::vector<int64_t> documents(n);
    for (int64_t i = 0; i < n; i++) sorted[i] = with_place(features[i], i);
    std::fill_n(grad_bias, n_outputs, 0.0f);
    for (int64_t d = 0; d < n_documents; d++) {
      std::fill(documents.begin() + starts[d], documents.begin() + starts[d + 1], d);
      for (int64_t j = 0; j < n_outputs; j++) grad_bias[j] += grad[d * n_outputs + j];
    }
    sort_by_bits(sorted, n ? *std::max_element(sorted.begin(), sorted.end()) : 0, 32);
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

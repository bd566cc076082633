// A network and documents, as Python passes them, and what a part of the documents is read from.

#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "vectors.h"

namespace {

constexpr int32_t UNKNOWN = 1;

// One cell of a layer: weights as torch's layers have them.
struct Direction {
  const float *weight_ih, *weight_hh, *bias_ih, *bias_hh;
};

// Each number takes 8 bytes, in the order of the fields of `_Network` in Python.
struct Network {
  int64_t n_ids, vector_size, embedding_dim;
  const float *table;  // (n_ids, vector_size)
  double scale;
  const float *from_vectors;  // (embedding_dim, vector_size), null where the sizes are the same
  int64_t n_layers, n_directions, n_units;
  const Direction *directions;        // by layer, the one that reads backwards second
  int64_t last, max, mean, skip;      // whether a document's vector has these parts
  int64_t n_heads;                    // of the attention, 0 without it
  const float *projection, *projection_bias, *score;
  int64_t n_features, n_outputs;      // of the vector, and of the head
  const float *head, *head_bias;      // null where the vector is wanted
  int64_t n_words, n_pairs;           // of the wide path, 0 words without it
  const int64_t *pairs;               // ascending
  const float *idf, *wide_table, *wide_bias;
  double wide_scale, wide_weight;
};

struct Documents {
  int64_t n_documents;
  const int64_t *rows;  // those to read, longest first
  const int64_t *starts, *lengths;  // of all, by row
  const int32_t *tokens;
};

// Floats of which none is read before it is written, aligned as `Aligned` is.
class Buffer {
  std::unique_ptr<float[]> data;
  float *first = nullptr;

 public:
  explicit Buffer(int64_t size) {
    if (!size) return;
    data.reset(new float[size + WIDTH]);
    const uintptr_t line = WIDTH * sizeof(float);
    first = (float *)(((uintptr_t)data.get() + line - 1) / line * line);
  }
  explicit operator bool() const { return first; }
  float *at(int64_t place) const { return first ? first + place : nullptr; }
};

// Documents as they are read: each distinct word once, and which of them each token is.
struct Part {
  std::vector<int64_t> lengths, first;  // of a document, longest first, and the place of its tokens
  std::vector<int32_t> words, word;     // the distinct ids, and by token its place among them
  int64_t n_tokens = 0;

  Part(const Documents &documents, int64_t n_ids) {
    for (int64_t d = 0; d < documents.n_documents; d++) {
      lengths.push_back(documents.lengths[documents.rows[d]]);
      first.push_back(n_tokens);
      n_tokens += lengths[d];
    }
    word.resize(n_tokens);
    int64_t size = 16;
    while (size < 2 * std::min(n_tokens, n_ids)) size *= 2;
    std::vector<int32_t> slots(size, -1);
    int32_t *to = word.data();
    for (int64_t d = 0; d < documents.n_documents; d++) {
      const int32_t *token = documents.tokens + documents.starts[documents.rows[d]];
      for (int64_t t = 0; t < lengths[d]; t++) *to++ = place_of(slots, token[t], n_ids);
    }
  }

  int64_t size() const { return lengths.size(); }

 private:
  int32_t place_of(std::vector<int32_t> &slots, int32_t id, int64_t n_ids) {
    if (uint64_t(uint32_t(id)) >= uint64_t(n_ids)) id = UNKNOWN;
    uint64_t slot = uint64_t(id) * 0x9E3779B97F4A7C15u >> 20;
    for (;; slot++) {
      int32_t &place = slots[slot & (slots.size() - 1)];
      if (place < 0) {
        place = words.size();
        words.push_back(id);
      }
      if (words[place] == id) return place;
    }
  }
};

}  // namespace

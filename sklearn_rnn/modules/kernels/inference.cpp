// Predictions: a whole network in one call, from token ids to outputs.
//
// In training torch computes what lies around the recurrence. For a few documents it takes longer
// to start its operations than to compute them. And of the top layer only the pooling reads the
// states, so the last, the largest and the mean one are found while a document is read.
//
// What is computed of a document is computed in the same order whatever documents are beside it.

#ifdef __SSE__
#include <immintrin.h>
#endif

#include "network.h"
#include "reading.h"
#include "status.h"
#include "wide.h"

namespace {

// Count numbers too small for full precision as 0, as in training: they take ten times as long.
class FlushDenormal {
#ifdef __SSE__
  const unsigned before = _mm_getcsr();

 public:
  FlushDenormal() { _mm_setcsr(before | 0x8040); }
  ~FlushDenormal() { _mm_setcsr(before); }
#endif
};

// Documents to vectors, a row of `n_features` each.
template <class Cell>
class Encoder {
  const Network &net;
  const Part &part;
  // Units of a direction in whole vectors, of all directions, and features of a word.
  const int64_t padded, stride, row;

  // What is read of each distinct word: its vector, in rows of `row` numbers.
  Buffer embed() const {
    const int64_t n_words = part.words.size(), width = whole(net.vector_size);
    Buffer vectors(n_words * width);
    const float scale = net.scale;
    for (int64_t w = 0; w < n_words; w++) {
      const float *from = net.table + part.words[w] * net.vector_size;
      float *to = vectors.at(w * width);
      for (int64_t k = 0; k < net.vector_size; k++) to[k] = scale * from[k];
      std::fill(to + net.vector_size, to + width, 0.0f);
    }
    if (!net.from_vectors) return vectors;
    const Projection<1> projection(
        net.embedding_dim, in_order(net.vector_size),
        [&](int64_t column) { return net.from_vectors + column * net.vector_size; },
        [](int64_t) { return 0.0f; });
    Buffer rows(n_words * row);
    projection.write(vectors.at(0), width, n_words, rows.at(0));
    return rows;
  }

  // Which input of the next layer each number of a row of states is.
  Places places_of_states() const {
    Places places(stride);
    for (int64_t k = 0; k < stride; k++)
      places[k] = k % padded < net.n_units ? k / padded * net.n_units + k % padded : NOWHERE;
    return places;
  }

  // Copy the units of a row, without those that fill up, behind one another.
  float *copy_units(const float *from, float *to, float divisor = 1) const {
    for (int64_t d = 0; d < net.n_directions; d++)
      for (int64_t unit = 0; unit < net.n_units; unit++)
        *to++ = from[d * padded + unit] / divisor;
    return to;
  }

  // Means of the states, of which each head weighs a part of the features.
  void attend(const float *states, float *pooled) const {
    const int64_t n_states = net.n_directions * net.n_units, H = net.n_heads;
    const Projection<4> projection(
        n_states, places_of_states(),
        [&](int64_t column) { return net.projection + column * n_states; },
        [&](int64_t column) { return net.projection_bias[column]; });
    const int64_t width = projection.width;
    Aligned score(H * width);
    for (int64_t h = 0; h < H; h++)
      std::copy_n(net.score + h * n_states, n_states, score.at(h * width));
    std::vector<float> vector(n_states);
    for (int64_t d = 0; d < part.size(); d++) {
      const int64_t length = part.lengths[d];
      const float *own = states + part.first[d] * stride;
      const Buffer hidden(length * width);
      projection.write(own, stride, length, hidden.at(0));
      std::vector<float> shares(length * H);
      for (int64_t t = 0; t < length; t++)
        for (int64_t column = 0; column < width; column += WIDTH)
          store(hidden.at(t * width + column), tanh(load(hidden.at(t * width + column))));
      for (int64_t t = 0; t < length; t++)
        for (int64_t h = 0; h < H; h++)
          shares[t * H + h] = dot(hidden.at(t * width), score.at(h * width), width);
      for (int64_t h = 0; h < H; h++) normalize(shares.data() + h, length, H);
      float *to = pooled + d * net.n_features;
      std::fill(to, to + n_states, 0.0f);
      for (int64_t t = 0; t < length; t++) {
        copy_units(own + t * stride, vector.data());
        for (int64_t k = 0; k < n_states; k++) to[k] += shares[t * H + k * H / n_states] * vector[k];
      }
    }
  }

  static float dot(const float *a, const float *b, int64_t size) {
    Vec sums = {};
    for (int64_t k = 0; k < size; k += WIDTH) sums += load(a + k) * load(b + k);
    float sum = 0;
    for (int lane = 0; lane < WIDTH; lane++) sum += sums[lane];
    return sum;
  }

  // Turn scores into shares, every `step`th of them.
  static void normalize(float *scores, int64_t length, int64_t step) {
    float largest = scores[0], sum = 0;
    for (int64_t t = 1; t < length; t++) largest = std::max(largest, scores[t * step]);
    for (int64_t t = 0; t < length; t++)
      sum += scores[t * step] = std::exp(scores[t * step] - largest);
    for (int64_t t = 0; t < length; t++) scores[t * step] /= sum;
  }

  void mean_word(int64_t d, const Buffer &rows, float *to) const {
    Aligned sums(row);
    for (int64_t t = 0; t < part.lengths[d]; t++) {
      const float *from = rows.at(part.word[part.first[d] + t] * row);
      for (int64_t k = 0; k < row; k += WIDTH) store(sums.at(k), load(sums.at(k)) + load(from + k));
    }
    for (int64_t k = 0; k < net.embedding_dim; k++) to[k] = *sums.at(k) / part.lengths[d];
  }

 public:
  Encoder(const Network &net, const Part &part)
      : net(net), part(part), padded(whole(net.n_units)), stride(padded * net.n_directions),
        row(whole(net.embedding_dim)) {}

  void encode(float *vectors) const {
    const Buffer rows = embed();
    const int64_t size = part.size(), n_words = part.words.size();
    const Buffer last(net.last * size * stride), largest(net.max * size * stride);
    const Buffer sums(net.mean * size * stride);
    Places places = in_order(net.embedding_dim);
    Buffer below(0);
    for (int64_t layer = 0; layer < net.n_layers; layer++) {
      const bool is_top = layer + 1 == net.n_layers;
      Buffer states(is_top && !net.n_heads ? 0 : part.n_tokens * stride);
      const int64_t n_rows = layer ? part.n_tokens : n_words;
      for (int64_t d = 0; d < net.n_directions; d++) {
        const Direction &weights = net.directions[layer * net.n_directions + d];
        const int64_t n_inputs = layer ? net.n_directions * net.n_units : net.embedding_dim;
        const Projection<4> product = project_inputs<Cell>(weights, net.n_units, n_inputs, places);
        const Buffer inputs(n_rows * product.width);
        product.write((layer ? below : rows).at(0), layer ? stride : row, n_rows, inputs.at(0));
        const int64_t first = d * padded;
        Sink sink = {stride, states.at(first), nullptr, nullptr, nullptr};
        if (is_top) sink = {stride, states.at(first), last.at(first), largest.at(first),
                            sums.at(first)};
        read<Cell>(part, weights, net.n_units, d == 1, inputs.at(0), product.width,
                   layer ? nullptr : part.word.data(), sink);
      }
      places = places_of_states();
      below = std::move(states);
    }
    if (net.n_heads) attend(below.at(0), vectors);
    for (int64_t d = 0; d < size; d++) {
      float *to = vectors + d * net.n_features;
      if (last) to = copy_units(last.at(d * stride), to);
      if (largest) to = copy_units(largest.at(d * stride), to);
      if (sums) to = copy_units(sums.at(d * stride), to, part.lengths[d]);
      if (net.n_heads) to += net.n_directions * net.n_units;
      if (net.skip) mean_word(d, rows, to);
    }
  }
};

void write_outputs(const Network &net, const Documents &documents, const float *vectors,
                   float *outputs) {
  const int64_t size = documents.n_documents;
  if (!net.head) {
    for (int64_t d = 0; d < size; d++)
      std::copy_n(vectors + d * net.n_features, net.n_features,
                  outputs + documents.rows[d] * net.n_features);
    return;
  }
  const Projection<1> head(  // most heads have a few outputs
      net.n_outputs, in_order(net.n_features),
      [&](int64_t column) { return net.head + column * net.n_features; },
      [&](int64_t column) { return net.head_bias ? net.head_bias[column] : 0.0f; });
  const Buffer deep(size * head.width);
  head.write(vectors, net.n_features, size, deep.at(0));
  Wide wide(net);
  for (int64_t d = 0; d < size; d++) {
    const int64_t row = documents.rows[d];
    float *own = outputs + row * net.n_outputs;
    std::copy_n(deep.at(d * head.width), net.n_outputs, own);
    if (net.n_words)
      wide.mix(documents.tokens + documents.starts[row], documents.lengths[row], own);
  }
}

template <class Cell>
void predict(const Network &net, const Documents &documents, float *outputs) {
  const FlushDenormal flush;
  const Part part(documents, net.n_ids);
  const Buffer vectors(part.size() * net.n_features);
  Encoder<Cell>(net, part).encode(vectors.at(0));
  write_outputs(net, documents, vectors.at(0), outputs);
}

}  // namespace

// `outputs` has a row for each document of all.
#define EXPORT(name, Cell)                                                                    \
  extern "C" int32_t name##_predict(const Network *net, const Documents *documents,           \
                                    float *outputs) {                                         \
    return status_of([&] { predict<Cell>(*net, *documents, outputs); });                      \
  }

EXPORT(rnn_tanh, Rnn<Tanh>)
EXPORT(rnn_relu, Rnn<Relu>)
EXPORT(rnn_sigmoid, Rnn<Sigmoid>)
EXPORT(gru, Gru)
EXPORT(lstm, Lstm)

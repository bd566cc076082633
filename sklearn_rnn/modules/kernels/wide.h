// The wide path of a document: its words and known pairs of words, weighed by TF-IDF.

#pragma once

#include <cmath>
#include <limits>

#include "network.h"

namespace {

class Wide {
  const Network &net;
  std::vector<int64_t> features;  // rows of the table, of one document

  // Return the place of the largest pair that is no larger, with no branch to guess.
  int64_t find(int64_t key) const {
    const int64_t *from = net.pairs;
    for (int64_t n = net.n_pairs; n > 1; n -= n / 2) from += from[n / 2] <= key ? n / 2 : 0;
    return from - net.pairs;
  }

  void collect(const int32_t *tokens, int64_t length) {
    features.clear();
    const auto known = [&](int32_t id) { return id != UNKNOWN && id < net.n_words; };
    for (int64_t t = 0; t < length; t++) {
      if (!known(tokens[t])) continue;
      features.push_back(tokens[t]);
      if (!t || !known(tokens[t - 1]) || !net.n_pairs) continue;
      const int64_t key = tokens[t - 1] * net.n_words + tokens[t], place = find(key);
      if (net.pairs[place] == key) features.push_back(net.n_words + place);
    }
    std::sort(features.begin(), features.end());
  }

  // Call `visit` with each distinct feature and its weight before that is scaled.
  template <class Visit>
  void weigh(Visit visit) const {
    const size_t size = features.size();
    for (size_t i = 0, end; i < size; i = end) {
      for (end = i + 1; end < size && features[end] == features[i];) end++;
      const float weight = net.idf[features[i]];
      visit(features[i], end - i > 1 ? (1 + std::log(float(end - i))) * weight : weight);
    }
  }

 public:
  explicit Wide(const Network &net) : net(net) {}

  // Mix its outputs into those of the recurrent network.
  void mix(const int32_t *tokens, int64_t length, float *outputs) {
    collect(tokens, length);
    float squares = 0;
    weigh([&](int64_t, float weight) { squares += weight * weight; });
    // A document may hold nothing that weighs.
    const float least = std::numeric_limits<float>::min();
    const float factor = float(net.wide_scale) / std::sqrt(squares > least ? squares : least);
    std::vector<float> sums(net.n_outputs);
    weigh([&](int64_t feature, float weight) {
      const float *row = net.wide_table + feature * net.n_outputs;
      for (int64_t o = 0; o < net.n_outputs; o++) sums[o] += weight * factor * row[o];
    });
    const float share = net.wide_weight;
    for (int64_t o = 0; o < net.n_outputs; o++) {
      const float deep = outputs[o], wide = sums[o] + net.wide_bias[o], gap = wide - deep;
      outputs[o] = share < 0.5f ? deep + share * gap : wide - gap * (1 - share);  // as torch.lerp
    }
  }
};

}  // namespace

// The wide path of a document, mixed into the outputs of the recurrent network.

#pragma once

#include "network.h"
#include "ngrams.h"

namespace {

class Wide {
  const NGrams ngrams;
  const float share;
  DocumentNGrams document;
  std::vector<float> wide;  // the outputs

 public:
  explicit Wide(const Network &net)
      : ngrams{net.n_words, net.n_pairs, UNKNOWN, net.n_outputs, net.pairs, net.idf,
               net.wide_table, net.wide_bias, float(net.wide_scale)},
        share(net.wide_weight), document(ngrams), wide(net.n_outputs) {}

  void mix(const int32_t *tokens, int64_t length, float *outputs) {
    document.read(length, [&](int64_t t) { return int64_t(tokens[t]); });
    document.write_outputs(wide.data());
    for (size_t o = 0; o < wide.size(); o++) {
      const float deep = outputs[o], gap = wide[o] - deep;
      outputs[o] = share < 0.5f ? deep + share * gap : wide[o] - gap * (1 - share);  // as torch.lerp
    }
  }
};

}  // namespace

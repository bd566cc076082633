// The best tag sequences of documents; see _crf.py.

#include <algorithm>
#include <limits>

#include "chain.h"
#include "status.h"
#include "threads.h"

namespace {

// `bests = max over i of x[i] + matrix[i]`. NaN is never the larger one.
template <int V>
inline void largest_columns(const float *x, const Padded &matrix, int64_t first, float *bests) {
  Vec acc[V];
  for (int v = 0; v < V; v++) acc[v] = all(-std::numeric_limits<float>::infinity());
  const float *from = matrix[0] + first;
  for (int64_t i = 0; i < matrix.n; i++, from += matrix.width) {
    const Vec xi = all(x[i]);
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      const Vec sum = xi + load(from + v * WIDTH);
      acc[v] = sum > acc[v] ? sum : acc[v];
    }
  }
  for (int v = 0; v < V; v++) store(bests + first + v * WIDTH, acc[v]);
}

// The best sequence of tags of one document.
class Searcher {
  const Chain &a;
  const Places &places;
  const Padded &to, &from;  // transitions, by the tag that comes first and by the second one
  Padded bests;             // of sequences that end in each tag, a row a token

  static int64_t largest(const float *x, const float *y, int64_t n) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
      if (x[i] + y[i] > x[best] + y[best]) best = i;
    return best;
  }

 public:
  Searcher(const Chain &a, const Places &places, const Padded &to, const Padded &from)
      : a(a), places(places), to(to), from(from), bests(a.n_steps, a.n_tags) {}

  void search(int64_t document, int64_t *tags) {
    const int64_t n = a.n_tags, length = places.lengths[document];
    for (int64_t t = 0; t < length; t++) {
      float *best = bests[t];
      if (t)
        each_block(to.width, [&](auto v, int64_t first) {
          largest_columns<decltype(v)::value>(bests[t - 1], to, first, best);
        });
      else std::copy_n(a.start, n, best);
      const float *scores = a.scores + (places.first[t] + document) * n;
      for (int64_t j = 0; j < n; j++) best[j] += scores[j];
      // Large sums would hide small differences.
      const float shift = *std::max_element(best, best + n);
      for (int64_t j = 0; j < n; j++) best[j] -= shift;
    }
    int64_t tag = largest(bests[length - 1], a.end, n);
    for (int64_t t = length - 1; t >= 0; t--) {
      tags[places.first[t] + document] = tag;
      if (t) tag = largest(bests[t - 1], from[tag], n);
    }
  }
};

}  // namespace

// Write the tags of the best sequences. Of several equal ones, lower tags at the end win.
extern "C" int32_t chain_best(const Chain *chain, int64_t *tags) {
  return status_of([&] {
    const Chain &a = *chain;
    const int64_t n = a.n_tags;
    const Places places(a);
    Padded to(n, n), from(n, n);
    for (int64_t i = 0; i < n; i++)
      for (int64_t j = 0; j < n; j++) to[i][j] = from[j][i] = a.transitions[i * n + j];
    in_threads(a.n_threads, [&](Share share) {
      Searcher searcher(a, places, to, from);
      for (int64_t document = share.thread; document < places.n_documents();
           document += share.n_threads)
        searcher.search(document, tags);
    });
  });
}

// Sums over all tag sequences of documents; see _crf.py.
//
// Sums are products of a vector of probabilities with the matrix exp(transitions), each column
// scaled to a largest entry of 1: one exp and one log a tag, not one a pair of tags. Where such a
// sum is too small for its digits, it is computed in logarithms instead.

#include <algorithm>
#include <cmath>

#include "chain.h"
#include "status.h"
#include "threads.h"

namespace {

constexpr float SMALLEST_SUM = 1e-30f, LARGEST_LOG = 69.0f;  // minus its logarithm
constexpr float NEGLIGIBLE = 1e-20f;
constexpr int64_t N_GROUPS = 8;  // of documents, whose gradients are added in their order

template <class Join>
inline float joined(Vec x, Join join) {
  float lanes[WIDTH];
  store(lanes, x);
  for (int half = WIDTH / 2; half; half /= 2)
    for (int lane = 0; lane < half; lane++) lanes[lane] = join(lanes[lane], lanes[lane + half]);
  return lanes[0];
}
inline float sum_of(Vec x) { return joined(x, [](float a, float b) { return a + b; }); }
inline float largest_of(Vec x) { return joined(x, [](float a, float b) { return a > b ? a : b; }); }

// `sums = x * matrix` in registers, V vectors of columns at a time.
template <int V>
inline void multiply_columns(const float *x, const Padded &matrix, int64_t first, float *sums) {
  Vec acc[V] = {};
  const float *from = matrix[0] + first;
  for (int64_t i = 0; i < matrix.n; i++, from += matrix.width) {
    const Vec xi = all(x[i]);
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) acc[v] += xi * load(from + v * WIDTH);
  }
  for (int v = 0; v < V; v++) store(sums + first + v * WIDTH, acc[v]);
}

// What all documents share: exp(transitions) and the largest of each column.
struct Ways {
  Padded matrix, row;  // and in rows: the largest of each column, the scores of the last tag
  enum { LARGEST, END };

  explicit Ways(const Chain &a) : matrix(a.n_tags, a.n_tags), row(2, a.n_tags) {
    const int64_t n = a.n_tags;
    std::fill_n(row[LARGEST], matrix.width, LOWEST);
    for (int64_t i = 0; i < n; i++)
      for (int64_t j = 0; j < n; j++)
        row[LARGEST][j] = std::max(row[LARGEST][j], a.transitions[i * n + j]);
    for (int64_t i = 0; i < n; i++) {
      float *to = matrix[i];
      std::copy_n(a.transitions + i * n, n, to);
      matrix.pad(i, LOWEST);
      for (int64_t j = 0; j < matrix.width; j += WIDTH)
        store(to + j, exp(load(to + j) - load(row[LARGEST] + j)));
    }
    std::copy_n(a.end, n, row[END]);
    row.pad(END, LOWEST);
  }
};

// One document at a time, in memory of its own.
class Reader {
  enum { SCORES, BEFORE, PREFIX, SHARES, SUMS, MARGINALS, NEXT, N_ROWS };
  const Chain &a;
  const Ways &ways;
  const Places &places;
  const int64_t n, width;
  Padded row;

  int64_t token(int64_t t, int64_t document) const { return places.first[t] + document; }

  template <class Work>
  void each_vector(Work work) {
    for (int64_t j = 0; j < width; j += WIDTH) work(j);
  }

  void read_scores(int64_t token) { std::copy_n(a.scores + token * n, n, row[SCORES]); }

  // The log-sum of what comes before a tag, by definition.
  float exact_before(int64_t tag) const {
    const float *prefix = row[PREFIX], *way = a.transitions + tag;
    float largest = prefix[0] + way[0], sum = 0;
    for (int64_t i = 1; i < n; i++) largest = std::max(largest, prefix[i] + way[i * n]);
    if (std::isinf(largest)) return largest;
    for (int64_t i = 0; i < n; i++) sum += std::exp(prefix[i] + way[i * n] - largest);
    return largest + std::log(sum);
  }

  void advance() {
    float *shares = row[SHARES], *sums = row[SUMS], *before = row[BEFORE];
    each_vector([&](int64_t j) { store(shares + j, exp(load(row[PREFIX] + j))); });
    each_block(width, [&](auto v, int64_t first) {
      multiply_columns<decltype(v)::value>(shares, ways.matrix, first, sums);
    });
    Vec smallest = all(1.0f);
    each_vector([&](int64_t j) {
      const Vec sum = load(sums + j);
      smallest = sum < smallest ? sum : smallest;
      store(before + j, load(ways.row[Ways::LARGEST] + j) + log(sum));
    });
    if (-largest_of(-smallest) < SMALLEST_SUM)
      for (int64_t j = 0; j < n; j++)
        if (sums[j] < SMALLEST_SUM) before[j] = exact_before(j);
  }

  // From what is before and the scores to the sums up to here, and what they were lowered by.
  float finish_prefix() {
    Vec largest = all(LOWEST);
    each_vector([&](int64_t j) {
      const Vec prefix = load(row[SCORES] + j) + load(row[BEFORE] + j);
      largest = prefix > largest ? prefix : largest;
      store(row[PREFIX] + j, prefix);
    });
    const float shift = largest_of(largest);
    each_vector([&](int64_t j) { store(row[PREFIX] + j, load(row[PREFIX] + j) - shift); });
    return shift;
  }

  void recall_prefix(int64_t token) {
    read_scores(token);
    std::copy_n(a.before + token * n, n, row[BEFORE]);
    const float shift = a.shifts[token];
    each_vector([&](int64_t j) {
      store(row[PREFIX] + j, load(row[SCORES] + j) + load(row[BEFORE] + j) - shift);
    });
  }

  // Write exp(prefix + end - largest) into the marginals; return their sum and the largest.
  std::pair<float, float> finish_document() {
    float *shares = row[MARGINALS];
    Vec largest = all(LOWEST), sum = {};
    each_vector([&](int64_t j) {
      const Vec total = load(row[PREFIX] + j) + load(ways.row[Ways::END] + j);
      largest = total > largest ? total : largest;
      store(shares + j, total);
    });
    const float shift = largest_of(largest);
    each_vector([&](int64_t j) { store(shares + j, exp(load(shares + j) - shift)); });
    row.pad(MARGINALS, 0);
    each_vector([&](int64_t j) { sum += load(shares + j); });
    return {sum_of(sum), shift};
  }

  void scale_marginals(float sum) {
    each_vector([&](int64_t j) { store(row[MARGINALS] + j, load(row[MARGINALS] + j) / sum); });
  }

  // From the marginals of a token to those of the one before, whose prefix is there, and add the
  // marginals of the pairs to the gradient of the transitions.
  void step_back(float *grads, float weight) {
    float *next = row[NEXT], *marginals = row[MARGINALS];
    Vec largest = all(0.0f), sum = {};
    each_vector([&](int64_t j) {
      // The logarithm of one over the sum that `advance` has found.
      const Vec log = load(ways.row[Ways::LARGEST] + j) - load(row[BEFORE] + j);
      largest = log > largest ? log : largest;
      store(next + j, load(marginals + j));
      store(row[SUMS] + j, load(marginals + j) * exp(log));
      store(row[SHARES] + j, exp(load(row[PREFIX] + j)));
    });
    const bool has_exact = largest_of(largest) > LARGEST_LOG;
    auto is_exact = [&](int64_t j) {
      const float log = ways.row[Ways::LARGEST][j] - row[BEFORE][j];
      return log > LARGEST_LOG && next[j] > NEGLIGIBLE;
    };
    if (has_exact)
      for (int64_t j = 0; j < n; j++)
        if (is_exact(j)) row[SUMS][j] = 0;
    for (int64_t i = 0; i < n; i++) {
      const Vec share = all(row[SHARES][i]);
      const float *way = ways.matrix[i];
      float *to = grads ? grads + i * width : nullptr;
      Vec total = {};
      each_vector([&](int64_t j) {
        const Vec pairs = share * load(way + j) * load(row[SUMS] + j);
        total += pairs;
        if (to) store(to + j, load(to + j) - weight * pairs);
      });
      marginals[i] = sum_of(total);
    }
    if (has_exact)
      for (int64_t j = 0; j < n; j++)
        if (is_exact(j)) step_back_exactly(j, grads, weight);
    each_vector([&](int64_t j) { sum += load(marginals + j); });
    scale_marginals(sum_of(sum));
  }

  void step_back_exactly(int64_t j, float *grads, float weight) {
    for (int64_t i = 0; i < n; i++) {
      const float log = row[PREFIX][i] + a.transitions[i * n + j] - row[BEFORE][j];
      const float pair = row[NEXT][j] * std::exp(log);
      row[MARGINALS][i] += pair;
      if (grads) grads[i * width + j] -= weight * pair;
    }
  }

  void write_grads(int64_t token, const int64_t *tags, float weight, float *to) const {
    for (int64_t j = 0; j < n; j++) to[j] = tags ? -weight * row[MARGINALS][j] : row[MARGINALS][j];
    if (tags) to[tags[token]] += weight;
  }

 public:
  Reader(const Chain &a, const Ways &ways, const Places &places)
      : a(a), ways(ways), places(places), n(a.n_tags), width(whole(n)), row(N_ROWS, n) {}

  // Keep the sums before each token; return the log-likelihood of the tags, if there are any.
  float read(int64_t document, const int64_t *tags) {
    double found = 0;  // of differences, which are small where scores are large
    for (int64_t t = 0; t < places.lengths[document]; t++) {
      const int64_t at = token(t, document);
      read_scores(at);
      if (t) advance();
      else std::copy_n(a.start, n, row[BEFORE]), row.pad(BEFORE, LOWEST);
      std::copy_n(row[BEFORE], n, a.before + at * n);
      const float shift = a.shifts[at] = finish_prefix();
      if (!tags) continue;
      const int64_t tag = tags[at];
      const float way = t ? a.transitions[tags[token(t - 1, document)] * n + tag] : a.start[tag];
      found += a.scores[at * n + tag] + way - shift;
    }
    if (!tags) return 0;
    const auto [sum, shift] = finish_document();
    const int64_t last = tags[token(places.lengths[document] - 1, document)];
    return found + (a.end[last] - shift - std::log(sum));
  }

  // Write the gradient of the scores of a document that was read, and add that of the ways, `width`
  // apart: of transitions, then of first and of last tags. Without tags, write the marginals.
  void read_back(int64_t document, const int64_t *tags, float weight, float *grad_scores,
                 float *grads) {
    const int64_t length = places.lengths[document];
    row.pad(BEFORE, 0);
    for (int64_t t = length - 1; t >= 0; t--) {
      const int64_t at = token(t, document);
      if (t == length - 1) {
        recall_prefix(at);
        scale_marginals(finish_document().first);
      } else {
        recall_step(at, token(t + 1, document));
        step_back(grads, weight);
        if (tags) grads[tags[at] * width + tags[token(t + 1, document)]] += weight;
      }
      float *to = grad_scores + at * n;
      write_grads(at, tags, weight, to);
      for (int end = 0; tags && end < 2; end++)
        if (t == (end ? length - 1 : 0))
          for (int64_t j = 0; j < n; j++) grads[(n + end) * width + j] += to[j];
    }
  }

  // The prefix of a token, and what is before the next one.
  void recall_step(int64_t at, int64_t next) {
    recall_prefix(at);
    std::copy_n(a.before + next * n, n, row[BEFORE]);
  }
};

// Tags that are none.
bool has_wrong_tag(const Chain &a, const int64_t *tags) {
  int64_t n_tokens = 0;
  for (int64_t t = 0; t < a.n_steps; t++) n_tokens += a.batch_sizes[t];
  return std::any_of(tags, tags + n_tokens,
                     [&](int64_t tag) { return tag < 0 || tag >= a.n_tags; });
}

// Call `work(document, group, reader)` for each document; those of a group in order on one thread.
template <class Work>
void each_document(const Chain &a, Work work) {
  const Places places(a);
  const Ways ways(a);
  in_threads(std::min(a.n_threads, N_GROUPS), [&](Share share) {
    Reader reader(a, ways, places);
    for (int64_t group = share.thread; group < N_GROUPS; group += share.n_threads)
      for (int64_t document = group; document < places.n_documents(); document += N_GROUPS)
        work(document, group, reader);
  });
}

enum { WRONG_TAG = NO_MEMORY + 1 };

}  // namespace

// Write the sums before each token, what they were lowered by and, given tags, their
// log-likelihoods, one a document.
extern "C" int32_t chain_forward(const Chain *chain, const int64_t *tags, float *found) {
  if (tags && has_wrong_tag(*chain, tags)) return WRONG_TAG;
  return status_of([&] {
    each_document(*chain, [&](int64_t document, int64_t, Reader &reader) {
      const float own = reader.read(document, tags);
      if (tags) found[document] = own;
    });
  });
}

// Write the gradients of the scores and of the ways, given those of the log-likelihoods.
extern "C" int32_t chain_backward(const Chain *chain, const int64_t *tags, const float *grad,
                                  float *grad_scores, float *grad_ways) {
  return status_of([&] {
    const int64_t n = chain->n_tags, n_rows = n + 2;
    Padded grads(N_GROUPS * n_rows, n);
    each_document(*chain, [&](int64_t document, int64_t group, Reader &reader) {
      reader.read_back(document, tags, grad[document], grad_scores, grads[group * n_rows]);
    });
    std::fill_n(grad_ways, n_rows * n, 0.0f);
    for (int64_t group = 0; group < N_GROUPS; group++)
      for (int64_t i = 0; i < n_rows; i++)
        for (int64_t j = 0; j < n; j++) grad_ways[i * n + j] += grads[group * n_rows + i][j];
  });
}

// Write the probability of each tag at each token.
extern "C" int32_t chain_marginals(const Chain *chain, float *marginals) {
  return status_of([&] {
    each_document(*chain, [&](int64_t document, int64_t, Reader &reader) {
      reader.read(document, nullptr);
      reader.read_back(document, nullptr, 0, marginals, nullptr);
    });
  });
}

// The loss of a batch and its gradient in one pass; see _losses.py.

#include <algorithm>
#include <cmath>
#include <cstdint>

// Outputs of documents, the class of each, and how much it weighs.
struct CrossEntropy {
  int64_t n_documents, n_classes;
  const float *outputs;
  const int64_t *targets;
  const float *weights;
  double smoothing;  // the share of each target that is spread evenly over all classes
};

// Write the gradient of the weighted mean loss, and return the loss: -1 where a target is no class.
extern "C" double cross_entropy(const CrossEntropy *arguments, float *grads) {
  const CrossEntropy &a = *arguments;
  const int64_t n = a.n_classes;
  const float evenly = a.smoothing / n, own = 1 - a.smoothing;
  double total = 0;
  for (int64_t document = 0; document < a.n_documents; document++) {
    const float *output = a.outputs + document * n;
    float *grad = grads + document * n;
    const int64_t target = a.targets[document];
    if (target < 0 || target >= n) return -1;
    const float largest = *std::max_element(output, output + n);
    float sum = 0, loss = 0;
    for (int64_t c = 0; c < n; c++) sum += grad[c] = std::exp(output[c] - largest);
    const float log_sum = std::log(sum), scale = a.weights[document] / a.n_documents;
    for (int64_t c = 0; c < n; c++) {
      const float share = evenly + (c == target ? own : 0);
      loss += share * (log_sum + largest - output[c]);
      grad[c] = scale * (grad[c] / sum - share);
    }
    total += double(a.weights[document]) * loss;
  }
  return total / a.n_documents;
}

// The cells. `forward` turns the inputs' part of the gates into the gates, and returns the state;
// `sums` is the states' part. `backward` turns the gates into their gradients, given that of the
// state, and leaves in `grad` what reaches the state before on the way past the gates. What a cell
// needs of a step beside gates and state it keeps in `kept`. `of_inputs` is the gradient of the
// last gate as the inputs see it, which is another one where OWN_BIAS says that the bias of the
// states stands inside that gate.

#pragma once

#include "vectors.h"

namespace {

struct Tanh {
  static Vec value(Vec x) { return tanh(x); }
  static Vec slope(Vec y) { return 1 - y * y; }
};

struct Relu {
  static Vec value(Vec x) { return x < 0.0f ? Vec{} : x; }  // NaN stays NaN
  static Vec slope(Vec y) { return y > 0.0f ? all(1.0f) : Vec{}; }
};

struct Sigmoid {
  static Vec value(Vec x) { return sigmoid(x); }
  static Vec slope(Vec y) { return y * (1 - y); }
};

template <class Activation>
struct Rnn {
  static constexpr int GATES = 1;
  static constexpr bool OWN_BIAS = false;
  static Vec forward(Vec *gates, const Vec *sums, Vec, Vec, Vec, Vec &) {
    return gates[0] = Activation::value(gates[0] + sums[0]);
  }
  static void backward(Vec *gates, Vec, Vec, Vec, Vec &grad, Vec &, Vec &of_inputs) {
    of_inputs = gates[0] = grad * Activation::slope(gates[0]);
    grad = Vec{};
  }
};

struct Gru {
  static constexpr int GATES = 3;  // reset, update, new; kept: the state's part of the new
  static constexpr bool OWN_BIAS = true;
  static Vec forward(Vec *gates, const Vec *sums, Vec h, Vec bias, Vec, Vec &kept) {
    const Vec r = sigmoid(gates[0] + sums[0]), z = sigmoid(gates[1] + sums[1]);
    kept = sums[2] + bias;
    const Vec n = tanh(gates[2] + r * kept);
    gates[0] = r, gates[1] = z, gates[2] = n;
    return n + z * (h - n);
  }
  static void backward(Vec *gates, Vec h, Vec kept, Vec, Vec &grad, Vec &, Vec &of_inputs) {
    const Vec r = gates[0], z = gates[1], n = gates[2];
    of_inputs = grad * (1 - z) * (1 - n * n);
    gates[0] = of_inputs * kept * r * (1 - r);
    gates[1] = grad * (h - n) * z * (1 - z);
    gates[2] = of_inputs * r;
    grad *= z;
  }
};

struct Lstm {
  static constexpr int GATES = 4;  // input, forget, cell, output; kept: the memory
  static constexpr bool OWN_BIAS = false;
  static Vec forward(Vec *gates, const Vec *sums, Vec, Vec, Vec before, Vec &kept) {
    const Vec i = sigmoid(gates[0] + sums[0]), f = sigmoid(gates[1] + sums[1]);
    const Vec g = tanh(gates[2] + sums[2]), o = sigmoid(gates[3] + sums[3]);
    gates[0] = i, gates[1] = f, gates[2] = g, gates[3] = o;
    kept = f * before + i * g;
    return o * tanh(kept);
  }
  static void backward(Vec *gates, Vec, Vec kept, Vec before, Vec &grad, Vec &grad_kept,
                       Vec &of_inputs) {
    const Vec i = gates[0], f = gates[1], g = gates[2], o = gates[3], t = tanh(kept);
    const Vec c = grad_kept + grad * o * (1 - t * t);
    gates[0] = c * g * i * (1 - i);
    gates[1] = c * before * f * (1 - f);
    gates[2] = c * i * (1 - g * g);
    of_inputs = gates[3] = grad * t * o * (1 - o);
    grad_kept = c * f;
    grad = Vec{};
  }
};

}  // namespace

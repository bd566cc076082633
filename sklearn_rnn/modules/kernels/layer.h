// A recurrent layer and what it reads, as Python passes them.

#pragma once

#include <cstdint>

// As in _recurrence.py. What has no use for a way or a cell is null.
struct Layer {
  int64_t n_threads, n_steps, n_tokens, n_inputs, n_features, n_units;
  const int64_t *batch_sizes, *rows, *index;
  const float *x, *weight_ih, *weight_hh, *bias_ih, *bias_hh;
  // What documents begin with, by rank, and what a cell has kept of it; zeros where it is null.
  // They are constants, without a gradient of their own.
  const float *start, *kept_start;
  // `inputs`: products of x and weight_ih with both biases, given instead of x or written here.
  // `gates` is for the way back alone, which reads them.
  float *inputs, *gates, *kept, *states;
  // The way back. `by_states` are the gradients of the gates as the states see them, `by_inputs` as
  // the inputs see them; without the latter they are the same.
  const float *grad_states;
  float *by_states, *by_inputs, *grad_x, *grad_weight_ih, *grad_weight_hh, *grad_bias_ih,
      *grad_bias_hh;

  int64_t row(int64_t place) const { return rows ? rows[place] : place; }
  int64_t input(int64_t row) const { return index ? index[row] : row; }
  const float *start_of(int64_t rank, const float *zeros) const {
    return start ? start + rank * n_units : zeros;
  }
  const float *kept_start_of(int64_t rank, const float *zeros) const {
    return kept_start ? kept_start + rank * n_units : zeros;
  }
};

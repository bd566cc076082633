// Work that threads share. Who does which part never changes a result.

#pragma once

#include <cfenv>
#include <cstdint>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace {

// One of the threads, among how many.
struct Share {
  int64_t thread, n_threads;
};

// Call `work(share)` once for each of so many threads, one of which is the caller's. The others
// are started for it and ended after it, which takes some ten microseconds: a pool would have to
// outlive forks, and interrupts.
template <class Work>
void in_threads(int64_t n_threads, Work work) {
  if (n_threads <= 1) return work(Share{0, 1});
  std::vector<std::exception_ptr> errors(n_threads);
  std::fenv_t modes;  // whether denormal numbers count as 0, which not every system hands on
  std::fegetenv(&modes);
  auto guarded = [&](int64_t thread) {
    try {
      work(Share{thread, n_threads});
    } catch (...) {
      errors[thread] = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  int64_t n_started = 1;
  try {
    for (others.reserve(n_threads - 1); n_started < n_threads; n_started++)
      others.emplace_back([&, thread = n_started] { std::fesetenv(&modes), guarded(thread); });
  } catch (const std::system_error &) {  // no more threads to be had: the caller does their part
  }
  guarded(0);
  for (int64_t thread = n_started; thread < n_threads; thread++) guarded(thread);
  for (std::thread &other : others) other.join();
  for (const std::exception_ptr &error : errors)
    if (error) std::rethrow_exception(error);
}

}  // namespace

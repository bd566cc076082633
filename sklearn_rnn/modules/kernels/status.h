// What a function returns to its caller, to whom nothing can be thrown.

#pragma once

#include <cstdint>
#include <exception>

namespace {

enum Status : int32_t { DONE, NO_MEMORY };

template <class Work>
Status status_of(Work work) noexcept {
  try {
    work();
  } catch (const std::exception &) {  // std::bad_alloc or std::length_error: only memory throws
    return NO_MEMORY;
  }
  return DONE;
}

}  // namespace

#include "base/parallel.h"

#include <gtest/gtest.h>

#include <vector>

namespace driftcast {
namespace {

TEST(ForEachInParallel, CallsEachOnceWithAnyNumberOfThreads) {
  for (const size_t threads : {0, 1, 2, 7}) {
    for (const size_t count : {0, 1, 3, 1000}) {
      std::vector<int> calls(count, 0);
      ForEachInParallel(count, threads, [&](size_t i) { ++calls[i]; });
      EXPECT_EQ(std::vector<int>(count, 1), calls) << count << " pieces, " << threads << " threads";
    }
  }
}

TEST(ForEachInParallel, ReturnsWhenAllIsDone) {
  std::vector<size_t> squares(200, 0);
  ForEachInParallel(squares.size(), 4, [&](size_t i) {
    for (size_t n = 0; n < i; ++n) squares[i] += i;
  });
  for (size_t i = 0; i < squares.size(); ++i) EXPECT_EQ(squares[i], i * i);
}

}  // namespace
}  // namespace driftcast

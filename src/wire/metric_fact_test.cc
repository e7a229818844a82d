#include "wire/metric_fact.h"

#include <random>

#include <gtest/gtest.h>

#include "wire/fact.h"

namespace driftcast {
namespace {

std::string ByMessage(const Fact& fact) {
  v1::Fact message;
  ToProto(fact, &message);
  return message.SerializeAsString();
}

TEST(MetricFact, HasTheBytesOfTheMessage) {
  std::mt19937_64 random(11);
  const auto text = [&](size_t most) { return std::string(random() % (most + 1), 'x'); };
  for (int i = 0; i < 500; ++i) {
    Fact fact;
    fact.at = FromUnixMicros(i % 7 == 0 ? 0 : static_cast<int64_t>(random() >> 12));
    fact.stack = StackId(text(300));
    fact.agent = AgentId(text(20));
    fact.sequence = i % 3 == 0 ? 0 : random() >> (random() % 64);
    MetricsObserved body;
    for (size_t n = random() % 40; n > 0; --n) {
      const auto at = static_cast<int64_t>(random() >> 13) - (n % 5 == 0 ? int64_t{1} << 51 : 0);
      const double value = n % 4 == 0 ? 0 : std::bit_cast<double>(random());
      body.points.push_back(
          {text(6), text(200), text(20000), FromUnixMicros(n % 6 == 0 ? 0 : at), value});
    }
    fact.body = body;
    ASSERT_EQ(EncodeMetricFact(fact, body), ByMessage(fact)) << i;
    ASSERT_EQ(EncodeFact(fact), ByMessage(fact)) << i;
  }
}

}  // namespace
}  // namespace driftcast

#include "http/event_stream.h"

#include <gtest/gtest.h>

namespace driftcast {
namespace {

SharedChunk Chunk(const std::string& text) { return std::make_shared<const std::string>(text); }

std::string TakeText(EventStream& stream) {
  std::string text;
  for (const SharedChunk& chunk : stream.Take()) text += *chunk + "|";
  return text;
}

TEST(EventStreamTest, KeepsOrder) {
  EventStream stream(100, "resync");
  stream.Send(Chunk("a"));
  stream.Send(Chunk("b"));
  EXPECT_EQ(TakeText(stream), "a|b|");
  EXPECT_EQ(TakeText(stream), "");
}

TEST(EventStreamTest, OverflowDropsWhatWaitsAndSaysSo) {
  EventStream stream(10, "resync");
  stream.Send(Chunk("12345"));
  stream.Send(Chunk("67890"));
  EXPECT_EQ(stream.resyncs(), 0u);
  stream.Send(Chunk("x"));
  EXPECT_EQ(stream.resyncs(), 1u);
  EXPECT_EQ(TakeText(stream), "resync|x|");
}

TEST(EventStreamTest, AChunkLargerThanTheBoundStillGoesWhenAlone) {
  EventStream stream(4, "resync");
  stream.Send(Chunk("123456789"));
  EXPECT_EQ(TakeText(stream), "123456789|");
}

TEST(EventStreamTest, WakesOnceUntilTaken) {
  EventStream stream(100, "resync");
  int wakes = 0;
  stream.Send(Chunk("early"));
  stream.Attach([&] { ++wakes; });
  EXPECT_EQ(wakes, 1);  // for what was there already
  stream.Send(Chunk("a"));
  EXPECT_EQ(wakes, 1);
  stream.Take();
  stream.Send(Chunk("b"));
  EXPECT_EQ(wakes, 2);
}

TEST(EventStreamTest, AClosedStreamTakesNothingMore) {
  EventStream stream(100, "resync");
  stream.Send(Chunk("a"));
  stream.Close();
  stream.Send(Chunk("b"));
  EXPECT_TRUE(stream.closed());
  EXPECT_EQ(TakeText(stream), "a|");
}

}  // namespace
}  // namespace driftcast

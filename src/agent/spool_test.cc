#include "agent/spool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <thread>

#include "agent/spool_format.h"

namespace driftcast {
namespace {

class SpoolTest : public testing::Test {
 protected:
  SpoolTest() {
    std::string name = (std::filesystem::temp_directory_path() / "spool-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~SpoolTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Spool> Open(uint64_t bytes_max = 1 << 20, uint64_t segment = 64 << 10) {
    auto spool = Spool::Open({folder_, bytes_max, segment});
    EXPECT_TRUE(spool.ok()) << Describe(spool.status());
    return spool.ok() ? *std::move(spool) : nullptr;
  }
  static std::string FactOf(uint64_t sequence, size_t bytes = 20) {
    std::string fact = "fact " + std::to_string(sequence) + " ";
    return fact + std::string(bytes > fact.size() ? bytes - fact.size() : 0, 'x');
  }
  static Status Add(Spool& spool, size_t count = 1, SpoolLane lane = SpoolLane::kConfig,
                    size_t bytes = 20) {
    return spool.Append(count, lane, [&](uint64_t s) { return FactOf(s, bytes); }).status();
  }
  std::filesystem::path LastSegment() {
    std::filesystem::path last;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      if (entry.path().extension() == ".seg" && entry.path() > last) last = entry.path();
    return last;
  }

  std::filesystem::path folder_;
};

TEST_F(SpoolTest, NumbersContinueOverRestarts) {
  {
    auto spool = Open();
    ASSERT_TRUE(Add(*spool, 3).ok());
    EXPECT_EQ(spool->sequence_next(), 4u);
  }
  auto spool = Open();
  EXPECT_EQ(spool->sequence_next(), 4u);
  ASSERT_TRUE(Add(*spool).ok());
  const auto all = spool->Read(1, 100, 1 << 20);
  ASSERT_EQ(all.size(), 4u);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].sequence, i + 1);
    EXPECT_EQ(all[i].fact, FactOf(i + 1));
  }
}

TEST_F(SpoolTest, ReadsInPiecesAndFromAnywhere) {
  auto spool = Open();
  ASSERT_TRUE(Add(*spool, 100).ok());
  EXPECT_EQ(spool->Read(1, 10, 1 << 20).size(), 10u);
  EXPECT_EQ(spool->Read(11, 10, 1 << 20).front().sequence, 11u);
  EXPECT_EQ(spool->Read(5, 3, 1 << 20).front().sequence, 5u);  // back again
  EXPECT_EQ(spool->Read(1, 100, 50).size(), 2u);
  EXPECT_EQ(spool->Read(1, 100, 1).size(), 1u);  // one at least
  EXPECT_TRUE(spool->Read(101, 10, 1 << 20).empty());
  ASSERT_TRUE(Add(*spool).ok());
  EXPECT_EQ(spool->Read(101, 10, 1 << 20).size(), 1u);
}

TEST_F(SpoolTest, TrimFreesSegmentsAndKeepsTheNumbering) {
  uint64_t next = 0;
  {
    auto spool = Open(1 << 20, 8 << 10);
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(Add(*spool, 1, SpoolLane::kConfig, 1000).ok());
    const uint64_t full = spool->bytes();
    spool->Trim(150);
    EXPECT_LT(spool->bytes(), full / 3);
    EXPECT_EQ(spool->sequence_oldest(), 151u);
    EXPECT_EQ(spool->Read(151, 1, 1 << 20).front().sequence, 151u);
    spool->Trim(200);
    EXPECT_LT(spool->bytes(), 8u << 10);
    next = spool->sequence_next();
  }
  EXPECT_EQ(Open()->sequence_next(), next);
}

TEST_F(SpoolTest, MetricsAreRefusedFirstAndEssentialsLast) {
  auto spool = Open(64 << 10, 8 << 10);
  int metrics = 0, config = 0, essential = 0;
  while (Add(*spool, 1, SpoolLane::kMetrics, 500).ok()) ++metrics;
  while (Add(*spool, 1, SpoolLane::kConfig, 500).ok()) ++config;
  while (Add(*spool, 1, SpoolLane::kEssential, 500).ok()) ++essential;
  EXPECT_GT(metrics, 50);
  EXPECT_GT(config, 40);
  EXPECT_GT(essential, 3);
  EXPECT_FALSE(spool->HasRoom(SpoolLane::kMetrics));
  EXPECT_LE(spool->bytes(), 64u << 10);
  // Numbers have no gaps, whatever was refused.
  EXPECT_EQ(spool->sequence_next(), static_cast<uint64_t>(metrics + config + essential) + 1);
  spool->Trim(spool->sequence_next() - 1);
  EXPECT_TRUE(Add(*spool, 1, SpoolLane::kMetrics, 500).ok());
}

TEST_F(SpoolTest, ABatchThatDoesNotFitIsNotInAtAll) {
  auto spool = Open(64 << 10, 8 << 10);
  EXPECT_EQ(Add(*spool, 200, SpoolLane::kConfig, 1000).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(spool->sequence_next(), 1u);
  EXPECT_TRUE(spool->Read(1, 10, 1 << 20).empty());
}

TEST_F(SpoolTest, ATornEndIsCutOffAndItsNumberUsedAgain) {
  { ASSERT_TRUE(Add(*Open(), 5).ok()); }
  const auto whole = std::filesystem::file_size(LastSegment());
  for (uint64_t cut = 1; cut < 52; cut += 5) {
    std::filesystem::resize_file(LastSegment(), whole - cut);
    auto spool = Open();
    const uint64_t next = spool->sequence_next();
    EXPECT_LE(next, 5u);
    while (spool->sequence_next() <= 5) ASSERT_TRUE(Add(*spool).ok());
    const auto all = spool->Read(1, 100, 1 << 20);
    ASSERT_EQ(all.size(), 5u);
    EXPECT_EQ(all[4].fact, FactOf(5));
    EXPECT_EQ(std::filesystem::file_size(LastSegment()), whole);
  }
}

TEST_F(SpoolTest, DamageInTheMiddleLosesWhatIsBehindItInThatSegmentOnly) {
  {
    auto spool = Open(1 << 20, 8 << 10);
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(Add(*spool, 1, SpoolLane::kConfig, 1000).ok());
  }
  std::filesystem::path first = folder_ / "00000000000000000001.seg";
  {
    std::fstream file(first, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(3000);
    file.put('\xFF');
  }
  auto spool = Open(1 << 20, 8 << 10);
  EXPECT_EQ(spool->sequence_next(), 41u);
  const auto all = spool->Read(1, 100, 1 << 20);
  ASSERT_GT(all.size(), 25u);
  EXPECT_LT(all.size(), 40u);
  for (const auto& entry : all) EXPECT_EQ(entry.fact, FactOf(entry.sequence, 1000));
  EXPECT_EQ(all.back().sequence, 40u);
}

TEST_F(SpoolTest, TwoAgentsCannotShareOne) {
  auto spool = Open();
  EXPECT_EQ(Spool::Open({folder_}).status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(SpoolTest, ContinuesBehindWhatTheEngineHas) {
  {
    auto spool = Open();
    ASSERT_TRUE(Add(*spool, 2).ok());
    ASSERT_TRUE(spool->SkipTo(1000).ok());
    EXPECT_EQ(spool->sequence_next(), 1001u);
    ASSERT_TRUE(spool->SkipTo(500).ok());  // behind us already
    ASSERT_TRUE(Add(*spool).ok());
  }
  auto spool = Open();
  EXPECT_EQ(spool->sequence_next(), 1002u);
  EXPECT_EQ(spool->Read(1, 10, 1 << 20).front().sequence, 1001u);
}

TEST_F(SpoolTest, WaitEndsWithAFactOrAWake) {
  auto spool = Open();
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    (void)Add(*spool);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    spool->Wake();
  });
  const auto start = std::chrono::steady_clock::now();
  spool->WaitFor(1, std::chrono::seconds(10));
  EXPECT_EQ(spool->sequence_next(), 2u);
  spool->WaitFor(2, std::chrono::seconds(10));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  other.join();
}

TEST_F(SpoolTest, AWakeBeforeTheWaitIsNotLost) {
  auto spool = Open();
  spool->Wake();
  spool->WaitFor(1, std::chrono::hours(1));  // what was to be noticed is noticed at once
  spool->WaitFor(1, std::chrono::milliseconds(1));
  EXPECT_EQ(spool->sequence_next(), 1u);
}

TEST_F(SpoolTest, HostileSegments) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 50; ++round) {
    std::string bytes(random() % 5000, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (round % 2 == 0 && bytes.size() > 16) bytes.replace(0, 16, EncodeSegmentHeader(7));
    std::ofstream(folder_ / "00000000000000000007.seg", std::ios::binary) << bytes;
    auto spool = Open();
    ASSERT_NE(spool, nullptr);
    EXPECT_EQ(spool->sequence_next(), 7u);
    ASSERT_TRUE(Add(*spool).ok());
    EXPECT_EQ(spool->Read(1, 10, 1 << 20).size(), 1u);
    spool.reset();
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      std::filesystem::remove(entry.path());
  }
}

// What the child reports over a pipe as durable must be there after SIGKILL, once each, in order.
TEST_F(SpoolTest, SigkillAtAnyMomentLosesNothingAndRepeatsNothing) {
  std::mt19937_64 random(20260501);
  uint64_t acknowledged = 0;  // the largest number that a child said to be durable
  for (int round = 0; round < 60; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(pipe_ends[0]);
      auto spool = Spool::Open({folder_, 64 << 20, 16 << 10});
      if (!spool.ok()) _exit(1);
      std::mt19937_64 draw(static_cast<uint64_t>(round));
      for (;;) {
        const size_t count = 1 + draw() % 8;
        const size_t bytes = 30 + draw() % 3000;
        const auto last = (*spool)->Append(count, SpoolLane::kConfig,
                                           [&](uint64_t s) { return FactOf(s, bytes); });
        if (!last.ok()) _exit(2);
        const uint64_t number = *last;
        if (write(pipe_ends[1], &number, sizeof number) != sizeof number) _exit(3);
        if (draw() % 16 == 0 && number > 50) (*spool)->Trim(number - 50);
      }
    }
    close(pipe_ends[1]);
    std::this_thread::sleep_for(std::chrono::microseconds(3000 + random() % 40000));
    kill(child, SIGKILL);
    uint64_t number = 0;
    while (read(pipe_ends[0], &number, sizeof number) == sizeof number) {
      EXPECT_GT(number, acknowledged);  // no number is used twice
      acknowledged = number;
    }
    close(pipe_ends[0]);
    int state = 0;
    ASSERT_EQ(waitpid(child, &state, 0), child);
    ASSERT_TRUE(WIFSIGNALED(state)) << WEXITSTATUS(state);

    auto spool = Open(64 << 20, 16 << 10);
    // A batch that was complete on disk but not yet said to be may be there as well.
    ASSERT_GE(spool->sequence_next(), acknowledged + 1);
    ASSERT_LE(spool->sequence_next(), acknowledged + 9);
    acknowledged = spool->sequence_next() - 1;
    uint64_t expected = spool->sequence_oldest();
    EXPECT_LE(expected, acknowledged > 50 ? acknowledged - 50 + 9 : 1);
    for (auto entries = spool->Read(expected, 64, 1 << 20); !entries.empty();
         entries = spool->Read(expected, 64, 1 << 20))
      for (const auto& entry : entries) {
        ASSERT_EQ(entry.sequence, expected++);
        ASSERT_EQ(entry.fact, FactOf(entry.sequence, entry.fact.size()));
      }
    EXPECT_EQ(expected, spool->sequence_next());
  }
  EXPECT_GT(acknowledged, 100u);
}

}  // namespace
}  // namespace driftcast

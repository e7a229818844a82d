#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/memory_store.h"
#include "store/rocksdb_store.h"

namespace driftcast {
namespace {

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    std::string name = std::filesystem::temp_directory_path() / "driftcast_store_XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~StoreTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

std::string Dump(const Store& store, std::string_view begin, std::string_view end, bool backwards) {
  std::string out;
  const ScanCallback append = [&](std::string_view key, std::string_view value) {
    out += std::string(key) + "=" + std::string(value) + ";";
    return true;
  };
  const Status status = backwards ? store.ScanBackwards(Table::kState, begin, end, append)
                                  : store.Scan(Table::kState, begin, end, append);
  EXPECT_TRUE(status.ok()) << Describe(status);
  return out;
}

TEST_F(StoreTest, RocksDbAndMemoryAgreeOnRandomOperations) {
  auto disk = OpenRocksDbStore(folder_);
  ASSERT_TRUE(disk.ok()) << Describe(disk.status());
  MemoryStore memory;
  std::mt19937_64 random(11);
  const auto key = [&] {
    return std::string(1 + random() % 2, static_cast<char>('a' + random() % 5));
  };
  for (int round = 0; round < 100; ++round) {
    WriteBatch batch;
    for (size_t i = 0; i < 1 + random() % 5; ++i)
      random() % 3 ? batch.Put(Table::kState, key(), std::to_string(random() % 100))
                   : batch.Delete(Table::kState, key());
    if (random() % 8 == 0) {
      std::string from = key(), to = key();
      if (to < from) std::swap(from, to);
      batch.DeleteRange(Table::kState, from, to);
    }
    ASSERT_TRUE((*disk)->Commit(batch).ok());
    ASSERT_TRUE(memory.Commit(batch).ok());
    const std::string begin = key(), end = random() % 3 ? key() : "";
    for (const bool backwards : {false, true})
      EXPECT_EQ(Dump(**disk, begin, end, backwards), Dump(memory, begin, end, backwards));
  }
}

TEST_F(StoreTest, WhatWasCommittedIsThereAfterReopening) {
  {
    auto store = OpenRocksDbStore(folder_);
    ASSERT_TRUE(store.ok());
    WriteBatch batch;
    batch.Put(Table::kAudit, "k", "v");
    ASSERT_TRUE((*store)->Commit(batch).ok());
  }
  auto store = OpenRocksDbStore(folder_);
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(**(*store)->Get(Table::kAudit, "k"), "v");
  EXPECT_FALSE((*store)->Get(Table::kState, "k")->has_value());
}

TEST_F(StoreTest, ASecondOpenerIsToldThatItIsHeld) {
  auto store = OpenRocksDbStore(folder_);
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(OpenRocksDbStore(folder_).status().code(), StatusCode::kUnavailable);
}

TEST_F(StoreTest, ADamagedStoreIsRefused) {
  {
    auto store = OpenRocksDbStore(folder_);
    ASSERT_TRUE(store.ok());
  }
  std::ofstream(folder_ / "CURRENT") << "rubbish";
  EXPECT_FALSE(OpenRocksDbStore(folder_).ok());
}

// What RocksDB itself takes for the end that a crash left.
TEST_F(StoreTest, LostFilesAreNoFreshStart) {
  const auto only = [&](const char* pattern) {
    std::filesystem::path newest;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      if (entry.path().filename().string().find(pattern) != std::string::npos &&
          entry.file_size() > 0)
        newest = std::max(newest, entry.path());
    return newest;
  };
  const auto cut = [](const std::filesystem::path& file) {
    std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  };
  const std::vector<std::function<void()>> damages = {
      [&] { std::filesystem::remove(folder_ / "CURRENT"); },
      [&] { std::filesystem::remove(only(".log")); },
      [&] { cut(only(".log")); },
      [&] { cut(only("MANIFEST")); },
  };
  for (size_t i = 0; i < damages.size(); ++i) {
    std::filesystem::remove_all(folder_);
    for (int round = 0; round < 3; ++round) {
      auto store = OpenRocksDbStore(folder_);
      ASSERT_TRUE(store.ok()) << Describe(store.status());
      for (int n = 0; n < 10; ++n) {
        WriteBatch batch;
        batch.Put(Table::kState, fmt::format("{}.{}", round, n), std::string(1000, 'v'));
        ASSERT_TRUE((*store)->Commit(batch).ok());
      }
    }
    const auto whole = folder_.string() + ".whole";
    std::filesystem::remove_all(whole);
    std::filesystem::copy(folder_, whole, std::filesystem::copy_options::recursive);
    damages[i]();
    const auto damaged = OpenRocksDbStore(folder_);
    EXPECT_EQ(damaged.status().code(), StatusCode::kDataLoss)
        << i << ": " << Describe(damaged.status());
    std::filesystem::remove_all(folder_);
    std::filesystem::rename(whole, folder_);
    EXPECT_TRUE(OpenRocksDbStore(folder_).ok()) << i;
  }
  std::ofstream(folder_ / "LAST_COMMIT") << "rubbish";
  EXPECT_EQ(OpenRocksDbStore(folder_).status().code(), StatusCode::kDataLoss);
  std::filesystem::remove(folder_ / "LAST_COMMIT");
  EXPECT_TRUE(OpenRocksDbStore(folder_).ok());
}

// The size of files is limited for a while, which is as good as a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t file_bytes_max) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit tight{file_bytes_max, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

WriteBatch Noise(int number) {
  std::mt19937_64 random(static_cast<uint64_t>(number));
  std::string bytes(20'000, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  WriteBatch batch;
  batch.Put(number % 2 ? Table::kState : Table::kHistory, std::to_string(number), bytes);
  return batch;
}

TEST_F(StoreTest, GoesOnWhereItWasOnceAFullDiskHasRoom) {
  auto opened = OpenRocksDbStore(folder_);
  ASSERT_TRUE(opened.ok());
  Store& store = **opened;
  int written = 0;
  for (const int more : {0, 5}) {
    const FullDisk full(static_cast<rlim_t>(400'000 + more * 100'000));
    Status status;
    while ((status = store.Commit(Noise(written))).ok() && written < 200) ++written;
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << Describe(status);
    const auto first = store.Get(Table::kHistory, "0");
    EXPECT_TRUE(first.ok() && first->has_value());
  }
  EXPECT_GT(written, 5);
  for (int i = 0; i < 20; ++i, ++written) ASSERT_TRUE(store.Commit(Noise(written)).ok());
  opened->reset();
  const auto again = OpenRocksDbStore(folder_);
  ASSERT_TRUE(again.ok());
  for (int i = 0; i < written; ++i)
    EXPECT_EQ((*again)->Get(i % 2 ? Table::kState : Table::kHistory, std::to_string(i))->value(),
              *Noise(i).writes[0].value);
}

TEST(MemoryStore, AFailedCommitChangesNothing) {
  MemoryStore memory;
  FaultyStore faulty(memory);
  const std::string before = memory.Digest();
  faulty.FailCommits(1);
  WriteBatch batch;
  batch.Put(Table::kState, "k", "v");
  EXPECT_EQ(faulty.Commit(batch).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(memory.Digest(), before);
  EXPECT_TRUE(faulty.Commit(batch).ok());
  EXPECT_NE(memory.Digest(), before);
}

TEST(Keys, NumbersSortAsNumbers) {
  for (const uint64_t n : {0ull, 1ull, 255ull, 256ull, ~0ull})
    EXPECT_EQ(FromOrderedNumber(OrderedNumber(n)), n);
  EXPECT_LT(OrderedNumber(255), OrderedNumber(256));
  EXPECT_EQ(PrefixEnd("a\xff"), "b");
  EXPECT_EQ(PrefixEnd("\xff"), "");
}

}  // namespace
}  // namespace driftcast

#include "learn/history_file.h"

#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

namespace driftcast::learn {
namespace {

class HistoryFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "history-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static ChangeEvent Event(int64_t seconds, uint64_t change, ChangeOp op, const char* resource,
                           const char* path = "", const char* before = "", const char* after = "") {
    ChangeEvent event;
    event.at = FromUnixSeconds(seconds);
    event.stack = "web";
    event.kind = "file:ini";
    event.resource = resource;
    event.path = path;
    event.op = op;
    event.old_value = before;
    event.new_value = after;
    event.actor = "cafe0123";
    event.change_id = change;
    return event;
  }

  static std::string Text(const ChangeEvent& e) {
    return fmt::format("{} {} {} {} {} {} '{}' '{}' {} {} {} {}", FormatInstant(e.at), e.stack,
                       e.kind, e.resource, e.path, OpName(e.op), e.old_value, e.new_value, e.actor,
                       e.bot, e.change_id, e.mass);
  }

  std::filesystem::path folder_;
};

TEST_F(HistoryFileTest, WhatIsWrittenIsReadWithLeavesRightAfterTheirCreate) {
  std::vector<ChangeEvent> events = {
      Event(100, 1, ChangeOp::kCreate, "b", "", "", "1"),
      Event(100, 1, ChangeOp::kInitial, "b", "port", "", "80"),
      Event(100, 1, ChangeOp::kCreate, "a", "", "", "2"),
      Event(100, 1, ChangeOp::kInitial, "a", "user", "", "www"),
      Event(100, 1, ChangeOp::kInitial, "a", "opts[]", "", ""),
      Event(160, 2, ChangeOp::kChange, "a", "user", "www", "nobody"),
      Event(170, 3, ChangeOp::kDelete, "a", "", "2"),
      Event(180, 4, ChangeOp::kCreate, "a", "", "", "1"),
      Event(180, 4, ChangeOp::kInitial, "a", "user", "", "root"),
  };
  events[5].bot = events[5].mass = true;
  events.push_back(Event(190, 5, ChangeOp::kInitial, "found", "mode", "", "0644"));
  events.push_back(Event(190, 5, ChangeOp::kInitial, "found", "owner", "", "root"));
  events.push_back(Event(200, 6, ChangeOp::kChange, "found", "mode", "0644", "0600"));
  auto writer = HistoryWriter::Create(folder_, "web");
  ASSERT_TRUE(writer.ok());
  for (const ChangeEvent& e : events) ASSERT_TRUE((*writer)->Add(e).ok());
  ASSERT_TRUE((*writer)->Finish().ok());

  const auto files = ListHistories(folder_);
  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files->size(), 1u);
  auto reader = HistoryReader::Open(files->front());
  ASSERT_TRUE(reader.ok()) << Describe(reader.status());
  EXPECT_EQ((*reader)->stack(), "web");
  ChangeEvent event;
  for (const ChangeEvent& expected : events) {
    const auto any = (*reader)->Next(&event);
    ASSERT_TRUE(any.ok() && *any);
    EXPECT_EQ(Text(event), Text(expected));
  }
  EXPECT_FALSE(*(*reader)->Next(&event));
}

TEST_F(HistoryFileTest, UnreadableInputIsSaidWithItsLine) {
  auto read_all = [this](const std::string& text) {
    std::ofstream(folder_ / "web.tsv.gz") << text;  // gzread passes plain text through
    auto reader = HistoryReader::Open(folder_ / "web.tsv.gz");
    if (!reader.ok()) return reader.status();
    ChangeEvent event;
    while (true) {
      const auto any = (*reader)->Next(&event);
      if (!any.ok()) return any.status();
      if (!*any) return Ok();
    }
  };
  const std::string head = "ts\tstack\tkind\tresource\tpath\top\told\tnew\n";
  EXPECT_TRUE(read_all(head + "5\ts\tk\tr\tp\tadd\t\t1\n").ok());
  EXPECT_EQ(read_all("").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(read_all("ts\tkind\n").code(), StatusCode::kInvalidArgument);
  for (const char* row : {"5\ts\tk\tr\tp\tfly\t\t1\n", "x\ts\tk\tr\tp\tadd\t\t1\n", "5\ts\tk\n"}) {
    const Status status = read_all(head + row);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(Message(status).find(":2:"), std::string::npos) << Message(status);
  }
  const Status backwards = read_all(head + "5\ts\tk\tr\tp\tadd\t\t1\n4\ts\tk\tr\tp\tadd\t\t1\n");
  EXPECT_EQ(backwards.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(Message(backwards).find("backwards"), std::string::npos);
}

TEST_F(HistoryFileTest, CutFileIsDataLoss) {
  auto writer = HistoryWriter::Create(folder_, "web");
  ASSERT_TRUE(writer.ok());
  for (int i = 0; i < 5000; ++i)
    ASSERT_TRUE((*writer)->Add(Event(i, i, ChangeOp::kChange, "r", "p", "1", "2")).ok());
  ASSERT_TRUE((*writer)->Finish().ok());
  const auto path = folder_ / "web.tsv.gz";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  auto reader = HistoryReader::Open(path);
  Status status = reader.status();
  ChangeEvent event;
  while (status.ok()) {
    const auto any = (*reader)->Next(&event);
    status = any.status();
    if (any.ok() && !*any) break;
  }
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
}

TEST_F(HistoryFileTest, MissingFolderIsNotFound) {
  EXPECT_EQ(ListHistories(folder_ / "no").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ListHistories(folder_).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace driftcast::learn

#include "learn/history_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include <zlib.h>

namespace driftcast::learn {
namespace {

constexpr size_t kLineBytesMax = 1 << 20;
constexpr size_t kReadBytes = 1 << 16;
constexpr std::string_view kEventsSuffix = ".tsv.gz";
constexpr std::string_view kInitSuffix = ".init.tsv.gz";

gzFile File(void* file) { return static_cast<gzFile>(file); }

// Splits at tabs; gives back the fields found (at most N kept).
template <size_t N>
size_t Split(std::string_view line, std::array<std::string_view, N>* fields) {
  size_t count = 0;
  while (true) {
    const size_t tab = line.find('\t');
    if (count < N) (*fields)[count] = line.substr(0, tab);
    ++count;
    if (tab == std::string_view::npos) return count;
    line.remove_prefix(tab + 1);
  }
}

template <typename Int>
bool ParseInt(std::string_view text, Int* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseOp(std::string_view text, ChangeOp* op) {
  for (ChangeOp known : {ChangeOp::kCreate, ChangeOp::kDelete, ChangeOp::kAdd, ChangeOp::kChange,
                         ChangeOp::kRemove, ChangeOp::kInitial}) {
    if (text == OpName(known)) {
      *op = known;
      return true;
    }
  }
  return false;
}

constexpr size_t kFieldsMax = 24;
using Fields = std::array<std::string_view, kFieldsMax>;

// Finds each of `names` in a header line; -1 where it is missing.
template <size_t N>
std::array<int, N> FindColumns(std::string_view header, const std::array<const char*, N>& names) {
  Fields fields;
  const size_t count = std::min(Split(header, &fields), kFieldsMax);
  std::array<int, N> found;
  for (size_t i = 0; i < N; ++i) {
    const auto at = std::find(fields.begin(), fields.begin() + count, names[i]);
    found[i] = at == fields.begin() + count ? -1 : static_cast<int>(at - fields.begin());
  }
  return found;
}

constexpr std::array<const char*, 11> kEventColumns = {
    "ts", "kind", "resource", "path", "op", "old", "new", "actor", "bot", "change_id", "mass"};
constexpr size_t kEventColumnsNeeded = 7;  // actor, bot, change_id and mass may be missing
constexpr std::array<const char*, 6> kInitColumns = {"ts",   "kind",  "resource",
                                                     "path", "value", "change_id"};

template <size_t N>
StatusOr<std::array<int, N>> ReadHeader(GzipLines* lines, const std::array<const char*, N>& names,
                                        size_t needed, const std::string& path) {
  std::string_view header;
  DRIFTCAST_ASSIGN_OR_RETURN(const bool any, lines->Next(&header));
  if (!any) return InvalidArgument("{}: empty file", path);
  const auto found = FindColumns(header, names);
  for (size_t i = 0; i < needed; ++i)
    if (found[i] < 0) return InvalidArgument("{}: the header lacks the column {}", path, names[i]);
  return found;
}

}  // namespace

const char* OpName(ChangeOp op) {
  switch (op) {
    case ChangeOp::kCreate:
      return "create";
    case ChangeOp::kDelete:
      return "delete";
    case ChangeOp::kAdd:
      return "add";
    case ChangeOp::kChange:
      return "change";
    case ChangeOp::kRemove:
      return "remove";
    case ChangeOp::kInitial:
      return "initial";
  }
  return "";
}

StatusOr<std::unique_ptr<GzipLines>> GzipLines::Open(const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return NotFound("{}: cannot be opened", path.string());
  gzbuffer(file, 1 << 17);
  return std::unique_ptr<GzipLines>(new GzipLines(file));
}

GzipLines::~GzipLines() { gzclose(File(file_)); }

StatusOr<bool> GzipLines::Fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t kept = buffer_.size();
  if (kept > kLineBytesMax) return ResourceExhausted("line {} is too long", line_number_ + 1);
  buffer_.resize(kept + kReadBytes);
  const int read = gzread(File(file_), buffer_.data() + kept, kReadBytes);
  buffer_.resize(kept + std::max(read, 0));
  int error = Z_OK;
  const char* text = gzerror(File(file_), &error);
  if (read < 0 || (error != Z_OK && error != Z_STREAM_END))
    return DataLoss("damaged after line {}: {}", line_number_, text);
  return read > 0;
}

StatusOr<bool> GzipLines::Next(std::string_view* line) {
  size_t searched = begin_;
  while (true) {
    const size_t newline = buffer_.find('\n', searched);
    if (newline != std::string::npos) {
      *line = std::string_view(buffer_).substr(begin_, newline - begin_);
      begin_ = newline + 1;
      ++line_number_;
      return true;
    }
    if (at_end_) break;
    searched = buffer_.size() - begin_;
    DRIFTCAST_ASSIGN_OR_RETURN(const bool more, Fill());
    at_end_ = !more;
  }
  if (begin_ >= buffer_.size()) return false;
  *line = std::string_view(buffer_).substr(begin_);
  begin_ = buffer_.size();
  ++line_number_;
  return true;
}

struct HistoryReader::Columns {
  std::array<int, kEventColumns.size()> event;
  std::array<int, kInitColumns.size()> init;
};

struct HistoryReader::InitRow {
  uint64_t change_id;
  std::string resource;  // "kind\tresource"
  std::string path, value;
};

HistoryReader::HistoryReader() = default;
HistoryReader::~HistoryReader() = default;

StatusOr<std::unique_ptr<HistoryReader>> HistoryReader::Open(const std::filesystem::path& events) {
  std::unique_ptr<HistoryReader> reader(new HistoryReader);
  reader->path_ = events;
  reader->stack_ = StackOfHistory(events);
  reader->columns_ = std::make_unique<Columns>();
  DRIFTCAST_ASSIGN_OR_RETURN(reader->events_, GzipLines::Open(events));
  DRIFTCAST_ASSIGN_OR_RETURN(
      reader->columns_->event,
      ReadHeader(reader->events_.get(), kEventColumns, kEventColumnsNeeded, events.string()));
  const std::filesystem::path init =
      events.parent_path() / (reader->stack_ + std::string(kInitSuffix));
  if (std::filesystem::exists(init)) {
    DRIFTCAST_ASSIGN_OR_RETURN(reader->init_, GzipLines::Open(init));
    DRIFTCAST_ASSIGN_OR_RETURN(
        reader->columns_->init,
        ReadHeader(reader->init_.get(), kInitColumns, kInitColumns.size(), init.string()));
    DRIFTCAST_RETURN_IF_ERROR(reader->ReadAhead().status());
  }
  return reader;
}

// Reads the next init row into `ahead_`; false at the end of the init file.
StatusOr<bool> HistoryReader::ReadAhead() {
  ahead_.reset();
  std::string_view line;
  auto any = init_->Next(&line);
  if (!any.ok()) return Annotate(any.status(), path_.string() + " (init)");
  if (!*any) return false;
  Fields f;
  const size_t count = Split(line, &f);
  const auto& c = columns_->init;
  auto row = std::make_unique<InitRow>();
  const int last = *std::max_element(c.begin(), c.end());
  if (count > kFieldsMax || static_cast<int>(count) <= last || !ParseInt(f[c[5]], &row->change_id))
    return InvalidArgument("{}: init row {} cannot be read", path_.string(), init_->line_number());
  row->resource = fmt::format("{}\t{}", f[c[1]], f[c[2]]);
  row->path = f[c[3]];
  row->value = f[c[4]];
  ahead_ = std::move(row);
  return true;
}

// Moves the init rows that belong to `create` into `initial_`. The init file is in the order of
// changes, but within one change not necessarily in the order of the creates.
Status HistoryReader::ReadInitOf(const ChangeEvent& create) {
  if (init_ == nullptr) return Ok();
  if (!any_loaded_ || loaded_change_ != create.change_id) {
    loaded_.clear();
    loaded_change_ = create.change_id;
    any_loaded_ = true;
    while (ahead_ != nullptr && ahead_->change_id <= create.change_id) {
      if (ahead_->change_id == create.change_id) {
        auto& rows = loaded_[ahead_->resource];
        rows.push_back(std::move(*ahead_));
      }
      DRIFTCAST_RETURN_IF_ERROR(ReadAhead().status());
    }
  }
  const auto mine = loaded_.find(fmt::format("{}\t{}", create.kind, create.resource));
  if (mine == loaded_.end()) return Ok();
  for (InitRow& row : mine->second) {
    ChangeEvent leaf = create;
    leaf.op = ChangeOp::kInitial;
    leaf.path = std::move(row.path);
    leaf.old_value.clear();
    leaf.new_value = std::move(row.value);
    initial_.push_back(std::move(leaf));
  }
  std::reverse(initial_.begin(), initial_.end());
  loaded_.erase(mine);
  return Ok();
}

StatusOr<bool> HistoryReader::NextEventRow(ChangeEvent* event) {
  std::string_view line;
  auto any = events_->Next(&line);
  if (!any.ok()) return Annotate(any.status(), path_.string());
  if (!*any) return false;
  Fields f;
  const size_t count = Split(line, &f);
  const auto& c = columns_->event;
  int64_t seconds = 0;
  const int last = *std::max_element(c.begin(), c.end());
  if (count > kFieldsMax || static_cast<int>(count) <= last || !ParseInt(f[c[0]], &seconds) ||
      !ParseOp(f[c[4]], &event->op))
    return InvalidArgument("{}:{}: row cannot be read", path_.string(), events_->line_number());
  if (seconds < last_seconds_)
    return InvalidArgument("{}:{}: time goes backwards", path_.string(), events_->line_number());
  event->change_id = 0;
  if (c[9] >= 0 && !ParseInt(f[c[9]], &event->change_id))
    return InvalidArgument("{}:{}: change_id is no number", path_.string(), events_->line_number());
  last_seconds_ = seconds;
  event->at = FromUnixSeconds(seconds);
  event->stack = stack_;
  event->kind = f[c[1]];
  event->resource = f[c[2]];
  event->path = f[c[3]];
  event->old_value = f[c[5]];
  event->new_value = f[c[6]];
  event->actor = c[7] >= 0 ? f[c[7]] : std::string_view();
  event->bot = c[8] >= 0 && f[c[8]] == "1";
  event->mass = c[10] >= 0 && f[c[10]] == "1";
  return true;
}

StatusOr<bool> HistoryReader::Next(ChangeEvent* event) {
  if (!initial_.empty()) {
    *event = std::move(initial_.back());
    initial_.pop_back();
    return true;
  }
  DRIFTCAST_ASSIGN_OR_RETURN(const bool any, NextEventRow(event));
  if (!any) return false;
  if (event->op == ChangeOp::kCreate) DRIFTCAST_RETURN_IF_ERROR(ReadInitOf(*event));
  return true;
}

StatusOr<std::unique_ptr<HistoryWriter>> HistoryWriter::Create(const std::filesystem::path& folder,
                                                               const std::string& stack) {
  std::unique_ptr<HistoryWriter> writer(new HistoryWriter);
  writer->events_ = gzopen((folder / (stack + std::string(kEventsSuffix))).c_str(), "wb6");
  writer->init_ = gzopen((folder / (stack + std::string(kInitSuffix))).c_str(), "wb6");
  if (writer->events_ == nullptr || writer->init_ == nullptr)
    return NotFound("{}: histories cannot be written there", folder.string());
  gzputs(File(writer->events_),
         "ts\tstack\tkind\tresource\tpath\top\told\tnew\tactor\tbot\tchange_id\tmass\n");
  gzputs(File(writer->init_), "ts\tstack\tkind\tresource\tpath\tvalue\tchange_id\n");
  return writer;
}

HistoryWriter::~HistoryWriter() {
  if (events_ != nullptr) gzclose(File(events_));
  if (init_ != nullptr) gzclose(File(init_));
}

Status HistoryWriter::Add(const ChangeEvent& event) {
  const int64_t seconds = ToUnixMicros(event.at) / 1'000'000;
  void* target = events_;
  const std::string resource = event.kind + "\t" + event.resource;
  if (event.op == ChangeOp::kCreate) {
    if (change_id_ != event.change_id) created_.clear();
    change_id_ = event.change_id;
    created_.insert(resource);
  }
  if (event.op == ChangeOp::kInitial && event.change_id == change_id_ &&
      created_.contains(resource)) {
    target = init_;
    line_ = fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", seconds, event.stack, event.kind,
                        event.resource, event.path, event.new_value, event.change_id);
  } else {
    line_ = fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", seconds, event.stack,
                        event.kind, event.resource, event.path, OpName(event.op), event.old_value,
                        event.new_value, event.actor, event.bot ? 1 : 0, event.change_id,
                        event.mass ? 1 : 0);
  }
  if (gzwrite(File(target), line_.data(), static_cast<unsigned>(line_.size())) <= 0)
    return ResourceExhausted("history of {} cannot be written", event.stack);
  return Ok();
}

Status HistoryWriter::Finish() {
  const int a = gzclose(File(std::exchange(events_, nullptr)));
  const int b = gzclose(File(std::exchange(init_, nullptr)));
  if (a != Z_OK || b != Z_OK) return ResourceExhausted("history could not be written to the end");
  return Ok();
}

StatusOr<std::vector<std::filesystem::path>> ListHistories(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(kEventsSuffix) && !name.ends_with(kInitSuffix))
      found.push_back(entry.path());
  }
  if (error) return NotFound("{}: {}", folder.string(), error.message());
  if (found.empty()) return NotFound("{}: no history (STACK.tsv.gz) in it", folder.string());
  std::sort(found.begin(), found.end());
  return found;
}

std::string StackOfHistory(const std::filesystem::path& events) {
  std::string name = events.filename().string();
  if (name.ends_with(kEventsSuffix)) name.resize(name.size() - kEventsSuffix.size());
  return name;
}

}  // namespace driftcast::learn

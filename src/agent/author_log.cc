#include "agent/author_log.h"

#include <algorithm>
#include <memory>

#include <fmt/core.h>

#include "collect/trace_log.h"

namespace driftcast {
namespace {

constexpr double kBytesPerSecond = 1 << 20, kBytesAtOnce = 8 << 20;

}  // namespace

AuthorLog::AuthorLog(Format format, const HostRoot& root, std::string path, const Clock& clock,
                     std::function<std::string(const std::string& text)> redact)
    : format_(format),
      root_(root),
      clock_(clock),
      redact_(std::move(redact)),
      tail_(root, std::move(path)),
      names_(root),
      bytes_(kBytesPerSecond, kBytesAtOnce, kBytesAtOnce) {}

std::string AuthorLog::name() const {
  switch (format_) {
    case Format::kAudit:
      return "audit log";
    case Format::kTetragon:
      return "tetragon";
    case Format::kFalco:
      break;
  }
  return "falco";
}

void AuthorLog::CatchUp() {
  bytes_.Advance(clock_.Now());
  if (bytes_.Wait() > Duration(0)) return;
  const uint64_t before = tail_.bytes_read();
  const Status read = tail_.Read([this](std::string_view line) { TakeLine(line); });
  bytes_.Spend(static_cast<double>(tail_.bytes_read() - before));
  missing_ = read.ok() ? "" : Message(read);
  if (read.code() == StatusCode::kNotFound) missing_ = "there is no " + tail_.path();
  for (FileTouch& touch : audit_.TakeTouches()) Put(std::move(touch));
}

void AuthorLog::TakeLine(std::string_view line) {
  if (format_ == Format::kAudit) {
    audit_.Take(line);
  } else if (format_ == Format::kTetragon) {
    // Most of an export is about processes alone.
    const bool may_tell =
        line.find("\"process_kprobe\"") != line.npos || line.find("\"process_lsm\"") != line.npos;
    if (!may_tell) return;
    if (auto touch = ReadTetragonLine(line)) Put(*std::move(touch));
  } else if (auto touch = ReadFalcoLine(line)) {
    Put(*std::move(touch));
  }
}

void AuthorLog::Put(FileTouch touch) {
  const Instant now = clock_.Now();
  // A log from a clock that is ahead would be remembered for ever.
  const Instant at = std::min(touch.at, now);
  if (now - at > RecentPaths<FileTouch>::kKept) return;
  ++touches_;
  const auto shared = std::make_shared<const FileTouch>(std::move(touch));
  for (const std::string& path : shared->paths) recent_.Put(path, shared, at);
}

Lineage AuthorLog::LineageOf(const FileTouch& touch) const {
  Lineage lineage;
  if (root_.is_machine() && touch.pid > 1) lineage = ReadLineage(root_, touch.pid);
  if (lineage.ancestors.empty() || lineage.ancestors.front().command != touch.command) {
    // It has ended, or its number is another's: what is above it may still be there.
    lineage = {};
    Lineage above;
    if (root_.is_machine() && touch.parent > 1) above = ReadLineage(root_, touch.parent);
    const bool known =
        !above.ancestors.empty() &&
        (touch.parent_command.empty() || above.ancestors.front().command == touch.parent_command);
    lineage.ancestors.push_back({touch.pid, 0, touch.command, touch.arguments});
    if (known) {
      lineage.unit = above.unit;
      lineage.ancestors.insert(lineage.ancestors.end(), above.ancestors.begin(),
                               above.ancestors.end());
    } else if (!touch.parent_command.empty()) {
      lineage.ancestors.push_back({touch.parent, 0, touch.parent_command, {}});
    }
  }
  lineage.uid = touch.uid;
  lineage.login_uid = touch.login_uid;
  // Where sessions are not told, all of one person's are one.
  lineage.session = touch.session < 0 ? touch.login_uid : touch.session;
  lineage.terminal = touch.terminal.empty() ? 0 : 1;
  return lineage;
}

Cause AuthorLog::Of(const std::string& path) {
  const Instant now = clock_.Now();
  const auto touch = recent_.Find(path, now);
  if (touch == nullptr) return {};
  names_.Refresh();
  Cause cause = CauseOfLineage(
      LineageOf(*touch), touch->at, [&](uint32_t uid) { return names_.User(uid); }, redact_);
  cause.confidence = touch->exact ? Confidence::kExact : Confidence::kRacy;
  cause.seen_by = name();
  return cause;
}

std::string AuthorLog::Account() const {
  return fmt::format("events={} lost={} bytes_read={} bytes_skipped={} lines_dropped={} garbage={}",
                     touches_, recent_.lost(), tail_.bytes_read(), tail_.bytes_skipped(),
                     tail_.lines_dropped(), audit_.garbage());
}

}  // namespace driftcast

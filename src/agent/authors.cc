#include "agent/authors.h"

#include "base/log.h"

namespace driftcast {
namespace {

constexpr Duration kCatchUpEvery = std::chrono::milliseconds(20);

}  // namespace

Authors::Authors(AuthorOptions options, const HostRoot& root, const HostRoot& machine,
                 const Clock& clock, std::function<std::string(const std::string& text)> redact)
    : options_(std::move(options)),
      root_(root),
      machine_(machine),
      clock_(clock),
      redact_(std::move(redact)) {}

void Authors::Start() {
  if (!options_.enabled) {
    kernel_missing_ = "switched off";
    return;
  }
  auto writers = std::make_unique<Writers>(root_, machine_, clock_, redact_);
  if (const Status started = writers->Start(); started.ok()) {
    kernel_missing_.clear();
    writers_ = writers.get();
    sources_.push_back(std::move(writers));
  } else {
    kernel_missing_ = Message(started);
    Log("agent").info("who.not_seen reason='{}'", kernel_missing_);
  }
  const auto follow = [&](AuthorLog::Format format, const std::string& path) -> AuthorLog* {
    if (path.empty()) return nullptr;
    auto log = std::make_unique<AuthorLog>(format, root_, path, clock_, redact_);
    AuthorLog* borrowed = log.get();
    sources_.push_back(std::move(log));
    return borrowed;
  };
  audit_ = follow(AuthorLog::Format::kAudit, options_.audit_log);
  follow(AuthorLog::Format::kTetragon, options_.tetragon_log);
  follow(AuthorLog::Format::kFalco, options_.falco_log);
  CatchUp();
}

void Authors::Watch(const std::string& folder) {
  // Not every file system has handles; there a change has no author by this way.
  if (writers_ != nullptr) (void)writers_->Watch(folder);
}

void Authors::CatchUp() {
  for (const auto& source : sources_) source->CatchUp();
  caught_up_ = clock_.Now();
}

Cause Authors::Of(const std::string& path) {
  if (const Duration since = clock_.Now() - caught_up_;
      since > kCatchUpEvery || since < Duration(0))
    CatchUp();
  Cause best;
  for (const auto& source : sources_) {
    Cause cause = source->Of(path);
    if (cause.text.empty()) continue;
    if (cause.confidence == Confidence::kExact) return cause;
    if (best.text.empty() || (cause.known() && !best.known())) best = std::move(cause);
  }
  return best;
}

std::string Authors::Seen() const {
  std::string seen;
  for (const auto& source : sources_)
    if (source->Missing().empty()) seen += (seen.empty() ? "" : ", ") + source->name();
  return seen.empty() ? "not seen: " + kernel_missing_ : seen;
}

std::string Authors::CostLines() const {
  std::string text;
  for (const auto& source : sources_)
    if (source->Missing().empty())
      text += "who by=" + source->name() + " " + source->Account() + "\n";
  return text;
}

std::string Authors::CoverageLines() const {
  std::string text = "who: " + Seen() + "\n";
  if (writers_ == nullptr) text += "  fanotify: " + kernel_missing_ + "\n";
  for (const auto& source : sources_)
    text += "  " + source->name() + ": " +
            (source->Missing().empty() ? source->Account() : source->Missing()) + "\n";
  return text;
}

std::vector<AuditActivity> Authors::TakeActivities() {
  return audit_ == nullptr ? std::vector<AuditActivity>() : audit_->TakeActivities();
}

}  // namespace driftcast

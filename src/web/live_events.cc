#include "web/live_events.h"

#include <pthread.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "web/json.h"

namespace driftcast {
namespace {

std::string ResetEvent(uint64_t newest) {
  return fmt::format("event: reset\ndata: {{\"number\":{}}}\n\n", newest);
}

bool Wants(const LiveFilter& filter, const LiveEvent& event) {
  const auto bit = 1u << static_cast<unsigned>(event.kind);
  return (filter.kinds == 0 || (filter.kinds & bit) != 0) &&
         (filter.stack.empty() || filter.stack == event.stack.value) &&
         InScope(filter.scope, event.stack.value);
}

bool WantsResources(const LiveFilter& filter) {
  return filter.kinds == 0 ||
         (filter.kinds & (1u << static_cast<unsigned>(LiveEvent::Kind::kResource))) != 0;
}

// Of several events about one resource only the last is told.
void KeepLastOfEach(std::vector<LiveEvent>& events) {
  std::unordered_map<std::string, size_t> last;
  for (size_t i = 0; i < events.size(); ++i) {
    if (events[i].kind == LiveEvent::Kind::kResource) last[events[i].id] = i;
  }
  size_t kept = 0;
  for (size_t i = 0; i < events.size(); ++i) {
    if (events[i].kind == LiveEvent::Kind::kResource && last[events[i].id] != i) continue;
    if (kept != i) events[kept] = std::move(events[i]);
    ++kept;
  }
  events.resize(kept);
}

}  // namespace

const char* LiveKindName(LiveEvent::Kind kind) {
  switch (kind) {
    case LiveEvent::Kind::kResource:
      return "resource";
    case LiveEvent::Kind::kDrift:
      return "drift";
    case LiveEvent::Kind::kPrediction:
      return "prediction";
    case LiveEvent::Kind::kPlan:
      return "plan";
    case LiveEvent::Kind::kStack:
      return "stack";
    case LiveEvent::Kind::kAudit:
      return "audit";
    case LiveEvent::Kind::kOrder:
      break;
  }
  return "";
}

std::string ServerSentEvent(const LiveEvent& event) {
  const Json data = {{"number", event.number},
                     {"at", TimeJson(event.at)},
                     {"stack", event.stack.value},
                     {"id", event.id},
                     {"text", event.text}};
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.number, LiveKindName(event.kind),
                     data.dump(-1, ' ', false, Json::error_handler_t::replace));
}

LiveEvents::LiveEvents(EnginePort& engine, Options options)
    : engine_(engine), options_(std::move(options)) {
  subscription_ = engine_.Subscribe([this](const LiveEvent& event) { OnEvent(event); });
  thread_ = std::thread([this] { Work(); });
  pthread_setname_np(thread_.native_handle(), "web-events");
}

LiveEvents::~LiveEvents() { Stop(); }

void LiveEvents::Stop() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    wake_.SignalAll();
  }
  engine_.Unsubscribe(subscription_);
  thread_.join();
  MutexLock lock(mutex_);
  for (const Page& page : pages_) page.stream->Close();
  pages_.clear();
}

void LiveEvents::OnEvent(const LiveEvent& event) {
  if (*LiveKindName(event.kind) == '\0') return;
  MutexLock lock(mutex_);
  if (waiting_.size() >= options_.queue_max) {
    waiting_.clear();
    lost_ = true;
  }
  waiting_.push_back(event);
  if (waiting_.size() == 1) wake_.Signal();
}

bool LiveEvents::AwaitWork() {
  while (waiting_.empty() && !stopping_) {
    if (!reset_due_) {
      wake_.Wait(mutex_);
    } else {
      const auto left = reset_at_ + options_.reset_every - std::chrono::steady_clock::now();
      if (left.count() <= 0) return true;
      wake_.WaitFor(mutex_, left);
    }
  }
  return !stopping_;
}

// Whoever comes meanwhile waits for the next round; Stop does not.
void LiveEvents::Rest(Duration duration) {
  const auto until = std::chrono::steady_clock::now() + duration;
  while (!stopping_) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left.count() <= 0) return;
    wake_.WaitFor(mutex_, left);
  }
}

void LiveEvents::Work() {
  MutexLock lock(mutex_);
  while (AwaitWork()) {
    if (std::exchange(lost_, false)) {
      kept_.clear();
      ResetPages(true);
    }
    const size_t resources = waiting_.empty() ? 0 : Tell(std::exchange(waiting_, {}));
    ResetWhenDue();
    Rest(resources > options_.told_max ? options_.gather_busy : options_.gather);
  }
}

size_t LiveEvents::Tell(std::vector<LiveEvent> events) {
  newest_ = events.back().number;
  KeepLastOfEach(events);
  const size_t resources = std::count_if(events.begin(), events.end(), [](const LiveEvent& event) {
    return event.kind == LiveEvent::Kind::kResource;
  });
  const size_t first = kept_.size();
  for (LiveEvent& event : events) {
    std::string text = ServerSentEvent(event);
    kept_.push_back({std::move(event), std::move(text)});
  }
  const bool many = resources > options_.told_max;
  reset_due_ |= many;
  std::vector<const Kept*> told;
  for (size_t i = first; i < kept_.size(); ++i) {
    if (many && kept_[i].event.kind == LiveEvent::Kind::kResource) continue;
    told.push_back(&kept_[i]);
  }
  TellPages(told);
  while (kept_.size() > options_.kept_max) kept_.pop_front();
  return resources;
}

void LiveEvents::TellPages(const std::vector<const Kept*>& told) {
  std::erase_if(pages_, [](const Page& page) { return page.stream->closed(); });
  std::map<LiveFilter, SharedChunk> chunks;
  for (const Page& page : pages_) {
    auto [found, made] = chunks.try_emplace(page.filter);
    if (made) {
      std::string text;
      for (const Kept* kept : told) {
        if (Wants(page.filter, kept->event)) text += kept->text;
      }
      found->second = std::make_shared<const std::string>(std::move(text));
    }
    if (!found->second->empty()) page.stream->Send(found->second);
  }
}

void LiveEvents::ResetPages(bool all) {
  const auto chunk = std::make_shared<const std::string>(ResetEvent(newest_));
  for (const Page& page : pages_) {
    if (all || WantsResources(page.filter)) page.stream->Send(chunk);
  }
}

void LiveEvents::ResetWhenDue() {
  const auto now = std::chrono::steady_clock::now();
  if (!reset_due_ || now - reset_at_ < options_.reset_every) return;
  reset_due_ = false;
  reset_at_ = now;
  ResetPages(false);
}

std::string LiveEvents::Missed(const LiveFilter& filter, uint64_t after) const {
  if (after == newest_) return {};
  if (after > newest_ || kept_.empty() || kept_.front().event.number > after + 1) {
    return ResetEvent(newest_);
  }
  std::string text;
  for (const Kept& kept : kept_) {
    if (kept.event.number > after && Wants(filter, kept.event)) text += kept.text;
  }
  return text;
}

std::shared_ptr<EventStream> LiveEvents::Open(const LiveFilter& filter,
                                              std::optional<uint64_t> after,
                                              const std::string& credential) {
  MutexLock lock(mutex_);
  if (stopping_) return nullptr;
  std::erase_if(pages_, [](const Page& page) { return page.stream->closed(); });
  if (pages_.size() >= options_.pages_max) return nullptr;
  auto stream = std::make_shared<EventStream>(options_.page_bytes_max, ResetEvent(0));
  std::string greeting = "retry: 2000\n\n";
  if (after) greeting += Missed(filter, *after);
  stream->Send(std::make_shared<const std::string>(std::move(greeting)));
  pages_.push_back({filter, credential, stream});
  return stream;
}

void LiveEvents::CloseFor(const std::string& credential) {
  MutexLock lock(mutex_);
  for (const Page& page : pages_) {
    if (page.credential == credential) page.stream->Close();
  }
}

std::vector<std::string> LiveEvents::Credentials() const {
  MutexLock lock(mutex_);
  std::vector<std::string> credentials;
  for (const Page& page : pages_) credentials.push_back(page.credential);
  std::sort(credentials.begin(), credentials.end());
  credentials.erase(std::unique(credentials.begin(), credentials.end()), credentials.end());
  return credentials;
}

uint64_t LiveEvents::newest() const {
  MutexLock lock(mutex_);
  return newest_;
}

}  // namespace driftcast

#include "ingest/scraper.h"

#include <pthread.h>

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "http/client.h"
#include "ingest/exposition_reader.h"

namespace driftcast::ingest {
namespace {

constexpr size_t kBodyBytesMax = 16 << 20;
constexpr size_t kTokenBytesMax = 4096;
constexpr char kAccept[] =
    "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

int64_t Nanos(Instant at) { return ToUnixMicros(at) * 1000; }

StatusOr<HttpReply> Ask(const ScrapeTarget& target) {
  HttpCall call;
  call.url = target.url;
  call.timeout = target.timeout;
  call.connect_timeout = target.timeout;
  call.body_bytes_max = kBodyBytesMax;
  call.headers = {{"accept", kAccept}};
  if (!target.token_file.empty()) {
    DRIFTCAST_ASSIGN_OR_RETURN(std::string token, ReadFile(target.token_file, kTokenBytesMax));
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    call.headers.emplace_back("authorization", "Bearer " + token);
  }
  DRIFTCAST_ASSIGN_OR_RETURN(HttpReply reply, Fetch(call));
  if (reply.status != 200) return FailedPrecondition("the answer is {}, not 200", reply.status);
  return reply;
}

// `up`, as Prometheus has it.
void TellUp(const ScrapeTarget& target, bool up, Instant at, SampleSink& sink) {
  uint64_t fingerprint = Fingerprint(target.url, 0x7570);
  for (const Label& label : target.labels)
    fingerprint = Fingerprint(label.value, Fingerprint(label.name, fingerprint));
  Deliver(sink, fingerprint, {Nanos(at), 0, up ? 1.0 : 0.0, 0}, [&] {
    return SeriesLabels{"up", SampleType::kGauge, {}, target.labels};
  });
}

}  // namespace

Status ScrapeOnce(const ScrapeTarget& target, MetricIntake& intake, const Clock& clock) {
  const Instant at = clock.Now();
  const auto reply = Ask(target);
  Status read = reply.status();
  if (reply.ok()) {
    const bool open_metrics =
        reply->Header("content-type").find("openmetrics") != std::string_view::npos;
    const IntakeOutcome outcome = intake.TakeAndWait(at, [&](SampleSink& sink) {
      DRIFTCAST_RETURN_IF_ERROR(
          ReadExposition(
              reply->body,
              {.open_metrics = open_metrics, .labels = target.labels, .at_ns = Nanos(at)}, sink)
              .status());
      TellUp(target, true, at, sink);
      return Ok();
    });
    read = outcome.status;
    if (read.ok() && outcome.rejected > 0)
      return FailedPrecondition("{} of {} samples were not taken: {}", outcome.rejected,
                                outcome.rejected + outcome.taken, outcome.reason);
  }
  if (!read.ok() && read.code() != StatusCode::kResourceExhausted)
    intake.TakeAndWait(at, [&](SampleSink& sink) {
      TellUp(target, false, at, sink);
      return Ok();
    });
  return read;
}

Scraper::Scraper(std::vector<ScrapeTarget> targets, MetricIntake& intake, const Clock& clock)
    : targets_(std::move(targets)), intake_(intake), clock_(clock) {
  thread_ = std::thread([this] { Run(); });
}

Scraper::~Scraper() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    wake_.SignalAll();
  }
  thread_.join();
}

void Scraper::Run() {
  pthread_setname_np(pthread_self(), "scraper");
  std::vector<Instant> due(targets_.size(), clock_.Now());
  for (;;) {
    const auto next = std::min_element(due.begin(), due.end());
    {
      const MutexLock lock(mutex_);
      const Duration wait = due.empty() ? Duration(kHour) : *next - clock_.Now();
      if (!stopping_ && wait > Duration(0)) wake_.WaitFor(mutex_, wait);
      if (stopping_) return;
    }
    if (due.empty() || *next > clock_.Now()) continue;
    const ScrapeTarget& target = targets_[static_cast<size_t>(next - due.begin())];
    Scrape(target);
    *next = std::max(*next + target.every, clock_.Now());
  }
}

void Scraper::Scrape(const ScrapeTarget& target) {
  ++scrapes_;
  Note(target, ScrapeOnce(target, intake_, clock_));
}

// A fault is logged when it is new, and its end.
void Scraper::Note(const ScrapeTarget& target, const Status& status) {
  const std::string fault = status.ok() ? "" : Describe(status);
  std::string& last = last_fault_[target.url];
  if (!status.ok()) ++failures_;
  if (fault == last) return;
  if (status.ok())
    Log("ingest").info("scrape.recovered url={}", target.url);
  else if (last.empty() || status.code() != StatusCode::kFailedPrecondition)
    Log("ingest").warn("scrape.failed url={} reason=\"{}\"", target.url, fault);
  last = fault;
}

std::vector<std::pair<std::string, double>> Scraper::Counters() const {
  return {{"scrapes_total", static_cast<double>(scrapes_)},
          {"scrape_failures_total", static_cast<double>(failures_)}};
}

}  // namespace driftcast::ingest

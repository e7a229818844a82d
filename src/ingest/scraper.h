// Asks Prometheus endpoints for their metrics, each at its own pace.
//
// One thread asks one target after the other; a target whose turn was missed is asked once, not
// twice. Beside what a target says there is `up`: 1, or 0 when it could not be read. Nothing is
// retried: the next turn comes soon.
#ifndef DRIFTCAST_INGEST_SCRAPER_H_
#define DRIFTCAST_INGEST_SCRAPER_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "ingest/metric_intake.h"
#include "ingest/scrape_target.h"

namespace driftcast::ingest {

class Scraper {
 public:
  // Starts at once. The intake and the clock must outlive the scraper.
  Scraper(std::vector<ScrapeTarget> targets, MetricIntake& intake, const Clock& clock);
  ~Scraper();  // waits for the answer under way, at most its timeout

  // For /metrics, names without the "driftcast_" prefix.
  std::vector<std::pair<std::string, double>> Counters() const;

 private:
  void Run();
  void Scrape(const ScrapeTarget& target);
  void Note(const ScrapeTarget& target, const Status& status);

  const std::vector<ScrapeTarget> targets_;
  MetricIntake& intake_;
  const Clock& clock_;
  std::map<std::string, std::string> last_fault_;  // by URL; the thread's own
  std::atomic<uint64_t> scrapes_{0}, failures_{0};
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ DRIFTCAST_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// Asks one target once and gives the intake what it says, `up` included. The status says what went
// wrong: those of Fetch; FailedPrecondition for an answer that is not 200; InvalidArgument for a
// text that cannot be read.
Status ScrapeOnce(const ScrapeTarget& target, MetricIntake& intake, const Clock& clock);

}  // namespace driftcast::ingest

#endif  // DRIFTCAST_INGEST_SCRAPER_H_
